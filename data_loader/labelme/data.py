"""LabelmeData: a JSON file of LabelMe for each image."""

from pathlib import Path, PureWindowsPath
from typing import Any

from data_loader.annotated import Annotated, AnnotatedData
from data_loader.errors import DataError
from data_loader.images import image_size, is_file, turned_hint
from data_loader.json_file import read_json
from data_loader.labelme.config import LabelmeDataConfig
from data_loader.labelme.shapes import objects, read_shape
from data_loader.layout import layout_of
from data_loader.reading import Looked, Source, usable
from data_loader.records import ImageRecord, ObjectRecord
from data_loader.shapes import shown
from data_loader.validation import UnusableError


class LabelmeData(AnnotatedData):
    """Images and files of LabelMe, by config alone."""

    config: LabelmeDataConfig
    config_class = LabelmeDataConfig

    def read(self) -> Annotated:
        """See `AnnotatedData.read`."""
        folders = {"train": self.config.train, "val": self.config.val, "test": self.config.test}
        splits = {split: self._files(split, folder) for split, folder in folders.items() if folder is not None}
        return Source(splits, _look, lambda path: path.name).read()

    def _files(self, split: str, folder: Path) -> list[Path]:
        layout = layout_of(self.config.root / folder)
        found = [layout.root / path for path in layout.files(".json")]
        if not found:
            raise DataError(f"data.{split}: {layout.root} has no .json file.")
        return found


def _look(path: Path, number: int) -> Looked:
    content = read_json(path, ("shapes",))
    shapes = content.get("shapes") if isinstance(content, dict) else None
    if not isinstance(shapes, list):
        raise UnusableError("no file of LabelMe", f"{path} has no list of shapes")
    image = _image(path, content)
    size = image_size(image)
    _check_size(content, image, size)
    found, broken = usable(
        shapes, lambda shape: read_shape(shape, size), lambda position: f"{path.name} shape {position}"
    )
    labelled = objects(found)
    record = ImageRecord(image, number, *size, tuple(ObjectRecord(0, mask) for _, mask in labelled))
    return Looked(record, [label for label, _ in labelled], broken, len(shapes))


def _image(path: Path, content: dict[str, Any]) -> Path:
    """The image beside the file, or where the file says it is; its path may have been written on Windows."""
    given = content.get("imagePath")
    if not isinstance(given, str) or not given or "\0" in given:
        raise UnusableError("no name of an image", f"{path} has the imagePath {shown(given)}")
    relative = PureWindowsPath(given)
    beside = path.parent / relative.name
    named = path.parent / relative.as_posix()
    return named if not relative.is_absolute() and is_file(named) else beside


def _check_size(content: dict[str, Any], image: Path, size: tuple[int, int]) -> None:
    height, width = content.get("imageHeight"), content.get("imageWidth")
    claimed = size[0] if height is None else height, size[1] if width is None else width
    if claimed != size:
        hint = turned_hint(claimed, image, size)
        reason = f"annotated for {shown(claimed)}, the file has {size} (height, width){hint}"
        raise UnusableError("image of another size", reason)
