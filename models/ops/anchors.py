"""Anchors: the boxes which the region proposal network starts from (Faster R-CNN, Ren et al. 2015, section 3.1.1).

Alphabet: `A` anchors of one level, `R` boxes per cell. Boxes `xyxy` in pixels of the network's input.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


def _base_anchors(sizes: Sequence[float], aspect_ratios: Sequence[float]) -> np.ndarray:
    """Boxes around the origin, rounded to whole pixels: float32 (R, 4), sizes changing fastest."""
    root = np.sqrt(np.asarray(aspect_ratios, np.float32))
    scales = np.asarray(sizes, np.float32)
    heights = (root[:, None] * scales[None, :]).reshape(-1)
    widths = ((1 / root)[:, None] * scales[None, :]).reshape(-1)
    # numpy and torch both round halves to even, which the agreement with torchvision rests on.
    return np.round(np.stack([-widths, -heights, widths, heights], axis=1) / 2)


@dataclass(frozen=True)
class AnchorGenerator:
    """The anchors of every level of a feature pyramid, as constants: they depend on nothing but fixed shapes.

    Attributes:
        sizes: for each level the side lengths in pixels of a square anchor.
        aspect_ratios: height / width, the same for each level.
    """

    sizes: tuple[tuple[float, ...], ...] = ((32,), (64,), (128,), (256,), (512,))
    aspect_ratios: tuple[float, ...] = (0.5, 1.0, 2.0)

    @property
    def num_per_cell(self) -> tuple[int, ...]:
        """R of each level."""
        return tuple(len(sizes) * len(self.aspect_ratios) for sizes in self.sizes)

    def grid(self, strides: Sequence[int], feature_shapes: Sequence[tuple[int, int]]) -> list[np.ndarray]:
        """Anchors of each level for one input size.

        As in torchvision the first cell's anchors are centered at (0, 0), not at half a stride. torchvision takes
        `image_size // feature_shape` for the stride, which is the true one only because it pads its inputs to multiples
        of 32; for 300 pixels and 38 cells it would be 7 instead of 8.

        Args:
            strides: of each level, in pixels of the network's input.
            feature_shapes: (h, w) of each level's feature map.

        Returns:
            A float32 (h * w * R, 4) for each level, in order row, column, aspect ratio.

        Raises:
            ValueError: where the number of levels differs from `sizes`.
        """
        if not len(strides) == len(feature_shapes) == len(self.sizes):
            raise ValueError(
                f"{len(feature_shapes)} feature maps {list(feature_shapes)} and {len(strides)} strides {list(strides)} "
                f"for {len(self.sizes)} levels of anchor sizes {self.sizes}: give each level one of each"
            )
        return [self._level(*level) for level in zip(strides, feature_shapes, self.sizes, strict=True)]

    def _level(self, stride: int, shape: tuple[int, int], sizes: tuple[float, ...]) -> np.ndarray:
        y, x = np.meshgrid(np.arange(shape[0]) * stride, np.arange(shape[1]) * stride, indexing="ij")
        shifts = np.stack([x, y, x, y], axis=-1).reshape(-1, 1, 4).astype(np.float32)
        return (shifts + _base_anchors(sizes, self.aspect_ratios)).reshape(-1, 4).astype(np.float32)
