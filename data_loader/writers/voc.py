"""Writes PASCAL VOC's layout: JPEGImages, SegmentationObject, SegmentationClass, ImageSets/Segmentation, labelmap.txt.

No Annotations/*.xml: they are for boxes; readers of segmentations (ours, torchvision, Datumaro) take the index images.
"""

from collections import Counter
from functools import partial
from pathlib import Path

from base.index_images import index_png, voc_palette
from data_loader.errors import DataError
from data_loader.images import is_jpeg
from data_loader.label_map import LABEL_MAP, label_map_text
from data_loader.writers.index_image import painted
from data_loader.writers.source import Item, Source, copy_image, counted
from utils.files import write_whole

_VOID = 255
IMAGES, CLASSES = "JPEGImages", "SegmentationClass"
_FOLDERS = (IMAGES, "SegmentationObject", CLASSES)
_CATEGORY = "id of a category: VOC numbers the classes from 1"
_IMAGE_ID = "id of an image: VOC has names instead"
NO_JPEG = (
    "image that is no JPEG: VOC knows no other, its bytes are kept under a name with .jpg, which most readers take"
)


def write_voc(source: Source, out: Path) -> Counter[str]:
    """Index images with VOC's palette; names of the classes in `labelmap.txt`, as CVAT and Datumaro write them.

    Raises:
        DataError: there are more classes than an index image has values for.
    """
    if len(source.classes) >= _VOID:
        raise DataError(f"VOC has {_VOID - 1} classes at most, the data {len(source.classes)}: choose by data.classes.")
    for folder in _FOLDERS:
        (out / folder).mkdir()
    lost = Counter({_IMAGE_ID: source.num_images})
    lost[_CATEGORY] = sum(number != place for place, number in enumerate(source.category_ids, 1))
    lost += counted(partial(_image, out=out), source.images)
    write_lists(source, out)
    return +lost


def write_lists(source: Source, out: Path) -> None:
    """The names of each split's images, and those of the classes."""
    for split, items in source.splits.items():
        names = "".join(f"{item.stem}\n" for item in items)
        write_whole(out / "ImageSets" / "Segmentation" / f"{split}.txt", names)
    write_whole(out / LABEL_MAP, label_map_text(source.classes))


def _image(item: Item, out: Path) -> Counter[str]:
    copy_image(item, out / IMAGES / f"{item.stem}.jpg")
    objects, classes, lost = painted(item.record, _VOID - 1, _VOID)
    for folder, indices in zip(_FOLDERS[1:], (objects, classes), strict=True):
        (out / folder / f"{item.stem}.png").write_bytes(index_png(indices, voc_palette()))
    lost[NO_JPEG] += not is_jpeg(item.record.path)
    return lost
