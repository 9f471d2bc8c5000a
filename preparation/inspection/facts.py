"""What is measured of a data set: each image decoded once, in threads."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice

import numpy as np

from base import rle
from data_loader.cores import usable_cores
from data_loader.errors import DataError
from data_loader.images import decode_rgb, read_bytes
from data_loader.instance_data import InstanceData
from data_loader.records import ImageRecord
from preparation.inspection.hashing import gray_copy, perceptual_hash
from preparation.inspection.objects import Objects, join, measure_objects
from utils.progress import ImageProgress

LEAST_OVERLAP = 0.95
"""Mask IoU from which two annotations of an image are one."""
_AHEAD = 64


@dataclass(frozen=True)
class Problem:
    """Why an image cannot be trained on: a few words for its kind, and what was found."""

    kind: str
    reason: str


@dataclass(frozen=True)
class Overlap:
    """Two annotations with the same pixels: the image's position in the split, and theirs in the image."""

    image: int
    places: tuple[int, int]
    iou: float


@dataclass(frozen=True)
class Look:
    """What an image looks like.

    Attributes:
        digest: of the file's bytes; empty where the file cannot be read.
        hash: see `hashing.perceptual_hash`.
        gray: see `hashing.gray_copy`.
        problem: why it cannot be trained on; `hash` and `gray` mean nothing then.
    """

    digest: bytes
    hash: int = 0
    gray: np.ndarray | None = None
    problem: Problem | None = None


@dataclass(frozen=True)
class SplitFacts:
    """One split of `I` images with `N` objects.

    Attributes:
        records: its images.
        sizes: (I, 2) height and width in pixels.
        looks: of each image.
        objects: of all images.
        overlaps: annotations with the same pixels.
    """

    records: Sequence[ImageRecord]
    sizes: np.ndarray
    looks: Sequence[Look]
    objects: Objects
    overlaps: Sequence[Overlap]

    @property
    def counts(self) -> np.ndarray:
        """(I,) objects of each image, crowds not counted."""
        return np.bincount(self.objects.single.image, minlength=len(self.records))

    @property
    def empty(self) -> np.ndarray:
        """Positions of the images without any object."""
        return np.flatnonzero(np.bincount(self.objects.image, minlength=len(self.records)) == 0)


def splits_of(data: InstanceData) -> dict[str, Sequence[ImageRecord]]:
    """The splits of a prepared data set; a test split that is the validation's is none."""
    splits = {name: data.records(name) for name in ("train", "val", "test")}
    if splits["test"] == splits["val"]:
        del splits["test"]
    return splits


def measure(data: InstanceData) -> dict[str, SplitFacts]:
    """Reads, decodes and measures every image of every split; shows how far it is."""
    splits = splits_of(data)
    places = [(name, index) for name, records in splits.items() for index in range(len(records))]
    found: Mapping[str, list] = {name: [] for name in splits}
    with ThreadPoolExecutor(usable_cores()) as pool, ImageProgress("reading images", len(places)) as progress:
        rows = _in_order(pool, lambda place: _image(splits[place[0]][place[1]], place[1]), places)
        for (name, _), row in zip(places, rows, strict=True):
            found[name].append(row)
            progress.advance()
    return {name: _split(splits[name], rows) for name, rows in found.items()}


def _in_order(pool: ThreadPoolExecutor, work, items: Sequence) -> Iterator:
    """As `pool.map`, with a bounded number of results that wait."""
    waiting, rest = [], iter(items)
    waiting.extend(pool.submit(work, item) for item in islice(rest, _AHEAD))
    while waiting:
        yield waiting.pop(0).result()
        waiting.extend(pool.submit(work, item) for item in islice(rest, 1))


def _split(records: Sequence[ImageRecord], rows: Sequence[tuple[Look, Objects, list[Overlap]]]) -> SplitFacts:
    return SplitFacts(
        records=records,
        sizes=np.array([(record.height, record.width) for record in records], np.int64).reshape(-1, 2),
        looks=[look for look, _, _ in rows],
        objects=join([objects for _, objects, _ in rows]),
        overlaps=[overlap for _, _, overlaps in rows for overlap in overlaps],
    )


def _image(record: ImageRecord, index: int) -> tuple[Look, Objects, list[Overlap]]:
    objects = measure_objects(record, index)
    return _look(record), objects, _overlaps(record, objects, index)


def _look(record: ImageRecord) -> Look:
    digest = b""
    try:
        content = read_bytes(record.path)
        digest = hashlib.blake2b(content, digest_size=16).digest()
        image = decode_rgb(content, str(record.path))
    except DataError as error:
        return Look(digest, problem=Problem("cannot be decoded", str(error)))
    size = (record.height, record.width)
    if image.shape[:2] != size:
        reason = f"{record.path}: annotated for {size}, the image is {image.shape[:2]} (height, width)."
        return Look(digest, problem=Problem("has another size", reason))
    gray = gray_copy(image)
    return Look(digest, perceptual_hash(gray), gray)


def _overlaps(record: ImageRecord, objects: Objects, index: int) -> list[Overlap]:
    """Pairs of objects, no crowds, whose masks are the same but for a few pixels; areas are compared first."""
    found = []
    for one in np.flatnonzero(~objects.crowd).tolist():
        others = np.arange(one + 1, len(objects))
        areas = objects.areas[one], objects.areas[others]
        alike = np.minimum(*areas) >= LEAST_OVERLAP * np.maximum(*areas)
        others = others[alike & ~objects.crowd[others]].tolist()
        if others:
            masks = [record.objects[other].mask for other in others]
            ious = rle.overlaps([record.objects[one].mask], masks, [False] * len(masks))[0]
            pairs = zip(others, ious.tolist(), strict=True)
            found += [Overlap(index, (one, other), iou) for other, iou in pairs if iou >= LEAST_OVERLAP]
    return found
