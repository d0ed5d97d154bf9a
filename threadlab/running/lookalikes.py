"""Locks that look like the real ones and give up when their run ends, so that stuck threads really end.

Only the plain lock is made here. What the library builds on it (RLock, Condition, Semaphore, Event, Barrier,
`queue.Queue`, futures) keeps its own code and so its own meaning.
"""

import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from types import FrameType, TracebackType
from typing import Any, Protocol


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a thread waits for."""

    kind: str  # "lock", "queue", "thread" ...
    name: str = ""  # how the learner's line writes it
    holder: int | None = None  # the ident of the thread that holds a lock

    def __str__(self) -> str:
        return f"{'its' if self.kind == 'sleep' else 'the'} {self.kind} {self.name}".rstrip()


SLEEP = Wanted("sleep")
IDLE = Wanted("next task")  # of a pool's worker


class Waiter(Protocol):
    """What a look-alike asks of its run."""

    def wait(self, attempt: Callable[[float], bool], timeout: float, what: Wanted) -> bool:
        """Try `attempt(seconds)` until it succeeds, `timeout` seconds are over or the run ends."""


class LookalikeLock:
    """A `threading.Lock` that knows its holder and waits by way of its run."""

    def __init__(self, real: Callable[[], Any], run: Waiter) -> None:
        self._lock = real()
        self._run = run
        self.holder: int | None = None

    def acquire(self, blocking: bool = True, timeout: float = -1) -> bool:
        """Get the lock; as `threading.Lock.acquire`."""
        if not blocking and timeout != -1:
            raise ValueError("can't specify a timeout for a non-blocking call")
        got: bool = self._lock.acquire(False)
        if not got and blocking:
            got = self._run.wait(lambda seconds: self._lock.acquire(True, seconds), timeout, wanted(self))
        if got:
            self.holder = threading.get_ident()
        return got

    def release(self) -> None:
        """Give the lock back; any thread may."""
        self.holder = None
        self._lock.release()

    def locked(self) -> bool:
        """Tell whether somebody holds the lock."""
        held: bool = self._lock.locked()
        return held

    def __enter__(self) -> bool:
        return self.acquire()

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.release()

    def __repr__(self) -> str:
        return f"<{'locked' if self.locked() else 'unlocked'} lock made inside watch()>"


_KINDS = {
    "Barrier": "barrier",
    "BoundedSemaphore": "semaphore",
    "Condition": "condition",
    "Event": "event",
    "Future": "result",
    "LifoQueue": "queue",
    "PriorityQueue": "queue",
    "Queue": "queue",
    "Semaphore": "semaphore",
    "_PySimpleQueue": "queue",
}
_LIBRARY = {__name__, "threading", "queue", "concurrent.futures._base"}


def wanted(lock: LookalikeLock) -> Wanted:
    """Find out for what the calling thread is about to wait.

    The library's classes wait on locks of their own, so the call is followed outwards to the first line that
    is not the library's: the thing called there is the one that the learner wrote.
    """
    thing: object = lock
    frame: FrameType | None = sys._getframe(1)
    while frame and frame.f_globals.get("__name__") in _LIBRARY:
        thing = frame.f_locals.get("self", thing)
        frame = frame.f_back
    if frame is None or frame.f_code.co_name == "_worker":  # a ThreadPoolExecutor's
        return IDLE
    kind = _KINDS.get(type(thing).__name__, "lock")
    return Wanted(kind, name_in(frame, thing), lock.holder if kind == "lock" else None)


def name_in(frame: FrameType, thing: object) -> str:
    """Return how a line of `frame` would write `thing`, or an empty string."""
    for names in (frame.f_locals, frame.f_globals):
        for name, value in list(names.items()):
            if value is thing and name != "self":
                return name
    for name, value in list(frame.f_locals.items()):
        for field, inner in list(getattr(value, "__dict__", {}).items()):
            if inner is thing:
                return f"{name}.{field}"
    return ""
