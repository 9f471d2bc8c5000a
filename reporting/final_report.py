"""What a run leaves at its end: figures, table and plots in its folder, and the table on the terminal."""

import json
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from inference.drawing import grid, write_image
from reporting.plots import plot_history, plot_per_class
from reporting.table import RunInfo, final_table, print_table, write_metrics
from utils.config import Config
from utils.files import write_whole
from utils.redact import command_without_secrets

if TYPE_CHECKING:  # Keras would be loaded for it, before the config is read
    from base.base_train import BaseTrain


def final_report(
    run: Path,
    config: Config,
    trainer: "BaseTrain",
    metrics: dict[str, float],
    comet: str = "",
    images: Sequence[np.ndarray] = (),
) -> None:
    """Writes `metrics.{json,yaml}`, `table.txt` and `plots/`, and prints the table with the next commands.

    Args:
        run: the run's folder.
        config: of the run.
        trainer: at its end.
        metrics: of the test split.
        comet: where the Comet experiment or its archive lies; empty for none.
        images: uint8 RGB, predictions beside the ground truth.
    """
    write_metrics(metrics, run)
    if config.trainer.epochs or config.trainer.validate_every:  # else there is no curve
        plot_history(run / "metrics.jsonl", run / "plots" / "history.png")
    plot_per_class(metrics, run / "plots" / "per_class.png")
    if images:
        write_image(run / "plots" / "predictions.jpg", grid(images, 2))
    info = run_info(run, config, trainer, comet)
    write_whole(run / "table.txt", final_table(metrics, info))
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
    if comet:
        places["Comet"] = comet
    return RunInfo(
        name=run.name,
        data=data.display_name,
        split=f"test, {len(data.split('test'))} images",
        model=config.model.name,
        backbone=trainer.model.origin,
        seconds=trainer.seconds,
        places=places,
        commands=next_commands(run, config, comet),
    )


def next_commands(run: Path, config: Config, comet: str) -> dict[str, str]:
    """What it does → the command, which works as typed in the present folder, whether or not `.venv` is active."""
    commands = {"look at the curves": shlex.join([*_tool("tensorboard"), "--logdir", str(config.exp.root)])}
    if _epochs_done(run) >= config.trainer.epochs:
        words = [word for word in sys.argv if word != "--resume"]
        shown = command_without_secrets(words)
        if shown != words:
            commands["secrets are left out"] = "export COMET_API_KEY=<your key> first; give others again with --set"
        more = ["--resume", "--set", f"trainer.epochs={config.trainer.epochs * 2}"]
        commands["train on"] = shlex.join([_near(Path(sys.executable)), *shown, *more])
    if comet.endswith(".zip"):
        commands["send to Comet"] = shlex.join([*_tool("comet"), "upload", comet])
    return commands


def _epochs_done(run: Path) -> int:
    """Finished epochs. The model's own counter is no help: by now it is that of the best checkpoint."""
    found = (run / "checkpoints").glob("ckpt-*/checkpoint.json")
    return max((json.loads(path.read_text(encoding="utf-8"))["cur_epoch"] for path in found), default=0)


def _tool(name: str) -> list[str]:
    """The words that call a program installed beside Python, or else found by the shell."""
    beside = Path(sys.executable).with_name(name)
    return [_near(beside) if beside.is_file() else name]


def _near(program: Path) -> str:
    """The path of a program, as short as it works in the present folder."""
    return str(program.relative_to(Path.cwd()) if program.is_relative_to(Path.cwd()) else program)
