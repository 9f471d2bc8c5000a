"""The section `data` for YOLO's segmentation format."""

from pathlib import Path

from pydantic import Field

from data_loader.annotated_config import AnnotatedDataConfig


class YoloDataConfig(AnnotatedDataConfig):
    """Any data set in the segmentation format of Ultralytics' YOLO; its `data.yaml` has the classes and the splits."""

    name: str = "yolo"
    """Which data set: a name from the registry or a dotted path `package.module:Class`."""
    root: Path = Path("data/yolo")
    """Folder of the data set."""
    file: str = Field(default="data.yaml", min_length=1)
    """The file with `names`, `train` and perhaps `path`, `val` and `test`, relative to `root`."""
