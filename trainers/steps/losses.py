"""The loss terms of a step, the same on every backend."""

from typing import Any

from keras import ops

from base.base_model import BaseModel
from utils.errors import UserError

_OWN_NAMES = {"total", "regularization"}


def named_losses(model: BaseModel, batch: dict[str, Any]) -> dict[str, Any]:
    """The forward pass in training: `total`, which is minimized, and the terms it is the sum of.

    These are those of the model and, where the network has losses of its own, their sum `regularization`, all float32
    scalars.

    Args:
        model: what is trained.
        batch: tensors.

    Raises:
        UserError: a term of the model has one of those two names.
    """
    losses = dict(model.compute_losses(batch, model.forward(batch, training=True)))
    taken = sorted(_OWN_NAMES & losses.keys())
    if taken:
        raise UserError(
            f"{type(model).__name__}.compute_losses returns a term called {taken[0]!r}; the trainer gives "
            "that name itself (total: the sum of all terms, regularization: the network's own). Take another one."
        )
    if own := model.network.losses:
        losses["regularization"] = sum(own)
    losses = {name: ops.cast(value, "float32") for name, value in losses.items()}
    return {"total": sum(losses.values()), **losses}
