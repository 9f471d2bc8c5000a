"""Recognizes Oxford-IIIT Pet's layout."""

from typing import Any

from data_loader.layout import Layout
from data_loader.pets.index import missing_parts

LOOKED_FOR = "images/, annotations/trimaps/, annotations/trainval.txt and test.txt (Oxford-IIIT Pet)"


def recognize(layout: Layout) -> dict[str, Any] | None:
    """No keys besides the root; see `data_loader.formats.Format`."""
    return None if layout.only or missing_parts(layout.root) else {}
