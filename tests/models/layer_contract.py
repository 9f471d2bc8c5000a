"""What every layer of `models/` must hold: one call of `check_layer` in its test."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import keras
import numpy as np

from tests.gradients import weight_gradients

Make = Callable[[], keras.Layer]


def check_layer(make: Make, inputs: Any, folder: Path, tolerance: float = 1e-4) -> None:
    """Check the whole contract.

    Args:
        make: builds a fresh, equal layer each time, under the dtype policy of the moment.
        inputs: the layer's first argument: an array, or a dict or list of arrays, of at least 2 images.
        folder: for files, such as `tmp_path`.
        tolerance: what two float32 runs of the same sum may differ by, absolute and relative.
    """
    layer, outputs = _run(make, inputs)
    reference = _numpy(outputs)
    check_saved_weights(make, layer, inputs, reference, folder / "layer.weights.h5")
    check_config(layer, inputs, reference)
    check_single_equals_batch(layer, inputs, reference, tolerance)
    check_gradients(layer, inputs)
    check_bfloat16(make, layer, inputs, reference)


def check_saved_weights(make: Make, layer: keras.Layer, inputs: Any, reference: list, path: Path) -> None:
    _model(layer, inputs).save_weights(path)
    other = make()
    model = _model(other, inputs)
    model.load_weights(path)
    for ours, theirs in zip(layer.weights, other.weights, strict=True):
        np.testing.assert_array_equal(
            ours.numpy(), theirs.numpy(), err_msg=f"{ours.path} differs after saving and loading"
        )
    _equal(_numpy(other(_tensors(inputs), training=False)), reference)


def check_config(layer: keras.Layer, inputs: Any, reference: list) -> None:
    config = json.loads(json.dumps(layer.get_config()))
    other = type(layer).from_config(config)
    assert other.name == layer.name
    other(_tensors(inputs), training=False)
    assert [w.path for w in other.weights] == [w.path for w in layer.weights], "the weights' names are not stable"
    other.set_weights(layer.get_weights())
    _equal(_numpy(other(_tensors(inputs), training=False)), reference)


def check_single_equals_batch(layer: keras.Layer, inputs: Any, reference: list, tolerance: float) -> None:
    size = len(keras.tree.flatten(inputs)[0])
    assert size > 1, "give the contract at least two images"
    for index in range(size):
        single = keras.tree.map_structure(lambda x, i=index: x[i : i + 1], inputs)
        outputs = _numpy(layer(_tensors(single), training=False))
        for one, all_ in zip(outputs, reference, strict=True):
            np.testing.assert_allclose(one[0], all_[index], rtol=tolerance, atol=tolerance)


def check_gradients(layer: keras.Layer, inputs: Any) -> None:
    def loss():
        generator = np.random.default_rng(1)
        outputs = keras.tree.flatten(layer(_tensors(inputs), training=True))
        cotangents = [keras.ops.convert_to_tensor(generator.normal(size=y.shape), "float32") for y in outputs]
        return sum(keras.ops.sum(y * c) for y, c in zip(outputs, cotangents, strict=True))

    for weight, gradient in zip(layer.trainable_weights, weight_gradients(loss, layer), strict=True):
        largest = 0.0 if gradient is None else np.abs(gradient).max()  # where none flows, JAX gives zeros
        assert largest != 0, f"no gradient reaches {weight.path}"
        assert np.isfinite(largest), f"the gradient of {weight.path} is not finite"


def check_bfloat16(make: Make, layer: keras.Layer, inputs: Any, reference: list) -> None:
    """Under mixed_bfloat16 the weights stay float32 and the outputs lie within a few per cent of float32's."""
    with dtype_policy("mixed_bfloat16"):
        other = make()
        other(_tensors(inputs), training=False)
    low_weights = [w.path for w in other.trainable_weights if w.dtype != "float32"]
    assert not low_weights, f"not float32 under mixed_bfloat16: {low_weights}"
    other.set_weights(layer.get_weights())
    for low, high in zip(_numpy(other(_tensors(inputs), training=False)), reference, strict=True):
        assert np.isfinite(low).all(), "not finite under mixed_bfloat16"
        error = np.linalg.norm(low - high)
        assert error <= 0.05 * np.linalg.norm(high) + 1e-6, f"mixed_bfloat16 is {error} away from float32"


@contextmanager
def dtype_policy(name: str) -> Iterator[None]:
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(name)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)


def _run(make: Make, inputs: Any) -> tuple[keras.Layer, Any]:
    layer = make()
    layer(_tensors(inputs), training=False)
    generator = np.random.default_rng(0)
    # Zeros would hide what does not arrive, so no weight keeps its initial value.
    for weight in layer.trainable_weights:
        weight.assign(weight + generator.normal(0, 0.05, weight.shape))
    return layer, layer(_tensors(inputs), training=False)


def _model(layer: keras.Layer, inputs: Any) -> keras.Model:
    if isinstance(inputs, dict):
        symbolic = {key: keras.Input(x.shape[1:], dtype=x.dtype.name, name=key) for key, x in inputs.items()}
    else:
        symbolic = keras.tree.map_structure(lambda x: keras.Input(x.shape[1:], dtype=x.dtype.name), inputs)
    return keras.Model(symbolic, layer(symbolic))


def _tensors(inputs: Any) -> Any:
    return keras.tree.map_structure(keras.ops.convert_to_tensor, inputs)


def _numpy(outputs: Any) -> list[np.ndarray]:
    return [keras.ops.convert_to_numpy(keras.ops.cast(y, "float32")) for y in keras.tree.flatten(outputs)]


def _equal(outputs: list, reference: list) -> None:
    for ours, theirs in zip(outputs, reference, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-5)
