"""The main trains, evaluates and logs where TensorFlow is not installed."""

import json
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from utils.logger.writers.jsonl import read_metrics

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = Path(__file__).with_name("without_tensorflow.py")


def start(*arguments, folder, **environment):
    inherited = {key: value for key, value in os.environ.items() if key not in ("KERAS_BACKEND", "COMET_API_KEY")}
    return subprocess.run(
        [sys.executable, str(PROGRAM), *map(str, arguments)],
        cwd=folder, env={**inherited, "KERAS_HOME": str(folder / "keras"), **environment}, check=False,
        capture_output=True, text=True, timeout=600,
    )  # fmt: skip


def test_the_blocker_blocks(tmp_path):
    program = tmp_path / "imports.py"
    program.write_text(
        "import json, sys\ntry:\n    import tensorflow\nexcept ImportError as error:\n    print(error)\n"
    )
    assert start(program, folder=tmp_path).stdout.startswith("import of tensorflow halted")


@pytest.mark.slow
@pytest.mark.parametrize("backend", ["jax", "torch"])
def test_the_main_runs_to_the_final_table(tmp_path, backend):
    if find_spec(backend) is None:
        pytest.skip(f"{backend} is not installed: make test-backends")
    settings = {
        "exp.root": tmp_path / "experiments",
        "data.cache": tmp_path / "cache",
        "data.synthetic": json.dumps({"folder": str(tmp_path / "drawn"), "trainval": 37, "test": 37, "size": 64}),
        "data.image_size": "[64,64]",
        "model.backbone.weights": "null",
        "model.backbone.alpha": 0.35,
        "trainer.max_steps": 3,
        "logger.comet.mode": "off",
    }
    main = [ROOT / "mains/pets_main.py", "-c", ROOT / "configs/pets_quick.json", "--set"]
    values = [f"{key}={value}" for key, value in settings.items()]
    # Three steps are not worth minutes of XLA's optimizing.
    done = start(*main, *values, folder=tmp_path, KERAS_BACKEND=backend, JAX_DISABLE_MOST_OPTIMIZATIONS="1")
    assert done.returncode == 0, done.stdout + done.stderr
    run = tmp_path / "experiments/pets-quick-synthetic-pets"
    rows = read_metrics(run / "metrics.jsonl")
    trained = [row["scalars"] for row in rows if row["scope"] == "train"]
    assert trained and all(np.isfinite(value) for row in trained for value in row.values())
    assert {"loss/total", "loss/mask", "learning_rate"} <= trained[-1].keys()
    assert json.loads((run / "environment.json").read_text())["backend"] == backend
    assert 0 <= json.loads((run / "metrics.json").read_text())["mask/AP"] <= 1
    events = EventAccumulator(str(run / "summaries/train"))
    events.Reload()
    (*_, last) = events.Scalars("loss/total")
    assert (last.step, last.value) == (3, pytest.approx(trained[-1]["loss/total"], rel=1e-6))
