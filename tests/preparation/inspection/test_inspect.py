"""Each finding in a tiny data set that was made to have it, and none in a clean one."""

import json

import cv2
import numpy as np
import pytest

from preparation.inspection.finding import MOST_EXAMPLES, Example, first
from preparation.inspection.inspect import inspect
from preparation.inspection.statistics import statistics
from tests.preparation.tiny_data import Image, encode, masked, noise, plain, read, rectangle, write


def inspected(root, max_bad_fraction=0.5, allow_leakage=False, keys=None, **splits):
    splits = {"train": plain(6), "val": plain(3, start=50)} | splits
    return inspect(read(write(root, **splits), **(keys or {})), max_bad_fraction, allow_leakage)


def found(inspection):
    """Kind → severity and count."""
    return {finding.kind: (finding.severity, finding.count) for finding in inspection.findings}


def with_object(*objects):
    return {"train": [*plain(6), Image(noise(90), list(objects))]}


def test_nothing_is_found_in_clean_data(tmp_path):
    inspection = inspected(tmp_path)
    assert inspection.findings == ()
    assert list(inspection.splits) == ["train", "val"]  # a test split that is the validation's is none


def test_a_file_that_does_not_decode_is_an_error(tmp_path):
    whole = encode(noise(91), ".jpg")
    inspection = inspected(tmp_path, train=[*plain(6), Image(whole[: len(whole) // 2], size=(96, 128))])
    assert found(inspection)["image cannot be decoded"] == ("error", 1)
    assert "train007.jpg" in inspection.errors[0].examples[0].text


def test_an_image_that_changed_its_size_after_the_annotation_was_read_is_an_error(tmp_path):
    data = read(write(tmp_path, train=plain(6), val=plain(3, start=50)))
    (tmp_path / "train/train002.png").write_bytes(encode(noise(1, (48, 64)), ".png"))
    assert found(inspect(data))["image has another size"] == ("error", 1)


@pytest.mark.parametrize(("allowed", "severity"), [(0.5, "warning"), (0.05, "error")])
def test_broken_annotations_are_counted(tmp_path, allowed, severity):
    wrong = rectangle(5, 5, 20, 20, segmentation=[[1, 2, 3, 4]])
    inspection = inspected(tmp_path, allowed, **with_object(rectangle(20, 20, 50, 40), wrong))
    assert found(inspection) == {"broken annotations": (severity, 1)}


COPIES = {
    "bytes": lambda image: image,
    "recompressed": lambda image: cv2.imdecode(
        np.frombuffer(encode(image, ".jpg", cv2.IMWRITE_JPEG_QUALITY, 40), np.uint8), cv2.IMREAD_COLOR_RGB
    ),
    "resized": lambda image: cv2.resize(image, (300, 200)),
}


@pytest.mark.parametrize("copy", COPIES.values(), ids=COPIES.keys())
def test_leakage_is_an_error_unless_allowed(tmp_path, copy):
    val = [*plain(3, start=50), Image(copy(noise(2)))]
    for allowed, severity in ((False, "error"), (True, "warning")):
        inspection = inspected(tmp_path / severity, allow_leakage=allowed, val=val)
        assert found(inspection) == {"images in several splits": (severity, 1)}
        (example,) = inspection.findings[0].examples
        assert example.text == "train: train003.png = val: val004.png"
        assert [(place.split, place.image) for place in example.places] == [("train", 2), ("val", 3)]


def test_copies_within_a_split_are_a_warning(tmp_path):
    copies = [Image(noise(0)), Image(COPIES["resized"](noise(0)))]
    inspection = inspected(tmp_path, train=[*plain(6), *copies])
    assert found(inspection) == {"images twice in train": ("warning", 2)}


def test_files_that_cannot_be_decoded_are_still_compared_byte_for_byte(tmp_path):
    broken = encode(noise(91), ".jpg")[:800]
    images = [Image(broken, size=(96, 128))]
    inspection = inspected(tmp_path, train=[*plain(6), *images], val=[*plain(3, start=50), *images])
    assert found(inspection)["images in several splits"] == ("error", 1)


def test_a_box_that_disagrees_with_its_mask_is_named_a_rounded_one_is_not(tmp_path):
    wrong = rectangle(20, 20, 50, 40, bbox=[60, 20, 50, 40])
    rounded = rectangle(90, 70, 4, 4, bbox=[89.2, 69.4, 5.6, 5.4])
    inspection = inspected(tmp_path, **with_object(wrong, rounded))
    (finding,) = inspection.findings
    assert (finding.kind, finding.count) == ("box beside its mask", 1)
    assert finding.examples[0].text == "train: train007.png: cat, IoU 0.11"  # 400 of 3600 pixels


def test_tiny_thin_and_speckled_masks(tmp_path):
    specks = np.zeros((96, 128), np.uint8)
    specks[10:60:5, 10:60:10] = 1
    specks[60:90, 60:90] = 1
    line = np.zeros((96, 128), np.uint8)
    line[80, 10:70] = 1
    objects = [rectangle(100, 10, 3, 5), masked(line), masked(specks), rectangle(100, 30, 4, 4)]
    inspection = inspected(tmp_path, **with_object(*objects))
    expected = {"tiny mask": ("warning", 1), "thin mask": ("warning", 1), "mask of specks": ("warning", 1)}
    assert found(inspection) == expected
    assert [finding.examples[0].places[0].objects for finding in inspection.findings] == [(0,), (1,), (2,)]


def test_objects_annotated_twice_and_with_two_classes(tmp_path):
    objects = [rectangle(10, 10, 60, 50), rectangle(10, 10, 60, 51), rectangle(10, 10, 60, 50, 2)]
    crowd = masked(np.pad(np.ones((50, 60), np.uint8), ((10, 36), (10, 58))), iscrowd=1)
    inspection = inspected(tmp_path, **with_object(*objects, rectangle(10, 10, 60, 40), crowd))
    assert found(inspection) == {"object annotated twice": ("warning", 1), "object of two classes": ("warning", 2)}


def test_classes_that_a_split_lacks(tmp_path):
    train = [Image(noise(i), [rectangle(20, 20, 50, 40, 1)]) for i in range(6)]
    val = [Image(noise(50), [rectangle(20, 20, 50, 40, 2)])]
    kinds = found(inspected(tmp_path / "a", train=train, val=val))
    assert kinds == {
        "class without objects": ("warning", 1),
        "class not in train": ("warning", 1),
        "class in train only": ("warning", 1),
    }
    asked = found(inspected(tmp_path / "b", train=train, val=val, keys={"classes": ["cat", "dog"]}))
    assert asked == {"class not in train": ("error", 1), "class in train only": ("warning", 1)}


def test_a_training_split_without_an_object_is_an_error(tmp_path):
    inspection = inspected(tmp_path, train=[Image(noise(i), []) for i in range(6)])
    assert found(inspection)["no objects"] == ("error", 6)


def test_empty_images_are_noted(tmp_path):
    inspection = inspected(tmp_path, **with_object())
    assert found(inspection) == {"empty images in train": ("note", 1)}


def test_a_batch_and_a_capacity_that_do_not_fit(tmp_path):
    full = Image(noise(90), [rectangle(5 + 20 * i, 10, 15, 20, 1 + i % 3) for i in range(5)])
    splits = {"train": [*plain(6), full]}
    assert found(inspected(tmp_path / "a", **splits)) == {}
    kinds = found(inspected(tmp_path / "b", keys={"batch_size": 8, "max_objects": 4}, **splits))
    assert kinds == {
        "fewer images than a batch": ("error", 7),
        "more objects than data.max_objects": ("warning", 1),
    }


def test_very_unequal_classes_are_noted(tmp_path):
    many = [rectangle(2 + 9 * (i % 13), 2 + 14 * (i // 13), 6, 6, 1) for i in range(78)]
    assert found(inspected(tmp_path, **with_object(*many))) == {}
    train = [*plain(3), Image(noise(90), many)]
    assert found(inspected(tmp_path / "b", train=train)) == {"unequal classes": ("note", 2)}


def test_errors_come_first_and_examples_are_few(tmp_path):
    images = [Image(noise(i), [rectangle(20, 20, 50, 40, bbox=[0, 0, 9, 9])]) for i in range(30)]
    inspection = inspected(tmp_path, train=images, val=[*plain(3, start=50), images[0]])
    order = [finding.severity for finding in inspection.findings]
    assert order == sorted(order, key=["error", "warning", "note"].index) and order[0] == "error"
    assert len(first([Example(str(number)) for number in range(100)])) <= MOST_EXAMPLES


def test_the_numbers_are_those_of_the_data_and_are_json(tmp_path):
    crowd = masked(np.ones((96, 128), np.uint8), iscrowd=1)
    objects = [rectangle(10, 10, 40, 10, 1), rectangle(10, 30, 40, 40, 1), crowd]
    inspection = inspected(tmp_path, train=[*plain(3), Image(noise(90), objects), Image(noise(91), [])])
    numbers = json.loads(json.dumps(statistics(inspection)))
    train = numbers["splits"]["train"]
    assert (train["images"], train["empty_images"], train["objects"], train["crowds"]) == (5, 1, 5, 1)
    assert train["objects_of_class"] == {"cat": 3, "dog": 1, "cow": 1}
    assert train["images_of_class"] == {"cat": 2, "dog": 1, "cow": 1}
    assert train["objects_by_size"] == {"small": 1, "medium": 4, "large": 0}
    assert (train["side"]["min"], train["aspect_ratio"]["min"]) == (20.0, 0.25)
    assert (train["objects_per_image"]["median"], train["objects_per_image"]["max"]) == (1.0, 2.0)
    assert train["share_of_image"]["max"] == round(2000 / (96 * 128), 4)
    assert train["most_frequent_sizes"] == [{"height": 96, "width": 128, "images": 5}]
    assert [finding["kind"] for finding in numbers["findings"]] == ["empty images in train"]
