"""suggest_labels: a DeepLabV3+ that fits images with a label for each pixel."""

import math
from typing import Any

import numpy as np

from base.batch import Size
from base.labels import BACKGROUND
from preparation.inspection.checks.labels import unequal
from preparation.suggest.choice import Choice, Suggestion, assemble, sections
from preparation.suggest.cost import pixel_budget, seconds
from preparation.suggest.input_size import choose_own_size
from preparation.suggest.machine import Machine
from preparation.suggest.schedule import (
    SHORT_RUN,
    batch_that_fits,
    choose_epochs,
    choose_sampling,
    epochs_and_updates,
    schedule,
)
from preparation.suggest.stats import LabelStats

_BATCH, _BATCH_OF_GPU = 8, 16
"""Usual images of a step: the statistics of batch norm are trained."""
_LEAST_BATCH_OF_NORM = 4
"""With smaller batches statistics are too noisy to be trained."""
_BYTES_OF_A_PIXEL = 3000
"""As for a Mask R-CNN with the same backbone, which has more heads."""
_MILD, _WIDE = (0.7, 1.5), (0.5, 2.0)
"""Scale jitter of configs/pets_deeplab.json, and that of Chen et al. 2017."""


def suggest_labels(stats: LabelStats, section: dict[str, Any], machine: Machine, name: str) -> Suggestion:
    """The config of a DeepLabV3+ with MobileNetV2.

    Args:
        stats: of the training images.
        section: the section `data` that finds the data set; a key that it has is kept, whatever would be chosen, and
            the other choices follow from it.
        machine: what the training may use.
        name: of the run, `exp.name`.

    Returns:
        The config, complete in itself, and the reason of each choice.
    """
    usual = _BATCH_OF_GPU if machine.gpus else _BATCH
    size, choice = choose_own_size(stats, pixel_budget(len(stats.sizes), machine, usual), machine)
    size = tuple(section.get("image_size", size))
    batch_size, batch = batch_that_fits(stats, machine, size, usual, _BYTES_OF_A_PIXEL)
    batch_size = section.get("batch_size", batch_size)
    start = sections(name, section, "deeplab_v3_plus", "mean_iou")
    choices = [
        *(choice, *batch, *_augmentation(stats, batch_size), *choose_sampling(stats)),
        *(*_network(stats, machine, batch_size), _losses(stats)),
        *_training(stats, machine, size, batch_size),
    ]
    return assemble(start, choices)


def _augmentation(stats: LabelStats, batch_size: int) -> list[Choice]:
    updates = epochs_and_updates(stats, batch_size)[1]
    short = updates < SHORT_RUN
    low, high = _MILD if short else _WIDE
    source = "as in configs/pets_deeplab.json" if short else "as in Chen et al. 2017"
    reason = f"Every image is scaled by {low:g} to {high:g} and cropped, {source}: the run has {updates:,} updates."
    return [
        Choice("data.augment.flip", 0.5, "Left and right are exchanged in half of the cases; up and down never are."),
        Choice("data.augment.scale", 1.0, reason),
        Choice("data.augment.scale_range", [low, high]),
        Choice("data.augment.rotation", 0.1 if short else 0.0),
    ]


def _network(stats: LabelStats, machine: Machine, batch_size: int) -> list[Choice]:
    norm = "trainable" if batch_size >= _LEAST_BATCH_OF_NORM else "frozen"
    enough = "are enough for statistics." if norm == "trainable" else "are too few for statistics: ImageNet's are kept."
    return [
        Choice("model.output_stride", 16, "8 is more accurate and costs the later stages four times as much."),
        Choice("model.backbone.name", "mobilenet_v2", f"That of configs/pets_deeplab.json, which {machine} can train."),
        Choice("model.backbone.weights", "imagenet", "From random weights a run needs many times as many steps."),
        Choice("model.backbone.batch_norm", norm, f"Batches of {batch_size} {enough}"),
    ]


def _losses(stats: LabelStats) -> Choice:
    """Cross entropy, weighted where labels differ much in frequency."""
    present = np.where(stats.weights > 0, stats.weights, np.nan)
    names = (BACKGROUND, *stats.names)
    most, least = names[int(np.nanargmin(present))], names[int(np.nanargmax(present))]
    times = np.nanmax(present) / np.nanmin(present)
    reason = f"In the images that have them {most} has {times:,.1f} times the pixels of {least}"
    if not unequal(stats.weights):
        return Choice("model.losses", [{"name": "cross_entropy"}], f"{reason}: no class weights are needed.")
    loss = {"name": "cross_entropy", "class_weights": "median_frequency"}
    return Choice("model.losses", [loss], f"{reason}: pixels of rare classes weigh more (Eigen and Fergus 2015).")


def _training(stats: LabelStats, machine: Machine, size: Size, batch_size: int) -> list[Choice]:
    updates = epochs_and_updates(stats, batch_size)[1]
    rate = float(f"{0.001 * math.sqrt(batch_size / _BATCH):.2g}")
    half = bool(machine.gpus) and machine.bf16
    return [
        *choose_epochs(stats, batch_size, seconds(updates * batch_size, size[0] * size[1], machine)),
        Choice("trainer.precision", "mixed_bfloat16" if half else "float32", _precision_reason(half)),
        Choice(
            "trainer.optimizer.name", "adamw", f"As in configs/pets_deeplab.json; {rate:g} for batches of {batch_size}."
        ),
        Choice("trainer.optimizer.learning_rate", rate),
        Choice("trainer.optimizer.clip_norm", 1.0),
        *schedule("poly", updates, "That of DeepLab (Chen et al. 2017)."),
        Choice("trainer.schedule.power", 0.9),
    ]


def _precision_reason(half: bool) -> str:
    return "The GPU computes in bfloat16." if half else "MobileNetV2 hardly gains by bfloat16 (docs/PERFORMANCE.md)."
