import logging
import os
import subprocess
import sys
from pathlib import Path

import pytest

from utils.console import _without_notices, load_keras, setup_console


@pytest.fixture
def log(monkeypatch):
    log, absl = logging.getLogger("maskeras"), logging.getLogger("absl")
    monkeypatch.setattr(log, "handlers", [])
    monkeypatch.setattr(log, "propagate", True)
    levels = log.level, absl.level
    yield log
    log.setLevel(levels[0])
    absl.setLevel(levels[1])


def test_an_information_is_its_text_and_a_warning_says_so(log, capsys):
    setup_console()
    setup_console()
    log.debug("unseen")
    log.info("resumed after step %d", 7)
    log.warning("one is damaged")
    captured = capsys.readouterr()
    assert captured.out == "resumed after step 7\nwarning: one is damaged\n"
    assert captured.err == ""


def test_notices_of_native_code_are_left_out_and_the_rest_is_shown(capfd):
    with _without_notices():
        os.write(2, b"I0000 port.cc:153] oneDNN custom operations are on. You may see\n")
        os.write(2, b"E0000 cuda_dnn.cc:1] the driver is too old\n")
    os.write(2, b"failed call to cuInit, outside\n")
    shown = capfd.readouterr().err
    assert "oneDNN" not in shown
    assert "the driver is too old" in shown
    assert "cuInit, outside" in shown


def test_what_was_written_before_an_error_is_shown(capfd):
    with pytest.raises(ZeroDivisionError), _without_notices():
        os.write(2, b"the reason\n")
        raise ZeroDivisionError
    assert "the reason" in capfd.readouterr().err


def test_the_last_words_of_an_abort_are_shown():
    program = (
        "import os; from utils.console import _without_notices\n"
        "with _without_notices():\n"
        "    os.write(2, b'oneDNN custom operations are on\\nF0000 the processor lacks AVX')\n"
        "    os.abort()\n"
    )
    root = Path(__file__).resolve().parents[2]
    done = subprocess.run([sys.executable, "-c", program], cwd=root, capture_output=True, text=True, check=False)
    assert done.returncode < 0
    assert done.stderr == "F0000 the processor lacks AVX"


def test_keras_is_ready(capfd):
    load_keras()
    assert "oneDNN" not in capfd.readouterr().err
