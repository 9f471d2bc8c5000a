"""A video with the objects or labels drawn on it."""

from pathlib import Path

import cv2
import numpy as np

from inference.inputs.item import Item
from inference.outputs.output import Finished, Output, Target
from inference.result import Result
from utils.errors import UserError

_CODECS = {"mp4": "mp4v", "webm": "VP80", "avi": "MJPG"}
"""Those that every build of `opencv-python-headless` writes; it has no encoder for H.264."""


class Video(Output):
    """`video.mp4`, or `.webm`, `.avi` by choice, as fast as the video that it is made from. It has no sound."""

    takes = (Result,)
    ordered = True

    def __init__(self, target: Target):
        if target.fps is None:
            raise UserError("--save video needs a video or a camera; these are images: take overlay")
        super().__init__(target)
        self._path = target.folder / f"video.{target.style.video_format}"
        # OpenCV chooses the container by the ending, so that this name keeps it.
        self._unfinished = self._path.with_name(f".writing-{self._path.name}")
        self._writer: cv2.VideoWriter | None = None
        self._frames = 0

    def write(self, item: Item, image: np.ndarray, found: Result) -> None:
        """See `Output.write`."""
        if self._writer is None:
            self._writer = self._opened(image)
        self._writer.write(cv2.cvtColor(found.styled(image, self.target.style), cv2.COLOR_RGB2BGR))
        self._frames += 1

    def close(self, finished: Finished) -> Path:
        """Finishes the file."""
        if self._writer is not None:
            self._writer.release()
            self._check_whole()
            self._unfinished.replace(self._path)
        return self._path

    def _check_whole(self) -> None:
        """OpenCV does not say that a frame could not be written."""
        capture = cv2.VideoCapture(str(self._unfinished))
        found = int(capture.get(cv2.CAP_PROP_FRAME_COUNT))
        capture.release()
        if found < self._frames:
            raise OSError(f"{self._path}: {found} of {self._frames} frames were written; is the disk full?")

    def _opened(self, image: np.ndarray) -> cv2.VideoWriter:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        code = cv2.VideoWriter.fourcc(*_CODECS[self.target.style.video_format])
        writer = cv2.VideoWriter(str(self._unfinished), code, self.target.fps or 1.0, image.shape[1::-1])
        if not writer.isOpened():
            raise OSError(f"{self._path} cannot be written; another --video-format may help")
        return writer
