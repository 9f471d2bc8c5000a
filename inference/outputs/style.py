"""How results look to people."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Style:
    """Options of the outputs.

    Attributes:
        image_format: of overlays: `"jpg"` is smaller, `"png"` exact.
        video_format: `"mp4"` (MPEG-4), `"webm"` (VP8, which browsers play) or `"avi"` (Motion JPEG).
        tolerance: pixels by which the polygons for labeling tools may leave the mask; 0 keeps every corner.
    """

    image_format: Literal["jpg", "png"] = "jpg"
    video_format: Literal["mp4", "webm", "avi"] = "mp4"
    tolerance: float = 0.0
