"""All values of a benchmark, from a config."""

from typing import Any

import keras
import numpy as np

from benchmarks.speed.case import BenchmarkCase, case_of, yardstick_of
from benchmarks.speed.parts import time_parts
from benchmarks.speed.timing import Times, interleaved, seconds
from benchmarks.speed.yardstick import NAME
from inference.paste import paste_mask
from models.mask_rcnn.network import MaskRCNNNetwork
from utils.config import Config

WHAT = ("training", "inference", "inference, batch")
"""What is timed of model and yardstick alike: a step; one image; the images of a batch at once."""


def measure(config: Config, rounds: int) -> dict[str, Any]:
    """Model and yardstick in turn, then the model's parts.

    Args:
        config: of a run; nothing is read of its data but classes and shapes.
        rounds: how often each is timed, from 1 on.

    Returns:
        JSON values: `rounds`; `yardstick`, its name; `training`, `inference` and `inference, batch`, each with the
        values of `model`, `yardstick` and their `ratio`; `parts`, milliseconds of each for one image. Of a Mask R-CNN
        also `detections` of the image and `positives`, the mean number of a training image's samples that went through
        the mask head.
    """
    model = case_of(config)
    yardstick = yardstick_of(config, model.model.spec)
    jobs = {f"model {name}": job for name, job in _jobs(model).items()}
    jobs |= {f"yardstick {name}": job for name, job in _jobs(yardstick).items()}
    times = interleaved(jobs, rounds)
    images = {"training": config.data.batch_size, "inference": 1, "inference, batch": config.data.batch_size}
    found: dict[str, Any] = {"rounds": rounds, "yardstick": NAME}
    for name in WHAT:
        found[name] = _compared(times[f"model {name}"], times[f"yardstick {name}"], images[name])
    found["parts"] = _parts(model, config, rounds)
    return found | _load(model)


def _jobs(case: BenchmarkCase) -> dict[str, Any]:
    return {
        "training": lambda: case.train(case.batch),
        "inference": lambda: pasted(case.predict(case.one), case.model.spec.image_size),
        "inference, batch": lambda: pasted(case.predict(case.several), case.model.spec.image_size),
    }


def pasted(predictions: dict[str, Any], size: tuple[int, int]) -> list[np.ndarray]:
    """The predictions on the host, each detection's mask in the size of the image; without masks, nothing."""
    arrays = {name: keras.ops.convert_to_numpy(value) for name, value in predictions.items()}
    if "masks" not in arrays:
        return []
    rows = np.argwhere(arrays["classes"] > 0)
    return [paste_mask(arrays["masks"][*row], arrays["boxes"][*row], *size) for row in rows]


def _compared(model: Times, yardstick: Times, images: int) -> dict[str, Any]:
    return {
        "model": _values(model, images),
        "yardstick": _values(yardstick, images),
        "ratio": model.ratio_to(yardstick),
    }


def _values(times: Times, images: int) -> dict[str, float]:
    return {
        "images_per_second": images / times.median,
        "seconds_per_image": times.median / images,
        "p50_ms": 1000 * times.median,
        "p95_ms": 1000 * times.percentile(95),
        "first_call_s": times.first,
    }


def _parts(case: BenchmarkCase, config: Config, rounds: int) -> dict[str, float]:
    times = time_parts(case.model.network, case.one, rounds, config.trainer.jit_compile)
    parts = {name: 1000 * taken.median for name, taken in times.items()}
    predictions = case.predict(case.one)
    if "masks" not in predictions:
        return parts
    paste = [seconds(lambda: pasted(predictions, case.model.spec.image_size)) for _ in range(rounds)]
    return parts | {"pasting": 1000 * float(np.median(paste))}


def _load(case: BenchmarkCase) -> dict[str, float]:
    """What the heads had to do: the times mean little without it."""
    if not isinstance(case.model.network, MaskRCNNNetwork):
        return {}
    classes = keras.ops.convert_to_numpy(case.predict(case.one)["classes"])
    batch = {key: keras.ops.convert_to_tensor(value) for key, value in case.batch.items()}
    positive = case.model.forward(batch, training=True)["rois"].positive
    return {
        "detections": float((classes > 0).sum()),
        "positives": float(keras.ops.convert_to_numpy(positive).sum(axis=1).mean()),
    }
