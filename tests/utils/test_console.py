import logging
import os

import pytest

from utils.console import setup_console


@pytest.fixture
def log(monkeypatch):
    log = logging.getLogger("maskeras")
    monkeypatch.setattr(log, "handlers", [])
    monkeypatch.setattr(log, "propagate", True)
    level = log.level
    yield log
    log.setLevel(level)


def test_an_information_is_its_text_and_a_warning_says_so(log, capsys, monkeypatch):
    monkeypatch.delenv("TF_CPP_MIN_LOG_LEVEL", raising=False)
    setup_console()
    setup_console()
    log.debug("unseen")
    log.info("resumed after step %d", 7)
    log.warning("one is damaged")
    captured = capsys.readouterr()
    assert captured.out == "resumed after step 7\nwarning: one is damaged\n"
    assert captured.err == ""
    assert os.environ["TF_CPP_MIN_LOG_LEVEL"] == "2"


def test_tensorflows_notices_can_be_asked_for(log, monkeypatch):
    monkeypatch.setenv("TF_CPP_MIN_LOG_LEVEL", "0")
    setup_console()
    assert os.environ["TF_CPP_MIN_LOG_LEVEL"] == "0"
