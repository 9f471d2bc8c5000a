"""The checklists "add a model, a data set, a trainer": classes of 30 lines, run by the main as it is."""

import json
import logging
import sys
import zipfile
from pathlib import Path

import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from mains import train_main
from tests.toy.toy_data import ToyData
from tests.toy.toy_run import toy_config
from utils import registry
from utils.args import run_main
from utils.logger.writers.jsonl import read_metrics
from utils.registry import Entry

HERE = Path(__file__).parent
KEY = "k3yk3yk3yk3yk3yk3yk3yk3yk3yk3yZZ"


@pytest.fixture
def start(tmp_path, monkeypatch, fresh_log):
    """Runs `train_main.py` in this process with a config and further words; returns its exit code."""

    def start_main(config, *words):
        path = tmp_path / "toy.json"
        path.write_text(json.dumps(config))
        monkeypatch.setattr(sys, "argv", ["train_main.py", "-c", str(path), *words])
        with pytest.raises(SystemExit) as end:
            run_main(train_main.main)
        return end.value.code

    return start_main


@pytest.mark.parametrize("name", ["toy_model", "toy_data", "toy_train", "toy_evaluator", "plain_train"])
def test_a_part_takes_no_more_than_thirty_lines(name):
    assert len((HERE / f"{name}.py").read_text().splitlines()) <= 30


def bright_images(epochs):
    """How many bright images are learned from: those of the six full batches of four of each epoch."""
    from tests.toy.toy_run import toy_data  # noqa: PLC0415

    batches = [batch for epoch in range(epochs) for batch in toy_data().train_batches(epoch)]
    return sum(int(batch["gt_class"].sum()) for batch in batches)


def test_dotted_paths_train_and_resume_in_the_main_as_it_is(start, tmp_path):
    assert start(toy_config(tmp_path)) == 0
    assert json.loads((tmp_path / "toy" / "metrics.json").read_text())["accuracy"] == 1.0
    rows = read_metrics(tmp_path / "toy" / "metrics.jsonl")
    assert [row["step"] for row in rows if row["scope"] == "train"] == list(range(2, 19, 2))
    assert rows[-3]["scalars"]["bright"] == bright_images(3)
    assert start(toy_config(tmp_path), "--resume", "--set", "trainer.epochs=4") == 0
    rows = read_metrics(tmp_path / "toy" / "metrics.jsonl")
    train = [row for row in rows if row["scope"] == "train"]
    # The trainer's own state went through the checkpoint.
    assert train[-1]["scalars"]["bright"] == bright_images(4)
    assert [row["scope"] for row in rows].count("test") == 1


def test_registered_names_do_the_same(start, tmp_path, monkeypatch):
    config = toy_config(tmp_path)
    tables = {"model": registry.MODELS, "data": registry.DATA, "trainer": registry.TRAINERS}
    for section, table in {**tables, "evaluator": registry.EVALUATORS}.items():
        target = config[section]["name"]
        part = target.replace("Evaluator", "EvaluatorConfig").replace("Model", "ModelConfig")
        part = part.replace("Data", "DataConfig").replace("Train", "TrainConfig")
        monkeypatch.setitem(table, "toy", Entry(target, part))
        config[section]["name"] = "toy"
    assert start(config) == 0
    saved = json.loads((tmp_path / "toy" / "config.json").read_text())
    assert [saved[section]["name"] for section in tables] == ["toy"] * 3
    assert json.loads((tmp_path / "toy" / "metrics.json").read_text())["accuracy"] == 1.0


def plain(root):
    """A config whose trainer is a `BaseTrain` and no more."""
    config = toy_config(root)
    kept = {key: config["trainer"][key] for key in ("epochs", "log_every", "checkpoint")}
    return {**config, "trainer": {"name": "tests.toy.plain_train:PlainTrain", **kept}}


def test_a_trainer_upon_base_train_alone(start, tmp_path):
    assert start(plain(tmp_path)) == 0
    assert json.loads((tmp_path / "toy" / "metrics.json").read_text())["accuracy"] == 1.0


def test_without_validation_only_the_test_split_needs_ground_truth(start, tmp_path, monkeypatch):
    asked = []
    original = ToyData.ground_truth
    monkeypatch.setattr(ToyData, "ground_truth", lambda self, split: asked.append(split) or original(self, split))
    config = plain(tmp_path)
    config["trainer"] |= {"validate_every": 0, "epochs": 1}
    assert start(config) == 0
    assert asked == ["test"]


def test_a_key_on_the_command_line_is_written_and_shown_nowhere(start, tmp_path, capfd, caplog):
    config = plain(tmp_path)
    config["trainer"]["epochs"] = 1
    config["logger"] = {"comet": {"mode": "offline"}}
    with caplog.at_level(logging.INFO):
        assert start(config, "--set", f"comet_api_key={KEY}") == 0
    files = [path for path in (tmp_path / "toy").rglob("*") if path.is_file()]
    (archive,) = (path for path in files if path.suffix == ".zip")
    with zipfile.ZipFile(archive) as members:
        contents = [members.read(name) for name in members.namelist()]
    assert any(b"class PlainTrain" in content for content in contents)
    assert not any(KEY.encode() in content for content in [*contents, *(path.read_bytes() for path in files)])
    captured = capfd.readouterr()
    assert KEY not in captured.out + captured.err + caplog.text
    assert "COMET_API_KEY" in (tmp_path / "toy" / "table.txt").read_text()


def test_a_failed_start_leaves_the_name_free_and_a_resume_begins_as_a_new_run(start, tmp_path):
    config = toy_config(tmp_path, epochs=1)
    broken = {**config, "trainer": {**config["trainer"], "optimizer": {"name": "sgdd"}}}
    assert start(broken) == 2
    assert start(broken) == 2
    assert start(config, "--resume") == 0
    events = EventAccumulator(str(tmp_path / "toy" / "summaries" / "train"))
    events.Reload()
    assert len(events.Tensors("network")) == 1
    assert len(events.Tensors("_hparams_/session_start_info")) == 1


def test_a_taken_run_folder_is_refused(start, tmp_path, capsys):
    (tmp_path / "toy").mkdir()
    (tmp_path / "toy" / "metrics.jsonl").write_text("{}")
    assert start(toy_config(tmp_path)) == 2
    assert "holds a run already. Resume it: --resume." in capsys.readouterr().err


def test_resuming_what_is_not_there_is_refused(start, tmp_path, capsys):
    assert start(toy_config(tmp_path), "--resume") == 2
    assert f"There is no run {tmp_path / 'toy'} to resume" in capsys.readouterr().err
    assert not (tmp_path / "toy").exists()
