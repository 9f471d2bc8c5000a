"""What the values of masks are, by a look at some of them."""

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from base.base_data import evenly_spread
from data_loader.errors import DataError
from data_loader.label_map import LABEL_MAP, classes_in
from data_loader.mask_folder.files import Mask
from data_loader.mask_images import has_colors, read_values

_LOGGER = logging.getLogger("maskeras")
_LOOKED_AT = 10
_LOOKED_AT_FOR_LABELS = 200
_MOST_CLASSES = 30
_WHOLE = 0.9
_BORDER, _FACTOR = 255, 1000


def kind_of(root: Path, masks: Sequence[Mask]) -> dict[str, Any]:
    """The keys of the section `data` that masks with one file for an image probably need.

    They have instances where nearly every value is one connected region, and the values of each count from 1 or are too
    many for classes; else a value is a class. Only of masks without colors have the numbers a meaning: class × 1000 +
    number, or 255 for borders.
    """
    paths = [root / mask.path for mask in masks[:_LOOKED_AT]]
    found = {path: values for path in paths if (values := _read(path)) is not None}
    keys = _by_values([*found.values()], colored=any(map(has_colors, found)))
    shown = ", ".join(f"{key} = {value}" for key, value in keys.items())
    _LOGGER.warning("%s: by the first masks, %s: correct that in the config where it is wrong.", root, shown)
    return keys


def labels_in(root: Path, masks: Sequence[Mask]) -> dict[str, Any]:
    """The keys of the section `data` for masks whose values are classes, named by a `labelmap.txt` where there is one.

    Without that file the classes are the values in some of the masks, spread evenly.
    """
    named = classes_in(root / LABEL_MAP)
    if named is not None:
        first = 1 if named.background else 0
        values = list(range(first, first + len(named.classes)))
        return {"kind": "semantic", "names": list(named.classes), "values": values, "ignored": [_BORDER]}
    paths = [root / masks[place].path for place in evenly_spread(len(masks), _LOOKED_AT_FOR_LABELS)]
    found = [values for path in paths if (values := _read(path)) is not None]
    keys = _as_classes(sorted({value for mask in found for value in np.unique(mask).tolist() if value}))
    _LOGGER.warning("%s: by %d of the masks, %s: correct that in the config where it is wrong.", root, len(found), keys)
    return keys


def _read(path: Path) -> np.ndarray | None:
    try:
        return read_values(path)
    except DataError:  # reading the data set reports it
        return None


def _by_values(masks: Sequence[np.ndarray], colored: bool) -> dict[str, Any]:
    of_masks = [[value for value in np.unique(mask).tolist() if value] for mask in masks]
    every = sorted({value for values in of_masks for value in values})
    if not colored and every and min(every) >= _FACTOR and max(every) < _FACTOR**2:
        names = [f"class {number}" for number in range(1, max(every) // _FACTOR + 1)]
        return {"kind": "instances", "class_factor": _FACTOR, "names": names}
    counted = all(values == list(range(1, len(values) + 1)) for values in of_masks)
    if len(every) > 1 and _whole(masks) >= _WHOLE and (counted or len(every) > _MOST_CLASSES):
        return {"kind": "instances"}
    return _as_classes(every, colored)


def _as_classes(every: Sequence[int], colored: bool = False) -> dict[str, Any]:
    border = [_BORDER] if not colored and len(every) > 1 and _BORDER in every else []
    classes = [value for value in every if value not in border]
    names = [f"class {value}" for value in classes] if len(classes) > 1 else ["object"]
    values = {} if classes in ([], [1]) else {"values": classes}
    return {"kind": "semantic", "names": names} | values | ({"ignored": border} if border else {})


def _whole(masks: Sequence[np.ndarray]) -> float:
    """The part of the values that are one connected region in their mask."""
    regions = [
        cv2.connectedComponents((mask == value).astype(np.uint8), connectivity=8)[0] - 1
        for mask in masks
        for value in np.unique(mask)[:_MOST_CLASSES]
        if value
    ]
    return regions.count(1) / max(1, len(regions))
