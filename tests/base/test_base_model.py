import logging

import numpy as np
import pytest

from base.batch import DataSpec
from base.checkpoint import CheckpointError
from base.config import CheckpointConfig
from base.variables import network_arrays
from tests.toy.toy_evaluator import ToyEvaluatorConfig
from tests.toy.toy_model import ToyModel, ToyModelConfig


def model(folder, classes=("dark", "bright"), units=8):
    made = ToyModel(ToyModelConfig(units=units), DataSpec("instance", classes, (32, 32), {"max_objects": 8}))
    made.init_saver(folder)
    return made


def test_save_and_load_bring_back_weights_and_counters(tmp_path):
    first, second = model(tmp_path), model(tmp_path)
    first.cur_epoch, first.global_step = 3, 41
    assert first.save({"n": np.int64(5)}, {"note": "x"}).name == "ckpt-00001"
    found = second.load()
    assert (second.cur_epoch, second.global_step) == (3, 41)
    assert found.arrays["trainer/n"] == 5
    assert found.meta["note"] == "x"
    assert found.meta["classes"] == ["dark", "bright"]
    expected = network_arrays(first.network)
    for path, value in network_arrays(second.network).items():
        np.testing.assert_array_equal(value, expected[path])


def test_a_model_with_an_init_saver_of_its_own_keeps_the_section_of_the_evaluator(tmp_path):
    class Elsewhere(ToyModel):
        def init_saver(self, folder, config=None):
            super().init_saver(folder / "elsewhere", config)

    made = Elsewhere(ToyModelConfig(), DataSpec("instance", ("dark",), (32, 32), {"max_objects": 8}))
    made.init_saver(tmp_path, CheckpointConfig())
    path = made.save()
    assert path.parent == tmp_path / "elsewhere" and made.load().meta["evaluator"] == {}
    made.evaluator_config = ToyEvaluatorConfig()
    made.global_step = 1
    made.save()
    assert made.load().meta["evaluator"] == ToyEvaluatorConfig().model_dump(mode="json") != {}


def test_other_classes_are_refused_and_leave_the_network_as_it_was(tmp_path):
    model(tmp_path).save()
    other = model(tmp_path, ("a", "b", "c"))
    before = network_arrays(other.network)
    with pytest.raises(CheckpointError) as found:
        other.load("last")
    for words in ("Its classes: dark, bright; the model's, in this order: a, b, c.", "strict=False"):
        assert words in str(found.value)
    for path, value in network_arrays(other.network).items():
        np.testing.assert_array_equal(value, before[path])
    assert other.global_step == 0


def test_the_same_classes_in_another_order_are_refused(tmp_path):
    model(tmp_path).save()
    with pytest.raises(CheckpointError, match="in this order: bright, dark"):
        model(tmp_path, ("bright", "dark")).load("last")


def test_another_network_is_refused_and_left_as_it_was(tmp_path):
    model(tmp_path).save()
    other = model(tmp_path, units=9)
    before = network_arrays(other.network)
    with pytest.raises(CheckpointError, match=r"logits/kernel: \(8, 2\) → \(9, 2\)"):
        other.load("last")
    for path, value in network_arrays(other.network).items():
        np.testing.assert_array_equal(value, before[path])


def test_the_ema_is_loaded_unless_the_raw_weights_are_wanted(tmp_path):
    first, second = model(tmp_path), model(tmp_path)
    raw = network_arrays(first.network)
    average = {"hidden/kernel": raw["hidden/kernel"] + 1}
    first.save(ema=average)
    for averaged, expected in ((True, raw | average), (False, raw)):
        second.load("last", ema=averaged)
        for path, value in network_arrays(second.network).items():
            np.testing.assert_array_equal(value, expected[path])


def test_not_strict_loads_what_fits_says_what_does_not_and_starts_anew(tmp_path, caplog):
    first = model(tmp_path)
    first.cur_epoch, first.global_step = 1, 10
    path = first.save()
    other = model(tmp_path / "other", ("a", "b", "c"))
    head = network_arrays(other.network)["logits/kernel"]
    with caplog.at_level(logging.INFO, "maskeras"):
        other.load(str(path), strict=False)
    assert "2 other shape:\n    logits/kernel: (8, 2) → (8, 3)\n    logits/bias" in caplog.text
    assert (other.cur_epoch, other.global_step) == (0, 0)
    arrays = network_arrays(other.network)
    np.testing.assert_array_equal(arrays["hidden/kernel"], network_arrays(first.network)["hidden/kernel"])
    np.testing.assert_array_equal(arrays["logits/kernel"], head)


def test_without_a_folder_there_is_nothing_to_save_to():
    lost = ToyModel(ToyModelConfig(), DataSpec("instance", ("a",), (32, 32), {"max_objects": 8}))
    with pytest.raises(CheckpointError, match="call init_saver"):
        lost.save()


def test_the_summary_has_parameters_and_cost(tmp_path):
    # 3072 × 8 + 8 in the hidden layer, 8 × 2 + 2 in the last: 24,602.
    assert model(tmp_path).summary().startswith("toy: 0.02 M parameters, 0.02 M of them trained, 0.00 G multiply-adds")
    assert "logits" in model(tmp_path).describe()
