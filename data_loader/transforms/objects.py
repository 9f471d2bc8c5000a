"""The objects of an image in the network's input, and what cropping, pasting and erasing leave of them."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np

from base.batch import Sample
from data_loader.transforms.placement import Placement
from data_loader.transforms.warp import tight_box, warp_mask


@dataclass(frozen=True)
class PlacedObject:
    """One object in the network's input.

    Attributes:
        category: 1…K.
        crowd: a region of many objects.
        whole: pixels that it would have if nothing of it were cut off or hidden.
        area: pixels that it has, the ignored ones included.
        crop: (top, left, mask): its mask, cropped to its box; uint8 with 1 object, 0 not, 255 ignored.
    """

    category: int
    crowd: bool
    whole: float
    area: int
    crop: tuple[int, int, np.ndarray]

    @property
    def box(self) -> np.ndarray:
        """(4,) float32 xyxy, tight."""
        top, left, mask = self.crop
        return np.array([left, top, left + mask.shape[1], top + mask.shape[0]], np.float32)

    def shifted(self, top: int, left: int) -> "PlacedObject":
        """So many pixels further down and to the right."""
        return replace(self, crop=(self.crop[0] + top, self.crop[1] + left, self.crop[2]))

    def without(self, hidden: np.ndarray) -> "PlacedObject | None":
        """What is left of it, or None.

        Args:
            hidden: (H, W) uint8, not 0 where something else covers the input.
        """
        top, left, mask = self.crop
        covered = hidden[top : top + mask.shape[0], left : left + mask.shape[1]] != 0
        if not covered.any():
            return self
        rest = cropped(np.where(covered, np.uint8(0), mask), self.category, self.crowd, self.whole)
        return rest and rest.shifted(top, left)

    def has(self, part: float) -> bool:
        """Whether at least this part of it is left; any part of a crowd is enough."""
        return self.crowd or self.area >= part * self.whole


def cropped(mask: np.ndarray, category: int, crowd: bool, whole: float) -> PlacedObject | None:
    """The object of a mask (h, w) that starts in the input's corner; None without a pixel of value 1."""
    left, top, right, bottom = tight_box(mask).astype(int)
    crop = mask[top:bottom, left:right]
    if not (crop == 1).any():
        return None
    return PlacedObject(category, crowd, whole, int(np.count_nonzero(crop)), (int(top), int(left), crop.copy()))


def placed_objects(
    sample: Sample, placement: Placement, min_kept_area: float, chosen: Iterable[int] | None = None
) -> list[PlacedObject]:
    """The objects of a raw sample that are still there; one of which too little is left is dropped.

    Args:
        sample: see `data_loader.records.read_sample`.
        placement: where its image is in the input.
        min_kept_area: the part of an object that must be left; a crowd is never dropped for that.
        chosen: which objects; None: all.
    """
    grown = np.prod(placement.scale)
    objects = []
    for index in range(len(sample["classes"])) if chosen is None else chosen:
        mask = sample["masks"][index]
        whole = grown * np.count_nonzero(mask)
        moved = warp_mask(mask, sample["boxes"][index], placement)
        item = cropped(moved, int(sample["classes"][index]), bool(sample["crowd"][index]), float(whole))
        if item is not None and item.has(min_kept_area):
            objects.append(item)
    return objects
