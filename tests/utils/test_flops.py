import keras
import pytest
from keras import layers

from utils.flops import count_cost, multiply_adds


class Twice(layers.Layer):
    """Calls one convolution two times, inside its own call."""

    def __init__(self):
        super().__init__()
        self.conv = layers.Conv2D(4, 3, padding="same")

    def build(self, shape):
        self.conv.build(shape)
        self.built = True

    def call(self, x):
        return self.conv(self.conv(x))


def spec(*shape):
    return keras.KerasTensor(shape, "float32")


def network(layer, *shape):
    inputs = keras.Input(shape)
    return keras.Model(inputs, layer(inputs))


@pytest.mark.parametrize(
    ("layer", "expected"),
    [
        (layers.Conv2D(8, 3, padding="same"), 6 * 6 * 9 * 4 * 8),
        (layers.Conv2D(8, 3, strides=2, padding="valid"), 2 * 2 * 9 * 4 * 8),
        (layers.Conv2D(8, 3, padding="same", groups=2), 6 * 6 * 9 * 2 * 8),
        (layers.DepthwiseConv2D(3, padding="same"), 6 * 6 * 9 * 4),
        (layers.SeparableConv2D(8, 3, padding="same"), 6 * 6 * (9 * 4 + 4 * 8)),
        (layers.Conv2DTranspose(8, 2, strides=2), 6 * 6 * 4 * 4 * 8),
        (layers.Dense(5), 6 * 6 * 4 * 5),
        (layers.BatchNormalization(), 0),
    ],
)
def test_one_layer_by_hand(layer, expected):
    assert multiply_adds(network(layer, 6, 6, 4), spec(1, 6, 6, 4)) == expected


def test_shared_and_nested_layers_count_for_each_call():
    inner = network(Twice(), 6, 6, 4)
    inputs = keras.Input((6, 6, 4))
    outer = keras.Model(inputs, inner(inner(inputs)))
    assert multiply_adds(outer, spec(1, 6, 6, 4)) == 4 * (6 * 6 * 9 * 4 * 4)


def test_a_dict_of_inputs_and_twice_the_batch():
    inputs = {"a": keras.Input((6,), name="a"), "b": keras.Input((3,), name="b")}
    model = keras.Model(inputs, layers.Dense(2)(inputs["a"]) + layers.Dense(2)(inputs["b"]))
    assert multiply_adds(model, {"a": spec(1, 6), "b": spec(1, 3)}) == 18
    assert multiply_adds(model, {"a": spec(2, 6), "b": spec(2, 3)}) == 36


def test_counting_leaves_no_trace():
    model = network(layers.Conv2D(8, 3), 6, 6, 4)
    assert multiply_adds(model, spec(1, 6, 6, 4)) == multiply_adds(model, spec(1, 6, 6, 4))
    assert "call" not in vars(model.layers[1])


def test_parameters():
    conv, norm = layers.Conv2D(8, 3), layers.BatchNormalization()
    norm.trainable = False
    inputs = keras.Input((6, 6, 4))
    cost = count_cost(keras.Model(inputs, norm(conv(inputs))), spec(1, 6, 6, 4))
    assert (cost.parameters, cost.trainable) == (9 * 4 * 8 + 8 + 4 * 8, 9 * 4 * 8 + 8)
    assert cost.multiply_adds == 4 * 4 * 9 * 4 * 8


@pytest.mark.parametrize(
    ("application", "published"), [(keras.applications.ResNet50, 3.86e9), (keras.applications.MobileNetV2, 0.30e9)]
)
def test_published_costs(application, published):
    model = application(include_top=False, weights=None, input_shape=(224, 224, 3))
    assert multiply_adds(model, spec(1, 224, 224, 3)) == pytest.approx(published, rel=0.02)


def test_errors():
    model = network(layers.Conv2D(8, 3), 6, 6, 4)
    with pytest.raises(ValueError, match=r"shape \(None, 6, 6, 4\)"):
        multiply_adds(model, spec(None, 6, 6, 4))
    with pytest.raises(ValueError, match="not built"):
        multiply_adds(layers.Conv2D(8, 3), spec(1, 6, 6, 4))
