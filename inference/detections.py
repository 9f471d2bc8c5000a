"""From the network's detections to the objects of an image, in the image's own pixels.

The Predictor and the COCO evaluator share this, so what is measured is what is predicted.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from base import rle
from base.batch import category_ids_of
from base.letterbox import Letterbox, Size
from base.rle import Rle
from inference.drawing import overlay
from inference.paste import paste_mask

KEYS = ("boxes", "scores", "classes", "masks")
"""What a network for instance segmentation predicts, see `base/batch.py`."""


@dataclass(frozen=True)
class Detections:
    """The objects of one image, in its own pixels, the best first.

    Attributes:
        size: height and width of the image.
        names: names of the classes 1…K.
        boxes: (N, 4) float32 xyxy.
        scores: (N,) float32 in 0…1.
        classes: (N,) int 1…K.
        masks: N compressed masks (COCO's RLE) of the image's size; `base.rle.decode` gives pixels.
        category_ids: the data set's own ids of the classes 1…K; 1…K where none are given.
    """

    size: Size
    names: tuple[str, ...]
    boxes: np.ndarray
    scores: np.ndarray
    classes: np.ndarray
    masks: tuple[Rle, ...]
    category_ids: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "category_ids", category_ids_of(self.names, self.category_ids))

    def __len__(self) -> int:
        return len(self.scores)

    def __str__(self) -> str:
        lines = [f"{len(self)} object{'s' * (len(self) != 1)} in {self.size[1]}×{self.size[0]} pixels"]
        for name, score, box in zip(self.class_names, self.scores, self.boxes.round().astype(int), strict=True):
            lines.append(f"  {name} {score:.2f} at {', '.join(map(str, box))}")
        return "\n".join(lines)

    @property
    def class_names(self) -> list[str]:
        """The name of each object's class."""
        return [self.names[int(label) - 1] for label in self.classes]

    def pixels(self) -> np.ndarray:
        """(N, height, width) uint8, 1 where the object is."""
        return np.stack([rle.decode(mask) for mask in self.masks]) if len(self) else np.zeros((0, *self.size), np.uint8)

    def at_least(self, score: float) -> "Detections":
        """Those with this score or a higher one."""
        return self.take(np.flatnonzero(self.scores >= score))

    def take(self, index: np.ndarray) -> "Detections":
        """Those at these positions, in this order."""
        masks = tuple(self.masks[int(position)] for position in index)
        arrays = {key: getattr(self, key)[index] for key in ("boxes", "scores", "classes")}
        return replace(self, masks=masks, **arrays)

    def to_coco(self, image_id: int) -> list[dict[str, Any]]:
        """In COCO's result format, ready for `json.dump`: what `loadRes` of pycocotools takes.

        Each has `image_id`, `category_id` (the data set's own), `bbox` xywh in pixels of the image (to 0.01),
        `segmentation`, a compressed RLE with its counts as a string, and `score` (to 1e-6).
        """
        results = []
        for box, score, label, mask in zip(self.boxes, self.scores, self.classes, self.masks, strict=True):
            left, top, right, bottom = (float(corner) for corner in box)
            results.append(
                {
                    "image_id": image_id,
                    "category_id": self.category_ids[int(label) - 1],
                    "bbox": [round(value, 2) for value in (left, top, right - left, bottom - top)],
                    "segmentation": mask,
                    "score": round(float(score), 6),
                }
            )
        return results

    def draw(self, image: np.ndarray) -> np.ndarray:
        """The image (height, width, 3) uint8 RGB with masks, boxes and labels over it."""
        return overlay(image, self.boxes, self.classes, self.names, self.pixels(), self.scores)


def detections_of(
    predicted: Mapping[str, np.ndarray],
    geometry: Letterbox,
    names: tuple[str, ...],
    mask_threshold: float = 0.5,
    category_ids: Sequence[int] = (),
) -> Detections:
    """Maps the detections of one image back: boxes scaled, masks pasted into the image and compressed.

    Args:
        predicted: of this image alone, in pixels of the input: `boxes` (D, 4), `scores` (D,), `classes` (D,) with 0 for
            padding, `masks` (D, M, M) probabilities inside the box.
        geometry: how the image was resized.
        names: of the classes 1…K.
        mask_threshold: a pixel belongs to the object where the pasted probability is above this.
        category_ids: the data set's own ids of the classes; 1…K where none are given.

    Raises:
        ValueError: a box or score is not finite, or there is no such class.
    """
    kept = np.flatnonzero(predicted["classes"] != 0)
    boxes = geometry.to_original(predicted["boxes"][kept])
    scores, classes = predicted["scores"][kept].astype(np.float32), predicted["classes"][kept].astype(int)
    if not (np.isfinite(boxes).all() and np.isfinite(scores).all()):
        raise ValueError("a box or score is not finite: did the training diverge?")
    if len(classes) and not (classes.min() >= 1 and classes.max() <= len(names)):
        raise ValueError(f"the classes are {sorted(set(classes.tolist()))}; there are 1…{len(names)}")
    masks = tuple(
        rle.encode(paste_mask(mask, box, *geometry.original, threshold=mask_threshold))
        for mask, box in zip(predicted["masks"][kept], boxes, strict=True)
    )
    return Detections(geometry.original, names, boxes, scores, classes, masks, tuple(category_ids))
