"""CocoData: a data set in COCO's format (https://cocodataset.org/#format-data)."""

from collections.abc import Mapping
from pathlib import Path

from data_loader.annotated import Annotated, AnnotatedData
from data_loader.coco.annotations import CocoFile, read_coco, to_records
from data_loader.coco.config import CocoDataConfig, CocoSplitConfig
from data_loader.errors import DataError
from data_loader.records import ImageRecord
from data_loader.validation import BadItem, Broken


class CocoData(AnnotatedData):
    """Images and annotations in COCO's format, by config alone."""

    config: CocoDataConfig
    config_class = CocoDataConfig

    def read(self) -> Annotated:
        """See `AnnotatedData.read`."""
        sections = {"train": self.config.train, "val": self.config.val, "test": self.config.test}
        named = {name: section for name, section in sections.items() if section is not None}
        files = {name: self._files(section) for name, section in named.items()}
        categories = _same_categories([file for found in files.values() for file in found])
        splits: dict[str, list[ImageRecord]] = {}
        broken: list[Broken] = []
        for name, found in files.items():
            splits[name], of_split = self._records_of(named[name], found)
            broken += of_split
        return Annotated(categories, splits, tuple(broken))

    def _files(self, section: CocoSplitConfig) -> list[CocoFile]:
        return [read_coco(self.config.root / path) for path in section.annotations]

    def _records_of(self, section: CocoSplitConfig, files: list[CocoFile]) -> tuple[list[ImageRecord], list[Broken]]:
        """The usable images of a split, and what is broken; those of further files get new ids where an id is taken."""
        records: list[ImageRecord] = []
        bad_images: list[BadItem] = []
        bad_annotations: list[BadItem] = []
        taken: set[int] = set()
        paths: set[Path] = set()
        for file in files:
            found, of_images, of_annotations = to_records(file, self.config.root / section.images, taken)
            records += (record for record in found if record.path not in paths)
            bad_images += of_images
            bad_images += (_twin(file, record) for record in found if record.path in paths)
            bad_annotations += of_annotations
            taken |= {record.image_id for record in found}
            paths |= {record.path for record in found}
        images, annotations = (sum(len(getattr(file, key)) for file in files) for key in ("images", "annotations"))
        return records, [Broken("images", bad_images, images), Broken("annotations", bad_annotations, annotations)]


def _twin(file: CocoFile, record: ImageRecord) -> BadItem:
    reason = "an annotation file before has it too; the annotations of this one are left out with it"
    return BadItem(f"{file.path.name} image {record.path.name}", "file given twice", reason)


def _same_categories(files: list[CocoFile]) -> Mapping[int, str]:
    first = files[0]
    for file in files[1:]:
        if dict(file.categories) != dict(first.categories):
            raise DataError(
                f"{file.path} has other categories than {first.path}: {_words(file)} and {_words(first)}. Files of one "
                "data set need the same ids and names."
            )
    return first.categories


def _words(file: CocoFile) -> str:
    shown = [f"{number} {name}" for number, name in list(file.categories.items())[:5]]
    return ", ".join(shown) + (" …" if len(file.categories) > len(shown) else "")
