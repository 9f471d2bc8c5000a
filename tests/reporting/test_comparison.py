import numpy as np

from base import rle
from reporting.comparison import comparison_images, result_comparison

SIDE = 28


def batch_and_predictions():
    """Two images of 60×100 and 90×50 px in 100×100, the second is padding; one object in the first.

    The first file has 30×50 px: its ground truth is in these.
    """
    boxes = np.zeros((2, 2, 4), np.float32)
    boxes[:, 0] = (30, 20, 70, 50)
    images = np.zeros((2, 100, 100, 3), np.uint8)
    images[0, :60] = 128
    images[1, :90, :50] = 128
    batch = {
        "images": images,
        "image_size": np.array([[60, 100], [90, 50]], np.int32),
        "image_id": np.array([7, 8]),
        "original_size": np.array([[30, 50], [90, 50]], np.int32),
        "valid": np.array([True, False]),
    }
    mask = np.zeros((30, 50), np.uint8)
    mask[10:25, 15:35] = 1
    annotation = {"image_id": 7, "category_id": 1, "bbox": [15, 10, 20, 15], "segmentation": rle.encode(mask)}
    predictions = {
        "boxes": boxes.copy(),
        "classes": np.array([[1, 0], [1, 0]], np.int32),
        "scores": np.array([[0.9, 0.0], [0.9, 0.0]], np.float32),
        "masks": np.ones((2, 2, SIDE, SIDE), np.float32),
    }
    categories = [{"id": 1, "name": "cat"}, {"id": 2, "name": "dog"}]
    return batch, predictions, {"annotations": [annotation], "categories": categories}


def halves(image):
    """The two images without the titles above them: 300×500 px each."""
    return image[-300:, :500], image[-300:, -500:]


def test_one_image_for_each_valid_sample_without_its_padding():
    batch, predictions, targets = batch_and_predictions()
    images = comparison_images(batch, predictions, targets, ("cat", "dog"), side=500)
    assert len(images) == 1
    left, right = halves(images[0])
    assert 1002 <= images[0].shape[1] <= 1020
    # Gray to the very corner: none of the black padding is left.
    for half in (left, right):
        np.testing.assert_array_equal(half[-1, -1], (128, 128, 128))
        assert (half[5:, :10] == 128).all()


def test_a_perfect_detection_looks_like_the_ground_truth():
    batch, predictions, targets = batch_and_predictions()
    left, right = halves(comparison_images(batch, predictions, targets, ("cat", "dog"), side=500)[0])
    inside, outside = (slice(130, 220), slice(180, 320)), (slice(275, 300), slice(400, 500))
    assert np.abs(left[inside].astype(int) - right[inside]).max() <= 1
    assert (left[inside] != 128).any(-1).all()
    assert (left[outside] == 128).all()
    assert (right[outside] == 128).all()


def test_detections_below_the_score_are_not_drawn():
    batch, predictions, targets = batch_and_predictions()
    left, right = halves(comparison_images(batch, predictions, targets, ("cat", "dog"), min_score=0.95, side=500)[0])
    assert (left == 128).all()
    assert (right != 128).any()


def test_a_crowd_is_named_so():
    batch, predictions, targets = batch_and_predictions()
    plain = comparison_images(batch, predictions, targets, ("cat", "dog"), side=500)[0]
    targets["annotations"][0]["iscrowd"] = 1
    crowd = comparison_images(batch, predictions, targets, ("cat", "dog"), side=500)[0]
    changed = np.argwhere((plain != crowd).any(-1))
    assert len(changed) > 0
    assert changed[:, 1].min() > 500, "only the ground truth changes"


def test_an_image_without_anything_stays_as_it_is():
    batch, predictions, targets = batch_and_predictions()
    targets["annotations"].clear()
    predictions["classes"][:] = 0
    left, right = halves(comparison_images(batch, predictions, targets, ("cat",), side=500)[0])
    assert (left == 128).all()
    assert (right == 128).all()


def test_category_ids_of_the_data_set_are_looked_up_in_its_categories():
    batch, predictions, targets = batch_and_predictions()
    expected = comparison_images(batch, predictions, targets, ("cat", "dog"), side=500)[0]
    targets["categories"] = [{"id": 90, "name": "cat"}, {"id": 7, "name": "dog"}]
    targets["annotations"][0]["category_id"] = 90
    np.testing.assert_array_equal(comparison_images(batch, predictions, targets, ("cat", "dog"), side=500)[0], expected)


def test_an_image_of_one_row_is_shown():
    assert result_comparison(np.zeros((1, 3000, 3), np.uint8), [], [], []).shape[1] > 2 * 640
