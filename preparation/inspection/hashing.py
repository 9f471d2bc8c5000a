"""Images that look the same, though resized or compressed again: a perceptual hash, and its near neighbors.

The hash is 63 signs of the lowest frequencies (pHash). Pairs at a Hamming distance of at most 7 are found by
multi-index hashing (Norouzi et al. 2012): of four bands of 16 bits, one then differs in 1 bit at most. Each such pair
is confirmed by the correlation of two small gray copies, for images of one kind (scans, plates) have near hashes.

`I` images.
"""

from collections.abc import Iterator

import cv2
import numpy as np

THUMBNAIL = 32
"""Side of the gray copies in pixels."""
FARTHEST = 7
"""Hamming distance up to which two hashes are compared further."""
LEAST_CORRELATION = 0.98
"""Of the gray copies of two images that are one."""

_BLOCK = 8
_BANDS, _BITS = 4, 16
_MOST_IN_BAND = 256
_CHUNK = 1 << 20
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
    """Pairs of images that look the same.

    A hash that many images have is compared with the others once, and of hashes that share a band each with the next
    256 at most: in a film of one scene all are still found, as a chain of neighbors.

    Args:
        hashes: (I,) uint64.
        grays: (I, 32, 32) uint8.

    Returns:
        (P, 2) int64, the smaller index first, sorted; each pair once.
    """
    unique, first, inverse = np.unique(hashes, return_index=True, return_inverse=True)
    same = np.stack([first[inverse], np.arange(len(hashes))], axis=1)
    pairs = [same[same[:, 0] != same[:, 1]]]
    pairs += [first[found] for found in _near_hashes(unique)]
    found = np.sort(np.concatenate(pairs), axis=1)
    found = np.unique(found, axis=0)
    return found[_look_the_same(grays, found)]


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


def _near_hashes(unique: np.ndarray) -> Iterator[np.ndarray]:
    """Pairs of positions in `unique`, (P, 2) each, at most `FARTHEST` bits apart."""
    for band in range(_BANDS):
        values = (unique >> np.uint64(band * _BITS)).astype(np.uint16)
        order = np.argsort(values, kind="stable")
        ordered = values[order]
        for flipped in (0, *(1 << bit for bit in range(_BITS))):
            wanted = values ^ np.uint16(flipped)
            low = np.searchsorted(ordered, wanted, "left")
            counts = np.minimum(np.searchsorted(ordered, wanted, "right") - low, _MOST_IN_BAND)
            if not flipped:  # the next ones in the same band, itself left out
                place = np.empty_like(order)
                place[order] = np.arange(len(order))
                counts = np.clip(np.searchsorted(ordered, wanted, "right") - place - 1, 0, _MOST_IN_BAND)
                low = place + 1
            yield from _close(unique, order, low, counts)


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
        yield np.stack([one[near], other[near]], axis=1)
        start = stop


def _look_the_same(grays: np.ndarray, pairs: np.ndarray) -> np.ndarray:
    """(P,) whether the gray copies correlate; two flat ones are the same where their mean is."""
    agrees = np.zeros(len(pairs), bool)
    for start in range(0, len(pairs), _CHUNK >> 6):
        part = pairs[start : start + (_CHUNK >> 6)]
        one, other = (grays[part[:, side]].reshape(len(part), -1).astype(np.float32) for side in (0, 1))
        means = one.mean(1), other.mean(1)
        spread = one.std(1), other.std(1)
        product = ((one - means[0][:, None]) * (other - means[1][:, None])).mean(1)
        flat = np.maximum(*spread) < _FLAT
        correlated = product >= LEAST_CORRELATION * spread[0] * spread[1]
        agrees[start : start + len(part)] = np.where(flat, np.abs(means[0] - means[1]) < _FLAT, correlated)
    return agrees
