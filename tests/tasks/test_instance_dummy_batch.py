"""The batch without a data set keeps the contract of `base/batch.py`."""

import numpy as np
import pytest

from base.batch import DataSpec
from tasks.instance import InstanceTask

SPEC = DataSpec("instance", ("a", "b", "c"), (96, 128), {"max_objects": 6})


@pytest.fixture(scope="module")
def batch():
    return InstanceTask().dummy_batch(SPEC, 4, seed=3)


def test_shapes_and_dtypes_are_those_of_the_contract(batch):
    assert {key: (value.shape, value.dtype.name) for key, value in batch.items()} == {
        "images": ((4, 96, 128, 3), "uint8"),
        "image_size": ((4, 2), "int32"),
        "gt_boxes": ((4, 6, 4), "float32"),
        "gt_classes": ((4, 6), "int32"),
        "gt_masks": ((4, 6, 96, 128), "uint8"),
        "gt_crowd": ((4, 6), "bool"),
        "image_id": ((4,), "int64"),
        "original_size": ((4, 2), "int32"),
        "scale_to_original": ((4, 2), "float32"),
        "valid": ((4,), "bool"),
    }


def test_the_first_image_fills_the_input_and_the_others_are_no_smaller_than_three_quarters(batch):
    assert batch["image_size"][0].tolist() == [96, 128]
    assert (batch["image_size"] >= (72, 96)).all() and (batch["image_size"] <= (96, 128)).all()
    assert (batch["image_size"][1:] < (96, 128)).any()
    np.testing.assert_array_equal(batch["original_size"], batch["image_size"])
    assert (batch["scale_to_original"] == 1).all() and batch["valid"].all()
    assert len(set(batch["image_id"])) == 4


def test_boxes_are_those_of_the_masks_inside_the_image(batch):
    objects = np.argwhere(batch["gt_classes"] > 0)
    assert np.bincount(objects[:, 0]).tolist() == [2, 4, 6, 2]  # the capacity of 6 in place of 8
    for image, index in objects:
        rows, columns = np.nonzero(batch["gt_masks"][image, index])
        box = columns.min(), rows.min(), columns.max() + 1, rows.max() + 1
        assert tuple(batch["gt_boxes"][image, index]) == box
        height, width = batch["image_size"][image]
        assert box[2] <= width and box[3] <= height
        sides = np.array([box[2] - box[0], box[3] - box[1]]) / (width, height)
        assert (sides > 0.08).all() and (sides <= 0.5).all()
        own = batch["gt_masks"][image, index] == 1
        assert own.sum() == (box[2] - box[0]) * (box[3] - box[1])
        others = batch["gt_masks"][image, index + 1 :].any(axis=0)
        assert (batch["images"][image][own & ~others] >= 128).all(), "an object is bright"


def test_classes_are_those_of_the_spec(batch):
    drawn = InstanceTask().dummy_batch(SPEC, 30)["gt_classes"]
    assert set(drawn[drawn > 0]) == {1, 2, 3}


def test_padding_is_zero_and_stands_last(batch):
    empty = batch["gt_classes"] == 0
    assert (np.diff(empty.astype(int), axis=1) >= 0).all() and empty.any()
    assert not batch["gt_boxes"][empty].any() and not batch["gt_masks"][empty].any()
    assert not batch["gt_crowd"].any() and set(np.unique(batch["gt_masks"])) == {0, 1}
    for image, (height, width) in zip(batch["images"], batch["image_size"], strict=True):
        assert not image[height:].any() and not image[:, width:].any()
        assert image[:height, :width].any(axis=2).mean() > 0.99


def test_the_seed_decides_everything(batch):
    again, other = InstanceTask().dummy_batch(SPEC, 4, seed=3), InstanceTask().dummy_batch(SPEC, 4, seed=4)
    for key, value in batch.items():
        np.testing.assert_array_equal(again[key], value)
    assert (other["images"] != batch["images"]).any() and (other["gt_boxes"] != batch["gt_boxes"]).any()
