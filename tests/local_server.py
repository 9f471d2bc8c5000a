"""HTTP servers on free ports of this machine, for what downloads or uploads."""

import contextlib
import functools
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
    server.daemon_threads, server.block_on_close = True, False
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
