"""The section `data` for COCO's format."""

from pathlib import Path

from pydantic import Field

from data_loader.annotated_config import AnnotatedDataConfig
from utils.config.section import Section


class CocoSplitConfig(Section):
    """One split: its annotation files and the folder of its images, both relative to `data.root`."""

    annotations: tuple[Path, ...] = Field(min_length=1)
    """JSON files in COCO's format; several are joined."""
    images: Path
    """Folder that the `file_name` of each image is below."""


class CocoDataConfig(AnnotatedDataConfig):
    """Any data set in COCO's format: polygons, compressed and uncompressed RLE, crowds."""

    name: str = "coco"
    """Which data set: a name from the registry or a dotted path `package.module:Class`."""
    root: Path = Path("data/coco")
    """Folder of the data set."""
    train: CocoSplitConfig
    """The images to learn from."""
    val: CocoSplitConfig | None = None
    """The images that choose the best checkpoint; null: a part of the training images, see `val_fraction`."""
    test: CocoSplitConfig | None = None
    """The images of the final metrics; null: those that validate."""
