"""One annotation file in COCO's format → records, and what in it is broken.

What makes the whole file useless is a `DataError`; a broken image or annotation is a `BadItem`, and left out.
"""

import json
import logging
import math
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from base import rle
from data_loader.coco.segmentation import pack_polygons, to_rle
from data_loader.cores import usable_cores
from data_loader.errors import DataError
from data_loader.images import image_size, turned_hint
from data_loader.json_file import read_json
from data_loader.records import ImageRecord, ObjectRecord
from data_loader.validation import BadItem, UnusableError

_LOGGER = logging.getLogger("maskeras")
_LISTS = ("images", "annotations", "categories")
_HIGHEST_ID = 1 << 62
_LONGEST_NAME = 255


@dataclass(frozen=True)
class CocoFile:
    """The three lists of an annotation file, the categories as id → name, polygons packed (`pack_polygons`).

    `to_records` puts None in the place of each annotation that it has converted: all of COCO's would be gigabytes.
    """

    path: Path
    categories: Mapping[int, str]
    images: Sequence[Any]
    annotations: list[Any]


@dataclass(frozen=True)
class _Image:
    """A usable image: its id in the file, and its size in pixels."""

    number: int
    path: Path
    height: int
    width: int


def read_coco(path: Path) -> CocoFile:
    """Reads the file and its categories.

    Raises:
        DataError: it is missing, is no JSON object with `images`, `annotations` and `categories`, or its categories
            have no names and ids of their own.
    """
    content = read_json(path, _LISTS, pack_polygons)
    lists: dict[str, Any] = content if _is_object(content) else {}
    missing = [key for key in _LISTS if not isinstance(lists.get(key), list)]
    if missing:
        raise DataError(f"{path}: needs the lists {', '.join(_LISTS)}; it lacks {', '.join(missing)}.")
    return CocoFile(path, _categories(path, lists["categories"]), lists["images"], lists["annotations"])


def _categories(path: Path, listed: Sequence[Any]) -> dict[int, str]:
    found: dict[int, str] = {}
    for item in listed:
        number: Any
        number, name = (item.get("id"), item.get("name")) if _is_object(item) else (None, None)
        if not (_is_id(number) and isinstance(name, str) and name.strip() and _is_text(name)):
            raise DataError(f"{path}: a category needs an id, a whole number, and a name; received {_shown(item)}.")
        if number in found or name in found.values():
            raise DataError(f"{path}: the category {_shown(item)} has the id or the name of another one.")
        found[number] = name
    if not found:
        raise DataError(f"{path}: the list of categories is empty.")
    return found


def to_records(file: CocoFile, folder: Path, taken: set[int]) -> tuple[list[ImageRecord], list[BadItem], list[BadItem]]:
    """The usable images of a file with their usable annotations.

    Args:
        file: an annotation file; its annotations are None afterwards.
        folder: that the `file_name` of each image is below.
        taken: image ids of other files; an image with one of these gets the next free one.

    Returns:
        Records in the file's order, with the data set's category ids; broken images; broken annotations.
    """
    with ThreadPoolExecutor(usable_cores()) as pool:
        looked = list(pool.map(lambda item: _image(item, folder, file.path.name), file.images))
    bad_images = [item for item in looked if isinstance(item, BadItem)]
    images: dict[int, _Image] = {}
    for item in looked:
        if isinstance(item, _Image) and images.setdefault(item.number, item) is not item:
            bad_images.append(BadItem(f"{file.path.name} image {item.number}", "id given twice", item.path.name))
    bad_images += _take_out_twins(images, file.path.name)
    objects, bad_annotations = _objects(file, images)
    ids = _free_ids(images, taken)
    records = [
        ImageRecord(image.path, ids[number], image.height, image.width, tuple(objects[number]))
        for number, image in images.items()
    ]
    return records, bad_images, bad_annotations


def _take_out_twins(images: dict[int, _Image], where: str) -> list[BadItem]:
    """Takes out images whose file an image before has."""
    first: dict[Path, int] = {}
    bad = []
    for number, image in list(images.items()):
        if first.setdefault(image.path, number) != number:
            reason = f"{image.path.name} is the file of image {first[image.path]}; its annotations are left out with it"
            bad.append(BadItem(f"{where} image {number}", "file given twice", reason))
            del images[number]
    return bad


def _objects(file: CocoFile, images: Mapping[int, _Image]) -> tuple[Mapping[int, list[ObjectRecord]], list[BadItem]]:
    """Image id → its objects, and the broken annotations; those of an image that is left out are not looked at."""
    listed = {item["id"] for item in file.images if _is_object(item) and _is_id(item.get("id"))}
    _warn_of_twice(file)
    objects: dict[int, list[ObjectRecord]] = defaultdict(list)
    bad = []
    for position, item in enumerate(file.annotations):
        file.annotations[position] = None
        try:
            number = _image_of(item, listed)
            if number in images:
                objects[number].append(_object(item, images[number], file.categories))
        except UnusableError as broken:
            name = item.get("id", f"at position {position}") if _is_object(item) else f"at position {position}"
            bad.append(BadItem(f"{file.path.name} annotation {_shown(name)}", broken.kind, str(broken)))
    return objects, bad


