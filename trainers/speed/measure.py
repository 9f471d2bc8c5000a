"""All figures of a benchmark, from a config."""

from typing import Any

import keras
import numpy as np

from models.mask_rcnn.network import MaskRCNNNetwork
from trainers.evaluators.paste import paste_mask
from trainers.speed.parts import time_parts
from trainers.speed.subject import Subject, subject_of, yardstick_of
from trainers.speed.timing import Times, interleaved, seconds
from trainers.speed.yardstick import NAME
from utils.config import Config

WHAT = ("training", "inference", "inference, batch")
"""What is timed of model and yardstick alike: a step; one picture; the pictures of a batch at once."""


def measure(config: Config, rounds: int) -> dict[str, Any]:
    """Model and yardstick in turn, then the model's parts.

    Args:
        config: of a run; nothing is read of its data but classes and shapes.
        rounds: how often each is timed, from 1 on.

    Returns:
        JSON values: `rounds`; `yardstick`, its name; `training`, `inference` and `inference, batch`, each with the
        figures of `model`, `yardstick` and their `ratio`; `parts`, milliseconds of each for one picture; `detections`
        of the picture and `positives`, the mean number of a training picture's samples that went through the mask head.
    """
    model, yardstick = subject_of(config), yardstick_of(config)
    jobs = {f"model {name}": job for name, job in _jobs(model).items()}
    jobs |= {f"yardstick {name}": job for name, job in _jobs(yardstick).items()}
    times = interleaved(jobs, rounds)
    pictures = {"training": config.data.batch_size, "inference": 1, "inference, batch": config.data.batch_size}
    found: dict[str, Any] = {"rounds": rounds, "yardstick": NAME}
    for name in WHAT:
        found[name] = _compared(times[f"model {name}"], times[f"yardstick {name}"], pictures[name])
    found["parts"] = _parts(model, config, rounds)
    return found | _load(model)


def _jobs(subject: Subject) -> dict[str, Any]:
    several = {key: value for key, value in subject.batch.items() if not key.startswith("gt_")}
    return {
        "training": lambda: subject.steps.train(subject.batch),
        "inference": lambda: pasted(subject.steps.predict(subject.one), subject.model.spec.image_size),
        "inference, batch": lambda: pasted(subject.steps.predict(several), subject.model.spec.image_size),
    }


def pasted(predictions: dict[str, Any], size: tuple[int, int]) -> list[np.ndarray]:
    """The predictions on the host, each detection's mask in the size of the picture; without masks, nothing."""
    arrays = {name: keras.ops.convert_to_numpy(value) for name, value in predictions.items()}
    if "masks" not in arrays:
        return []
    rows = np.argwhere(arrays["classes"] > 0)
    return [paste_mask(arrays["masks"][*row], arrays["boxes"][*row], *size) for row in rows]


def _compared(model: Times, yardstick: Times, pictures: int) -> dict[str, Any]:
    return {
        "model": _figures(model, pictures),
        "yardstick": _figures(yardstick, pictures),
        "ratio": model.ratio_to(yardstick),
    }


def _figures(times: Times, pictures: int) -> dict[str, float]:
    return {
        "images_per_second": pictures / times.median,
        "seconds_per_image": times.median / pictures,
        "p50_ms": 1000 * times.median,
        "p95_ms": 1000 * times.percentile(95),
        "first_call_s": times.first,
    }


def _parts(subject: Subject, config: Config, rounds: int) -> dict[str, float]:
    network = subject.model.network
    if not isinstance(network, MaskRCNNNetwork):
        return {}
    times = time_parts(network, subject.one, rounds, config.trainer.jit_compile)
    predictions = subject.steps.predict(subject.one)
    paste = [seconds(lambda: pasted(predictions, subject.model.spec.image_size)) for _ in range(rounds)]
    parts = {name: 1000 * taken.median for name, taken in times.items()}
    return parts | {"pasting": 1000 * float(np.median(paste))}


def _load(subject: Subject) -> dict[str, float]:
    """What the heads had to do: the figures mean little without it."""
    if not isinstance(subject.model.network, MaskRCNNNetwork):
        return {}
    classes = keras.ops.convert_to_numpy(subject.steps.predict(subject.one)["classes"])
    batch = {key: keras.ops.convert_to_tensor(value) for key, value in subject.batch.items()}
    positive = subject.model.forward(batch, training=True)["rois"].positive
    return {
        "detections": float((classes > 0).sum()),
        "positives": float(keras.ops.convert_to_numpy(positive).sum(axis=1).mean()),
    }
