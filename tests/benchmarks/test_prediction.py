"""One image at a time beside the stream: both do the same work, and the table has what it took."""

import re

import cv2
import numpy as np
import pytest

from benchmarks import prediction
from inference.predictor import Predictor
from inference.steps import Steps
from tests.inference.exact_task import SPEC, ExactTask, scene


def exact(batch_size):
    """A Predictor whose network is the image itself."""
    found = Predictor.__new__(Predictor)
    found.batch_size, found.url_limits = batch_size, None
    found.steps = Steps(ExactTask(), SPEC, lambda batch: {"images": batch["images"]}, batch_size)
    return found


@pytest.fixture
def paths(tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "out").mkdir()
    for number in range(5):
        mask = np.zeros((48, 64), np.uint8)
        mask[10:40, 5 * number : 5 * number + 30] = 1
        cv2.imwrite(str(tmp_path / f"in/{number}.png"), scene(48, 64, (0, mask))[..., ::-1])
    return sorted((tmp_path / "in").iterdir())


def test_both_ways_draw_the_same_and_the_table_says_what_it_took(paths, tmp_path):
    single, several = exact(1), exact(2)
    network = several.steps.outputs
    for way, predictor in ((prediction.one_by_one, single), (prediction.streamed, several)):
        folder = tmp_path / way.__name__
        way(predictor, paths, folder, prediction.Measured())
    for number in range(5):
        name = f"{number}.jpg"
        assert (tmp_path / "one_by_one" / name).read_bytes() == (tmp_path / "streamed" / name).read_bytes()
    alone, stream = prediction.compare(single, several, paths, 7, 2, tmp_path / "out")
    assert several.steps.outputs is network
    assert alone.images == stream.images == 7 and len(stream.memory) == 2
    head, _, first, second, _, last = prediction.table(alone, stream, 2).splitlines()
    assert head.count("|") == first.count("|") == second.count("|")
    (ratio,) = re.findall(r"The stream is ([\d.]+) times as fast", last)
    assert float(ratio) == pytest.approx(stream.speed / alone.speed, abs=0.01)
    assert 0 < alone.parts["network"] < alone.seconds
