import errno
import json
import os
from pathlib import Path

import cv2
import numpy as np
import pytest
from pycocotools import mask as coco_mask

from base import rle
from data_loader.errors import DataError
from data_loader.pets import index_cache
from data_loader.pets.breeds import BREEDS, id_in_species, list_line, parse_list_line, species_of
from data_loader.pets.data import PetsData

REAL = Path(__file__).resolve().parents[4] / "shared" / "data" / "pets"


def prepared(config, seed=0) -> PetsData:
    data = PetsData(config, seed)
    data.prepare()
    return data


def names(data: PetsData, split: str) -> set[str]:
    return {record.path.stem for record in data.records(split)}


def test_breeds_are_oxfords():
    assert len(BREEDS) == 37
    assert sum(species_of(breed) == 1 for breed in range(1, 38)) == 12
    assert list_line("yorkshire_terrier_7", 37) == "yorkshire_terrier_7 37 2 25"
    assert id_in_species(BREEDS.index("Siamese") + 1) == 11
    assert parse_list_line("beagle_70 5 2 4").breed == 5


@pytest.mark.parametrize(
    "line", ["beagle_1 5 2", "beagle_1 five 2 4", "beagle_1 38 2 4", "beagle_1 5 1 4", "../x 5 2 4"]
)
def test_a_garbage_line_is_an_error(line):
    with pytest.raises(ValueError, match=r"fields|whole numbers|class id|species|no name"):
        parse_list_line(line)


def test_splits_are_stratified_and_apart(pets_folder, pets_config):
    data = prepared(pets_config(val_fraction=0.2))
    train, val, test = (names(data, split) for split in ("train", "val", "test"))
    assert (len(train), len(val), len(test)) == (24, 6, 6)
    assert not train & val and not (train | val) & test
    assert sorted(name.rsplit("_", 1)[0] for name in val) == sorted(["Abyssinian", "american_bulldog", "beagle"] * 2)
    assert {name.rsplit("_", 1)[1] for name in test} == {"10", "11"}


@pytest.mark.parametrize("classes", ["breed", "species", "pet"])
def test_pets_are_counted_by_species_and_by_breed_whatever_the_classes(pets_folder, pets_config, classes):
    namings = prepared(pets_config(classes=classes)).namings("test")
    assert namings["species"] == {"cat": 2, "dog": 4}
    assert {name: count for name, count in namings["breed"].items() if count} == {
        BREEDS[0]: 2,
        BREEDS[1]: 2,
        BREEDS[4]: 2,
    }
    assert list(namings["breed"]) == list(BREEDS)


def test_split_depends_on_its_own_seed_alone(pets_folder, pets_config):
    first = prepared(pets_config(val_fraction=0.2))
    assert names(prepared(pets_config(val_fraction=0.2), seed=5), "val") == names(first, "val")
    assert names(prepared(pets_config(val_fraction=0.2, split_seed=1)), "val") != names(first, "val")


@pytest.mark.parametrize(
    ("mode", "classes", "beagle"), [("breed", BREEDS, 5), ("species", ("cat", "dog"), 2), ("pet", ("pet",), 1)]
)
def test_classes(pets_folder, pets_config, mode, classes, beagle):
    data = prepared(pets_config(classes=mode))
    assert data.classes == classes
    assert data.num_classes == len(classes)
    found = {record.objects[0].category for record in data.records("train") if record.path.stem.startswith("beagle")}
    assert found == {beagle}


@pytest.mark.parametrize(
    ("border", "box", "ones", "ignored"),
    [
        ("foreground", (10, 15, 40, 35), 600, 0),
        ("ignore", (10, 15, 40, 35), 416, 184),
        ("background", (12, 17, 38, 33), 416, 0),
    ],
)
def test_border(pets_folder, pets_config, border, box, ones, ignored):
    data = prepared(pets_config(border=border))
    sample = data.train()[0]
    np.testing.assert_array_equal(sample["boxes"], [box])
    assert np.count_nonzero(np.asarray(sample["masks"]) == 1) == ones
    assert np.count_nonzero(np.asarray(sample["masks"]) == 255) == ignored
    assert sample["image"].shape == (40, 60, 3)
    assert sample["image"][25, 25, 0] > 180 > sample["image"][25, 25, 2]  # RGB, not BGR


