import logging
import os
import shutil
import signal

import keras
import numpy as np
import pytest

from base.checkpoint import CheckpointError, read_checkpoint
from base.interrupts import Interrupted
from base.loss_window import NonFiniteLossError
from tests.base.loop_parts import At, Rows
from tests.toy.plain_train import PlainTrain, PlainTrainConfig
from tests.toy.toy_evaluator import ToyEvaluator, ToyEvaluatorConfig
from tests.toy.toy_model import ToyModel, ToyModelConfig
from tests.toy.toy_run import toy_data, toy_trainer
from tests.toy.toy_train import ToyTrain, ToyTrainConfig
from utils.errors import UserError


class Recorder(keras.callbacks.Callback):
    def __init__(self):
        super().__init__()
        self.calls = []

    def on_train_begin(self, logs=None):
        self.calls.append(("begin", self.params["epochs"], self.params["steps"]))

    def on_epoch_begin(self, epoch, logs=None):
        self.calls.append(("epoch", epoch))

    def on_train_batch_end(self, batch, logs=None):
        self.calls.append(("batch", batch, sorted(logs)))

    def on_epoch_end(self, epoch, logs=None):
        if logs:
            assert logs["val_accuracy"] == logs["accuracy"]
        self.calls.append(("epoch end", epoch, sorted(logs)))

    def on_train_end(self, logs=None):
        self.calls.append(("end",))


def test_counters_logging_and_validation(tmp_path):
    rows = Rows()
    trainer = toy_trainer(tmp_path, {"log_every": 4, "validate_every": 2}, logger=rows)
    trainer.train()
    assert (trainer.model.cur_epoch, trainer.model.global_step, trainer.step_in_epoch) == (3, 18, 0)
    # Every 4 steps of an epoch, and its end; validation after every second epoch and the last.
    assert rows.steps("train") == [4, 6, 10, 12, 16, 18]
    assert rows.steps("val") == [12, 18]
    assert len(trainer.history) == 2
    values = rows.rows[0][2]
    assert values["loss/total"] == values["loss/cross_entropy"]
    assert values["images_per_second"] > 0
    # The epoch without a validation has one checkpoint, the one with the newest takes the place of that before it.
    assert [path.name for path in trainer.model.saver.paths()] == ["ckpt-00003", "ckpt-00005"]


def test_no_validation_where_it_is_off_or_there_is_no_evaluator(tmp_path):
    for name, changes, others in (("a", {"validate_every": 0}, {}), ("b", {}, {"evaluator": None})):
        rows = Rows()
        trainer = toy_trainer(tmp_path / name, {"epochs": 1, **changes}, logger=rows, **others)
        trainer.train()
        assert rows.steps("val") == []
        assert trainer.load_best().meta["global_step"] == 6
    with pytest.raises(ValueError, match="without an evaluator"):
        trainer.validate()


@pytest.mark.parametrize(("trainer_class", "config"), [(PlainTrain, PlainTrainConfig()), (ToyTrain, ToyTrainConfig())])
def test_the_ground_truth_reaches_the_evaluator_but_no_prediction(trainer_class, config):
    data = toy_data()
    model = ToyModel(ToyModelConfig(), data.spec)
    evaluator = ToyEvaluator(ToyEvaluatorConfig(), data.ground_truth("val"))
    trainer = trainer_class(model, data, config, evaluator=evaluator)
    predicted, updated, predict, update = [], [], model.predict, evaluator.update
    model.predict = lambda batch: (predicted.append(sorted(batch)), predict(batch))[1]
    evaluator.update = lambda batch, found: (updated.append(sorted(batch)), update(batch, found))[1]
    trainer.evaluate("val", evaluator)
    assert {tuple(keys) for keys in predicted} == {("image_id", "images", "valid")}
    assert {tuple(keys) for keys in updated} == {("gt_class", "image_id", "images", "valid")}


def test_max_steps_ends_within_an_epoch_and_a_resume_goes_on(tmp_path):
    rows = Rows()
    trainer = toy_trainer(tmp_path, {"max_steps": 8}, logger=rows)
    trainer.train()
    assert (trainer.model.cur_epoch, trainer.step_in_epoch, trainer.model.global_step) == (1, 2, 8)
    assert rows.steps("val") == [6, 8]
    resumed = toy_trainer(tmp_path, {"max_steps": 8}, resume="last")
    resumed.train()
    assert resumed.model.global_step == 8
    longer = toy_trainer(tmp_path, {"max_steps": 11}, resume="last")
    longer.train()
    assert (longer.model.cur_epoch, longer.step_in_epoch, longer.model.global_step) == (1, 5, 11)


