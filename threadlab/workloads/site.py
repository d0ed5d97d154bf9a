"""A web site on this computer: a process of its own, so that it shares no GIL with who downloads from it.

It is as slow, far away and unreliable as one asks it to be, and counts what it answered.
"""

import json
import subprocess
import sys
import weakref
from collections.abc import Mapping
from contextlib import AbstractContextManager, suppress
from pathlib import Path
from threading import Lock
from typing import Any

from threadlab.running.arguments import number, whole_number
from threadlab.workloads import answering

_ANSWER_LIMIT = 30.0  # seconds; a virus scanner may read every file of a first start


def serve_site(
    *,
    latency: float = 0.1,
    at_once: int | None = None,
    jitter: float = 0.0,
    bandwidth: int | None = None,
    bandwidth_each: int | None = None,
    faults: Mapping[str, float] | None = None,
    retry_after: int = 1,
    seed: int = 0,
) -> "Site":
    """Start a local web site that waits `latency` seconds before the first byte of each answer.

        >>> with serve_site(latency=0.01) as site:
        ...     len(site.urls(3))
        3

    It is there until `close`, the end of its `with`, or the end of this Python. Each of these settings can
    be changed while it runs, by `set`.

    Args:
        latency: Seconds before the first byte.
        at_once: How many requests it serves at the same time, while the others queue; None is no limit.
        jitter: Up to so many seconds are added to the latency of each request.
        bandwidth: Bytes per second that all connections share; None is no limit.
        bandwidth_each: Bytes per second of one connection; None is no limit.
        faults: What goes wrong, and for which share of the requests, such as {"503": 0.2, "reset": 0.1}:
            "404"; "429" and "503" with Retry-After; "reset" and "cut" half-way; "wrong length" (more is
            announced than comes); "hang" before the first byte; "drip" (ten bytes a second); "redirects"
            without end; "no length" (a chunked answer, all of it).
        retry_after: The seconds that "429" and "503" ask to wait.
        seed: Which requests go wrong: the seed, the address, and how often it was asked for decide.

    Raises:
        TypeError: A setting is of the wrong kind.
        ValueError: A setting is too small, or there is no such fault.
    """
    return Site(**locals())


class Site(AbstractContextManager["Site"]):
    """A web site on this computer, made by `serve_site`; its attributes are the settings in force.

    >>> with serve_site(latency=0) as site:
    ...     site.set(latency=0.2)
    ...     site.latency
    0.2
    """

    latency: float
    at_once: int | None
    jitter: float
    bandwidth: int | None
    bandwidth_each: int | None
    faults: dict[str, float]
    retry_after: int
    seed: int

    def __init__(self, **settings: Any) -> None:
        settings = _checked(settings)
        # A start may hang.
        code = f"import faulthandler; faulthandler.dump_traceback_later({_ANSWER_LIMIT}, exit=True)\n"
        code += f"import asyncio; from {answering.__name__} import serve; asyncio.run(serve())"
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
        try:
            self._address = f"http://127.0.0.1:{self._tell(settings)['port']}"
        except BaseException:
            self.close()
            raise

    def urls(self, count: int, *, size: int = 20_000) -> list[str]:
        """Return the addresses of `count` files of `size` bytes each."""
        whole_number("count", count)
        whole_number("size", size, least=0, most=100_000_000, why="the site is not there to fill a disk")
        return [f"{self._address}/file/{place}?size={size}" for place in range(1, count + 1)]

    def set(self, **changes: Any) -> None:
        """Change settings of `serve_site`, for every request from now on: `site.set(latency=0.5)`.

        Setting `faults` or `seed` makes all counts begin anew, so that the same requests go wrong again.
        """
        self._tell(_checked(changes))

    @property
    def served(self) -> dict[str, int]:
        """How many requests got what: the number of each fault, and of "200" for an answer without fault."""
        return dict(self._tell({})["served"])

    def _tell(self, changes: dict[str, Any]) -> dict[str, Any]:
        with self._asking:
            if not self._end.alive:
                raise ValueError("this site is closed; serve_site() starts a new one")
            with suppress(OSError):  # a site that has ended left its reason as the answer
                print(json.dumps(changes), file=self._process.stdin)
            answer = self._process.stdout.readline().strip()
            if not answer.startswith("{"):
                reason = f"{answer}\n{self._process.stdout.read()}"
                raise RuntimeError(f"the site has ended; serve_site() starts a new one. {reason}")
            vars(self).update(changes)
            return json.loads(answer)  # type: ignore[no-any-return]

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


def _checked(settings: dict[str, Any]) -> dict[str, Any]:
    """Return `settings` as they are right to use, or raise an error that names the first one that is not."""
    right: dict[str, Any] = {}
    for name, value in settings.items():
        if name not in Site.__annotations__:
            raise TypeError(f"a site has no setting {name!r}, only {', '.join(Site.__annotations__)}")
        if name in ("latency", "jitter"):
            right[name] = number(name, value)
        elif name == "faults":
            right[name] = _shares(value or {})
        elif value is None and name not in ("retry_after", "seed"):
            right[name] = None
        else:
            right[name] = whole_number(name, value, least=0 if name in ("retry_after", "seed") else 1)
    return right


def _shares(faults: Any) -> dict[str, float]:
    if not isinstance(faults, Mapping):
        raise TypeError(f'faults must be a dict of shares such as {{"503": 0.2}}, not {faults!r}')
    for name, share in faults.items():
        if name not in answering.FAULTS:
            raise ValueError(f"faults must be among {', '.join(answering.FAULTS)}, not {name!r}")
        if not isinstance(share, (int, float)) or not 0 <= share <= 1:
            raise ValueError(f"the share of the fault {name!r} must be from 0 to 1, not {share!r}")
    if sum(faults.values()) > 1 + 1e-9:
        raise ValueError(f"the shares of all faults must be at most 1 in all, not {sum(faults.values()):g}")
    return dict(faults)
