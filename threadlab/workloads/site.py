"""A web site on this computer: a process of its own, so that it shares no GIL with who downloads from it."""

import asyncio
import faulthandler
import json
import logging
import subprocess
import sys
import weakref
from contextlib import AbstractContextManager, suppress
from pathlib import Path
from threading import Lock
from typing import Any

from threadlab.running.arguments import number, whole_number

_ANSWER_LIMIT = 30.0  # seconds; a virus scanner may read every file of a first start


def serve_site(*, latency: float = 0.1, at_once: int | None = None) -> "Site":
    """Start a local web site that waits `latency` seconds before the first byte of each answer.

        >>> with serve_site(latency=0.01) as site:
        ...     len(site.urls(3))
        3

    It serves `at_once` requests at the same time, while the others queue; None is no limit. It is
    there until `close`, the end of its `with`, or the end of this Python.
    """
    return Site(latency, at_once)


class Site(AbstractContextManager["Site"]):
    """A web site on this computer, made by `serve_site`. `latency` and `at_once` are what is in force."""

    def __init__(self, latency: float, at_once: int | None) -> None:
        code = f"import asyncio; from {__name__} import _serve; asyncio.run(_serve({_ANSWER_LIMIT}))"
        self._process: Any = subprocess.Popen(
            [sys.executable, "-W", "ignore", "-c", code],
            cwd=Path(__file__).parents[2],  # where it looks for modules first
            stdin=subprocess.PIPE,  # closes with this Python, also when it is killed; then the site ends
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            bufsize=1,
            start_new_session=True,  # "Interrupt the kernel" is not meant for the site
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
        )
        self._end = weakref.finalize(self, _end, self._process)
        self._asking = Lock()  # guards a question until its answer is there
        self.latency, self.at_once = latency, at_once
        try:
            self.set()
        except BaseException:
            self.close()
            raise

    def urls(self, count: int, *, size: int = 20_000) -> list[str]:
        """Return the addresses of `count` files of `size` bytes each."""
        whole_number("count", count)
        whole_number("size", size, least=0, most=100_000_000, why="the site makes each file in memory")
        return [f"{self._address}/file/{place}?size={size}" for place in range(1, count + 1)]

    def set(self, *, latency: float | None = None, at_once: int | str | None = "as before") -> None:
        """Change `latency`, `at_once` (None is no limit) or both, for every request from now on."""
        latency = number("latency", self.latency if latency is None else latency)
        at_once = self.at_once if at_once == "as before" else at_once
        at_once = None if at_once is None else whole_number("at_once", at_once)
        with self._asking:
            if not self._end.alive:
                raise ValueError("this site is closed; serve_site() starts a new one")
            with suppress(OSError):  # a site that has ended left its reason as the answer
                print(json.dumps([latency, at_once]), file=self._process.stdin)
            port = self._process.stdout.readline().strip()
            if not port.isdecimal():
                reason = f"{port}\n{self._process.stdout.read()}"
                raise RuntimeError(f"the site has ended; serve_site() starts a new one. {reason}")
            self.latency, self.at_once, self._address = latency, at_once, f"http://127.0.0.1:{port}"

    def close(self) -> None:
        """End the site."""
        self._end()

    def __exit__(self, *error: object) -> None:
        self.close()

    def __repr__(self) -> str:
        state = f"{self.at_once or 'all'} requests at once, {self.latency:g} s to the first byte"
        return f"local web site at {self._address}: {state if self._end.alive else 'closed'}"


def _end(process: Any) -> None:
    with suppress(OSError), process:
        process.kill()


async def _serve(answer_limit: float) -> None:
    """Serve files until standard input ends; each of its lines is new settings, answered with the port."""
    faulthandler.dump_traceback_later(answer_limit, exit=True)  # a start may hang
    from tornado import httpserver, netutil, web

    logging.disable()  # standard output is for answers
    latency, slots = 0.0, asyncio.Semaphore()

    class File(web.RequestHandler):
        async def get(self, name: str) -> None:
            size, line = int(self.get_query_argument("size")), b"This is file %s.\n" % name.encode()
            async with slots:
                await asyncio.sleep(latency)
                await self.finish((line * (size // len(line) + 1))[:size])

    sockets = netutil.bind_sockets(0, "127.0.0.1", backlog=1024)
    httpserver.HTTPServer(web.Application([(r"/file/(\d+)", File)])).add_sockets(sockets)
    while line := await asyncio.to_thread(sys.stdin.readline):
        faulthandler.cancel_dump_traceback_later()
        latency, at_once = json.loads(line)
        slots = asyncio.Semaphore(at_once or 1_000_000)
        print(sockets[0].getsockname()[1], flush=True)  # noqa: T201
