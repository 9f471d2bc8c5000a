"""The configs that are compared, and a training of one of them in a process of its own."""

import copy
import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from data_loader.coco.config import CocoDataConfig
from data_loader.coco.data import CocoData
from preparation.suggest import DataStats, Machine, suggest, write_suggestion
from utils.errors import UserError

ROOT = Path(__file__).resolve().parents[2]
DEFAULTS, FITTED_TO_MACHINE, SUGGESTED = "defaults", "defaults in the suggested size", "suggested"
KINDS = (DEFAULTS, FITTED_TO_MACHINE, SUGGESTED)
_OF_THE_MACHINE = {
    "data": ("image_size", "batch_size", "val_batch_size", "workers"),
    "model": ("backbone", "fpn.channels", "box_head.hidden", "mask_head.channels", "mask_head.upsample_channels"),
}
"""What the machine decides of a suggestion, and the trainer besides: the cost of a step and how it learns."""
_NAMED = ("model", "trainer", "evaluator")
Plain = dict[str, Any]


@dataclass(frozen=True)
class Result:
    """What a training gave.

    Attributes:
        metrics: of the test images, by name.
        seconds: of the whole process.
    """

    metrics: Mapping[str, float | None]
    seconds: float


def configs(name: str, section: Plain, machine: Machine, weights: str | None, steps: int) -> dict[str, Plain]:
    """The configs of a data set that are compared: kind → config.

    All have the backbone `mobilenet_v2` with the same weights, the same batch size and as many steps, a cosine over
    these, and no validation in between.

    - "defaults": the section `data` that finds the files; every other key is that of docs/CONFIG.md.
    - "defaults in the suggested size": has of the suggestion what depends on the machine: the input's size, the widths
      of pyramid and heads, which of the backbone is trained, and the trainer. What is left is what the data decide:
      `max_objects`, augmentation, levels, anchors, pooling, samples, proposals and detections.
    - "suggested": everything as suggested.
    """
    data = CocoData(CocoDataConfig.model_validate_json(json.dumps(section)), seed=0)
    data.prepare()
    stats = DataStats.of(data.records("train"), data.classes)
    suggested = suggest(stats, section, machine, name).config
    plain = {**suggested, "data": section, **{key: {"name": suggested[key]["name"]} for key in _NAMED}}
    fitted = {**copy.deepcopy(plain), "trainer": suggested["trainer"]}
    for part, keys in _OF_THE_MACHINE.items():
        for key in keys:
            _put(fitted[part], key.split("."), suggested[part])
    batch_size = suggested["data"]["batch_size"]
    found = zip(KINDS, (plain, fitted, suggested), strict=True)
    return {kind: _with_shared(config, kind, weights, batch_size, steps, len(stats.sizes)) for kind, config in found}


def _put(target: Plain, names: Sequence[str], source: Plain) -> None:
    """Copies the value at a path of the source to the same path of the target."""
    *parents, last = names
    for name in parents:
        target, source = target.setdefault(name, {}), source[name]
    target[last] = copy.deepcopy(source[last])


def _with_shared(config: Plain, kind: str, weights: str | None, batch_size: int, steps: int, images: int) -> Plain:
    """What all have in common, and a name of its own for the run."""
    config = copy.deepcopy(config)
    config["exp"]["name"] += "-" + kind.replace(" ", "-")
    config["data"]["batch_size"] = batch_size
    config["model"].setdefault("backbone", {}).update(name="mobilenet_v2", weights=weights)
    epochs = -(-steps // max(1, images // batch_size))
    config["trainer"].update(epochs=epochs, max_steps=steps, validate_every=0)
    config["logger"] = {"comet": {"mode": "off"}, "tensorboard": {"enabled": False}}
    return config


def train(config: Plain, folder: Path) -> Result:
    """Trains and tests by `mains/train_main.py`, as a user would.

    Args:
        config: with a name that no run in `folder` has.
        folder: for the config, the run and what it printed.

    Raises:
        UserError: the training failed; names the file with what it printed.
    """
    name = config["exp"]["name"]
    config = {**config, "exp": {**config["exp"], "root": str(folder)}}
    path, log = folder / f"{name}.json", folder / f"{name}.txt"
    write_suggestion(config, path)
    started = time.perf_counter()
    with log.open("w") as output:
        command = [sys.executable, "mains/train_main.py", "-c", str(path)]
        done = subprocess.run(command, cwd=ROOT, stdout=output, stderr=subprocess.STDOUT, env=os.environ, check=False)
    if done.returncode:
        raise UserError(f"{name}: the training ended with exit code {done.returncode}: see {log}.")
    metrics = json.loads(next(folder.glob(f"{name}*/metrics.json")).read_text())
    return Result(metrics, time.perf_counter() - started)
