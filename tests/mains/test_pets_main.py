import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_a_wrong_config_is_told_in_one_message_with_exit_code_2(tmp_path):
    config = str(ROOT / "configs" / "pets.json")
    command = [sys.executable, str(ROOT / "mains" / "pets_main.py"), "-c", config]
    words = ["--set", "trainer.epoch=3", "data.batch_size=0"]
    quiet = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "2"}
    done = subprocess.run(
        [*command, *words], cwd=tmp_path, capture_output=True, text=True, timeout=120, env=quiet, check=False
    )
    assert done.returncode == 2
    assert "trainer.epoch" in done.stderr
    assert "epochs" in done.stderr
    assert "data.batch_size" in done.stderr
    assert "Traceback" not in done.stderr + done.stdout
    assert list(tmp_path.iterdir()) == []
