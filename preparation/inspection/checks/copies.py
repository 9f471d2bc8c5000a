"""Checks of images that are there twice: in one split, and in several, which makes results lie."""

from collections.abc import Iterator

import numpy as np

from preparation.inspection.finding import Example, Finding, Place, Severity, first, plural
from preparation.inspection.hashing import THUMBNAIL, groups, near_pairs
from preparation.inspection.inspection import Inspection

_SHOWN = 4


def check_copies(inspection: Inspection, allow_leakage: bool) -> Iterator[Finding]:
    """Copies within a split, byte for byte or nearly the same, and copies across splits."""
    places = [Place(split, i) for split, facts in inspection.splits.items() for i in range(len(facts.records))]
    sets = _copies(inspection, places)
    across = [group for group in sets if len({place.split for place in group}) > 1]
    if across:
        yield _leakage(inspection, across, "warning" if allow_leakage else "error")
    for split in inspection.splits:
        within = [[place for place in group if place.split == split] for group in sets]
        within = [group for group in within if len(group) > 1]
        if within:
            yield _within(inspection, split, within)


def _copies(inspection: Inspection, places: list[Place]) -> list[list[Place]]:
    """Sets of images that are the same or look the same."""
    looks = [look for facts in inspection.splits.values() for look in facts.looks]
    by_digest: dict[bytes, int] = {}
    same = [(by_digest.setdefault(look.digest, i), i) for i, look in enumerate(looks) if look.digest]
    seen = np.array([i for i, look in enumerate(looks) if look.gray is not None], np.int64)
    hashes = np.array([looks[i].hash for i in seen], np.uint64)
    grays = np.array([looks[i].gray for i in seen], np.uint8).reshape(-1, THUMBNAIL, THUMBNAIL)
    near = seen[near_pairs(hashes, grays)]
    exact = np.array([pair for pair in same if pair[0] != pair[1]], np.int64).reshape(-1, 2)
    found = groups(len(looks), np.concatenate([exact, near.reshape(-1, 2)]))
    return [[places[index] for index in group] for group in found]


def _leakage(inspection: Inspection, sets: list[list[Place]], severity: Severity) -> Finding:
    counts = {
        split: sum(place.split == split for group in sets for place in group)
        for split in inspection.splits
        if split != "train"
    }
    named = [(split, count) for split, count in counts.items() if count]
    where = " and ".join(plural(count, f"image of {split}", f"images of {split}") for split, count in named)
    return Finding(
        "images in several splits",
        severity,
        len(sets),
        f"{where} are in another split too, the same or nearly (resized, compressed again): results on them would "
        "be better than on new images.",
        "Take them out of one of the splits, or divide by what they have in common (film, patient, place). If that "
        "is meant: --allow-leakage.",
        first([_example(inspection, group) for group in sets]),
    )


def _within(inspection: Inspection, split: str, sets: list[list[Place]]) -> Finding:
    surplus = sum(len(group) - 1 for group in sets)
    return Finding(
        f"images twice in {split}",
        "warning",
        surplus,
        f"{plural(surplus, 'image')} of {split} the same as another one there, or nearly.",
        "Take them out: they count twice, and their annotations may disagree.",
        first([_example(inspection, group) for group in sets]),
    )


def _example(inspection: Inspection, group: list[Place]) -> Example:
    one_each: dict[str, Place] = {}
    for place in group:
        one_each.setdefault(place.split, place)
    shown = [*one_each.values(), *(place for place in group if place not in one_each.values())]
    names = [f"{place.split}: {inspection.splits[place.split].records[place.image].path.name}" for place in shown]
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return Example(" = ".join(names[:_SHOWN]) + more, tuple(shown[:2]))
