import math

import cv2
import numpy as np
import pytest

from utils.logger.config import LoggerConfig
from utils.logger.values import encode_image, flatten, make_histogram, sort_values

CONFIG = LoggerConfig()


def test_kinds_are_told_apart():
    image = np.zeros((4, 5, 3), np.uint8)
    image[1, 2] = (255, 0, 128)
    entries = sort_values(
        {"a": 1, "b": np.float32(0.5), "c": np.array(3), "d": True, "p": image, "h": np.arange(8.0), "t": "words"},
        CONFIG,
    )
    assert entries.scalars == {"a": 1.0, "b": 0.5, "c": 3.0, "d": 1.0}
    assert entries.texts == {"t": "words"}
    assert list(entries.histograms) == ["h"]
    decoded = cv2.imdecode(np.frombuffer(entries.images["p"].png, np.uint8), cv2.IMREAD_COLOR)
    np.testing.assert_array_equal(decoded[..., ::-1], image)


@pytest.mark.parametrize(
    "value",
    [
        None,
        [1.0, 2.0],
        {"x": 1},
        1 + 2j,
        np.zeros((4, 4), np.uint8),
        np.zeros((2, 4, 4, 3), np.uint8),
        np.zeros((0, 4, 3), np.uint8),
        np.arange(3),
        np.zeros((0,), np.float32),
        np.array(["a"]),
        pytest.param(object(), id="object"),
    ],
    ids=str,
)
def test_anything_else_is_an_error_that_names_the_key(value):
    with pytest.raises(ValueError, match="'the/key'"):
        sort_values({"the/key": value}, CONFIG)


@pytest.mark.parametrize("key", ["", 3, None])
def test_a_name_is_a_string(key):
    with pytest.raises(ValueError, match="non-empty string"):
        sort_values({key: 1.0}, CONFIG)


def test_bfloat16_counts_as_float():
    ml_dtypes = pytest.importorskip("ml_dtypes", reason="comes with TensorFlow")
    array = np.array([0.5, 1.5, 1.5], ml_dtypes.bfloat16)
    entries = sort_values({"h": array, "s": array[0]}, CONFIG)
    assert entries.scalars == {"s": 0.5}
    assert entries.histograms["h"].counts.sum() == 3
    assert entries.histograms["h"].total == 3.5


def test_histogram_of_a_ramp():
    histogram = make_histogram(np.arange(8.0), 4)
    np.testing.assert_allclose(histogram.edges, [0, 1.75, 3.5, 5.25, 7])
    np.testing.assert_array_equal(histogram.counts, [2, 2, 2, 2])
    assert histogram.total == 28
    assert histogram.total_squares == 140


@pytest.mark.parametrize("values", [[0.0], [5.0, 5.0], [1e30, 1e30], [-1e308, 1e308], [1.0, 1.0 + 2e-16], [0, 5e-324]])
def test_histogram_of_an_extreme_range_counts_all(values):
    histogram = make_histogram(np.array(values), 64)
    assert histogram.counts.sum() == len(values)
    assert np.all(np.diff(histogram.edges) > 0)


def test_nonfinite_values_of_an_array_are_counted_apart():
    entries = sort_values({"h": np.array([1.0, np.nan, np.inf, 2.0])}, CONFIG)
    assert entries.scalars == {"h/nonfinite": 0.5}
    assert entries.histograms["h"].counts.sum() == 2
    nothing = sort_values({"h": np.array([np.nan])}, CONFIG)
    assert nothing.scalars == {"h/nonfinite": 1.0}
    assert nothing.histograms == {}


def test_nonfinite_scalars_stay():
    scalars = sort_values({"a": float("nan"), "b": -np.inf}, CONFIG).scalars
    assert math.isnan(scalars["a"])
    assert scalars["b"] == -math.inf


def test_limits_of_images_and_switch_of_histograms():
    config = LoggerConfig(max_images=2, max_image_side=20, histograms=False)
    image = np.full((10, 40, 3), 7, np.uint8)
    entries = sort_values({"p1": image, "p2": image, "p3": image, "h": np.arange(3.0)}, config)
    assert list(entries.images) == ["p1", "p2"]
    assert (entries.images["p1"].height, entries.images["p1"].width) == (5, 20)
    assert entries.histograms == {}


def test_a_thin_image_keeps_a_pixel():
    image = encode_image(np.zeros((1, 1000, 3), np.uint8), 16)
    assert (image.height, image.width) == (1, 16)


def test_flatten():
    assert flatten({"a": {"b": {"c": 1}, "d": [1, 2]}, "e": None}) == {"a.b.c": 1, "a.d": [1, 2], "e": None}
