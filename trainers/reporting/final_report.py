"""What a run leaves at its end: figures, table and plots in its folder, and the table on the terminal."""

import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from trainers.reporting.plots import plot_history, plot_per_class
from trainers.reporting.table import RunInfo, final_table, print_table, write_metrics
from utils.config import Config
from utils.drawing import grid, write_picture

if TYPE_CHECKING:  # Keras would be loaded for it, before the config is read
    from base.base_train import BaseTrain


def final_report(
    run: Path,
    config: Config,
    trainer: "BaseTrain",
    metrics: dict[str, float],
    comet: str = "",
    pictures: Sequence[np.ndarray] = (),
) -> None:
    """Writes `metrics.{json,yaml}`, `table.txt` and `plots/`, and prints the table with the next commands.

    Args:
        run: the run's folder.
        config: of the run.
        trainer: at its end.
        metrics: of the test split.
        comet: where the Comet experiment or its archive lies; empty for none.
        pictures: uint8 RGB, predictions beside the ground truth.
    """
    write_metrics(metrics, run)
    plot_history(run / "metrics.jsonl", run / "plots" / "history.png")
    plot_per_class(metrics, run / "plots" / "per_class.png")
    if pictures:
        write_picture(run / "plots" / "predictions.jpg", grid(pictures, 2))
    info = run_info(run, config, trainer, comet)
    (run / "table.txt").write_text(final_table(metrics, info), encoding="utf-8")
    print_table(metrics, info)


def run_info(run: Path, config: Config, trainer: "BaseTrain", comet: str) -> RunInfo:
    """The words of the table around its figures."""
    data = trainer.data
    places: dict[str, Path | str] = {
        "checkpoints": run / "checkpoints",
        "metrics": run / "metrics.json",
        "plots": run / "plots",
        "TensorBoard": run / "summaries",
    }
    commands = {
        "look at the curves": f"tensorboard --logdir {shlex.quote(str(config.exp.root))}",
        "train on": f"{_this_command()} --resume --set trainer.epochs={config.trainer.epochs * 2}",
    }
    if comet:
        places["Comet"] = comet
        if comet.endswith(".zip"):
            commands["send to Comet"] = f"comet upload {shlex.quote(comet)}"
    return RunInfo(
        name=run.name,
        data=data.display_name,
        split=f"test, {len(data.split('test'))} pictures",
        model=config.model.name,
        backbone=trainer.model.origin,
        seconds=trainer.seconds,
        places=places,
        commands=commands,
    )


def _this_command() -> str:
    words = [word for word in sys.argv if word != "--resume"]
    return shlex.join(["python", *words])
