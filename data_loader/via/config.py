"""The section `data` for the files of VGG Image Annotator."""

from pathlib import Path

from pydantic import Field

from data_loader.annotated_config import AnnotatedDataConfig
from utils.config.section import Section


class ViaSplitConfig(Section):
    """One split: its annotation file and the folder of its images, both relative to `data.root`."""

    annotations: Path
    """JSON file: a project of VGG Image Annotator 2, or its export of the annotations."""
    images: Path = Path()
    """Folder that the `filename` of each image is below."""


class ViaDataConfig(AnnotatedDataConfig):
    """Files of VGG Image Annotator; the classes are the values of one attribute, in alphabetical order."""

    name: str = "via"
    """Which data set: a name from the registry or a dotted path `package.module:Class`."""
    root: Path = Path("data/via")
    """Folder of the data set."""
    attribute: str | None = Field(default=None, min_length=1)
    """The attribute of a region that has its class; null: the only one. Without any, all are of the class `object`."""
    train: ViaSplitConfig
    """The images to learn from."""
    val: ViaSplitConfig | None = None
    """The images that choose the best checkpoint; null: a part of the training images, see `val_fraction`."""
    test: ViaSplitConfig | None = None
    """The images of the final metrics; null: those that validate."""
