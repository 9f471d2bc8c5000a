"""What a run was initialized from, as its checkpoints keep it."""

from pathlib import Path
from typing import Any

from base.checkpoint import CheckpointError, CheckpointSaver, read_checkpoint
from base.config import CheckpointConfig


def read_start(folder: Path) -> dict[str, Any] | None:
    """What the run was initialized from whose checkpoints lie in `folder`; None before its first sound one.

    It is read before the model is built: a resumed run must freeze what it froze at its beginning, whether or not the
    pretrained weights can be had today, and it needs none. Damage is not reported here; `BaseModel.load` does that.
    """
    for path in reversed(CheckpointSaver(folder, CheckpointConfig()).paths()):
        try:
            return read_checkpoint(path).meta.get("start")
        except CheckpointError:
            continue
    return None
