"""CityscapesData: `leftImg8bit/SPLIT/CITY/*_leftImg8bit.png` and `gtFine/SPLIT/CITY/*_gtFine_instanceIds.png`.

A value is class × 1000 + number for an object, the class alone for a region of many objects of it, which is a crowd
here. All other classes are background. Semantic segmentation reads `*_gtFine_labelIds.png` instead, whose values are
classes; those that have no train id are ignored.
"""

from pathlib import Path

from base import rle
from data_loader.annotated import Annotated, AnnotatedData
from data_loader.cityscapes.config import THINGS, TRAIN_CLASSES, VOID, CityscapesConfig
from data_loader.errors import DataError
from data_loader.images import image_size
from data_loader.label_image import label_image
from data_loader.mask_images import indices_of
from data_loader.reading import Looked, Source
from data_loader.records import ImageRecord, ObjectRecord

IMAGES, MASKS = "leftImg8bit", "gtFine"
_FACTOR = 1000


class CityscapesData(AnnotatedData):
    """Cityscapes in its own layout, by config alone."""

    config: CityscapesConfig
    config_class = CityscapesConfig

    def read(self) -> Annotated:
        """See `AnnotatedData.read`."""
        folders = {"train": self.config.train, "val": self.config.val, "test": self.config.test}
        splits = {split: self._images(split, folder) for split, folder in folders.items() if folder is not None}
        categories = TRAIN_CLASSES if self.semantic else THINGS
        return Source(splits, self._look, lambda path: path.name, categories, void=VOID).read()

    def _images(self, split: str, folder: str) -> list[Path]:
        place = self.config.root / IMAGES / folder
        found = sorted(place.glob(f"*/*_{IMAGES}.png"))
        if not found:
            raise DataError(f"data.{split}: {place} has no CITY/*_{IMAGES}.png.")
        return found

    def _look(self, path: Path, number: int) -> Looked:
        root = self.config.root
        kind = "labelIds" if self.semantic else "instanceIds"
        name = f"{path.name.removesuffix(f'_{IMAGES}.png')}_{MASKS}_{kind}.png"
        mask = root / MASKS / path.relative_to(root / IMAGES).with_name(name)
        size = image_size(path)
        values = indices_of(mask, path, size)
        if self.semantic:
            labels = label_image(mask, values, {*TRAIN_CLASSES, *VOID}, "labelIds are Cityscapes' ids 0 to 33")
            return Looked(ImageRecord(path, number, *size, (), labels))
        objects = []
        for value, found in rle.encode_values(values).items():
            category = value // _FACTOR if value >= _FACTOR else value
            if category in THINGS:
                objects.append(ObjectRecord(category, found, crowd=value < _FACTOR))
        return Looked(ImageRecord(path, number, *size, tuple(objects)), annotations=len(objects))
