import numpy as np

from reporting.comparison import comparison_images, draw_detections

SIDE = 28


def batch_and_predictions():
    """Two images of 60×100 and 90×50 px in 100×100, the second is padding; one object in the first."""
    masks = np.zeros((2, 2, 100, 100), np.uint8)
    masks[:, 0, 20:50, 30:70] = 1
    boxes = np.zeros((2, 2, 4), np.float32)
    boxes[:, 0] = (30, 20, 70, 50)
    images = np.zeros((2, 100, 100, 3), np.uint8)
    images[0, :60] = 128
    images[1, :90, :50] = 128
    batch = {
        "images": images,
        "image_size": np.array([[60, 100], [90, 50]], np.int32),
        "gt_boxes": boxes,
        "gt_classes": np.array([[1, 0], [1, 0]], np.int32),
        "gt_masks": masks,
        "gt_crowd": np.zeros((2, 2), bool),
        "valid": np.array([True, False]),
    }
    predictions = {
        "boxes": boxes.copy(),
        "classes": np.array([[1, 0], [1, 0]], np.int32),
        "scores": np.array([[0.9, 0.0], [0.9, 0.0]], np.float32),
        "masks": np.ones((2, 2, SIDE, SIDE), np.float32),
    }
    return batch, predictions


def halves(image):
    """The two images without the titles above them: 300×500 px each."""
    return image[-300:, :500], image[-300:, -500:]


def test_one_image_for_each_valid_sample_without_its_padding():
    batch, predictions = batch_and_predictions()
    images = comparison_images(batch, predictions, ("cat", "dog"), side=500)
    assert len(images) == 1
    left, right = halves(images[0])
    assert 1002 <= images[0].shape[1] <= 1020
    # Gray to the very corner: none of the black padding is left.
    for half in (left, right):
        np.testing.assert_array_equal(half[-1, -1], (128, 128, 128))
        assert (half[5:, :10] == 128).all()


def test_a_perfect_detection_looks_like_the_ground_truth():
    batch, predictions = batch_and_predictions()
    left, right = halves(comparison_images(batch, predictions, ("cat", "dog"), side=500)[0])
    inside, outside = (slice(130, 220), slice(180, 320)), (slice(275, 300), slice(400, 500))
    assert np.abs(left[inside].astype(int) - right[inside]).max() <= 1
    assert (left[inside] != 128).any(-1).all()
    assert (left[outside] == 128).all()
    assert (right[outside] == 128).all()


def test_detections_below_the_score_are_not_drawn():
    batch, predictions = batch_and_predictions()
    left, right = halves(comparison_images(batch, predictions, ("cat", "dog"), min_score=0.95, side=500)[0])
    assert (left == 128).all()
    assert (right != 128).any()


def test_ignored_pixels_are_not_drawn_as_object():
    batch, predictions = batch_and_predictions()
    batch["gt_masks"][0, 0, 20:50, 50:70] = 255
    _, right = halves(comparison_images(batch, predictions, ("cat", "dog"), side=500)[0])
    assert (right[130:220, 270:340] == 128).all()
    assert (right[130:220, 180:240] != 128).any(-1).all()


def test_a_crowd_is_named_so():
    batch, predictions = batch_and_predictions()
    plain = comparison_images(batch, predictions, ("cat", "dog"), side=500)[0]
    batch["gt_crowd"][0, 0] = True
    crowd = comparison_images(batch, predictions, ("cat", "dog"), side=500)[0]
    changed = np.argwhere((plain != crowd).any(-1))
    assert len(changed) > 0
    assert changed[:, 1].min() > 500, "only the ground truth changes"


def test_boxes_are_scaled_to_the_image_that_is_drawn_on():
    _, predictions = batch_and_predictions()
    found = {key: value[0] for key, value in predictions.items()}
    drawn = draw_detections(np.full((180, 200, 3), 128, np.uint8), found, ("cat", "dog"), scale=(2.0, 3.0))
    changed = np.argwhere((drawn != 128).any(-1))
    # xyxy (30, 20, 70, 50) → (60, 60, 140, 150), with room for the outline and the label above.
    assert abs(changed[:, 1].min() - 60) <= 3
    assert abs(changed[:, 1].max() - 139) <= 4
    assert abs(changed[:, 0].max() - 149) <= 4


def test_an_image_without_anything_stays_as_it_is():
    batch, predictions = batch_and_predictions()
    batch["gt_classes"][:] = 0
    predictions["classes"][:] = 0
    left, right = halves(comparison_images(batch, predictions, ("cat",), side=500)[0])
    assert (left == 128).all()
    assert (right == 128).all()
