"""The whole way: from archives on a server of this machine to samples."""

import fcntl
import hashlib
import logging
import shutil
import tarfile
import threading
import time

import pytest

from data_loader.errors import DataError
from data_loader.pets.data import PetsData
from tests.local_server import refusing, serving_folder


@pytest.fixture
def mirror(pets_folder, tmp_path):
    """A server with both archives; the folder that they were made of is gone. Gives its keys of `download`."""
    served = tmp_path / "served"
    served.mkdir()
    keys = {}
    for name in ("images", "annotations"):
        with tarfile.open(served / f"{name}.tar.gz", "w:gz") as tar:
            tar.add(pets_folder / name, name)
        keys[f"{name}_md5"] = hashlib.md5((served / f"{name}.tar.gz").read_bytes()).hexdigest()
    shutil.rmtree(pets_folder)
    with serving_folder(served) as server, refusing() as refused:
        yield keys | {"mirrors": [f"{refused}/", f"{server.address}/"], "timeout_s": 5.0}


def test_the_data_set_is_downloaded_and_read(mirror, pets_folder, pets_config):
    (pets_folder / ".unpack-killed/images").mkdir(parents=True)
    data = PetsData(pets_config(download=mirror, offline="error"), 0)
    data.prepare()
    assert data.display_name == "oxford-iiit-pet"
    assert len(data.train()) + len(data.val()) == 30
    assert sorted(path.name for path in pets_folder.iterdir()) == ["annotations", "download", "download.lock", "images"]
    assert list((pets_folder / "download").iterdir()) == []


def test_an_archive_with_another_md5_is_not_unpacked(mirror, pets_folder, pets_config):
    wrong = mirror | {"annotations_md5": "0" * 32}
    with pytest.raises(DataError, match="instead of 00000"):
        PetsData(pets_config(download=wrong, offline="error"), 0).prepare()
    assert not (pets_folder / "annotations").exists()


def test_a_second_run_waits_for_the_first_and_takes_what_it_loaded(pets_folder, pets_config, tmp_path, caplog):
    ready = tmp_path / "ready"
    pets_folder.rename(ready)
    pets_folder.mkdir()
    data = PetsData(pets_config(offline="error"), 0)  # no mirrors: it can only find the data
    with caplog.at_level(logging.INFO, "maskeras"), (pets_folder / "download.lock").open("w") as first:
        fcntl.flock(first, fcntl.LOCK_EX)
        second = threading.Thread(target=data.prepare)
        second.start()
        while second.is_alive() and "waiting for it" not in caplog.text:
            time.sleep(0.01)
        for name in ("annotations", "images"):
            (ready / name).rename(pets_folder / name)
    second.join(20)
    assert f"Another process is downloading to {pets_folder}" in caplog.text
    assert len(data.train()) + len(data.val()) == 30


def test_a_folder_that_cannot_be_written_is_an_error(pets_config, tmp_path):
    (tmp_path / "taken").write_text("")
    with pytest.raises(DataError, match=r"taken/pets: cannot be read or written"):
        PetsData(pets_config(root=str(tmp_path / "taken/pets"), offline="error"), 0).prepare()
