"""Sessions of requests for several threads, whose connections can be ended by another thread."""

import os
import socket
from contextlib import suppress
from copy import copy
from functools import cache, cached_property
from http.client import HTTPResponse
from threading import Lock, local
from time import perf_counter
from typing import Any

import requests
from requests.utils import urldefragauth
from urllib3 import Timeout
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError
from urllib3.util import wait_for_write
from urllib3.util.connection import allowed_gai_family

from threadlab import __version__
from threadlab.workloads.file_names import URL


class _InTime(socket.SocketIO):
    """Reads from a socket as long as its job may go on: who sends byte by byte keeps nobody for ever."""

    def readinto(self, buffer: Any) -> int | None:
        mine.job.end_if_due()
        sock: Any = self._sock  # type: ignore[attr-defined]
        if (left := mine.job.until - perf_counter()) < (sock.gettimeout() or 0):
            sock.settimeout(max(left, 0) + 0.01)
        return super().readinto(buffer)


class _Known:
    """What a connection of urllib3 tells the job that uses it."""

    sock: Any
    _dns_host: str
    port: int
    timeout: float
    socket_options: Any
    job: Any = None  # the id of the last one that used it: the job itself would keep its session alive

    def take(self) -> None:
        """Belong to the job of this thread alone."""
        mine.job.socket = None  # that of its connection before, which may be another job's by now
        self.job, mine.job.connection = id(mine.job), self

    def connect(self) -> None:
        self.take()
        try:
            super().connect()  # type: ignore[misc]
        finally:
            if copy_of_socket := mine.job.socket:
                copy_of_socket.close()
        mine.job.known["connected"] = perf_counter()

    def _new_conn(self) -> Any:
        try:
            sock = _connected((self._dns_host.strip("[]"), self.port), self.timeout, self.socket_options)
        except TimeoutError as error:
            raise ConnectTimeoutError(self, str(error)) from error
        except (OSError, UnicodeError) as error:
            raise NewConnectionError(self, str(error)) from error  # type: ignore[arg-type]
        mine.job.socket = sock.dup()  # TLS takes the socket itself away until all is agreed
        return sock

    def request(self, *args: Any, **options: Any) -> None:
        self.take()
        super().request(*args, **options)  # type: ignore[misc]
        mine.job.socket = getattr(self.sock, "socket", self.sock)  # TLS inside TLS: that of the proxy
        mine.job.end_if_due()

    def response_class(self, *args: Any, **options: Any) -> HTTPResponse:
        response = HTTPResponse(*args, **options)
        response.fp.raw.__class__ = _InTime
        return response


def _connected(address: tuple[str, int], timeout: float, options: Any) -> socket.socket:
    """Connect as socket.create_connection does, but only as long as the job of this thread may go on."""
    failed: OSError = socket.gaierror(f"{address[0]} has no address")
    for family, kind, protocol, _, found in socket.getaddrinfo(
        *address, allowed_gai_family(), socket.SOCK_STREAM
    ):
        sock, until = socket.socket(family, kind, protocol), perf_counter() + timeout
        try:
            for option in options or ():
                sock.setsockopt(*option)
            sock.setblocking(False)
            with suppress(BlockingIOError):  # what comes of it the socket tells later
                sock.connect(found)
            while not wait_for_write(sock, _LOOK):
                mine.job.end_if_due()
                if perf_counter() > until:
                    raise TimeoutError(f"no connection in {timeout:g} s")
            if error := sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
                raise OSError(error, os.strerror(error))
        except BaseException as error:
            sock.close()
            if not isinstance(error, OSError):
                raise
            failed = error
        else:
            sock.settimeout(timeout)
            return sock
    raise failed


class _Adapter(requests.adapters.HTTPAdapter):
    def get_connection_with_tls_context(self, *args: Any, **options: Any) -> Any:
        pool: Any = super().get_connection_with_tls_context(*args, **options)
        if not issubclass(pool.ConnectionCls, _Known):
            pool.ConnectionCls = _known(pool.ConnectionCls)
        return pool

    def build_response(self, request: Any, response: Any) -> Any:
        if response.get_redirect_location() and response.length_remaining not in range(10_000):
            response.close()  # else requests reads all that a redirect brings along
        return super().build_response(request, response)


