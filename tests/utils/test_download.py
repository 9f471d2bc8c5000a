"""Downloads from a server on this machine that is interrupted, hangs, trickles or lies."""

import hashlib
import logging
import time

import pytest

from tests.local_server import Handler, refusing, serving
from utils.checksum import Checksum
from utils.download import DownloadError, download

CONTENT = bytes(range(256)) * 2000
MD5 = Checksum("md5", hashlib.md5(CONTENT).hexdigest())


class FileHandler(Handler):
    """Serves `server.content`; each request asks `server.tricks` first what to do wrong."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.server.ranges.append(self.headers.get("Range"))
        trick = self.server.tricks.pop(0) if self.server.tricks else ""
        if trick == "hang":
            self.server.released.wait(20)
            self.close_connection = True
            return
        if trick == "missing":
            self.send_error(404)
            return
        start = self._start() if trick != "no range" else 0
        content = self.server.content if trick != "wrong" else b"?" * len(self.server.content)
        if start >= len(content):
            self.send_error(416)
            return
        self._head(start, len(content), trick)
        self._body(content[start:], trick)

    def _start(self):
        if_range = self.headers.get("If-Range", self.server.tag)
        asked = self.headers.get("Range")
        return int(asked[len("bytes=") : -1]) if asked and if_range == self.server.tag else 0

    def _head(self, start, total, trick):
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(total - start))
        self.send_header("ETag", self.server.tag)
        if start:
            self.send_header("Content-Range", f"bytes {start}-{total - 1}/{total}")
        self.end_headers()

    def _body(self, content, trick):
        if trick == "trickle":
            for byte in content:
                if self.server.released.wait(0.05):
                    break
                self.wfile.write(bytes([byte]))
            self.close_connection = True
        elif trick in ("half", "stall"):
            self.wfile.write(content[: len(content) // 2])
            self.wfile.flush()
            if trick == "stall":
                self.server.released.wait(20)
            self.close_connection = True
        else:
            self.wfile.write(content)


@pytest.fixture
def server():
    with serving(FileHandler, content=CONTENT, tag='"one"', tricks=[], ranges=[]) as server:
        server.url = f"{server.address}/file.tar.gz"
        yield server


def test_plain(server, tmp_path):
    path = download([server.url], tmp_path / "new" / "file", MD5, 5)
    assert path.read_bytes() == CONTENT
    assert [item.name for item in path.parent.iterdir()] == ["file"]
    download([server.url], path, MD5, 5)
    assert server.ranges == [None]  # what is there is not asked for again


def test_without_an_md5_the_length_decides(server, tmp_path):
    server.tricks = ["half"]
    path = download([server.url], tmp_path / "file", None, 5)
    assert path.read_bytes() == CONTENT
    download([server.url], path, None, 5)
    assert len(server.ranges) == 2


def test_an_interrupted_download_is_resumed(server, tmp_path):
    server.tricks = ["half", "half"]
    assert download([server.url], tmp_path / "file", MD5, 5).read_bytes() == CONTENT
    half = len(CONTENT) // 2
    assert server.ranges == [None, f"bytes={half}-", f"bytes={half + half // 2}-"]


def test_the_next_call_resumes_what_another_began(server, tmp_path):
    server.tricks = ["half", "missing"]
    with pytest.raises(DownloadError, match="404"):
        download([server.url], tmp_path / "file", MD5, 5)
    assert (tmp_path / "file.part").read_bytes() == CONTENT[: len(CONTENT) // 2]
    assert not (tmp_path / "file").exists()
    assert download([server.url], tmp_path / "file", MD5, 5).read_bytes() == CONTENT
    assert server.ranges[-1] == f"bytes={len(CONTENT) // 2}-"


def test_another_mirror_continues_what_the_first_gave(server, tmp_path):
    server.tricks = ["half", "missing"]
    assert download([server.url, f"{server.url}?mirror"], tmp_path / "file", MD5, 5).read_bytes() == CONTENT
    rest = f"bytes={len(CONTENT) // 2}-"
    assert server.ranges == [None, rest, rest]


def test_two_halves_that_do_not_fit_are_loaded_again(server, tmp_path):
    (tmp_path / "file.part").write_bytes(b"?" * 1000)
    assert download([server.url], tmp_path / "file", MD5, 5).read_bytes() == CONTENT
    assert server.ranges == ["bytes=1000-", None]


def test_without_an_etag_it_is_resumed_too(server, tmp_path):
    server.tag, server.tricks = "", ["half"]
    assert download([server.url], tmp_path / "file", MD5, 5).read_bytes() == CONTENT
    assert server.ranges == [None, f"bytes={len(CONTENT) // 2}-"]


def test_without_an_md5_nothing_is_put_together_unseen(server, tmp_path):
    server.tag, server.tricks = "", ["half"]
    assert download([server.url], tmp_path / "file", None, 5).read_bytes() == CONTENT
    assert server.ranges == [None, None]


def test_a_part_that_is_complete_is_taken(server, tmp_path):
    (tmp_path / "file.part").write_bytes(CONTENT)
    assert download([server.url], tmp_path / "file", MD5, 5).read_bytes() == CONTENT
    assert server.ranges == []
    assert [item.name for item in tmp_path.iterdir()] == ["file"]


def test_a_server_without_range_starts_again(server, tmp_path):
    server.tricks = ["half", "no range"]
    assert download([server.url], tmp_path / "file", MD5, 5).read_bytes() == CONTENT
    assert len(server.ranges) == 2


def test_a_file_that_changed_in_between_starts_again(server, tmp_path):
    server.tricks = ["half", "missing"]
    with pytest.raises(DownloadError):
        download([server.url], tmp_path / "file", MD5, 5)
    server.tag, server.content = '"two"', CONTENT[::-1]
    new = Checksum("md5", hashlib.md5(CONTENT[::-1]).hexdigest())
    assert download([server.url], tmp_path / "file", new, 5).read_bytes() == CONTENT[::-1]


def test_a_part_that_is_too_long_starts_again(server, tmp_path):
    server.tricks = ["half", "missing"]
    with pytest.raises(DownloadError):
        download([server.url], tmp_path / "file", MD5, 5)
    (tmp_path / "file.part").write_bytes(CONTENT + b"more")
    assert download([server.url], tmp_path / "file", MD5, 5).read_bytes() == CONTENT


def test_a_wrong_md5_is_tried_once_more(server, tmp_path):
    server.tricks = ["wrong"]
    assert download([server.url], tmp_path / "file", MD5, 5).read_bytes() == CONTENT
    assert server.ranges == [None, None]


def test_a_wrong_md5_twice_is_an_error_and_leaves_nothing(server, tmp_path):
    server.tricks = ["wrong", "wrong", "wrong"]
    with pytest.raises(DownloadError, match=f"instead of {MD5}, twice"):
        download([server.url], tmp_path / "file", MD5, 5)
    assert server.tricks == ["wrong"]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("trick", "message"),
    [("hang", r"no answer within|nothing came for"), ("stall", "nothing came for"), ("trickle", r"only \d+ bytes in")],
)
def test_a_connection_that_hangs_is_given_up(server, tmp_path, trick, message):
    server.tricks = [trick] * 9
    started = time.monotonic()
    with pytest.raises(DownloadError, match=message):
        download([server.url], tmp_path / "file", "0" * 32, 0.4)
    assert time.monotonic() - started < 8


def test_the_next_mirror_is_asked(server, tmp_path, caplog):
    server.tricks = ["missing"]
    with caplog.at_level(logging.WARNING, "maskeras"), refusing() as refused:
        path = download([f"{refused}/file.tar.gz", server.url, server.url], tmp_path / "file", MD5, 5)
    assert path.read_bytes() == CONTENT
    assert refused in caplog.text and "404" in caplog.text


def test_all_mirrors_are_named_when_none_works(tmp_path):
    with refusing() as refused, pytest.raises(DownloadError, match=rf"{refused}.*ftp://x.*neither an http"):
        download([f"{refused}/a", "ftp://x/a"], tmp_path / "file", MD5, 2)
    with pytest.raises(DownloadError, match="no address"):
        download([], tmp_path / "file", MD5, 2)


def test_a_folder_that_cannot_be_made(server, tmp_path):
    (tmp_path / "taken").write_text("")
    with pytest.raises(DownloadError, match="cannot be written"):
        download([server.url], tmp_path / "taken" / "file", MD5, 5)
