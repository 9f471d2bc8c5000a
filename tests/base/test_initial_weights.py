"""What a run is initialized from: decided once, kept in its checkpoints, used by each resume."""

import logging

import numpy as np
import pytest

from base.batch import DataSpec
from base.checkpoint import CheckpointError, read_checkpoint
from base.initial_weights import InitialWeights, read_initial_weights
from base.variables import network_arrays
from inference.restore import restore_model
from tests.toy.toy_model import ToyModel, ToyModelConfig


class Fetching(ToyModel):
    """A toy whose initial weights depend on the day."""

    day = "monday"
    fetched = False

    def initialize_weights(self):
        self.fetched = True
        return InitialWeights(f"weights of {self.day}", pretrained=True)

    def freeze(self):
        self.network.get_layer("hidden").trainable = False


def model(folder, initial=None, kind=Fetching, classes=("dark", "bright"), **config):
    made = kind(ToyModelConfig(**config), DataSpec("instance", classes, (32, 32), {"max_objects": 8}), initial)
    made.init_saver(folder)
    return made


def test_a_resumed_run_keeps_its_initial_weights_and_fetches_nothing(tmp_path, monkeypatch):
    first = model(tmp_path)
    assert first.fetched and first.initial == InitialWeights("weights of monday", pretrained=True)
    first.save()
    monkeypatch.setattr(Fetching, "day", "tuesday")
    initial = read_initial_weights(tmp_path)
    second = model(tmp_path, initial)
    second.load()
    assert initial == first.initial == second.initial
    assert not second.fetched and not second.network.get_layer("hidden").trainable
    second.save()
    assert read_initial_weights(tmp_path) == initial


def test_random_weights_are_never_frozen(tmp_path):
    assert model(tmp_path, InitialWeights()).network.get_layer("hidden").trainable


@pytest.mark.parametrize("trained", [True, False])
def test_a_checkpoint_of_version_0_1_0_is_read(tmp_path, trained):
    """It held `start`, and neither `spec` nor `model`."""
    made = model(tmp_path, InitialWeights("weights of monday", trained))
    checkpoint = read_checkpoint(made.save())
    meta = {key: value for key, value in checkpoint.meta.items() if key not in ("initial_weights", "spec", "model")}
    meta |= {"start": {"origin": "weights of monday", "trained": trained}}
    path = made.saver.write(checkpoint.arrays, meta)
    assert read_initial_weights(tmp_path) == made.initial
    other = model(tmp_path, read_initial_weights(tmp_path))
    other.load()
    assert_same(network_arrays(other.network), network_arrays(made.network))
    with pytest.raises(CheckpointError, match=r"written by version 0\.1\.0.*Convert it: resume"):
        restore_model(path)


def assert_same(found, expected):
    for name, value in expected.items():
        np.testing.assert_array_equal(found[name], value)


def test_before_the_first_sound_checkpoint_nothing_is_known(tmp_path):
    assert read_initial_weights(tmp_path / "checkpoints") is None
    made = model(tmp_path)
    first = made.save()
    made.global_step = 1
    second = made.save()
    (second / "variables.npz").write_bytes(b"damaged")
    assert read_initial_weights(tmp_path) == made.initial
    (first / "checkpoint.json").write_text("{}")
    assert read_initial_weights(tmp_path) is None


def test_init_from_takes_what_fits_lists_all_the_rest_and_counts_from_0(tmp_path, caplog):
    source = model(tmp_path / "a", kind=ToyModel)
    source.cur_epoch, source.global_step = 3, 30
    path = source.save(ema={"hidden/bias": np.full(8, 0.25, np.float32)})
    with caplog.at_level(logging.INFO, "maskeras"):
        begun = model(tmp_path / "b", kind=ToyModel, classes=("a", "b", "c"), init_from=path)
    for words in (
        "logits/kernel: (8, 2) → (8, 3)",
        "logits/bias: (2,) → (3,)",
        f"{path} has other classes (dark, bright)",
    ):
        assert words in caplog.text
    assert (begun.cur_epoch, begun.global_step, begun.initial.origin) == (0, 0, f"checkpoint {path}")
    arrays, expected = network_arrays(begun.network), network_arrays(source.network)
    np.testing.assert_array_equal(arrays["hidden/kernel"], expected["hidden/kernel"])
    # The EMA weights are those that the validation measured.
    np.testing.assert_array_equal(arrays["hidden/bias"], np.full(8, 0.25))


def test_a_resumed_run_is_not_initialized_from_the_other_one_again(tmp_path):
    begun = model(tmp_path / "b", kind=ToyModel, init_from=model(tmp_path / "a", kind=ToyModel).save())
    resumed = model(tmp_path / "c", begun.initial, ToyModel, init_from=tmp_path / "gone")
    assert resumed.initial == begun.initial
    with pytest.raises(CheckpointError, match=r"There is no checkpoint in .*gone"):
        model(tmp_path / "d", kind=ToyModel, init_from=tmp_path / "gone")
