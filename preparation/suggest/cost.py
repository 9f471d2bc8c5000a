"""What a training costs on a machine: seconds and bytes for each pixel of the input, and what they allow."""

import numpy as np

from preparation.suggest.machine import MANY_CORES, Machine
from preparation.suggest.stats import SplitStats

SECONDS = 75 * 60.0
"""How long the shortest useful training may take; images are as large as that allows."""
UPDATES = 3000
"""Updates that fine-tuning needs at least."""
LEAST_EPOCHS, MOST_EPOCHS = 10, 300

_FEW_IMAGES = 1000
"""On coco128, four epochs of each: frozen stages and statistics had the lower loss, and 2.8 images/s instead of 2.2."""
_CORE_SECONDS = {False: 2.9e-6, True: 13e-6}
"""Of one core for a pixel of a training image: MobileNetV2 with narrow heads takes two cores 0.38 s for 512×512 pixels,
ResNet-50 with the usual heads 1.7 s, both in float32."""
_GPU_SECONDS = 1e-7
"""Of a GPU: ten images of 800×1344 in a second."""
_BF16 = 0.5
"""Part of these times where bfloat16 is native."""
_SMALLEST = 256 * 256
"""A budget is never below this: a run with more images takes longer instead."""


def is_large(machine: Machine) -> bool:
    """Whether the machine trains ResNet-50 with heads of the usual width."""
    return bool(machine.gpus) or machine.cores >= MANY_CORES


def has_few_images(stats: SplitStats) -> bool:
    """Whether the training images are too few to train all of a backbone on them."""
    return len(stats.sizes) < _FEW_IMAGES


def usual_batch(machine: Machine) -> int:
    """Images of a step where neither memory nor the number of images limits it."""
    return 16 if machine.gpus else 4


def images_seen(images: int, batch_size: int) -> int:
    """Images of the shortest useful training, each counted as often as it is seen."""
    return max(UPDATES * batch_size, LEAST_EPOCHS * images)


def seconds(images: int, pixels: int, machine: Machine) -> float:
    """How long so many images of so many pixels train."""
    of_a_pixel = _GPU_SECONDS if machine.gpus else _CORE_SECONDS[is_large(machine)] / machine.cores
    return images * pixels * of_a_pixel * (_BF16 if machine.bf16 and is_large(machine) and not machine.gpus else 1.0)


def pixel_budget(images: int, machine: Machine, batch_size: int | None = None) -> int:
    """Pixels of an input with which the shortest useful training of so many images takes `SECONDS`.

    Args:
        images: of the training split.
        machine: that trains.
        batch_size: of the training; None for the usual one.
    """
    affordable = SECONDS / seconds(images_seen(images, batch_size or usual_batch(machine)), 1, machine)
    return int(np.clip(affordable, _SMALLEST, _most_pixels(machine)))


def _most_pixels(machine: Machine) -> int:
    """That a network like this is usually trained with, or that one image of leaves memory for others."""
    if machine.gpus:
        gigabytes = min(machine.gpus) / 1e9
        return 800 * 1344 if gigabytes > 15 else 640 * 1088 if gigabytes > 7.5 else 512 * 512
    return 800 * 1088 if is_large(machine) else 640 * 640
