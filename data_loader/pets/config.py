"""The section `data` for Oxford-IIIT Pet."""

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from data_loader.config import InstanceDataConfig
from utils.config.section import Section

Md5 = Annotated[str, Field(pattern="^[0-9a-f]{32}$")]


class DownloadConfig(Section):
    """Where the data set comes from when it is not there."""

    mirrors: tuple[str, ...] = (
        "https://thor.robots.ox.ac.uk/pets/",
        "https://www.robots.ox.ac.uk/~vgg/data/pets/data/",
    )
    """Addresses, tried in order, that `images.tar.gz` and `annotations.tar.gz` are below; empty: never download."""
    images_md5: Md5 = "5c4f3ee8e5d25df40f4fd59a7f44e54c"
    """MD5 of `images.tar.gz`."""
    annotations_md5: Md5 = "95a8c909bbe2e81eed6a22bccdf3f68f"
    """MD5 of `annotations.tar.gz`."""
    timeout_s: float = Field(default=14.0, gt=0)
    """Seconds after which a connection that gives nothing is given up."""


class SyntheticConfig(Section):
    """The synthetic images, used where the data set is unavailable."""

    trainval: int = Field(default=1300, ge=2)
    """Images to learn from, the validation split included."""
    test: int = Field(default=120, ge=1)
    """Images of the test split."""
    size: int = Field(default=320, ge=64)
    """Longer side of an image, in pixels."""
    max_animals: int = Field(default=3, ge=1, le=3)
    """Animals in an image, at most; never more than `max_objects` of the data set."""
    seed: int = Field(default=0, ge=0)
    """Another seed generates other images."""
    folder: Path = Path("data/synthetic-pets")
    """The images are written once, below this folder."""
    workers: int | None = Field(default=None, ge=1)
    """Processes that generate; null: one per core that may be used."""


class PetsConfig(InstanceDataConfig):
    """Oxford-IIIT Pet, or the synthetic pets in its layout."""

    name: str = "pets"
    """Which data set: a name from the registry or a dotted path `package.module:Class`."""
    max_bad_fraction: float = Field(default=0.01, ge=0, le=1)
    """Largest part of the images that may be broken; those are named, left out and counted."""
    source: Literal["oxford", "synthetic"] = "oxford"
    """The real images, or the synthetic ones even where the real ones are available."""
    root: Path = Path("data/pets")
    """Folder with `images/` and `annotations/`; downloaded to there when they are missing."""
    classes: Literal["breed", "species", "pet", "trimap"] = "species"
    """The classes: 37 breeds, cat and dog, or pet alone; for `task` = semantic also pet and border, as the trimap has
    them."""
    border: Literal["ignore", "foreground", "background"] = "foreground"
    """What the trimap's border pixels are, unless they are a class. Ignored ones count in no loss; box and COCO metric
    take them as pet, metrics of labels leave them out."""
    val_fraction: float = Field(default=0.1, gt=0, lt=1)
    """Part of the official `trainval` split that validates: of each breed this part, to within one image."""
    split_seed: int = Field(default=0, ge=0)
    """Another seed puts other images into the validation split."""
    offline: Literal["synthetic", "error"] = "synthetic"
    """Where the data set can be neither found nor downloaded: generate images and say so, or stop."""
    download: DownloadConfig = DownloadConfig()
    """Where the data set comes from when it is not there."""
    synthetic: SyntheticConfig = SyntheticConfig()
    """The synthetic images, used where the data set is unavailable."""

    @model_validator(mode="after")
    def _a_border_is_no_object(self) -> Self:
        if self.classes == "trimap" and self.task != "semantic":
            raise ValueError('classes is "trimap", whose border is no object: set task = semantic.')
        return self
