"""A good data set that tests spoil, and what must be true when it is refused."""

import json
import os

import pytest

from data_loader.errors import DataError
from tests.data_loader.coco.coco_folder import SQUARE, annotation, coco_data, write_coco

IDS = (11, 5, 800, 2)


def write_good(root):
    """Four images of IDS, three annotations with the ids 1, 2 and 3."""
    write_coco(root, [annotation(number, image_id, 7, SQUARE) for number, image_id in ((1, 11), (2, 5), (3, 800))])
    return root


def state(root):
    """Every file with its bytes, its mode and its time."""
    return {
        path: (None if path.is_dir() or not os.access(path, os.R_OK) else path.read_bytes(), path.lstat().st_mtime_ns)
        for path in root.rglob("*")
        if path.is_dir() or path.is_file()
    }


def refused(root, reason, **keys):
    """The one message; nothing on the disk is another after it."""
    before = state(root)
    with pytest.raises(DataError, match=reason) as caught:
        coco_data(root, **keys)
    assert state(root) == before
    return str(caught.value)


def text(root):
    return (root / "train.json").read_text()


def change(root, **lists):
    content = json.loads(text(root))
    (root / "train.json").write_text(json.dumps(content | lists))
