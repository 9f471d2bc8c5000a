"""The kernels of a training step by time: `python benchmarks/kernels.py -c configs/benchmark_r50_fpn.json`.

On a CPU TensorFlow runs convolutions through oneDNN, whose kernels are called `_Mkl…`. A convolution or a gradient of
one that oneDNN does not take runs on a plain kernel, several times as slow, in bfloat16 ten times: those are listed.
"""

import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from rich.console import Console
from rich.table import Table

from benchmarks.common import machine
from utils.args import parse_args, run_main
from utils.config import process_config
from utils.console import load_keras, setup_console
from utils.errors import UserError
from utils.seeds import seed_everything, set_precision

STEPS, SHOWN = 3, 20
_CONVOLUTION = "Conv2D"
_ONEDNN = "_Mkl"


@dataclass(frozen=True)
class Call:
    """One execution: the node of the graph, the kernel's name, milliseconds in the thread that called it."""

    node: str
    kernel: str
    ms: float

    @property
    def is_convolution(self) -> bool:
        """A convolution, or its gradient by inputs or filter; depthwise ones are kernels of their own."""
        return _CONVOLUTION in self.kernel and "Depthwise" not in self.kernel

    @property
    def in_onednn(self) -> bool:
        """Whether oneDNN computed it."""
        return self.kernel.startswith(_ONEDNN)


def main() -> None:
    """Profiles some training steps and prints the table and what fell through."""
    setup_console()
    args = parse_args(__doc__ or "")
    config = process_config(args.config, args.overrides)
    load_keras()
    seed_everything(config.exp.seed)
    set_precision(config.trainer.precision)
    import keras  # noqa: PLC0415 - loaded by now

    if keras.backend.backend() != "tensorflow":
        raise UserError(f"Kernels are read from TensorFlow's profile; Keras runs on {keras.backend.backend()}.")
    from benchmarks.speed.case import case_of  # noqa: PLC0415

    case = case_of(config)
    calls = profiled(lambda: case.train(case.batch), STEPS)
    report(calls, STEPS, f"{config.exp.name}, {config.trainer.precision}, {machine()}")


def profiled(step, steps: int) -> list[Call]:
    """The kernels of `steps` calls of `step`, after two that trace and warm up."""
    import tensorflow as tf  # noqa: PLC0415 - on this backend only

    from benchmarks.speed.timing import wait_for  # noqa: PLC0415

    for _ in range(2):
        wait_for(step())
    with tempfile.TemporaryDirectory() as folder:
        tf.profiler.experimental.start(folder)
        for _ in range(steps):
            wait_for(step())
        tf.profiler.experimental.stop()
        return [call for path in Path(folder).rglob("*.xplane.pb") for call in read_profile(path)]


def read_profile(path: Path) -> Iterable[Call]:
    """The kernels in a profile of TensorFlow; events of the host are called `node:kernel`."""
    from tensorflow.tsl.profiler.protobuf import xplane_pb2  # noqa: PLC0415 - comes with TensorFlow

    space = xplane_pb2.XSpace.FromString(path.read_bytes())
    for plane in space.planes:
        names = {key: value.name for key, value in plane.event_metadata.items()}
        for line in plane.lines if plane.name == "/host:CPU" else ():
            for event in line.events:
                node, _, kernel = names[event.metadata_id].rpartition(":")
                if node and not kernel.startswith((":", " ")) and "::" not in names[event.metadata_id]:
                    yield Call(node, kernel, event.duration_ps / 1e9)


def fallen_through(calls: Iterable[Call]) -> dict[str, float]:
    """Convolutions and gradients that oneDNN did not take: `kernel  node` → milliseconds in all, the longest first."""
    found: dict[str, float] = defaultdict(float)
    for call in calls:
        if call.is_convolution and not call.in_onednn:
            found[f"{call.kernel}  {call.node}"] += call.ms
    return dict(sorted(found.items(), key=lambda item: -item[1]))


def report(calls: list[Call], steps: int, title: str, console: Console | None = None) -> None:
    """Prints the kernels by time, and the convolutions outside of oneDNN."""
    console = console or Console(width=100)
    total: dict[str, float] = defaultdict(float)
    number: Counter[str] = Counter()
    for call in calls:
        total[call.kernel] += call.ms
        number[call.kernel] += 1
    table = Table(title=title)
    for head in ("kernel", "calls a step", "ms a step"):
        table.add_column(head, justify="left" if head == "kernel" else "right")
    for kernel, ms in sorted(total.items(), key=lambda item: -item[1])[:SHOWN]:
        table.add_row(kernel, f"{number[kernel] / steps:.0f}", f"{ms / steps:.1f}")
    console.print(table)
    outside = fallen_through(calls)
    convolutions = sum(call.is_convolution for call in calls)
    console.print(f"{len(outside)} of {convolutions // steps} convolutions and gradients a step are outside of oneDNN")
    for name, ms in outside.items():
        console.print(f"  {ms / steps:8.1f} ms  {name}", soft_wrap=True)


if __name__ == "__main__":
    run_main(main)
