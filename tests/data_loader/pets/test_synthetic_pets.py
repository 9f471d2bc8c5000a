import logging
import threading

import cv2
import numpy as np
import pytest

from base import rle
from data_loader.errors import DataError
from data_loader.pets.breeds import BREEDS, species_of
from data_loader.pets.config import SyntheticConfig
from data_loader.pets.data import PetsData
from data_loader.pets.drawing.animal import POSES, draw_animal, placing
from data_loader.pets.drawing.image import draw_image
from data_loader.pets.drawing.looks import LOOKS
from data_loader.pets.synthetic import write_synthetic_pets


def files(root):
    return {path.relative_to(root): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def config_of(tmp_path, **keys):
    usual = {"trainval": 5, "test": 2, "size": 96, "folder": tmp_path, "workers": 1}
    return SyntheticConfig(**usual | keys)


def test_images_depend_on_nothing_but_their_number(tmp_path):
    first = write_synthetic_pets(config_of(tmp_path / "a"))
    several = write_synthetic_pets(config_of(tmp_path / "b", workers=3))
    other = write_synthetic_pets(config_of(tmp_path / "c", seed=1))
    assert first.name == several.name != other.name
    assert files(first) == files(several) != files(other)


def test_written_once(tmp_path):
    root = write_synthetic_pets(config_of(tmp_path))
    (root / "mark").write_text("")
    (tmp_path / ".unfinished-killed/pets").mkdir(parents=True)
    assert write_synthetic_pets(config_of(tmp_path)) == root
    assert (root / "mark").exists()
    assert [path.name for path in tmp_path.iterdir()] == [root.name]


def test_two_that_start_at_once(tmp_path):
    roots = []
    threads = [
        threading.Thread(target=lambda: roots.append(write_synthetic_pets(config_of(tmp_path)))) for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(roots) == 2 and roots[0] == roots[1]
    assert [path.name for path in tmp_path.iterdir()] == [roots[0].name]


def test_a_folder_that_cannot_be_written_is_an_error(tmp_path):
    (tmp_path / "taken").write_text("")
    with pytest.raises(DataError, match=r"data.synthetic.folder = .*taken"):
        write_synthetic_pets(config_of(tmp_path / "taken"))


def test_the_fallback_is_loud_and_named(pets_config, caplog):
    data = PetsData(pets_config(classes="breed"), 0)
    with caplog.at_level(logging.WARNING, "maskeras"):
        data.prepare()
    assert "THESE ARE NOT REAL IMAGES" in caplog.text
    assert "synthetic-pets" in caplog.text
    assert data.display_name == "synthetic-pets"
    assert len(data.train()) + len(data.val()) == 6 and len(data.test()) == 2


def test_the_drawn_ones_can_be_asked_for(pets_config, caplog):
    data = PetsData(pets_config(source="synthetic", classes="breed"), 0)
    data.prepare()
    assert data.display_name == "synthetic-pets"
    assert "NOT REAL" not in caplog.text
    found = [item.category for split in ("train", "val", "test") for r in data.records(split) for item in r.objects]
    assert {1, 2, 3, 4, 5, 6, 7, 8} <= set(found)  # the first animal of image i is of breed i + 1


def test_a_folder_of_synthetic_pets_is_named_so_also_as_a_root(pets_config):
    root = write_synthetic_pets(pets_config().synthetic)
    data = PetsData(pets_config(root=str(root)), 0)
    for _ in range(2):
        data.prepare()
        assert (data.display_name, data.synthetic) == ("synthetic-pets", True)
        assert data.records("train")[0].path.parent == root / "images"


def test_a_drawn_image_has_no_more_animals_than_there_is_room_for(pets_config):
    synthetic = pets_config().synthetic.model_copy(update={"trainval": 24})
    for room, most in ((8, 3), (2, 2), (1, 1)):
        keys = {"max_objects": room, "synthetic": synthetic.model_dump(mode="json")}
        data = PetsData(pets_config(source="synthetic", **keys), 0)
        data.prepare()
        counts = [len(record.objects) for split in ("train", "val", "test") for record in data.records(split)]
        assert max(counts) == most


def test_masks_on_disk_are_what_was_drawn(pets_config):
    data = PetsData(pets_config(source="synthetic"), 0)
    data.prepare()
    records = [record for split in ("train", "val", "test") for record in data.records(split)]
    for record in records:
        index = int(record.path.stem.rsplit("_", 1)[1]) - 1
        drawing = draw_image(index, 0, 96, 3)
        assert [item.category for item in record.objects] == [species_of(breed) for breed in drawing.breeds]
        for value, item in enumerate(record.objects, 1):
            np.testing.assert_array_equal(rle.decode(item.mask), drawing.instances == value)


@pytest.mark.parametrize("start", [0, 37])
def test_animals_are_large_enough_and_inside(start):
    counts = []
    for index in range(start, start + 25):
        drawing = draw_image(index, 0, 160, 3)
        height, width = drawing.instances.shape
        assert drawing.image.shape == (height, width, 3) and max(height, width) == 160
        values, areas = np.unique(drawing.instances[drawing.instances > 0], return_counts=True)
        assert values.tolist() == list(range(1, len(drawing.breeds) + 1))
        assert areas.tolist() == sorted(areas, reverse=True)
        assert areas.min() > 0.01 * height * width
        counts.append(len(drawing.breeds))
    assert {1, 2} <= set(counts) <= {1, 2, 3}


def portrait(breed):
    layer = draw_animal(
        (120, 120), breed, "portrait", placing("portrait", 60, 118, 38, False), np.random.default_rng(0)
    )
    return layer.rgb * layer.alpha[..., None]


def test_all_breeds_look_different():
    assert len(LOOKS) == len(BREEDS) == len(set(LOOKS))
    portraits = np.array(
        [cv2.resize(portrait(breed), (30, 30), interpolation=cv2.INTER_AREA) for breed in range(1, 38)]
    )
    apart = np.abs(portraits[:, None] - portraits[None]).mean(axis=(2, 3, 4)) + 1e3 * np.eye(37)
    assert apart.min() > 3, [BREEDS[i] for i in np.unravel_index(apart.argmin(), apart.shape)]


def test_species_have_their_ears():
    cats = {look.ears for breed, look in enumerate(LOOKS, 1) if species_of(breed) == 1}
    dogs = {look.ears for breed, look in enumerate(LOOKS, 1) if species_of(breed) == 2}
    assert cats == {"pointed", "large", "small"} and dogs == {"floppy", "long", "fox"}


@pytest.mark.parametrize("pose", POSES)
@pytest.mark.parametrize("breed", [1, 4, 24])
def test_an_animal_fills_its_extent_and_hangs_together(pose, breed):
    left, top, right, bottom = POSES[pose].extent
    layer = draw_animal((195, 240), breed, pose, placing(pose, 120, 180, 50, False), np.random.default_rng(1))
    solid = (layer.alpha > 0.5).astype(np.uint8)
    number, _, stats, _ = cv2.connectedComponentsWithStats(solid)
    assert stats[1:, cv2.CC_STAT_AREA].max() > 0.98 * solid.sum(), number
    _, _, width, height = cv2.boundingRect(solid)
    assert width < 1.15 * 50 * (right - left)
    assert height < 1.15 * 50 * (bottom - top)
    assert height > 0.6 * 50 * (bottom - top)
