"""Turns where a run is into a key: two runs with equal keys go on alike, whatever is done with them.

A key counts for nothing unless it holds *everything* that what follows can depend on. What cannot be seen (a
generator, an iterator inside a C function) makes `OpaqueError`: such a state is never taken for another one.
"""

import _queue
import _thread
import ctypes
import functools
import threading
import types
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from inspect import CO_COROUTINE
from types import CodeType, FrameType
from typing import Any

from threadlab.schedules.learner import Learner
from threadlab.schedules.outline import UNKNOWN
from threadlab.schedules.primitives import Instant, Lock, RLock, UnsupportedError
from threadlab.schedules.scheduler import Run
from threadlab.schedules.stack import below, calls_directly, depths

Key = tuple[int, ...]
_Word = ctypes.c_ssize_t
_KINDS = {
    "threadlab.schedules.tracing": "end",
    "threadlab.schedules.primitives": "ours",
    "threadlab.running.standins": "ours",
    "threading": "library",  # these two wait only inside `with` on locks of their own, which never change
    "queue": "library",
}


def _kind(frame: FrameType) -> str:
    return _KINDS.get(frame.f_globals.get("__name__", ""), "learner")


class OpaqueError(Exception):
    """Something in the state cannot be seen or compared."""


class OutsideError(UnsupportedError):
    """The state holds a real lock or the like, made outside of the exploration."""


class States:
    """Gives equal parts of states equal numbers, so that a key is a few small integers."""

    def __init__(self, learner: Learner, *, clock_counts: bool = False) -> None:
        self._learner = learner
        self.ways = dict(_WAYS)
        self._codes: dict[int, CodeType] = {}  # keeps code alive whose id is in a key
        self._numbers: dict[Any, int] = {}
        self.plain: set[int] = set()  # numbers of threads that hold plain values only
        self._clock_counts = clock_counts  # whether readings of the clock have become data
        self.thread_locals = False  # whether a thread-local was met
        self.unseen = ""  # the last thing that could not be seen

    def key(self, run: Run, roots: Any, clocks: list[float]) -> Key | None:
        """Return the key of where `run` is now, or None if something of it cannot be seen."""
        freeze = Freezer(self, clocks)
        try:
            shared = [
                freeze(roots),
                run.crash and (run.crash[0], type(run.crash[1])),
                self._clock_counts and clocks[-1],
            ]
            shared += self._data(freeze)
            key = [self._number(tuple(shared))]
            for me, part in enumerate(run.parts):
                if part is None:
                    part = self._number(self._thread(run, me, freeze))
                    if freeze.only_plain:  # it stays so until this thread takes a step
                        run.parts[me] = part
                        self.plain.add(part)
                key.append(part)
            return tuple(key)
        except OpaqueError as unseen:
            self.unseen = str(unseen)
            return None

    def code(self, code: CodeType) -> int:
        """Return a number for `code`: comparing code itself is slow, and its hash changes while it runs."""
        return id(self._codes.setdefault(id(code), code))

    def _number(self, part: Any) -> int:
        return self._numbers.setdefault(part, len(self._numbers))

    def _data(self, freeze: "Freezer") -> Iterator[Any]:
        for namespace, name, where in self._learner.shared_data():
            if name in namespace:
                try:
                    yield where, freeze(namespace[name])
                except OutsideError as outside:
                    raise UnsupportedError(
                        str(outside).replace("the shared state holds", f"{where} is or holds")
                    ) from None

    def _thread(self, run: Run, me: int, freeze: "Freezer") -> Any:
        frame, wait, handled = run.frames[me], run.waiting[me], run.handled[me]
        freeze.only_plain = wait is None and handled is None
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
                hidden = kind == "learner" and self._hidden(frame, inner, run, wait is not None, freeze)
                code = frame.f_code
                stack.append((self.code(code), frame.f_lasti, seen, hidden))
                inner = frame
            frame = frame.f_back
        return tuple(stack)

    def _hidden(
        self, frame: FrameType, inner: FrameType | None, run: Run, waits: bool, freeze: "Freezer"
    ) -> Any:
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
        return freeze(hidden)


_OUTSIDE = (_thread.LockType, _thread.RLock, _queue.SimpleQueue)
_THREADS_HAVE = set(vars(threading.main_thread()))
_OPAQUE: Any = (
    types.GeneratorType, types.CoroutineType, types.AsyncGeneratorType, types.FrameType,
    type(iter(deque())), functools._lru_cache_wrapper,
)  # fmt: skip


