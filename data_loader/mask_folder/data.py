"""MaskFolderData: images beside masks, in any layout that two patterns can describe."""

from collections.abc import Sequence
from pathlib import Path, PurePosixPath

import cv2
import numpy as np

from base import rle
from base.rle import Rle
from data_loader.annotated import Annotated, AnnotatedData
from data_loader.errors import DataError
from data_loader.images import image_size
from data_loader.label_image import LabelImage, label_image
from data_loader.layout import Layout, layout_of
from data_loader.mask_folder.config import MaskFolderConfig, MaskSplitConfig
from data_loader.mask_folder.files import Mask, images_of, masks_of
from data_loader.mask_images import check_mask_size, read_values
from data_loader.reading import Looked, Source, usable
from data_loader.records import ImageRecord, ObjectRecord
from data_loader.validation import BadItem, UnusableError


class MaskFolderData(AnnotatedData):
    """Images beside mask images, by config alone."""

    config: MaskFolderConfig
    config_class = MaskFolderConfig

    def read(self) -> Annotated:
        """See `AnnotatedData.read`."""
        layout = layout_of(self.config.root)
        sections = {"train": self.config.train, "val": self.config.val, "test": self.config.test}
        splits: dict[str, list[PurePosixPath]] = {}
        masks: dict[PurePosixPath, Sequence[Mask]] = {}
        broken: list[BadItem] = []
        for split, section in sections.items():
            if section is not None:
                found, twice = self._files(split, section, layout)
                splits[split] = list(found)
                masks |= found
                broken += twice
        look = lambda image, number: self._look(image, masks[image], number)  # noqa: E731
        categories = None if self.config.classes_in_paths else self.config.classes_by_value
        return Source(splits, look, str, categories, broken, self.config.ignored).read()

    def _files(
        self, split: str, section: MaskSplitConfig, layout: Layout
    ) -> tuple[dict[PurePosixPath, Sequence[Mask]], list[BadItem]]:
        """The images of a split with their masks, and those whose name another one has."""
        images: dict[str, PurePosixPath] = {}
        twice = []
        for image in images_of(layout, section.images):
            if images.setdefault(image.stem, image) != image:
                reason = f"its masks would be those of {images[image.stem]}"
                twice.append(BadItem(str(image), "name that another image has", reason))
        if not images:
            raise DataError(f"data.{split}.images: no image in {self.config.root} fits {section.images!r}.")
        masks = masks_of(layout, section.masks, images)
        if not masks:
            raise DataError(f"data.{split}.masks: no file in {self.config.root} fits {section.masks!r}.")
        taken = {mask.path for found in masks.values() for mask in found}  # a pattern for images may fit masks too
        return {image: masks.get(stem, ()) for stem, image in images.items() if image not in taken}, twice

    def _look(self, image: PurePosixPath, masks: Sequence[Mask], number: int) -> Looked:
        path = self.config.root / image
        size = image_size(path)
        if self.config.kind == "objects":
            return self._objects(path, size, masks, number)
        if len(masks) != 1:
            found = ", ".join(str(mask.path) for mask in masks[:3]) or "none"
            raise UnusableError("not one mask", f"an image needs one mask of this kind; it has {found}")
        values = self._values(masks[0], path, size)
        if self.config.has_labels:
            labels = self._labels(self.config.root / masks[0].path, values)
            return Looked(ImageRecord(path, number, *size, (), labels))
        read = self._instances if self.config.kind == "instances" else self._components
        objects = [ObjectRecord(category, mask) for category, mask in read(self._kept(values))]
        record = ImageRecord(path, number, *size, tuple(objects), void=self._void(values))
        return Looked(record, annotations=len(objects))

    def _objects(self, path: Path, size: tuple[int, int], masks: Sequence[Mask], number: int) -> Looked:
        """One object a file: whatever is not 0 there. An image without a file has none."""
        only = next(iter(self.config.classes_by_value))

        def read(mask: Mask) -> tuple[ObjectRecord, str]:
            try:
                values = self._values(mask, path, size)
            except DataError as error:
                raise UnusableError("broken mask", str(error)) from error
            kept, void = self._kept(values), self._void(values)
            if not kept.any():
                raise UnusableError("empty mask", "it is 0 everywhere")
            return ObjectRecord(only, rle.encode(kept if void is None else values), void), mask.label or ""

        found, broken = usable(masks, read, lambda position: str(masks[position - 1].path))
        record = ImageRecord(path, number, *size, tuple(item for item, _ in found))
        labels = [label for _, label in found] if self.config.classes_in_paths else None
        return Looked(record, labels, broken, len(masks))

    def _values(self, mask: Mask, image: Path, size: tuple[int, int]) -> np.ndarray:
        path = self.config.root / mask.path
        values = read_values(path)
        check_mask_size(path, values.shape, image, size)
        return values

    def _kept(self, values: np.ndarray) -> np.ndarray:
        return np.where(np.isin(values, self.config.ignored), 0, values) if self.config.ignored else values

    def _void(self, values: np.ndarray) -> Rle | None:
        """The pixels that no loss counts; objects alone have none, and those are background to them."""
        ignored = np.isin(values, self.config.ignored) if self.semantic else np.zeros(0, bool)
        return rle.encode(ignored) if ignored.any() else None

    def _labels(self, path: Path, values: np.ndarray) -> LabelImage:
        known = {0, *self.config.classes_by_value, *self.config.ignored}
        return label_image(path, values, known, "correct data.values, data.names or data.ignored")

    def _instances(self, values: np.ndarray) -> list[tuple[int, Rle]]:
        """A value is an object: its class and its pixels."""
        factor, only = self.config.class_factor, next(iter(self.config.classes_by_value))
        masks = rle.encode_values(values)
        return [(self._known(value // factor if factor else only, value), mask) for value, mask in masks.items()]

    def _components(self, values: np.ndarray) -> list[tuple[int, Rle]]:
        """A value is a class: its pixels that touch, also at a corner, are an object."""
        found = []
        for value in np.unique(values[values != 0]).tolist():
            self._known(value, value)
            labels = cv2.connectedComponents((values == value).astype(np.uint8), connectivity=8)[1]
            found += [(value, mask) for mask in rle.encode_values(labels).values()]
        return found

    def _known(self, category: int, value: int) -> int:
        known = self.config.classes_by_value
        if category not in known:
            raise UnusableError(
                "value of no class",
                f"the mask has {value}, so the class {category}; data.values are {', '.join(map(str, known))}: "
                "correct these, data.names, data.class_factor or data.ignored",
            )
        return category
