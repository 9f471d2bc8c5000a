"""The letterbox: an image of any size in the network's input, resized to fit, in the top left corner.

Training, evaluation, prediction and serving share it. Sizes are (height, width) in pixels; a pixel's center is at +0.5.
"""

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np

from base.batch import Batch, Size


@dataclass(frozen=True)
class Letterbox:
    """Where an image is in the network's input.

    Attributes:
        original: size of the image itself.
        size: size of the image inside the input; the rest, at the bottom and right, is padding.
    """

    original: Size
    size: Size

    @property
    def scale(self) -> tuple[float, float]:
        """Factors (x, y) from pixels of the input to the image's own."""
        return self.original[1] / self.size[1], self.original[0] / self.size[0]

    def to_original(self, boxes: np.ndarray) -> np.ndarray:
        """Boxes (…, 4) xyxy in pixels of the input → float32 in the image's own pixels."""
        return boxes.astype(np.float32) * np.tile(np.array(self.scale, np.float32), 2)

    def arrays(self) -> dict[str, np.ndarray]:
        """The keys of the batch contract that hold this: `image_size`, `original_size`, `scale_to_original`."""
        return {
            "image_size": np.array(self.size, np.int32),
            "original_size": np.array(self.original, np.int32),
            "scale_to_original": np.array(self.scale, np.float32),
        }

    @classmethod
    def of(cls, batch: Batch, row: Any) -> "Letterbox":
        """That of one image of a batch of an evaluation."""
        original, size = batch["original_size"][row], batch["image_size"][row]
        return cls((int(original[0]), int(original[1])), (int(size[0]), int(size[1])))


def fit(original: Size, input_size: Size, factor: float = 1.0) -> Letterbox:
    """The letterbox of an image that just fits into `input_size`, times `factor`; keeps the aspect ratio.

    Sides are rounded to whole pixels, at least 1. With a factor above 1 the result is larger than `input_size`.
    """
    scale = factor * min(input_size[0] / original[0], input_size[1] / original[1])
    return Letterbox(original, (max(1, round(original[0] * scale)), max(1, round(original[1] * scale))))


def letterbox(image: np.ndarray, input_size: Size, factor: float = 1.0) -> tuple[np.ndarray, Letterbox]:
    """Resizes an image to fit into the network's input and pads it with zeros at the bottom and right.

    Args:
        image: (h, w, 3) uint8.
        input_size: (H, W).
        factor: up to 1; how large it is, as a fraction of the size that just fits.

    Returns:
        (H, W, 3) uint8, and where the image is in it.

    Raises:
        ValueError: it is not a uint8 image of three channels.
    """
    check_rgb(image)
    geometry = fit((image.shape[0], image.shape[1]), input_size, factor)
    return pad(resize(image, geometry.size), input_size), geometry


def check_rgb(image: np.ndarray) -> None:
    """Refuses what is no image for a network.

    Raises:
        ValueError: it is not (h, w, 3) of uint8, or empty.
    """
    if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8 or not image.size:
        raise ValueError(f"received {image.dtype} {image.shape}; give an RGB image (h, w, 3) of uint8")


def resize(image: np.ndarray, size: Size) -> np.ndarray:
    """(h, w, …) → (*size, …): averages where it shrinks, else interpolates linearly."""
    if image.shape[:2] == size:
        return image
    shrinks = size[0] < image.shape[0]
    return cv2.resize(image, size[::-1], interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR)


def resize_labels(labels: np.ndarray, size: Size) -> np.ndarray:
    """(h, w) of class numbers → (*size,) with the nearest pixel's."""
    return cv2.resize(labels, size[::-1], interpolation=cv2.INTER_NEAREST_EXACT)


def pad(image: np.ndarray, input_size: Size, value: int = 0) -> np.ndarray:
    """(h, w, …) → (*input_size, …) with `value` at the bottom and right."""
    padded = np.full((*input_size, *image.shape[2:]), value, image.dtype)
    padded[: image.shape[0], : image.shape[1]] = image
    return padded
