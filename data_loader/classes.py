"""Which classes of a data set are learned: renamed and merged by `data.label_map`, chosen by `data.classes`."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from data_loader.errors import DataError
from utils.registry import nearest

IGNORED = "ignore"
"""What `data.label_map` names in the place of a class whose pixels count in no loss."""


@dataclass(frozen=True)
class Classes:
    """The choice.

    Attributes:
        names: of the classes 1…K.
        ids: their ids in the data set; a class that is made of several has that of the first one.
        numbers: id in the data set → 1…K; ids that are neither here nor in `ignored` are background.
        ignored: ids of the classes whose pixels count in no loss.
    """

    names: tuple[str, ...]
    ids: tuple[int, ...]
    numbers: Mapping[int, int]
    ignored: frozenset[int]


def chosen_classes(
    categories: Mapping[int, str], label_map: Mapping[str, str | None], wanted: Sequence[str] | None
) -> Classes:
    """Renames, merges and chooses.

    Args:
        categories: id in the data set → name, in the files' order.
        label_map: name in the data set → name that is learned, None for background, `IGNORED`; others stay.
        wanted: names that are learned, in this order, or None for all.

    Raises:
        DataError: a name is not among the categories, is wanted twice, or no class is left.
    """
    for name in label_map:
        _check_known(name, categories.values(), "data.label_map")
    # A class of the data set that is not in the map and has this very name is one like others.
    ignored = frozenset(category for category, name in categories.items() if label_map.get(name) == IGNORED)
    names = {category: label_map.get(name, name) for category, name in categories.items() if category not in ignored}
    ids: dict[str, int] = {}
    for category, name in names.items():
        if name is not None:
            ids.setdefault(name, category)
    found = _selected(ids, wanted)
    if not found:
        raise DataError("data.label_map leaves no class to learn.")
    of_name = {name: number for number, name in enumerate(found, 1)}
    numbers = {category: of_name[name] for category, name in names.items() if name is not None and name in of_name}
    return Classes(tuple(found), tuple(found.values()), numbers, ignored)


def _selected(ids: Mapping[str, int], wanted: Sequence[str] | None) -> dict[str, int]:
    """Name → id of the classes to learn, in their order."""
    if wanted is None:
        return dict(ids)
    for name in wanted:
        _check_known(name, ids, "data.classes")
    if len(set(wanted)) < len(wanted):
        raise DataError(f"data.classes names a class twice: {', '.join(wanted)}.")
    return {name: ids[name] for name in wanted}


def _check_known(name: str, names: Iterable[str], key: str) -> None:
    known = list(names)
    if name not in known:
        near = nearest(name, known)
        hint = f' did you mean "{near}"?' if near else ""
        raise DataError(f'{key}: there is no class "{name}";{hint} The data have: {", ".join(known)}.')
