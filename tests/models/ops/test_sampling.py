import numpy as np
import pytest
from keras import ops

from models.ops.sampling import sample


def run(label, num=8, fraction=0.25, seed=0):
    label = np.asarray(label, np.int32)
    noise = np.random.default_rng(seed).random(label.shape).astype(np.float32)
    return [ops.convert_to_numpy(x) for x in sample(label, noise, num, fraction)]


@pytest.mark.parametrize(
    ("positives", "negatives", "expected"),
    [(10, 30, (2, 6)), (1, 30, (1, 7)), (0, 30, (0, 8)), (10, 3, (2, 3)), (0, 0, (0, 0)), (1, 0, (1, 0))],
)
def test_numbers_of_positives_and_negatives(positives, negatives, expected):
    label = np.full((1, 50), -1)
    places = np.random.default_rng(1).permutation(50)
    label[0, places[:positives]], label[0, places[positives : positives + negatives]] = 1, 0
    indices, positive, valid = run(label)
    assert (positive.sum(), (valid & ~positive).sum()) == expected
    drawn = indices[0][valid[0]]
    assert len(set(drawn)) == len(drawn)
    np.testing.assert_array_equal(label[0, drawn], positive[0][valid[0]].astype(int))
    # Positives stand first, the invalid last.
    np.testing.assert_array_equal(positive[0], np.arange(8) < expected[0])
    np.testing.assert_array_equal(valid[0], np.arange(8) < sum(expected))
    assert indices.shape == (1, 8)
    assert indices.min() >= 0
    assert indices.max() < 50


def test_fewer_boxes_than_samples():
    indices, positive, valid = run([[0, 1, -1]], num=8, fraction=0.5)
    assert indices.shape == (1, 8)
    assert indices[0][valid[0]].tolist() == [1, 0]
    assert positive[0].tolist() == [True] + [False] * 7


def test_no_positive_is_drawn_at_a_fraction_of_zero():
    _, positive, valid = run([[1, 1, 0, 0]], num=4, fraction=0.0)
    assert not positive.any()
    assert valid.sum() == 2


def test_a_batch_equals_its_images_and_noise_alone_decides():
    label = np.random.default_rng(2).integers(-1, 2, (3, 40)).astype(np.int32)
    noise = np.random.default_rng(3).random((3, 40)).astype(np.float32)
    together = [ops.convert_to_numpy(x) for x in sample(label, noise, 8, 0.5)]
    for i in range(3):
        single = sample(label[i : i + 1], noise[i : i + 1], 8, 0.5)
        for one, all_of_them in zip(single, together, strict=True):
            np.testing.assert_array_equal(ops.convert_to_numpy(one)[0], all_of_them[i])


def test_every_positive_has_the_same_chance():
    label = np.zeros((400, 12), np.int32)
    label[:, :6] = 1
    indices, positive, _ = run(label, num=4, fraction=0.5)
    counts = np.bincount(indices[positive], minlength=12)
    # 800 draws from 6: 133 each with a standard deviation of about 9.
    assert counts[6:].sum() == 0
    assert (np.abs(counts[:6] - 133) < 50).all()
