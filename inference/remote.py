"""Fetching an image from an address that somebody else may have written: no more than asked for, and from no inside.

What a server can be made to fetch is attacked by addresses of its own network, by names that resolve to these, by
redirects to these and by answers without end. So every name, that of each redirect too, is resolved once, all its
addresses are checked, and the connection goes to one of those: a name that resolves to another address a moment later
changes nothing. Proxies of the environment are not used, because they would resolve the name themselves.
"""

import contextlib
import http.client
import ipaddress
import socket
import ssl
import threading
import urllib.parse
from dataclasses import dataclass, field

from data_loader.errors import DataError

_CHUNK = 1 << 16
_REDIRECTS = (301, 302, 303, 307, 308)
_UNTYPED = ("application/octet-stream", "binary/octet-stream")
"""Types that say nothing of the content, which storage services send for images."""
_NAT64, _LOCAL_NAT64 = ipaddress.ip_network("64:ff9b::/96"), ipaddress.ip_network("64:ff9b:1::/48")
_SAFE = "/%:=&?~+!$,;'@()*[]"


@dataclass(frozen=True)
class UrlLimits:
    """What an address may take.

    Attributes:
        max_bytes: of the file.
        timeout_s: for all of it: resolving the name, redirects, the whole answer.
        max_redirects: followed in a row.
        allow_private: whether addresses of this machine and its network are allowed.
    """

    max_bytes: int = 64 << 20
    timeout_s: float = 30.0
    max_redirects: int = 5
    allow_private: bool = False


def is_url(source: object) -> bool:
    """Whether it is text that begins like an address."""
    return isinstance(source, str) and source.lower().startswith(("http://", "https://"))


def fetch_image(url: str, limits: UrlLimits | None = None) -> bytes:
    """The content of an image file at an http or https address.

    Args:
        url: without a user name or password.
        limits: None for the defaults of `UrlLimits`.

    Raises:
        DataError: the address is of another kind or not allowed, the server does not answer in time, or what it sends
            is too large or says that it is no image.
    """
    fetch = _Fetch(url, limits or UrlLimits())
    thread = threading.Thread(target=fetch.run, daemon=True, name="fetch image")
    thread.start()
    thread.join(fetch.limits.timeout_s)
    if thread.is_alive():
        fetch.abort()
        raise DataError(f"{shown(url)}: was not there within {fetch.limits.timeout_s:g} s.")
    if fetch.error is not None:
        raise DataError(f"{shown(url)}: {fetch.error}") from fetch.error
    return fetch.content


def shown(url: str) -> str:
    """The address as messages show it: without what may be secret, its user, password and query."""
    head, _, _ = url.partition("?")
    scheme, _, rest = head.partition("://")
    user, at, place = rest.partition("@")
    return f"{scheme}://{place if at and '/' not in user else rest}"


