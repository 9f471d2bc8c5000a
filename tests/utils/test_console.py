import os
import subprocess
import sys
from pathlib import Path

import pytest

from utils.console import _without_notices, setup_console

ROOT = Path(__file__).resolve().parents[2]


def test_an_information_is_its_text_and_a_warning_says_so(fresh_log, capsys):
    setup_console()
    setup_console()
    fresh_log.debug("unseen")
    fresh_log.info("resumed after step %d", 7)
    fresh_log.warning("one is damaged")
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


def in_a_process(program):
    """Runs a program at the root; warnings that the environment turns off for other tests are on."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith("TF_")}
    return subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )


def test_the_last_lines_before_an_abort_are_shown():
    program = (
        "import os; from utils.console import _without_notices\n"
        "with _without_notices():\n"
        "    os.write(2, b'oneDNN custom operations are on\\nF0000 the processor lacks AVX')\n"
        "    os.abort()\n"
    )
    done = in_a_process(program)
    assert done.returncode < 0
    assert done.stderr.strip() == "F0000 the processor lacks AVX"


def test_keras_is_ready_without_the_notices_of_every_start():
    program = "import sys; from utils.console import load_keras; load_keras(); print(sys.modules['keras'].__name__)"
    done = in_a_process(program)
    assert done.stdout == "keras\n"
    assert "oneDNN" not in done.stderr


def test_without_grep_everything_is_shown(capfd, monkeypatch):
    monkeypatch.setenv("PATH", "")
    with _without_notices():
        os.write(2, b"oneDNN custom operations are on\n")
    assert "oneDNN" in capfd.readouterr().err
