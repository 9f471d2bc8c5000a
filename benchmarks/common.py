"""What the benchmarks share: a prepared trainer from a config, and the machine in words."""

import os
import platform
from pathlib import Path

from utils.config import Config, process_config
from utils.console import load_keras
from utils.environment import environment
from utils.registry import DATA, MODELS, TRAINERS, resolve
from utils.seeds import seed_everything, set_precision


def machine() -> str:
    """Processor, cores and versions."""
    found = environment({})
    packages = ", ".join(
        f"{name} {found['packages'][name]}" for name in ("keras", "tensorflow") if name in found["packages"]
    )
    return f"{found['cpu']['model']}, {os.cpu_count()} cores, Python {platform.python_version()}, {packages}"


def prepared(path: str, overrides: list[str]):
    """Config and prepared data of a config file; nothing is sent to Comet."""
    config = process_config(path, [*overrides, "logger.comet.mode=off"])
    load_keras()
    seed_everything(config.exp.seed)
    set_precision(config.trainer.precision)
    data = resolve(DATA, config.data.name)(config.data, config.exp.seed)
    data.prepare()
    return config, data


def trainer_of(config: Config, data, folder: Path, logger=None, callbacks=()):
    """A trainer whose checkpoints are in `folder`."""
    model_class = resolve(MODELS, config.model.name)
    model = model_class(model_class.complete_config(config.model, data), data.spec)
    model.init_saver(folder / "checkpoints", config.trainer.checkpoint)
    return resolve(TRAINERS, config.trainer.name)(model, data, config.trainer, logger=logger, callbacks=callbacks)
