"""A stream of images: order, broken images, early ends and the number of images in memory. No network is needed."""

import gc
import itertools
import threading
import time
import weakref

import numpy as np
import pytest

from base.batch import DataSpec
from base.task import Task
from base.view import View
from data_loader.errors import DataError
from inference.steps import Item, Steps, call_now
from inference.stream import Predicted, stream
from inference.tiling import Tiling
from tests.inference.exact_task import SPEC, ExactTask

NAMES = ("feed images", "batch images", "collect predictions", "read image", "network", "postprocess")


class FirstPixel(Task):
    """The result of an image is the red of its first pixel and its size."""

    def shapes(self, spec, batch_size):
        return {"images": ((batch_size, *spec.image_size, 3), "uint8")}

    def results(self, predictions, batch, spec):
        return [(int(predictions["red"][row]), *batch["original_size"][row]) for row in np.flatnonzero(batch["valid"])]


class Network:
    """Notes the shapes of its batches."""

    def __init__(self):
        self.shapes = []

    def __call__(self, batch):
        self.shapes.append(batch["images"].shape)
        return {"red": batch["images"][:, 0, 0, 0]}


def steps_of(network, batch_size=4):
    return Steps(FirstPixel(), DataSpec("instance", ("a",), (8, 8)), network, batch_size)


def image_of(number):
    return np.full((6 + number % 5, 9, 3), number, np.uint8)


def streamed(sources, network=None, batch_size=4, read_ahead=6, delay=None, calls=1):
    steps = steps_of(network or Network(), batch_size)

    def read(number):
        if delay:
            time.sleep(delay(number))
        if number % 10 == 7:
            return Item(number, error=DataError(f"{number} is broken"))
        return steps.item(number, image_of(number))

    return stream(sources, read, steps, read_ahead, readers=3, calls=calls)


def alive():
    """The threads of streams."""
    return [thread.name for thread in threading.enumerate() if thread.name.startswith(NAMES)]


@pytest.mark.parametrize("count", [0, 1, 3, 4, 21])
def test_the_order_is_kept_and_broken_images_are_reported_in_their_place(count):
    network = Network()
    found = list(streamed(range(count), network, delay=lambda number: 0.004 * (number % 3 == 0)))
    assert [one.source for one in found] == list(range(count))
    for number, one in enumerate(found):
        if number % 10 == 7:
            assert str(one.error) == f"{number} is broken" and one.image is None and one.result is None
        else:
            assert one.error is None and one.result == (number, 6 + number % 5, 9)
            np.testing.assert_array_equal(one.image, image_of(number))
    assert set(network.shapes) <= {(4, 8, 8, 3)}, "every batch has the same shape"
    assert alive() == []


def test_calls_of_the_network_overlap_and_the_order_is_kept():
    """Of three calls at a time the first waits until the third has begun."""
    third, first_red = threading.Event(), []

    def network(batch):
        red = batch["images"][:, 0, 0, 0]
        first_red.append(int(red[0]))
        if len(first_red) == 3:
            third.set()
        assert third.wait(10), "three calls at a time"
        time.sleep(0.003 * (int(red[0]) % 4))
        return {"red": red}

    found = list(streamed(range(30), network, batch_size=2, calls=3))
    assert [one.source for one in found] == list(range(30))
    assert [one.result[0] for one in found if not one.error] == [n for n in range(30) if n % 10 != 7]
    assert sorted(first_red[:3]) == [0, 2, 4] and alive() == []


def test_a_network_that_fails_in_one_of_its_calls_comes_after_the_images_before_it():
    def network(batch):
        if batch["images"].max() > 12:
            raise MemoryError("too large")
        time.sleep(0.01)
        return {"red": batch["images"][:, 0, 0, 0]}

    found = []
    with pytest.raises(MemoryError, match="too large"):
        for one in streamed(itertools.count(), network, batch_size=2, calls=3):
            found.append(one.source)
    assert found == list(range(12)) and alive() == []


@pytest.mark.parametrize("calls", [1, 3])
def test_after_a_call_that_fails_no_further_one_is_made(calls):
    """The caller keeps the first image until the threads have had the time for all of the others."""
    begun = []

    def network(batch):
        begun.append(batch)
        if len(begun) == 2:
            raise MemoryError("too large")
        return {"red": batch["images"][:, 0, 0, 0]}

    images = streamed(itertools.count(), network, batch_size=1, read_ahead=12, calls=calls)
    next(images)
    time.sleep(0.2)
    assert 2 <= len(begun) <= 1 + calls
    with pytest.raises(MemoryError, match="too large"):
        list(images)
    assert alive() == []


