"""What the threads of one run find in the place of `threading`, `queue`, `time.sleep` and `sys.stdout`.

Of the locks only the plain one is made here. What the library builds on it (RLock, Condition, Semaphore,
Event, Barrier, `queue.Queue`, futures) keeps its own code and so its own meaning.
"""

import _thread
import queue
import re
import sys
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from functools import partial
from threading import current_thread
from types import FrameType
from typing import Any

from threadlab.running.lanes import IDLE, SLEEP, Ended, Lanes, Recording, Wanted, Write
from threadlab.running.outside import OUTSIDE, Outside
from threadlab.running.standins import Place, alone, inside, stand_in, world

_HELPED = {  # modules that start threads for themselves: only those of a pool made in the run are its own
    "asyncio.base_events", "concurrent.futures.process", "concurrent.futures.thread",
    "multiprocessing.queues",
}  # fmt: skip


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


@contextmanager
def seen(namespace: dict[str, Any]) -> Iterator[None]:
    """Let who waits for a lock that `namespace` made earlier be seen waiting, for the time of a block."""
    early = {name: value for name, value in list(namespace.items()) if isinstance(value, _thread.LockType)}
    stand_ins = {name: LookalikeLock(lambda lock=lock: lock) for name, lock in early.items()}  # type: ignore[misc]
    namespace.update(stand_ins)
    try:
        yield
    finally:
        namespace.update({n: lock for n, lock in early.items() if namespace.get(n) is stand_ins[n]})


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


class World(Lanes, Outside):
    """The stand-ins of one run. Each gets the real thing first."""

    _new_lock = staticmethod(LookalikeLock)
    # The library's own pure Python classes are made of our plain lock.
    _new_rlock = staticmethod(lambda real: threading._PyRLock())  # type: ignore[attr-defined]
    _new_simple_queue = staticmethod(lambda real: queue._PySimpleQueue())  # type: ignore[attr-defined]

    def _new_pool(self, real: Any, pool: ThreadPoolExecutor, *args: Any, **named: Any) -> None:
        real(pool, *args, **named)
        self._pools.add(pool)

    def _sleep(self, real: Callable[[float], None], seconds: float) -> None:
        """Sleep; in a function called wait_for_payment this shows as waiting for the payment."""
        if not seconds > 0:
            real(seconds)
            return
        caller = sys._getframe(2).f_code.co_name
        what = f"the {caller.removeprefix('wait_for_').replace('_', ' ')}"
        with self._me().during("waiting", what) if caller.startswith("wait_for_") else nullcontext():
            self._wait(lambda part: bool(real(part)), seconds, SLEEP)  # type: ignore[func-returns-value]

    def _new_thread(self, real: Any, thread: threading.Thread, *args: Any, **named: Any) -> None:
        """Make a thread whose run(), called in place of start(), is the work of the calling thread."""
        with inside(None):  # a thread's own locks are real
            real(thread, *args, **named)

        def run_as_task() -> None:
            with self._task(self._name_of(thread)) if world() is self else nullcontext():
                type(thread).run(thread)

        thread.run = run_as_task  # type: ignore[method-assign]

    def _start(self, real: Callable[..., None], thread: threading.Thread) -> None:
        """Start a thread that belongs to the run; those that the library starts for itself do not."""
        starter = sys._getframe(2)
        pool = starter.f_locals.get("self") if starter.f_globals.get("__name__") in _HELPED else None
        me, as_task = None, thread.run
        if thread.ident is None and (pool is None or pool in self._pools):
            me = Recording(self._name_of(thread), self._clock, pool=pool and weakref.ref(pool))
            own = partial(self._run_thread, thread, me)
            thread.run = lambda: (own if current_thread() is thread else as_task)()  # type: ignore[method-assign]
        # CPython 3.11 may raise in a new thread what was meant for its starter.
        with inside(None), alone(self._starting):
            if self._me().to_end:
                raise Ended
            try:
                real(thread)
            finally:
                if me and thread.ident is not None:
                    self._recordings.append(me)
                    self._threads.append((thread, me))

    def _join(self, real: Any, thread: threading.Thread, timeout: float | None = None) -> None:
        def attempt(seconds: float) -> bool:
            real(thread, seconds)
            return not thread.is_alive()

        if not attempt(0):
            what = Wanted("thread", name_in(sys._getframe(2), thread))
            self._wait(attempt, -1 if timeout is None else max(0.0, timeout), what)

    def _print_lines(self, real: Write, text: str) -> int:
        """Write the whole lines of `text`, and keep the rest until its line is complete."""
        me = self._me()
        whole, end, me.text = (me.text + text).rpartition("\n")
        self._write_out(real, whole + end)
        return len(text)

    def _print_rest(self, real: Write) -> None:
        rest, self._me().text = self._me().text, ""
        self._write_out(real, rest)

    def _name_of(self, thread: threading.Thread) -> str:
        """Return the learner's own name for a thread, else its first argument, its function or its number."""
        automatic = re.match(r"(?:Thread|ThreadPoolExecutor)-\d[\d_]*(?: \((\w+)\))?", thread.name)
        if not automatic:
            return thread.name
        if automatic[1] in (None, "_worker"):
            return f"thread {len(self._recordings)}"
        arguments = getattr(thread, "_args", ())
        for argument in arguments[:1] if isinstance(arguments, (list, tuple)) else ():
            plain = type(argument).__module__ == "builtins" or str(argument) == object.__str__(argument)
            if (isinstance(argument, str) or not plain) and 0 < len(str(argument)) <= 16:
                return str(argument)
        self._called[automatic[1]] += 1
        same = self._called[automatic[1]]
        return f"{automatic[1]} {same}" if same > 1 else automatic[1]


PLACES: list[Place] = [
    (threading, "Lock", stand_in("_new_lock")),
    (threading, "_allocate_lock", stand_in("_new_lock")),
    (threading, "RLock", stand_in("_new_rlock")),
    (queue, "SimpleQueue", stand_in("_new_simple_queue")),
    (time, "sleep", stand_in("_sleep")),
    (threading.Thread, "__init__", stand_in("_new_thread")),
    (threading.Thread, "start", stand_in("_start")),
    (threading.Thread, "join", stand_in("_join")),
    (ThreadPoolExecutor, "__init__", stand_in("_new_pool")),
    (sys, "stdout", WholeLines),
    *OUTSIDE,
]
