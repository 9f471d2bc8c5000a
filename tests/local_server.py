"""Servers on free ports of this machine that answer, refuse or hang, for what downloads or uploads."""

import contextlib
import functools
import socket
import threading
from http.server import BaseHTTPRequestHandler, SimpleHTTPRequestHandler, ThreadingHTTPServer


class Handler(BaseHTTPRequestHandler):
    """Answers without a line in the test's output."""

    def log_message(self, *args):
        """Silent."""


class _FolderHandler(Handler, SimpleHTTPRequestHandler):
    pass


@contextlib.contextmanager
def serving(handler, **attributes):
    """A running server: `address`, without a slash at its end, `released`, set at the end, and the given attributes.

    A handler finds all of them in `self.server`; one that hangs waits for `released`.
    """
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.address = f"http://127.0.0.1:{server.server_port}"
    server.released = threading.Event()
    for name, value in attributes.items():
        setattr(server, name, value)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield server
    finally:
        server.released.set()
        server.shutdown()
        thread.join()
        server.server_close()


def serving_folder(folder):
    """A running server of the files of a folder, as `serving`."""
    return serving(functools.partial(_FolderHandler, directory=str(folder)))


@contextlib.contextmanager
def refusing():
    """The address of a port that is bound but does not listen: it refuses, and nobody else can take it meanwhile."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


@contextlib.contextmanager
def hanging():
    """The address of a port that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}"
