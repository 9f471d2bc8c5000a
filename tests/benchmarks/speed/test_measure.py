"""All figures of a tiny Mask R-CNN, against a yardstick as tiny."""

import keras
import pytest

from base.batch import DataSpec
from benchmarks.speed import measure as module
from benchmarks.speed.mask_rcnn_parts import PARTS
from benchmarks.speed.measure import measure
from benchmarks.speed.timing import Times, interleaved
from benchmarks.speed.yardstick import NAME, Yardstick
from tests.benchmarks.speed.tiny import tiny_file
from utils.config import process_config


def test_the_yardstick_is_the_bare_resnet50_and_takes_pixels():
    model = Yardstick(None, DataSpec("instance", ("a",), (64, 64), {"max_objects": 1}))
    assert model.network.name == "resnet50" and model.network.count_params() == 23_587_712
    batch = {"images": keras.ops.zeros((1, 64, 64, 3), "uint8")}
    features = model.predict(batch)["feature"]
    assert tuple(features.shape) == (1, 2, 2, 2048)
    losses = model.compute_losses(batch, 2 * keras.ops.ones((1, 2, 2, 2048)))
    assert {name: float(value) for name, value in losses.items()} == {"square": 4.0}


def shallow(include_top, weights, input_shape):
    """In the place of ResNet-50, whose compilation would take most of the time."""
    image = keras.Input(input_shape)
    return keras.Model(image, keras.layers.Conv2D(4, 3, strides=32)(image))


@pytest.mark.slow
def test_figures_are_those_of_the_times(tmp_path, monkeypatch):
    times: dict[str, Times] = {}

    def kept(jobs, rounds):
        times.update(interleaved(jobs, rounds))
        return times

    monkeypatch.setattr(keras.applications, "ResNet50", shallow)
    monkeypatch.setattr(module, "interleaved", kept)
    found = measure(process_config(tiny_file(tmp_path), []), rounds=3)
    assert (found["rounds"], found["yardstick"]) == (3, NAME)
    for name, images in (("training", 2), ("inference", 1), ("inference, batch", 2)):
        for who in ("model", "yardstick"):
            taken, told = times[f"{who} {name}"], found[name][who]
            assert len(taken.rest) == 3 and told["first_call_s"] == taken.first
            assert told["p50_ms"] == 1000 * sorted(taken.rest)[1] <= told["p95_ms"] <= 1000 * max(taken.rest)
            assert told["images_per_second"] == pytest.approx(images / sorted(taken.rest)[1])
            assert told["seconds_per_image"] == pytest.approx(1 / told["images_per_second"])
        pairs = zip(times[f"model {name}"].rest, times[f"yardstick {name}"].rest, strict=True)
        assert found[name]["ratio"] == pytest.approx(sorted(model / yardstick for model, yardstick in pairs)[1])
        assert found[name]["ratio"] > 1, "a Mask R-CNN is slower than one convolution"
    assert list(found["parts"]) == [*PARTS, "pasting"] and min(found["parts"].values()) > 0
    assert found["detections"] == 8, "as many as there is room for, though the network is untrained"
    assert 0 < found["positives"] <= 8
