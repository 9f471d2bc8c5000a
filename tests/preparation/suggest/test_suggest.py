"""The whole suggestion, written and read."""

import json
from pathlib import Path

import pytest

from preparation.suggest import DataStats, Machine, suggest, write_suggestion
from tests.data_loader.coco.coco_folder import SPLIT, annotation, coco_data, rectangle, write_coco
from tests.preparation.suggest.data import CAMERA, squares, stats_of
from utils.config import process_config
from utils.errors import UserError

SECTION = {"name": "coco", "root": "data/mine", "train": SPLIT}
LAPTOP = Machine(2, 16 << 30)
MACHINES = {
    "laptop": LAPTOP,
    "unknown": Machine(1),
    "tight": Machine(2, 1 << 28),
    "server": Machine(64, 256 << 30, bf16=True),
    "gpu": Machine(8, 64 << 30, (80 << 30,), bf16=True),
}
DATA = {
    "small": stats_of(squares(9, 600), sizes=[CAMERA] * 20),
    "large": stats_of(squares(300, 40), sizes=[CAMERA] * 40),
    "few": stats_of(squares(50, 1)),
    "empty": stats_of([], sizes=[CAMERA] * 3),
    "crowded": stats_of(squares(7, 2000), image=[0] * 2000),
    "many classes": stats_of(squares(60, 90), sizes=[CAMERA] * 30, names=tuple(map(str, range(90)))),
}


@pytest.mark.parametrize("machine", MACHINES)
@pytest.mark.parametrize("data", DATA)
def test_every_suggestion_is_a_config(tmp_path, machine, data):
    found = suggest(DATA[data], SECTION, MACHINES[machine], "mine")
    path = tmp_path / "configs/mine.json"
    write_suggestion(found.config, path)
    config = process_config(path)
    assert config.exp.name == "mine"
    assert config.model.detect.max_detections >= config.data.max_objects
    assert config.model.box_head.samples <= config.model.rpn.post_nms_top_n_train
    assert config.data.batch_size <= len(DATA[data].sizes)


def test_the_file_names_the_schema_and_reads_like_one_written_by_hand(tmp_path):
    path = tmp_path / "a/mine.json"
    write_suggestion(suggest(DATA["small"], SECTION, LAPTOP, "mine").config, path)
    text = path.read_text()
    schema = (path.parent / json.loads(text)["$schema"]).resolve()
    assert schema == Path(__file__).resolve().parents[3] / "configs/schema.json"
    assert '    "augment": {"flip": 0.5, "scale": 0.5' in text
    assert max(map(len, text.splitlines())) <= 120
    assert text.index('"exp"') < text.index('"data"') < text.index('"model"') < text.index('"trainer"')


def test_a_file_is_never_overwritten(tmp_path):
    (tmp_path / "mine.json").write_text("{}")
    with pytest.raises(UserError, match="there is such a file already"):
        write_suggestion({}, tmp_path / "mine.json")
    assert (tmp_path / "mine.json").read_text() == "{}"
    with pytest.raises(UserError, match="give a name that ends"):
        write_suggestion({}, tmp_path / "mine.yaml")


def test_keys_of_the_section_are_kept():
    found = suggest(DATA["small"], {**SECTION, "image_size": [256, 256], "batch_size": 1}, LAPTOP, "mine")
    assert found.config["data"]["image_size"] == [256, 256] and found.config["data"]["batch_size"] == 1
    assert "data.image_size" not in found.why


def test_what_is_kept_is_what_the_other_choices_follow_from():
    given = {**SECTION, "image_size": [160, 224], "batch_size": 2, "max_objects": 3}
    found = suggest(DATA["large"], given, LAPTOP, "mine").config
    assert max(side for level in found["model"]["rpn"]["anchor_sizes"] for side in level) <= 224
    assert found["trainer"]["epochs"] == 150  # 3,000 updates of 2 images of 40
    assert found["trainer"]["optimizer"]["learning_rate"] == pytest.approx(0.0007 / 2**0.5, rel=0.02)


def test_a_section_that_is_null_stays_null(tmp_path):
    found = suggest(DATA["large"], {**SECTION, "augment": None}, LAPTOP, "mine")
    assert found.config["data"]["augment"] is None
    assert not [key for key in found.why if key.startswith("data.augment")]
    write_suggestion(found.config, tmp_path / "mine.json")
    assert process_config(tmp_path / "mine.json").data.augment is None


def test_every_reason_is_a_sentence_about_a_chosen_key():
    found = suggest(DATA["many classes"], SECTION, LAPTOP, "mine")
    for key, why in found.why.items():
        value = found.config
        for name in key.split("."):
            value = value[name]
        assert why[0].isupper() or why[0].isdigit()
        assert why.endswith(".")


def test_the_numbers_of_records(tmp_path):
    crowd = {"size": [40, 60], "counts": [0, 40, 2360]}
    items = [
        annotation(1, 11, 7, [rectangle(10, 4, 30, 24)]),
        annotation(2, 11, 90, [rectangle(0, 0, 5, 10)]),
        annotation(3, 5, 7, crowd, iscrowd=1),
    ]
    write_coco(tmp_path, items)
    data = coco_data(tmp_path, val_fraction=0.01)
    stats = DataStats.of(data.records("train"), data.classes)
    position = [record.image_id for record in data.records("train")].index(11)
    assert stats.boxes.tolist() == [[10, 4, 30, 24], [0, 0, 5, 10]]
    assert stats.classes.tolist() == [1, 3] and stats.image.tolist() == [position, position]
    assert stats.sizes.tolist() == [[40, 60]] * 3 and stats.crowds.sum() == 1
    assert stats.names == ("cup", "fork", "spoon")
