"""What the weights of a run are initialized from."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from base.checkpoint import Checkpoint, CheckpointError, CheckpointSaver, read_checkpoint
from base.config import CheckpointConfig


@dataclass(frozen=True)
class InitialWeights:
    """What a run's weights are initialized from; decided once, by a new run, and kept in every checkpoint.

    A model that is built with it downloads nothing, since a checkpoint will fill it, and freezes what the run froze.

    Attributes:
        origin: in words, for the final table.
        pretrained: whether they are trained weights, so that the model's config may freeze some of them.
    """

    origin: str = "random weights"
    pretrained: bool = False

    def to_dict(self) -> dict[str, Any]:
        """JSON values for a checkpoint."""
        return asdict(self)

    @classmethod
    def of_checkpoint(cls, checkpoint: Checkpoint) -> "InitialWeights":
        """As the checkpoint holds it; version 0.1.0 called it `start`."""
        found = checkpoint.meta.get("initial_weights")
        if found is None:
            start = checkpoint.meta.get("start") or {}
            found = {"origin": start.get("origin", "random weights"), "pretrained": start.get("trained", False)}
        return cls(**found)


def read_initial_weights(folder: Path) -> InitialWeights | None:
    """The initial weights of the run with checkpoints in `folder`; None before its first sound checkpoint.

    It is read before the model is built. Damage is not reported here; `BaseModel.load` does that.
    """
    for path in reversed(CheckpointSaver(folder, CheckpointConfig()).paths()):
        try:
            return InitialWeights.of_checkpoint(read_checkpoint(path))
        except CheckpointError:
            continue
    return None
