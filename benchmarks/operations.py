"""TensorFlow's own kernels beside the general operations: `python benchmarks/operations.py`."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.common import machine
from utils.args import run_main
from utils.console import load_keras, setup_console

ROUNDS = 5
SIDE, CHANNELS, IMAGES = 512, 256, 2
"""Of the images and of the pyramid; torchvision's numbers of boxes."""


def main() -> None:
    """Times NMS over the levels in training, and RoIAlign of both heads forward and backward."""
    setup_console()
    load_keras()
    import tensorflow as tf  # noqa: PLC0415 - Keras is loaded before, without its notices

    from benchmarks.speed.timing import interleaved  # noqa: PLC0415
    from models.ops.kernels import portable_operations  # noqa: PLC0415

    for name, (operation, arguments) in cases(tf).items():
        jobs = {}
        for portable in (True, False):

            def traced(*values: Any, operation: Callable[..., Any] = operation, portable: bool = portable) -> Any:
                with portable_operations(portable):
                    return operation(*values)

            compiled = tf.function(traced, autograph=False)
            label = "keras.ops" if portable else "kernel"
            jobs[label] = lambda compiled=compiled, arguments=arguments: compiled(*arguments)
        times = interleaved(jobs, ROUNDS)
        print(f"{name}: " + ", ".join(f"{label} {1000 * times[label].median:.0f} ms" for label in jobs))
    print(f"medians of {ROUNDS} rounds, in turn; {machine()}")


def cases(tf: Any) -> dict[str, tuple[Callable[..., Any], tuple]]:
    """Name → operation and its arguments."""
    import numpy as np  # noqa: PLC0415

    from models.ops.nms import best_of_levels  # noqa: PLC0415
    from models.ops.roi_align import assign_levels, roi_align  # noqa: PLC0415

    rng = np.random.default_rng(0)

    def boxes(number: int) -> np.ndarray:
        center, size = rng.uniform(0, SIDE, (IMAGES, number, 2)), np.exp(rng.normal(4, 0.7, (IMAGES, number, 2)))
        return np.concatenate([center - size / 2, center + size / 2], -1).clip(0, SIDE).astype(np.float32)

    lengths = (2000, 2000, 2000, 768, 192)
    proposed = boxes(sum(lengths))
    scores = np.concatenate([-np.sort(-rng.normal(size=(IMAGES, number))) for number in lengths], axis=1)
    sides = [SIDE // stride for stride in (4, 8, 16, 32)]
    maps = [tf.constant(rng.normal(size=(IMAGES, n, n, CHANNELS)).astype(np.float32)) for n in sides]
    pooled = {number: tf.constant(boxes(number)) for number in (512, 50)}

    def align(number: int, size: int) -> Callable[..., Any]:
        def forward_and_backward(*maps: Any) -> Any:
            with tf.GradientTape() as tape:
                tape.watch(maps)
                scales = [1 / stride for stride in (4, 8, 16, 32)]
                found = roi_align(maps, pooled[number], assign_levels(pooled[number], 2, 5), scales, size)
                total = tf.reduce_sum(found * found)
            return tape.gradient(total, maps)

        return forward_and_backward

    return {
        "NMS over five levels, 2000 boxes each at most": (
            lambda: best_of_levels(proposed, scores.astype(np.float32), scores < np.inf, lengths, 0.7, 2000),
            (),
        ),
        "RoIAlign, 512 boxes an image to 7×7, and its gradient": (align(512, 7), tuple(maps)),
        "RoIAlign, 50 boxes an image to 14×14, and its gradient": (align(50, 14), tuple(maps)),
    }


if __name__ == "__main__":
    run_main(main)
