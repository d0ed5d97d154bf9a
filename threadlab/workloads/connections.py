"""A session of requests for each thread, whose connections can be ended by another thread."""

from copy import copy
from functools import cache
from threading import local
from time import perf_counter
from typing import Any

import requests
from requests.utils import urldefragauth
from urllib3 import Timeout

from threadlab import __version__
from threadlab.workloads.file_names import URL


class _Known:
    """What a connection of urllib3 tells the job that uses it."""

    sock: Any

    def connect(self) -> None:
        mine.job.connection = self
        super().connect()  # type: ignore[misc]
        mine.job.known["connected"] = perf_counter()

    def request(self, *args: Any, **options: Any) -> None:
        mine.job.connection = self
        super().request(*args, **options)  # type: ignore[misc]
        mine.job.socket = self.sock
        mine.job.end_if_due()


class _Adapter(requests.adapters.HTTPAdapter):
    def get_connection_with_tls_context(self, *args: Any, **options: Any) -> Any:
        pool: Any = super().get_connection_with_tls_context(*args, **options)
        if not issubclass(pool.ConnectionCls, _Known):
            pool.ConnectionCls = _known(pool.ConnectionCls)
        return pool


@cache
def _known(connection: type) -> type:
    return type("Connection", (_Known, connection), {})


_AS_IT_COMES = {"retries": False, "redirect": False, "assert_same_host": False, "preload_content": False}


class _Session(requests.Session):
    limits: Any = None

    def ask(self, url: str, limits: Any, timeout: tuple[float, float]) -> Any:
        """Get `url`: requests finds the way to a host, urllib3 goes it for each file, in half the time."""
        if self.limits is not limits:  # another call
            self.limits, self.ways = limits, dict[str, Any]()
        host = url[: URL.match(url).start("path")]  # type: ignore[union-attr]
        if host not in self.ways:
            self.ways[host] = self.way_to(url, host)
        prepared, settings, adapter, pool, direct = self.ways[host]
        request = copy(prepared)
        request.prepare_url(url, None)
        where = request.path_url if direct else urldefragauth(request.url)
        wait = Timeout(connect=timeout[0], read=timeout[1])
        response = pool.urlopen("GET", where, headers=request.headers, timeout=wait, **_AS_IT_COMES)
        if response.get_redirect_location():
            answer = adapter.build_response(request, response)
            *_, last = self.resolve_redirects(answer, request, timeout=timeout, **settings)
            response = last.raw
        return response

    def way_to(self, url: str, host: str) -> tuple[Any, ...]:
        """Return a prepared request, settings, and connections; only these are of this thread alone."""
        with self.limits.preparing:
            if host not in self.limits.prepared:
                request = self.prepare_request(requests.Request("GET", url))
                settings = self.merge_environment_settings(url, {}, True, None, None)
                self.limits.prepared[host] = request, settings
        request, settings = self.limits.prepared[host]
        adapter: Any = self.get_adapter(request.url)
        proxies, verify, cert = (settings[name] for name in ("proxies", "verify", "cert"))
        pool = adapter.get_connection_with_tls_context(request, verify, proxies, cert)
        return request, settings, adapter, pool, adapter.request_url(request, proxies) == request.path_url


class _OfThisThread(local):
    job: Any

    def __init__(self) -> None:
        self.session = _Session()
        self.session.max_redirects = 10
        self.session.headers["User-Agent"] = f"threadlab/{__version__} (a course on Python threads)"
        self.session.headers["Accept-Encoding"] = "identity"  # the announced size is that of the file
        for scheme in ("http://", "https://"):  # a site that was started anew leaves no connection behind
            self.session.mount(scheme, _Adapter(pool_connections=2))
        for host in ("127.0.0.1", "localhost"):
            self.session.proxies[f"http://{host}"] = ""  # this computer is never asked through a proxy


mine = _OfThisThread()  # kept between calls to reuse connections; a thread's session ends with the thread
