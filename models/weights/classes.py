"""The rows of the classes in the last layers of the heads, from one set of classes to another.

Alphabet: `K` our classes without background.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from models.weights.coco import COCO_CLASSES, ROWS
from models.weights.config import nearest_names
from models.weights.errors import WeightsError

_LAYERS = (("box_head/logits", 1, True), ("box_head/deltas", 4, True), ("mask_head/logits", 1, False))
"""Layer, its numbers for a class, and whether it has a row of the background, the first."""

HEADS = tuple(f"{layer}/{leaf}" for layer, _, _ in _LAYERS for leaf in ("kernel", "bias"))
"""Paths of the arrays that have rows of classes."""


def coco_rows(classes: Sequence[str], taken: Mapping[str, str]) -> list[int | None]:
    """For each of our classes the number of the COCO class whose rows it takes; None for randomly initialized rows.

    Args:
        classes: ours, 1…K.
        taken: ours → COCO's name.

    Raises:
        WeightsError: `taken` names a class that is not among ours.
    """
    for own in taken:
        if own not in classes:
            raise WeightsError(
                f'model.pretrained.classes: received "{own}", which is no class of the data; '
                f"{nearest_names(own, tuple(classes))}"
            )
    return [COCO_CLASSES[taken[own]] if own in taken else None for own in classes]


def with_rows(
    arrays: Mapping[str, np.ndarray], current: Mapping[str, np.ndarray], rows: Sequence[int | None]
) -> dict[str, np.ndarray]:
    """The same arrays with heads for our classes: the background's row, and for each class the one it takes.

    Args:
        arrays: path → value, with heads for COCO's classes.
        current: path → value of our network: what a class without a row keeps.
        rows: as `coco_rows` gives them.

    Raises:
        WeightsError: the heads are not COCO's, or read other features than ours.
    """
    ours = dict(arrays)
    for layer, width, background in _LAYERS:
        taken = [0, *rows] if background else [None if row is None else row - 1 for row in rows]
        for path in (f"{layer}/kernel", f"{layer}/bias"):
            ours[path] = _rows(path, arrays.get(path), current[path], taken, width, ROWS - (not background))
    return ours


def _rows(
    path: str, source: np.ndarray | None, target: np.ndarray, taken: list[int | None], width: int, number: int
) -> np.ndarray:
    shape = (*target.shape[:-1], number * width)
    if source is None or source.shape != shape:
        found = "is not there" if source is None else f"is {source.shape}"
        raise WeightsError(
            f"model.pretrained.classes: {path} {found}, and COCO's rows for this network are {shape}. Leave "
            "model.pretrained.classes out for random heads, or take weights of COCO's 91 rows and "
            "heads of the same width"
        )
    theirs = source.reshape(*shape[:-1], number, width)
    ours = target.reshape(*shape[:-1], -1, width).copy()
    for place, row in enumerate(taken):
        if row is not None:
            ours[..., place, :] = theirs[..., row, :]
    return ours.reshape(target.shape)
