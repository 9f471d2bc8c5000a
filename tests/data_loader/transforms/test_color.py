import numpy as np
import pytest

from data_loader.config import AugmentConfig
from data_loader.transforms.color import blur, color_matrix, jitter_color

LUMA = np.array([0.299, 0.587, 0.114])


def changed(pixel, **changes):
    usual = {"brightness": 1.0, "contrast": 1.0, "saturation": 1.0, "hue_degrees": 0.0}
    return color_matrix(**usual | changes) @ [*pixel, 1]


def test_no_change():
    np.testing.assert_allclose(changed((10, 100, 200)), [10, 100, 200], atol=1e-4)


def test_each_change_on_its_own():
    np.testing.assert_allclose(changed((10, 100, 120), brightness=1.5), [15, 150, 180], atol=1e-3)
    np.testing.assert_allclose(changed((127.5, 27.5, 227.5), contrast=0.5), [127.5, 77.5, 177.5], atol=1e-3)
    gray = changed((10, 100, 200), saturation=0.0)
    np.testing.assert_allclose(gray, [LUMA @ (10, 100, 200)] * 3, atol=1e-3)


@pytest.mark.parametrize("degrees", [-120, 15, 180])
def test_hue_keeps_brightness_and_greys(degrees):
    turned = changed((10, 100, 200), hue_degrees=degrees)
    assert LUMA @ turned == pytest.approx(LUMA @ (10, 100, 200), abs=0.1)
    assert np.abs(turned - (10, 100, 200)).max() > 5
    np.testing.assert_allclose(changed((90, 90, 90), hue_degrees=degrees), [90, 90, 90], atol=0.1)


def test_a_jittered_image_saturates_and_follows_the_rng():
    image = np.random.default_rng(0).integers(0, 256, (20, 30, 3), np.uint8)
    config = AugmentConfig(brightness=1.0, contrast=1.0, saturation=1.0, hue_degrees=180.0)
    first, again, other = (jitter_color(image, config, np.random.default_rng(seed)) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert first.dtype == np.uint8 and first.shape == image.shape
    assert not np.array_equal(first, other)
    none = AugmentConfig(brightness=0.0, contrast=0.0, saturation=0.0, hue_degrees=0.0)
    np.testing.assert_array_equal(jitter_color(image, none, np.random.default_rng(1)), image)


def test_blur_lowers_the_contrast_and_keeps_the_mean():
    image = np.random.default_rng(0).integers(0, 256, (60, 60, 3), np.uint8)
    result = blur(image, AugmentConfig(blur_sigma=(2.0, 2.0)), np.random.default_rng(0))
    assert result.std() < 0.3 * image.std()
    assert result.mean() == pytest.approx(image.mean(), abs=1.5)
