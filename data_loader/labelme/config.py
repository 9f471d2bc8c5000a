"""The section `data` for LabelMe's files."""

from pathlib import Path

from data_loader.annotated_config import AnnotatedDataConfig


class LabelmeDataConfig(AnnotatedDataConfig):
    """Files of LabelMe; the classes are the labels in them, in alphabetical order."""

    name: str = "labelme"
    """Which data set: a name from the registry or a dotted path `package.module:Class`."""
    root: Path = Path("data/labelme")
    """Folder of the data set."""
    train: Path = Path()
    """Folder of the JSON files to learn from, relative to `root`; those in folders below it count too."""
    val: Path | None = None
    """Folder of those that choose the best checkpoint; null: a part of the training images, see `val_fraction`."""
    test: Path | None = None
    """Folder of those of the final metrics; null: those that validate."""
