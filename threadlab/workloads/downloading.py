"""One download: run in one thread, watched and ended by another one."""

import socket
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from secrets import token_hex
from threading import Event, Lock
from time import perf_counter
from typing import Any, BinaryIO

from urllib3 import BaseHTTPResponse, Retry
from urllib3.exceptions import InvalidHeader

from threadlab.running.arguments import number, whole_number
from threadlab.running.watching import growing, waiting
from threadlab.workloads.connections import Session, Ways, mine
from threadlab.workloads.failures import RefusedError, sentence_for
from threadlab.workloads.file_names import URL

GRACE = 0.3  # seconds for a running download to end once it was asked to
TIME_LIMITS = (5.0, 10.0)  # seconds: to connect, and between two pieces
# Bytes read at once, at most, and written at once, at least: each call lets go of the GIL.
_PIECE, _ENOUGH = 256 * 1024, 128 * 1024


@dataclass(frozen=True, slots=True)
class Download:
    """What became of one URL. If it failed, `path` is None and `error` says why and what to do.

    >>> Download("http://127.0.0.1/1", earlier=((1.5, 1.75),)).tries
    2
    """

    url: str
    path: Path | None = None
    size: int = 0
    sha256: str = ""
    seconds: float = 0.0
    error: str | None = None
    requested: float | None = None  # the moments by time.perf_counter; None if it never came so far
    began: float | None = None
    first_byte: float | None = None
    ended: float | None = None
    connected: float | None = None  # None too if the last try went on with an open connection
    announced: int | None = None  # bytes, if the server told
    earlier: tuple[tuple[float, float], ...] = ()  # when each try in vain ended, and the next one began

    @property
    def tries(self) -> int:
        """How often it was tried."""
        return 1 + len(self.earlier)


class Limits:
    """How often, how much and how long a download may try."""

    def __init__(self, retries: int, size: int, time: float) -> None:
        self.retries = Retry(whole_number("retries", retries, least=0), backoff_factor=0.25)
        self.size = whole_number("size_limit", size)
        self.time = number("time_limit", time, least=0.1)
        self.ways = Ways()
        self.folder_made = False


class _EndedError(Exception):
    """A download was stopped, or is over a limit."""


