"""Images within an HTML file, as data URIs."""

import base64
from pathlib import Path

import cv2
import numpy as np

from base.letterbox import resize
from reporting.markup import Markup, tag

_KINDS = {b"\x89PNG": "png", b"\xff\xd8\xff": "jpeg"}
_QUALITY = 88


def image_tag(image: np.ndarray | Path | str, description: str, side: int | None) -> Markup:
    """The element of an image; the browser decodes it when it comes into view.

    Args:
        image: (h, w, 3) uint8 RGB, which becomes a JPEG, or a PNG or JPEG file, whose bytes are embedded.
        description: for who cannot see it.
        side: the longer side is at most so many pixels; None leaves it as it is.

    Raises:
        ValueError: the array or the file is no such image.
    """
    content = _encoded(image, side) if isinstance(image, np.ndarray) else _of_file(Path(image), side)
    height, width = _size(content)
    source = f"data:image/{_kind(content)};base64,{base64.b64encode(content).decode('ascii')}"
    return tag("img", src=source, alt=description, width=width, height=height, loading="lazy", decoding="async")


def _encoded(image: np.ndarray, side: int | None) -> bytes:
    if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8 or not image.size:
        raise ValueError(f"a page received an image {image.dtype} {image.shape}: give (h, w, 3) uint8 RGB")
    zoom = min(1.0, side / max(image.shape[:2])) if side else 1.0
    small = resize(image, (max(1, round(image.shape[0] * zoom)), max(1, round(image.shape[1] * zoom))))
    _, content = cv2.imencode(".jpg", cv2.cvtColor(small, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
    return content.tobytes()


def _of_file(path: Path, side: int | None) -> bytes:
    content = path.read_bytes()
    if not _kind(content):
        raise ValueError(f"{path}: a page embeds PNG and JPEG files; give another image as an array (h, w, 3)")
    if side is None or max(_size(content)) <= side:
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
