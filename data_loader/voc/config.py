"""The section `data` for PASCAL VOC's format."""

from pathlib import Path

from pydantic import Field

from data_loader.annotated_config import AnnotatedDataConfig

VOC_CLASSES = (
    "aeroplane", "bicycle", "bird", "boat", "bottle", "bus", "car", "cat", "chair", "cow", "diningtable", "dog",
    "horse", "motorbike", "person", "pottedplant", "sheep", "sofa", "train", "tvmonitor",
)  # fmt: skip
"""The classes of VOC 2007 to 2012, by their values 1…20 in SegmentationClass."""


class VocDataConfig(AnnotatedDataConfig):
    """PASCAL VOC with its objects' masks or its labels, or any data set in its layout."""

    name: str = "voc"
    """Which data set: a name from the registry or a dotted path `package.module:Class`."""
    root: Path = Path("data/VOC2012")
    """Folder with `JPEGImages/`, `SegmentationObject/`, `SegmentationClass/` and `ImageSets/Segmentation/`; labels need
    no `SegmentationObject/`."""
    train: str = Field(default="train", min_length=1)
    """List of the images to learn from: its name in `ImageSets/Segmentation/`, without `.txt`."""
    val: str | None = Field(default="val", min_length=1)
    """List of the images that choose the best checkpoint; null: a part of the training images, see `val_fraction`."""
    test: str | None = Field(default=None, min_length=1)
    """List of the images of the final metrics; null: those that validate."""
    further_labels: str | None = Field(default=None, pattern=r"^[^/\\\x00]+$")
    """Folder of class images for those that `SegmentationClass/` does not have, for `task` = semantic:
    `"SegmentationClassAug"` with `train` = `"trainaug"` for the 10,582 images that the labels of SBD (Hariharan et al.
    2011) make of the training set. Null: none."""
    names: tuple[str, ...] = Field(default=VOC_CLASSES, min_length=1)
    """Names of the values 1, 2, … in `SegmentationClass/`."""