class Job:
    """One URL: `run` in one thread, while another one may look (`now`) and end it (`cut_if_due`)."""

    def __init__(self, url: str, path: Path, limits: Limits, stop: Event, session: Session) -> None:
        self.url, self.path, self.limits, self.stop = url, path, limits, stop
        self.session = session
        self.known: dict[str, Any] = {}  # what the result is made of
        self.until = float("inf")
        self.connection: Any = None  # the one in use, and its socket: a response may outlive its connection
        self.socket: Any = None
        self.lock = Lock()  # guards the end of it: the next job may use the same socket

    def now(self) -> Download:
        """Return the result as far as it is known."""
        known = dict(self.known)
        if not known.keys() & {"ended", "path"} and (why := self.due()):
            known |= {"error": why, "size": 0, "ended": perf_counter()}
        ended = known.get("ended") or perf_counter()
        return Download(self.url, seconds=ended - known.get("began", ended), **known)

    def over(self) -> bool:
        """Whether it ended, or ought to have: nobody can end a thread that asks for the address of a host."""
        return "ended" in self.known or perf_counter() > self.until + GRACE

    def due(self) -> str:
        """Return why this is to end now, or nothing."""
        if self.stop.is_set():
            return "stopped before its end: start it anew to have it"
        if perf_counter() > self.until:
            return (
                f"not complete after {self.limits.time:g} s: allow more by time_limit, or take fewer workers"
            )
        return ""

    def end_if_due(self) -> None:
        """Raise an error if this is to end now."""
        if why := self.due():
            raise _EndedError(why)

    def cut_if_due(self) -> None:
        """End what the thread of this job waits for, if it is time."""
        if not self.due():
            return
        with self.lock:
            if "ended" not in self.known and getattr(self.connection, "job", None) == id(self):
                for each in (getattr(self.connection, "sock", None), self.socket):
                    with suppress(OSError):  # closed meanwhile
                        if isinstance(each, socket.socket):  # there already
                            socket.socket.shutdown(each, socket.SHUT_RDWR)

    def end(self) -> None:
        """End this, from another thread, unless it has ended."""
        if "ended" not in self.known:
            self.stop.set()
            self.cut_if_due()

    def run(self) -> None:
        """Download, as often as it takes and is allowed."""
        growing(self)
        mine.job, began = self, perf_counter()
        self.known["began"], self.until, retries = began, began + self.limits.time, self.limits.retries
        try:
            while (pause := self._try(retries)) is not None:
                retries, failed = retries.increment("GET", self.url), perf_counter()
                earlier = (*self.known.get("earlier", ()), (failed, failed + pause))
                self.known |= {"connected": None, "first_byte": None, "announced": None, "size": 0}
                self.known["earlier"] = earlier
                with waiting("the next try"):
                    rest(pause, self.stop)
        finally:
            with self.lock:
                self.known["ended"] = perf_counter()

    def _try(self, retries: Retry) -> float | None:
        """Try once; if it fails and another try may help, return the seconds to wait before."""
        try:
            self.known |= self._receive()
        except Exception as error:
            sentence = self.due() or sentence_for(error, self.url, self.path.parent)
            if retries.total and "try again" in sentence:
                pause = _pause(error, retries.increment("GET", self.url))
                if perf_counter() + pause < self.until:
                    return pause
            self.known |= {"error": sentence, "size": 0}
        return None

    def _receive(self) -> dict[str, Any]:
        if not URL.match(str(self.url)):
            raise ValueError(f"the URL must begin with http:// or https://, not {self.url!r}")
        self.end_if_due()
        if not self.limits.folder_made:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self.limits.folder_made = True
        part = self.path.with_name(f".{token_hex(8)}.part")
        left = self.until - perf_counter()
        try:
            with waiting("the first byte"):
                connect, piece = (min(limit, max(left, 0.1)) for limit in TIME_LIMITS)
                response = self.session.ask(str(self.url), self.limits.ways, (connect, piece))
            self.known["first_byte"] = perf_counter()
            with response, open(part, "xb") as file:
                fingerprint = self._save(response, file)
            part.replace(self.path)
        except BaseException:  # also when it is interrupted
            with suppress(OSError):
                part.unlink()
            raise
        return {"path": self.path, "sha256": fingerprint}

    def _save(self, response: BaseHTTPResponse, file: BinaryIO) -> str:
        if response.status != 200:
            raise RefusedError(response)
        fingerprint, held, size = sha256(), bytearray(), 0
        self.known["announced"] = response.length_remaining
        while piece := response.read1(_PIECE, decode_content=True):
            self.end_if_due()
            size += len(piece)
            if max(size, self.known["announced"] or 0) > self.limits.size:
                raise _EndedError(f"larger than {self.limits.size:,} bytes: allow more by size_limit")
            self.known["size"] = size
            block: bytes | bytearray = piece
            if held or len(piece) < _ENOUGH:
                held += piece
                block = held
            if len(block) >= _ENOUGH:
                file.write(block)
                fingerprint.update(block)
                held = bytearray()
        file.write(held)
        fingerprint.update(held)
        self.end_if_due()  # a connection that was cut looks like the end of a file without length
        return fingerprint.hexdigest()


def rest(seconds: float, stop: Event) -> None:
    """Wait so long or until `stop` is set, in slices, because Windows cannot interrupt a wait."""
    until = perf_counter() + seconds
    while (left := until - perf_counter()) > 0 and not stop.wait(min(left, 0.1)):
        pass


def _pause(error: Any, retries: Retry) -> float:
    """Return how many seconds the server asks to wait, or else how many are usual after so many tries."""
    with suppress(InvalidHeader, AttributeError):  # no number, or no answer at all
        return float(retries.get_retry_after(error.response) or retries.get_backoff_time())
    return retries.get_backoff_time()