def _warn_of_twice(file: CocoFile) -> None:
    """Nothing here needs the ids of annotations, so none is lost; pycocotools keeps the last of an id only."""
    given = Counter(item["id"] for item in file.annotations if _is_object(item) and _is_id(item.get("id")))
    twice = [number for number, count in given.items() if count > 1]
    if twice:
        _LOGGER.warning(
            "%s: %d annotation ids are given several times, such as %d; all of these annotations are kept.",
            *(file.path.name, len(twice), twice[0]),
        )


def _image(item: Any, folder: Path, where: str) -> _Image | BadItem:
    try:
        return _checked_image(item, folder)
    except UnusableError as broken:
        name = item.get("file_name") or item.get("id") if _is_object(item) else item
        return BadItem(f"{where} image {_shown(name)}", broken.kind, str(broken))


def _checked_image(item: Any, folder: Path) -> _Image:
    if not _is_object(item) or not _is_id(item.get("id")) or not isinstance(item.get("file_name"), str):
        raise UnusableError("image without id or file_name", _shown(item))
    name = PurePosixPath(item["file_name"])
    if name.is_absolute() or ".." in name.parts or not _is_file_name(item["file_name"]):
        raise UnusableError("no name of a file in the folder", _shown(item["file_name"]))
    path = folder / name
    try:
        size = image_size(path)
    except DataError as error:
        raise UnusableError("image missing or broken", str(error)) from error
    given = item.get("height"), item.get("width")
    claimed = tuple(of_file if side is None else side for side, of_file in zip(given, size, strict=True))
    if claimed != size:
        hint = turned_hint(claimed, path, size)
        reason = f"annotated for {_shown(claimed)}, the file has {size} (height, width){hint}"
        raise UnusableError("image of another size", reason)
    return _Image(item["id"], path, *size)


def _image_of(item: Any, listed: set[Any]) -> int:
    if not _is_object(item) or not _is_id(item.get("image_id")) or item["image_id"] not in listed:
        raise UnusableError("annotation of no image", _shown(item.get("image_id") if _is_object(item) else item))
    return item["image_id"]


def _object(item: dict[str, Any], image: _Image, categories: Mapping[int, str]) -> ObjectRecord:
    category: Any = item.get("category_id")
    crowd = item.get("iscrowd", 0)
    if not _is_id(category) or category not in categories:
        raise UnusableError("annotation of no category", _shown(category))
    if crowd not in (0, 1):
        raise UnusableError("iscrowd is neither 0 nor 1", _shown(crowd))
    try:
        mask = to_rle(item.get("segmentation"), image.height, image.width)
    except ValueError as error:
        raise UnusableError("broken segmentation", str(error)) from error
    if not rle.area(mask):
        raise UnusableError("empty mask", "no pixel of the image is in it")
    return ObjectRecord(category, mask, crowd=bool(crowd), box=_box(item.get("bbox")), area=_area(item.get("area")))


def _box(given: Any) -> tuple[float, float, float, float] | None:
    """The box as it is written; NaN where it is none. A wrong box spoils no mask, so it is no broken annotation."""
    if given in (None, []):
        return None
    numbers = given if isinstance(given, list) and len(given) == 4 else [None] * 4
    x, y, width, height = (_number(value) for value in numbers)
    return x, y, width, height


def _area(given: Any) -> float | None:
    return None if given is None else _number(given)


def _number(value: Any) -> float:
    try:
        return float(value) if type(value) in (int, float) else math.nan
    except OverflowError:  # an integer of more digits than a float can hold
        return math.nan


def _free_ids(images: Mapping[int, Any], taken: set[int]) -> dict[int, int]:
    """Id in the file → id in the data set: its own, or the next that no image has."""
    following = max([*images, *taken], default=0) + 1
    ids = {}
    for number in images:
        ids[number] = number
        if number in taken:
            ids[number], following = following, following + 1
    return ids


def _is_object(value: Any) -> bool:
    return isinstance(value, dict)


def _is_id(value: Any) -> bool:
    return type(value) is int and 0 <= value < _HIGHEST_ID


def _is_file_name(text: str) -> bool:
    return _is_text(text) and all(len(part) <= _LONGEST_NAME for part in text.encode().split(b"/"))


def _is_text(text: str) -> bool:
    """Whether a file can hold it: neither NUL nor half of a surrogate pair."""
    try:
        return b"\0" not in text.encode()
    except UnicodeEncodeError:
        return False


def _shown(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=True, default=list)
    return text if len(text) <= 80 else f"{text[:80]}…"
