"""Recognizes images beside masks."""

from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Any

from data_loader.layout import SPLITS, Layout, split_of
from data_loader.mask_folder.files import Mask, images_of, masks_of
from data_loader.mask_folder.kind import kind_of, labels_in

LOOKED_FOR = (
    "folders such as images/ and masks/ with files of equal names, masks/NAME.png, NAME_mask.png, NAME_1.png … or "
    "NAME/*.png (masks beside images)"
)
_IMAGES = ("images", "image", "imgs", "img", "jpegimages", "photos", "inputs", "input")
_MASKS = ("masks", "mask", "instances", "labels", "annotations", "segmentations", "segmentation", "gt", "targets")
_BESIDE = ("{stem}_mask.png", "{stem}_masks.png", "{stem}_instances.png", "{stem}_mask.tif")
_ONE_FILE = ("{stem}.png", *_BESIDE, "{stem}.tif", "{stem}.bmp")
_SEVERAL = ("{stem}/*.png", "{stem}_*.png", "{stem}/{class}/*.png", "{class}/{stem}_*.png", "{class}/{stem}.png")
_LOOKED_AT = 40
_FITTING = 0.5
"""At least this part of the first images must have a mask: those without an object may have none."""


def recognize(layout: Layout) -> dict[str, Any] | None:
    """The patterns of each split, and the kind of the masks; see `data_loader.formats.Format`."""
    if layout.only:
        return None
    best: dict[str, tuple[float, dict[str, str], list[Mask]]] = {}
    for folder, images, masks in dict.fromkeys(_candidates(layout)):
        split = split_of(folder) or "train"
        fitting, listed = _fits(layout, images, masks)
        if fitting >= _FITTING and fitting > best.get(split, (0,))[0]:
            best[split] = fitting, {"images": images, "masks": masks}, listed
    if not best:
        return None
    if "train" not in best:
        best = {"train": best.pop(next(iter(best)))} | best
    found = {split: best[split] for split in SPLITS if split in best}
    sections = {split: patterns for split, (_, patterns, _) in found.items()}
    sections = _without_objects(layout, sections["train"]) | sections
    if any(hole in section["masks"] for section in sections.values() for hole in ("*", "{class}")):
        return sections | {"kind": "objects"}
    listed = [mask for _, _, masks in found.values() for mask in masks]
    return sections | (labels_in(layout.root, listed) if layout.labels else kind_of(layout.root, listed))


def _without_objects(layout: Layout, train: dict[str, str]) -> dict[str, dict[str, str]]:
    """Splits whose images are in a folder like train's, with another word for the split: they may have no mask."""
    found = {}
    parts = PurePosixPath(train["images"]).parts
    for folder in layout.folders:
        split = split_of(folder)
        words = [pair for pair in zip(parts, folder.parts, strict=False) if pair[0] != pair[1]]
        if split in (None, "train") or len(folder.parts) != len(parts) or len(words) != 1 or not layout.images(folder):
            continue
        (own, other), masks = words[0], PurePosixPath(train["masks"]).parts
        if split_of(PurePosixPath(own)) == "train" and own in masks:
            replaced = (other if part == own else part for part in masks)
            found[split] = {"images": str(folder), "masks": str(PurePosixPath(*replaced))}
    return found


def _candidates(layout: Layout) -> Iterator[tuple[PurePosixPath, str, str]]:
    """Folder, pattern for its images, pattern for their masks."""
    for folder in layout.folders:
        if not layout.images(folder):
            continue
        for pattern in _BESIDE:
            yield folder, str(folder), _within(folder, pattern)
        for other in _mask_folders(layout, folder):
            for pattern in (*_ONE_FILE, *_SEVERAL):
                yield folder, str(folder), _within(other, pattern)
        if folder.name.lower() in _IMAGES and len(folder.parts) > 1:
            above = folder.parent.parent  # a folder for each image, as in the Data Science Bowl of 2018
            for name in _MASKS:
                yield above, _within(above, f"*/{folder.name}/*"), _within(above, f"{{stem}}/{name}/*.png")


def _within(folder: PurePosixPath, pattern: str) -> str:
    return str(folder / pattern)


def _mask_folders(layout: Layout, folder: PurePosixPath) -> Iterator[PurePosixPath]:
    """The folder's path with a word for masks in the place of its word for images."""
    for place, part in enumerate(folder.parts):
        for word in _MASKS if part.lower() in _IMAGES else ():
            other = PurePosixPath(*folder.parts[:place], word, *folder.parts[place + 1 :])
            if (layout.root / other).is_dir():
                yield other


def _fits(layout: Layout, images: str, masks: str) -> tuple[float, list[Mask]]:
    """The part of the first images that have a mask, and their masks."""
    found = images_of(layout, images)[:_LOOKED_AT]
    of_stem = masks_of(layout, masks, {path.stem for path in found})
    listed = [mask for path in found for mask in of_stem.get(path.stem, ())]
    taken = {mask.path for mask in listed}
    stems = [path.stem for path in found if path not in taken]
    return sum(stem in of_stem for stem in stems) / max(1, len(stems)), listed
