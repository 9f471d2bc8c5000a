import numpy as np
from keras import ops

from models.backbones.architecture import NormalizeImages
from models.ops.pixels import fill_padding

IMAGES = np.random.default_rng(0).integers(0, 256, (2, 6, 8, 3)).astype(np.uint8)
SIZE = np.array([[4, 8], [6, 5]], np.int32)


def test_images_stay_and_the_rest_gets_the_color():
    filled = ops.convert_to_numpy(fill_padding(IMAGES, SIZE, (1.5, 2.0, 3.0)))
    for image, (height, width) in enumerate(SIZE):
        np.testing.assert_array_equal(filled[image, :height, :width], IMAGES[image, :height, :width])
        for outside in (filled[image, height:], filled[image, :, width:]):
            np.testing.assert_array_equal(outside, np.broadcast_to(np.float32([1.5, 2.0, 3.0]), outside.shape))


def test_with_the_neutral_color_normalization_makes_exact_zeros():
    for bgr in (False, True):
        normalize = NormalizeImages((103.939, 116.779, 123.68), (57.0, 58.0, 59.0), bgr=bgr)
        normalized = ops.convert_to_numpy(normalize(fill_padding(IMAGES, SIZE, normalize.neutral)))
        assert not normalized[0, 4:].any() and not normalized[1, :, 5:].any()
        assert normalized[0, :4].any()
