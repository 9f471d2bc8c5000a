"""The checksum of a file, whole or only its first digits."""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Literal


@dataclass(frozen=True)
class Checksum:
    """What a file must have.

    Attributes:
        algorithm: how it is computed.
        digits: hex digits, all of them or the first ones.
    """

    algorithm: Literal["md5", "sha256"]
    digits: str

    @property
    def label(self) -> str:
        """The algorithm's name in messages."""
        return {"md5": "MD5", "sha256": "SHA-256"}[self.algorithm]

    def of(self, path: Path) -> str:
        """All hex digits of the file at `path`."""
        with path.open("rb") as file:
            return hashlib.file_digest(file, lambda: hashlib.new(self.algorithm, usedforsecurity=False)).hexdigest()

    def fits(self, found: str) -> bool:
        """Whether `found`, as `of` gives it, starts with the digits."""
        return found.startswith(self.digits.lower())

    def __str__(self) -> str:
        return self.digits
