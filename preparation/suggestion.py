"""The suggested config of an inspected data set, and what to type next."""

import copy
import re
import shlex
from argparse import Namespace
from collections.abc import Callable, Mapping
from typing import Any

from data_loader.instance_data import InstanceData
from preparation.inspection.checks.labels import frequency_weights
from preparation.inspection.inspection import Inspection
from preparation.inspection.label_facts import LabelFacts
from preparation.inspection.object_facts import ObjectFacts
from preparation.source import Source
from preparation.suggest import DataStats, LabelStats, Machine, Suggestion, suggest, suggest_labels
from utils.config import check_config

_NO_NAME = re.compile(r"[^A-Za-z0-9._-]+|^[._-]+")


def suggest_config(source: Source, inspection: Inspection, name: str) -> Suggestion | None:
    """A config that fits the data and this machine; None where there is nothing to learn.

    Args:
        source: of the data; its keys are kept.
        inspection: of them.
        name: of the run; what no name can have is replaced.
    """
    if not inspection.splits["train"].amounts(len(inspection.classes)).any():
        return None
    make = _KINDS[inspection.config.task]
    return make(inspection, source.section, _NO_NAME.sub("-", name).strip("-") or "run")


def _of_objects(inspection: Inspection[ObjectFacts], section: dict[str, Any], name: str) -> Suggestion:
    stats = DataStats.of(inspection.splits["train"].records, inspection.classes)
    return suggest(stats, section, Machine.here(), name)


def _of_labels(inspection: Inspection[LabelFacts], section: dict[str, Any], name: str) -> Suggestion:
    facts, count = inspection.splits["train"], len(inspection.classes)
    images, weights = facts.images_of_classes(count), frequency_weights(facts)
    stats = LabelStats(sizes=facts.sizes, names=inspection.classes, images_with=images, weights=weights)
    return suggest_labels(stats, section, Machine.here(), name)


_KINDS: Mapping[str, Callable[[Inspection[Any], dict[str, Any], str], Suggestion]] = {
    "instance": _of_objects,
    "semantic": _of_labels,
}
"""By `data.task`."""


def with_suggestion(data: InstanceData, suggestion: Suggestion | None) -> InstanceData:
    """The same data set with the suggested section `data`."""
    if suggestion is None:
        return data
    changed = copy.copy(data)
    changed.config = check_config(suggestion.config, "the suggested config").data
    return changed


def next_commands(args: Namespace, inspection: Inspection) -> dict[str, str]:
    """What it does → the command that follows, which names the errors' priority where there are any.

    Args:
        args: of the main.
        inspection: of the data set.
    """
    config = args.write or args.config
    when = "when the errors above are repaired, train" if inspection.errors else "train"
    overrides = ["--set", *args.overrides] if args.overrides and not args.write else []
    if config:
        return {when: shlex.join(["python", "mains/train_main.py", "-c", str(config), *overrides])}
    words = ["python", "mains/prepare_main.py", str(args.data), *_choices(args), *overrides]
    return {"write a config that fits these data": shlex.join([*words, "--write", "configs/mine.json"])}


def _choices(args: Namespace) -> list[str]:
    """The options by which these data were read."""
    return [
        *(["--format", args.format] if args.format else []),
        *(["--classes", *args.classes] if args.classes else []),
        *(["--val-fraction", str(args.val_fraction)] if args.val_fraction is not None else []),
        *(["--allow-leakage"] if args.allow_leakage else []),
    ]
