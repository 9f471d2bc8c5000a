"""Fetching an image: what is refused, and that nothing comes from an address that was not checked."""

import socket
import threading
import time

import cv2
import numpy as np
import pytest

from data_loader.errors import DataError
from inference.reading import read_image
from inference.remote import UrlLimits, fetch_image, is_public, shown
from tests.local_server import Handler, hanging, refusing, serving

LOCAL = UrlLimits(allow_private=True, timeout_s=10)
IMAGE = np.random.default_rng(0).integers(0, 255, (12, 16, 3), np.uint8)
PNG = cv2.imencode(".png", IMAGE[..., ::-1])[1].tobytes()


class Images(Handler):
    """A server with the answers that matter, by path."""

    def do_GET(self):
        self.server.asked.append((self.path, self.headers["Host"]))
        name, _, rest = self.path.partition("?")[0].strip("/").partition("/")
        getattr(self, f"give_{name}", self.give_nothing)(rest)

    def give(self, content, kind="image/png", status=200, **headers):
        self.send_response(status)
        for key, value in {"Content_Type": kind, "Content_Length": str(len(content)), **headers}.items():
            self.send_header(key.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(content)

    def give_image(self, rest):
        self.give(PNG)

    def give_untyped(self, rest):
        self.give(PNG, "application/octet-stream")

    def give_page(self, rest):
        self.give(b"<html>", "text/html")

    def give_nothing(self, rest):
        self.give(b"", status=404)

    def give_zipped(self, rest):
        self.give(PNG, Content_Encoding="gzip")

    def give_garbage(self, rest):
        self.give(b"no image at all")

    def give_short(self, rest):
        self.give(PNG, Content_Length=str(len(PNG) + 10))

    def give_to(self, rest):
        self.give(b"", status=302, Location=rest if "://" in rest else f"/{rest}")

    def give_loop(self, rest):
        self.give(b"", status=302, Location=f"/loop/{rest}x")

    def give_endless(self, rest):
        self.send_response(200)
        self.send_header("Content-Type", "image/png")
        self.end_headers()
        for _ in range(1000):
            self.wfile.write(b"x" * 10_000)

    def give_trickle(self, rest):
        self.send_response(200)
        self.send_header("Content-Type", "image/png")
        self.end_headers()
        while not self.server.released.wait(0.02):
            self.wfile.write(b"x")

    def handle_one_request(self):
        try:
            super().handle_one_request()
        except OSError:  # the other side had enough
            self.close_connection = True


@pytest.fixture
def server():
    with serving(Images, asked=[]) as found:
        yield found


def test_an_image_comes_as_it_is(server):
    assert fetch_image(f"{server.address}/image?size=2&name=a%20b", LOCAL) == PNG
    assert server.asked[-1][0] == "/image?size=2&name=a%20b"
    np.testing.assert_array_equal(read_image(f"{server.address}/untyped", LOCAL), IMAGE)
    assert fetch_image(f"{server.address}/to/image", LOCAL) == PNG


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("/absent", "the server answers 404"),
        ("/page", "is text/html instead of an image"),
        ("/zipped", "is compressed"),
        ("/endless", "has more than 5000 bytes"),
        ("/short", "was interrupted"),
        ("/loop/", "more than 5 redirects"),
        ("/to/file:" + "///etc/passwd", "neither an http nor an https address"),
        ("/to/http://user:secret@example.com/x", "user name or password"),
    ],
)
def test_what_is_no_image_or_too_much_is_refused(server, path, message):
    limits = UrlLimits(max_bytes=5000, timeout_s=10, allow_private=True)
    with pytest.raises(DataError, match=message):
        fetch_image(server.address + path, limits)


def test_a_length_beyond_the_limit_is_refused_before_anything_comes(server):
    with pytest.raises(DataError, match=f"has {len(PNG)} bytes, more than 100"):
        fetch_image(f"{server.address}/image", UrlLimits(max_bytes=100, timeout_s=10, allow_private=True))


def test_content_that_does_not_decode_is_named_without_its_query(server):
    with pytest.raises(DataError, match=r"/garbage: does not decode") as found:
        read_image(f"{server.address}/garbage?token=secret", LOCAL)
    assert "secret" not in str(found.value)


