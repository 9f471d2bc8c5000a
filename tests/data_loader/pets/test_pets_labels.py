"""Pets as labels: species, pet alone, and the trimap's classes."""

import cv2
import numpy as np
import pytest

from data_loader.pets.breeds import list_line
from data_loader.pets.data import PetsData
from tests.data_loader.pets.test_pets_data import REAL, prepared


def labels(data):
    """Name → labels, over all splits."""
    return {
        record.path.stem: data.ground_truth(split).labels(record.image_id)
        for split in ("train", "val", "test")
        for record in data.records(split)
    }


def trimap(root, name):
    return cv2.imread(str(root / f"annotations/trimaps/{name}.png"), cv2.IMREAD_UNCHANGED)


BORDERS = {"ignore": 255, "background": 0, "foreground": None}


@pytest.mark.parametrize("border", BORDERS)
def test_background_cat_and_dog(pets_folder, pets_config, border):
    data = prepared(pets_config(task="semantic", border=border))
    assert data.classes == ("cat", "dog") and data.task_name == "semantic"
    found = labels(data)
    assert len(found) == 36
    for name, values in found.items():
        species = 1 if name.startswith("Abyssinian") else 2
        edge = species if BORDERS[border] is None else BORDERS[border]
        np.testing.assert_array_equal(values, np.array([0, species, 0, edge])[trimap(pets_folder, name)])


def test_background_and_pet(pets_folder, pets_config):
    data = prepared(pets_config(task="semantic", classes="pet", border="ignore"))
    assert data.classes == ("pet",)
    for name, values in labels(data).items():
        np.testing.assert_array_equal(values, np.array([0, 1, 0, 255])[trimap(pets_folder, name)])


def test_the_three_of_the_trimap(pets_folder, pets_config):
    data = prepared(pets_config(task="semantic", classes="trimap", border="ignore"))
    assert data.classes == ("pet", "border")
    for name, values in labels(data).items():
        np.testing.assert_array_equal(values, np.array([0, 1, 0, 2])[trimap(pets_folder, name)])
    assert all(record.classes == {1, 2} for record in data.records("train"))


def test_several_pets_in_an_image(pets_folder, pets_config):
    annotations = pets_folder / "annotations"
    (annotations / "instances").mkdir()
    values = np.zeros((40, 60), np.uint8)
    values[15:35, 10:25], values[15:35, 25:40] = 1, 2
    cv2.imwrite(str(annotations / "instances/beagle_0.png"), values)
    (annotations / "instances.txt").write_text(f"{list_line('beagle_0 1', 5)}\n{list_line('beagle_0 2', 1)}\n")
    found = labels(prepared(pets_config(task="semantic", border="ignore")))["beagle_0"]
    expected = np.array([0, 2, 1])[values]
    expected[trimap(pets_folder, "beagle_0") == 3] = 255
    np.testing.assert_array_equal(found, expected)


def test_synthetic_pets(pets_config):
    config = pets_config(task="semantic", source="synthetic", classes="trimap")
    data = prepared(config)
    root = next(config.synthetic.folder.iterdir())
    found = labels(data)
    assert len(found) == 8
    for name, values in found.items():
        np.testing.assert_array_equal(values, np.array([9, 1, 0, 2])[trimap(root, name)])


def test_a_batch_keeps_the_contract(pets_folder, pets_config):
    data = prepared(pets_config(task="semantic", border="ignore", batch_size=4, val_batch_size=4, image_size=[64, 96]))
    assert data.spec.task == "semantic" and data.spec.classes == ("cat", "dog")
    expected = {
        "images": ((4, 64, 96, 3), np.uint8),
        "image_size": ((4, 2), np.int32),
        "labels": ((4, 64, 96), np.int32),
        "image_id": ((4,), np.int64),
        "original_size": ((4, 2), np.int32),
        "scale_to_original": ((4, 2), np.float32),
        "valid": ((4,), np.bool_),
    }
    for batch in (next(data.train_batches(0)), next(data.eval_batches("val"))):
        assert {key: (value.shape, value.dtype.type) for key, value in batch.items()} == expected
        assert set(np.unique(batch["labels"])) <= {0, 1, 2, 255}


def test_batches_depend_on_seed_epoch_and_index_alone(pets_folder, pets_config):
    config = pets_config(task="semantic", border="ignore", batch_size=4, augment={"scale": 1, "scale_range": [0.5, 2]})

    def batches(epoch=0, start=0, seed=0, **keys):
        data = PetsData(config.model_copy(update=keys), seed)
        data.prepare()
        return list(data.train_batches(epoch, start))

    every = batches()
    for other in (batches(workers=4), batches(prefetch=1)):
        for batch, again in zip(every, other, strict=True):
            for key, value in batch.items():
                np.testing.assert_array_equal(value, again[key])
    for key, value in every[3].items():
        np.testing.assert_array_equal(value, batches(start=3)[0][key])
    for other in (batches(epoch=1), batches(seed=1)):
        assert any((batch["labels"] != again["labels"]).any() for batch, again in zip(every, other, strict=True))


@pytest.mark.skipif(not REAL.is_dir(), reason="the real images are not on this machine")
def test_the_real_images(pets_config):
    data = prepared(pets_config(root=str(REAL), task="semantic", border="ignore"))
    truth = data.ground_truth("test")
    for record in data.records("test"):
        species = 1 if record.path.stem[0].isupper() else 2  # so are Oxford's names
        table = np.array([0, species, 0, 255])
        np.testing.assert_array_equal(truth.labels(record.image_id), table[trimap(REAL, record.path.stem)])
