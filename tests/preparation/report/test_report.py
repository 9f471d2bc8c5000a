"""What the report shows, from a data set that has findings."""

import io
import json
import re
from dataclasses import replace

import cv2
import numpy as np
import pytest
from rich.console import Console

from preparation.inspection.inspect import inspect
from preparation.report.kinds import OBJECTS
from preparation.report.objects.plots import plot_all
from preparation.report.objects.sheets import samples_of_classes
from preparation.report.objects.tables import classes_table, sizes_table, splits_table
from preparation.report.page import found_images, write_page
from preparation.report.sheets import sheet_of_augmentation, sheet_of_samples
from preparation.report.terminal import print_inspection
from preparation.report.write import write_report
from preparation.suggest import Suggestion
from tests.preparation.tiny_data import Image, encode, noise, plain, read, rectangle, write


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    train = [*plain(6), Image(noise(90), [rectangle(10, 10, 20, 20), rectangle(60, 20, 2, 2)]), Image(noise(91), [])]
    return read(write(tmp_path_factory.mktemp("a"), train=train, val=[*plain(2, start=50), Image(noise(2))]))


@pytest.fixture(scope="module")
def inspection(data):
    return inspect(data)


def test_tables_count(inspection):
    assert splits_table(inspection).rows == (("train", 8, 1, 8, 0, 1.0, 2), ("val", 3, 0, 3, 0, 1.0, 1))
    table = classes_table(inspection)
    assert table.head == ("class", "train", "val", "share", "images in train")
    assert table.rows[0] == ("cat", 4, 2, 6 / 11, 3)
    sizes = {row[0]: row for row in sizes_table(inspection).rows}
    assert sizes["image height"][1:] == (96,) * 7
    assert (sizes["side of an object"][1], sizes["height / width"][1]) == (2, 0.8)


def test_the_terminal_shows_findings_with_examples_and_advice(inspection):
    console = Console(file=io.StringIO(), width=100, color_system=None)
    with console.capture() as captured:
        print_inspection(inspection, console)
    text = captured.get()
    assert "error: 1 image of val are in another split too" in text and "train: train003.png = val: val003.png" in text
    assert "warning: 1 mask of fewer than 16 pixels." in text and "→ Look at them" in text


def test_samples_are_of_their_class_small_ones_first(inspection):
    items = samples_of_classes(inspection, "train", 4, ("cat", "dog"))
    assert {item.attributes["class"][0] for item in items} == {"cat", "dog"}
    cats = [item for item in items if item.attributes["class"] == ["cat"]]
    assert [item.attributes["side in pixels"] for item in cats] == [2.0, 20.0, 44.7, 44.7]
    assert all(max(item.image.shape[:2]) == 176 for item in items)
    sheet = sheet_of_samples(items, inspection.classes, 4)
    assert sheet.shape[1] > 4 * 176 and sheet_of_samples([], inspection.classes, 3) is None


def test_of_many_classes_the_most_frequent_are_shown(tmp_path):
    root = write(tmp_path / "data", train=plain(5), val=plain(2, start=50))
    names = [f"c{number:04d}" for number in range(120)]
    often = [rectangle(5, 5, 8, 8, names.index(name) + 1, image_id=2) for name in ("c0003", "c0109")]
    once = [rectangle(5, 5, 8, 8, number, image_id=1) for number in range(1, 111)]
    for path, objects in ((root / "train.json", once + often), (root / "val.json", [])):
        content = json.loads(path.read_text())
        content["categories"] = [{"id": number, "name": name} for number, name in enumerate(names, 1)]
        content["annotations"] = [one | {"id": number} for number, one in enumerate(objects, 1)]
        path.write_text(json.dumps(content))
    data = read(root)
    written = write_report(tmp_path / "out", inspect(data), data, None, {})
    page = written["report"].read_text(encoding="utf-8")
    samples = page[page.rindex("Samples of each class") : page.rindex("Images with findings")]
    shown = re.findall(r"<article.*?(c\d{4}),", samples, re.DOTALL)
    assert shown == [name for name in [*names[:99], "c0109"] for _ in range(1 + (name in ("c0003", "c0109")))]
    assert "Shown are the 100 most frequent of 120 classes; inspection.json has the numbers of all" in samples
    assert "c0119" in (tmp_path / "out/inspection.json").read_text()


