"""`Predictor.predict` beside `Predictor.stream`: `python -m benchmarks.prediction experiments/pets IMAGES`.

Both read, predict, draw and write every image. `predict` gets one image after the other, and each step waits for the
one before it. `stream` calls the network with `--batch-size` images, while other images are read, drawn and written.
The two take turns, so that a machine whose speed drifts slows both. Prints a Markdown table.
"""

import argparse
import itertools
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.memory_growth import resident_mb
from utils.args import run_main
from utils.console import load_keras, setup_console

_ENDINGS = (".jpg", ".jpeg", ".png", ".webp", ".bmp")
_SCORE = 0.5
_WARM_UP = 8
"""Images before the clock starts: the graph is traced and the memory of the libraries allocated."""


@dataclass
class Measured:
    """What one of the two took, summed over its turns.

    Attributes:
        images: how many.
        seconds: of wall clock.
        parts: name of a step → seconds in it; in the stream they overlap.
        memory: resident MB of the process at the end of each turn.
    """

    images: int = 0
    seconds: float = 0.0
    parts: dict[str, float] = field(default_factory=dict)
    memory: list[float] = field(default_factory=list)

    def timed(self, name: str, function, *args):
        """Calls it and adds its time."""
        start = time.perf_counter()
        result = function(*args)
        self.parts[name] = self.parts.get(name, 0.0) + time.perf_counter() - start
        return result

    @property
    def speed(self) -> float:
        """Images per second."""
        return self.images / self.seconds


def main() -> None:
    """Measures a run's model on the images of a folder, and prints the table."""
    setup_console()
    args = parsed()
    load_keras()
    from inference.predictor import Predictor  # noqa: PLC0415 - after the backend is settled
    from inference.restore import restore_model  # noqa: PLC0415

    paths = sorted(path for path in args.images.rglob("*") if path.suffix.lower() in _ENDINGS)
    if not paths:
        raise SystemExit(f"{args.images}: there is no image below this folder")
    model = restore_model(args.run, args.checkpoint)
    single, several = Predictor(model), Predictor(model, batch_size=args.batch_size)
    with tempfile.TemporaryDirectory() as folder:
        found = compare(single, several, paths, args.count, args.turns, Path(folder))
    print(table(*found, batch_size=args.batch_size))


def parsed() -> argparse.Namespace:
    """The options."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path, help="the folder of a run, or a checkpoint")
    parser.add_argument("images", type=Path, help="a folder; its images are taken again and again up to --count")
    parser.add_argument("--checkpoint", default="best", help="of the run: best (default), last, a name or a path")
    parser.add_argument("--count", type=int, default=1000, help="images for each of the two; default 1000")
    parser.add_argument("--turns", type=int, default=4, help="turns that they are divided into; default 4")
    parser.add_argument("--batch-size", type=int, default=4, help="images in a call of the stream; default 4")
    return parser.parse_args()


def compare(single, several, paths: Sequence[Path], count: int, turns: int, folder: Path) -> tuple[Measured, Measured]:
    """Both over `count` images each, in turns; the first are not counted."""
    one_by_one(single, paths[:_WARM_UP], folder, Measured())
    streamed(several, paths[:_WARM_UP], folder, Measured())
    alone, stream = Measured(), Measured()
    source = itertools.cycle(paths)
    for turn in range(turns):
        size = count * (turn + 1) // turns - count * turn // turns
        images = list(itertools.islice(source, size))
        one_by_one(single, images, folder, alone)
        streamed(several, images, folder, stream)
        print(f"turn {turn + 1}: {alone.speed:.2f} and {stream.speed:.2f} images/s", flush=True)
    return alone, stream


def one_by_one(predictor, paths: Sequence[Path], folder: Path, measured: Measured) -> None:
    """Reads, predicts, draws and writes an image before it turns to the next."""
    from data_loader.images import read_rgb  # noqa: PLC0415 - with the rest of the data loader, after the options

    start, network = time.perf_counter(), Network(predictor)
    for number, path in enumerate(paths):
        image = measured.timed("read", read_rgb, path)
        before = network.seconds
        whole = time.perf_counter()
        found = predictor.predict(image)
        inside = network.seconds - before
        measured.parts["postprocess"] = measured.parts.get("postprocess", 0.0) + time.perf_counter() - whole - inside
        finish(image, found, folder / f"{number}.jpg", measured)
    network.leave(measured, len(paths), start)


def streamed(predictor, paths: Sequence[Path], folder: Path, measured: Measured) -> None:
    """Draws and writes what the stream gives."""
    start, network = time.perf_counter(), Network(predictor)
    for number, one in enumerate(waited(predictor.stream(paths), measured)):
        if one.error is not None:
            raise one.error
        finish(one.image, one.result, folder / f"{number}.jpg", measured)
    network.leave(measured, len(paths), start)


def waited(images: Iterator, measured: Measured) -> Iterator:
    """The images of a stream; the time until the next one is there is counted."""
    while (one := measured.timed("wait", next, images, None)) is not None:
        yield one


def finish(image, found, path: Path, measured: Measured) -> None:
    """Draws and writes one image."""
    from inference.drawing import write_image  # noqa: PLC0415

    drawn = measured.timed("draw", found.at_least(_SCORE).draw, image)
    measured.timed("write", write_image, path, drawn)


class Network:
    """Counts the seconds in which a Predictor's network runs; those of calls that overlap are added."""

    def __init__(self, predictor):
        self.seconds = 0.0
        self._lock = threading.Lock()  # a stream calls the network in several threads
        self._of = predictor.steps
        self._outputs = self._of.outputs
        self._of.outputs = self._timed

    def _timed(self, batch):
        start = time.perf_counter()
        found = self._outputs(batch)
        with self._lock:
            self.seconds += time.perf_counter() - start
        return found

    def leave(self, measured: Measured, images: int, start: float) -> None:
        """Adds a turn to what was measured, and leaves the Predictor as it was."""
        self._of.outputs = self._outputs
        measured.parts["network"] = measured.parts.get("network", 0.0) + self.seconds
        measured.images += images
        measured.seconds += time.perf_counter() - start
        measured.memory.append(resident_mb())


def table(alone: Measured, stream: Measured, batch_size: int) -> str:
    """Both as Markdown: speed, the share of the time in which the network runs, milliseconds by step, memory."""
    from benchmarks.common import machine  # noqa: PLC0415 - it imports the config

    steps = ("read", "network", "postprocess", "draw", "write", "wait")
    lines = [
        f"| {alone.images} images | images/s | network runs | " + " | ".join(f"{step}, ms" for step in steps)
        + " | resident after each turn, MB |",
        "|---" * (len(steps) + 4) + "|",
    ]  # fmt: skip
    rows = (("`predict`, one image after the other", alone), (f"`stream`, --batch-size {batch_size}", stream))
    for name, one in rows:
        times = [f"{1000 * one.parts[step] / one.images:.1f}" if step in one.parts else "" for step in steps]
        memory = ", ".join(f"{value:.0f}" for value in one.memory)
        share = 100 * one.parts["network"] / one.seconds
        lines.append(f"| {name} | {one.speed:.2f} | {share:.0f} % | {' | '.join(times)} | {memory} |")
    ratio = stream.speed / alone.speed
    return "\n".join([*lines, "", f"The stream is {ratio:.2f} times as fast ({machine()}). Steps of a stream overlap."])


if __name__ == "__main__":
    run_main(main)