def test_standard_callbacks_see_epochs_and_steps(tmp_path):
    recorder = Recorder()
    toy_trainer(tmp_path, {"epochs": 2}, callbacks=[recorder]).train()
    batches = [("batch", i, ["cross_entropy", "total"]) for i in range(6)]
    logs = ["accuracy", "images", "val_accuracy", "val_images"]
    epochs = [[("epoch", e), *batches, ("epoch end", e, logs)] for e in range(2)]
    assert recorder.calls == [("begin", 2, 6), *epochs[0], *epochs[1], ("end",)]


def stop(network):
    network.stop_training = True


def test_stop_training_ends_after_the_step(tmp_path):
    trainer = toy_trainer(tmp_path, callbacks=[At(8, stop)])
    trainer.train()
    assert trainer.model.global_step == 8
    assert trainer.model.saver.read("last").meta["position"] == 2


class AtEpochEnd(keras.callbacks.Callback):
    def on_epoch_end(self, epoch, logs=None):
        assert not logs
        self.model.stop_training = True


@pytest.mark.parametrize("callback", [At(2, stop), At(6, stop), AtEpochEnd()], ids=["within", "last step", "epoch end"])
@pytest.mark.parametrize("validate_every", [2, 0])
def test_a_run_that_a_callback_ends_is_validated(tmp_path, callback, validate_every):
    rows = Rows()
    callback.made = 0
    trainer = toy_trainer(tmp_path, {"validate_every": validate_every}, logger=rows, callbacks=[callback])
    trainer.train()
    end = getattr(callback, "step", 6)
    assert trainer.model.global_step == end
    assert rows.steps("val") == ([end] if validate_every else [])
    assert len(trainer.history) == len(rows.steps("val"))
    last = trainer.model.saver.read("last").meta
    assert (last["global_step"], last["validated"]) == (end, bool(validate_every))


def always(value):
    return lambda trainer: setattr(trainer.evaluator, "result", lambda: {"accuracy": value})


@pytest.mark.parametrize("monitor", ["accuracy", "val_accuracy"])
def test_keras_own_early_stopping_works(tmp_path, monitor):
    stopping = keras.callbacks.EarlyStopping(monitor=monitor, mode="max", patience=1)
    trainer = toy_trainer(tmp_path, {"epochs": 5}, callbacks=[stopping])
    always(0.5)(trainer)
    trainer.train()
    assert trainer.model.cur_epoch == 2


REDUCE = {
    "name": "keras.callbacks:ReduceLROnPlateau",
    "arguments": {"monitor": "val_accuracy", "mode": "max", "patience": 1, "factor": 0.5},
}
CONSTANT = {"optimizer": {"learning_rate": 0.25}, "schedule": {"name": "constant", "warmup_steps": 0}}


def test_a_callback_of_the_config_sets_the_learning_rate_and_a_resume_has_it(tmp_path):
    trainer = toy_trainer(tmp_path, {**CONSTANT, "epochs": 2, "callbacks": [REDUCE]})
    always(0.5)(trainer)
    trainer.train()
    assert trainer.extra_scalars()["learning_rate"] == 0.125
    resumed = toy_trainer(tmp_path, {**CONSTANT, "epochs": 2}, resume="last")
    assert resumed.extra_scalars()["learning_rate"] == 0.125


@pytest.mark.parametrize("precision", ["float32", "mixed_float16"])
def test_a_resume_takes_the_learning_rate_of_a_changed_config(tmp_path, caplog, precision):
    changes = {**CONSTANT, "precision": precision, "callbacks": [REDUCE]}
    trainer = toy_trainer(tmp_path, {**changes, "epochs": 2})
    always(0.5)(trainer)
    trainer.train()
    lower = {**changes, "optimizer": {"learning_rate": 0.0625}, "epochs": 4}
    with caplog.at_level(logging.INFO, "maskeras"):
        resumed = toy_trainer(tmp_path, lower, resume="last")
    assert "learning_rate was 0.25 and is 0.0625 now" in caplog.text
    assert resumed.extra_scalars()["learning_rate"] == 0.0625
    always(0.5)(resumed)
    resumed.train()
    # What the callback makes of the new rate is kept again.
    assert toy_trainer(tmp_path, lower, resume="last").extra_scalars()["learning_rate"] == 0.03125


