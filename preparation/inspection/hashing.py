"""Images that look the same, though resized or compressed again: a perceptual hash, and its near neighbors.

The hash is 63 signs of the lowest frequencies (pHash). Pairs at a Hamming distance of at most 11 are found by
multi-index hashing (Norouzi et al. 2012): of four bands of 16 bits, one then differs in 2 bits at most. Each such pair
is confirmed by the correlation of two small gray copies, for images of one kind (scans, plates) have near hashes.

`I` images.
"""

from collections.abc import Iterator
from itertools import chain

import cv2
import numpy as np

THUMBNAIL = 32
"""Side of the gray copies in pixels."""
FARTHEST = 11
"""Hamming distance up to which two hashes are compared further."""
LEAST_CORRELATION = 0.98
"""Of the gray copies of two images that are one."""

_BLOCK = 8
_BANDS, _BITS = 4, 16
_FLIPS = (0, *(1 << i for i in range(_BITS)), *((1 << i) | (1 << j) for i in range(_BITS) for j in range(i)))
"""At most 2 bits of a band."""
_MOST_IN_BAND = 32
_CHUNK, _BATCH = 1 << 20, 1 << 12
_FLAT = 2.0
"""Standard deviation, in gray levels, below which a gray copy shows nothing to correlate."""


def gray_copy(image: np.ndarray) -> np.ndarray:
    """(h, w, 3) uint8 RGB → (32, 32) uint8."""
    gray = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    return cv2.resize(gray, (THUMBNAIL, THUMBNAIL), interpolation=cv2.INTER_AREA)


def perceptual_hash(gray: np.ndarray) -> int:
    """(32, 32) uint8 → 63 bits: which of the lowest frequencies but the mean are above their median."""
    frequencies = cv2.dct(gray.astype(np.float32))[:_BLOCK, :_BLOCK].ravel()[1:]
    bits = frequencies > np.median(frequencies)
    return int.from_bytes(np.packbits(bits).tobytes(), "big")


def near_pairs(hashes: np.ndarray, grays: np.ndarray) -> np.ndarray:
    """Pairs that connect the images which look the same: of a set of copies each with its first one.

    Of hashes that share a band each is compared with the next 32 at most: in a film of one scene all are still found,
    as a chain of neighbors.

    Args:
        hashes: (I,) uint64.
        grays: (I, 32, 32) uint8.

    Returns:
        (P, 2) int64, the first image of a set and another one; see `groups`.
    """
    unique, first, inverse = np.unique(hashes, return_index=True, return_inverse=True)
    labels = np.arange(len(hashes))
    for pairs in chain(_same_hashes(first, inverse, grays), (first[found] for found in _near_hashes(unique))):
        for start in range(0, len(pairs), _BATCH):
            part = pairs[start : start + _BATCH]
            apart = part[labels[part[:, 0]] != labels[part[:, 1]]]
            if len(apart):
                labels = _joined(labels, apart[_look_the_same(grays, apart)])
    others = np.flatnonzero(labels != np.arange(len(labels)))
    return np.stack([labels[others], others], axis=1)


def groups(count: int, pairs: np.ndarray) -> list[list[int]]:
    """The connected sets of two or more of `count` images, each sorted, in the order of their first images."""
    parent = list(range(count))

    def root(index: int) -> int:
        while parent[index] != index:
            parent[index] = parent[parent[index]]
            index = parent[index]
        return index

    for one, other in pairs.tolist():
        low, high = sorted((root(one), root(other)))
        parent[high] = low
    members: dict[int, list[int]] = {}
    for index in sorted({index for pair in pairs.tolist() for index in pair}):
        members.setdefault(root(index), []).append(index)
    return list(members.values())


def _same_hashes(first: np.ndarray, inverse: np.ndarray, grays: np.ndarray) -> Iterator[np.ndarray]:
    """Images of one hash: each with the first of them, and with the next brighter one."""
    yield np.stack([first[inverse], np.arange(len(inverse))], axis=1)
    order = np.lexsort((grays.mean(axis=(1, 2)) if len(grays) else inverse, inverse))
    neighbors = np.stack([order[:-1], order[1:]], axis=1)
    yield neighbors[inverse[neighbors[:, 0]] == inverse[neighbors[:, 1]]]


def _joined(labels: np.ndarray, pairs: np.ndarray) -> np.ndarray:
    """The label of each image, that of the first one of its set, when the images of each pair are in one set."""
    labels = labels.copy()
    while True:
        one, other = labels[pairs[:, 0]], labels[pairs[:, 1]]
        if (one == other).all():
            return labels
        low = np.minimum(one, other)
        np.minimum.at(labels, one, low)
        np.minimum.at(labels, other, low)
        while (labels[labels] != labels).any():
            labels = labels[labels]


def _near_hashes(unique: np.ndarray) -> Iterator[np.ndarray]:
    """Pairs of positions in `unique`, (P, 2) each, at most `FARTHEST` bits apart."""
    for band in range(_BANDS):
        values = ((unique >> np.uint64(band * _BITS)) & np.uint64((1 << _BITS) - 1)).astype(np.int64)
        order = np.argsort(values, kind="stable")
        starts = np.searchsorted(values[order], np.arange((1 << _BITS) + 1))
        following = np.empty_like(order)
        following[order] = np.arange(1, len(order) + 1)
        for flipped in _FLIPS:
            wanted = values ^ flipped
            low = starts[wanted] if flipped else following
            yield from _close(unique, order, low, np.clip(starts[wanted + 1] - low, 0, _MOST_IN_BAND))


def _close(unique: np.ndarray, order: np.ndarray, low: np.ndarray, counts: np.ndarray) -> Iterator[np.ndarray]:
    """Of each position the `counts` ones from `low` in `order` that are near enough, in chunks of bounded size."""
    ends = np.cumsum(counts)
    start = 0
    while start < len(counts):
        before = int(ends[start - 1]) if start else 0
        stop = max(start + 1, int(np.searchsorted(ends, before + _CHUNK, "right")))
        part = counts[start:stop]
        one = np.repeat(np.arange(start, stop), part)
        steps = np.arange(len(one)) - np.repeat(np.cumsum(part) - part, part)
        other = order[low[one] + steps]
        near = np.bitwise_count(unique[one] ^ unique[other]) <= FARTHEST
        nearest_first = np.argsort(steps[near], kind="stable")  # the others are in one set with them by then
        yield np.stack([one[near], other[near]], axis=1)[nearest_first]
        start = stop


def _look_the_same(grays: np.ndarray, pairs: np.ndarray) -> np.ndarray:
    """(P,) whether the gray copies correlate; two flat ones are the same where their mean is."""
    one, other = (grays[pairs[:, side]].reshape(len(pairs), grays[0].size).astype(np.float32) for side in (0, 1))
    means = one.mean(axis=1), other.mean(axis=1)
    spread = one.std(axis=1), other.std(axis=1)
    product = ((one - means[0][:, None]) * (other - means[1][:, None])).mean(axis=1)
    flat = np.maximum(*spread) < _FLAT
    correlated = product >= LEAST_CORRELATION * spread[0] * spread[1]
    return np.where(flat, np.abs(means[0] - means[1]) < _FLAT, correlated)
