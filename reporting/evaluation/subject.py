"""What is evaluated: a run's network or a result file, on a split or an annotation file."""

import argparse
import hashlib
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from base.base_data import BaseData
from base.checkpoint import Checkpoint, find_checkpoint
from reporting.evaluation.folder import evaluation_in
from utils.config import Config, process_config
from utils.errors import UserError
from utils.run_folder import run_name


@dataclass(frozen=True)
class Subject:
    """What is evaluated, and where its evaluation belongs.

    Attributes:
        name: of the run or of the result file.
        source: which weights or which file.
        identity: JSON values that tell it from any other evaluation.
        folder: of its evaluation.
        checkpoint: of the network; None where predictions are read.
    """

    name: str
    source: str
    identity: dict[str, Any]
    folder: Path
    checkpoint: Checkpoint | None = None


def read_config(args: argparse.Namespace) -> Config | None:
    """The config of the command line, or the run's own; None where an annotation file takes its place.

    Raises:
        UserError: the run's folder holds none.
    """
    if args.annotations:
        return None
    return process_config(args.config or _config_of(args.run), args.overrides)


def _config_of(run: Path) -> Path:
    """That of the last start: a resumed run may have changed it."""
    found = _configs(run)
    if not found:
        raise UserError(f"{run} holds no config.json: give the folder of a run, experiments/NAME.")
    return max(found, key=lambda path: int(path.stem.partition("-")[2] or 1))


def _configs(run: Path) -> list[Path]:
    """The configs of a run's starts; none where the folder is not that of a run."""
    return [path for path in run.glob("config*.json") if re.fullmatch(r"config(-\d+)?", path.stem)]


def subject_of(args: argparse.Namespace, config: Config | None, data: BaseData | None) -> Subject:
    """What the command line names.

    Args:
        args: of the command line.
        config: None with an annotation file.
        data: prepared; None with an annotation file.

    Raises:
        UserError: there is no such file.
        CheckpointError: the run has no such checkpoint.
    """
    if args.predictions:
        return _of_predictions(args, data)
    if config is None or data is None:
        raise UserError("A network is evaluated on the data of a config: give a run or --config.")
    run = args.run or config.exp.root / run_name(config.exp.name, data.display_name, data.synthetic)
    which = args.checkpoint
    checkpoint = find_checkpoint(run, which)
    identity = {
        "checkpoint": checkpoint.path.name,
        "weights_sha256": checkpoint.meta["variables_sha256"],
        "split": args.split,
        "data_fingerprint": data.fingerprint,
    }
    views = getattr(config.evaluator, "views", None)
    if views is not None:
        identity["views"] = views.model_dump(mode="json")
    suffix = "" if which == "best" else f"-{which if which == 'last' else checkpoint.path.name}"
    source = f"{checkpoint.path} (step {checkpoint.meta['global_step']})"
    folder = args.out_path or run / "evaluation" / f"{args.split}{suffix}{'-views' * (views is not None)}"
    return Subject(run.resolve().name, source, identity, folder, checkpoint)


def _of_predictions(args: argparse.Namespace, data: BaseData | None) -> Subject:
    identity = {"predictions": args.predictions.name, "predictions_sha256": _digest(args.predictions)}
    if data is None:
        identity |= {"annotations": args.annotations.name, "data_fingerprint": _digest(args.annotations)[:12]}
    else:
        identity |= {"split": args.split, "data_fingerprint": data.fingerprint}
    folder = args.out_path or args.predictions.with_name(f"{args.predictions.stem}-evaluation")
    return Subject(args.predictions.stem, str(args.predictions), identity, folder)


def _digest(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise UserError(f"{path} cannot be read ({error.strerror}).") from None


def results_to_compare(path: Path, split: str, fingerprint: str) -> Path:
    """The result file of an evaluated run, or the file itself.

    Args:
        path: of a run's folder, of its evaluation or of a result file.
        split: that is evaluated.
        fingerprint: of the data, which must be the same.

    Raises:
        UserError: the folder is of neither, the run has no evaluation of this split, or it is of other data.
    """
    if not path.is_dir():
        return path
    folder = path if (path / "results.json").is_file() else path / "evaluation" / split
    found = evaluation_in(folder)
    if found is None and not _configs(path):
        file = path / "results.json"
        advice = f"compare its file, --compare {file}" if file.is_file() else "give one of these or a COCO result file"
        raise UserError(f"{path} is the folder of neither a run nor an evaluation: {advice}.")
    if found is None:
        raise UserError(
            f"{path} has no evaluation of the split {split}: run first\n"
            f"  python mains/evaluate_main.py {path} --split {split}"
        )
    if found.get("data_fingerprint") != fingerprint:
        raise UserError(
            f"{folder} is of other data (fingerprint {found.get('data_fingerprint')}, here {fingerprint}): only "
            "predictions of the same images can be compared."
        )
    return folder / "results.json"