@dataclass
class _Fetch:
    """One fetch in a thread of its own, so that whatever hangs ends with the time-out."""

    url: str
    limits: UrlLimits
    content: bytes = b""
    error: Exception | None = None
    connection: "_Pinned | None" = None
    aborted: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        """Fills `content` or `error`."""
        try:
            self.content = self._follow()
        except (OSError, http.client.HTTPException, ValueError, DataError) as error:
            self.error = error

    def abort(self) -> None:
        """Ends a connection that hangs, and its thread with it."""
        self.aborted.set()
        if self.connection is not None:
            self.connection.abort()

    def _follow(self) -> bytes:
        url = self.url
        for _ in range(self.limits.max_redirects + 1):
            response = self._ask(url)
            try:
                if response.status not in _REDIRECTS:
                    return self._body(response)
                url = urllib.parse.urljoin(url, response.headers.get("Location", ""))
            finally:
                self._close()
        raise DataError(f"more than {self.limits.max_redirects} redirects.")

    def _ask(self, url: str) -> http.client.HTTPResponse:
        parts = urllib.parse.urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise DataError("is neither an http nor an https address.")
        if parts.username is not None or parts.password is not None:
            raise DataError("has a user name or password in it, which is not allowed.")
        host = parts.hostname.encode("idna").decode()
        port = parts.port or (443 if parts.scheme == "https" else 80)
        address = _checked_address(host, port, self.limits.allow_private)
        kind = _PinnedTls if parts.scheme == "https" else _Pinned
        self.connection = kind(host, port, address, self.limits.timeout_s)
        target = urllib.parse.quote(parts.path or "/", safe=_SAFE)
        query = f"?{urllib.parse.quote(parts.query, safe=_SAFE)}" if parts.query else ""
        headers = {"Accept": "image/*", "Accept-Encoding": "identity", "User-Agent": "maskeras", "Connection": "close"}
        self.connection.connect()
        if self.aborted.is_set():  # while the name was resolved or the connection made: nothing else would end it
            raise TimeoutError("aborted")
        self.connection.request("GET", target + query, headers=headers)
        return self.connection.getresponse()

    def _body(self, response: http.client.HTTPResponse) -> bytes:
        """The whole answer, after a look at what its head says."""
        most = self.limits.max_bytes
        if response.status != http.client.OK:
            raise DataError(f"the server answers {response.status} {response.reason}.")
        kind = response.headers.get_content_type() if "Content-Type" in response.headers else _UNTYPED[0]
        if not kind.startswith("image/") and kind not in _UNTYPED:
            raise DataError(f"is {kind} instead of an image.")
        if response.headers.get("Content-Encoding", "identity") != "identity":
            raise DataError("is compressed, although that was not asked for.")
        length = response.length
        if (length or 0) > most:
            raise DataError(f"has {length} bytes, more than {most}.")
        parts, received = [], 0
        while chunk := response.read1(_CHUNK):
            received += len(chunk)
            if received > most:
                raise DataError(f"has more than {most} bytes.")
            if self.aborted.is_set():
                raise TimeoutError("aborted")
            parts.append(chunk)
        if received < (length or 0):
            raise DataError(f"was interrupted after {received} bytes.")
        return b"".join(parts)

    def _close(self) -> None:
        if self.connection is not None:
            self.connection.close()


class _Pinned(http.client.HTTPConnection):
    """A connection to an address that was checked, whatever its host's name resolves to by now."""

    def __init__(self, host: str, port: int, address: str, timeout_s: float):
        super().__init__(host, port, timeout=timeout_s)
        self.address = address
        self.socket: socket.socket | None = None  # http.client forgets its own once the head is read

    def connect(self) -> None:
        """See `http.client.HTTPConnection`."""
        self.sock = self.socket = socket.create_connection((self.address, self.port), self.timeout)

    def abort(self) -> None:
        """Wakes whoever waits for the other side."""
        if self.socket is not None:
            with contextlib.suppress(OSError):
                self.socket.shutdown(socket.SHUT_RDWR)


class _PinnedTls(_Pinned):
    """The same with TLS; the certificate has to be that of the host's name."""

    default_port = http.client.HTTPS_PORT

    def connect(self) -> None:
        """See `http.client.HTTPSConnection`."""
        super().connect()
        self.sock = self.socket = ssl.create_default_context().wrap_socket(self.sock, server_hostname=self.host)


def _checked_address(host: str, port: int, allow_private: bool) -> str:
    """The first address of a host, after all of them were checked."""
    found = [str(entry[4][0]) for entry in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
    refused = [address for address in found if not is_public(address)]
    if refused and not allow_private:
        raise DataError(
            f"{host} is {refused[0]}, an address of this machine or of a private network, which is not allowed."
        )
    return found[0]


def is_public(address: str) -> bool:
    """Whether an IP address can be reached from anywhere; one that carries an IPv4 address is judged by that."""
    found = ipaddress.ip_address(address)
    carried = _carried(found) if isinstance(found, ipaddress.IPv6Address) else []
    mapped = isinstance(found, ipaddress.IPv6Address) and found.ipv4_mapped is not None
    return all(map(_global, carried)) and (mapped or _global(found))


def _carried(address: ipaddress.IPv6Address) -> list[ipaddress.IPv4Address]:
    """The IPv4 addresses that are written in it: mapped, 6to4, Teredo, NAT64."""
    found = [address.ipv4_mapped, address.sixtofour, *(address.teredo or ())]
    if address in _NAT64:
        found.append(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF))
    return [one for one in found if one is not None]


def _global(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    if isinstance(address, ipaddress.IPv6Address):
        reserved = address.is_reserved and address not in _NAT64
        if reserved or address.is_site_local or address in _LOCAL_NAT64:
            return False
    return address.is_global and not address.is_multicast
