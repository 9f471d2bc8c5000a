"""The images of a COCO JSON, with their own ids and names; annotations and categories are not needed."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from data_loader.errors import DataError
from data_loader.images import read_bytes
from inference.inputs.files import InputError
from inference.inputs.item import ImageInputs, Item
from inference.inputs.names import unique_stems, well_formed


def coco_images(path: Path, folder: Path | None = None) -> ImageInputs:
    """The list `images` of a COCO JSON, in its order.

    Args:
        path: the JSON.
        folder: that each `file_name` is below; that of the JSON by default.

    Raises:
        InputError: it is no such JSON, an image has no id or name of its own, or none of the files exists.
    """
    listed = _listed(path)
    numbers, names = [item["id"] for item in listed], [item["file_name"] for item in listed]
    for what, values in (("id", numbers), ("file_name", names)):
        if len(set(values)) < len(values):
            twice = next(value for position, value in enumerate(values) if value in values[:position])
            raise InputError(f"{path}: two images have the {what} {twice!r}; results could not be told apart.")
    base = folder or path.parent
    if not any((base / name).is_file() for name in names):
        raise InputError(
            f"{path}: none of its {len(names)} images is below {base}, as {names[0]}: name it by --images."
        )
    rows = zip(names, unique_stems(names), numbers, strict=True)
    items = [Item(well_formed(name), stem, number, base / name) for name, stem, number in rows]
    return ImageInputs(str(path.absolute()), items)


def _listed(path: Path) -> Sequence[dict[str, Any]]:
    try:
        content = json.loads(read_bytes(path))
    except DataError as error:
        raise InputError(str(error)) from error
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path}: is no whole JSON file ({error}).") from None
    images = content.get("images") if isinstance(content, dict) else None
    if not isinstance(images, list) or not images:
        raise InputError(f"{path}: has no images; a COCO JSON has a list `images` with `id` and `file_name`.")
    for item in images:
        right = isinstance(item, dict) and type(item.get("id")) is int and isinstance(item.get("file_name"), str)
        if not right or not item["file_name"].strip():
            raise InputError(f"{path}: an image needs an `id`, a whole number, and a `file_name`: {str(item)[:80]}")
    return images
