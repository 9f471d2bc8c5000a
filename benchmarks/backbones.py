"""What each backbone costs, as a table: `python -m benchmarks.backbones --write docs/BACKBONES.md`.

Parameters and multiply-adds are counted; the times are those of the backbone with its pyramid, each in turns with
ResNet-50, so that drifts of the machine do not change the ratio. `--rounds 0` counts only.
"""

import argparse
import gc
import sys
import textwrap
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.common import machine
from models.backbones.table import BACKBONES
from utils.args import run_main
from utils.console import load_keras
from utils.errors import UserError
from utils.files import write_whole

YARDSTICK = "resnet50"
COUNTED = 512
"""Side of the image, in pixels, that the multiply-adds are counted for."""
TRAINED = 2
"""Images in a training step; one in an inference."""

INTRODUCTION = """# Backbones

`model.backbone.name` takes one of these. Made by `python -m benchmarks.backbones --write docs/BACKBONES.md`; a test
verifies that every backbone is listed.

C2…C5 are the channels of its features. Parameters (M) and multiply-adds (G, of one 512×512 image) are of the backbone
alone. {times} ImageNet: whether weights are published for `model.backbone.weights` = `"imagenet"`; MobileNets have
others for other `alpha`.
"""
TIMES = """Times are with the pyramid on top (256 channels, P2 to P6), {size}×{size}, {precision}: inference of one
image, a training step of {trained}, nothing frozen; medians of {rounds} rounds, each in turns with the
yardstick, `{yardstick}` (v1.5, with the same pyramid), and ×, the median ratio to it in the same round, which is
the number to compare. {machine}."""
NO_TIMES = "Times were not measured."


@dataclass(frozen=True)
class Row:
    """What was found for one backbone.

    Times are seconds and the ratio to the yardstick; None if not measured.
    """

    name: str
    channels: tuple[int, ...]
    parameters: int
    multiply_adds: int
    published: bool
    inference: tuple[float, float] | None = None
    training: tuple[float, float] | None = None


def main() -> None:
    """Counts and times the backbones and prints or writes the document."""
    args = read_args()
    names = args.only or list(BACKBONES)
    unknown = sorted(set(names) - set(BACKBONES))
    if unknown or args.size % 32 or args.size < 64 or args.rounds < 0:
        raise UserError(
            f"received --size {args.size}, --rounds {args.rounds} and the unknown names {unknown}; give a multiple of "
            f"32 from 64 on as size, 0 or more rounds, and names out of {', '.join(BACKBONES)}"
        )
    load_keras()
    started = time.perf_counter()
    yardstick = BenchmarkCase(YARDSTICK, args.size) if args.rounds else None
    rows = []
    for name in names:
        rows.append(measured(name, args.size, args.rounds, yardstick))
        print(f"{time.perf_counter() - started:4.0f} s  {table(rows[-1:]).splitlines()[-1]}", flush=True)
    text = document(rows, args.size, args.rounds)
    if args.write:
        write_whole(args.write, text)
    else:
        print(text)


def read_args() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument("--write", type=Path, metavar="FILE", help="write the document there instead of printing it")
    parser.add_argument("--size", type=int, default=320, help="side of the timed images, a multiple of 32")
    parser.add_argument("--rounds", type=int, default=5, help="timed rounds; 0: count only")
    parser.add_argument("--only", nargs="+", default=[], metavar="NAME", help="these backbones instead of all")
    return parser.parse_args()


class BenchmarkCase:
    """A backbone with random weights and a pyramid on it, ready to be timed."""

    def __init__(self, name: str, size: int):
        import keras  # noqa: PLC0415 - loads TensorFlow, so a wrong command line is reported before

        from models.backbones.build import BackboneBuilder  # noqa: PLC0415
        from models.backbones.config import BackboneConfig  # noqa: PLC0415
        from models.layers.fpn import FPN  # noqa: PLC0415

        self.backbone = BackboneBuilder(BackboneConfig(name=name, batch_norm="trainable"), (size, size)).backbone
        pyramid = FPN(name="fpn")(self.backbone.output)
        # One number an image, so that no time goes into handing features out, and every weight gets a gradient.
        squares = [keras.ops.mean(keras.ops.square(level), axis=(1, 2, 3)) for level in pyramid.values()]
        self.model = keras.Model(self.backbone.input, sum(squares[1:], squares[0]))
        self.model.compile(optimizer=keras.optimizers.SGD(0.0), loss=lambda _, found: keras.ops.mean(found))
        images = keras.random.uniform((TRAINED, size, size, 3), 0, 255, seed=0)
        self.images = keras.ops.convert_to_numpy(images)

    def inference(self) -> Any:
        """One image."""
        return self.model.predict_on_batch(self.images[:1])

    def training(self) -> Any:
        """One step: forward, backward, update."""
        return self.model.train_on_batch(self.images, self.images[:, 0, 0, 0])


