import json

import keras
import numpy as np
import pytest

from trainers.config import TrainerConfig
from trainers.optimizers import build_optimizer, build_schedule, optimizer_by_name
from utils.errors import UserError

PLAIN = {"learning_rate": 0.1, "weight_decay": 0, "clip_norm": None, "momentum": 0}


class Two(keras.layers.Layer):
    """One weight of two numbers, 1 and 2, and a bias, 1."""

    def build(self, _):
        self.kernel = self.add_weight(shape=(2,), initializer="ones", name="kernel")
        self.bias = self.add_weight(shape=(1,), initializer="ones", name="bias")
        self.gamma = self.add_weight(shape=(1,), initializer="ones", name="gamma")
        self.beta = self.add_weight(shape=(1,), initializer="ones", name="beta")

    def call(self, x):
        return x * self.kernel + self.bias * self.gamma + self.beta


def network():
    made = keras.Sequential([keras.Input((2,)), Two(name="two")])
    made.layers[0].kernel.assign([1.0, 2.0])
    return made


def optimizer_for(net, trainer=None, **section):
    values = {"schedule": {"name": "constant", "warmup_steps": 0}, **(trainer or {}), "optimizer": section}
    config = TrainerConfig.model_validate_json(json.dumps(values))
    return build_optimizer(config, net, build_schedule(config, steps_per_epoch=10))


def apply(optimizer, net, gradient):
    """One batch: this gradient for the kernel, zeros for the rest."""
    kernel, *rest = net.trainable_variables
    gradients = [keras.ops.convert_to_tensor(np.float32(gradient)), *[keras.ops.zeros(v.shape) for v in rest]]
    if keras.backend.backend() == "jax":  # where a function has no side effects
        state = ([v.value for v in optimizer.variables], gradients, [v.value for v in (kernel, *rest)])
        weights, others = optimizer.stateless_apply(*state)
        for variable, value in zip((kernel, *rest, *optimizer.variables), (*weights, *others), strict=True):
            variable.assign(value)
    else:
        optimizer.apply(gradients, [kernel, *rest])
    return kernel.numpy().copy()


def test_sgd_has_a_momentum_of_09_unless_told_otherwise():
    assert optimizer_for(network(), name="sgd").momentum == 0.9
    assert optimizer_for(network(), name="SGD", momentum=0.5).momentum == 0.5
    assert optimizer_for(network(), name="rmsprop").momentum == 0.0


def test_two_steps_of_momentum_by_hand():
    net = network()
    optimizer = optimizer_for(net, **{**PLAIN, "momentum": 0.9})
    assert apply(optimizer, net, [1, 0]) == pytest.approx([0.9, 2])
    # The velocity is 0.9 × -0.1 - 0.1 × 1 = -0.19.
    assert apply(optimizer, net, [1, 0]) == pytest.approx([0.71, 2])


@pytest.mark.parametrize("name", ["adamw", "adam", "lion", "lamb", "muon", "adafactor", "nadam", "RMSprop"])
@pytest.mark.parametrize("weight_decay", [0, 1e-4])
def test_any_optimizer_by_its_name(name, weight_decay):
    net = network()
    optimizer = optimizer_for(net, name=name, weight_decay=weight_decay)
    assert type(optimizer).__name__.lower() == name.lower()
    assert (apply(optimizer, net, [1, 1]) < [1, 2]).all()


def test_a_misspelt_name_and_a_wrong_argument():
    with pytest.raises(UserError, match=r"there is no 'adamv'. Did you mean 'adam.?'\? Choices: .*sgd"):
        optimizer_for(network(), name="adamv")
    with pytest.raises(UserError, match="'optimizer'"):
        optimizer_by_name("optimizer")
    with pytest.raises(UserError, match=r"trainer.optimizer: sgd does not take .*beta_9"):
        optimizer_for(network(), name="sgd", arguments={"beta_9": 1})
    with pytest.raises(UserError, match=r"trainer.optimizer: adam does not take .*momentum"):
        optimizer_for(network(), name="adam", momentum=0.5)
    with pytest.raises(UserError, match="Only one of"):
        optimizer_for(network(), name="sgd", arguments={"clipvalue": 1.0})


def test_further_arguments_reach_the_optimizer():
    assert optimizer_for(network(), name="adam", arguments={"beta_1": 0.7}).beta_1 == 0.7


