"""How the data are gone through: batches, epochs, learning rate, augmentation, precision."""

import math

import numpy as np

from base.letterbox import Size
from preparation.suggest.choice import Choice
from preparation.suggest.machine import Machine
from preparation.suggest.network import is_large
from preparation.suggest.stats import DataStats, sides

UPDATES, UPDATES_OF_A_CLASS, MOST_FOR_CLASSES = 3000, 25, 3000
"""Updates that fine-tuning needs at least, and how many more for each class."""
LEAST_EPOCHS, MOST_EPOCHS = 10, 300
_VALIDATIONS = 8
_BYTES_OF_A_PIXEL = {False: 3000, True: 5000}
"""Memory that a training step takes for each pixel of the input, with MobileNetV2 and with ResNet-50 (measured: 3,300
of ResNet-50 with two checkpointed stages)."""
_TAKEN = 1.5e9
"""Bytes of the process, the weights and the optimizer."""
_SMALLEST_OBJECT = 8.0


def choose_batch(stats: DataStats, machine: Machine, size: Size) -> tuple[int, list[Choice]]:
    """As large as the memory allows, up to what is usual, and so that an epoch has several updates."""
    usual = 16 if machine.gpus else 4 if size[0] * size[1] <= 512 * 512 else 2
    memory = min(machine.gpus) if machine.gpus else machine.memory
    needed = _BYTES_OF_A_PIXEL[is_large(machine)] * size[0] * size[1]
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


def choose_augmentation(stats: DataStats, size: Size) -> list[Choice]:
    """A moderate jitter that makes no object smaller than the network can see; never upside down."""
    boxes = stats.scaled(size)
    small = float(np.percentile(sides(boxes), 10)) if len(boxes) else 32.0
    low = round(float(np.clip(_SMALLEST_OBJECT / small, 0.8, 1.0)), 2)
    reason = (
        f"Images are scaled by {low:g} to 1.25 in half of the cases: one object in ten is smaller than {small:.0f} px"
    )
    reason += ", which are not to vanish." if low > 0.8 else ", large enough for it."
    return [
        Choice("data.augment.flip", 0.5, "Left and right are exchanged in half of the cases; up and down never are."),
        Choice("data.augment.scale", 0.5, reason),
        Choice("data.augment.scale_range", [low, 1.25]),
        Choice("data.augment.rotation", 0.1),
    ]


def choose_training(stats: DataStats, machine: Machine, batch_size: int) -> list[Choice]:
    """Epochs from a least number of updates; the optimizer that was measured for the backbone."""
    images, classes = max(1, len(stats.sizes)), len(stats.names)
    wanted = UPDATES + min(UPDATES_OF_A_CLASS * classes, MOST_FOR_CLASSES)
    in_epoch = max(1, images // batch_size)
    epochs = int(np.clip(math.ceil(wanted / in_epoch), LEAST_EPOCHS, MOST_EPOCHS))
    updates = epochs * in_epoch
    every = max(1, epochs // _VALIDATIONS)
    reason = f"{images:,} images give {in_epoch:,} updates an epoch; {updates:,} updates in all, since fine-tuning to "
    reason += f"{classes} classes needs at least {wanted:,}."
    return [
        Choice("trainer.epochs", epochs, reason),
        Choice("trainer.validate_every", every, f"{math.ceil(epochs / every)} validations in the run."),
        Choice("trainer.log_every", 50),
        *_precision(machine),
        *_optimizer(machine, batch_size),
        Choice("trainer.schedule.name", "cosine"),
        Choice(
            "trainer.schedule.warmup_steps", min(500, max(50, updates // 20)), "A twentieth of the run, 500 at most."
        ),
    ]


def _precision(machine: Machine) -> list[Choice]:
    if not machine.bf16:
        return [Choice("trainer.precision", "float32", "This machine has no bfloat16: converting would cost time.")]
    return [Choice("trainer.precision", "mixed_bfloat16", "This machine computes in bfloat16, about twice as fast.")]


def _optimizer(machine: Machine, batch_size: int) -> list[Choice]:
    if is_large(machine):
        rate = 0.02 * batch_size / 16
        reason = f"SGD with torchvision's 0.02 for 16 images, scaled to {batch_size}."
        name, clip = "sgd", 10.0
    else:
        rate = 0.001 * math.sqrt(batch_size / 4)
        reason = f"AdamW as in configs/pets.json, 0.001 for 4 images, by the root of {batch_size} / 4."
        name, clip = "adamw", 1.0
    return [
        Choice("trainer.optimizer.name", name, reason),
        Choice("trainer.optimizer.learning_rate", float(f"{rate:.2g}")),
        Choice("trainer.optimizer.clip_norm", clip),
    ]
