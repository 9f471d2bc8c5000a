"""The sections of the config that every data set for semantic segmentation shares."""

from base.config import DataConfig
from data_loader.config import Probability
from utils.config.section import Section


class LabelAugmentConfig(Section):
    """Random changes to the training images and their labels."""

    flip: Probability = 0.5
    """Probability of a horizontal flip."""


class SemanticDataConfig(DataConfig):
    """What a data set for semantic segmentation needs, whatever its files look like."""

    name: str
    """Which data set: a name from the registry or a dotted path `package.module:Class`."""
    augment: LabelAugmentConfig | None = LabelAugmentConfig()
    """Random changes to the training images; null: none."""
