"""The whole way: from archives on a server of this machine to samples."""

import functools
import hashlib
import http.server
import shutil
import tarfile
import threading

import pytest

from data_loader.errors import DataError
from data_loader.pets.data import PetsData


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *args):
        pass


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
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(served)))
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield keys | {"mirrors": ["http://127.0.0.1:9/", f"http://127.0.0.1:{server.server_port}/"], "timeout_s": 5.0}
    server.shutdown()
    thread.join()
    server.server_close()


def test_the_data_set_is_downloaded_and_read(mirror, pets_folder, pets_config):
    data = PetsData(pets_config(download=mirror, offline="error"), 0)
    data.prepare()
    assert data.display_name == "oxford-iiit-pet"
    assert len(data.train()) + len(data.val()) == 30
    assert sorted(path.name for path in pets_folder.iterdir()) == ["annotations", "download", "images"]
    assert list((pets_folder / "download").iterdir()) == []


def test_an_archive_with_another_md5_is_not_unpacked(mirror, pets_folder, pets_config):
    wrong = mirror | {"annotations_md5": "0" * 32}
    with pytest.raises(DataError, match="instead of 00000"):
        PetsData(pets_config(download=wrong, offline="error"), 0).prepare()
    assert not (pets_folder / "annotations").exists()
