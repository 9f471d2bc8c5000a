"""The report at the end of a run: what it writes, and commands that work as typed."""

import json
import sys
from types import SimpleNamespace

import numpy as np
import pytest

from base.initial_weights import InitialWeights
from reporting.final_report import final_report
from tasks.instance import InstanceTask
from tests.toy.toy_run import toy_config
from utils.config import process_config

METRICS = {"box/AP": 0.5, "mask/AP": 0.25, "mask/AP/cat": 0.25}


@pytest.fixture
def end(tmp_path, monkeypatch):
    """Reports a run; returns its folder and its table."""

    def report(argv=("mains/pets_main.py", "-c", "toy.json"), comet="", images=()):
        monkeypatch.chdir(tmp_path)
        monkeypatch.setattr(sys, "argv", list(argv))
        monkeypatch.setattr(sys, "executable", str(tmp_path / ".venv" / "bin" / "python"))
        (tmp_path / "toy.json").write_text(json.dumps(toy_config("experiments")))
        run = tmp_path / "experiments" / "toy"
        run.mkdir(parents=True)
        (run / "metrics.jsonl").write_text(
            '{"step": 1, "scope": "train", "time": 0, "scalars": {"loss/total": 1.0}}\n'
            '{"step": 2, "scope": "train", "time": 0, "scalars": {"loss/total": 0.5}}\n'
        )
        data = SimpleNamespace(display_name="toys", split=lambda _: range(7), synthetic=False)
        model = SimpleNamespace(initial=InitialWeights())
        trainer = SimpleNamespace(data=data, model=model, seconds=65.0, task=InstanceTask(), images=images)
        logger = SimpleNamespace(
            locations={"Comet": comet} if comet else {},
            next_steps={"show the curves": ["tensorboard", "--logdir", "experiments"]}
            | ({"send to Comet": ["comet", "upload", comet]} if comet.endswith(".zip") else {}),
        )
        final_report(run, process_config("toy.json"), trainer, METRICS, logger)  # type: ignore[arg-type]
        return run, (run / "table.txt").read_text()

    return report


def command(table, title):
    """The words behind a title, or None."""
    lines = [line.strip() for line in table.splitlines()]
    return next((line.removeprefix(title).strip() for line in lines if line.startswith(title)), None)


def test_the_files_and_the_table(end, capsys):
    run, table = end(images=[np.zeros((20, 30, 3), np.uint8)] * 2)
    assert json.loads((run / "metrics.json").read_text()) == METRICS
    assert {path.name for path in (run / "plots").iterdir()} == {"history.png", "per_class.png", "predictions.jpg"}
    assert "toys (test, 7 images)" in table
    assert "random weights" in table
    assert "0.250" in table
    assert str(run / "checkpoints") in table
    assert "0.250" in capsys.readouterr().out


def test_commands_work_without_an_active_environment(end, tmp_path):
    (tmp_path / ".venv" / "bin").mkdir(parents=True)
    (tmp_path / ".venv" / "bin" / "tensorboard").touch()
    _, table = end(argv=("mains/pets_main.py", "-c", "toy.json", "--resume"))
    assert command(table, "show the curves") == ".venv/bin/tensorboard --logdir experiments"
    again = ".venv/bin/python mains/pets_main.py -c toy.json --set exp.name=toy-2 model.init_from=experiments/toy"
    assert command(table, "train further from these weights") == again


def test_programs_elsewhere_are_found_by_the_shell(end):
    _, table = end()
    assert command(table, "show the curves") == "tensorboard --logdir experiments"


def test_the_comet_archive_is_named_with_the_command_that_sends_it(end):
    _, table = end(comet="/runs/toy/comet/my archive.zip")
    assert command(table, "Comet") == "/runs/toy/comet/my archive.zip"
    assert command(table, "send to Comet") == "comet upload '/runs/toy/comet/my archive.zip'"


def test_an_experiment_online_needs_no_sending(end):
    _, table = end(comet="https://www.comet.com/x/y")
    assert command(table, "Comet") == "https://www.comet.com/x/y"
    assert command(table, "send to Comet") is None


def test_a_key_on_the_command_line_is_left_out_and_the_table_says_so(end, capsys):
    run, table = end(argv=("main.py", "-c", "toy.json", "--set", "comet_api_key=s3kr1t", "exp.seed=1"))
    assert "s3kr1t" not in capsys.readouterr().out
    assert not any(b"s3kr1t" in path.read_bytes() for path in run.rglob("*") if path.is_file())
    again = ".venv/bin/python main.py -c toy.json --set exp.seed=1 --set exp.name=toy-2 model.init_from=experiments/toy"
    assert command(table, "train further from these weights") == again
    assert "COMET_API_KEY" in command(table, "secrets are left out")
