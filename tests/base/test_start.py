"""What a run is initialized from: decided once, kept in its checkpoints, taken up by each resume."""

import logging

import numpy as np
import pytest

from base.batch import DataSpec
from base.checkpoint import CheckpointError
from base.start import read_start
from base.variables import network_arrays
from tests.toy.toy_model import ToyModel, ToyModelConfig


class Fetching(ToyModel):
    """A toy whose beginning depends on the day."""

    day = "monday"

    def build_model(self):
        self.fetched = not self.weights_follow
        return super().build_model()

    def describe_start(self, loaded):
        return {"origin": f"weights of {self.day}", "day": self.day}


def model(folder, start=None, kind=Fetching, classes=("dark", "bright"), **config):
    made = kind(ToyModelConfig(**config), DataSpec("instance", classes, (32, 32), {"max_objects": 8}), start)
    made.init_saver(folder)
    return made


def test_a_resumed_run_keeps_its_beginning_and_fetches_nothing(tmp_path, monkeypatch):
    first = model(tmp_path)
    assert first.fetched and first.origin == "weights of monday"
    first.save()
    monkeypatch.setattr(Fetching, "day", "tuesday")
    start = read_start(tmp_path)
    second = model(tmp_path, start)
    second.load()
    assert start == {"origin": "weights of monday", "day": "monday"}
    assert not second.fetched and second.origin == "weights of monday"
    second.save()
    assert read_start(tmp_path) == start


def test_before_the_first_sound_checkpoint_there_is_no_beginning(tmp_path):
    assert read_start(tmp_path / "checkpoints") is None
    made = model(tmp_path)
    first = made.save()
    made.global_step = 1
    second = made.save()
    (second / "variables.npz").write_bytes(b"damaged")
    assert read_start(tmp_path) == made.start
    (first / "checkpoint.json").write_text("{}")
    assert read_start(tmp_path) is None


def test_init_from_takes_what_fits_lists_all_the_rest_and_counts_from_0(tmp_path, caplog):
    source = model(tmp_path / "a", kind=ToyModel)
    source.cur_epoch, source.global_step = 3, 30
    path = source.save(averaged={"hidden/bias": np.full(8, 0.25, np.float32)})
    with caplog.at_level(logging.INFO, "maskeras"):
        begun = model(tmp_path / "b", kind=ToyModel, classes=("a", "b", "c"), init_from=path)
    for words in (
        "logits/kernel: (8, 2) → (8, 3)",
        "logits/bias: (2,) → (3,)",
        f"{path} has other classes (dark, bright)",
    ):
        assert words in caplog.text
    assert (begun.cur_epoch, begun.global_step, begun.origin) == (0, 0, f"checkpoint {path}")
    arrays, expected = network_arrays(begun.network), network_arrays(source.network)
    np.testing.assert_array_equal(arrays["hidden/kernel"], expected["hidden/kernel"])
    # The averaged weights are those that the validation measured.
    np.testing.assert_array_equal(arrays["hidden/bias"], np.full(8, 0.25))


def test_a_resumed_run_does_not_begin_from_the_other_one_again(tmp_path):
    begun = model(tmp_path / "b", kind=ToyModel, init_from=model(tmp_path / "a", kind=ToyModel).save())
    resumed = model(tmp_path / "c", begun.start, ToyModel, init_from=tmp_path / "gone")
    assert resumed.origin == begun.origin
    with pytest.raises(CheckpointError, match=r"There is no checkpoint in .*gone"):
        model(tmp_path / "d", kind=ToyModel, init_from=tmp_path / "gone")
