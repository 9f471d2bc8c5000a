import errno
import json
import logging
import os
import zipfile
from pathlib import Path

import numpy as np
import pytest

import base.checkpoint
from base.checkpoint import CheckpointError, CheckpointSaver, find_checkpoint, read_checkpoint
from base.config import CheckpointConfig


def saver(folder, **changes):
    return CheckpointSaver(folder, CheckpointConfig.model_validate({"monitor": "ap", **changes}))


def write(target, step, ap=None):
    arrays = {"network/w": np.full((3, 2), step, np.float32), "trainer/n": np.int64(step)}
    return target.write(arrays, {"global_step": step, "metrics": {} if ap is None else {"ap": ap}})


def steps(target):
    return [read_checkpoint(path).meta["global_step"] for path in target.paths()]


def flip_a_bit(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def truncate(path):
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def test_what_is_written_is_read(tmp_path):
    target = saver(tmp_path / "a" / "b")
    path = write(target, 7, ap=0.25)
    found = target.read("last")
    assert found.path == path
    assert found.arrays["network/w"].dtype == np.float32
    np.testing.assert_array_equal(found.arrays["network/w"], np.full((3, 2), 7))
    assert found.arrays["trainer/n"] == 7
    assert found.meta["metrics"] == {"ap": 0.25}
    assert read_checkpoint(path).meta == found.meta


@pytest.mark.parametrize("file", ["variables.npz", "checkpoint.json"])
@pytest.mark.parametrize("damage", [flip_a_bit, truncate, Path.unlink])
def test_a_damaged_newest_one_is_passed_over_with_a_warning(tmp_path, caplog, file, damage):
    target = saver(tmp_path)
    write(target, 1)
    newest = write(target, 2)
    damage(newest / file)
    with caplog.at_level(logging.WARNING, "maskeras"):
        assert target.read("last").meta["global_step"] == 1
    assert str(newest) in caplog.text
    with pytest.raises(CheckpointError, match=r"damaged|is not there"):
        read_checkpoint(newest)


def test_of_a_step_only_the_newest_is_kept(tmp_path):
    target = saver(tmp_path, keep=2)
    for step, ap in ((1, None), (1, 0.9), (2, None), (2, 0.1), (3, None)):
        write(target, step, ap)
    assert steps(target) == [1, 2, 3]
    write(target, 3, 0.2)
    assert steps(target) == [1, 2, 3]
    assert [path.name for path in target.paths()] == ["ckpt-00002", "ckpt-00004", "ckpt-00006"]


@pytest.mark.parametrize("name", ["rename", "rmtree"])
def test_one_that_cannot_be_removed_is_a_warning(tmp_path, monkeypatch, caplog, name):
    target = saver(tmp_path, keep=1)
    oldest = write(target, 1)
    rename = Path.rename

    def refuse(path, *_, **__):
        if name == "rmtree" or path == oldest:
            raise OSError(errno.EBUSY, os.strerror(errno.EBUSY))
        return rename(path, *_)

    with monkeypatch.context() as patch:
        patch.setattr(*((base.checkpoint.shutil, name) if name == "rmtree" else (Path, name)), refuse)
        for step in (2, 3):  # what is stuck does not stop the next one either
            with caplog.at_level(logging.WARNING, "maskeras"):
                write(target, step)
            assert "could not be removed" in caplog.text
            assert target.read("last").meta["global_step"] == step
            caplog.clear()
    write(target, 4)
    assert [path.name for path in tmp_path.iterdir()] == [target.paths()[-1].name]


def test_a_damaged_one_takes_no_place_among_those_that_are_kept(tmp_path):
    target = saver(tmp_path, keep=2)
    for step in (1, 2, 3):
        write(target, step, ap=step)
    flip_a_bit(target.paths()[-1] / "variables.npz")
    assert target.read("last").meta["global_step"] == 2
    write(target, 4, ap=3)
    assert steps(target) == [2, 4]
    assert target.read("best").meta["global_step"] == 4


def test_a_damaged_best_one_gives_way_to_the_next_best(tmp_path, caplog):
    target = saver(tmp_path, keep=3)
    paths = [write(target, step, ap) for step, ap in ((1, 0.5), (2, 0.9), (3, 0.1))]
    flip_a_bit(paths[1] / "variables.npz")
    with caplog.at_level(logging.WARNING, "maskeras"):
        assert target.read("best").meta["global_step"] == 1
    assert "ckpt-00002" in caplog.text


def test_nothing_sound_and_nothing_at_all(tmp_path):
    target = saver(tmp_path)
    with pytest.raises(CheckpointError, match="There is no checkpoint"):
        target.read("last")
    for step in (1, 2):
        flip_a_bit(write(target, step) / "checkpoint.json")
    with pytest.raises(CheckpointError, match="None of the checkpoints is sound"):
        target.read("last")


@pytest.mark.parametrize("content", ["[1, 2]", "3", "{}", '{"sha256": 1}', "\udcff"])
def test_a_description_that_is_none_is_damage(tmp_path, content):
    path = write(saver(tmp_path), 1)
    (path / "checkpoint.json").write_text(content, errors="surrogateescape")
    with pytest.raises(CheckpointError, match="damaged"):
        read_checkpoint(path)


def test_a_kill_while_writing_leaves_the_former_ones(tmp_path, monkeypatch):
    target = saver(tmp_path)
    write(target, 1)

    def killed(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Path, "rename", killed)
        with pytest.raises(KeyboardInterrupt):
            write(target, 2)
    assert (tmp_path / ".writing-ckpt-00002" / "variables.npz").is_file()
    assert target.read("last").meta["global_step"] == 1
    write(target, 3)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["ckpt-00001", "ckpt-00002"]
    assert target.read("last").meta["global_step"] == 3


def test_a_kill_while_removing_leaves_no_half_checkpoint_under_a_good_name(tmp_path, monkeypatch):
    target = saver(tmp_path, keep=1)
    write(target, 1)

    def killed(path, **_):
        (path / "variables.npz").unlink()
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(base.checkpoint.shutil, "rmtree", killed)
        with pytest.raises(KeyboardInterrupt):
            write(target, 2)
    assert steps(target) == [2]
    write(target, 3)
    assert [path.name for path in tmp_path.iterdir()] == ["ckpt-00003"]


@pytest.mark.parametrize("broken", ["_write_arrays", "_write_synced", "_sync_folder"])
def test_a_full_disk_is_an_error_and_leaves_the_earlier_ones(tmp_path, monkeypatch, broken):
    target = saver(tmp_path)
    write(target, 1)

    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(base.checkpoint, broken, full)
        with pytest.raises(CheckpointError, match=r"No space left on device.*earlier ones are untouched"):
            write(target, 2)
    assert [path.name for path in tmp_path.iterdir()] == ["ckpt-00001"]
    assert target.read("last").meta["global_step"] == 1


def test_files_are_on_the_disk_before_they_get_their_name(tmp_path, monkeypatch):
    calls = []
    rename, fsync = Path.rename, os.fsync
    monkeypatch.setattr(os, "fsync", lambda file: (calls.append("fsync"), fsync(file))[1])
    monkeypatch.setattr(Path, "rename", lambda path, to: (calls.append("rename"), rename(path, to))[1])
    write(saver(tmp_path), 1)
    assert calls == ["fsync", "fsync", "fsync", "rename", "fsync"]


@pytest.mark.parametrize(("mode", "best", "kept"), [("max", 2, [2, 4, 5]), ("min", 3, [3, 4, 5])])
def test_the_newest_and_the_best_are_kept(tmp_path, mode, best, kept):
    target = saver(tmp_path, keep=2, mode=mode)
    for step, ap in ((1, 0.3), (2, 0.9), (3, 0.1), (4, None), (5, float("nan"))):
        write(target, step, ap)
    assert target.read("best").meta["global_step"] == best
    assert steps(target) == kept


def test_of_equals_the_first_is_the_best(tmp_path):
    target = saver(tmp_path, keep=1)
    for step in (1, 2, 3):
        write(target, step, ap=0.5)
    assert target.read("best").meta["global_step"] == 1


def test_no_best_without_a_validation(tmp_path):
    target = saver(tmp_path)
    write(target, 1)
    with pytest.raises(CheckpointError, match="no checkpoint has the metric 'ap'"):
        target.read("best")


def test_a_checkpoint_of_a_run_is_found_by_its_name(tmp_path, monkeypatch):
    first, second = tmp_path / "first", tmp_path / "second"
    for number, run in enumerate((first, second), 1):
        write(saver(run / "checkpoints"), number)
    assert find_checkpoint(first, "ckpt-00001").meta["global_step"] == 1
    assert find_checkpoint(first, str(second / "checkpoints/ckpt-00001")).meta["global_step"] == 2
    assert find_checkpoint(first, str(second)).meta["global_step"] == 2
    monkeypatch.chdir(second / "checkpoints")  # the run's own comes before a folder of the same name
    assert find_checkpoint(first, "ckpt-00001").meta["global_step"] == 1
    with pytest.raises(CheckpointError, match=r"no checkpoint ckpt-00009: give best, last, .*: ckpt-00001\."):
        find_checkpoint(first, "ckpt-00009")


def test_more_than_99999_checkpoints_stay_in_order(tmp_path):
    target = saver(tmp_path, keep=2)
    write(target, 1).rename(tmp_path / "ckpt-99999")
    assert write(target, 2).name == "ckpt-100000"
    assert steps(target) == [1, 2]


def forge(path, meta_of, array):
    """A checkpoint with right checksums and an array of Python objects."""
    with zipfile.ZipFile(path / "variables.npz", "w") as archive, archive.open("network/w.npy", "w") as file:
        np.lib.format.write_array(file, array, allow_pickle=True)
    body = {**meta_of, "variables_sha256": base.checkpoint._sha256(path / "variables.npz")}
    (path / "checkpoint.json").write_text(json.dumps({**body, "sha256": base.checkpoint._digest(body)}))


class Evil:
    def __reduce__(self):
        return (os.mkdir, ("unpickled",))


def test_nothing_is_ever_unpickled(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    target = saver(tmp_path / "checkpoints")
    path = write(target, 1)
    forge(path, {"global_step": 1, "metrics": {}}, np.array([Evil()], object))
    with pytest.raises(CheckpointError, match="does not hold plain arrays"):
        read_checkpoint(path)
    assert not (tmp_path / "unpickled").exists()
    with pytest.raises(ValueError, match="allow_pickle"):
        target.write({"network/w": np.array([Evil()], object)}, {"metrics": {}})
