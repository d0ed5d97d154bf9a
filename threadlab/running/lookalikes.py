"""What looks like a lock or like `sys.stdout` to the threads of a run, and asks the run what to do.

Of the locks only the plain one is made here. What the library builds on it (RLock, Condition, Semaphore,
Event, Barrier, `queue.Queue`, futures) keeps its own code and so its own meaning.
"""

import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from types import FrameType
from typing import Any

from threadlab.running.standins import inside, stand_in, world


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


class LookalikeLock:
    """A `threading.Lock` that knows its holder and waits by way of the run of who waits."""

    def __init__(self, real: Callable[[], Any]) -> None:
        self._lock = real()
        self.holder: int | None = None
        self.locked, self._at_fork_reinit = self._lock.locked, self._lock._at_fork_reinit

    def acquire(self, blocking: bool = True, timeout: float = -1) -> bool:
        """Get the lock; as `threading.Lock.acquire`."""
        if not blocking and timeout != -1:
            raise ValueError("can't specify a timeout for a non-blocking call")
        got: bool = self._lock.acquire(False)
        if not got and blocking:  # only now: a lock that is free costs next to nothing
            wait = getattr(world(), "_wait", None)  # the run that made it may be over
            real = self._lock.acquire
            got = wait(lambda part: real(True, part), timeout, _wanted(self)) if wait else real(True, timeout)
        if got:
            self.holder = threading.get_ident()
        return got

    def release(self) -> None:
        """Give the lock back; any thread may."""
        self.holder = None
        self._lock.release()

    def __enter__(self) -> bool:
        return self.acquire()

    def __exit__(self, *_: object) -> None:
        self.release()


_KINDS = {
    "BoundedSemaphore": "semaphore", "Future": "result", "LifoQueue": "queue", "LookalikeLock": "lock",
    "PriorityQueue": "queue", "_PySimpleQueue": "queue", "_RLock": "lock",
}  # fmt: skip
_LIBRARY = {__name__, "threading", "queue", "concurrent.futures._base"}


def _wanted(lock: LookalikeLock) -> Wanted:
    """Find out for what the calling thread is about to wait.

    The library's classes wait on locks of their own, so the call is followed outwards to the first line that
    is not the library's: the thing called there is the one that the learner wrote.
    """
    thing: object = lock
    frame: FrameType | None = sys._getframe(1)
    while frame and frame.f_globals.get("__name__") in _LIBRARY:
        caller = frame.f_locals.get("self", thing)
        thing = thing if isinstance(caller, threading.Thread) else caller
        frame = frame.f_back
    place = frame and (frame.f_globals.get("__name__"), frame.f_code.co_name)
    if frame is None or place == ("concurrent.futures.thread", "_worker"):
        return IDLE
    kind = _KINDS.get(type(thing).__name__, type(thing).__name__.lower())
    return Wanted(kind, name_in(frame, thing), lock.holder if kind == "lock" else None)


def name_in(frame: FrameType, thing: object) -> str:
    """Return how a line of `frame` would write `thing`, or an empty string."""
    for name, value in reversed({**frame.f_globals, **frame.f_locals}.items()):
        if value is thing and name != "self":
            return name
    for name, value in frame.f_locals.items():
        is_dict = isinstance(value, dict)
        for field, inner in list((value if is_dict else getattr(value, "__dict__", {})).items()):
            if inner is thing:
                return f"{name}[{field!r}]" if is_dict else f"{name}.{field}"
    return ""


class WholeLines:
    """Stands in for `sys.stdout`: what a thread of a run writes goes on line by line."""

    def __init__(self, real: Any) -> None:
        self._real = real
        self.write = stand_in("_print_lines")(real.write)

    def flush(self) -> None:
        """Let go on what is not a whole line yet, too."""
        if rest := getattr(world(), "_print_rest", None):
            rest(self._real.write)
        with inside(None):  # a notebook's stream waits for its own thread here
            self._real.flush()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)
