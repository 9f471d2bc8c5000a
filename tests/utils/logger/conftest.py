"""Servers that stand in for Comet's, and a clean environment."""

import gzip
import json
import os
import threading

import pytest

from tests.local_server import Handler, hanging, refusing, serving

KEY = "k3yk3yk3yk3yk3yk3yk3yk3yk3yk3yZZ"


@pytest.fixture(scope="session")
def matplotlib_folder(tmp_path_factory):
    """The client imports matplotlib, which lists all fonts once a folder: seconds each time."""
    return tmp_path_factory.mktemp("matplotlib")


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch, tmp_path_factory, matplotlib_folder):
    """No settings of the person who runs the tests, and a home folder that shows what the client leaves there."""
    for name in [name for name in os.environ if name.startswith("COMET_") or name.lower().endswith("_proxy")]:
        monkeypatch.delenv(name)
    home = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("MPLCONFIGDIR", str(matplotlib_folder))
    return home


@pytest.fixture
def comet_key():
    return KEY


@pytest.fixture
def refusing_url():
    with refusing() as address:
        yield f"{address}/clientlib/"


@pytest.fixture
def hanging_url():
    with hanging() as address:
        yield f"{address}/clientlib/"


class _CometHandler(Handler):
    """Says yes to everything and remembers it."""

    def _answer(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.headers.get("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        self.server.requests.append((self.path, body))
        if self.server.silent.is_set():
            self.server.released.wait(60)
            return
        focus = f"{self.server.address}/x/"
        answer = {"runId": "run", "project_id": "project", "focusUrl": focus, "msg": "", "version": "5.0.0"}
        data = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    do_GET = do_POST = do_PUT = _answer


@pytest.fixture
def comet_server():
    """A server with `url`, `requests` [(path, body)], and `silent`: once set, it answers no more."""
    with serving(_CometHandler, requests=[], silent=threading.Event()) as server:
        server.url = f"{server.address}/clientlib/"
        yield server
