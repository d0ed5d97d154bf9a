"""A session of requests for each thread, whose connections can be ended by another thread."""

from functools import cache
from threading import local
from time import perf_counter
from typing import Any

import requests

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
        return _with_known(super().get_connection_with_tls_context(*args, **options))

    def get_connection(self, *args: Any, **options: Any) -> Any:  # requests before 2.32
        return _with_known(super().get_connection(*args, **options))


def _with_known(pool: Any) -> Any:
    if not issubclass(pool.ConnectionCls, _Known):
        pool.ConnectionCls = _known(pool.ConnectionCls)
    return pool


@cache
def _known(connection: type) -> type:
    return type("Connection", (_Known, connection), {})


class _Session(requests.Session):
    def ask(self, url: str, limits: Any, timeout: tuple[float, float]) -> requests.Response:
        """Get `url`, with a request prepared, and the environment read, once a call for each host.

        Done for each file, as `get` does, this takes longer than all the rest.
        """
        host = url[: URL.match(url).start("path")]  # type: ignore[union-attr]
        with limits.preparing:
            if host not in limits.prepared:
                request = self.prepare_request(requests.Request("GET", url))
                settings = self.merge_environment_settings(url, {}, True, None, None)
                limits.prepared[host] = request, settings
        request, settings = limits.prepared[host]
        request = request.copy()
        request.prepare_url(url, None)
        return self.send(request, timeout=timeout, **settings)


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
