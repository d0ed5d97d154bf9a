"""A web site on this computer: a process of its own, so that it shares no GIL with who downloads from it."""

import asyncio
import faulthandler
import json
import logging
import os
import subprocess
import sys
import weakref
from contextlib import suppress
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

    Args:
        latency: Seconds from a request to the first byte of its answer.
        at_once: How many requests it serves at the same time, while the others queue; None is no limit.

    Returns:
        The site, ready to answer until `close`, the end of its `with`, or the end of this Python.
    """
    return Site(latency, at_once)


class Site:
    """A web site on this computer, made by `serve_site`. `latency` and `at_once` are what is in force."""

    def __init__(self, latency: float, at_once: int | None) -> None:
        settings = _checked(latency, at_once)
        path = [str(Path(__file__).parents[2]), *filter(None, [os.environ.get("PYTHONPATH")])]
        self._process: Any = subprocess.Popen(
            [sys.executable, "-P", "-W", "ignore", "-m", "threadlab.workloads.site", str(_ANSWER_LIMIT)],
            env={**os.environ, "PYTHONPATH": os.pathsep.join(path)},
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
        try:
            self._address = f"http://127.0.0.1:{self._ask(settings)}"
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
        latency = self.latency if latency is None else latency
        self._ask(_checked(latency, self.at_once if at_once == "as before" else at_once))

    def _ask(self, settings: dict[str, Any]) -> str:
        """Put `settings` into force; return the port, which is the site's answer."""
        if not self._end.alive:
            raise ValueError("this site is closed; serve_site() starts a new one")
        with self._asking:
            with suppress(OSError):  # a site that has ended left its reason as the answer
                print(json.dumps(settings), file=self._process.stdin)
            # The wait for the answer ends: the site ends itself if it does not come in time.
            answer = str(self._process.stdout.readline())
            if not answer.strip().isdecimal():
                reason = answer + self._process.stdout.read()
                raise RuntimeError(f"the site has ended; serve_site() starts a new one. {reason}")
            self.latency, self.at_once = settings["latency"], settings["at_once"]
        return answer.strip()

    def close(self) -> None:
        """End the site."""
        self._end()

    def __enter__(self) -> "Site":
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def __repr__(self) -> str:
        some = "all requests" if self.at_once is None else f"{self.at_once} requests"
        state = f"{some} at once, {self.latency:g} s to the first byte" if self._end.alive else "closed"
        return f"local web site at {self._address}: {state}"


def _checked(latency: Any, at_once: Any) -> dict[str, Any]:
    number("latency", latency)
    if at_once is not None:
        whole_number("at_once", at_once)
    return {"latency": latency, "at_once": at_once}


def _end(process: Any) -> None:
    with suppress(OSError), process:
        process.kill()


async def _serve(answer_limit: float) -> None:
    """Serve files until standard input ends; each of its lines is new settings and answered with the port."""
    faulthandler.dump_traceback_later(answer_limit, exit=True)
    from tornado import httpserver, netutil, web

    logging.disable()  # standard output is for answers
    latency, slots = 0.0, asyncio.Semaphore()

    class File(web.RequestHandler):
        async def get(self, name: str) -> None:
            size, line = int(self.get_query_argument("size")), b"This is file %s.\n" % name.encode()
            async with slots:
                await asyncio.sleep(latency)
                self.set_header("Content-Type", "text/plain")
                await self.finish((line * (size // len(line) + 1))[:size])

        def compute_etag(self) -> None:
            """Spend no time on a fingerprint that nobody asks for."""

    def next_line() -> str:
        line = sys.stdin.readline()
        faulthandler.dump_traceback_later(answer_limit, exit=True)
        return line

    sockets = netutil.bind_sockets(0, "127.0.0.1", backlog=1024)
    httpserver.HTTPServer(web.Application([(r"/file/(\d+)", File)])).add_sockets(sockets)
    while line := await asyncio.to_thread(next_line):
        settings = json.loads(line)
        latency, slots = settings["latency"], asyncio.Semaphore(settings["at_once"] or 1_000_000)
        faulthandler.cancel_dump_traceback_later()
        print(sockets[0].getsockname()[1], flush=True)  # noqa: T201


if __name__ == "__main__":
    asyncio.run(_serve(float(sys.argv[1])))
