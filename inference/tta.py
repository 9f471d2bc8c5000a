"""Test-time augmentation: the same window mirrored and smaller, and what was found in all of these views as one result.

Boxes are clustered and averaged as by weighted boxes fusion (Solovyev et al. 2021, https://arxiv.org/abs/1910.13302):
a cluster's box is the mean of its boxes weighted by their scores, and its score their sum over the number of views, so
what only one of two views has keeps half. The masks are averaged as probabilities, pasted into the image, with the same
weights.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product

import numpy as np

from base.batch import Batch, DataSpec, Size
from base.letterbox import Letterbox
from base.rle import Rle
from base.runs import Crop, encode_crop
from base.view import View, Window
from inference.detections import KEYS, Detections, checked
from inference.paste import paste_probabilities


@dataclass(frozen=True)
class Tta:
    """Which views there are besides the image as it is, and when two detections are one object.

    Attributes:
        flip_x: also with left and right exchanged.
        flip_y: also with top and bottom exchanged.
        scales: also at these sizes, between 0 and 1, as a fraction of the size that just fits into the network's input.
            For larger ones than that see `inference.tiling`.
        threshold: from 0 to 1, the intersection over union of a box with that of its cluster.

    Raises:
        ValueError: a value is out of its range.
    """

    flip_x: bool = True
    flip_y: bool = False
    scales: tuple[float, ...] = ()
    threshold: float = 0.55

    def __post_init__(self) -> None:
        if not all(0 < scale < 1 for scale in self.scales):
            raise ValueError(f"Tta received the scales {self.scales}; give numbers between 0 and 1, or use tiles")
        if not 0 < self.threshold <= 1:
            raise ValueError(f"Tta received the threshold {self.threshold}; give more than 0, up to 1")

    def views(self, window: Window) -> list[View]:
        """All views of a window, as it is first."""
        flips_x, flips_y = ((False, True)[: 1 + flip] for flip in (self.flip_x, self.flip_y))
        variants = product((1.0, *dict.fromkeys(self.scales)), flips_y, flips_x)
        return [View(window, flip_x, flip_y, factor) for factor, flip_y, flip_x in variants]


@dataclass
class _Cluster:
    """Detections of one object in several views.

    Attributes:
        label: the class.
        box: (4,) the mean of the boxes, weighted by the scores.
        members: view, box, score and probabilities (M, M).
    """

    label: int
    box: np.ndarray
    members: list[tuple[int, np.ndarray, float, np.ndarray]] = field(default_factory=list)

    def add(self, view: int, box: np.ndarray, score: float, mask: np.ndarray) -> None:
        """Takes one more."""
        self.members.append((view, box, score, mask))
        boxes, scores = (np.array([member[key] for member in self.members], np.float64) for key in (1, 2))
        weights = scores / scores.sum() if scores.sum() > 0 else np.full(len(scores), 1 / len(scores))
        self.box = weights @ boxes if len(boxes) > 1 else boxes[0]

    @property
    def score(self) -> float:
        """The sum of the scores."""
        return sum(member[2] for member in self.members)


def fuse_views(
    found: Sequence[tuple[Mapping[str, np.ndarray], Batch]],
    views: Sequence[View],
    spec: DataSpec,
    tta: Tta,
    mask_threshold: float = 0.5,
) -> Detections:
    """The objects of one window, from what the network found in its views.

    Args:
        found: of each view what the network predicted, and its row of the batch, both with an axis of one image.
        views: of the same window.
        spec: classes.
        tta: has the threshold of the boxes.
        mask_threshold: a pixel belongs to an object where its mean probability is above this.

    Raises:
        ValueError: a box or score is not finite, or there is no such class.
    """
    x0, y0, x1, y1 = views[0].window
    size = (y1 - y0, x1 - x0)
    clusters: list[_Cluster] = []
    for score, view, box, label, mask in sorted(_entries(found, views, spec), key=lambda entry: -entry[0]):
        cluster = _nearest(clusters, view, box, label, tta.threshold)
        if cluster is None:
            cluster = _Cluster(label, box)
            clusters.append(cluster)
        cluster.add(view, box, score, mask)
    clusters.sort(key=lambda one: -one.score)
    clusters = clusters[: found[0][0]["scores"].shape[1]]
    return Detections(
        size,
        spec.classes,
        np.array([one.box for one in clusters], np.float32).reshape(-1, 4),
        np.array([one.score / len(views) for one in clusters], np.float32),
        np.array([one.label for one in clusters], int),
        tuple(_mean_mask(one, size, mask_threshold) for one in clusters),
        spec.category_ids,
    )


def _entries(found: Sequence, views: Sequence[View], spec: DataSpec) -> list[tuple]:
    """Score, number of the view, box, class and probabilities of all detections, in pixels of the window as it is."""
    entries = []
    for number, ((predictions, batch), view) in enumerate(zip(found, views, strict=True)):
        geometry = Letterbox.of(batch, 0)
        boxes, scores, classes, masks = checked({key: predictions[key][0] for key in KEYS}, geometry, spec.num_classes)
        height, width = geometry.original
        if view.flip_x:
            boxes = np.stack([width - boxes[:, 2], boxes[:, 1], width - boxes[:, 0], boxes[:, 3]], axis=1)
        if view.flip_y:
            boxes = np.stack([boxes[:, 0], height - boxes[:, 3], boxes[:, 2], height - boxes[:, 1]], axis=1)
        masks = masks[:, :: -1 if view.flip_y else 1, :: -1 if view.flip_x else 1]
        rows = zip(scores, boxes, classes, masks, strict=True)
        entries += [(float(score), number, box, int(label), mask) for score, box, label, mask in rows]
    return entries


def _nearest(clusters: Sequence[_Cluster], view: int, box: np.ndarray, label: int, threshold: float) -> _Cluster | None:
    """The cluster of this class that overlaps most, and that has none of this view: a view finds an object once."""
    free = [one for one in clusters if one.label == label and all(member[0] != view for member in one.members)]
    overlaps = [_iou(one.box, box) for one in free]
    best = int(np.argmax(overlaps)) if free else -1
    return free[best] if free and overlaps[best] >= threshold else None


def _iou(a: np.ndarray, b: np.ndarray) -> float:
    shared = np.prod(np.maximum(np.minimum(a[2:], b[2:]) - np.maximum(a[:2], b[:2]), 0))
    union = np.prod(a[2:] - a[:2]) + np.prod(b[2:] - b[:2]) - shared
    return float(shared / union) if union > 0 else 0.0


def _mean_mask(cluster: _Cluster, size: Size, threshold: float) -> Rle:
    """The pixels whose mean probability is above the threshold; outside its box a member has the probability 0."""
    crops = [paste_probabilities(mask, box.astype(np.float32), *size) for _, box, _, mask in cluster.members]
    crops_in = [crop for crop in crops if crop.pixels.size]
    if not crops_in:
        return encode_crop(Crop(np.zeros((0, 0), bool), 0, 0), size)
    left, top = min(crop.left for crop in crops_in), min(crop.top for crop in crops_in)
    bottom = max(crop.top + crop.pixels.shape[0] for crop in crops_in)
    right = max(crop.left + crop.pixels.shape[1] for crop in crops_in)
    mean = np.zeros((bottom - top, right - left), np.float32)
    total = cluster.score
    for crop, (_, _, score, _) in zip(crops, cluster.members, strict=True):
        height, width = crop.pixels.shape
        share = np.float32(score / total if total > 0 else 1 / len(crops))
        mean[crop.top - top : crop.top - top + height, crop.left - left : crop.left - left + width] += (
            share * crop.pixels if crop.pixels.size else 0
        )
    return encode_crop(Crop(mean > np.float32(threshold), left, top), size)