def test_of_many_classes_only_those_with_objects_are_said_to_be_shown(tmp_path):
    root = write(tmp_path / "data", train=plain(5), val=plain(2, start=50))
    for path in (root / "train.json", root / "val.json"):
        content = json.loads(path.read_text())
        content["categories"] += [{"id": number, "name": f"c{number}"} for number in range(10, 130)]
        path.write_text(json.dumps(content))
    data = read(root)
    shown = {item.category for record in data.records("train") for item in record.objects}
    page = write_report(tmp_path / "out", inspect(data), data, None, {})["report"].read_text(encoding="utf-8")
    assert 0 < len(shown) <= 3 and f"Shown are the {len(shown)} most frequent of 123 classes" in page


def test_the_sheet_of_augmentation_is_the_same_each_time(data, inspection):
    first, second = (sheet_of_augmentation(data, inspection.splits["train"], OBJECTS, 2, 3) for _ in range(2))
    np.testing.assert_array_equal(first, second)


def test_a_broken_image_among_those_mixed_in_stops_no_report(tmp_path):
    cut = Image(encode(noise(5), ".jpg")[:-400], [rectangle(20, 20, 50, 40)], (96, 128))
    data = read(write(tmp_path, train=[*plain(1), cut], val=plain(1, start=50)), augment={"mosaic": 1.0})
    facts = inspect(data).splits["train"]
    assert [look.problem is None for look in facts.looks] == [True, False]
    # 24 images are mixed in, the broken one among them
    assert sheet_of_augmentation(data, facts, OBJECTS, 2, 9) is None


def test_examples_of_findings_become_images(inspection):
    items = {item.attributes["finding"][0]: item for item in found_images(inspection)}
    assert set(items) == {"images in several splits", "tiny mask", "empty images in train"}
    assert items["images in several splits"].attributes["split"] == ["train", "val"]
    assert items["images in several splits"].image.shape[1] > 2 * 128  # both, side by side


def test_plots_are_written_for_each_naming_too(inspection, tmp_path):
    namings = {"train": {"breed": {"beagle": 3, "pug": 0}}, "val": {"breed": {"beagle": 1, "pug": 2}}}
    object.__setattr__(inspection, "namings", namings)
    written = plot_all(inspection, tmp_path)
    assert {path.name for path in written.values()} == {"classes.png", "breed.png", "object_sizes.png", "images.png"}
    for path in written.values():
        assert min(cv2.imread(str(path)).shape[:2]) > 150 and re.fullmatch(r"\w+\.png", path.name)


def test_a_suggested_value_is_beside_its_reason(inspection, tmp_path):
    suggestion = Suggestion({"data": {"image_size": [96, 128]}}, {"data.image_size": "The images are small."})
    write_page(tmp_path / "a.html", inspection, {}, [], None, suggestion, {})
    text = (tmp_path / "a.html").read_text(encoding="utf-8")
    cells = re.findall(r"<td[^>]*>(.*?)</td>", text[text.rindex("A config for these data") :])
    assert [cell.strip() for cell in cells[:3]] == ["data.image_size", "[96, 128]", "The images are small."]


def test_plots_of_an_earlier_report_are_removed_and_no_other_file(data, inspection, tmp_path):
    breeds = replace(inspection, namings={"train": {"breed": {"beagle": 3}}})
    plain_one = replace(inspection, namings={})
    write_report(tmp_path / "report", breeds, data, None, {})
    plots = tmp_path / "report/plots"
    (plots / "mine.png").write_text("mine")
    (tmp_path / "notes.png").write_text("notes")
    numbers = tmp_path / "report/inspection.json"
    found = json.loads(numbers.read_text())
    written = {"classes.png", "object_sizes.png", "images.png", "samples.jpg", "augmentation.jpg"}
    assert set(found["plots"]) == written | {"breed.png"}
    numbers.write_text(json.dumps(found | {"plots": [*found["plots"], "../../notes.png", "..", "a\0", 5]}))
    write_report(tmp_path / "report", plain_one, data, None, {})
    assert {path.name for path in plots.iterdir()} == written | {"mine.png"}
    assert (tmp_path / "notes.png").is_file()
    for text in ("[]", "no JSON", '{"plots": 5}'):
        numbers.write_text(text)
        write_report(tmp_path / "report", plain_one, data, None, {})
        assert set(json.loads(numbers.read_text())["plots"]) == written
