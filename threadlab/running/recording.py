"""Keep what each thread of a run did, as it does it."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field

from threadlab.running.lookalikes import Wanted
from threadlab.running.timeline import Lane, Mark, Span, State

_WAY_HOME = 0.02  # seconds


@dataclass(slots=True, eq=False)
class Recording:
    """One lane while it grows. Only its own thread writes to it, until the run is over."""

    name: str
    clock: Callable[[], float]  # seconds since the run began
    own_thread: bool = True
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

    def enter(self, state: State | None, what: str = "") -> None:
        """Close the present span and open one of `state`."""
        now = self.clock()
        if self._state:
            self.spans.append(Span(self._since, now, self._state, self._what))
        self._since, self._state, self._what = now, state, what

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
        spans = list(self.spans)
        if self._state:
            spans.append(Span(self._since, now, self._state, self._what))
        return Lane(self.name, tuple(spans), tuple(self.marks), self.end or "still running", self.own_thread)
