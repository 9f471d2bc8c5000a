"""Objects as an image of their numbers: one object for each pixel."""

from collections import Counter
from collections.abc import Sequence

import numpy as np

from base import rle
from data_loader.records import ImageRecord

_HIDDEN = "object that lost pixels to a smaller one: an index image has one object for each pixel"
_LOST = "object hidden by smaller ones altogether, left out: an index image has one object for each pixel"
_CROWD = "crowd: its pixels are void where no object is"
_IGNORED = "object with ignored pixels: they are void, and belong to no object"
_TOO_MANY = "object beyond the {most} that an index image of this format has, left out: the smallest of its image"


def painted(record: ImageRecord, most: int, void: int) -> tuple[np.ndarray, np.ndarray, Counter[str]]:
    """Draws the objects of an image, smaller ones over larger ones, so that as few as possible vanish.

    Args:
        record: the image.
        most: number of objects that fit.
        void: value of pixels that do not count: crowds, and objects' ignored pixels.

    Returns:
        (h, w) int32 number of the object from 1 in the order of the record, 0 background, or `void`; the same with
        classes; what is lost.
    """
    areas = [rle.area(found.mask) for found in record.objects]
    objects = [index for index, found in enumerate(record.objects) if not found.crowd]
    objects.sort(key=lambda index: -areas[index])
    kept = sorted(objects[:most])
    number_of = {index: number for number, index in enumerate(kept, 1)}
    numbers = np.zeros((record.height, record.width), np.int32)
    for found in record.objects:
        if found.crowd:
            numbers[rle.decode(found.mask) != 0] = void
    for index in objects[:most]:
        found = record.objects[index]
        numbers[rle.decode(found.mask) != 0] = number_of[index]
        if found.ignored is not None:
            numbers[rle.decode(found.ignored) != 0] = void
    lost = Counter({_CROWD: len(record.objects) - len(objects), _TOO_MANY.format(most=most): len(objects) - len(kept)})
    return numbers, _classes(numbers, record, kept, void), +(lost + _covered(numbers, record, kept, void))


def _classes(numbers: np.ndarray, record: ImageRecord, kept: Sequence[int], void: int) -> np.ndarray:
    of_number = np.zeros(max(void, len(kept)) + 1, np.int32)
    of_number[1 : len(kept) + 1] = [record.objects[index].category for index in kept]
    of_number[void] = void
    return of_number[numbers]


def _covered(numbers: np.ndarray, record: ImageRecord, kept: Sequence[int], void: int) -> Counter[str]:
    seen = np.bincount(numbers.reshape(-1), minlength=len(kept) + 1)
    lost: Counter[str] = Counter()
    for number, index in enumerate(kept, 1):
        found = record.objects[index]
        own = rle.decode(found.mask) != 0
        if found.ignored is not None:
            own &= rle.decode(found.ignored) == 0
            lost[_IGNORED] += 1
        if not seen[number]:
            lost[_LOST] += 1
        elif seen[number] < own.sum():
            lost[_HIDDEN] += 1
    return lost
