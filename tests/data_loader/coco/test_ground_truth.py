import json

import pytest

from base import rle
from data_loader.coco.ground_truth import read_ground_truth
from data_loader.errors import DataError

IMAGE = {"id": 4, "height": 20, "width": 30, "file_name": "a.jpg"}
ITEM = {"image_id": 4, "category_id": 7, "segmentation": [[2, 3, 12, 3, 12, 9, 2, 9]]}
CATEGORY = {"id": 7, "name": "cat"}


def written(folder, images=(IMAGE,), annotations=(ITEM,), categories=(CATEGORY,)):
    content = {"images": list(images), "annotations": list(annotations), "categories": list(categories)}
    (folder / "truth.json").write_text(json.dumps(content))
    return folder / "truth.json"


def test_masks_become_rle_and_what_is_missing_is_the_masks(tmp_path):
    found = read_ground_truth(written(tmp_path))
    (one,) = found["annotations"]
    assert rle.area(one["segmentation"]) == one["area"] == 60
    assert (one["bbox"], one["iscrowd"]) == ([2, 3, 10, 6], 0)
    assert found["categories"] == [CATEGORY]
    assert found["images"] == [IMAGE]


def test_the_files_own_box_and_area_are_kept(tmp_path):
    given = {**ITEM, "bbox": [2.2, 3.1, 9.5, 5.8], "area": 55.5, "iscrowd": 1}
    (one,) = read_ground_truth(written(tmp_path, annotations=[given]))["annotations"]
    assert (one["bbox"], one["area"], one["iscrowd"]) == ([2.2, 3.1, 9.5, 5.8], 55.5, 1)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"images": [{"id": 4, "height": 20}]}, "image .*it has no 'width'"),
        ({"images": [{**IMAGE, "height": "20"}]}, 'image a.jpg: .*whole numbers, not height "20"'),
        ({"images": [{**IMAGE, "height": None, "width": None}]}, "image a.jpg: .*not height null, width null"),
        ({"images": [5]}, "image 5: "),
        ({"images": [{**IMAGE, "height": -20}]}, "height and width must be above 0"),
        ({"annotations": [{**ITEM, "area": 10**400}]}, "too large"),
        ({"annotations": [{**ITEM, "image_id": 5}]}, "there is no such image"),
        ({"annotations": [{**ITEM, "category_id": 5}]}, "there is no such category"),
        ({"annotations": [{**ITEM, "segmentation": [[1, 2]]}]}, "three corners"),
        ({"annotations": [{**ITEM, "bbox": [1, 2]}]}, "bbox is not"),
        ({"annotations": ["text"]}, "annotation text"),
        ({"annotations": [{**ITEM, "image_id": 5}] * 7}, "and 2 more"),
    ],
)
def test_a_broken_file_is_an_error_that_names_what_is_broken(tmp_path, change, message):
    with pytest.raises(DataError, match=message):
        read_ground_truth(written(tmp_path, **change))
