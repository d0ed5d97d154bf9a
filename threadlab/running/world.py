"""The threads of one run: each has a lane, and none waits or computes longer than the run lasts."""

import ctypes
import queue
import re
import sys
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext, suppress
from typing import Any

from threadlab.running.accesses import Accesses
from threadlab.running.lookalikes import IDLE, SLEEP, LookalikeLock, Wanted, name_in
from threadlab.running.recording import Recording
from threadlab.running.standins import Place, inside, stand_in, world
from threadlab.running.texts import WholeLines

_SLICE = 0.1  # seconds that a wait lasts before it looks whether the run is over


class Ended(SystemExit):
    """Raised in the threads of a run that is over; `except Exception` does not swallow it."""


class World:
    """What the threads of one run find in the place of `threading`, and what is recorded of them."""

    def __init__(
        self, limit: float, accesses: Accesses | None, write: Callable[[str], object] | None
    ) -> None:
        self.limit = limit
        self.stopped = False
        self.report = ""  # who waited for what when the limit was reached
        self.recordings: list[Recording] = []  # of threads and tasks, in the order of their start
        self.threads: list[tuple[threading.Thread, Recording]] = []
        self._accesses = accesses
        self._write = write  # where whole printed lines go; None: where they would go anyway
        self._pools: list[weakref.ref[ThreadPoolExecutor]] = []
        self._now_of: dict[int, Recording] = {}  # what each thread records on now, by ident
        self._guard = threading.Lock()  # guards the lists, and that no thread is ended after its last line
        self._saying = threading.Lock()  # held by the one who says that the limit was reached
        self._began = time.perf_counter()

    def clock(self) -> float:
        """Return the seconds since the run began."""
        return time.perf_counter() - self._began

    # Lanes.

    def me(self) -> Recording:
        """Return what the calling thread records on."""
        return self._now_of[threading.get_ident()]

    def begin(self) -> None:
        """Start the clock, with a lane for the calling thread."""
        self._began = time.perf_counter()
        self._record(Recording("the notebook", self.clock, own_thread=False)).enter("running")

    def leave(self, end: str) -> None:
        """Close the lane of the calling thread; from here on nobody ends this thread."""
        me = self.me()
        with suppress(Ended), self._guard:
            self._now_of.pop(me.ident, None)
        if me.was_sent:
            # One that was sent too late must be raised here: taking it back (NULL) leaves CPython 3.11 with a
            # signal that is never cleared, and any traced thread then spins for ever.
            with suppress(Ended):
                for _ in range(1000):
                    pass
        me.finish(end)
        if me.text:
            with inside(None):
                self.write_out(sys.stdout, me.text)

    @contextmanager
    def task(self, name: str) -> Iterator[None]:
        """Give a piece of work of the watching thread a lane of its own, for the time of a block."""
        before = self.me()
        if before is not self.recordings[0]:
            yield
            return
        me = self._record(Recording(name, self.clock, own_thread=False))
        me.enter("running")
        try:
            yield
        finally:
            me.finish("done")
            self._now_of[me.ident] = before

    def write_out(self, real: Any, text: str) -> None:
        """Write printed text to where it goes."""
        (self._write or real.write)(text)

    def _record(self, recording: Recording) -> Recording:
        with self._guard:
            self.recordings.append(recording)
            self._now_of[recording.ident] = recording
        return recording

    def _run_thread(self, thread: threading.Thread, me: Recording) -> None:
        """Run what a started thread runs, on its lane."""
        me.ident = threading.get_ident()
        with self._guard:
            self._now_of[me.ident] = me
        me.enter("running")
        end = "done"
        try:
            with inside(self), self._accesses.traced(me) if self._accesses else nullcontext():
                if not me.to_end:
                    type(thread).run(thread)
        except Ended:
            end = "was ended"
        except BaseException as error:
            end = f"died of {type(error).__name__}: {error}".removesuffix(": ")
            error.__traceback__ = (
                error.__traceback__ and error.__traceback__.tb_next
            )  # without the line above
            threading.excepthook(threading.ExceptHookArgs((type(error), error, error.__traceback__, thread)))
        finally:
            self.leave(end)

    def _name_of(self, thread: threading.Thread) -> str:
        """Return the learner's own name for a thread, else its first argument, its function or its number."""
        automatic = re.match(r"(?:Thread|ThreadPoolExecutor)-\d[\d_]*(?: \((\w+)\))?", thread.name)
        if not automatic:
            return thread.name
        name = automatic[1] if automatic[1] != "_worker" else None
        for argument in (getattr(thread, "_args", None) or ())[:1] if name else ():
            own_words = isinstance(argument, str) or type(argument).__module__ != "builtins"
            if own_words and type(argument).__str__ is not object.__str__ and 0 < len(str(argument)) <= 16:
                return str(argument)
        if not name:
            return f"thread {len(self.threads) + 1}"
        same = sum(each.name.rpartition(" ")[0] == name or each.name == name for _, each in self.threads)
        return f"{name} {same + 1}" if same else name

    # Ends.

    def shut_down_pools(self) -> None:
        """Let the idle workers of the learner's pools go home."""
        for pool in [reference() for reference in self._pools]:
            if pool is not None:
                pool.shutdown(wait=False, cancel_futures=self.stopped)

    def end(self, recordings: list[Recording]) -> None:
        """Ask threads to end: one that waits sees it soon, one that computes gets an exception."""
        with self._guard:
            for recording in list(recordings):
                recording.to_end = True
                if self._now_of.get(recording.ident) is recording and recording.wanted is None:
                    recording.was_sent = True
                    ctypes.pythonapi.PyThreadState_SetAsyncExc(
                        ctypes.c_ulong(recording.ident), ctypes.py_object(Ended)
                    )

    def stop(self) -> None:
        """End everything that this run started, and the block itself."""
        self.stopped = True
        self.end(self.recordings)

    def _reach_limit(self) -> None:
        """Say who waited for what, and stop."""
        names = {recording.ident: recording.name for recording in self.recordings}
        clauses = []
        for me in [r for thread, r in self.threads if thread.is_alive()] or [self.me()]:
            end = f"was still waiting for {me.wanted}" if me.wanted else "was still running"
            if me.wanted and me.wanted.holder in names:
                end += f", held by {names[me.wanted.holder]}"
            if me.wanted is not IDLE:
                me.end = end
                clauses.append(f"{me.name} {end}")
        self.report = f"Stopped after {self.limit:g} s: {'; '.join(clauses)}."
        self.stop()

    def wait(self, attempt: Callable[[float], bool], timeout: float, what: Wanted) -> bool:
        """Wait in slices until `attempt(seconds)` succeeds, the time is over or the run ends."""
        if world() is not self:  # a lock that outlived its run
            return attempt(timeout)
        me = self.me()
        until = float("inf") if timeout < 0 else time.perf_counter() + timeout
        me.wanted = what
        with me.during(None if what == IDLE else "waiting" if what == SLEEP else "blocked", what.kind):
            while not attempt(max(0.0, min(_SLICE, until - time.perf_counter()))):
                self._check(me)
                if time.perf_counter() >= until:
                    me.wanted = None
                    return False
        me.wanted = None
        return True

    def _check(self, me: Recording) -> None:
        """Leave the calling thread by an exception if it is to end; its pool ends an idle worker."""
        if self.clock() >= self.limit and not self.stopped and self._saying.acquire(blocking=False):
            self._reach_limit()
        if me.to_end and me.wanted is not IDLE:
            raise Ended

    # Stand-ins: each gets the real thing first.

    def _new_lock(self, real: Callable[[], Any]) -> LookalikeLock:
        return LookalikeLock(real, self)

    def _new_rlock(self, real: Callable[[], Any]) -> Any:
        return threading._PyRLock()  # the library's own, made of our plain lock

    def _new_simple_queue(self, real: Callable[[], Any]) -> Any:
        return queue._PySimpleQueue()  # type: ignore[attr-defined]  # likewise

    def _new_pool(
        self, real: Callable[..., None], pool: ThreadPoolExecutor, *args: Any, **named: Any
    ) -> None:
        real(pool, *args, **named)
        self._pools.append(weakref.ref(pool))

    def _sleep(self, real: Callable[[float], None], seconds: float) -> None:
        def attempt(slice_seconds: float) -> bool:
            real(slice_seconds)
            return False

        if not seconds > 0:
            real(seconds)
            return
        caller = sys._getframe(2).f_code.co_name  # one called wait_for_payment says what the sleep stands for
        named = caller.startswith("wait_for_")
        what = f"the {caller.removeprefix('wait_for_').replace('_', ' ')}"
        with self.me().during("waiting", what) if named else nullcontext():
            self.wait(attempt, seconds, SLEEP)

    def _new_thread(
        self, real: Callable[..., None], thread: threading.Thread, *args: Any, **named: Any
    ) -> None:
        with inside(None):  # a thread's own locks are real
            real(thread, *args, **named)

        def run_as_task() -> None:  # run() in place of start(): the work of the calling thread
            with self.task(self._name_of(thread)) if world() is self else nullcontext():
                type(thread).run(thread)

        thread.run = run_as_task  # type: ignore[method-assign]

    def _start(self, real: Callable[..., None], thread: threading.Thread) -> None:
        me = Recording(self._name_of(thread), self.clock)
        thread.run = lambda: self._run_thread(thread, me)  # type: ignore[method-assign]
        with inside(None):
            real(thread)
        with self._guard:
            self.recordings.append(me)
            self.threads.append((thread, me))

    def _join(
        self, real: Callable[..., None], thread: threading.Thread, timeout: float | None = None
    ) -> None:
        def attempt(seconds: float) -> bool:
            real(thread, seconds)
            return not thread.is_alive()

        if not attempt(0):
            what = Wanted("thread", name_in(sys._getframe(2), thread))
            self.wait(attempt, -1 if timeout is None else max(0.0, timeout), what)

    def _write_text(self, real: Any, text: str) -> None:
        me = self.me()
        whole, end, me.text = (me.text + text).rpartition("\n")
        if end:
            self.write_out(real, whole + end)


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
]
