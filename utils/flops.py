"""What a network costs: its parameters, and the multiply-adds of one pass, counted while it is traced."""

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import keras
from keras import layers

Shape = tuple[int, ...]


@dataclass(frozen=True)
class Cost:
    """What a network costs.

    Attributes:
        parameters: numbers in all its weights, moving statistics included.
        trainable: numbers in its trainable weights.
        multiply_adds: of one inference, in its convolutions and dense layers.
    """

    parameters: int
    trainable: int
    multiply_adds: int


def count_cost(model: keras.Layer, inputs: Any) -> Cost:
    """Parameters and multiply-adds of a built `model` for `inputs`, as in `multiply_adds`."""
    return Cost(_numbers(model.weights), _numbers(model.trainable_weights), multiply_adds(model, inputs))


def multiply_adds(model: keras.Layer, inputs: Any) -> int:
    """Multiply-adds of one inference of a channels-last network.

    The model is traced once, without computing anything, and every call of a convolution or a dense layer is counted
    by its shapes: nested models count, and a shared layer counts as often as it is called.

    Not counted: biases, normalization, activations, pooling, resizing, attention, and what is no layer of `_rule` at
    all (RoIAlign, NMS). The body of a loop or a `map` counts once. Quantized layers do not count.

    Args:
        model: a built layer or model that takes `training`.
        inputs: its first argument: a `keras.KerasTensor`, or a nest of them, with static shapes, the batch axis too.

    Raises:
        ValueError: an axis of `inputs` is None, or `model` is not built.
    """
    specs = keras.tree.flatten(inputs)
    for spec in specs:
        if any(side is None for side in spec.shape):
            raise ValueError(f"received an input of shape {spec.shape}; give every axis a size, the batch axis 1")
    if not model.built:
        raise ValueError(f"{model.name} is not built; call it once before its cost is counted")
    with _counting(model) as counted:

        def once(*values):
            # PyTorch traces without numbers first, and again with numbers where the control flow depends on them.
            counted.clear()
            return model(keras.tree.pack_sequence_as(inputs, values), training=False)

        _Trace(once)(*specs)
    return sum(counted)


class _Trace(layers.Layer):
    """Runs a function on symbolic inputs by real calls; a functional model alone would only look up its shapes."""

    def __init__(self, function: Callable[..., Any]):
        super().__init__()
        self.function = function
        self.built = True

    def call(self, *values):
        return self.function(*values)


@contextmanager
def _counting(model: keras.Layer) -> Iterator[list[int]]:
    counted: list[int] = []
    watched = [(layer, rule) for layer in model._flatten_layers() if (rule := _rule(layer)) is not None]
    try:
        for layer, rule in watched:
            # Around Keras' own attribute handling: this is no state of the layer, and it is gone at the end.
            object.__setattr__(layer, "call", _watch(layer, rule, counted))
        yield counted
    finally:
        for layer, _ in watched:
            object.__delattr__(layer, "call")


def _watch(layer: keras.Layer, rule: "Rule", counted: list[int]) -> Callable[..., Any]:
    call = layer.call

    def watched(inputs, *args, **kwargs):
        outputs = call(inputs, *args, **kwargs)
        counted.append(rule(layer, tuple(inputs.shape), tuple(outputs.shape)))
        return outputs

    return watched


Rule = Callable[[Any, Shape, Shape], int]


def _rule(layer: keras.Layer) -> Rule | None:
    if isinstance(layer, layers.Conv1DTranspose | layers.Conv2DTranspose | layers.Conv3DTranspose):
        return _each_input_cell
    if isinstance(layer, layers.SeparableConv1D | layers.SeparableConv2D):
        return _separable
    convolutions = layers.Conv1D | layers.Conv2D | layers.Conv3D | layers.DepthwiseConv1D | layers.DepthwiseConv2D
    return _each_output_cell if isinstance(layer, convolutions | layers.Dense) else None


def _each_output_cell(layer: Any, given: Shape, made: Shape) -> int:
    return math.prod(made[:-1]) * math.prod(layer.kernel.shape)


def _each_input_cell(layer: Any, given: Shape, made: Shape) -> int:
    return math.prod(given[:-1]) * math.prod(layer.kernel.shape)


def _separable(layer: Any, given: Shape, made: Shape) -> int:
    return math.prod(made[:-1]) * (math.prod(layer.depthwise_kernel.shape) + math.prod(layer.pointwise_kernel.shape))


def _numbers(weights: list[Any]) -> int:
    return sum(math.prod(weight.shape) for weight in weights)
