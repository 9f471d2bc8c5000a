"""Each finding in tiny labels that were made to have it, and none in clean ones."""

import io
import json

import numpy as np
import pytest
from rich.console import Console

from preparation.inspection.inspect import inspect
from preparation.inspection.statistics import statistics
from preparation.report.labels.tables import classes_table, splits_table
from preparation.report.terminal import print_inspection
from tests.preparation import tiny_data
from tests.preparation.tiny_labels import labels, plain, read, write

CUP = labels((1, 0, 0, 48, 32))


def inspected(root, keys=None, **splits):
    splits = {"train": plain(6), "val": plain(3, start=50)} | splits
    return inspect(read(write(root, **splits), **(keys or {})), 0.5)


def found(inspection):
    return {finding.kind: (finding.severity, finding.count) for finding in inspection.findings}


def test_nothing_is_found_in_clean_labels(tmp_path):
    inspection = inspected(tmp_path)
    assert found(inspection) == {}
    facts = inspection.splits["train"]
    assert facts.totals.tolist() == [6 * 1984, 6 * 768, 6 * 256, 6 * 64]
    np.testing.assert_allclose(facts.shares, np.array([1984, 768, 256]) / 3008)
    assert facts.counts.tolist() == [2] * 6 and facts.ignored_share == 64 / 3072


def test_broken_missing_and_misfitting_label_files_are_named(tmp_path):
    wrong = [(90, None), (91, labels(size=(48, 60))), (92, labels((7, 0, 0, 9, 9)))]
    write(tmp_path, train=[*plain(6), *wrong, *plain(1, start=93)], val=plain(3, start=50))
    (tmp_path / "masks/train/train010.png").write_bytes(b"no PNG")
    inspection = inspect(read(tmp_path), 0.1)
    assert found(inspection) == {"broken images": ("error", 4)}
    (finding,) = inspection.findings
    for kind in ("not one mask", "mask of another size", "value of no class", "broken image or mask"):
        assert f"1 × {kind}" in finding.message
    text = "\n".join(example.text for example in finding.examples)
    assert all(f"train{number:03d}.png" in text for number in (7, 8, 9, 10))
    assert "the mask is (48, 60), the image (48, 64)" in text


def test_images_that_are_ignored_and_those_without_a_class(tmp_path):
    train = [*plain(6), (90, labels(fill=255)), (91, labels()), (92, labels((255, 0, 0, 40, 64)))]
    inspection = inspected(tmp_path, train=train)
    assert found(inspection) == {"ignored images in train": ("warning", 1), "empty images in train": ("note", 2)}
    assert inspection.findings[0].examples[0].text == "train007.png"
    assert inspection.splits["train"].empty.tolist() == [7, 8]


def test_no_class_at_all_is_an_error(tmp_path):
    assert found(inspected(tmp_path, train=[(i, labels()) for i in range(4)]))["no pixels"] == ("error", 4)


def test_much_that_is_ignored_is_noted(tmp_path):
    half = labels((1, 0, 0, 24, 64), (2, 20, 0, 24, 64), (255, 24, 0, 48, 64))
    inspection = inspected(tmp_path, train=[(i, half) for i in range(6)])
    assert found(inspection) == {"much is ignored": ("note", 6 * 1536)}


def test_classes_that_a_split_lacks(tmp_path):
    kinds = found(inspected(tmp_path / "a", train=[(i, CUP) for i in range(6)]))
    assert kinds == {"class not in train": ("warning", 1)}
    kinds = found(inspected(tmp_path / "b", val=[(50, CUP)]))
    assert kinds == {"class in train only": ("warning", 1)}
    asked = {"names": ["cup", "fork", "spoon"], "classes": ["cup", "fork", "spoon"]}
    assert found(inspected(tmp_path / "c", keys=asked)) == {"class without pixels": ("error", 1)}


@pytest.mark.parametrize(("side", "noted"), [(8, False), (7, True)])
def test_very_unequal_frequencies_are_noted(tmp_path, side, noted):
    """Of 48 × 64 pixels 8 × 8 are a 48th: the rest is 47 times as frequent. 7 × 7 are less than a 62nd."""
    small = labels((2, 0, 0, side, side))
    kinds = found(inspected(tmp_path, train=[(i, small) for i in range(6)], val=[(50, small)]))
    assert ("unequal classes" in kinds) == noted


def test_leakage_is_found_in_labelled_images_too(tmp_path):
    inspection = inspected(tmp_path, val=[*plain(3, start=50), (2, CUP)])
    assert found(inspection) == {"images in several splits": ("error", 1)}


def test_objects_are_inspected_as_the_labels_that_are_painted(tmp_path):
    root = tiny_data.write(tmp_path, train=tiny_data.plain(6), val=tiny_data.plain(3, start=50))
    inspection = inspect(tiny_data.read(root, task="semantic"))
    assert found(inspection) == {}
    assert inspection.splits["train"].totals.tolist() == [6 * (96 * 128 - 2000), 4000, 4000, 4000, 0]


def test_tables_and_numbers_are_those_of_the_labels(tmp_path):
    inspection = inspected(tmp_path)
    assert splits_table(inspection).rows[0][1:] == pytest.approx((6, 0, 0, 6 * 3072 / 1e6, 2.0, 100 * 64 / 3072))
    table = classes_table(inspection)
    assert table.head == ("class", "% of train", "% of val", "images in train", "images in val")
    assert [row[0] for row in table.rows] == ["cup", "fork", "background", "ignored"]
    assert table.rows[1][1:] == pytest.approx((100 * 256 / 3008, 100 * 256 / 3008, 6, 3))
    train = json.loads(json.dumps(statistics(inspection)))["splits"]["train"]
    assert train["pixels_of_label"] == {"background": 11904, "cup": 4608, "fork": 1536, "ignored": 384}
    assert train["images_of_class"] == {"cup": 6, "fork": 6}
    assert train["classes_per_image"]["median"] == 2.0
    console = Console(file=io.StringIO(), width=120, color_system=None)
    with console.capture() as captured:
        print_inspection(inspection, console)
    text = captured.get()
    assert "% of train" in text and "Nothing is wrong with these data." in text
