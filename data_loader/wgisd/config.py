"""The section `data` for WGISD."""

from pathlib import Path

from pydantic import Field

from data_loader.annotated_config import AnnotatedDataConfig

VARIETIES = {
    "CDY": "Chardonnay", "CFR": "Cabernet Franc", "CSV": "Cabernet Sauvignon", "SVB": "Sauvignon Blanc", "SYH": "Syrah",
}  # fmt: skip
"""The first letters of an image's name → variety of the grapes."""


class WgisdConfig(AnnotatedDataConfig):
    """Embrapa's Wine Grape Instance Segmentation Dataset (Santos et al. 2020)."""

    name: str = "wgisd"
    """Which data set: a name from the registry or a dotted path `package.module:Class`."""
    root: Path = Path("data/wgisd")
    """Folder with `data/` and the lists of images."""
    train: str = Field(default="train_masked", min_length=1)
    """List of the images to learn from: its name in `root`, without `.txt`."""
    val: str | None = Field(default=None, min_length=1)
    """List of the images that choose the best checkpoint; null: a part of the training images, see `val_fraction`."""
    test: str | None = Field(default="test_masked", min_length=1)
    """List of the images of the final metrics; null: those that validate."""
    varieties: bool = False
    """Whether each of the five varieties is a class; else there is one class, grape."""
