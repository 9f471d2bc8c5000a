"""The section `data` for images beside masks."""

from pathlib import Path
from typing import Literal, Self

from pydantic import Field, model_validator

from data_loader.annotated_config import AnnotatedDataConfig
from utils.config.section import Section

Kind = Literal["instances", "objects", "semantic"]


class MaskSplitConfig(Section):
    """One split: patterns for its images and their masks, relative to `data.root`; `*` is any part of a name."""

    images: str = Field(min_length=1)
    """The image files, such as `train/images/*.jpg`; a folder alone means all images in it."""
    masks: str = Field(min_length=1)
    """Their masks, with `{stem}` for the image's name without its ending: `masks/{stem}.png`; for one file per object
    `masks/{stem}_*.png`, `{stem}/masks/*.png` or, with the class as a folder, `masks/{class}/{stem}_*.png`."""

    @model_validator(mode="after")
    def _masks_name_their_image(self) -> Self:
        for pattern in (self.images, self.masks):
            if pattern.startswith("/") or ".." in pattern.split("/") or "\0" in pattern:
                raise ValueError(f"{pattern!r} leads out of data.root: write a pattern relative to it.")
        if self.masks.count("{stem}") != 1 or self.masks.count("{class}") > 1:
            raise ValueError(f"masks is {self.masks!r}: it needs {{stem}} once, the image's name without its ending.")
        return self


class MaskFolderConfig(AnnotatedDataConfig):
    """Images beside mask images, lossless PNGs of the size of the image as it is shown.

    A gray or palette mask has its values as they are stored; one with colors has the value R + 256 G + 65,536 B.
    """

    name: str = "mask_folder"
    """Which data set: a name from the registry or a dotted path `package.module:Class`."""
    root: Path = Path("data/masks")
    """Folder of the data set."""
    kind: Kind = "instances"
    """What a mask has: one value for each object; one object, whatever is not 0 (several files for an image); or one
    value for each class, which are the labels for `task` = semantic; else the pixels of a class that touch, also at a
    corner, are an object."""
    names: tuple[str, ...] = Field(default=("object",), min_length=1)
    """Names of the classes; where the paths of the masks have `{class}`, the classes are those folders instead."""
    values: tuple[int, ...] | None = None
    """Values of these classes in the masks, such as [255]; null: 1, 2, … For `task` = semantic 0 may be one of them:
    there is no background then."""
    class_factor: int | None = Field(default=None, ge=2)
    """For instances: the value of an object is class × this + its number, as 1000 in Cityscapes. Null: the values are
    numbers alone, for one class."""
    ignored: tuple[int, ...] = ()
    """Values that are no object, besides 0: such as 255 for borders. Labels are 255 there: nothing counts them."""
    train: MaskSplitConfig = MaskSplitConfig(images="images", masks="masks/{stem}.png")
    """The images to learn from."""
    val: MaskSplitConfig | None = None
    """The images that choose the best checkpoint; null: a part of the training images, see `val_fraction`."""
    test: MaskSplitConfig | None = None
    """The images of the final metrics; null: those that validate."""

    @model_validator(mode="after")
    def _classes_have_values(self) -> Self:
        if len(set(self.names)) < len(self.names):
            raise ValueError(f"names has a class twice: {', '.join(self.names)}.")
        if self.values is not None and not len(set(self.values)) == len(self.values) == len(self.names):
            raise ValueError(f"values needs {len(self.names)} different values, one for each of names.")
        if 0 in (self.values or ()) and not self.has_labels:
            raise ValueError("values has 0, which is the background.")
        sections = [section for section in (self.train, self.val, self.test) if section is not None]
        if len({"{class}" in section.masks for section in sections}) > 1:
            raise ValueError("{class} is in masks of some splits only: write it for all or for none.")
        if self.classes_in_paths and self.kind != "objects":
            raise ValueError(f"{{class}} in masks is for kind = objects, not {self.kind}.")
        if self.kind == "objects" and not self.classes_in_paths and len(self.names) > 1:
            raise ValueError("names has several classes: put {class} into masks, by which the paths tell them apart.")
        if self.kind == "instances" and self.class_factor is None and len(self.names) > 1:
            raise ValueError("names has several classes: set class_factor, by which the masks tell them apart.")
        return self

    @property
    def has_labels(self) -> bool:
        """Whether the values of the masks are read as labels: there are no objects then."""
        return self.task == "semantic" and self.kind == "semantic"

    @property
    def classes_in_paths(self) -> bool:
        """Whether the paths of the masks name the classes; `names` does not count then."""
        return "{class}" in self.train.masks

    @property
    def classes_by_value(self) -> dict[int, str]:
        """Value in the masks → name."""
        return dict(zip(self.values or range(1, len(self.names) + 1), self.names, strict=True))
