"""Output: what every kind of files has in common."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from inference.detections import Detections
from inference.inputs.item import Item
from inference.outputs.style import Style
from inference.result import Result
from utils.errors import UserError

Finished = Callable[[], Iterator[tuple[Item, Any]]]
"""Gives all predicted images in their order, as often as it is called; items of videos have no `source` here."""


class ImageError(UserError):
    """An image that a kind of files cannot hold: it counts as failed, and the others are written."""


@dataclass(frozen=True)
class Target:
    """What outputs are made for.

    Attributes:
        folder: of all results.
        names: of the classes 1…K.
        category_ids: the data set's own ids of the classes 1…K.
        style: how overlays, videos and the files of labeling tools look.
        fps: images in a second of a video or a camera; None for other inputs.
        result: what there is to write of each image.
    """

    folder: Path
    names: tuple[str, ...]
    category_ids: tuple[int, ...]
    style: Style = field(default_factory=Style)
    fps: float | None = None
    result: type[Result] = Detections


class Output(ABC):
    """One kind of files. A subclass writes `close` for files of all images, and `write` for files of each.

    To add your own, write the dotted path `package.module:Class` behind `--save`, or add a line to
    `utils.registry.OUTPUTS`.

    Args:
        target: where to, and for which classes.

    Attributes:
        takes: kinds of results that it writes.
        ordered: whether `write` is called for one image after another, in their order; otherwise several threads call
            it at once.

        following: what a user may do next with the files, and the command for it, in which `{path}` is what `close`
            returned.

    Raises:
        UserError: it cannot be made for this target.
    """

    takes: ClassVar[tuple[type[Result], ...]] = (Detections,)
    ordered: ClassVar[bool] = False
    following: tuple[str, str] | None = None

    def __init__(self, target: Target):
        if not issubclass(target.result, self.takes):
            taken = " or ".join(one.__name__ for one in self.takes)
            raise UserError(
                f"{type(self).__name__} is made from {taken}, and this model predicts {target.result.__name__}; by "
                f"default --save is {' '.join(target.result.saved)}"
            )
        self.target = target

    def write(self, item: Item, image: np.ndarray, found: Any) -> None:  # noqa: B027  (some have none)
        """Writes the files of one image, whole or not at all (`utils.files.write_whole`).

        After a crash it is called once more for the same image. An ordered output sees all images again.

        Args:
            item: which image; its files are named after `item.stem`.
            image: (h, w, 3) uint8 RGB.
            found: its objects or labels, one of `takes`.

        Raises:
            ImageError: the format cannot hold this image.
            OSError: it cannot be written there, which ends the prediction.
        """

    @abstractmethod
    def close(self, finished: Finished) -> Path:
        """Writes what is made from all images, once there are no more.

        Returns:
            The file or folder to show to the user.
        """
