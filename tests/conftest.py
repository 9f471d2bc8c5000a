"""What tests in several folders share."""

import logging

import pytest

from utils.backend import choose_backend

choose_backend()  # before any test imports Keras, as a main does


@pytest.fixture(scope="session", autouse=True)
def no_gradients_unless_asked_for():
    """On PyTorch every result would refuse to become an array; what takes gradients turns them on for itself."""
    import keras  # noqa: PLC0415 - after the backend is settled

    if keras.backend.backend() == "torch":
        import torch  # noqa: PLC0415 - not installed everywhere

        torch.set_grad_enabled(False)


@pytest.fixture
def fresh_log(monkeypatch):
    """The log `maskeras` as it is before `setup_console`; what a test or a main does to it ends with the test."""
    log, absl = logging.getLogger("maskeras"), logging.getLogger("absl")
    monkeypatch.setattr(log, "handlers", [])
    monkeypatch.setattr(log, "propagate", True)
    levels = log.level, absl.level
    yield log
    log.setLevel(levels[0])
    absl.setLevel(levels[1])
