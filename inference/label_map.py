"""From a network's labels to the labels of an image, in the image's own pixels.

The Predictor and the evaluator of mean IoU share this, so what is measured is what is predicted.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import cv2
import numpy as np

from base import rle
from base.batch import IGNORE, Size, category_ids_of
from base.index_images import index_png
from base.labels import BACKGROUND, check_class_count, check_labels
from base.letterbox import Letterbox, resize_labels
from base.runs import Crop
from inference.drawing import Look, overlay
from inference.outputs.style import Style
from inference.palettes import PaletteName, label_palette
from inference.result import Result
from inference.soft_labels import SoftLabels
from utils.registry import nearest


@dataclass(frozen=True, repr=False)
class LabelMap(Result):
    """The label of each pixel of one image.

    Attributes:
        labels: (height, width) uint8: 0 background, 1…K; 255 for ignored pixels, which only ground truth has.
        names: names of the classes 1…K.
        category_ids: the data set's own ids of the classes 1…K; 1…K where none are given.

    Raises:
        ValueError: the labels are no such array.
    """

    labels: np.ndarray
    names: tuple[str, ...]
    category_ids: tuple[int, ...] = ()

    saved = ("overlay", "labels")
    unit = None

    def __post_init__(self) -> None:
        check_class_count(self.names)
        check_labels(self.labels, len(self.names), "the labels of an image")
        object.__setattr__(self, "category_ids", category_ids_of(self.names, self.category_ids))

    def __str__(self) -> str:
        lines = [f"{self.size[1]}×{self.size[0]} pixels"]
        lines += [f"  {name} {share:.1%}" for name, share in self.shares.items()]
        return "\n".join(lines)

    __repr__ = __str__

    @property
    def size(self) -> Size:
        """Height and width of the image."""
        return self.labels.shape[0], self.labels.shape[1]

    @property
    def shares(self) -> dict[str, float]:
        """Name → share of the pixels, for all labels that occur, the largest first; ignored pixels are not counted."""
        counts = self.amounts()
        return {name: count / counts.total() for name, count in counts.most_common()}

    def mask(self, name: str) -> np.ndarray:
        """(height, width) bool: where the label is this class, or `"background"`.

        Raises:
            ValueError: there is no such class.
        """
        if name in self.names:
            return self.labels == self.names.index(name) + 1
        if name == BACKGROUND:
            return self.labels == 0
        near = nearest(name, self.names)
        hint = f'; did you mean "{near}"?' if near else ""
        raise ValueError(f'there is no class "{name}"{hint} The classes are: {", ".join(self.names)}')

    def resized(self, size: Size) -> "LabelMap":
        """At another size, each pixel with the label of the nearest one."""
        return replace(self, labels=resize_labels(self.labels, size))

    def draw(self, image: np.ndarray, palette: PaletteName = "distinct", **look: Any) -> np.ndarray:
        """The image (height, width, 3) uint8 RGB with the classes over it and their names.

        Args:
            image: left as it is.
            palette: colors of the classes, see `inference.palettes.label_palette`.
            look: `gray`, `labels` and all else of `inference.drawing.Look`; there are no boxes and scores to draw.

        Raises:
            ValueError: the image is of another size, or there is no such palette.
        """
        if image.shape[:2] != self.size:
            raise ValueError(f"the image is {image.shape}; these labels are of one with (height, width) {self.size}")
        shown = [label for label in np.unique(self.labels).tolist() if label]
        masks = [self.labels == label for label in shown]
        colors = label_palette(palette, self.names)[[*range(1, len(self.names) + 1), IGNORE]]
        classes = np.array([label if label != IGNORE else len(self.names) + 1 for label in shown], int)
        chosen = replace(Look(**look), color="class", boxes=False, palette=colors)
        boxes = np.array([_largest_part(mask) for mask in masks], float).reshape(-1, 4)
        crops = [Crop(mask, 0, 0) for mask in masks]
        return overlay(image, boxes, classes, (*self.names, "ignored"), crops, look=chosen)

    def styled(self, image: np.ndarray, style: Style) -> np.ndarray:
        """As `draw`, by the options of outputs."""
        return self.draw(image, style.palette, **style.look())

    def chosen(self, score: float, classes: Sequence[str], most: int | None) -> "LabelMap":
        """With background in place of all other classes; labels have no scores and no number."""
        if not classes:
            return self
        kept = [0, IGNORE, *(number for number, name in enumerate(self.names, 1) if name in classes)]
        return replace(self, labels=np.where(np.isin(self.labels, kept), self.labels, np.uint8(0)))

    def amounts(self) -> Counter[str]:
        """Name → number of pixels, for all labels that occur, the background included."""
        counts = np.bincount(self.labels.reshape(-1), minlength=256)[:IGNORE]
        return Counter({self._name(label): int(counts[label]) for label in np.flatnonzero(counts).tolist()})

    def colored(self, palette: PaletteName = "distinct") -> np.ndarray:
        """(height, width, 3) uint8 RGB: the color of each pixel's label.

        Raises:
            ValueError: there is no such palette.
        """
        return label_palette(palette, self.names)[self.labels]

    def to_png(self, palette: PaletteName = "distinct") -> bytes:
        """The content of a PNG that has the labels as indices, with this palette.

        With `"voc"` it is of the form of VOC's SegmentationClass, with `"cityscapes"` its colors are those of
        Cityscapes.

        Raises:
            ValueError: there is no such palette.
        """
        return index_png(self.labels, label_palette(palette, self.names))

    def to_coco(self, image_id: int) -> list[dict[str, Any]]:
        """The result format of COCO's stuff segmentation: for each class that occurs its pixels as compressed RLE.

        Each has `image_id`, `category_id` (the data set's own) and `segmentation`. No pixel is in two of them; those
        of the background are in none.
        """
        masks = rle.encode_values(self.labels)
        return [
            {"image_id": image_id, "category_id": self.category_ids[label - 1], "segmentation": mask}
            for label, mask in masks.items()
            if label != IGNORE
        ]

    def to_json(self) -> dict[str, Any]:
        """See `Result.to_json`."""
        masks = rle.encode_values(self.labels)
        return {"size": list(self.size), "masks": {str(label): mask["counts"] for label, mask in masks.items()}}

    @classmethod
    def from_json(cls, values: Mapping[str, Any], names: tuple[str, ...], category_ids: tuple[int, ...]) -> "LabelMap":
        """See `Result.from_json`."""
        labels = np.zeros(values["size"], np.uint8)
        for label, counts in values["masks"].items():
            labels[rle.decode({"size": values["size"], "counts": counts}) != 0] = int(label)
        return cls(labels, names, category_ids)

    def _name(self, label: int) -> str:
        return self.names[label - 1] if label else BACKGROUND


def label_map_of(
    predicted: Mapping[str, np.ndarray], geometry: Letterbox, names: tuple[str, ...], category_ids: Sequence[int] = ()
) -> LabelMap:
    """Maps the labels of one image back to the image's own size.

    Where the network gave `probabilities`, these are resized, bilinear, and the most probable class is taken: outlines
    are then as smooth as the image is large. Else it is the label of the nearest pixel.

    Args:
        predicted: of this image alone, in pixels of the input: `labels` (H, W) int, or `probabilities` (H, W, K + 1).
        geometry: how the image was resized.
        names: of the classes 1…K.
        category_ids: the data set's own ids of the classes; 1…K where none are given.

    Raises:
        ValueError: a label is not in 0…K, or a probability not finite.
    """
    if "probabilities" in predicted:
        labels = SoftLabels.of(predicted["probabilities"], geometry, len(names)).labels()
        return LabelMap(labels, names, tuple(category_ids))
    height, width = geometry.size
    inside = predicted["labels"][:height, :width]
    if inside.size and not (inside.min() >= 0 and inside.max() <= len(names)):
        raise ValueError(f"labels from {inside.min()} to {inside.max()} were predicted for {len(names)} classes")
    labels = resize_labels(inside.astype(np.uint8), geometry.original)
    return LabelMap(labels, names, tuple(category_ids))


def to_resize(predictions: Mapping[str, np.ndarray], soft: bool) -> dict[str, np.ndarray]:
    """What of the predictions `label_map_of` takes: the probabilities where they are wanted and there, else the labels.

    Raises:
        ValueError: there is neither.
    """
    key = "probabilities" if soft and "probabilities" in predictions else "labels"
    if key not in predictions:
        raise ValueError(f"received the predictions {sorted(predictions)}: a semantic segmentation needs `labels`")
    return {key: predictions[key]}


def label_map_of_results(
    results: Iterable[Mapping[str, Any]], size: Size, names: tuple[str, ...], category_ids: Sequence[int] = ()
) -> LabelMap:
    """What gave these results of one image, see `LabelMap.to_coco`; where masks overlap, the later one counts.

    Args:
        results: with `category_id`, one of `category_ids`, and `segmentation`, an RLE of the image's size.
        size: height and width of the image.
        names: of the classes 1…K.
        category_ids: the data set's own ids of the classes; 1…K where none are given.
    """
    ids = category_ids_of(names, category_ids)
    labels = np.zeros(size, np.uint8)
    for one in results:
        labels[rle.decode(one["segmentation"]) != 0] = ids.index(one["category_id"]) + 1
    return LabelMap(labels, names, ids)


def _largest_part(mask: np.ndarray) -> tuple[int, int, int, int]:
    """The box xyxy of the largest connected region, where the name of the class is written."""
    _, _, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8))
    left, top, width, height, _ = stats[1 + int(stats[1:, cv2.CC_STAT_AREA].argmax())].tolist()
    return left, top, left + width, top + height