def test_a_callback_of_the_config_that_is_none(tmp_path):
    with pytest.raises(UserError, match=r"callbacks\[0\]: .*does not take \{'patient': 5\}"):
        toy_trainer(tmp_path, {"callbacks": [{"name": "keras.callbacks:EarlyStopping", "arguments": {"patient": 5}}]})
    with pytest.raises(UserError, match=r"callbacks\[1\]: keras:Model is no keras.callbacks.Callback"):
        toy_trainer(tmp_path, {"callbacks": [REDUCE, {"name": "keras:Model"}]})
    with pytest.raises(UserError, match="did you mean ReduceLROnPlateau"):
        toy_trainer(tmp_path, {"callbacks": [{"name": "keras.callbacks:ReduceLROnPlatau"}]})


class NoMemoryError(Exception):
    pass


def no_memory(*_):
    raise NoMemoryError


@pytest.mark.parametrize("changes", [{}, {"max_steps": 12}, {"max_steps": 8}], ids=["epoch", "last epoch", "within"])
def test_an_error_in_a_validation_costs_only_the_validation(tmp_path, changes):
    whole = toy_trainer(tmp_path / "whole", changes)
    whole.train()
    cut = At(8, lambda _: setattr(trainer, "predict_step", no_memory))
    trainer = toy_trainer(tmp_path / "cut", changes, callbacks=[cut])
    with pytest.raises(NoMemoryError):
        trainer.train()
    last = trainer.model.saver.read("last").meta
    assert last["global_step"] == changes.get("max_steps", 12)
    assert not last["validated"]
    resumed = toy_trainer(tmp_path / "cut", changes, resume="last")
    resumed.train()
    assert resumed.history == whole.history
    metas = [one.model.saver.read("last").meta for one in (resumed, whole)]
    assert all(meta["validated"] for meta in metas)
    assert metas[0]["variables_sha256"] == metas[1]["variables_sha256"]


def test_early_stopping_counts_on_over_a_resume(tmp_path):
    changes = {"epochs": 9, "early_stopping": {"patience": 3}}
    cut = [At(2 * 6 + 1, lambda _: os.kill(os.getpid(), signal.SIGTERM))]
    trainer = toy_trainer(tmp_path, changes, callbacks=cut)
    always(0.5)(trainer)
    with pytest.raises(Interrupted):
        trainer.train()
    assert trainer.history == [0.5, 0.5]
    resumed = toy_trainer(tmp_path, changes, resume="last")
    always(0.5)(resumed)
    resumed.train()
    # The first of four equal ones is the best, three do not improve on it.
    assert resumed.model.cur_epoch == 4
    again = toy_trainer(tmp_path, changes, resume="last")
    again.train()
    assert again.model.global_step == 24


def poison(step):
    """Makes the loss of the step after that one NaN by its weights."""

    def spoil(network):
        variable = network.get_layer("logits").kernel
        variable.assign(np.full(variable.shape, np.nan, np.float32))

    return At(step, spoil)


def test_a_loss_that_is_not_finite_stops_with_step_terms_and_images(tmp_path):
    trainer = toy_trainer(tmp_path, callbacks=[poison(8)])
    with pytest.raises(NonFiniteLossError) as found:
        trainer.train()
    images = [batch["image_id"].tolist() for batch in toy_data().train_batches(1)][2]
    assert f"step 9: total = nan, cross_entropy = nan; images {images}" in str(found.value)
    last = trainer.model.saver.read("last")
    assert last.meta["global_step"] == 6
    assert all(np.isfinite(value).all() for value in last.arrays.values())


def test_weights_that_are_not_finite_are_never_saved(tmp_path):
    # At the epoch's last step: the losses up to here were finite, the weights are not.
    trainer = toy_trainer(tmp_path, {"validate_every": 0}, callbacks=[poison(12)])
    with pytest.raises(UserError, match="logits/kernel is not finite after step 12"):
        trainer.train()
    assert trainer.model.saver.read("last").meta["global_step"] == 6
    assert len(trainer.model.saver.paths()) == 1


