import numpy as np
import pytest
from pydantic import TypeAdapter

from base.class_pixels import ClassPixels
from models.losses.class_weights import inverse_frequency, median_frequency, with_class_weights
from models.losses.config import Losses
from utils.errors import UserError

PIXELS, IMAGE_PIXELS = np.array([600, 300, 100, 0]), np.array([1000, 1000, 500, 0])


def test_inverse_frequency_by_hand():
    weights = inverse_frequency(PIXELS)
    np.testing.assert_allclose(weights, [1000 / (3 * 600), 1000 / (3 * 300), 1000 / (3 * 100), 0])
    assert (weights * PIXELS).sum() / PIXELS.sum() == pytest.approx(1)


def test_median_frequency_by_hand():
    # Frequencies 0.6, 0.3, 0.2: the median is 0.3.
    np.testing.assert_allclose(median_frequency(PIXELS, IMAGE_PIXELS), [0.5, 1, 1.5, 0])


@pytest.mark.parametrize(
    ("pixels", "image_pixels"), [([0, 0], [0, 0]), ([5, -1], [5, 5]), ([5, 3], [8, 2]), ([5, 3], [8, 8, 8])]
)
def test_counts_that_cannot_be_are_refused(pixels, image_pixels):
    with pytest.raises(UserError, match="pixels"):
        median_frequency(np.array(pixels), np.array(image_pixels))


def test_names_become_numbers_and_all_else_stays():
    losses = TypeAdapter(Losses).validate_python(
        [
            {"name": "cross_entropy", "class_weights": "inverse_frequency", "label_smoothing": 0.1},
            {"name": "focal", "class_weights": "median_frequency"},
            {"name": "ohem", "class_weights": (1.0, 2.0, 3.0, 4.0)},
            {"name": "dice"},
        ]
    )
    found = with_class_weights(losses, lambda: ClassPixels(PIXELS, IMAGE_PIXELS))
    assert found[0].class_weights == tuple(inverse_frequency(PIXELS)) and found[0].label_smoothing == 0.1
    assert found[1].class_weights == pytest.approx((0.5, 1, 1.5, 0))
    assert found[2:] == losses[2:]
    assert TypeAdapter(Losses).validate_json(TypeAdapter(Losses).dump_json(found)) == found


def test_nothing_is_counted_that_no_loss_needs():
    losses = TypeAdapter(Losses).validate_python(
        [{"name": "cross_entropy"}, {"name": "focal", "class_weights": (1.0, 2.0)}]
    )
    assert with_class_weights(losses, lambda: pytest.fail("counted")) == losses
