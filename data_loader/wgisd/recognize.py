"""Recognizes WGISD."""

from pathlib import PurePosixPath
from typing import Any

from data_loader.layout import Layout

LOOKED_FOR = "train_masked.txt and data/*.npz beside data/*.jpg (WGISD)"


def recognize(layout: Layout) -> dict[str, Any] | None:
    """Whether there is a list of test images; see `data_loader.formats.Format`."""
    masks = any(name.endswith(".npz") for name in layout.folders.get(PurePosixPath("data"), ()))
    if layout.only or not masks or not layout.has("train_masked.txt"):
        return None
    return {} if layout.has("test_masked.txt") else {"test": None}