def test_ground_truth_is_lossless(pets_folder, pets_config):
    data = prepared(pets_config(border="ignore"))
    ground_truth = data.ground_truth("test")
    assert [category["name"] for category in ground_truth["categories"]] == ["cat", "dog"]
    assert len(ground_truth["images"]) == len(ground_truth["annotations"]) == 6
    image, annotation = ground_truth["images"][0], ground_truth["annotations"][0]
    assert (image["height"], image["width"]) == (40, 60)
    assert annotation["bbox"] == [10, 15, 30, 20]
    assert annotation["area"] == 600
    trimap = cv2.imread(str(pets_folder / f"annotations/trimaps/{Path(image['file_name']).stem}.png"), -1)
    np.testing.assert_array_equal(coco_mask.decode(annotation["segmentation"]), trimap != 2)
    assert set(annotation) == {"id", "image_id", "category_id", "bbox", "area", "iscrowd", "segmentation"}
    assert [sample["image_id"] for sample in data.test()] == [item["id"] for item in ground_truth["images"]]
    json.dumps(ground_truth)


def test_fingerprint_follows_the_content(pets_folder, pets_config):
    before = prepared(pets_config()).fingerprint
    assert prepared(pets_config()).fingerprint == before
    path = pets_folder / "annotations/trimaps/beagle_0.png"
    trimap = cv2.imread(str(path), -1)
    trimap[20, 20] = 2
    cv2.imwrite(str(path), trimap)
    assert prepared(pets_config()).fingerprint != before


def test_fingerprint_is_computed_once(pets_folder, pets_config, monkeypatch):
    data = prepared(pets_config())
    first = data.fingerprint
    monkeypatch.setattr(data, "records", None)
    assert data.fingerprint == first


def test_index_is_kept_until_a_file_changes(pets_folder, pets_config, monkeypatch):
    first = prepared(pets_config())

    def fail(root):
        raise RuntimeError("the index was built again")

    monkeypatch.setattr(index_cache, "build_index", fail)
    assert prepared(pets_config()).records("train") == first.records("train")
    with (pets_folder / "annotations/test.txt").open("a") as file:
        file.write("# another line\n")
    with pytest.raises(RuntimeError, match="built again"):
        prepared(pets_config())


def test_the_index_can_be_read_by_whoever_may_read_the_folder(pets_folder, pets_config, tmp_path):
    before = os.umask(0o022)
    try:
        prepared(pets_config())
    finally:
        os.umask(before)
    [path] = (tmp_path / "cache").iterdir()
    assert path.stat().st_mode & 0o777 == 0o644


def test_a_full_disk_leaves_nothing_in_the_cache(pets_folder, pets_config, tmp_path, monkeypatch):
    def fill_up(part, content):
        with part.open("wb") as file:
            file.write(content[:10])
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", fill_up)
    prepared(pets_config())
    assert list((tmp_path / "cache").iterdir()) == []


def test_a_broken_or_unwritable_cache_is_gone_without(pets_folder, pets_config, tmp_path):
    first = prepared(pets_config())
    for path in (tmp_path / "cache").iterdir():
        path.write_bytes(b"not a cache")
    assert prepared(pets_config()).fingerprint == first.fingerprint
    (tmp_path / "file").write_text("in the way")
    assert prepared(pets_config(cache=str(tmp_path / "file"))).fingerprint == first.fingerprint


def test_several_pets_in_an_image(pets_folder, pets_config):
    annotations = pets_folder / "annotations"
    (annotations / "instances").mkdir()
    values = np.zeros((40, 60), np.uint8)
    values[15:35, 10:25] = 1
    values[15:35, 25:40] = 2
    cv2.imwrite(str(annotations / "instances/beagle_0.png"), values)
    (annotations / "instances.txt").write_text(f"{list_line('beagle_0 1', 5)}\n{list_line('beagle_0 2', 1)}\n")
    records = [*prepared(pets_config()).records("train"), *prepared(pets_config()).records("val")]
    objects = next(record.objects for record in records if record.path.stem == "beagle_0")
    assert [item.category for item in objects] == [2, 1]
    assert [rle.xywh(item.mask) for item in objects] == [[10, 15, 15, 20], [25, 15, 15, 20]]


