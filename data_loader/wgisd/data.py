"""WgisdData: `data/NAME.jpg` with the masks of all objects, (h, w, n), in `data/NAME.npz`.

`data/NAME.txt` has the boxes in YOLO's format, in the order of the masks.
"""

import math
from pathlib import Path

from base import rle
from data_loader.annotated import Annotated, AnnotatedData
from data_loader.errors import DataError
from data_loader.images import image_size, read_bytes
from data_loader.mask_images import check_mask_size
from data_loader.reading import Looked, Source, usable
from data_loader.records import ImageRecord, ObjectRecord
from data_loader.shapes import checked
from data_loader.validation import UnusableError
from data_loader.wgisd.config import VARIETIES, WgisdConfig
from data_loader.wgisd.masks import read_masks

Box = tuple[float, float, float, float]


class WgisdData(AnnotatedData):
    """Embrapa's WGISD in its own layout, by config alone."""

    config: WgisdConfig
    config_class = WgisdConfig

    def read(self) -> Annotated:
        """See `AnnotatedData.read`."""
        lists = {"train": self.config.train, "val": self.config.val, "test": self.config.test}
        splits = {split: self._names(name) for split, name in lists.items() if name is not None}
        names = VARIETIES.values() if self.config.varieties else ("grape",)
        return Source(splits, self._look, lambda name: name[:80], dict(enumerate(names, 1))).read()

    def _names(self, name: str) -> list[str]:
        lines = read_bytes(self.config.root / f"{name}.txt").decode("utf-8", errors="replace").split("\n")
        return list(dict.fromkeys(line.strip() for line in lines if line.strip()))

    def _look(self, name: str, number: int) -> Looked:
        if Path(name).name != name or "\0" in name:
            raise DataError(f"{name[:80]!r} is no name of a file in the folder")
        category = self._category(name)
        path = self.config.root / "data" / f"{name}.jpg"
        size = image_size(path)
        file = path.with_suffix(".npz")
        masks = read_masks(file, lambda shape: check_mask_size(file, shape[:2], path, size))
        boxes = _boxes(path.with_suffix(".txt"), masks.shape[2], size)

        def read(position: int) -> ObjectRecord:
            return ObjectRecord(category, checked(rle.encode(masks[..., position])), box=boxes[position])

        objects, broken = usable(range(masks.shape[2]), read, lambda position: f"{file.name} mask {position - 1}")
        return Looked(ImageRecord(path, number, *size, tuple(objects)), broken=broken, annotations=masks.shape[2])

    def _category(self, name: str) -> int:
        if not self.config.varieties:
            return 1
        prefix = name.split("_", maxsplit=1)[0]
        if prefix not in VARIETIES:
            raise UnusableError("name of no variety", f"its first letters are none of {', '.join(VARIETIES)}")
        return list(VARIETIES).index(prefix) + 1


def _boxes(path: Path, count: int, size: tuple[int, int]) -> list[Box | None]:
    """Left, top, width and height of each object in pixels; None where the file is missing or has another number."""
    if not path.is_file():
        return [None] * count
    lines = read_bytes(path).decode("utf-8", errors="replace").split("\n")
    boxes: list[Box | None] = [_box(line, size) for line in lines if line.strip()]
    return boxes if len(boxes) == count else [None] * count


def _box(line: str, size: tuple[int, int]) -> Box:
    try:
        _, x, y, width, height = map(float, line.split())
    except ValueError:
        return math.nan, math.nan, math.nan, math.nan
    across, down = size[1], size[0]
    return (x - width / 2) * across, (y - height / 2) * down, width * across, height * down
