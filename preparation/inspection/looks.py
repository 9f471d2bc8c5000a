"""What an image looks like, whatever is annotated in it."""

import hashlib
from dataclasses import dataclass

import numpy as np

from data_loader.errors import DataError
from data_loader.images import decode_rgb, read_bytes
from data_loader.records import ImageRecord
from preparation.inspection.hashing import gray_copy, perceptual_hash


@dataclass(frozen=True)
class Problem:
    """Why an image cannot be trained on: a few words for its kind, and what was found."""

    kind: str
    reason: str


@dataclass(frozen=True)
class Look:
    """What an image looks like.

    Attributes:
        digest: of the file's bytes; empty where the file cannot be read.
        hash: see `hashing.perceptual_hash`.
        gray: see `hashing.gray_copy`.
        problem: why it cannot be trained on; `hash` and `gray` mean nothing then.
    """

    digest: bytes
    hash: int = 0
    gray: np.ndarray | None = None
    problem: Problem | None = None


def look_at(record: ImageRecord) -> Look:
    """Reads and decodes an image."""
    digest = b""
    try:
        content = read_bytes(record.path)
        digest = hashlib.blake2b(content, digest_size=16).digest()
        image = decode_rgb(content, str(record.path))
    except DataError as error:
        return Look(digest, problem=Problem("cannot be decoded", str(error)))
    size = (record.height, record.width)
    if image.shape[:2] != size:
        reason = f"{record.path}: annotated for {size}, the image is {image.shape[:2]} (height, width)."
        return Look(digest, problem=Problem("has another size", reason))
    gray = gray_copy(image)
    return Look(digest, perceptual_hash(gray), gray)
