"""A run that is killed or stopped anywhere, and resumed, ends with the very bits of the run that was let alone."""

import hashlib
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from base.checkpoint import CheckpointSaver
from base.config import CheckpointConfig
from tests.toy.toy_run import toy_config
from utils.logger.writers.jsonl import read_metrics

PROGRAM = Path(__file__).with_name("killed_runs.py")
OPTIMIZER = {"learning_rate": 0.003, "ema": 0.9, "accumulate": 2}
CHECKPOINT = {"monitor": "accuracy", "every_steps": 4}


def run(folder, moments=()):
    """Runs to the end with signals at these moments; returns exit codes, output, last checkpoint and logged rows."""
    config = folder / "toy.json"
    config.write_text(json.dumps(toy_config(folder, epochs=4, optimizer=OPTIMIZER, checkpoint=CHECKPOINT)))
    command = [sys.executable, str(PROGRAM), str(config), *moments]
    quiet = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "2"}
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, env=quiet, check=False)
    assert done.returncode == 0, done.stderr
    codes = [int(code) for code in re.findall(r"^exit code (-?\d+) at", done.stdout, re.MULTILINE)]
    assert codes[-1] == 0, done.stdout + done.stderr
    checkpoint = CheckpointSaver(folder / "toy" / "checkpoints", CheckpointConfig()).read("last")
    return codes[:-1], done.stdout + done.stderr, checkpoint, read_metrics(folder / "toy" / "metrics.jsonl")


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    return run(tmp_path_factory.mktemp("undisturbed"))


def digests(checkpoint):
    return {key: hashlib.sha256(value.tobytes()).hexdigest() for key, value in checkpoint.arrays.items()}


def figures(rows):
    """(step, scope, values) of each row, without the times."""
    values = [{k: v for k, v in row["scalars"].items() if k != "images_per_second"} for row in rows]
    return [(row["step"], row["scope"], value) for row, value in zip(rows, values, strict=True)]


def test_the_undisturbed_run_learns_and_keeps_everything(undisturbed):
    _, _, checkpoint, rows = undisturbed
    assert checkpoint.meta["global_step"] == 24
    assert checkpoint.meta["cur_epoch"] == 4
    assert [row["scalars"]["accuracy"] for row in rows if row["scope"] == "test"] == [1.0]
    assert sum("seed_generator_state" in key for key in checkpoint.arrays) == 2
    # Iterations, then momentum, average and accumulated gradient of each of the four weights.
    assert sum(key.startswith("trainer/optimizer/") for key in checkpoint.arrays) == 1 + 3 * 4


@pytest.mark.slow
def test_killed_at_chosen_and_random_moments_it_ends_bitwise_equal(tmp_path, undisturbed):
    chosen = ["kill:step:3", "kill:writing:2", "kill:validation:2", "kill:logged:1", "kill:renamed:2"]
    # The chosen ones leave a checkpoint of step 6: five sessions of up to 3 steps each cannot come to the last, 24.
    random = [f"kill:between:{steps:.3f}" for steps in np.random.default_rng(5).uniform(1, 3.999, 5)]
    codes, output, checkpoint, rows = run(tmp_path, chosen + random)
    assert codes == [-9] * 10
    resumed = [int(step) for step in re.findall(r"resumed after step (\d+)", output)]
    assert resumed[-6] == 6 and resumed[-1] < 24
    assert digests(checkpoint) == digests(undisturbed[2])
    timeless = [{**c.meta, "seconds": 0, "sha256": 0} for c in (checkpoint, undisturbed[2])]
    assert timeless[0] == timeless[1]
    assert figures(rows) == figures(undisturbed[3])
    assert len({(row["step"], row["scope"]) for row in rows}) == len(rows)
    events = EventAccumulator(str(tmp_path / "toy" / "summaries" / "val"))
    events.Reload()
    assert [event.step for event in events.Scalars("accuracy")] == [6, 12, 18, 24]


@pytest.mark.slow
def test_a_validation_cut_off_by_ctrl_c_and_then_killed_once_logged_is_logged_once(tmp_path, undisturbed):
    # The checkpoint that Ctrl-C leaves stands at the end of the epoch, before its validation.
    codes, _, checkpoint, rows = run(tmp_path, ["int:validation:2", "kill:logged:1"])
    assert codes == [130, -9]
    assert [row["step"] for row in rows if row["scope"] == "val"] == [6, 12, 18, 24]
    assert digests(checkpoint) == digests(undisturbed[2])


@pytest.mark.slow
def test_signals_save_and_leave_cleanly(tmp_path, undisturbed):
    moments = ["int:step:3", "term:step:8", "int:validation:1", "int+int:step:16", "term:logged:1"]
    codes, output, checkpoint, rows = run(tmp_path, moments)
    assert codes == [130, 143, 130, 130, 143]
    assert "Traceback" not in output
    assert "Stopped by SIGINT after step 3; a checkpoint was written." in output
    assert "Stopped by SIGTERM after step 8" in output
    assert "resumed after step 3 (epoch 1)" in output
    # Ctrl-C during the validation of epoch 2 keeps the weights of training, not their average.
    assert "Stopped by SIGINT after step 12" in output
    # The second Ctrl-C leaves at once: nothing is saved at step 16.
    assert "Stopped by SIGINT after step 16" not in output
    assert digests(checkpoint) == digests(undisturbed[2])
    assert [row["step"] for row in rows if row["scope"] == "val"] == [6, 12, 18, 24]
