"""What a prediction says at its end."""

import shlex
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from inference.detections import Detections
from inference.inputs.item import Item
from inference.result import Result
from utils.progress import duration

_SHOWN_FAILURES = 20
_SHOWN_CLASSES = 8


def print_summary(
    kind: type[Result],
    finished: Iterable[tuple[Item, Result]],
    written: Mapping[str, Path],
    failed: Sequence[tuple[str, str]],
    predicted: int,
    seconds: float,
) -> None:
    """Prints the numbers of images and objects, or the shares of labels, where everything is, and what failed.

    Args:
        kind: of the results.
        finished: all images with what was found.
        written: name of an output → its file or folder.
        failed: name and reason of images.
        predicted: how many images were predicted by this process, failed ones included.
        seconds: that took.
    """
    images, counts = 0, Counter[str]()
    for _, found in finished:
        images += 1
        counts.update(found.amounts())
    speed = f"; predicted {predicted} in {duration(seconds)}, {predicted / max(seconds, 1e-3):.1f} images/s"
    objects = f", {counted(counts.total(), kind.unit)}" if kind.unit else ""
    print(f"{counted(images, 'image')}{objects}{speed if predicted else ''}")
    shown = counts.most_common(_SHOWN_CLASSES)
    classes = [f"{name} {number if kind.unit else f'{number / counts.total():.1%}'}" for name, number in shown]
    classes += ["…"] * (len(counts) > _SHOWN_CLASSES)
    if classes or kind.unit:
        print(f"  {', '.join(classes)}" if classes else f"  no {kind.unit} reaches the score")
    for name, path in written.items():
        print(f"  {name:8} {path}")
    for name, reason in failed[:_SHOWN_FAILURES]:
        print(f"failed: {name}: {reason}")
    if failed:
        print(f"{counted(len(failed), 'image')} failed; failed.txt lists them, and the same command tries them again")


def print_next(kind: type[Result], commands: Iterable[tuple[str, str, Path]]) -> None:
    """Prints what may be done with results of this kind: for each a title, a command, and what its `{path}` is."""
    correct = ("correct them in LabelMe", "the same command, --save labelme, a new --out-path", Path())
    commands = list(commands) or ([correct] if kind is Detections else [])
    if commands:
        print("Next")
    for title, command, path in commands:
        print(f"  {title}  {command.replace('{path}', shlex.quote(str(path)))}")


def counted(count: int, what: str) -> str:
    """`1 image`, `2 images`."""
    return f"{count} {what}{'s' * (count != 1)}"
