"""What the threads of one run find in the place of `threading`, `queue`, `time.sleep` and `sys.stdout`."""

import queue
import sys
import threading
import time
import weakref
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from functools import partial
from threading import current_thread
from typing import Any

from threadlab.running.lanes import Ended, Lanes, Recording, alone
from threadlab.running.lookalikes import SLEEP, LookalikeLock, Wanted, WholeLines, name_in
from threadlab.running.standins import Place, inside, stand_in, world

_HELPED = {  # modules that start threads for themselves: only those of a pool made in the run are its own
    "asyncio.base_events", "concurrent.futures.process", "concurrent.futures.thread",
    "multiprocessing.queues", "subprocess",
}  # fmt: skip


class World(Lanes):
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

    def _print_lines(self, real: Callable[[str], object], text: str) -> int:
        """Write the whole lines of `text`, and keep the rest until its line is complete."""
        me = self._me()
        whole, end, me.text = (me.text + text).rpartition("\n")
        self._write_out(real, whole + end)
        return len(text)

    def _print_rest(self, real: Callable[[str], object]) -> None:
        rest, self._me().text = self._me().text, ""
        self._write_out(real, rest)


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
