"""ViaData: projects and exports of VGG Image Annotator."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from data_loader.annotated import Annotated, AnnotatedData
from data_loader.errors import DataError
from data_loader.images import image_size
from data_loader.json_file import read_json
from data_loader.reading import Looked, Source, usable
from data_loader.records import ImageRecord, ObjectRecord
from data_loader.shapes import shown
from data_loader.validation import UnusableError
from data_loader.via.config import ViaDataConfig, ViaSplitConfig
from data_loader.via.regions import attributes, read_region


@dataclass(frozen=True, order=True)
class _Entry:
    """An image of a file: the file, its key there, its folder and what the file says of it."""

    file: Path
    key: str
    folder: Path = field(compare=False)
    content: Any = field(compare=False)

    @property
    def regions(self) -> list[Any]:
        """Its regions: a list, or in old files numbers → regions."""
        found = self.content.get("regions", []) if isinstance(self.content, dict) else []
        return list(found.values()) if isinstance(found, dict) else found if isinstance(found, list) else []


class ViaData(AnnotatedData):
    """Images and regions of VGG Image Annotator, by config alone."""

    config: ViaDataConfig
    config_class = ViaDataConfig

    def read(self) -> Annotated:
        """See `AnnotatedData.read`."""
        sections = {"train": self.config.train, "val": self.config.val, "test": self.config.test}
        splits = {split: self._entries(section) for split, section in sections.items() if section is not None}
        attribute = self.config.attribute or _only_attribute(entry for found in splits.values() for entry in found)
        return Source(splits, lambda entry, number: _look(entry, number, attribute), lambda entry: entry.key).read()

    def _entries(self, section: ViaSplitConfig) -> list[_Entry]:
        path = self.config.root / section.annotations
        content = images_of(path, read_json(path, ("filename",)))
        return [_Entry(path, key, self.config.root / section.images, entry) for key, entry in content.items()]


def images_of(path: Path, content: Any) -> Mapping[str, Any]:
    """Key → image of a project or an export.

    Raises:
        DataError: it is neither.
    """
    found = content.get("_via_img_metadata", content) if isinstance(content, dict) else None
    if not isinstance(found, dict) or not any(isinstance(item, dict) and "filename" in item for item in found.values()):
        raise DataError(f"{path}: is neither a project nor an export of VGG Image Annotator: no image has a filename.")
    return found


def _only_attribute(entries: Iterable[_Entry]) -> str | None:
    names = {name for entry in entries for region in entry.regions for name in attributes(region)}
    if len(names) > 1:
        raise DataError(f"data.attribute: the regions have the attributes {', '.join(sorted(names))}: write which.")
    return next(iter(names), None)


def _look(entry: _Entry, number: int, attribute: str | None) -> Looked:
    name = entry.content.get("filename") if isinstance(entry.content, dict) else None
    if not isinstance(name, str) or not name or "\0" in name:
        raise UnusableError("image without a filename", f"received {shown(name)}")
    relative = PurePosixPath(name)
    if relative.is_absolute() or ".." in relative.parts:
        raise UnusableError("no name of a file in the folder", shown(name))
    path = entry.folder / relative
    size = image_size(path)
    found, broken = usable(
        entry.regions,
        lambda region: read_region(region, attribute, size),
        lambda position: f"{name} region {position}",
    )
    record = ImageRecord(path, number, *size, tuple(ObjectRecord(0, mask) for _, mask in found))
    return Looked(record, [label for label, _ in found], broken, len(entry.regions))