@pytest.mark.parametrize(
    "url", ["ftp://example.com/x", "file:" + "///etc/passwd", "http://", "http:///x", "http://[::1"]
)
def test_other_kinds_of_addresses_are_refused(url):
    with pytest.raises(DataError):
        fetch_image(url, LOCAL)


def test_addresses_of_this_machine_are_refused_unless_allowed(server):
    port = server.server_port
    hosts = ("127.0.0.1", "localhost", "127.1", "2130706433", "0x7f000001", "0.0.0.0", "[::ffff:127.0.0.1]", "[::1]")
    for host in hosts:
        with pytest.raises(DataError, match="of this machine or of a private network"):
            fetch_image(f"http://{host}:{port}/image")
    assert server.asked == []


@pytest.mark.parametrize(
    "address",
    [
        *("10.0.0.1", "172.16.3.4", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1"),
        *("::1", "::", "fe80::1", "fd00::1", "ff02::1", "::ffff:10.0.0.1", "2002:7f00:1::", "64:ff9b::a00:1"),
        *("255.255.255.255", "198.18.0.1", "240.0.0.1", "fe80::1%eth0"),
        *("fec0::1", "::127.0.0.1", "::ffff:0:127.0.0.1", "64:ff9b:1::a00:1"),
    ],
)
def test_what_is_not_public(address):
    assert not is_public(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"])
def test_what_is_public(address):
    assert is_public(address)


def resolving(monkeypatch, *answers):
    """Names resolve to these addresses, one list for each time somebody asks; returns who asked for what."""
    left, asked = list(answers), []

    def getaddrinfo(host, port, *args, **kwargs):
        if host in {one for answer in answers for one in answer}:  # an address, asked by the connection
            return REAL(host, port, *args, **kwargs)
        asked.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in left.pop(0)]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    return asked


REAL = socket.getaddrinfo


def test_a_name_is_resolved_once_and_the_checked_address_is_the_one_connected_to(server, monkeypatch):
    """A name server that answers with a public address first and with a private one afterwards gains nothing."""
    asked = resolving(monkeypatch, ["127.0.0.1"], ["10.255.255.1"])
    assert fetch_image(f"http://images.example:{server.server_port}/image", LOCAL) == PNG
    assert asked == ["images.example"]
    assert server.asked == [("/image", f"images.example:{server.server_port}")]


def test_one_private_address_among_public_ones_is_enough(monkeypatch):
    resolving(monkeypatch, ["93.184.216.34", "10.0.0.7"])
    with pytest.raises(DataError, match=r"images.example is 10.0.0.7"):
        fetch_image("http://images.example/x")


def test_a_redirect_is_checked_like_the_first_address(server, monkeypatch):
    """The first name passes; the redirect leads to the metadata service of a cloud."""
    checked = []

    def passes_local(address):
        checked.append(address)
        return address == "127.0.0.1"

    monkeypatch.setattr("inference.remote.is_public", passes_local)
    with pytest.raises(DataError, match=r"169.254.169.254, an address of this machine"):
        fetch_image(f"{server.address}/to/http://169.254.169.254/latest/meta-data")
    assert checked == ["127.0.0.1", "169.254.169.254"]


@pytest.mark.parametrize("how", ["silent", "trickle"])
def test_the_time_out_is_for_all_of_it_and_the_thread_ends(server, how):
    before = time.monotonic()
    limits = UrlLimits(timeout_s=0.4, allow_private=True)
    with hanging() as silent, pytest.raises(DataError, match=r"was not there within 0.4 s|timed out"):
        fetch_image({"silent": silent, "trickle": f"{server.address}/trickle"}[how], limits)
    assert time.monotonic() - before < 5
    for thread in [thread for thread in threading.enumerate() if thread.name == "fetch image"]:
        thread.join(5)
        assert not thread.is_alive()


def test_a_server_that_refuses_is_an_error():
    with refusing() as address, pytest.raises(DataError, match="refused"):
        fetch_image(address, LOCAL)


def test_messages_show_no_secrets():
    assert shown("https://user:secret@example.com/a.jpg?token=x") == "https://example.com/a.jpg"
    assert shown("https://example.com/a@b.jpg") == "https://example.com/a@b.jpg"
