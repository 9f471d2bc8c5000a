"""What a network costs: parameters, operations, bytes."""

from pathlib import Path

from base.base_model import BaseModel

_FLOPS = 2
"""Floating-point operations of a multiply-add."""


def complexity_of(model: BaseModel, checkpoint: Path) -> dict[str, int]:
    """`parameters`, `trainable_parameters`, `flops` of one image, and `checkpoint_bytes` on the disk.

    Args:
        model: built.
        checkpoint: its folder; the optimizer's state is in it, too.
    """
    cost = model.cost()
    return {
        "parameters": cost.parameters,
        "trainable_parameters": cost.trainable,
        "flops": _FLOPS * cost.multiply_adds,
        "checkpoint_bytes": sum(path.stat().st_size for path in checkpoint.rglob("*") if path.is_file()),
    }
