import hashlib
import subprocess
import sys
import time
from pathlib import Path

import pytest

from models.weights.errors import WeightsError
from models.weights.fetch import _UNFINISHED as UNFINISHED
from models.weights.fetch import SILENCE, fetch, obtain
from models.weights.sources import COCO, IMAGENET, IMAGENET_V2, Pretrained, at_address, checksum_in_name, torchvision
from tests.local_server import Handler, hanging, refusing, serving
from utils.checksum import Checksum
from utils.download import DownloadError

CONTENT = bytes(range(256)) * 4000
MD5 = hashlib.md5(CONTENT).hexdigest()
SHA = hashlib.sha256(CONTENT).hexdigest()
PAGE = b"<!DOCTYPE html><html><title>Log in to use this network</title></html>"
ROOT = Path(__file__).parents[3]


class FileHandler(Handler):
    def do_GET(self):
        self.server.requests.append(self.path)
        if self.path.startswith("/missing"):
            self.send_error(404)
            return
        if self.path.startswith("/page"):
            self.send_response(200)
            self.end_headers()
            self.wfile.write(PAGE)
            return
        start = int(self.headers.get("Range", "bytes=0-")[6:-1])
        self.server.starts.append(start)
        self.send_response(206 if start else 200)
        self.send_header("Content-Range", f"bytes {start}-{len(CONTENT) - 1}/{len(CONTENT)}")
        self.send_header("Content-Length", str(len(CONTENT) - start))
        self.end_headers()
        if start:
            self.wfile.write(CONTENT[start:])
            return
        if self.path.startswith("/whole"):
            self.wfile.write(CONTENT)
            return
        self.wfile.write(CONTENT[: len(CONTENT) // 2])
        self.wfile.flush()
        if self.path.startswith("/hangs"):
            self.server.released.wait(20)


@pytest.fixture
def server():
    with serving(FileHandler, requests=[], starts=[]) as server:
        yield server


def files_in(folder):
    """Names of the files that look like weights."""
    return sorted(path.name for path in folder.iterdir() if path.is_file())


def test_a_file_is_fetched_once(server, tmp_path):
    source = Pretrained(f"{server.address}/whole.h5", Checksum("md5", MD5))
    path = fetch(source, tmp_path / "models")
    assert path == tmp_path / "models" / "whole.h5"
    assert path.read_bytes() == CONTENT
    assert fetch(source, tmp_path / "models") == path
    assert server.requests == ["/whole.h5"]
    assert files_in(tmp_path / "models") == ["whole.h5"]


def test_a_damaged_file_in_the_cache_is_replaced(server, tmp_path):
    (tmp_path / "whole.h5").write_bytes(CONTENT[:-1])
    assert fetch(Pretrained(f"{server.address}/whole.h5", Checksum("md5", MD5)), tmp_path).read_bytes() == CONTENT


@pytest.mark.parametrize(
    ("name", "md5", "message"),
    [
        ("breaks.h5", None, f"was interrupted at {len(CONTENT) // 2} of {len(CONTENT)} bytes"),
        ("whole.h5", "0" * 32, "instead of 00000"),
        ("missing.h5", None, "404"),
        ("hangs.h5", None, "nothing came for"),
    ],
)
def test_a_failed_download_leaves_no_file(server, tmp_path, name, md5, message):
    with pytest.raises(DownloadError, match=message):
        fetch(Pretrained(f"{server.address}/{name}", md5 and Checksum("md5", md5)), tmp_path, silence=0.3)
    assert files_in(tmp_path) == []


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


def test_a_download_that_breaks_off_is_resumed_where_a_checksum_can_tell(server, tmp_path):
    path = fetch(at_address(f"{server.address}/breaks-{SHA[:8]}.pth"), tmp_path)
    assert path.read_bytes() == CONTENT
    assert server.requests == [f"/breaks-{SHA[:8]}.pth"] * 2


def test_a_later_process_goes_on_where_a_killed_one_ended(server, tmp_path):
    name = f"hangs-{SHA[:8]}.pth"
    code = (
        "import sys; from pathlib import Path; from models.weights.fetch import fetch;"
        "from models.weights.sources import at_address; fetch(at_address(sys.argv[1]), Path(sys.argv[2]))"
    )
    command = [sys.executable, "-c", code, f"{server.address}/{name}", str(tmp_path)]
    part = tmp_path / UNFINISHED / f"{name}.part"
    with subprocess.Popen(command, cwd=ROOT) as first:
        while first.poll() is None and not (part.exists() and part.stat().st_size == len(CONTENT) // 2):
            time.sleep(0.01)
        first.kill()
    assert part.read_bytes() == CONTENT[: len(CONTENT) // 2] and files_in(tmp_path) == []
    assert fetch(at_address(f"{server.address}/{name}"), tmp_path).read_bytes() == CONTENT
    assert server.starts == [0, len(CONTENT) // 2] and not part.exists()


def test_the_digits_in_a_name_are_the_first_of_the_sha256(server, tmp_path):
    assert fetch(at_address(f"{server.address}/whole-{SHA[:8]}.pth"), tmp_path).read_bytes() == CONTENT
    with pytest.raises(DownloadError, match=f"the file has SHA-256 {SHA} instead of 0123456789a, twice"):
        fetch(at_address(f"{server.address}/whole-0123456789a.pth"), tmp_path)
    (tmp_path / f"whole-{SHA[:8]}.pth").write_bytes(CONTENT[1:])
    assert fetch(at_address(f"{server.address}/whole-{SHA[:8]}.pth"), tmp_path).read_bytes() == CONTENT


def test_a_local_file_must_have_the_digits_in_its_name_too(tmp_path):
    (right := tmp_path / f"mine-{SHA[:12]}.pth").write_bytes(CONTENT)
    (wrong := tmp_path / "mine-0123456f.pth").write_bytes(CONTENT)
    (plain := tmp_path / "mine-012345f.pth").write_bytes(CONTENT)
    assert (obtain(str(right), "key"), obtain(str(plain), "key")) == (right, plain)
    with pytest.raises(
        WeightsError, match=rf"\(key\) has the SHA-256 {SHA}, but by its name that starts with 0123456f: "
    ):
        obtain(str(wrong), "key")
    with pytest.raises(WeightsError, match=r'no file ".*none.pth" \(key, looked for in'):
        obtain(str(tmp_path / "none.pth"), "key")


def test_a_date_in_a_name_is_no_checksum(tmp_path):
    (dated := tmp_path / "pets-20261121.pth").write_bytes(CONTENT)
    assert obtain(str(dated), "key") == dated
    assert checksum_in_name("pets-20261121.pth") is None
    assert checksum_in_name("pets-2026112a.pth") == Checksum("sha256", "2026112a")
    assert torchvision("resnet50-12345678.pth").checksum == Checksum("sha256", "12345678")


def test_an_address_with_digits_that_do_not_fit_has_the_same_hint(server, tmp_path, monkeypatch):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    with pytest.raises(WeightsError, match=r"instead of 0123456f, twice.* \(key\) are no checksum, rename"):
        obtain(f"{server.address}/whole-0123456f.pth", "key")
    with pytest.raises(WeightsError, match="404") as error:
        obtain(f"{server.address}/missing-0123456f.pth", "key")
    assert "rename" not in str(error.value)


def test_a_page_in_place_of_the_file_is_not_kept(server, tmp_path):
    with pytest.raises(DownloadError, match="what came is a web page: a login of the network"):
        fetch(Pretrained(f"{server.address}/page.pth"), tmp_path)
    assert files_in(tmp_path) == [] and files_in(tmp_path / UNFINISHED) == ["page.pth.lock"]


def test_files_of_one_name_from_two_addresses_do_not_meet(server, tmp_path, monkeypatch):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    first = obtain(f"{server.address}/whole/a.npz?token=1", "key")
    second = obtain(f"{server.address}/whole/more/a.npz", "key")
    assert first.name == second.name == "a.npz" and first != second
    assert first.read_bytes() == second.read_bytes() == CONTENT


def test_several_processes_may_fetch_at_once(server, tmp_path):
    code = (
        "import sys; from pathlib import Path; from models.weights.fetch import fetch;"
        "from models.weights.sources import at_address;"
        "print(fetch(at_address(sys.argv[1]), Path(sys.argv[2])))"
    )
    command = [sys.executable, "-c", code, f"{server.address}/whole-{SHA[:8]}.pth", str(tmp_path / "models")]
    running = [subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    target = tmp_path / "models" / f"whole-{SHA[:8]}.pth"
    assert [process.communicate(timeout=60)[0].split("\n")[-2] for process in running] == [str(target)] * 3
    assert [process.returncode for process in running] == [0, 0, 0]
    assert files_in(tmp_path / "models") == [target.name] and target.read_bytes() == CONTENT
    assert server.requests == [f"/whole-{SHA[:8]}.pth"], "two of them waited"


def test_every_published_file_has_its_digits_in_its_name():
    for file in (*COCO.values(), *IMAGENET.values(), *IMAGENET_V2.values()):
        source = torchvision(file)
        assert source.url == f"https://download.pytorch.org/models/{file}" and source.file == file
        assert source.checksum == checksum_in_name(file) and len(source.checksum.digits) == 8
