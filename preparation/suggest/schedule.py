"""How the data are gone through: batches, epochs, learning rate, augmentation, precision."""

import math

import numpy as np

from base.batch import Size
from preparation.suggest.choice import Choice
from preparation.suggest.cost import (
    LEAST_EPOCHS,
    MOST_EPOCHS,
    UPDATES,
    has_few_images,
    is_large,
    seconds,
    usual_batch,
)
from preparation.suggest.machine import Machine
from preparation.suggest.stats import DataStats, SplitStats, sides

_VALIDATIONS = 8
_BYTES_OF_A_PIXEL = {False: 3000, True: 5000}
"""Memory that a training step takes for each pixel of the input, with MobileNetV2 and with ResNet-50 (measured: 3,300
of ResNet-50 with two checkpointed stages)."""
_TAKEN = 1.5e9
"""Bytes of the process, the weights and the optimizer."""
_SMALLEST_OBJECT = 8.0
"""Pixels below which the scale jitter makes no object smaller."""
RARE = 0.01
"""Part of the images below which a class is rare."""
SHORT_RUN = 5000
"""Updates below which augmentation gained no AP on real images and lost some from random weights (docs/results)."""


def choose_batch(stats: DataStats, machine: Machine, size: Size) -> tuple[int, list[Choice]]:
    """As large as the memory allows, up to what is usual, and so that an epoch has several updates."""
    return batch_that_fits(stats, machine, size, usual_batch(machine), _BYTES_OF_A_PIXEL[is_large(machine)])