def measured(name: str, size: int, rounds: int, yardstick: BenchmarkCase | None) -> Row:
    """The row of one backbone; `yardstick` is timed in turns with it, `rounds` times."""
    from models.backbones.config import BackboneConfig  # noqa: PLC0415
    from utils.flops import count_cost  # noqa: PLC0415
    from utils.registry import load_object  # noqa: PLC0415

    case = yardstick if yardstick and name == YARDSTICK else BenchmarkCase(name, size)
    cost = count_cost(at_size(case.backbone.layers[-1], COUNTED), image(COUNTED))
    row = Row(
        name=name,
        channels=tuple(feature.shape[-1] for feature in case.backbone.output.values()),
        parameters=cost.parameters,
        multiply_adds=cost.multiply_adds,
        published=load_object(BACKBONES[name])(BackboneConfig(name=name)).pretrained is not None,
    )
    if yardstick is None:
        return row
    times = in_turns(case, yardstick, rounds)
    del case
    gc.collect()
    return replace(row, **times)


def in_turns(case: BenchmarkCase, yardstick: BenchmarkCase, rounds: int) -> dict[str, tuple[float, float]]:
    """`inference` and `training`: median seconds, and the median of the ratio to the yardstick in the same round."""
    from benchmarks.speed.timing import interleaved  # noqa: PLC0415

    found = {}
    for name in ("inference", "training"):
        times = interleaved({"own": getattr(case, name), "yardstick": getattr(yardstick, name)}, rounds)
        found[name] = times["own"].median, times["own"].ratio_to(times["yardstick"])
    return found


def at_size(network: Any, size: int) -> Any:
    """The same layers for images of another size."""
    import keras  # noqa: PLC0415

    return keras.models.clone_model(network, keras.Input((size, size, 3)), clone_function=lambda layer: layer)


def image(size: int) -> Any:
    """One image of that size, as `count_cost` takes it."""
    import keras  # noqa: PLC0415

    return keras.KerasTensor((1, size, size, 3))


def document(rows: list[Row], size: int, rounds: int) -> str:
    """The whole document."""
    import keras  # noqa: PLC0415

    times = NO_TIMES
    if rounds:
        times = TIMES.format(
            size=size,
            precision=keras.config.dtype_policy().name,
            trained=TRAINED,
            rounds=rounds,
            yardstick=YARDSTICK,
            machine=machine(),
        )
    paragraphs = INTRODUCTION.format(times=times).strip().split("\n\n")
    wrapped = (textwrap.fill(paragraph, 120, break_long_words=False) for paragraph in paragraphs)
    return "\n\n".join((*wrapped, table(rows)))


def table(rows: list[Row]) -> str:
    """Markdown, a line for each row."""
    head = ("name", "C2…C5", "parameters", "multiply-adds", "inference, ms", "×", "training, ms", "×", "ImageNet")
    lines = [head, ("---",) * len(head)]
    for row in rows:
        times = [text for found in (row.inference, row.training) for text in time_cells(found)]
        counts = (f"{row.parameters / 1e6:.1f}", f"{row.multiply_adds / 1e9:.2f}")
        published = "yes" if row.published else "no"
        lines.append((f"`{row.name}`", ", ".join(map(str, row.channels)), *counts, *times, published))
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def time_cells(found: tuple[float, float] | None) -> tuple[str, str]:
    """Milliseconds and ratio as text."""
    return (f"{1000 * found[0]:.0f}", f"{found[1]:.2f}") if found else ("–", "–")


if __name__ == "__main__":
    run_main(main)
