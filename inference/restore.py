"""A trained model from its checkpoint alone: no data set and no config file is needed."""

import json
import logging
from pathlib import Path

from base.base_model import BaseModel
from base.checkpoint import Checkpoint, find_checkpoint
from base.initial_weights import InitialWeights
from inference.checkpoint import described
from utils.registry import MODELS, resolve, resolve_config

log = logging.getLogger("maskeras")


def restore_model(path: Path | str, which: str = "best") -> BaseModel:
    """Rebuilds a model and fills it with the weights of a checkpoint, the EMA weights where there are any.

    Args:
        path: a run's folder, `experiments/pets`, or one checkpoint, `experiments/pets/checkpoints/ckpt-00012`.
        which: of a run, as `base.checkpoint.find_checkpoint`.

    Raises:
        CheckpointError: there is none, it is damaged, or a version wrote it that kept no description of the model.
        RegistryError: the model's class, which a dotted path names, cannot be imported.
    """
    return model_of(find_checkpoint(Path(path).expanduser(), which))


def model_of(checkpoint: Checkpoint) -> BaseModel:
    """As `restore_model`, of a checkpoint that was found."""
    spec, section = described(checkpoint)
    config = resolve_config(MODELS, section["name"]).model_validate_json(json.dumps(section))
    model = resolve(MODELS, section["name"])(config, spec, InitialWeights.of_checkpoint(checkpoint))
    model.load(str(checkpoint.path))
    log.info("restored %s from %s", section["name"], checkpoint.path)
    return model
