"""Turns where a run is into a key: two runs with equal keys go on alike, whatever is done with them.

A key counts for nothing unless it holds *everything* that what follows can depend on. What cannot be seen (a
generator, an iterator inside a C function) makes `OpaqueError`: such a state is never taken for another one.
"""

from collections.abc import Iterator
from inspect import CO_COROUTINE
from types import FrameType
from typing import Any

from threadlab.schedules.freezing import Freezer, OpaqueError, OutsideError
from threadlab.schedules.learner import Learner
from threadlab.schedules.outline import UNKNOWN
from threadlab.schedules.primitives import UnsupportedError
from threadlab.schedules.run import Run
from threadlab.schedules.stack import below, calls_directly, depths, step_at

Key = tuple[int, ...]
_KINDS = {
    "threadlab.schedules.tracing": "end",
    "threadlab.schedules.primitives": "ours",
    "threadlab.running.standins": "ours",
    "threadlab.schedules.world": "ours",
    "threading": "library",  # these two wait only inside `with` on locks of their own, which never change
    "queue": "library",
}


def _kind(frame: FrameType) -> str:
    return _KINDS.get(frame.f_globals.get("__name__", ""), "learner")


class States:
    """Gives equal parts of states equal numbers, so that a key is a few small integers."""

    def __init__(self, learner: Learner, roots: list[Any], *, clock_counts: bool = False) -> None:
        self._learner, self._roots = learner, roots
        self.freeze = Freezer(learner)
        self._numbers: dict[Any, int] = {}
        self.plain: set[int] = (
            set()
        )  # numbers of threads that hold plain values only, locks of `state` among them
        self.clock_counts = clock_counts  # whether readings of the clock have become data
        self.unseen = ""  # the last thing that could not be seen

    def key(self, run: Run) -> Key | None:
        """Return the key of where `run` is now, or None if something of it cannot be seen."""
        self.freeze.run = run
        try:
            shared = [
                self.freeze((run.state, self._roots)),
                run.crash and (run.crash[0], type(run.crash[1])),
                self.clock_counts and run.clocks[-1],
                *[lock.content() for lock in run.names],
                *self._data(),
            ]
            key = [self._number(tuple(shared))]
            for me in range(len(run.alive)):
                key.append(self._number(self._thread(run, me)))
                if self.freeze.only_plain:  # it stays so until this thread takes a step
                    self.plain.add(key[-1])
            return tuple(key)
        except OpaqueError as unseen:
            self.unseen = str(unseen)
            return None
        finally:
            self.freeze.forget()

    def _number(self, part: Any) -> int:
        return self._numbers.setdefault(part, len(self._numbers))

    def _data(self) -> Iterator[Any]:
        for namespace, name, where in self._learner.shared_data():
            if name in namespace:
                try:
                    yield where, self.freeze(namespace[name])
                except OutsideError as outside:
                    raise UnsupportedError(
                        str(outside).replace("the shared state holds", f"{where} is or holds")
                    ) from None

    def _thread(self, run: Run, me: int) -> Any:
        freeze = self.freeze
        frame, wait, handled = run.frames[me], run.waiting[me], run.handled[me]
        freeze.only_plain = handled is None
        if not run.alive[me] or frame is None:
            return run.alive[me]
        stack: list[Any] = [handled and freeze(handled), wait and (freeze(wait[0]), wait[1])]
        inner: FrameType | None = None
        while frame is not None and (kind := _kind(frame)) != "end":
            if frame.f_code.co_flags & CO_COROUTINE:  # what it awaits cannot be seen
                raise OpaqueError("a coroutine")
            if kind != "ours":
                if frame.f_code.co_freevars or frame.f_code.co_cellvars:
                    freeze.only_plain = False
                names = frame.f_locals
                seen = tuple([(name, freeze(value)) for name, value in names.items()])
                hidden = kind == "learner" and self._hidden(frame, inner, run, wait is not None)
                # Where a call stands changes once Python has made it faster: it may point into its cache.
                place = frame.f_lasti if inner is None else step_at(frame.f_code, frame.f_lasti).offset
                stack.append((freeze.code(frame.f_code), place, seen, hidden))
                inner = frame
            frame = frame.f_back
        return tuple(stack)

    def _hidden(self, frame: FrameType, inner: FrameType | None, run: Run, waits: bool) -> Any:
        """Return what the value stack of `frame` holds, where no one can look."""
        code = frame.f_code
        at_line_start = inner is None and not waits
        if at_line_start:
            depth = depths(code).get(frame.f_lasti)
        else:
            if inner is not None and not calls_directly(frame, inner.f_code):
                raise OpaqueError(f"a call from C code in line {frame.f_lineno}")
            depth = below(code, frame.f_lasti)
        if depth == 0:
            return None
        page = self._learner.page(frame)
        hidden: Any = UNKNOWN
        if page and page.outline and depth:
            hidden = page.outline.hidden(frame, depth, run.held.get(frame, {}))
        if hidden is UNKNOWN or any(each is UNKNOWN for each in hidden):
            raise OpaqueError(f"an unfinished expression in line {frame.f_lineno}")
        return self.freeze(hidden)
