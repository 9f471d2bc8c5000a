"""What the choices depend on: the image sizes, objects or labels of the training images. `N` objects, `I` images."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from base import rle
from base.batch import Size
from data_loader.records import ImageRecord


@dataclass(frozen=True, kw_only=True)
class SplitStats(ABC):
    """What is known of every split of `I` images with `K` classes.

    Attributes:
        sizes: (I, 2) height and width of the images in pixels.
        names: of the classes 1…K.
    """

    sizes: np.ndarray
    names: tuple[str, ...]

    @property
    @abstractmethod
    def images_of_classes(self) -> np.ndarray:
        """(K,) images that each class is in."""

    def fits(self, input_size: Size) -> np.ndarray:
        """(I,) the factor by which each image is resized to fit the network's input."""
        return (np.array(input_size, np.float64) / self.sizes).min(axis=1)


@dataclass(frozen=True, kw_only=True)
class LabelStats(SplitStats):
    """Plain arrays of one split with labels.

    Attributes:
        images_with: (K,) images that each class is in.
        weights: (K + 1,) of the labels by median frequency, see `models.losses.class_weights`.
    """

    images_with: np.ndarray
    weights: np.ndarray

    @property
    def images_of_classes(self) -> np.ndarray:
        """(K,) images that each class is in."""
        return self.images_with


@dataclass(frozen=True, kw_only=True)
class DataStats(SplitStats):
    """Plain arrays of one split with objects.

    Attributes:
        boxes: (N, 4) xyxy in pixels of the files, without crowds.
        classes: (N,) 1…K.
        image: (N,) the image of each object, 0…I - 1.
        crowds: (I,) crowd regions of each image.
    """

    boxes: np.ndarray
    classes: np.ndarray
    image: np.ndarray
    crowds: np.ndarray

    @classmethod
    def of(cls, records: Sequence[ImageRecord], names: Sequence[str]) -> "DataStats":
        """The arrays of a split's records; objects without a pixel are left out."""
        objects = [
            (rle.xywh(item.mask), item.category, index)
            for index, record in enumerate(records)
            for item in record.objects
            if not item.crowd and rle.area(item.mask)
        ]
        boxes = np.array([box for box, _, _ in objects], np.float64).reshape(-1, 4)
        boxes[:, 2:] += boxes[:, :2]
        return cls(
            boxes=boxes,
            classes=np.array([category for _, category, _ in objects], np.int64),
            image=np.array([index for _, _, index in objects], np.int64),
            sizes=np.array([(record.height, record.width) for record in records], np.int64).reshape(-1, 2),
            crowds=np.array([sum(item.crowd for item in record.objects) for record in records], np.int64),
            names=tuple(names),
        )

    @property
    def counts(self) -> np.ndarray:
        """(I,) objects of each image, crowds not counted."""
        return np.bincount(self.image, minlength=len(self.sizes))

    @property
    def images_of_classes(self) -> np.ndarray:
        """(K,) images that each class is in."""
        pairs = np.unique(np.stack([self.classes, self.image], axis=1), axis=0)
        return np.bincount(pairs[:, 0], minlength=len(self.names) + 1)[1:]

    def scaled(self, input_size: Size) -> np.ndarray:
        """(N, 4) boxes in pixels of the network's input."""
        return self.boxes * self.fits(input_size)[self.image, None]


def sides(boxes: np.ndarray) -> np.ndarray:
    """(N,) the root of each box's area."""
    return np.sqrt((boxes[:, 2:] - boxes[:, :2]).prod(axis=1))


def ratios(boxes: np.ndarray) -> np.ndarray:
    """(N,) height / width of each box."""
    return (boxes[:, 3] - boxes[:, 1]) / (boxes[:, 2] - boxes[:, 0])


def extents(boxes: np.ndarray) -> np.ndarray:
    """(N,) how much of a box there is to see: its side, or twice its short side where that is less (a thin one)."""
    return np.minimum(sides(boxes), 2 * (boxes[:, 2:] - boxes[:, :2]).min(axis=1))
