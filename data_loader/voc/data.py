"""VocData: PASCAL VOC's segmentations (Everingham et al. 2010) as instances or as labels.

Values of SegmentationObject: 0 background, 1, 2, … objects, 255 borders and difficult regions, which belong to no
object here. An object has the class that most of its pixels have in SegmentationClass. Labels are those of
SegmentationClass, or of `data.further_labels` for images that it does not have, which are all that semantic
segmentation reads; 255 is ignored. So an evaluation on VOC's own lists is never on the labels of others.
"""

from pathlib import Path

import numpy as np

from base import rle
from base.batch import Size
from data_loader.annotated import Annotated, AnnotatedData
from data_loader.errors import DataError
from data_loader.images import image_size, read_bytes
from data_loader.label_image import LabelImage, label_image
from data_loader.mask_images import indices_of
from data_loader.reading import Looked, Source
from data_loader.records import ImageRecord, ObjectRecord
from data_loader.voc.config import VocDataConfig

_OBJECTS, _CLASSES = "SegmentationObject", "SegmentationClass"
_BORDER = 255


class VocData(AnnotatedData):
    """Images and masks in PASCAL VOC's layout, by config alone."""

    config: VocDataConfig
    config_class = VocDataConfig

    def read(self) -> Annotated:
        """See `AnnotatedData.read`."""
        lists = {"train": self.config.train, "val": self.config.val, "test": self.config.test}
        names = {split: self._names(name) for split, name in lists.items() if name is not None}
        categories = dict(enumerate(self.config.names, 1))
        return Source(names, self._image, lambda name: name[:80], categories, void=(_BORDER,)).read()

    def _names(self, name: str) -> list[str]:
        """The names in a list, each once."""
        path = self.config.root / "ImageSets" / "Segmentation" / f"{name}.txt"
        lines = read_bytes(path).decode("utf-8", errors="replace").split("\n")
        return list(dict.fromkeys(line.strip() for line in lines if line.strip()))

    def _image(self, name: str, number: int) -> Looked:
        root = self.config.root
        if Path(name).name != name or "\0" in name:
            raise DataError(f"{name[:80]!r} is no name of a file in the folder")
        path = root / "JPEGImages" / f"{name}.jpg"
        size = image_size(path)
        if self.semantic:
            labels = self._labels(self._label_file(f"{name}.png"), path, size)
            return Looked(ImageRecord(path, number, *size, (), labels))
        objects, classes = (indices_of(root / kind / f"{name}.png", path, size) for kind in (_OBJECTS, _CLASSES))
        found = self._objects(objects, classes)
        return Looked(ImageRecord(path, number, *size, tuple(found)), annotations=len(found))

    def _label_file(self, name: str) -> Path:
        """VOC's own class image where there is one."""
        official, further = self.config.root / _CLASSES / name, self.config.further_labels
        return official if further is None or official.is_file() else self.config.root / further / name

    def _labels(self, path: Path, image: Path, size: Size) -> LabelImage:
        known = {_BORDER, *range(len(self.config.names) + 1)}
        return label_image(path, indices_of(path, image, size), known, "data.names has the classes from 1")

    def _objects(self, objects: np.ndarray, classes: np.ndarray) -> list[ObjectRecord]:
        found = []
        for value in np.unique(objects):
            if value in (0, _BORDER):
                continue
            mask = objects == value
            numbers, counts = np.unique(classes[mask], return_counts=True)
            category = int(numbers[counts.argmax()])
            if not 1 <= category <= len(self.config.names):
                raise DataError(f"object {value} has the class {category}; data.names has 1…{len(self.config.names)}")
            found.append(ObjectRecord(category, rle.encode(mask)))
        return found