def test_objects_without_room_are_told_once(pets_folder, pets_config, caplog):
    annotations = pets_folder / "annotations"
    (annotations / "instances").mkdir()
    values = np.zeros((40, 60), np.uint8)
    values[15:35, 10:25] = 1
    values[15:35, 25:40] = 2
    lines = []
    for name in (f"beagle_{number}" for number in range(10)):
        cv2.imwrite(str(annotations / f"instances/{name}.png"), values)
        lines += [list_line(f"{name} 1", 5), list_line(f"{name} 2", 1)]
    (annotations / "instances.txt").write_text("\n".join(lines))
    for room, told in ((2, 0), (1, 1)):
        data = prepared(pets_config(max_objects=room, val_fraction=0.2, batch_size=4))
        list(data.train_batches(0))
        list(data.eval_batches("val"))
        assert caplog.text.count("more objects, up to 2") == told
    assert "data.max_objects = 1: 8 of 24 training images" in caplog.text


def test_garbage_among_several_pets_leaves_the_image_out(pets_folder, pets_config, caplog):
    lines = [list_line("beagle_0 1", 5), "beagle_0 two 5 2 4", "nobody_1 ?"]
    (pets_folder / "annotations/instances.txt").write_text("\n".join(lines))
    data = prepared(pets_config(max_bad_fraction=0.1))
    assert "beagle_0" not in names(data, "train") | names(data, "val")
    assert "2 of 37" in caplog.text
    assert "instances.txt:2: garbage line" in caplog.text and "instances.txt:3: garbage line" in caplog.text


def test_a_batch_keeps_the_contract(pets_folder, pets_config):
    data = prepared(pets_config(batch_size=4))
    batch = next(data.train_batches(0))
    expected = {
        "images": ((4, 64, 64, 3), np.uint8),
        "image_size": ((4, 2), np.int32),
        "gt_boxes": ((4, 8, 4), np.float32),
        "gt_classes": ((4, 8), np.int32),
        "gt_masks": ((4, 8, 64, 64), np.uint8),
        "gt_crowd": ((4, 8), np.bool_),
        "image_id": ((4,), np.int64),
        "original_size": ((4, 2), np.int32),
        "scale_to_original": ((4, 2), np.float32),
        "valid": ((4,), np.bool_),
    }
    assert {key: (value.shape, value.dtype.type) for key, value in batch.items()} == expected


def test_records_need_prepare(pets_config):
    with pytest.raises(RuntimeError, match=r"prepare\(\)"):
        PetsData(pets_config(), 0).train()


def test_no_network_is_an_error_where_asked(pets_config):
    with pytest.raises(DataError, match=r"annotations/trainval.txt.*cannot be[\s\S]*data.offline"):
        prepared(pets_config(offline="error"))


@pytest.mark.skipif(not REAL.is_dir(), reason="the real images are not on this machine")
def test_the_real_images(pets_config, tmp_path):
    data = prepared(pets_config(root=str(REAL), image_size=[320, 320]))
    assert data.display_name == "oxford-iiit-pet"
    assert [len(data.records(split)) for split in ("train", "val", "test")] == [3301, 367, 160]
    for breed in BREEDS:
        train, val = (
            sum(record.path.stem.rsplit("_", 1)[0] == breed for record in data.records(split))
            for split in ("train", "val")
        )
        assert abs(val - 0.1 * (train + val)) <= 1
    record = data.records("test")[0]
    trimap = cv2.imread(str(REAL / f"annotations/trimaps/{record.path.stem}.png"), -1)
    np.testing.assert_array_equal(rle.decode(record.objects[0].mask), trimap != 2)


def test_data_are_present_where_nothing_has_to_be_downloaded_or_generated(pets_folder, pets_config):
    assert PetsData(pets_config(), 0).present
    absent = PetsData(pets_config(root=str(pets_folder.parent / "elsewhere")), 0)
    assert not absent.present
    absent.prepare()  # falls back to synthetic ones
    drawn = PetsData(pets_config(source="synthetic"), 0)
    assert drawn.present and not absent.present
    assert not PetsData(pets_config(source="synthetic", synthetic={"folder": str(pets_folder / "none")}), 0).present
    assert not PetsData(pets_config(source="synthetic", max_objects=1), 0).present, "these are other images"
