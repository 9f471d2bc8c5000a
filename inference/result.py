"""Result: what a prediction of many images needs of what was found in each, whatever the kind of segmentation."""

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Self

import numpy as np

from base.batch import Size
from inference.outputs.style import Style


class Result(ABC):
    """What was found in one image, in its own pixels.

    Attributes:
        size: height and width of the image.
        names: names of the classes 1…K.
        saved: outputs of images that are written where a user chooses none.
        unit: what `amounts` counts; None where parts of all say more than numbers.
    """

    size: Size
    names: tuple[str, ...]
    saved: ClassVar[tuple[str, ...]]
    unit: ClassVar[str | None]

    @abstractmethod
    def styled(self, image: np.ndarray, style: Style) -> np.ndarray:
        """The image (height, width, 3) uint8 RGB with what was found drawn over it."""

    @abstractmethod
    def chosen(self, score: float, classes: Sequence[str], most: int | None) -> Self:
        """Without what a user does not want.

        Args:
            score: of objects, at least.
            classes: their names; none for all.
            most: number of objects; None for all.
        """

    @abstractmethod
    def amounts(self) -> Counter[str]:
        """How much of each class there is."""

    @abstractmethod
    def to_coco(self, image_id: int) -> list[dict[str, Any]]:
        """In COCO's result format, ready for `json.dump`."""

    @abstractmethod
    def to_json(self) -> dict[str, Any]:
        """JSON values that `from_json` takes, every number as it is; without the classes."""

    @classmethod
    @abstractmethod
    def from_json(cls, values: Mapping[str, Any], names: tuple[str, ...], category_ids: tuple[int, ...]) -> Self:
        """What gave these values.

        Args:
            values: of `to_json`.
            names: of the classes 1…K.
            category_ids: the data set's own ids of the classes.
        """