@pytest.mark.skipif(keras.backend.backend() == "torch", reason="nothing is traced on PyTorch")
def test_the_step_is_traced_once(tmp_path):
    trainer = toy_trainer(tmp_path)
    traces, original = [], trainer.model.compute_losses
    trainer.model.compute_losses = lambda *args: (traces.append(1), original(*args))[1]
    trainer.train()
    assert len(traces) == 1


def test_a_monitor_that_the_validation_does_not_give(tmp_path):
    trainer = toy_trainer(tmp_path, {"checkpoint": {"monitor": "mask/AP"}})
    with pytest.raises(UserError, match=r"monitor is 'mask/AP', which no validation gives. .* gives: accuracy, images"):
        trainer.train()
    assert trainer.model.saver.read("last").meta["global_step"] == 6


def test_a_place_in_an_epoch_of_other_data_means_nothing(tmp_path):
    toy_trainer(tmp_path, {"max_steps": 8}).train()
    with pytest.raises(UserError, match=r"written on other data .*, within an epoch"):
        toy_trainer(tmp_path, resume="last", data=toy_data(batch_size=2))


def test_other_data_between_two_epochs_are_told_loudly(tmp_path, caplog):
    toy_trainer(tmp_path, {"epochs": 1}).train()
    with caplog.at_level(logging.WARNING, "maskeras"):
        toy_trainer(tmp_path, resume="last")
        assert not caplog.records
        toy_trainer(tmp_path, resume="last", data=toy_data(images=30))
    assert "written on other data" in caplog.text


def test_a_checkpoint_of_0_1_0_is_resumed_within_an_epoch(tmp_path, caplog):
    """That version hashed the data in another way, and described no model in its checkpoints."""
    before = toy_trainer(tmp_path, {"max_steps": 8})
    before.train()
    kept = before.model.saver.read("last")
    meta = {
        key: value for key, value in kept.meta.items() if key not in ("spec", "model", "monitor", "initial_weights")
    }
    shutil.rmtree(kept.path)
    before.model.saver.write(kept.arrays, {**meta, "data": ["0123456789ab", *meta["data"][1:]]})
    with caplog.at_level(logging.WARNING, "maskeras"):
        resumed = toy_trainer(tmp_path, resume="last")
    assert resumed.model.global_step == 8
    assert "of version 0.1.0, so it is not known whether the data are the same" in caplog.text
    with pytest.raises(UserError, match="within an epoch"):
        toy_trainer(tmp_path, resume="last", data=toy_data(batch_size=2))


def test_another_optimizer_cannot_go_on(tmp_path):
    toy_trainer(tmp_path, {"epochs": 1}).train()
    with pytest.raises(CheckpointError, match=r"sgd has \d+ here"):
        toy_trainer(tmp_path, {"optimizer": {"name": "sgd", "arguments": {"use_ema": True}}}, resume="last")


@pytest.mark.parametrize("precision", ["float32", "mixed_float16"])
@pytest.mark.parametrize(("before", "now"), [("sgd", "rmsprop"), ("adam", "lamb"), ("sgd", "adamw")])
def test_an_optimizer_of_another_class_cannot_go_on_though_shapes_may_agree(tmp_path, before, now, precision):
    changes = [{"max_steps": 1, "precision": precision, "optimizer": {"name": name}} for name in (before, now)]
    toy_trainer(tmp_path, changes[0]).train()
    message = f"variables of the optimizer {before}, this run has {now}: resume with"
    with pytest.raises(CheckpointError, match=f"(?i){message}"):
        toy_trainer(tmp_path, changes[1], resume="last")


def test_a_broken_newest_checkpoint_costs_its_steps_and_nothing_else(tmp_path, caplog):
    whole = toy_trainer(tmp_path / "whole")
    whole.train()
    toy_trainer(tmp_path / "cut", {"epochs": 2}).train()
    newest = toy_trainer(tmp_path / "cut").model.saver.paths()[-1]
    (newest / "variables.npz").write_bytes(b"PK")
    with caplog.at_level(logging.WARNING, "maskeras"):
        resumed = toy_trainer(tmp_path / "cut", resume="last")
    assert "damaged" in caplog.text
    assert resumed.model.global_step == 6
    # Two epochs have another schedule than three, so only the steps are compared here.
    resumed.train()
    assert resumed.model.global_step == whole.model.global_step == 18
    assert not newest.exists() or read_checkpoint(newest).meta["global_step"] != 6
