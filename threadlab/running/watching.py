"""Watch plain `threading` code: who ran and who waited when, with an end for what would hang."""

import _thread
import sys
import threading
import time
from contextlib import AbstractContextManager, ExitStack, nullcontext
from typing import Any, Self

from threadlab.running.accesses import Accesses
from threadlab.running.arguments import number
from threadlab.running.gil import explain
from threadlab.running.lanes import Ended, Recording, Write
from threadlab.running.machine import this_machine
from threadlab.running.standins import inside, replaced, world
from threadlab.running.ticking import ticking
from threadlab.running.timeline import Timeline
from threadlab.running.world import PLACES, World, seen

_GRACE = 0.6  # seconds that threads have to end once they were asked to


def watch(*, limit: float = 10.0, shared: object = None, gil: bool = False) -> "Watch":
    """Watch the plain threading code of a `with` block; afterwards `run.lanes()` draws it.

        >>> from threading import Thread
        >>> with watch() as run:
        ...     Thread(target=sum, args=([1, 2],), name="Ann").start()
        >>> [lane.name for lane in run.timeline.lanes]
        ['Ann']

    Threads started inside (pools too) are recorded, and have ended when the block ends. Locks, queues and the
    like that are made inside give up at the limit, and so do `sleep` and `join`: nothing hangs.

    Args:
        limit: Seconds after which what still runs is ended, and one sentence says who waited for what.
        shared: A dict or object of numbers. Its reads and changes in the lines of the notebook or file that
            calls watch() are recorded too, by tracing these lines (which takes time).
        gil: Whether to tell running from waiting for the GIL; loops of this notebook take longer then.

    Raises:
        TypeError: `limit` is not a number, or `shared` has no entries to follow.
        ValueError: `limit` is below 0.01 seconds.
        RuntimeError: this code is being watched already.
    """
    return Watch(limit=limit, shared=shared, gil=gil, namespace=sys._getframe(1).f_globals)


def waiting(what: str) -> AbstractContextManager[Any]:
    """Show the calling thread as waiting for `what`, if it is being watched, for the time of a block."""
    run = world()
    return run._me().during("waiting", what) if isinstance(run, Watch) else nullcontext()


def growing(thing: Any) -> None:
    """Let who watches the calling thread, if anybody, look at `thing` while it grows, and `end` it."""
    run = world()
    if isinstance(run, Watch):
        run.growing.append(thing)


def task(name: str) -> AbstractContextManager[Any]:
    """Give a piece of work in the watching thread itself a lane, for the time of a block."""
    run = world()
    return run._task(name) if isinstance(run, Watch) else nullcontext()


class Watch(World):
    """One watched run: a `with` block, then `.timeline` as numbers and `.lanes()` as a picture."""

    def __init__(
        self,
        *,
        limit: float,
        namespace: dict[str, Any],
        shared: object = None,
        gil: bool = False,
        write: Write | None = None,
    ) -> None:
        accesses = None if shared is None else Accesses(shared, namespace, self._clock)
        super().__init__(number("limit", limit, least=0.01), accesses, write, ticks=gil)
        self.growing: list[Any] = []
        self._namespace = namespace
        self._interval = sys.getswitchinterval()  # the longest that was in force
        self._seconds: float | None = None  # how long it took, once it is over
        self._stack = ExitStack()

    @property
    def is_waiting(self) -> bool:
        """Whether the thread of the `with` block waits for another one just now."""
        return self._recordings[0].wanted is not None

    @property
    def timeline(self) -> Timeline:
        """The run as plain numbers; while it runs, what is known so far."""
        now = self._clock() if self._seconds is None else self._seconds
        recordings = self._recordings[1:] or self._recordings  # the first: the watching thread
        lanes = tuple(lane for lane in (recording.lane(now) for recording in recordings) if lane.spans)
        changes, machine = tuple(self._accesses.changes) if self._accesses else (), this_machine()
        lanes = explain(lanes, gil=machine.gil, interval=self._interval) if self._ticks else lanes
        return Timeline(lanes, now, changes, self._report, machine, ticks=self._ticks)

    def stop(self, *, early: bool = True) -> None:
        """End all; who waits for the network does not hear of an exception."""
        super().stop(early=early)
        for thing in list(self.growing):
            thing.end()

    def lanes(self, *, before: "Watch | None" = None, guess: Any = None) -> None:
        """Draw who ran and who waited when.

        Args:
            before: An earlier run, drawn above in grey on the same time axis.
            guess: What predict() returned; drawn dashed.
        """
        from threadlab.showing.timelines import plot_timeline

        plot_timeline(self.timeline, before=before.timeline if before else None, guess=guess)

    def __enter__(self) -> Self:
        if world() is not None:
            raise RuntimeError("this code is being watched already: end the other watch() first")
        if self._seconds is not None:
            raise RuntimeError("this run is over: write `with watch() as run:` to begin a new one")
        self._over.acquire()
        _thread.start_new_thread(self._end_in_time, ())  # unlisted: the learner counts threads
        self._stack.enter_context(replaced(PLACES, self._namespace))
        self._stack.enter_context(inside(self))
        if self._ticks:
            self._stack.enter_context(ticking(self._namespace))
            self._stack.enter_context(seen(self._namespace))
        self._began = time.perf_counter()
        self._enter(Recording("the notebook", self._clock, own_thread=False))
        return self

    def __exit__(self, kind: type[BaseException] | None, error: object, trace: object) -> bool:
        try:
            if kind is None:
                for with_pools in (False, True):  # a thread may give its pool work to the last
                    for thread, recording in self._threads:  # the list may grow meanwhile
                        if not thread.daemon and (with_pools or recording.pool is None):
                            if pool := recording.pool and recording.pool():
                                pool.shutdown(wait=False)
                            threading.Thread.join(thread)  # not what the learner made of it
        except Ended:
            return True
        finally:
            self._close()
        return kind is not None and issubclass(kind, Ended)

    def _close(self) -> None:
        """End what is left, put everything back, and say what went wrong."""
        self._interval = max(self._interval, sys.getswitchinterval())
        with self._stack:
            self._leave("done")
        self._over.release()
        for pool in list(self._pools):  # its idle workers may go home
            pool.shutdown(wait=False, cancel_futures=self.stopped)
        self.stop(early=False)
        until = time.perf_counter() + _GRACE
        for thread, _ in self._threads:
            threading.Thread.join(thread, max(0.0, until - time.perf_counter()))
        self._seconds = self._clock()
        left = [recording.name for thread, recording in self._threads if thread.is_alive()]
        if left:
            self._report += f" {' and '.join(left)} could not be ended: {self._why_not()}."
        if self._report:
            self._write_out(sys.stdout.write, self._report.strip() + "\n")

    def _why_not(self) -> str:
        kinds = type(threading.Lock()), type(threading.RLock())
        locks = [name for name, value in self._namespace.items() if isinstance(value, kinds)]
        if locks:
            return f"{' or '.join(locks)} was made before watch(); make it inside the with block"
        holders = "a long call into C, a child process or a lock made before watch()"
        return f"{holders} holds it; make locks inside the with block"
