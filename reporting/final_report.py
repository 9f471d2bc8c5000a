"""What a run leaves at its end: metrics, table and plots in its folder, and the table on the terminal."""

import shlex
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from inference.drawing import grid, write_image
from reporting.plots import plot_history, plot_per_class
from reporting.table import RunInfo, final_table, print_table, write_metrics
from utils.config import Config
from utils.files import write_whole
from utils.logger.logger import Logger
from utils.redact import command_without_secrets

if TYPE_CHECKING:  # Keras would be loaded for it, before the config is read
    from base.base_train import BaseTrain


def final_report(run: Path, config: Config, trainer: "BaseTrain", metrics: dict[str, float], logger: Logger) -> None:
    """Writes `metrics.{json,yaml}`, `table.txt` and `plots/`, and prints the table with the next commands.

    Args:
        run: the run's folder.
        config: of the run.
        trainer: at its end.
        metrics: of the test split.
        logger: closed; its trackers say where their records are.
    """
    task = trainer.task
    write_metrics(metrics, run)
    if config.trainer.epochs or config.trainer.validate_every:  # else there is no curve
        plot_history(run / "metrics.jsonl", run / "plots" / "history.png", task.curves)
    plot_per_class(task.per_class(metrics), run / "plots" / "per_class.png")
    if trainer.images:
        write_image(run / "plots" / "predictions.jpg", grid(trainer.images, 2))
    tables, info = task.tables(metrics), run_info(run, config, trainer, logger)
    write_whole(run / "table.txt", final_table(tables, info))
    print_table(tables, info)


def run_info(run: Path, config: Config, trainer: "BaseTrain", logger: Logger) -> RunInfo:
    """What the report says beside the metrics."""
    data = trainer.data
    files = {
        "checkpoints": run / "checkpoints",
        "metrics": run / "metrics.json",
        "plots": run / "plots",
    }
    return RunInfo(
        name=run.name,
        data=data.display_name,
        split=f"test, {len(data.split('test'))} images",
        model=config.model.name,
        weights=trainer.model.initial.origin,
        seconds=trainer.seconds,
        synthetic=data.synthetic,
        places={**files, **logger.locations},
        commands=next_commands(run, config, logger.next_steps),
    )


def next_commands(run: Path, config: Config, steps: Mapping[str, list[str]]) -> dict[str, str]:
    """What it does → the command, which works as typed in the present folder, whether or not `.venv` is active.

    Args:
        run: the run's folder.
        config: of the run.
        steps: what the trackers suggest → words of a command.
    """
    commands = {what: shlex.join([*_tool(program), *words]) for what, (program, *words) in steps.items()}
    words = [word for word in sys.argv if word != "--resume"]
    shown = command_without_secrets(words)
    if shown != words:
        commands["secrets are left out"] = "export COMET_API_KEY=<your key> first; give others again with --set"
    # Not more epochs of this run: its learning rate has reached its end, and would jump back up.
    more = ["--set", f"exp.name={config.exp.name}-2", f"model.init_from={config.exp.root / run.name}"]
    more += ["model.pretrained=null"] if getattr(config.model, "pretrained", None) else []
    commands["train further from these weights"] = shlex.join([_near(Path(sys.executable)), *shown, *more])
    return commands


def _tool(name: str) -> list[str]:
    """The words that call a program installed beside Python, or else found by the shell."""
    beside = Path(sys.executable).with_name(name)
    return [_near(beside) if beside.is_file() else name]


def _near(program: Path) -> str:
    """The path of a program, as short as it works in the present folder."""
    return str(program.relative_to(Path.cwd()) if program.is_relative_to(Path.cwd()) else program)
