"""One image to predict, and several of them."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from inference.inputs.names import well_formed


@dataclass(frozen=True)
class Item:
    """One image.

    Attributes:
        name: as the results write it: the path below the folder, a COCO JSON's `file_name`, an address.
        stem: where its results go, below the folder of each output: a path with "/" and without an ending; no two
            items share one.
        image_id: its id in the results.
        source: what `Predictor.stream` takes: the path of a file, an address, or (h, w, 3) uint8 RGB.
        time_s: when a video or a camera showed it, in seconds from its start.
    """

    name: str
    stem: str
    image_id: int
    source: Path | str | np.ndarray
    time_s: float | None = None

    @property
    def path(self) -> Path | None:
        """The image file on this machine; None where there is none."""
        return self.source if isinstance(self.source, Path) else None

    def stamp(self) -> list[int] | None:
        """Bytes and time of the last change of the file, which tell whether it was replaced; None without one."""
        try:
            state = self.path.stat() if self.path else None
        except (OSError, ValueError):  # ValueError: a name with a NUL byte
            return None
        return [state.st_size, state.st_mtime_ns] if state else None


class Inputs(ABC):
    """Images in their order; iterating starts from the first one each time.

    Attributes:
        kind: a `"camera"` shows each image once, so that its prediction cannot be resumed.
        title: what is predicted, in a few words.
        count: number of images; None where that is unknown. A video's header may be wrong about it.
        fps: images in a second, of those that are taken of a video or a camera.
    """

    kind: Literal["images", "video", "camera"] = "images"
    title: str
    count: int | None = None
    fps: float | None = None

    @abstractmethod
    def __iter__(self) -> Iterator[Item]:
        """The images in their order."""

    def settings(self) -> dict[str, Any]:
        """What must be the same when a prediction is resumed; JSON values."""
        return {"input": self.title}


class ImageInputs(Inputs):
    """Images that are known before any of them is read.

    Args:
        title: what is predicted.
        items: the images.
    """

    def __init__(self, title: str, items: Sequence[Item]):
        self.title = well_formed(title)
        self.items = tuple(items)
        self.count = len(self.items)

    def __iter__(self) -> Iterator[Item]:
        return iter(self.items)