def test_gradients_are_clipped_by_the_norm_of_all_together():
    net = network()
    # A norm of 5 is cut to 1: the step is 0.1 × (0.6, 0.8).
    assert apply(optimizer_for(net, **{**PLAIN, "clip_norm": 1.0}), net, [3, 4]) == pytest.approx([0.94, 1.92])
    net = network()
    assert apply(optimizer_for(net, **{**PLAIN, "clip_norm": 6.0}), net, [3, 4]) == pytest.approx([0.7, 1.6])


@pytest.mark.parametrize(("decay_all", "others"), [(False, 1.0), (True, 0.95)])
def test_weight_decay_leaves_biases_and_scales_alone(decay_all, others):
    net = network()
    optimizer = optimizer_for(net, **{**PLAIN, "weight_decay": 0.5, "decay_all": decay_all})
    # 0.1 × 0.5 of each weight goes.
    assert apply(optimizer, net, [0, 0]) == pytest.approx([0.95, 1.9])
    assert [float(v.numpy()[0]) for v in net.trainable_variables[1:]] == pytest.approx([others] * 3)


def test_accumulated_gradients_are_averaged_into_one_update():
    net = network()
    optimizer = optimizer_for(net, **{**PLAIN, "accumulate": 2})
    assert apply(optimizer, net, [1, 0]) == pytest.approx([1, 2])
    assert apply(optimizer, net, [0, 4]) == pytest.approx([0.95, 1.8])


def test_the_schedule_counts_updates():
    net = network()
    steps = {"epochs": 2, "schedule": {"name": "step", "milestones": [1], "warmup_steps": 0}}
    optimizer = optimizer_for(net, steps, **{**PLAIN, "accumulate": 2})
    kernels = [apply(optimizer, net, [1, 0])[0] for _ in range(20)]
    # Ten batches are an epoch of five updates: five steps of 0.1, then five of 0.01.
    expected = [1 - 0.1 * min(n // 2, 5) - 0.01 * max(n // 2 - 5, 0) for n in range(1, 21)]
    assert kernels == pytest.approx(expected, abs=1e-6)


def averaged(net, optimizer):
    optimizer.finalize_variable_values(net.trainable_variables)
    return net.trainable_variables[0].numpy()


def test_the_average_by_hand():
    net = network()
    optimizer = optimizer_for(net, **{**PLAIN, "ema": 0.8})
    for gradient in ([1, 0], [0, 2], [3, 1]):
        apply(optimizer, net, gradient)
    # The weights were (0.9, 2), (0.9, 1.8), (0.6, 1.7); the average starts at the first of these:
    # 0.8 × 2 + 0.2 × 1.8 = 1.96, then 0.8 × 0.9 + 0.2 × 0.6 = 0.84 and 0.8 × 1.96 + 0.2 × 1.7 = 1.908.
    assert averaged(net, optimizer) == pytest.approx([0.84, 1.908], abs=1e-6)


def test_the_average_with_accumulation_by_hand():
    net = network()
    optimizer = optimizer_for(net, **{**PLAIN, "ema": 0.64, "accumulate": 2})
    for gradient in ([1, 0], [0, 2]):
        apply(optimizer, net, gradient)
        apply(optimizer, net, gradient)
    # Twice a momentum of 0.8: the first batch of the second update still sees (0.9, 2), the second (0.9, 1.8).
    assert averaged(net, optimizer) == pytest.approx([0.9, 0.8 * 2 + 0.2 * 1.8], abs=1e-6)


def test_the_average_forgets_as_fast_with_accumulation_as_without():
    found = []
    for accumulate in (1, 4):
        net = network()
        optimizer = optimizer_for(net, **{**PLAIN, "ema": 0.5, "accumulate": accumulate})
        for gradient in ([0, 0], [10, 0], *[[0, 0]] * 5):
            for _ in range(accumulate):
                apply(optimizer, net, gradient)
        found.append(float(averaged(net, optimizer)[0]))
    # The weight went from 1 to 0; what is left of the 1 halves with each update: 0.5 ** 6, or a quarter step earlier.
    assert found[0] == pytest.approx(0.5**6, abs=1e-6)
    assert found[1] == pytest.approx(0.5 ** (5 + 1 / 4), abs=1e-6)


def test_mixed_float16_scales_the_loss():
    net = network()
    optimizer = optimizer_for(net, {"precision": "mixed_float16"}, **PLAIN)
    assert isinstance(optimizer, keras.optimizers.LossScaleOptimizer)
    scale = float(optimizer.scale_loss(1.0))
    assert apply(optimizer, net, [scale, 2 * scale]) == pytest.approx([0.9, 1.8])
    assert apply(optimizer, net, [np.inf, 0]) == pytest.approx([0.9, 1.8])
    assert float(optimizer.scale_loss(1.0)) == scale / 2
