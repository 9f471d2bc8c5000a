"""The losses since the last line of the log, read from the device only when that line is written."""

from typing import Any

import keras
import numpy as np

from utils.errors import UserError


class NonFiniteLossError(UserError):
    """A loss became NaN or infinite; the checkpoints before it are untouched."""

    exit_code = 1


class LossWindow:
    """Holds the loss terms of some steps without waiting for them."""

    def __init__(self):
        self._steps: list[tuple[int, list[int], dict[str, Any]]] = []

    def push(self, step: int, image_ids: list[int], losses: dict[str, Any]) -> None:
        """Takes the terms of one step, as lazy device scalars."""
        self._steps.append((step, image_ids, losses))

    def flush(self) -> dict[str, float]:
        """Name → mean over the steps since the last flush, `{}` when there were none.

        Raises:
            NonFiniteLossError: names the first step with such a loss, its terms and its images.
        """
        steps, self._steps = self._steps, []
        rows = []
        for step, image_ids, losses in steps:
            row = {name: float(keras.ops.convert_to_numpy(value)) for name, value in losses.items()}
            if not np.isfinite(list(row.values())).all():
                raise NonFiniteLossError(_message(step, image_ids, row))
            rows.append(row)
        return {name: float(np.mean([row[name] for row in rows])) for name in (rows[0] if rows else {})}


def _message(step: int, image_ids: list[int], row: dict[str, float]) -> str:
    terms = ", ".join(f"{name} = {value:g}" for name, value in row.items())
    return (
        f"The loss is not finite at step {step}: {terms}; images {image_ids}.\n"
        "The last checkpoint was written before that and is kept. Look at these images, lower "
        "trainer.optimizer.learning_rate, or set trainer.optimizer.clip_norm."
    )
