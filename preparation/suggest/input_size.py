"""How large the network's input is: large enough for the objects, small enough for the machine."""

import numpy as np

from base.batch import Size
from preparation.suggest.choice import Choice
from preparation.suggest.cost import SECONDS, pixel_budget
from preparation.suggest.machine import Machine
from preparation.suggest.stats import DataStats, SplitStats, extents, sides

STEP = 32
"""Sides are multiples of it, the stride of C5, so that no level of the pyramid is padded."""
_SMALLEST, _LARGEST = 96, 1344
SMALL_SIDE = 16.0
"""Nine of ten objects should measure this in the input, four cells of P2; half of it across where they are thin."""
HALF_SIDE = 160.0
"""Half of the objects should: that is what configs/pets.json gives a pet, and 192 px instead of 256 cost it AP."""
MOST_UPSCALED = 2.0
"""Images are made larger for small objects by at most this: it adds cells, not detail."""
_SLACK = 1.05
"""A budget is an estimate: a multiple of 32 a little beyond it is allowed."""
_SAMPLE = 2000


def choose_image_size(stats: DataStats, machine: Machine) -> tuple[Size, Choice]:
    """The smallest input that gives the objects enough pixels, else the one that makes the images largest."""
    budget = pixel_budget(len(stats.sizes), machine)
    boxes, owners = _sample(stats)
    candidates = _candidates(stats, budget)
    size, reason = candidates[-1], _limit(budget, machine)
    for candidate in candidates:
        scales = stats.fits(candidate)
        if _enough(boxes * scales[owners, None], float(np.median(scales))):
            size, reason = candidate, "the smallest at which the objects have enough pixels"
            break
    return size, Choice("data.image_size", list(size), _sentence(stats, size, reason))


def choose_own_size(stats: SplitStats, budget: int, machine: Machine) -> tuple[Size, Choice]:
    """The smallest input in which half of the images have their own size, else the one that makes them largest."""
    candidates = _candidates(stats, budget)
    fitting = (size for size in candidates if np.median(stats.fits(size)) >= 1)
    size = next(fitting, None)
    reason = "where half of them keep their size" if size else _limit(budget, machine)
    size = size or candidates[-1]
    return size, Choice("data.image_size", list(size), _sizes(stats, size, reason))


def _limit(budget: int, machine: Machine) -> str:
    return f"what {machine} train in {SECONDS / 60:.0f} minutes or little more ({budget:,} pixels)"


def _enough(boxes: np.ndarray, scale: float) -> bool:
    """Whether small and medium objects have their pixels, or larger images would add none."""
    if not len(boxes):
        return scale >= 1
    small = np.percentile(extents(boxes), 10) >= SMALL_SIDE - 0.01 or scale >= MOST_UPSCALED
    return bool(small and (np.median(sides(boxes)) >= HALF_SIDE or scale >= 1))


def _candidates(stats: SplitStats, budget: int) -> list[Size]:
    """Inputs of ascending area, each with larger images (geometric mean) than any smaller input: the least padding."""
    lengths = np.arange(_SMALLEST, _LARGEST + 1, STEP)
    heights, widths = (grid.ravel() for grid in np.meshgrid(lengths, lengths, indexing="ij"))
    allowed = heights * widths <= _SLACK * budget
    heights, widths = heights[allowed], widths[allowed]
    some = stats.sizes[np.random.default_rng(0).permutation(len(stats.sizes))[:_SAMPLE]]
    sizes, numbers = np.unique(some, axis=0, return_counts=True)
    scales = np.minimum(heights[:, None] / sizes[:, 0], widths[:, None] / sizes[:, 1])
    means = np.average(np.log(scales), axis=1, weights=numbers)
    found: list[Size] = []
    best = -np.inf
    for index in np.lexsort((-means, heights * widths)):
        if means[index] > best + 1e-9:
            best = means[index]
            found.append((int(heights[index]), int(widths[index])))
    return found


def _sample(stats: DataStats) -> tuple[np.ndarray, np.ndarray]:
    """Some objects and their images, enough for percentiles."""
    chosen = np.random.default_rng(0).permutation(len(stats.boxes))[:_SAMPLE]
    return stats.boxes[chosen], stats.image[chosen]


def _sentence(stats: DataStats, size: Size, reason: str) -> str:
    text = _sizes(stats, size, reason)
    if not len(stats.boxes):
        return text
    small, half = np.percentile(sides(stats.scaled(size)), [10, 50])
    return f"{text} One object in ten is smaller than {small:.0f} px there, half are smaller than {half:.0f} px."


def _sizes(stats: SplitStats, size: Size, reason: str) -> str:
    height, width = np.median(stats.sizes, axis=0)
    return f"The images are {width:.0f}×{height:.0f} (median, width×height); {size[1]}×{size[0]} is {reason}."
