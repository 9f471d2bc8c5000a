"""The images of a video file or a camera, by OpenCV."""

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

import cv2
import numpy as np

from inference.inputs.files import InputError
from inference.inputs.item import Inputs, Item
from inference.inputs.names import unique_stems, well_formed

_LOGGER = logging.getLogger("maskeras")
_CAMERA = "camera:"
_WHOLE = 0.95
"""Headers may count a few frames too many."""
_USUAL_FPS = 25.0
"""Of cameras and files that do not say."""
_FIRST_READS, _PAUSE_S = 10, 0.2
"""So many attempts a camera has for its first image, with a pause after each that fails: some need time to start."""


class VideoInputs(Inputs):
    """A video file or a camera.

    Args:
        source: the path of a file, or the number of a camera.
        every: one image of so many is taken.
        max_frames: no more than so many are taken.

    Raises:
        InputError: it cannot be opened, or shows nothing.
    """

    def __init__(self, source: Path | int, every: int = 1, max_frames: int | None = None):
        self.kind: Literal["video", "camera"] = "video" if isinstance(source, Path) else "camera"
        self.title = well_formed(str(source.absolute())) if isinstance(source, Path) else f"{_CAMERA}{source}"
        self.source, self.every, self.max_frames = source, every, max_frames
        self.stem = unique_stems([source.name if isinstance(source, Path) else f"camera-{source}"])[0]
        with self._opened() as capture:
            self._fps = _positive(capture.get(cv2.CAP_PROP_FPS)) or _USUAL_FPS
            known = _positive(capture.get(cv2.CAP_PROP_FRAME_COUNT)) if self.kind == "video" else None
        self.fps = self._fps / every
        self._frames = int(known) if known else None
        counts = [-(-self._frames // every)] if self._frames else []
        self.count = min([*counts, *([max_frames] if max_frames else [])], default=None)

    def __iter__(self) -> Iterator[Item]:
        """Frames as RGB; the ids count those that are taken, the names those of the video from 0."""
        with self._opened() as capture:
            index = taken = 0
            while taken != self.max_frames and capture.grab():
                if index % self.every == 0:
                    good, frame = capture.retrieve()
                    if not good:
                        break
                    taken += 1
                    yield self._item(index, taken, cv2.cvtColor(frame, cv2.COLOR_BGR2RGB))
                index += 1
        if self._frames and taken != self.max_frames and index < _WHOLE * self._frames:
            _LOGGER.warning("%s: ends after %d of %d frames; is it damaged?", self.title, index, self._frames)

    def _item(self, index: int, taken: int, rgb: np.ndarray) -> Item:
        stem = f"{self.stem}-{index:06d}"
        return Item(f"{stem}.jpg", stem, taken, rgb, round(index / self._fps, 3))

    def settings(self) -> dict[str, Any]:
        """The file, its size and its last change, and which frames are taken."""
        state = self.source.stat() if isinstance(self.source, Path) else None
        stamp = [state.st_size, state.st_mtime_ns] if state else None
        return {"input": self.title, "stamp": stamp, "every": self.every, "max_frames": self.max_frames}

    @contextmanager
    def _opened(self) -> Iterator[cv2.VideoCapture]:
        capture = cv2.VideoCapture(str(self.source) if isinstance(self.source, Path) else self.source)
        try:
            if not capture.isOpened():
                what = "camera" if self.kind == "camera" else "video"
                raise InputError(f"{self.title} cannot be opened as a {what}: is it there, does a player show it?")
            if self.kind == "camera" and not _shows_something(capture):
                raise InputError(f"{self.title} is open and gives no image: does another program use it?")
            yield capture
        finally:
            capture.release()


def _shows_something(camera: cv2.VideoCapture) -> bool:
    for _ in range(_FIRST_READS):
        if camera.grab():
            return True
        time.sleep(_PAUSE_S)
    return False


def camera_number(text: str) -> int | None:
    """`camera:0` → 0; None for anything else.

    Raises:
        InputError: it starts as a camera and has no number.
    """
    if not text.startswith(_CAMERA):
        return None
    number = text.removeprefix(_CAMERA)
    if not number.isdecimal():
        raise InputError(f"received {text!r}; write camera:0 for the first camera, camera:1 for the second")
    return int(number)


def _positive(value: float) -> float | None:
    """What OpenCV knows of a video; it says 0, a negative number or NaN where it knows nothing."""
    return value if 0 < value < 1e9 else None
