"""Makes one plain value out of any objects: equal for those that go on alike, whatever is done with them."""

import _queue
import _thread
import ctypes
import functools
import threading
import types
from collections import deque
from collections.abc import Callable, Iterable
from types import CodeType
from typing import Any

from threadlab.schedules.learner import Learner, data_names
from threadlab.schedules.outline import UNKNOWN
from threadlab.schedules.primitives import Lock, RLock, UnsupportedError
from threadlab.schedules.run import Run
from threadlab.schedules.world import Instant

_Word = ctypes.c_ssize_t
_STATE = "#", 0  # the shared state itself


class OpaqueError(Exception):
    """Something in the state cannot be seen or compared."""


class OutsideError(UnsupportedError):
    """The state holds a real lock or the like, made outside of the exploration."""


_OUTSIDE = (_thread.LockType, _thread.RLock, _queue.SimpleQueue)
_THREADS_HAVE = set(vars(threading.main_thread()))
_OPAQUE: Any = (
    types.GeneratorType, types.CoroutineType, types.AsyncGeneratorType, types.FrameType,
    type(iter(deque())), functools._lru_cache_wrapper,
)  # fmt: skip


class Freezer:
    """Makes one nested tuple of plain values out of any objects; one met again becomes `("#", n)`."""

    def __init__(self, learner: Learner) -> None:
        self._learner = learner
        self._ways = dict(_WAYS)
        self._codes: dict[int, CodeType] = {}  # keeps code alive whose id is in a frozen form
        self.thread_locals = False  # whether a thread-local was met
        self.run = Run(0, lambda run: None)
        self._met: dict[int, int] = {}
        self._kept: list[Any] = []  # keeps what was met alive: the `id` of a dead object may be given anew
        self.forget()

    def forget(self) -> None:
        """Let go of what was met."""
        self._met.clear()  # no new one: on 3.13t the first `get` of another thread takes its time (see Baton)
        self._kept.clear()
        self.only_plain = False  # whether what was met of late changes only by a step of its own thread

    def code(self, code: CodeType) -> int:
        """Return a number for `code`: comparing code itself is slow, and its hash changes while it runs."""
        return id(self._codes.setdefault(id(code), code))

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
        if (kind is Lock or kind is RLock) and value in self.run.names:
            return self.run.names[value]  # what it holds is a part of every state
        known = self._met.get(id(value))
        if known == 0:
            return _STATE
        self.only_plain = False
        if known is not None:
            return "#", known
        self._met[id(value)] = len(self._met)
        return self._ways.get(kind, Freezer._other)(self, value)

    def _other(self, value: Any) -> Any:
        kind = type(value)
        if isinstance(value, type):
            self._learner.add_class(value)
            if not self._learner.lasts(value):
                held = [(name, self(vars(value)[name])) for name in data_names(value)]
                return "class", value.__qualname__, self(value.__bases__), *held
        if isinstance(value, type | types.ModuleType | types.CodeType):
            return "named", getattr(value, "__module__", ""), getattr(value, "__qualname__", repr(value))
        if isinstance(value, _OUTSIDE):
            raise OutsideError(
                f"the shared state holds a {kind.__name__} made outside of the exploration, which cannot be "
                "controlled: make it where `state` makes the shared state, such as in Shop.__init__"
            )
        if isinstance(value, _thread._local):
            self.thread_locals = True
            raise OpaqueError("a threading.local")
        if isinstance(value, _OPAQUE) or value is UNKNOWN:
            raise OpaqueError(f"a {kind.__name__}")
        if isinstance(value, threading.Thread):
            own = [(name, self(part)) for name, part in vars(value).items() if name not in _THREADS_HAVE]
            return "thread", value.ident and value.name, *own
        self._learner.add_class(kind)
        way = Freezer._plain if _is_plain(kind) else Freezer._reduced
        if self._learner.lasts(kind):
            self._ways[kind] = way
        return way(self, value)

    def _class(self, kind: type) -> Any:
        return kind if kind in self._ways else self(kind)

    def _plain(self, value: Any) -> Any:
        return self._class(type(value)), *[(name, self(each)) for name, each in vars(value).items()]

    def _reduced(self, value: Any) -> Any:
        """Freeze what pickle would save of `value`."""
        try:
            reduced = value.__reduce_ex__(4)
            if isinstance(reduced, str):
                return "named", reduced
            maker, arguments, content, items, pairs = (*reduced, None, None, None)[:5]
            everything = [maker, arguments, content, list(items or ()), [list(pair) for pair in pairs or ()]]
        except Exception as error:  # such as that of an iterator whose dict has changed its size
            raise OpaqueError(str(error)) from None
        self._kept.append(everything)
        return self._class(type(value)), *[self(each) for each in everything]

    def _many(self, value: Iterable[Any]) -> Any:
        return (type(value).__name__, *[self(each) for each in value])

    def _set(self, value: Iterable[Any]) -> Any:
        if not all(type(each) in (int, str, bool, float, bytes, tuple, type(None)) for each in value):
            raise OpaqueError("a set of objects, whose order changes from run to run")
        # What a set keeps to itself: fill, used, mask, table, hash, and where `pop` looks next; 0 at first.
        _, _, mask, table, _, finger = (_Word * 6).from_address(id(value) + object.__basicsize__)
        places = (_Word * (2 * mask + 2)).from_address(table)[1::2] if finger else ()
        return ("set", finger, *places, *self._many(value))

    def _cell(self, value: types.CellType) -> Any:
        try:
            return "cell", self(value.cell_contents)
        except ValueError:
            return "empty cell"

    def _function(self, value: types.FunctionType) -> Any:
        return (
            "function", self.code(value.__code__), self(value.__dict__), self(value.__defaults__),
            self(value.__kwdefaults__), *[self(cell) for cell in value.__closure__ or ()],
        )  # fmt: skip


_WAYS: dict[type, Callable[[Freezer, Any], Any]] = {
    list: Freezer._many,
    deque: Freezer._many,
    set: Freezer._set,
    frozenset: Freezer._set,
    dict: lambda freeze, pairs: ("dict", *[(freeze(name), freeze(each)) for name, each in pairs.items()]),
    Lock: lambda freeze, lock: ("lock", lock.content()),
    RLock: lambda freeze, lock: ("lock", lock.content()),
    Instant: lambda freeze, now: ("instant", round(float.__sub__(now, freeze.run.clocks[now.clock]), 9)),
    types.CellType: Freezer._cell,
    types.FunctionType: Freezer._function,
    types.MethodType: lambda freeze, method: ("method", freeze(method.__func__), freeze(method.__self__)),
}


def _is_plain(kind: Any) -> bool:
    """Tell whether all that an object of `kind` holds is in its `__dict__`."""
    return (
        kind.__reduce_ex__ is object.__reduce_ex__
        and kind.__reduce__ is object.__reduce__
        and kind.__dictoffset__ != 0
        and kind.__base__ is object
        and not any("__slots__" in vars(each) for each in kind.__mro__)
        and kind.__basicsize__ == Freezer.__basicsize__
        and kind.__getstate__ is getattr(object, "__getstate__", None)
    )
