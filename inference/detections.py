"""From the network's detections to the objects of an image, in the image's own pixels.

The Predictor and the COCO evaluator share this, so what is measured is what is predicted.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from base import rle
from base.batch import Size, category_ids_of
from base.letterbox import Letterbox
from base.rle import Rle
from base.runs import Crop, encode_crop, tight_crop
from inference import conversions
from inference.drawing import Look, overlay
from inference.outputs.style import Style
from inference.paste import paste_crop
from inference.result import Result
from utils.registry import nearest

KEYS = ("boxes", "scores", "classes", "masks")
"""What a network for instance segmentation predicts, see `base/batch.py`."""


@dataclass(frozen=True, repr=False)
class Detections(Result):
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

    saved = ("overlay", "coco")
    unit = "object"

    def __post_init__(self) -> None:
        object.__setattr__(self, "category_ids", category_ids_of(self.names, self.category_ids))

    def __len__(self) -> int:
        return len(self.scores)

    def __str__(self) -> str:
        lines = [f"{len(self)} object{'s' * (len(self) != 1)} in {self.size[1]}×{self.size[0]} pixels"]
        for name, score, box in zip(self.class_names, self.scores, self.boxes.round().astype(int), strict=True):
            lines.append(f"  {name} {score:.2f} at {', '.join(map(str, box))}")
        return "\n".join(lines)

    __repr__ = __str__

    @property
    def class_names(self) -> list[str]:
        """The name of each object's class."""
        return [self.names[int(label) - 1] for label in self.classes]

    @property
    def areas(self) -> np.ndarray:
        """(N,) int64: the pixels of each mask."""
        return np.array([rle.area(mask) for mask in self.masks], np.int64)

    def pixels(self) -> np.ndarray:
        """(N, height, width) uint8, 1 where the object is; for large images see `crops`."""
        return np.stack([rle.decode(mask) for mask in self.masks]) if len(self) else np.zeros((0, *self.size), np.uint8)

    def crops(self) -> list[Crop]:
        """The pixels of each mask inside its tight box, and where that is: as much memory as the objects need."""
        return [tight_crop(mask) for mask in self.masks]

    def take(self, index: np.ndarray | Sequence[int]) -> "Detections":
        """Those at these positions, in this order."""
        chosen = np.asarray(index, np.intp)
        masks = tuple(self.masks[int(position)] for position in chosen)
        arrays = {key: getattr(self, key)[chosen] for key in ("boxes", "scores", "classes")}
        return replace(self, masks=masks, **arrays)

    def at_least(self, score: float) -> "Detections":
        """Those with this score or a higher one."""
        return self.take(np.flatnonzero(self.scores >= score))

    def best(self, count: int) -> "Detections":
        """The first `count`."""
        return self.take(np.arange(min(count, len(self))))

    def of_classes(self, *names: str) -> "Detections":
        """Those of these classes.

        Raises:
            ValueError: there is no such class.
        """
        for name in names:
            if name not in self.names:
                near = nearest(name, self.names)
                hint = f'; did you mean "{near}"?' if near else ""
                raise ValueError(f'there is no class "{name}"{hint} The classes are: {", ".join(self.names)}')
        return self.take(np.flatnonzero(np.isin(self.classes, [self.names.index(name) + 1 for name in names])))

    def within(self, box: Sequence[float]) -> "Detections":
        """Those whose box has its center in this box, xyxy in pixels."""
        x0, y0, x1, y1 = box
        x, y = ((self.boxes[:, :2] + self.boxes[:, 2:]) / 2).T
        return self.take(np.flatnonzero((x >= x0) & (x < x1) & (y >= y0) & (y < y1)))

    def of_area(self, least: float = 0, most: float = float("inf")) -> "Detections":
        """Those whose mask has from `least` to `most` pixels."""
        areas = self.areas
        return self.take(np.flatnonzero((areas >= least) & (areas <= most)))

    def draw(self, image: np.ndarray, **look: Any) -> np.ndarray:
        """The image (height, width, 3) uint8 RGB with masks, boxes and labels over it.

        Args:
            image: left as it is.
            look: `color="instance"` or `"class"`, `gray`, `boxes`, `labels`, `scores`, see `inference.drawing.Look`.

        Raises:
            ValueError: the image is of another size.
        """
        self._check(image)
        return overlay(image, self.boxes, self.classes, self.names, self.crops(), self.scores, Look(**look))

    def styled(self, image: np.ndarray, style: Style) -> np.ndarray:
        """As `draw`, by the options of outputs."""
        return self.draw(image, **style.look())

    def chosen(self, score: float, classes: Sequence[str], most: int | None) -> "Detections":
        """Those of at least this score, of these classes, the best ones."""
        found = self.at_least(score)
        found = found.of_classes(*classes) if classes else found
        return found if most is None else found.best(most)

    def amounts(self) -> Counter[str]:
        """Class → number of objects."""
        return Counter(self.class_names)

    def crop(self, image: np.ndarray, pad: int = 0) -> list[np.ndarray]:
        """Each object by itself: uint8 RGBA (h, w, 4), transparent around it; an empty mask gives no pixel,
        whatever `pad`.

        Args:
            image: (height, width, 3) uint8 RGB.
            pad: pixels beyond the mask's tight box on each side, as far as the image has them.

        Raises:
            ValueError: the image is of another size.
        """
        self._check(image)
        cut = []
        for mask in self.masks:
            pixels, left, top = tight_crop(mask, pad)
            height, width = pixels.shape
            cut.append(np.dstack([image[top : top + height, left : left + width], pixels * np.uint8(255)]))
        return cut

    def to_coco(self, image_id: int) -> list[dict[str, Any]]:
        """In COCO's result format, ready for `json.dump`; see `inference.conversions.to_coco`."""
        return conversions.to_coco(self, image_id)

    def to_json(self) -> dict[str, Any]:
        """See `Result.to_json`; a float32 is written so that the same float32 is read."""
        return {
            "size": list(self.size),
            "boxes": self.boxes.astype(float).tolist(),
            "scores": self.scores.astype(float).tolist(),
            "classes": self.classes.tolist(),
            "masks": [mask["counts"] for mask in self.masks],
        }

    @classmethod
    def from_json(
        cls, values: Mapping[str, Any], names: tuple[str, ...], category_ids: tuple[int, ...]
    ) -> "Detections":
        """See `Result.from_json`."""
        return cls(
            (values["size"][0], values["size"][1]),
            names,
            np.array(values["boxes"], np.float32).reshape(-1, 4),
            np.array(values["scores"], np.float32),
            np.array(values["classes"], int),
            tuple({"size": values["size"], "counts": counts} for counts in values["masks"]),
            category_ids,
        )

    def to_index(self, by_class: bool = False) -> np.ndarray:
        """(height, width) int32: 0 the background, else the number of the object, 1…N, or of its class, 1…K.

        Where objects overlap the better one is on top.
        """
        index = np.zeros(self.size, np.int32)
        for number, crop in reversed(list(enumerate(self.crops(), 1))):
            height, width = crop.pixels.shape
            area = index[crop.top : crop.top + height, crop.left : crop.left + width]
            area[crop.pixels != 0] = self.classes[number - 1] if by_class else number
        return index

    def to_supervision(self) -> Any:
        """A `supervision.Detections`; see `inference.conversions.to_supervision`."""
        return conversions.to_supervision(self)

    def to_pandas(self) -> Any:
        """A `pandas.DataFrame` with a row for each object; see `inference.conversions.to_pandas`."""
        return conversions.to_pandas(self)

    def _check(self, image: np.ndarray) -> None:
        if image.shape[:2] != self.size:
            raise ValueError(f"the image is {image.shape}; these objects are of one with (height, width) {self.size}")


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
    boxes, scores, classes, soft = checked(predicted, geometry, len(names))
    size = geometry.original
    masks = tuple(
        encode_crop(paste_crop(mask, box, size, mask_threshold), size) for mask, box in zip(soft, boxes, strict=True)
    )
    return Detections(size, names, boxes, scores, classes, masks, tuple(category_ids))


def checked(
    predicted: Mapping[str, np.ndarray], geometry: Letterbox, num_classes: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Boxes in the image's own pixels, scores, classes and probabilities of all objects, padding left out.

    Raises:
        ValueError: a box or score is not finite, or there is no such class.
    """
    kept = np.flatnonzero(predicted["classes"] != 0)
    boxes = geometry.to_original(predicted["boxes"][kept])
    scores, classes = predicted["scores"][kept].astype(np.float32), predicted["classes"][kept].astype(int)
    if not (np.isfinite(boxes).all() and np.isfinite(scores).all()):
        raise ValueError("a box or score is not finite: did the training diverge?")
    if len(classes) and not (classes.min() >= 1 and classes.max() <= num_classes):
        raise ValueError(f"the classes are {sorted(set(classes.tolist()))}; there are 1…{num_classes}")
    return boxes, scores, classes, predicted["masks"][kept]
