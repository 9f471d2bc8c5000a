"""The section that every data set read from annotation files shares."""

from pathlib import Path
from typing import Self

from pydantic import Field, model_validator

from data_loader.classes import IGNORED
from data_loader.config import InstanceDataConfig


class AnnotatedDataConfig(InstanceDataConfig):
    """What a data set with classes and splits of its own needs, whatever its files look like."""

    root: Path
    """Folder of the data set."""
    label_map: dict[str, str | None] = Field(default_factory=dict)
    """Name of a class in the data → name of the class that it is learned as, so that several become one. Null:
    background; for `task` = semantic also "ignore": its pixels count in no loss and no metric. The others keep their
    names."""
    classes: tuple[str, ...] | None = Field(default=None, min_length=1)
    """Names of the classes to learn, in this order; all others are background. Null: all, in the files' order."""
    keep_empty: bool = True
    """Whether training images without an object of these classes are kept; validation and test images always are."""
    val_fraction: float = Field(default=0.1, gt=0, lt=1)
    """Part of the training images that validates where no validation split is named."""
    split_seed: int = Field(default=0, ge=0)
    """Another seed puts other images into that part."""
    max_bad_fraction: float = Field(default=0.01, ge=0, le=1)
    """Largest part of the images, and of the annotations, that may be broken; those are named and left out."""

    @model_validator(mode="after")
    def _only_labels_are_ignored(self) -> Self:
        ignored = [name for name, target in self.label_map.items() if target == IGNORED]
        if ignored and self.task != "semantic":
            raise ValueError(
                f'label_map has "{IGNORED}" for {", ".join(ignored)}, which only task = semantic knows: write null for '
                "background."
            )
        return self
