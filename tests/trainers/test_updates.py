"""A quick update is Keras' own but for rounding, with the learning rate worked out once."""

import keras
import numpy as np
import pytest
from keras import ops

from trainers.updates import with_quick_updates

RNG = np.random.default_rng(0)
START = [RNG.normal(size=shape).astype("float32") for shape in ((3, 4), (4,), (2, 2))]
GRADIENTS = [[RNG.normal(size=value.shape).astype("float32") for value in START] for _ in range(5)]


class Counting(keras.optimizers.schedules.LearningRateSchedule):
    def __init__(self):
        self.calls = 0

    def __call__(self, step):
        self.calls += 1
        return 0.1 / (ops.cast(step, "float32") + 1.0)


def trained(optimizer):
    """The variables after five updates."""
    variables = [keras.Variable(value, name=f"v{number}") for number, value in enumerate(START)]
    optimizer.build(variables)
    for gradients in GRADIENTS:
        values = [ops.convert_to_tensor(gradient) for gradient in gradients]
        if keras.backend.backend() == "jax":  # where a function has no side effects
            state = [v.value for v in optimizer.variables], values, [v.value for v in variables]
            results = zip((variables, optimizer.variables), optimizer.stateless_apply(*state), strict=True)
            for group, found in results:
                for variable, value in zip(group, found, strict=True):
                    variable.assign(value)
        else:
            optimizer.apply(values, variables)
    return [ops.convert_to_numpy(variable).copy() for variable in variables]


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("SGD", {"momentum": 0.9, "weight_decay": 0.01}),
        ("SGD", {"momentum": 0.9, "nesterov": True, "global_clipnorm": 1.0}),
        ("SGD", {"momentum": 0.9, "weight_decay": 0.1, "global_clipnorm": 100.0}),
        ("SGD", {"momentum": 0.9, "global_clipnorm": 0.5, "gradient_accumulation_steps": 2}),
        ("SGD", {"momentum": 0.9, "clipnorm": 0.5}),
        ("SGD", {"global_clipnorm": 0.5}),
        ("SGD", {}),
        ("SGD", {"momentum": 0.9, "gradient_accumulation_steps": 2, "use_ema": True}),
        ("AdamW", {"weight_decay": 0.1}),
    ],
)
def test_the_same_numbers_as_with_keras(name, arguments):
    plain = getattr(keras.optimizers, name)
    quick = with_quick_updates(plain)
    assert quick.__name__ == name and issubclass(quick, plain)
    expected = trained(plain(learning_rate=Counting(), **arguments))
    found = trained(quick(learning_rate=Counting(), **arguments))
    assert max(np.abs(one - first).max() for one, first in zip(expected, START, strict=True)) > 0.01
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("compiled", [False, True])
def test_a_gradient_that_is_not_finite_is_not_clipped_away(compiled):
    """And the next update, of a graph or not, has a rate of its own."""
    if keras.backend.backend() != "tensorflow":
        pytest.skip("Keras' own clipping elsewhere")
    import tensorflow as tf  # noqa: PLC0415 - not installed everywhere

    variable = keras.Variable(np.ones(2, "float32"), name="v")
    optimizer = with_quick_updates(keras.optimizers.SGD)(0.1, momentum=0.5, global_clipnorm=1.0)
    optimizer.build([variable])

    def apply(gradient):
        optimizer.apply([gradient], [variable])

    apply = tf.function(apply, autograph=False) if compiled else apply
    apply(tf.constant([3.0, 4.0]))
    np.testing.assert_allclose(variable, [0.94, 0.92], rtol=1e-6)
    apply(tf.constant([0.0, 0.0]))  # of no length, which divides by zero
    np.testing.assert_allclose(variable, [0.91, 0.88], rtol=1e-6)
    apply(tf.constant([np.inf, 0.0]))
    assert np.isnan(np.asarray(variable)[0])


def test_the_schedule_is_asked_once_for_each_update():
    if keras.backend.backend() == "torch":
        assert with_quick_updates(keras.optimizers.SGD) is keras.optimizers.SGD
        return
    schedule = Counting()
    trained(with_quick_updates(keras.optimizers.SGD)(learning_rate=schedule, weight_decay=0.01))
    assert schedule.calls == len(GRADIENTS)
