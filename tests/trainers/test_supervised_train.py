import logging

import keras
import numpy as np
import pytest

from base.base_model import BaseModel
from tests.toy.toy_run import all_arrays, toy_data, toy_trainer
from trainers.config import TrainerConfig
from trainers.supervised_train import SupervisedTrain
from utils.errors import UserError

CONSTANT = {"name": "constant", "warmup_steps": 0}


class Plain(BaseModel):
    """A linear model without noise, so that batches can be compared."""

    def build_model(self):
        images = keras.Input((*self.spec.image_size, 3), dtype="uint8")
        x = keras.layers.Flatten(name="flat")(keras.layers.Rescaling(1 / 255, name="scale")(images))
        decay = keras.regularizers.L2(self.config["l2"]) if self.config["l2"] else None
        logits = keras.layers.Dense(2, kernel_initializer="zeros", kernel_regularizer=decay, name="logits")(x)
        return keras.Model(images, logits)

    def compute_losses(self, batch, outputs):
        loss = keras.losses.sparse_categorical_crossentropy(batch["gt_class"], outputs, from_logits=True)
        return {"cross_entropy": keras.ops.mean(loss)}

    def predict(self, batch):
        return {"logits": self.forward(batch, training=False)}


def plain(l2=0.0, **optimizer):
    data = toy_data()
    config = TrainerConfig.model_validate({"optimizer": optimizer, "schedule": CONSTANT})
    return SupervisedTrain(Plain({"l2": l2}, data.spec), data, config)


def batch_of(numbers):
    samples = [toy_data()._train_sample(0, number) for number in numbers]
    return {key: np.stack([sample[key] for sample in samples]) for key in samples[0]}


def test_two_accumulated_batches_of_four_equal_one_of_eight():
    whole = plain(learning_rate=0.1, weight_decay=0.01, clip_norm=0.5)
    halves = plain(learning_rate=0.1, weight_decay=0.01, clip_norm=0.5, accumulate=2)
    for start in (0, 8):
        whole.train_step(batch_of(range(start, start + 8)))
        halves.train_step(batch_of(range(start, start + 4)))
        halves.train_step(batch_of(range(start + 4, start + 8)))
    for a, b in zip(whole.model.network.weights, halves.model.network.weights, strict=True):
        assert a.numpy().any()
        np.testing.assert_allclose(a.numpy(), b.numpy(), atol=1e-6, rtol=0)


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="jit_compile means nothing on other backends")
def test_a_step_compiled_by_xla_is_the_same_step():
    trainers = []
    for jit_compile in (False, True):
        config = TrainerConfig.model_validate({"schedule": CONSTANT, "jit_compile": jit_compile})
        data = toy_data()
        trainers.append(SupervisedTrain(Plain({"l2": 0.0}, data.spec), data, config))
        for start in (0, 4, 8):
            trainers[-1].train_step(batch_of(range(start, start + 4)))
        assert bool(trainers[-1]._train._step._jit_compile) == jit_compile
    for a, b in zip(*(trainer.model.network.weights for trainer in trainers), strict=True):
        assert a.numpy().any()
        np.testing.assert_allclose(a.numpy(), b.numpy(), atol=1e-6, rtol=1e-5)


def test_a_step_is_the_gradient_of_the_sum_of_losses():
    trainer = plain(learning_rate=0.1, weight_decay=0, clip_norm=None, momentum=0)
    batch = batch_of(range(4))
    losses = trainer.train_step(batch)
    assert float(losses["total"]) == pytest.approx(np.log(2), abs=1e-6)
    # With zero weights both classes have probability 1/2: the gradient of logit k is 1/2 - [k is the class].
    error = (0.5 - np.eye(2)[batch["gt_class"]]) / 4
    pixels = batch["images"].reshape(4, -1) / 255
    kernel, bias = (weight.numpy() for weight in trainer.model.network.weights)
    np.testing.assert_allclose(kernel, -0.1 * pixels.T @ error, atol=1e-6)
    np.testing.assert_allclose(bias, -0.1 * error.sum(0), atol=1e-6)


def test_the_networks_own_losses_count():
    trainer = plain(l2=0.5)
    trainer.model.network.get_layer("logits").kernel.assign(np.full((3072, 2), 0.01, np.float32))
    losses = trainer.train_step(batch_of(range(4)))
    assert float(losses["regularization"]) == pytest.approx(0.5 * 6144 * 0.01**2, rel=1e-4)
    assert float(losses["total"]) == pytest.approx(
        float(losses["cross_entropy"]) + float(losses["regularization"]), rel=1e-6
    )


def test_ema_weights_are_used_within_and_put_back(tmp_path):
    changes = {"optimizer": {"learning_rate": 0.01, "ema": 0.9}, "max_steps": 4}
    trainer = toy_trainer(tmp_path, changes)
    with trainer.ema_weights():
        first = [weight.numpy() for weight in trainer.model.network.trainable_variables]
    for kept, weight in zip(first, trainer.model.network.trainable_variables, strict=True):
        np.testing.assert_array_equal(kept, weight.numpy())  # before the first step there is no average
    trainer.train()
    before = all_arrays(trainer)
    with pytest.raises(ZeroDivisionError), trainer.ema_weights():
        averaged = trainer.model.network.trainable_variables[0].numpy()
        raise ZeroDivisionError
    assert (averaged != before["network/hidden/kernel"]).any()
    for key, value in all_arrays(trainer).items():
        np.testing.assert_array_equal(value, before[key])


