"""The main as a user starts it, in a process of its own."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from base.checkpoint import find_checkpoint

ROOT = Path(__file__).resolve().parents[2]
NAMES = ("AP", "AP50", "AP75", "AR_100", "AP/cat", "AP/dog")
FIGURES = [f"{kind}/{name}" for kind in ("box", "mask") for name in NAMES]


def start(config, *settings, folder):
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "2", "COLUMNS": "100"}
    environment.pop("COMET_API_KEY", None)
    command = [sys.executable, str(ROOT / "mains/pets_main.py"), "-c", str(ROOT / "configs" / config)]
    return subprocess.run(
        [*command, "--set", *settings],
        cwd=folder, capture_output=True, text=True, timeout=300, env=environment, check=False,
    )  # fmt: skip


def test_a_wrong_config_is_told_in_one_message_with_exit_code_2(tmp_path):
    done = start("pets.json", "trainer.epoch=3", "data.batch_size=0", folder=tmp_path)
    assert done.returncode == 2
    assert "trainer.epoch" in done.stderr
    assert "epochs" in done.stderr
    assert "data.batch_size" in done.stderr
    assert "Traceback" not in done.stderr + done.stdout
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_the_quick_recipe_goes_from_drawing_to_the_final_table(tmp_path):
    """The parts of the recipe together, at a size that takes a minute; how good it gets is not for a test to say."""
    settings = {
        "exp.root": tmp_path / "experiments",
        "data.cache": tmp_path / "cache",
        "data.synthetic": json.dumps({"folder": str(tmp_path / "drawn"), "trainval": 37, "test": 37, "size": 64}),
        "data.image_size": "[64,64]",
        "model.backbone.weights": "null",
        "model.backbone.alpha": 0.35,
        "trainer.max_steps": 2,
        "evaluator.mask_threshold": 0.25,
        "logger.comet.timeout_s": 30,
    }
    done = start("pets_quick.json", *(f"{key}={value}" for key, value in settings.items()), folder=tmp_path)
    assert done.returncode == 0, done.stderr + done.stdout
    run = tmp_path / "experiments/pets-quick-synthetic-pets"
    table = (ROOT / "README.md").read_text(encoding="utf-8").split("A run writes the folder")[1].split("\n\n")[1]
    promised = re.findall(r"`([^`]+)`", " ".join(row.split("|")[1] for row in table.splitlines()))
    assert len(promised) == 10
    for name in promised:
        assert (run / name).is_dir() if name.endswith("/") else (run / name).is_file(), name
    assert "SYNTHETIC" in (run / "table.txt").read_text()
    metrics = json.loads((run / "metrics.json").read_text())
    assert all(0 <= metrics[name] <= 1 for name in FIGURES), metrics
    assert find_checkpoint(run).meta["evaluator"]["mask_threshold"] == 0.25, "predictions are made as evaluated"
    (archive,) = run.glob("comet/*.zip")
    assert f"comet upload {archive}" in done.stdout


@pytest.mark.parametrize("name", ["pets_main", "train_main"])
def test_both_mains_explain_themselves_and_refuse_a_wrong_config(name, tmp_path):
    main = [sys.executable, str(ROOT / "mains" / f"{name}.py")]
    shown = subprocess.run([*main, "--help"], capture_output=True, text=True, cwd=tmp_path, check=True).stdout
    assert f"mains/{name}.py -c configs/pets.json" in " ".join(shown.split()) and "--resume" in shown
    refused = subprocess.run([*main, "-c", "absent.json"], capture_output=True, text=True, cwd=tmp_path, check=False)
    assert refused.returncode == 2 and "absent.json: there is no such file" in refused.stderr