def batch_that_fits(
    stats: SplitStats, machine: Machine, size: Size, usual: int, bytes_of_a_pixel: int
) -> tuple[int, list[Choice]]:
    """The batch size that memory and number of images allow, and what follows from it.

    Args:
        stats: of the training images.
        machine: that trains.
        size: of the network's input.
        usual: the largest batch.
        bytes_of_a_pixel: memory that a training step takes for each pixel of the input.
    """
    memory = min(machine.gpus) if machine.gpus else machine.memory
    needed = bytes_of_a_pixel * size[0] * size[1]
    fits = usual if memory is None else int((0.8 * memory - _TAKEN) / needed)
    images = max(1, len(stats.sizes))
    batch = 2 ** int(math.log2(max(1, min(usual, fits, max(1, images // 8)))))
    place = "the GPU" if machine.gpus else "this machine"
    reason = f"An image of {size[1]}×{size[0]} takes about {needed / 1e9:.2f} GB in training; "
    reason += f"{batch} of them suit {place} ({machine}) and {images:,} images."
    return batch, [
        Choice("data.batch_size", batch, reason),
        Choice("data.val_batch_size", min(8, 2 * batch)),
        Choice(
            "data.workers", max(1, min(8, machine.cores)), f"A thread for each of {machine.cores} cores, 8 at most."
        ),
    ]


def choose_augmentation(stats: DataStats, size: Size, batch_size: int) -> list[Choice]:
    """As in configs/pets.json for a long run, little for a short one; never upside down."""
    boxes = stats.scaled(size)
    small = float(np.percentile(sides(boxes), 10)) if len(boxes) else 32.0
    updates = epochs_and_updates(stats, batch_size)[1]
    short = updates < SHORT_RUN
    low = round(float(np.clip(_SMALLEST_OBJECT / small, 0.9 if short else 0.8, 1.0)), 2)
    high = 1.1 if short else 1.25
    reason = f"Scaled by {low:g} to {high:g} in half of the cases; one object in ten is smaller than {small:.0f} px. "
    reason += f"A run of {updates:,} updates "
    reason += "is short, so little is changed (docs/results)." if short else "has time to learn from it."
    choices = [
        Choice("data.augment.flip", 0.5, "Left and right are exchanged in half of the cases; up and down never are."),
        Choice("data.augment.scale", 0.5, reason),
        Choice("data.augment.scale_range", [low, high]),
        Choice("data.augment.rotation", 0 if short else 0.1),
    ]
    return choices + ([Choice("data.augment.color", 0), Choice("data.augment.blur", 0)] if short else [])


def choose_sampling(stats: SplitStats) -> list[Choice]:
    """Images with rare classes are repeated, unless all images are few: the same ones would be learned by heart."""
    images = stats.images_of_classes
    rare = (images > 0) & (images < RARE * len(stats.sizes))
    if has_few_images(stats) or not rare.any():
        return []
    rarest = int(np.where(images > 0, images, images.max() + 1).argmin())
    reason = f"{rare.sum()} of {len(images)} classes are in fewer than {RARE:.0%} of the images, "
    reason += f"{stats.names[rarest]} in {images[rarest]:,}: images with them are repeated (Gupta et al. 2019)."
    return [Choice("data.sampler", {"name": "repeat_factor", "threshold": RARE}, reason)]


def epochs_and_updates(stats: SplitStats, batch_size: int) -> tuple[int, int]:
    """Epochs of the run, and its updates."""
    images = max(1, len(stats.sizes))
    in_epoch = max(1, images // batch_size)
    epochs = int(np.clip(math.ceil(UPDATES / in_epoch), LEAST_EPOCHS, MOST_EPOCHS))
    return epochs, epochs * in_epoch


def choose_training(stats: DataStats, machine: Machine, size: Size, batch_size: int) -> list[Choice]:
    """Epochs from a least number of updates; the optimizer that was measured for the backbone."""
    _, updates = epochs_and_updates(stats, batch_size)
    time = seconds(updates * batch_size, size[0] * size[1], machine)
    return [
        *choose_epochs(stats, batch_size, time),
        *_precision(machine),
        *_optimizer(stats, machine, batch_size),
        *schedule("cosine", updates),
    ]


def choose_epochs(stats: SplitStats, batch_size: int, time: float) -> list[Choice]:
    """Epochs and validations of a run that takes so many seconds."""
    epochs, updates = epochs_and_updates(stats, batch_size)
    every = max(1, epochs // _VALIDATIONS)
    reason = f"{len(stats.sizes):,} images, {updates:,} updates of {batch_size} in all: about {_duration(time)} here."
    return [
        Choice("trainer.epochs", epochs, reason),
        Choice("trainer.validate_every", every, f"{math.ceil(epochs / every)} validations in the run."),
        Choice("trainer.log_every", 50),
    ]


def schedule(name: str, updates: int, why: str = "") -> list[Choice]:
    """The learning rate's schedule over so many updates."""
    return [
        Choice("trainer.schedule.name", name, why),
        Choice("trainer.schedule.warmup_steps", min(500, max(50, updates // 20)), "A twentieth of the run, or 500."),
    ]


def _duration(time: float) -> str:
    """Seconds in words, rounded as an estimate should be."""
    return f"{time / 3600:.1f} hours" if time > 2 * 3600 else f"{max(1, round(time / 60))} minutes"


def _precision(machine: Machine) -> list[Choice]:
    if not machine.bf16:
        return [Choice("trainer.precision", "float32", "This machine has no bfloat16: converting would cost time.")]
    if not is_large(machine):
        return [Choice("trainer.precision", "float32", "MobileNetV2 hardly gains by bfloat16 (docs/PERFORMANCE.md).")]
    return [
        Choice(
            "trainer.precision", "mixed_bfloat16", "This machine computes in bfloat16, ResNet-50 about twice as fast."
        )
    ]


def _optimizer(stats: DataStats, machine: Machine, batch_size: int) -> list[Choice]:
    if is_large(machine):
        name, rate, clip = "sgd", 0.02 * batch_size / 16, 10.0
        reason = f"SGD with torchvision's 0.02 for 16 images, scaled to {batch_size}."
    else:
        of_four = 0.0007 if has_few_images(stats) else 0.001
        name, rate, clip = "adamw", of_four * math.sqrt(batch_size / 4), 1.0
        reason = f"AdamW as in configs/pets.json; {of_four:g} for 4 images, by the root of {batch_size} / 4."
    return [
        Choice("trainer.optimizer.name", name, reason),
        Choice("trainer.optimizer.learning_rate", float(f"{rate:.2g}")),
        Choice("trainer.optimizer.clip_norm", clip),
    ]
