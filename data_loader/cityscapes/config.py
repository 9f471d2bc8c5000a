"""The section `data` for Cityscapes."""

from pathlib import Path

from pydantic import Field

from data_loader.annotated_config import AnnotatedDataConfig

THINGS = {
    24: "person", 25: "rider", 26: "car", 27: "truck", 28: "bus", 31: "train", 32: "motorcycle", 33: "bicycle",
}  # fmt: skip
"""The classes of Cityscapes that have instances, by their ids."""

TRAIN_CLASSES = {
    7: "road", 8: "sidewalk", 11: "building", 12: "wall", 13: "fence", 17: "pole", 19: "traffic light",
    20: "traffic sign", 21: "vegetation", 22: "terrain", 23: "sky", **THINGS,
}  # fmt: skip
"""The 19 classes that Cityscapes' benchmark of labels counts, by their ids, in the order of their train ids 0…18."""

VOID = tuple(number for number in range(34) if number not in TRAIN_CLASSES)
"""All other ids, which its benchmark ignores."""


class CityscapesConfig(AnnotatedDataConfig):
    """Cityscapes (Cordts et al. 2016): its eight classes that have instances, or the 19 classes of its labels.

    No pixel of labels is background: what is none of the 19 classes is ignored.
    """

    name: str = "cityscapes"
    """Which data set: a name from the registry or a dotted path `package.module:Class`."""
    root: Path = Path("data/cityscapes")
    """Folder with `leftImg8bit/` and `gtFine/`."""
    train: str = Field(default="train", min_length=1)
    """Folder of the images to learn from, below `leftImg8bit/` and `gtFine/`."""
    val: str | None = Field(default="val", min_length=1)
    """Folder of the images that choose the best checkpoint; null: a part of the training images, see `val_fraction`."""
    test: str | None = Field(default=None, min_length=1)
    """Folder of the images of the final metrics; null: those that validate. The official test has no annotations."""
