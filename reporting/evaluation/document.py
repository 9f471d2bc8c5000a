"""What an evaluation says of itself: for `metrics.json` and for the table."""

import argparse
from collections.abc import Mapping
from typing import Any

from base.base_data import BaseData
from reporting.evaluation.folder import IDENTITY
from reporting.evaluation.report import PAGE
from reporting.evaluation.subject import Subject
from reporting.table import RunInfo
from utils.config import Config
from utils.environment import environment


def describe(
    subject: Subject, config: Config | None, data: BaseData | None, complexity: Mapping[str, int]
) -> dict[str, Any]:
    """What was evaluated on what, versions, commit and data, the network's cost and the config; JSON values."""
    described: dict[str, Any] = {"data_fingerprint": subject.identity["data_fingerprint"]}
    if data is not None:
        described |= {"data": data.display_name, "synthetic": data.synthetic}
    return {
        IDENTITY: {"name": subject.name, "source": subject.source, **subject.identity},
        "environment": environment(described),
        "complexity": dict(complexity),
        "config": config.to_dict() if config else None,
    }


def run_info(subject: Subject, args: argparse.Namespace, config: Config | None, data: BaseData | None) -> RunInfo:
    """What the table says beside the metrics."""
    if data is None:
        place, split = str(args.annotations), "all of its images"
    else:
        place, split = data.display_name, f"{args.split}, {len(data.split(args.split))} images"
    files = {"report": PAGE, "metrics": "metrics.json", "results": "results.json", "plots": "plots"}
    return RunInfo(
        name=subject.name,
        data=place,
        split=split,
        model=config.model.name if config and subject.checkpoint else "predictions of a file",
        weights=subject.source,
        synthetic=data.synthetic if data else False,
        places={what: subject.folder / name for what, name in files.items()},
    )