class Freezer:
    """Makes one nested tuple of plain values out of any objects; one met again becomes `("#", n)`."""

    def __init__(self, states: States, clocks: list[float]) -> None:
        self._states = states
        self._clocks = clocks
        self._met: dict[int, int] = {}
        self.only_plain = False  # whether what was met of late changes only by a step of its own thread
        self._kept: list[Any] = []  # keeps what was met alive: the `id` of a dead object may be given anew

    def __call__(self, value: Any) -> Any:
        """Return the frozen form of `value`."""
        kind = type(value)
        if kind is int or kind is str or value is None:
            return value
        if kind is bool or kind is float or kind is bytes or kind is complex:
            return kind.__name__, repr(value)
        if kind is range:
            return "range", value.start, value.stop, value.step
        if kind is tuple:
            return ("tuple", *[self(each) for each in value])
        known = self._met.get(id(value))
        if known == 0:
            return "#"  # the shared state itself
        self.only_plain = False
        if known is not None:
            return "#", known
        self._met[id(value)] = len(self._met)
        return self._states.ways.get(kind, Freezer._other)(self, value)

    def _other(self, value: Any) -> Any:
        kind = type(value)
        if isinstance(value, type | types.ModuleType | types.CodeType):
            self._states._learner.add_class(value) if isinstance(value, type) else None
            return "named", getattr(value, "__module__", ""), getattr(value, "__qualname__", repr(value))
        if isinstance(value, _OUTSIDE):
            raise OutsideError(
                f"the shared state holds a {kind.__name__} made outside of the exploration, which cannot be "
                "controlled: make it where `state` makes the shared state, such as in Shop.__init__"
            )
        if isinstance(value, _thread._local):
            self._states.thread_locals = True
            raise OpaqueError("a threading.local")
        if isinstance(value, _OPAQUE) or value is UNKNOWN:
            raise OpaqueError(f"a {kind.__name__}")
        if isinstance(value, threading.Thread):
            own = [(name, self(part)) for name, part in vars(value).items() if name not in _THREADS_HAVE]
            return "thread", value.ident and value.name, *own
        self._states._learner.add_class(kind)
        self._states.ways[kind] = Freezer._plain if _is_plain(kind) else Freezer._reduced
        return self._states.ways[kind](self, value)

    def _plain(self, value: Any) -> Any:
        return type(value), *[(name, self(each)) for name, each in vars(value).items()]

    def _reduced(self, value: Any) -> Any:
        """Freeze what pickle would save of `value`."""
        try:
            reduced = value.__reduce_ex__(4)
            if isinstance(reduced, str):
                return reduced
            maker, arguments, content, items, pairs = (*reduced, None, None, None)[:5]
            everything = [maker, arguments, content, list(items or ()), [list(pair) for pair in pairs or ()]]
        except Exception as error:  # such as that of an iterator whose dict has changed its size
            raise OpaqueError(str(error)) from None
        self._kept.append(everything)
        return type(value), *[self(each) for each in everything]

    def _many(self, value: Iterable[Any]) -> Any:
        return (type(value).__name__, *[self(each) for each in value])

    def _set(self, value: Iterable[Any]) -> Any:
        if not all(type(each) in (int, str, bool, float, bytes, tuple, type(None)) for each in value):
            raise OpaqueError("a set of objects, whose order changes from run to run")
        # What a set keeps to itself: fill, used, mask, table, hash, and where `pop` looks next; 0 at first.
        _, _, mask, table, _, finger = (_Word * 6).from_address(id(value) + object.__basicsize__)
        places = (_Word * (2 * mask + 2)).from_address(table)[1::2] if finger else ()
        return ("set", finger, *places, *self._many(value))

    def _dict(self, value: dict[Any, Any]) -> Any:
        return ("dict", *[(self(name), self(each)) for name, each in value.items()])

    def _lock(self, value: Lock) -> Any:
        return "lock", value.content()

    def _cell(self, value: types.CellType) -> Any:
        try:
            return "cell", self(value.cell_contents)
        except ValueError:
            return "empty cell"

    def _function(self, value: types.FunctionType) -> Any:
        return (
            "function", self._states.code(value.__code__), self(value.__dict__), self(value.__defaults__),
            self(value.__kwdefaults__), *[self(cell) for cell in value.__closure__ or ()],
        )  # fmt: skip

    def _method(self, value: types.MethodType) -> Any:
        return "method", self(value.__func__), self(value.__self__)

    def _instant(self, value: Instant) -> Any:
        return "instant", round(float.__sub__(value, self._clocks[value.clock]), 9)


_WAYS: dict[type, Callable[[Freezer, Any], Any]] = {
    list: Freezer._many,
    deque: Freezer._many,
    set: Freezer._set,
    frozenset: Freezer._set,
    dict: Freezer._dict,
    Lock: Freezer._lock,
    RLock: Freezer._lock,
    Instant: Freezer._instant,
    types.CellType: Freezer._cell,
    types.FunctionType: Freezer._function,
    types.MethodType: Freezer._method,
}


def _is_plain(kind: Any) -> bool:
    """Tell whether all that an object of `kind` holds is in its `__dict__`."""
    return (
        kind.__reduce_ex__ is object.__reduce_ex__
        and kind.__reduce__ is object.__reduce__
        and kind.__dictoffset__ != 0
        and kind.__base__ is object
        and not any("__slots__" in vars(each) for each in kind.__mro__)
        and kind.__basicsize__ == _Plain.__basicsize__
        and kind.__getstate__ is getattr(object, "__getstate__", None)
    )


class _Plain:
    pass
