import os
import signal

import numpy as np
import pytest

from base.interrupts import Interrupted
from tests.base.loop_parts import At, Rows
from tests.toy.toy_run import all_arrays, toy_trainer


def assert_same(a, b):
    assert a.keys() == b.keys()
    for key in a:
        np.testing.assert_array_equal(a[key], b[key], err_msg=key)


def test_a_resume_within_an_epoch_ends_with_the_same_bits(tmp_path):
    changes = {"optimizer": {"name": "adamw", "learning_rate": 0.01, "ema": 0.8}}
    whole = toy_trainer(tmp_path / "whole", changes)
    whole.train()
    trainer = toy_trainer(tmp_path / "cut", changes, callbacks=[At(8, lambda _: os.kill(os.getpid(), signal.SIGINT))])
    with pytest.raises(Interrupted, match="Stopped by SIGINT after step 8"):
        trainer.train()
    resumed = toy_trainer(tmp_path / "cut", changes, resume="last")
    assert (resumed.model.cur_epoch, resumed.step_in_epoch, resumed.model.global_step) == (1, 2, 8)
    resumed.train()
    assert resumed.history == whole.history
    assert_same(all_arrays(resumed), all_arrays(whole))


def interrupt_in(trainer, method, number=1):
    """Sends Ctrl-C when the trainer's method is called for the n-th time."""
    original, calls = getattr(trainer, method), []

    def wrapped(*args, **kwargs):
        calls.append(1)
        if len(calls) == number:
            os.kill(os.getpid(), signal.SIGINT)
        return original(*args, **kwargs)

    setattr(trainer, method, wrapped)


def test_ctrl_c_in_a_validation_saves_the_weights_of_training(tmp_path):
    changes = {"optimizer": {"learning_rate": 0.01, "ema": 0.99}, "schedule": {"name": "constant", "warmup_steps": 0}}
    trainer = toy_trainer(tmp_path, changes)
    interrupt_in(trainer, "predict_step", 2)
    with pytest.raises(Interrupted, match="after step 6"):
        trainer.train()
    saved = trainer.model.saver.read("last")
    assert saved.meta["position"] == 6
    assert saved.meta["cur_epoch"] == 0
    assert not saved.meta["validated"]
    reference = toy_trainer(tmp_path / "other", {**changes, "max_steps": 6, "validate_every": 0})
    reference.train()
    weight = reference.model.network.trainable_variables[0]
    np.testing.assert_array_equal(saved.arrays[f"network/{weight.path}"], weight.numpy())
    with reference.ema_weights():
        assert (saved.arrays[f"network/{weight.path}"] != weight.numpy()).any()


def test_a_validation_that_was_cut_off_is_made_and_logged_once(tmp_path):
    rows = Rows()
    trainer = toy_trainer(tmp_path, logger=rows)
    interrupt_in(trainer, "predict_step")
    with pytest.raises(Interrupted):
        trainer.train()
    rows.rows += [("val", 6, {"accuracy": 0.1}), ("test", 6, {"accuracy": 0.1})]  # of a session that was killed
    resumed = toy_trainer(tmp_path, logger=rows, resume="last")
    assert rows.steps("val") == rows.steps("test") == []
    assert rows.steps("train") == [2, 4, 6]
    resumed.train()
    assert rows.steps("val") == [6, 12, 18]
    toy_trainer(tmp_path, logger=rows, resume="last")
    assert rows.steps("val") == [6, 12, 18]


def test_a_signal_while_the_last_checkpoint_is_written_is_not_lost(tmp_path):
    trainer = toy_trainer(tmp_path, {"epochs": 1})
    interrupt_in(trainer, "save", 2)  # the one after the validation
    with pytest.raises(Interrupted, match="after step 6"):
        trainer.train()
    saved = trainer.model.saver.read("last")
    assert saved.meta["cur_epoch"] == 1
    assert "accuracy" in saved.meta["metrics"]