def test_without_threads_the_results_are_the_same():
    steps = steps_of(Network())
    items = [steps.item(number, image_of(number)) for number in range(6)]
    assert [pending.result()[0] for _, pending in steps.run(items, call_now)] == list(range(6))


def test_an_endless_stream_that_is_closed_leaves_no_thread():
    found = streamed(itertools.cycle(range(7)))
    assert [next(found).source for _ in range(9)] == [0, 1, 2, 3, 4, 5, 6, 0, 1]
    assert alive() != []
    found.close()
    assert alive() == []


def test_an_exception_of_the_caller_leaves_no_thread():
    def use():
        for one in streamed(itertools.count()):
            if one.source == 3:
                raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        use()
    gc.collect()
    assert alive() == []


def test_a_stream_that_is_never_asked_starts_nothing():
    streamed(range(5))
    assert alive() == []


def test_an_error_of_the_source_comes_after_the_images_before_it():
    def sources():
        yield from range(6)
        raise RuntimeError("the camera is gone")

    found = []
    with pytest.raises(RuntimeError, match="the camera is gone"):
        for one in streamed(sources()):
            found.append(one.source)
    assert found == list(range(6)) and alive() == []


def test_an_error_of_the_network_ends_the_stream():
    def network(batch):
        raise MemoryError("too large")

    with pytest.raises(MemoryError, match="too large"):
        list(streamed(itertools.count(), network))
    assert alive() == []


def test_an_error_that_is_no_images_ends_the_stream():
    def read(source):
        raise ZeroDivisionError("a mistake in a loader")

    with pytest.raises(ZeroDivisionError, match="a mistake"):
        list(stream(range(3), read, steps_of(Network()), 2, 1))
    assert alive() == []


@pytest.mark.parametrize("calls", [1, 2])
def test_the_number_of_images_in_memory_is_bounded(calls):
    """A caller slower than everything else: the batches of the calls and `read_ahead` images are on their way at most.

    Each of the two threads that postprocess may be about to let go of one more.
    """
    living, most = set(), 0
    lock = threading.Lock()
    steps = steps_of(Network(), batch_size=2)

    def read(number):
        nonlocal most
        image = image_of(number)
        with lock:
            living.add(number)
            most = max(most, len(living))
        weakref.finalize(image, living.discard, number)
        return steps.item(number, image)

    taken = 0
    for one in stream(range(40), read, steps, read_ahead=3, readers=3, calls=calls):
        assert isinstance(one, Predicted)
        time.sleep(0.002)
        taken += 1
        del one
    assert taken == 40 and 2 < most <= 2 * calls + 3 + 2


def test_tiles_of_a_large_image_are_made_when_the_network_is_free(monkeypatch):
    """Beyond the tiles made on reading, those of the calls that ended, of two that run and of one that waits."""
    made, made_at_ends, sample = [], [], View.sample
    monkeypatch.setattr(View, "sample", lambda view, *given: made.append(view) or sample(view, *given))

    def network(batch):
        time.sleep(0.02)
        made_at_ends.append(len(made))
        return {"images": batch["images"]}

    steps = Steps(ExactTask(), SPEC, network, batch_size=1, tiling=Tiling(whole=False))
    image = np.zeros((64, 1280, 3), np.uint8)
    (found,) = stream(["large"], lambda name: steps.item(name, image), steps, read_ahead=1, readers=1, calls=2)
    assert found.result.size == (64, 1280)
    assert len(made_at_ends) == len(steps.views((64, 1280))) > 20
    assert all(count <= max(8, ended + 3) for ended, count in enumerate(made_at_ends))


def test_what_the_caller_does_and_the_network_overlap():
    """The network waits in its first batch until the caller has asked, and the caller until the second batch runs."""
    second = threading.Event()
    calls = []

    def network(batch):
        calls.append(1)
        if len(calls) == 2:
            second.set()
        return {"red": batch["images"][:, 0, 0, 0]}

    found = streamed(range(6), network, batch_size=2)
    next(found)
    assert second.wait(10), "the second batch is predicted while the caller holds the first image"
    found.close()
