"""Which data to inspect: a folder whose format is recognized, or those of a config."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from data_loader.formats import recognize
from data_loader.instance_data import InstanceData
from utils.config import Config, check_config, process_config
from utils.config.merge import parse_overrides
from utils.errors import UserError
from utils.registry import DATA, resolve

_LABELS = (["data", "task"], "semantic")
"""The override that asks for labels."""
_REST = {"exp": {"name": "data"}, "model": {"name": "mask_rcnn"}, "trainer": {"name": "supervised"}}


@dataclass(frozen=True)
class Source:
    """Data that are not read yet.

    Attributes:
        section: the section `data` with the keys that were given or recognized, as JSON types.
        config: the checked config that it is in.
    """

    section: dict[str, Any]
    config: Config

    @property
    def max_bad_fraction(self) -> float:
        """The largest part of the images, or annotations, that may be broken; 0 where the data have no such key."""
        return getattr(self.config.data, "max_bad_fraction", 0.0)


def source_of(
    path: Path, format: str | None, classes: Sequence[str], val_fraction: float | None, overrides: Sequence[str]
) -> Source:
    """The data in a folder, or of one annotation file.

    Args:
        path: the folder or file.
        format: a key of `data_loader.formats.FORMATS`; None: recognized.
        classes: names of the classes to learn, in this order; none for all.
        val_fraction: part of the training images that validates where the data have no such split.
        overrides: `data.key=value` each.

    Raises:
        UserError: there are no such data, or a key of the section is wrong.
    """
    wrong = [text for text in overrides if not text.strip().startswith("data.")]
    if wrong:
        raise UserError(f"--set {wrong[0]}: a folder has the section data alone; give data.key=value, or -c CONFIG.")
    section = recognize(path, format, _LABELS in parse_overrides(overrides))
    section |= {"classes": list(classes)} if classes else {}
    section |= {"val_fraction": val_fraction} if val_fraction is not None else {}
    config = check_config({**_REST, "data": section, "evaluator": {"name": "coco"}}, path, overrides)
    return Source(_given(config), config)


def source_of_config(path: Path, overrides: Sequence[str]) -> Source:
    """The data of a config.

    Raises:
        UserError: the config is wrong.
    """
    config = process_config(path, overrides)
    return Source(_given(config), config)


def load(source: Source) -> InstanceData:
    """The data set, prepared; whatever is broken in it is left out, however much it is.

    Raises:
        UserError: the data cannot be used at all, or are of another kind.
    """
    section = source.config.data
    if hasattr(section, "max_bad_fraction"):
        section = section.model_copy(update={"max_bad_fraction": 1.0})
    data = resolve(DATA, section.name)(section, source.config.exp.seed)
    if not isinstance(data, InstanceData):
        raise UserError(f"{type(data).__name__}: only data sets that are an InstanceData can be inspected.")
    data.prepare()
    return data


def _given(config: Config) -> dict[str, Any]:
    """The keys of the section `data` that are not left at their defaults, as JSON types."""
    return json.loads(config.data.model_dump_json(exclude_unset=True))
