import itertools
import time

import numpy as np
import pytest

from base.base_data import evenly_spread
from tests.toy.toy_data import ToyData
from tests.toy.toy_run import toy_data
from utils.errors import UserError


def ids(batches):
    return [batch["image_id"].tolist() for batch in batches]


def assert_same(found, expected):
    for a, b in zip(found, expected, strict=True):
        assert a.keys() == b.keys()
        for key in a:
            np.testing.assert_array_equal(a[key], b[key])


def test_an_epoch_is_another_order_of_full_batches():
    data = toy_data()
    first, second = ids(data.train_batches(0)), ids(data.train_batches(1))
    assert data.steps_per_epoch == len(first) == 6
    assert len(set(itertools.chain(*first))) == 24
    assert first != second
    # 26 images, 24 of them in an epoch: which two stay out changes.
    assert set(itertools.chain(*first)) != set(itertools.chain(*second))


def test_order_and_augmentation_do_not_depend_on_workers():
    expected = list(toy_data(workers=1, prefetch=1).train_batches(3))
    assert_same(list(toy_data(workers=4, prefetch=9).train_batches(3)), expected)
    assert_same(list(toy_data(workers=1).train_batches(3)), expected)


def test_slow_images_do_not_change_the_order(monkeypatch):
    expected = list(toy_data().train_batches(0))
    data = toy_data(workers=4)
    prepare = data.prepare_sample

    def slow(sample, rng):
        time.sleep(0.01 if sample["image_id"] % 3 == 0 else 0)
        return prepare(sample, rng)

    monkeypatch.setattr(data, "prepare_sample", slow)
    assert_same(list(data.train_batches(0)), expected)


def test_augmentation_depends_on_seed_epoch_and_index():
    data = toy_data()

    def image(epoch, index, seed=0):
        data.seed = seed
        return data._train_sample(epoch, index)["images"]

    np.testing.assert_array_equal(image(1, 2), image(1, 2))
    for other in (image(2, 2), image(1, 4), image(1, 2, seed=1)):
        assert (other != image(1, 2)).any()


def test_the_order_and_each_image_have_random_streams_of_their_own(monkeypatch):
    states, make = [], np.random.default_rng
    watched = lambda seed: (states.append(str(make(seed).bit_generator.state)), make(seed))[1]  # noqa: E731
    data = toy_data(images=4)
    monkeypatch.setattr(np.random, "default_rng", watched)
    assert len(list(data.train_batches(3))) == 1
    assert len(states) == len(set(states)) == 1 + 4


@pytest.mark.parametrize("start", [0, 1, 5, 6])
def test_a_start_is_the_tail_of_the_same_sequence(start):
    data = toy_data()
    assert_same(list(data.train_batches(2, start)), list(data.train_batches(2))[start:])


@pytest.mark.parametrize("start", [0, 2])
def test_shards_partition_each_batch(start):
    data = toy_data()
    parts = [list(data.train_batches(0, start, (i, 2))) for i in range(2)]
    assert [len(part) for part in parts] == [data.steps_per_epoch - start] * 2
    for whole, first, second in zip(data.train_batches(0, start), *parts, strict=True):
        assert_same([first, second], [{key: value[i::2] for key, value in whole.items()} for i in range(2)])


def test_a_batch_that_cannot_be_shared_out_evenly_is_refused():
    with pytest.raises(UserError, match=r"data.batch_size = 4 is over all 3 replicas: make it a multiple of 3"):
        toy_data().train_batches(0, 0, (0, 3))


def test_an_evaluation_goes_over_all_in_order_and_fills_up():
    batches = list(toy_data().eval_batches("val"))
    valid = np.concatenate([batch["valid"] for batch in batches])
    assert valid.tolist() == [True] * 10 + [False] * 2
    assert np.concatenate(ids(batches))[valid].tolist() == list(range(10))
    assert {batch["images"].shape for batch in batches} == {(4, 32, 32, 3)}
    assert not batches[-1]["images"][2:].any()
    # Without augmentation: the image that the sample says, to the last bit.
    assert (batches[0]["images"][1] == 160).all()


def test_too_few_images():
    with pytest.raises(UserError, match=r"has 3 images, fewer than data.batch_size = 4"):
        _ = toy_data(images=3).steps_per_epoch


def test_an_unknown_split():
    with pytest.raises(ValueError, match="no split 'trian'"):
        toy_data().split("trian")


def test_an_image_that_cannot_be_loaded_is_an_error_of_the_loop(monkeypatch):
    data = toy_data()

    def broken(sample, rng):
        raise OSError("cannot read 7.jpg")

    monkeypatch.setattr(data, "prepare_sample", broken)
    with pytest.raises(OSError, match=r"cannot read 7.jpg"):
        list(data.train_batches(0))


def test_the_fingerprint_is_that_of_the_content():
    class Changed(type(toy_data())):
        def prepare(self):
            self.values = self.train()
            self.values[7] = self.values[7] | {"gt_class": np.int32(0)}
            self.train = lambda: self.values

    assert toy_data().fingerprint == toy_data().fingerprint
    changed = Changed(toy_data().config, 0)
    changed.prepare()
    assert changed.fingerprint != toy_data().fingerprint
    assert toy_data(images=25).fingerprint != toy_data().fingerprint


@pytest.mark.parametrize(
    ("length", "wanted", "positions"),
    [(15, 8, [0, 2, 4, 6, 8, 10, 12, 14]), (23, 8, [1, 4, 7, 10, 12, 15, 18, 21]), (3, 8, [0, 1, 2]), (0, 8, [])],
)
def test_positions_are_spread_evenly(length, wanted, positions):
    assert evenly_spread(length, wanted) == positions


def test_a_data_set_without_a_task_is_told_to_name_one():
    class Nameless(ToyData):
        def __init__(self, config, seed):
            super().__init__(config, seed)

    with pytest.MonkeyPatch.context() as patch:
        patch.delattr(ToyData, "task_name")
        with pytest.raises(UserError, match=r'Nameless has no task_name; add task_name = "instance"'):
            Nameless(None, 0)
