import json

import pytest

from reporting.evaluation.folder import check_folder, evaluation_folder, evaluation_in
from utils.errors import UserError

IDENTITY = {"checkpoint": "ckpt-00001", "split": "val"}


def write(folder, text, identity=IDENTITY):
    with evaluation_folder(folder, identity) as place:
        (place / "metrics.json").write_text(json.dumps({"evaluation": identity}))
        (place / f"{text}.txt").write_text(text)


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_the_same_evaluation_is_replaced_whole_and_said_so(tmp_path, caplog):
    write(tmp_path / "runs/val", "first")
    assert caplog.text == ""
    with caplog.at_level("INFO", "maskeras"):
        write(tmp_path / "runs/val", "second")
    assert names(tmp_path / "runs/val") == ["metrics.json", "second.txt"]
    assert names(tmp_path / "runs") == ["val"]
    assert "is replaced" in caplog.text


def test_another_evaluation_and_other_files_stay(tmp_path):
    write(tmp_path / "val", "first")
    with pytest.raises(UserError, match=r"checkpoint ckpt-00001 there, ckpt-00002 here.*--out-path"):
        write(tmp_path / "val", "second", IDENTITY | {"checkpoint": "ckpt-00002"})
    assert names(tmp_path / "val") == ["first.txt", "metrics.json"]
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos/a.jpg").touch()
    with pytest.raises(UserError, match="holds no evaluation"):
        check_folder(tmp_path / "photos", IDENTITY)


def test_an_error_half_way_leaves_the_old_evaluation_and_nothing_else(tmp_path):
    write(tmp_path / "val", "first")
    with pytest.raises(RuntimeError), evaluation_folder(tmp_path / "val", IDENTITY) as place:
        (place / "metrics.json").touch()
        raise RuntimeError
    assert names(tmp_path) == ["val"]
    assert names(tmp_path / "val") == ["first.txt", "metrics.json"]


def test_what_an_evaluation_is_of(tmp_path):
    assert evaluation_in(tmp_path) is None
    (tmp_path / "metrics.json").write_text('{"mask/AP": 0.5}')  # of a training
    assert evaluation_in(tmp_path) is None
    write(tmp_path / "val", "first")
    assert evaluation_in(tmp_path / "val") == IDENTITY
