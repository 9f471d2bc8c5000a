"""Images within an HTML file, as data URIs."""

import base64
from pathlib import Path

import cv2
import numpy as np

from base.letterbox import resize
from reporting.markup import Markup, tag

_KINDS = {b"\x89PNG": "png", b"\xff\xd8\xff": "jpeg"}
_QUALITY = 88
LONGEST = 32_000
"""Pixels of a side of an image, at most: libjpeg writes up to 65,500, and some browsers show nothing above 32,767."""


def image_tag(image: np.ndarray | Path | str, description: str, side: int | None) -> Markup:
    """The element of an image; the browser decodes it when it comes into view.

    Args:
        image: (h, w, 3) uint8 RGB, which becomes a JPEG, or a PNG or JPEG file, whose bytes are embedded.
        description: for who cannot see it.
        side: the longer side is at most so many pixels; None leaves it as it is, up to `LONGEST`.

    Raises:
        ValueError: the array or the file is no such image.
    """
    side = min(side or LONGEST, LONGEST)
    content = _encoded(image, side) if isinstance(image, np.ndarray) else _of_file(Path(image), side)
    height, width = _size(content)
    source = f"data:image/{_kind(content)};base64,{base64.b64encode(content).decode('ascii')}"
    return tag("img", src=source, alt=description, width=width, height=height, loading="lazy", decoding="async")


def within(image: np.ndarray, side: int) -> np.ndarray:
    """(h, w, 3) → the image, averaged down where its longer side has more pixels than `side`."""
    zoom = min(1.0, side / max(image.shape[:2]))
    return resize(image, (max(1, round(image.shape[0] * zoom)), max(1, round(image.shape[1] * zoom))))


def _encoded(image: np.ndarray, side: int) -> bytes:
    if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8 or not image.size:
        raise ValueError(f"a page received an image {image.dtype} {image.shape}: give (h, w, 3) uint8 RGB")
    small = cv2.cvtColor(within(image, side), cv2.COLOR_RGB2BGR)
    _, content = cv2.imencode(".jpg", small, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
    return content.tobytes()


def _of_file(path: Path, side: int) -> bytes:
    content = path.read_bytes()
    if not _kind(content):
        raise ValueError(f"{path}: a page embeds PNG and JPEG files; give another image as an array (h, w, 3)")
    if max(_size(content)) <= side:
        return content
    return _encoded(_decoded(content, cv2.IMREAD_COLOR_RGB), side)


def _kind(content: bytes) -> str:
    return next((kind for start, kind in _KINDS.items() if content.startswith(start)), "")


def _size(content: bytes) -> tuple[int, int]:
    """(height, width) in pixels."""
    image = _decoded(content, cv2.IMREAD_COLOR)
    return image.shape[0], image.shape[1]


def _decoded(content: bytes, how: int) -> np.ndarray:
    image = cv2.imdecode(np.frombuffer(content, np.uint8), how)
    if image is None:
        raise ValueError("a page received a PNG or JPEG file that does not decode")
    return image
