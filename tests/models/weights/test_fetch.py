import hashlib
import time

import pytest

from models.weights.fetch import SILENCE, fetch
from models.weights.sources import Pretrained
from tests.local_server import Handler, hanging, refusing, serving
from utils.download import DownloadError

CONTENT = bytes(range(256)) * 4000
MD5 = hashlib.md5(CONTENT).hexdigest()


class FileHandler(Handler):
    def do_GET(self):
        self.server.requests.append(self.path)
        if self.path.startswith("/missing"):
            self.send_error(404)
            return
        self.send_response(200)
        self.send_header("Content-Length", str(len(CONTENT)))
        self.end_headers()
        if self.path.startswith("/whole"):
            self.wfile.write(CONTENT)
            return
        self.wfile.write(CONTENT[: len(CONTENT) // 2])
        self.wfile.flush()
        if self.path.startswith("/hangs"):
            self.server.released.wait(20)


@pytest.fixture
def server():
    with serving(FileHandler, requests=[]) as server:
        yield server


def test_a_file_is_fetched_once(server, tmp_path):
    source = Pretrained(f"{server.address}/whole.h5", MD5)
    (tmp_path / "models/.download-killed").mkdir(parents=True)
    path = fetch(source, tmp_path / "models")
    assert path == tmp_path / "models" / "whole.h5"
    assert path.read_bytes() == CONTENT
    assert fetch(source, tmp_path / "models") == path
    assert server.requests == ["/whole.h5"]
    assert [item.name for item in (tmp_path / "models").iterdir()] == ["whole.h5"]


def test_a_damaged_file_in_the_cache_is_replaced(server, tmp_path):
    (tmp_path / "whole.h5").write_bytes(CONTENT[:-1])
    assert fetch(Pretrained(f"{server.address}/whole.h5", MD5), tmp_path).read_bytes() == CONTENT


@pytest.mark.parametrize(
    ("name", "md5", "message"),
    [
        ("breaks.h5", None, f"broke off at {len(CONTENT) // 2} of {len(CONTENT)} bytes"),
        ("whole.h5", "0" * 32, "instead of 00000"),
        ("missing.h5", None, "404"),
        ("hangs.h5", None, "nothing came for"),
    ],
)
def test_a_failed_download_leaves_nothing(server, tmp_path, name, md5, message):
    with pytest.raises(DownloadError, match=message):
        fetch(Pretrained(f"{server.address}/{name}", md5), tmp_path, silence=0.3)
    assert list(tmp_path.iterdir()) == []


def test_a_connection_without_an_answer_is_given_up(tmp_path):
    with hanging() as address:
        started = time.monotonic()
        with pytest.raises(DownloadError, match=r"no answer within 0.4 s|nothing came for"):
            fetch(Pretrained(f"{address}/x.h5"), tmp_path, silence=0.4)
        assert time.monotonic() - started < 2
    assert 2 * SILENCE < 15


def test_a_refused_connection_and_a_folder_that_cannot_be_made(tmp_path):
    with refusing() as address, pytest.raises(DownloadError, match="refused"):
        fetch(Pretrained(f"{address}/x.h5"), tmp_path)
    (tmp_path / "file").touch()
    with refusing() as address, pytest.raises(DownloadError, match="file"):
        fetch(Pretrained(f"{address}/x.h5"), tmp_path / "file" / "models")
