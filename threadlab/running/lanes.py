"""The threads of one run: each has a lane, and none waits or computes longer than the run lasts."""

import sys
import threading
import time
import weakref
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass, field

from threadlab.running.accesses import Accesses
from threadlab.running.standins import alone, inside, raise_in_thread
from threadlab.running.ticks import PAUSE, Pulse, give_pulse
from threadlab.running.timeline import Lane, Mark, Span, State

Write = Callable[[str], object]
_SLICE, _RARE, _JOIN = 0.1, 0.3, 1.0  # seconds between two looks whether the run is over: each needs the GIL
_WAY_HOME = 0.02  # seconds


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a thread waits for."""

    kind: str  # "lock", "queue", "thread" ...
    name: str = ""  # how the learner's line writes it
    holder: int | None = None  # the ident of the thread that holds a lock

    def __str__(self) -> str:
        return f"the {self.kind} {self.name}".rstrip()


SLEEP = Wanted("sleep")
IDLE = Wanted("next task")  # of a pool's worker


@dataclass(slots=True, eq=False)
class Recording:
    """One lane while it grows. Only its own thread writes to it, until the run is over."""

    name: str
    clock: Callable[[], float]  # seconds since the run began
    own_thread: bool = True
    pulse: Pulse | None = None  # its ticks, if these are wanted
    ident: int = field(default_factory=threading.get_ident)
    spans: list[Span] = field(default_factory=list)
    marks: list[Mark] = field(default_factory=list)
    end: str = ""
    wanted: Wanted | None = None  # for what it waits now
    pool: Callable[[], ThreadPoolExecutor | None] | None = None  # a weak reference: whose worker it is
    to_end: bool = False  # somebody asked this thread to end
    was_sent: bool = False  # an exception from outside
    text: str = ""  # printed, and not yet a whole line
    _since: float = 0.0
    _state: State | None = None  # None: not on the lane, an idle worker of a pool
    _what: str = ""
    _due: float | None = None  # when the present wait was over, as far as it alone is concerned

    def enter(self, state: State | None, what: str = "") -> None:
        """Close the present span and open one of `state`."""
        now = self.clock()
        self.spans += self._present(now, own_thread=True)
        self._since, self._state, self._what, self._due = now, state, what, None
        if self.pulse and state == "running":
            self.pulse.begin()

    def be_due(self, late: float) -> None:
        """Note that the present wait was over `late` seconds ago; what came since was not its doing."""
        self._due = self.clock() - late

    @contextmanager
    def during(self, state: State | None, what: str = "") -> Iterator[None]:
        """Be in `state` for the time of a block; inside another wait, stay in that one."""
        if self._state != "running":
            yield
            return
        self.enter(state, what)
        try:
            yield
        finally:
            self.enter("running")

    def finish(self, end: str) -> None:
        """Close the lane with how it ended; the first word counts."""
        self.end = self.end or end
        if self.spans and self._since > self.spans[-1].end and self.clock() - self._since < _WAY_HOME:
            self._state = None  # a worker that was idle and leaves its pool
        self.enter(None)

    def lane(self, now: float) -> Lane:
        """Return the lane as plain numbers; one that still runs is cut at `now`."""
        spans = [*self.spans, *self._present(now, own_thread=False)]
        return Lane(self.name, tuple(spans), tuple(self.marks), self.end or "still running")

    def _present(self, now: float, *, own_thread: bool) -> list[Span]:
        """Return the stretch that is not closed yet, up to `now`."""
        if self.pulse and self._state == "running":
            began = time.perf_counter() - self.clock()
            return self.pulse.spans(began, self._since, now, own_thread=own_thread)
        if not self._state:
            return []
        if not self.pulse or self._due is None or now - self._due < PAUSE:
            return [Span(self._since, now, self._state, self._what)]
        due = max(self._since, self._due)
        return [Span(self._since, due, self._state, self._what), Span(due, now, "off")]


class Ended(SystemExit):
    """Raised in the threads of a run that is over; `except Exception` does not swallow it."""


class Lanes:
    """What each thread of one run records on, and what ends it."""

    def __init__(self, limit: float, accesses: Accesses | None, write: Write | None, *, ticks: bool) -> None:
        self.stopped = False  # whether it was ended before it was finished
        self._ticks = ticks
        self._limit, self._accesses = limit, accesses
        self._write = write  # where whole printed lines go; None: where they would go anyway
        self._report = ""  # who waited for what when the limit was reached
        self._recordings: list[Recording] = []  # of threads and tasks, in the order of their start
        self._threads: list[tuple[threading.Thread, Recording]] = []
        self._over = threading.Lock()  # held by the block until its end
        self._pools = weakref.WeakSet[ThreadPoolExecutor]()
        self._now_of: dict[int, Recording] = {}  # what each thread records on now, by ident
        self._called = Counter[str]()  # how many threads run a function of this name
        self._guard = threading.RLock()  # guards that no thread is ended after its last line
        self._starting = threading.RLock()  # guards that none is ended while it starts another one
        self._began = time.perf_counter()

    def stop(self, *, early: bool = True) -> None:
        """End everything that this run started, from any thread, and leave its block quietly.

        A thread that waits sees it soon, one that computes gets an exception.
        """
        self.stopped = self.stopped or early
        with alone(self._starting), self._guard:
            for each in list(self._recordings):
                each.to_end = True
                if self._now_of.get(each.ident) is each and each.wanted is None:
                    each.was_sent = True
                    raise_in_thread(each.ident, Ended)

    def _clock(self) -> float:  # seconds since the run began
        return time.perf_counter() - self._began

    def _me(self) -> Recording:
        return self._now_of[threading.get_ident()]

    def _enter(self, me: Recording) -> Recording:
        """Let the calling thread record on `me` from now on."""
        me.ident = threading.get_ident()
        with alone(self._guard):
            if not me.own_thread:  # else its starter has put it there, in the order of starts
                self._recordings.append(me)
            self._now_of[me.ident] = me
        me.pulse = Pulse() if self._ticks else None
        give_pulse(me.pulse)
        me.enter("running")
        return me

    def _leave(self, end: str) -> None:
        """Close the lane of the calling thread; from here on nobody ends this thread."""
        me = self._me()
        while self._now_of.get(me.ident) is me:
            with suppress(Ended), alone(self._guard):
                self._now_of.pop(me.ident)
        if me.was_sent:
            with suppress(Ended):  # one that was sent too late must be raised here: nobody can take it back
                for _ in range(1000):
                    pass
        me.finish(end)
        give_pulse(None)
        with inside(None):
            self._write_out(sys.stdout.write, me.text)

    @contextmanager
    def _task(self, name: str) -> Iterator[None]:
        """Give a piece of work of the watching thread a lane of its own, for the time of a block."""
        before = self._me()
        if before is not self._recordings[0]:
            yield
            return
        me = self._enter(Recording(name, self._clock, own_thread=False, text=before.text))
        try:
            yield
        finally:
            me.finish("done")
            before.text = me.text
            give_pulse(before.pulse)
            self._now_of[me.ident] = before

    def _write_out(self, real: Write, text: str) -> None:
        if text:
            (self._write or real)(text)

    def _run_thread(self, thread: threading.Thread, me: Recording) -> None:
        """Run what a started thread runs, on its lane."""
        end = "done"
        try:
            self._enter(me)
            with inside(self), self._accesses.traced(me.marks) if self._accesses else nullcontext():
                if me.to_end:
                    raise Ended
                type(thread).run(thread)
        except BaseException as error:
            if me.to_end or isinstance(error, Ended):  # or what came of that on its way
                end = "was ended"
                return
            end = f"died of {type(error).__name__}: {error}".removesuffix(": ")
            error.__traceback__ = error.__traceback__ and error.__traceback__.tb_next  # without our own line
            hook = threading.ExceptHookArgs((type(error), error, error.__traceback__, thread))
            threading.excepthook(hook)
        finally:
            self._leave(end)

    def _end_in_time(self) -> None:
        """Unless it is over before the limit, say who is still there, and stop."""
        if self._over.acquire(timeout=min(self._limit, threading.TIMEOUT_MAX)):
            return
        names = {recording.ident: recording.name for recording in self._recordings}
        late = [r for thread, r in self._threads if thread.is_alive() and r.wanted is not IDLE]
        late = late or self._recordings[:1]
        for each in late:
            wanted = each.wanted
            doing = "busy" if wanted is SLEEP else f"waiting for {wanted}" if wanted else "running"
            each.end = f"was still {doing}"  # who sleeps would have gone on by itself
            if wanted and wanted.holder in names:
                each.end += f", held by {names[wanted.holder]}"
        told = "; ".join(f"{each.name} {each.end}" for each in late)
        self._report = f"Stopped after {self._limit:g} s: {told}."
        self.stop()

    def _wait(self, attempt: Callable[[float], bool], timeout: float, what: Wanted) -> bool:
        """Wait in slices until `attempt(seconds)` succeeds, the time is over or the run ends."""
        me, got = self._me(), False
        until = float("inf") if timeout < 0 else time.perf_counter() + timeout
        most = _JOIN if what.kind == "thread" else _RARE if self._ticks else _SLICE
        me.wanted = what
        with me.during(None if what == IDLE else "waiting" if what == SLEEP else "blocked", what.kind):
            while not got and (left := until - time.perf_counter()) > 0:
                got = attempt(min(most, left))
                if not got and me.to_end and what is not IDLE:  # its pool ends an idle worker
                    raise Ended
            if what is SLEEP and until < time.perf_counter():  # it woke, and had to wait until it could run
                me.be_due(time.perf_counter() - until)
        me.wanted = None
        return got
