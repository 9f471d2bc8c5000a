"""The rows of the classes in the last layers of the heads, from one set of classes to another.

Alphabet: `K` our classes without background.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from models.weights.config import nearest_names
from models.weights.design import Design
from models.weights.errors import WeightsError


def class_rows(classes: Sequence[str], taken: Mapping[str, str], design: Design) -> list[int | None]:
    """For each of our classes the number of the published class whose rows it takes; None for random rows.

    Args:
        classes: ours, 1…K.
        taken: ours → name of a class of the design.
        design: whose rows.

    Raises:
        WeightsError: `taken` names a class that is not among ours.
    """
    for own in taken:
        if own not in classes:
            raise WeightsError(
                f'model.pretrained.classes: received "{own}", which is no class of the data; '
                f"{nearest_names(own, classes)}"
            )
    return [design.classes[taken[own]] if own in taken else None for own in classes]


def with_rows(
    arrays: Mapping[str, np.ndarray], current: Mapping[str, np.ndarray], rows: Sequence[int | None], design: Design
) -> dict[str, np.ndarray]:
    """The same arrays with heads for our classes: the background's row, and for each class the one it takes.

    Args:
        arrays: path → value, with heads for the classes of the design.
        current: path → value of our network: what a class without a row keeps. A head that our network or, if it is
            optional, the file has not is left as it is.
        rows: as `class_rows` gives them.
        design: whose heads.

    Raises:
        WeightsError: the heads have other rows than the design, or read other features than ours.
    """
    ours = dict(arrays)
    for head in design.heads:
        lacking = head.paths[0] not in current or (head.optional and head.paths[0] not in arrays)
        if lacking:
            continue
        taken = [0, *rows] if head.background else [None if row is None else row - 1 for row in rows]
        number = design.rows - (not head.background)
        for path in head.paths:
            source = _checked(path, arrays.get(path), (*current[path].shape[:-1], number * head.width), design)
            ours[path] = _rows(source, current[path], taken, head.width)
    return ours


def _checked(path: str, source: np.ndarray | None, shape: tuple[int, ...], design: Design) -> np.ndarray:
    if source is None or source.shape != shape:
        found = "is not there" if source is None else f"is {source.shape}"
        raise WeightsError(
            f"model.pretrained.classes: {path} {found}, and {design.data}'s rows for this network are {shape}. Leave "
            f"model.pretrained.classes out for random heads, or take weights of {design.data}'s {design.rows} rows and "
            "heads of the same width"
        )
    return source


def _rows(source: np.ndarray, target: np.ndarray, taken: list[int | None], width: int) -> np.ndarray:
    theirs = source.reshape(*source.shape[:-1], -1, width)
    ours = target.reshape(*target.shape[:-1], -1, width).copy()
    for place, row in enumerate(taken):
        if row is not None:
            ours[..., place, :] = theirs[..., row, :]
    return ours.reshape(target.shape)
