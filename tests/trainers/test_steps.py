"""The steps of the backend that Keras runs on."""

from types import SimpleNamespace

import keras
import numpy as np
import pytest

from inference.compiled import compile_predict
from tests.toy.toy_run import toy_data, toy_trainer
from trainers import steps
from utils.errors import UserError


def batch():
    return next(toy_data().train_batches(0))


def test_what_is_kept_of_the_weights_does_not_change_with_the_next_step(tmp_path):
    """Memory is given to the next step, so what was read before must be its own."""
    trainer = toy_trainer(tmp_path, {"optimizer": {"learning_rate": 0.1, "ema": 0.5}})
    trainer.train_step(batch())
    trainer.model.global_step = 1
    state, averaged = trainer.state(), trainer.ema()
    copies = [{key: np.array(value) for key, value in kept.items()} for kept in (state, averaged)]
    for _ in range(3):
        trainer.train_step(batch())
    for kept, copy in zip((state, averaged), copies, strict=True):
        for key, value in copy.items():
            np.testing.assert_array_equal(kept[key], value, err_msg=key)
    assert any((trainer.state()[key] != value).any() for key, value in state.items())


def test_two_variables_may_be_given_the_same_value(tmp_path):
    """On JAX they then share memory, which a step can take over only once."""
    trainer = toy_trainer(tmp_path, {"optimizer": {"learning_rate": 0.1, "ema": 0.5}})
    trainer.train_step(batch())
    variables = trainer.model.network.trainable_variables
    trainer.optimizer.finalize_variable_values(variables)
    total = keras.ops.convert_to_numpy(trainer.train_step(batch())["total"])
    assert np.isfinite(total)
    again = toy_trainer(tmp_path / "again", {"optimizer": {"learning_rate": 0.1, "ema": 0.5}})
    again.train_step(batch())
    for variable, average in zip(
        again.model.network.trainable_variables, again.optimizer._model_variables_moving_average, strict=True
    ):
        variable.assign(keras.ops.convert_to_numpy(average).copy())
    assert keras.ops.convert_to_numpy(again.train_step(batch())["total"]) == pytest.approx(float(total), rel=1e-5)


def test_a_prediction_leaves_every_variable_as_it_is(tmp_path):
    trainer = toy_trainer(tmp_path)
    before = [variable.numpy().copy() for variable in trainer.model.network.variables]
    first, second = (trainer.predict_step(batch())["classes"] for _ in range(2))
    np.testing.assert_array_equal(first, second)
    for variable, value in zip(trainer.model.network.variables, before, strict=True):
        np.testing.assert_array_equal(variable.numpy(), value)


def test_total_comes_first(tmp_path):
    assert list(toy_trainer(tmp_path).train_step(batch())) == ["total", "cross_entropy"]


def test_a_backend_that_cannot_train_is_an_error(monkeypatch):
    monkeypatch.setattr(keras.backend, "backend", lambda: "openvino")
    with pytest.raises(UserError, match="this process has 'openvino'"):
        steps.compile_train_step(None, None, jit_compile=False)


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="the warning is TensorFlow's")
def test_the_steps_of_many_models_are_not_taken_for_one_that_is_traced_again(caplog):
    import tensorflow as tf  # noqa: PLC0415 - not installed everywhere

    models = [SimpleNamespace(predict=lambda batch, by=by: {"x": by * batch["x"]}) for by in range(8)]
    log = tf.get_logger()
    log.addHandler(caplog.handler)
    try:
        found = [compile_predict(model)({"x": np.float32(2)})["x"] for model in models]
        assert not caplog.messages
        alone = compile_predict(models[1])
        for number in range(1, 9):
            alone({"x": np.zeros(number, np.float32)})
        assert "retracing" in caplog.text, "a single step that is traced again and again is still told"
    finally:
        log.removeHandler(caplog.handler)
    assert [float(value) for value in found] == [2.0 * by for by in range(8)]
