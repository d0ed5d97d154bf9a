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

from threadlab.running.lanes import Ended, Lanes
from threadlab.running.lookalikes import SLEEP, LookalikeLock, Wanted, WholeLines, name_in
from threadlab.running.recording import Recording
from threadlab.running.standins import Place, inside, stand_in, world

_HELPED = {  # modules that start threads for themselves: only those of a pool made in the run are its own
    "asyncio.base_events", "concurrent.futures.process", "concurrent.futures.thread",
    "multiprocessing.queues", "subprocess",
}  # fmt: skip


class World(Lanes):
    """The stand-ins of one run. Each gets the real thing first."""

    new_lock = staticmethod(LookalikeLock)
    # The library's own pure Python classes are made of our plain lock.
    new_rlock = staticmethod(lambda real: threading._PyRLock())  # type: ignore[attr-defined]
    new_simple_queue = staticmethod(lambda real: queue._PySimpleQueue())  # type: ignore[attr-defined]

    def new_pool(self, real: Callable[..., None], pool: ThreadPoolExecutor, *args: Any, **named: Any) -> None:
        """Make a pool that ends with the run."""
        real(pool, *args, **named)
        self.pools.add(pool)

    def sleep(self, real: Callable[[float], None], seconds: float) -> None:
        """Sleep; in a function called wait_for_payment this shows as waiting for the payment."""
        if not seconds > 0:
            real(seconds)
            return
        caller = sys._getframe(2).f_code.co_name
        what = f"the {caller.removeprefix('wait_for_').replace('_', ' ')}"
        with self.me().during("waiting", what) if caller.startswith("wait_for_") else nullcontext():
            self.wait(lambda part: bool(real(part)), seconds, SLEEP)  # type: ignore[func-returns-value]

    def new_thread(
        self, real: Callable[..., None], thread: threading.Thread, *args: Any, **named: Any
    ) -> None:
        """Make a thread whose run(), called in place of start(), is the work of the calling thread."""
        with inside(None):  # a thread's own locks are real
            real(thread, *args, **named)

        def run_as_task() -> None:
            with self.task(self.name_of(thread)) if world() is self else nullcontext():
                type(thread).run(thread)

        thread.run = run_as_task  # type: ignore[method-assign]

    def start(self, real: Callable[..., None], thread: threading.Thread) -> None:
        """Start a thread that belongs to the run; those that the library starts for itself do not."""
        starter = sys._getframe(2)
        pool = starter.f_locals.get("self") if starter.f_globals.get("__name__") in _HELPED else None
        me, as_task = None, thread.run
        if thread.ident is None and (pool is None or pool in self.pools):
            me = Recording(self.name_of(thread), self.clock, pool=pool and weakref.ref(pool))
            own = partial(self.run_thread, thread, me)
            thread.run = lambda: (own if current_thread() is thread else as_task)()  # type: ignore[method-assign]
        # CPython 3.11 may raise in a new thread what was meant for its starter.
        with inside(None), self.alone(self.starting):
            if self.me().to_end:
                raise Ended
            try:
                real(thread)
            finally:
                if me and thread.ident is not None:
                    self.recordings.append(me)
                    self.threads.append((thread, me))

    def join(self, real: Callable[..., None], thread: threading.Thread, timeout: float | None = None) -> None:
        """Wait for a thread to end."""

        def attempt(seconds: float) -> bool:
            real(thread, seconds)
            return not thread.is_alive()

        if not attempt(0):
            what = Wanted("thread", name_in(sys._getframe(2), thread))
            self.wait(attempt, -1 if timeout is None else max(0.0, timeout), what)

    def write_text(self, real: Any, text: str, *, rest: bool = False) -> None:
        """Write the whole lines of `text`, and keep the rest until its line is complete."""
        me = self.me()
        whole, end, me.text = (me.text + text).rpartition("\n")
        if rest:
            end, me.text = end + me.text, ""
        if end:
            self.write_out(real, whole + end)


PLACES: list[Place] = [
    (threading, "Lock", stand_in("new_lock")),
    (threading, "_allocate_lock", stand_in("new_lock")),
    (threading, "RLock", stand_in("new_rlock")),
    (queue, "SimpleQueue", stand_in("new_simple_queue")),
    (time, "sleep", stand_in("sleep")),
    (threading.Thread, "__init__", stand_in("new_thread")),
    (threading.Thread, "start", stand_in("start")),
    (threading.Thread, "join", stand_in("join")),
    (ThreadPoolExecutor, "__init__", stand_in("new_pool")),
    (sys, "stdout", WholeLines),
]