def test_a_checkpoint_brings_the_average_for_use_and_the_raw_weights_for_training(tmp_path):
    changes = {"optimizer": {"learning_rate": 0.01, "ema": 0.9}, "epochs": 1}
    trainer = toy_trainer(tmp_path, changes)
    trainer.train()
    raw = all_arrays(trainer)
    with trainer.ema_weights():
        average = all_arrays(trainer)
    assert (average["network/hidden/kernel"] != raw["network/hidden/kernel"]).any()
    resumed = toy_trainer(tmp_path, changes, resume="last")
    for key, value in all_arrays(resumed).items():
        np.testing.assert_array_equal(value, raw[key])
    resumed.load_best()
    for key, value in all_arrays(resumed).items():
        np.testing.assert_array_equal(value, average[key])
    assert resumed.evaluate("val", resumed.evaluator)["accuracy"] == trainer.history[-1]


def test_a_validation_is_made_with_the_average(tmp_path):
    trainer = toy_trainer(tmp_path, {"optimizer": {"learning_rate": 0.01, "ema": 0.9}, "max_steps": 4})
    trainer.train()
    kernel = trainer.model.network.get_layer("hidden").kernel
    with trainer.ema_weights():
        averaged = kernel.numpy()
    raw, seen, original = kernel.numpy(), [], trainer.predict_step
    trainer.predict_step = lambda batch: (seen.append(kernel.numpy()), original(batch))[1]
    trainer.evaluate("val", trainer.evaluator)
    assert (averaged != raw).any()
    assert len(seen) == 3
    for weights in seen:
        np.testing.assert_array_equal(weights, averaged)


@pytest.mark.parametrize("precision", ["mixed_bfloat16", "mixed_float16"])
def test_mixed_precision_learns_with_finite_losses(tmp_path, precision):
    trainer = toy_trainer(tmp_path, {"precision": precision, "optimizer": {"learning_rate": 0.003, "ema": 0.5}})
    assert trainer.model.network.get_layer("hidden").compute_dtype == precision.removeprefix("mixed_")
    trainer.train()
    assert trainer.history[-1] == 1.0
    assert all(np.isfinite(value).all() for value in all_arrays(trainer).values())
    assert all(weight.dtype == "float32" for weight in trainer.model.network.trainable_variables)
    resumed = toy_trainer(tmp_path, trainer.config.model_dump(mode="json", include={"precision", "optimizer"}), "last")
    for key, value in all_arrays(resumed).items():
        np.testing.assert_array_equal(value, all_arrays(trainer)[key])


def test_a_state_of_before_the_optimizers_name_was_kept_is_taken():
    trainer, other = plain(learning_rate=0.1), plain(learning_rate=0.2)
    trainer.train_step(batch_of(range(4)))
    arrays = {key: value for key, value in trainer.state().items() if key.startswith("optimizer/")}
    other.load_state(arrays)
    for key, value in arrays.items():
        np.testing.assert_array_equal(other.state()[key], value)


def test_only_a_resume_takes_another_rate_and_says_so(tmp_path, caplog):
    changes = {"optimizer": {"learning_rate": 0.25}, "schedule": CONSTANT, "epochs": 1}
    toy_trainer(tmp_path, changes).train()
    lower = {**changes, "optimizer": {"learning_rate": 0.0625}}
    with caplog.at_level(logging.INFO, "maskeras"):
        resumed = toy_trainer(tmp_path, lower, resume="last")
    assert caplog.text.count("learning_rate was 0.25 and is 0.0625 now") == 1
    assert resumed.extra_scalars()["learning_rate"] == 0.0625
    caplog.clear()
    with caplog.at_level(logging.INFO, "maskeras"):
        # The best checkpoint is that of before the resume, and nothing goes on from it.
        assert resumed.load_best().meta["global_step"] == 6
    assert "learning_rate" not in caplog.text


def test_the_learning_rate_of_the_last_update_is_logged(tmp_path):
    trainer = toy_trainer(tmp_path, {"optimizer": {"learning_rate": 0.25}, "schedule": CONSTANT})
    assert trainer.extra_scalars()["learning_rate"] == 0.25
    linear = {"name": "poly", "power": 1, "warmup_steps": 0}
    for accumulate, expected in ((1, [1, 1, 5 / 6, 4 / 6, 3 / 6]), (2, [1, 1, 1, 1, 2 / 3])):
        optimizer = {"learning_rate": 1, "accumulate": accumulate}
        trainer = toy_trainer(tmp_path, {"epochs": 1, "optimizer": optimizer, "schedule": linear})
        found = [trainer.extra_scalars()["learning_rate"]]
        for batch in list(trainer.data.train_batches(0))[:4]:
            trainer.train_step(batch)
            found.append(trainer.extra_scalars()["learning_rate"])
        assert found == pytest.approx(expected)


@pytest.mark.parametrize("name", ["total", "regularization"])
def test_a_loss_term_with_a_name_of_the_trainer_is_refused(name):
    trainer = plain()
    trainer.model.compute_losses = lambda batch, outputs: {name: keras.ops.mean(outputs)}
    with pytest.raises(UserError, match=f"Plain.compute_losses returns a term called '{name}'"):
        trainer.train_step(batch_of(range(4)))


def test_the_optimizer_is_where_callbacks_look_for_it(tmp_path):
    trainer = plain(learning_rate=0.1)
    before = [variable.path for variable in trainer.model.network.variables]
    assert trainer.model.network.optimizer is trainer.optimizer
    trainer.train_step(batch_of(range(4)))
    assert [variable.path for variable in trainer.model.network.variables] == before