@cache
def _known(connection: type) -> type:
    return type("Connection", (_Known, connection), {})


_LOOK = 0.1  # seconds between two looks at whether a connection is still wanted
_KEPT = 256  # connections that wait for their next file, at most: each is an open file, of perhaps 1,024
_AS_IT_COMES = {"retries": False, "redirect": False, "assert_same_host": False, "preload_content": False}


class Session(requests.Session):
    """Keeps connections to hosts for as many threads as there are `workers`."""

    def __init__(self, workers: int = 1) -> None:
        super().__init__()
        self.max_redirects, self.hosts = 10, max(2, _KEPT // workers)
        self.headers["User-Agent"] = f"threadlab/{__version__} (a course on Python threads)"
        self.headers["Accept-Encoding"] = "identity"  # the announced size is that of the file
        for scheme in ("http://", "https://"):  # a site that was started anew leaves no connection behind
            self.mount(scheme, _Adapter(pool_connections=2, pool_maxsize=workers))
            for host in ("127.0.0.1", "localhost"):
                self.proxies[scheme + host] = ""  # this computer is never asked through a proxy

    def ask(self, url: str, ways: "Ways", timeout: tuple[float, float]) -> Any:
        """Get `url`: requests finds the way to a host, urllib3 goes it for each file, in half the time."""
        host, target = _parts(url)
        prepared, settings, adapter, pool, direct = ways.find(host, url, self)
        where = target
        if not direct or "/." in target:  # a proxy is asked for all of it, and nobody for "/a/../b"
            request = _for(url, prepared)
            where = request.path_url if direct else urldefragauth(request.url)
        wait = Timeout(connect=timeout[0], read=timeout[1])
        response = pool.urlopen("GET", where, headers=prepared.headers, timeout=wait, **_AS_IT_COMES)
        if response.get_redirect_location():
            request = _for(url, prepared)
            answer = adapter.build_response(request, response)
            *_, last = self.resolve_redirects(answer, request, timeout=timeout, **settings)
            response = last.raw
        return response


def _parts(url: str) -> tuple[str, str]:
    """Return `url` as far as it names a host, and what is asked of that host."""
    path = URL.match(url).start("path")  # type: ignore[union-attr]
    target = url[path:].partition("#")[0]
    return url[:path], target if target.startswith("/") else f"/{target}"


def _for(url: str, prepared: Any) -> Any:
    """Return a request like `prepared`, for another file of the same host."""
    request = copy(prepared)
    request.prepare_url(url, None)
    return request


class Ways:
    """How the hosts of one call are reached: found once for each, for all threads."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[Any, ...]] = {}
        self._finding = Lock()

    def find(self, host: str, url: str, session: Session) -> tuple[Any, ...]:
        """Return a prepared request to the `host` of `url`, settings, and the connections to it."""
        with self._finding:
            if host not in self._known:
                if len(self._known) >= session.hosts:  # its connections close with it
                    del self._known[next(iter(self._known))]
                self._known[host] = self._found(url, session)
            return self._known[host]

    def _found(self, url: str, session: Session) -> tuple[Any, ...]:
        request = session.prepare_request(requests.Request("GET", url))
        settings = session.merge_environment_settings(url, {}, True, None, None)
        adapter: Any = session.get_adapter(request.url or "")
        proxies, verify, cert = (settings[name] for name in ("proxies", "verify", "cert"))
        pool = adapter.get_connection_with_tls_context(request, verify, proxies, cert)
        direct = adapter.request_url(request, proxies).startswith("/")
        return request, settings, adapter, pool, direct

    def close(self) -> None:
        """Close the connections, also if an error that somebody keeps, or none collects, holds them."""
        for *_, pool, _direct in list(self._known.values()):  # who still connects may add one
            pool.close()


class _OfThisThread(local):
    job: Any

    @cached_property
    def session(self) -> Session:
        """For single downloads, one after the other: it ends with its thread."""
        return Session()


mine = _OfThisThread()
