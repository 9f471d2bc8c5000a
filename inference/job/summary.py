"""What a prediction says at its end."""

import shlex
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from inference.detections import Detections
from inference.inputs.item import Item
from utils.progress import duration

_SHOWN_FAILURES = 20
_SHOWN_CLASSES = 8


def print_summary(
    finished: Iterable[tuple[Item, Detections]],
    written: Mapping[str, Path],
    failed: Sequence[tuple[str, str]],
    predicted: int,
    seconds: float,
) -> None:
    """Prints the numbers of images and objects, where everything is, and what failed.

    Args:
        finished: all images with their objects.
        written: name of an output → its file or folder.
        failed: name and reason of images.
        predicted: how many images were predicted by this process, failed ones included.
        seconds: that took.
    """
    images, counts = 0, Counter[str]()
    for _, found in finished:
        images += 1
        counts.update(found.class_names)
    speed = f"; predicted {predicted} in {duration(seconds)}, {predicted / max(seconds, 1e-3):.1f} images/s"
    print(f"{counted(images, 'image')}, {counted(counts.total(), 'object')}{speed if predicted else ''}")
    classes = [f"{name} {number}" for name, number in counts.most_common(_SHOWN_CLASSES)]
    classes += ["…"] * (len(counts) > _SHOWN_CLASSES)
    print(f"  {', '.join(classes)}" if classes else "  no object reaches the score")
    for name, path in written.items():
        print(f"  {name:8} {path}")
    for name, reason in failed[:_SHOWN_FAILURES]:
        print(f"failed: {name}: {reason}")
    if failed:
        print(f"{counted(len(failed), 'image')} failed; failed.txt lists them, and the same command tries them again")


def print_next(commands: Iterable[tuple[str, str, Path]]) -> None:
    """Prints what may be done next: for each a title, a command, and what its `{path}` is."""
    commands = list(commands) or [
        ("correct them in LabelMe", "the same command, --save labelme, a new --out-path", Path())
    ]
    print("Next")
    for title, command, path in commands:
        print(f"  {title}  {command.replace('{path}', shlex.quote(str(path)))}")


def counted(count: int, what: str) -> str:
    """`1 image`, `2 images`."""
    return f"{count} {what}{'s' * (count != 1)}"
