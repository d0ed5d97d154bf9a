"""Put stand-ins in the place of `threading`, `queue` and `time` names, for the threads of a run only.

A run is an object (its *world*) whose methods are the stand-ins. While the names are replaced, a thread that
belongs to a world gets that world's method, called with the real thing first; every other thread of the
process, the kernel's own too, gets the real thing.
"""

import ctypes
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from functools import wraps
from typing import Any

Place = tuple[Any, str, Callable[[Any], Any]]  # the owner of a name, the name, what makes its stand-in

_here = threading.local()
_guard = threading.Lock()  # guards _replaced
# Names are the whole process's, so what replaces them is counted for the whole process as well:
# [how many blocks hold it, the real thing, its stand-in] by owner and name.
_replaced: dict[tuple[int, str], list[Any]] = {}


def world() -> Any:
    """Return the world of the calling thread, or None."""
    return getattr(_here, "world", None)


@contextmanager
def inside(new_world: Any) -> Iterator[None]:
    """Let the calling thread belong to `new_world`, or with None to no world, for the time of a block."""
    before, _here.world = world(), new_world
    try:
        yield
    finally:
        _here.world = before


def raise_in_thread(ident: int, error: type[BaseException]) -> None:
    """Raise `error` in the thread `ident` at its next line; nobody can take that back.

    Taking it back (NULL) leaves CPython 3.11 with a signal that is never cleared: a traced thread then spins
    for ever.
    """
    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(ident), ctypes.py_object(error))


@contextmanager
def alone(guard: Any) -> Iterator[None]:
    """Hold a guard; `with` itself leaves it locked if an exception from outside comes then (CPython 3.14)."""
    try:
        guard.acquire()
        yield
    finally:
        with suppress(RuntimeError):  # it came before it was got
            guard.release()


def stand_in(method: str) -> Callable[[Any], Any]:
    """Return what makes a function that calls `method` of the caller's world, if it has such a one."""

    def make(real: Any) -> Any:
        @wraps(real, updated=())
        def dispatch(*args: Any, **kwargs: Any) -> Any:
            act = getattr(world(), method, None)
            return act(real, *args, **kwargs) if act else real(*args, **kwargs)

        return dispatch

    return make


@contextmanager
def replaced(places: Iterable[Place], namespace: dict[str, Any]) -> Iterator[None]:
    """Replace `places`, and what `namespace` imported from them earlier, for the time of a block.

    Blocks may overlap in time: the first one replaces a name, the last one puts the real thing back.
    """
    held: list[tuple[Any, str]] = []

    def hold(owner: Any, name: str, real: Any, substitute: Any) -> Any:
        entry = _replaced.setdefault((id(owner), name), [0, real, substitute])
        if not entry[0]:
            _put(owner, name, substitute)
        entry[0] += 1
        held.append((owner, name))
        return entry

    with _guard:
        for owner, name, make in places:
            now = getattr(owner, name)
            _, real, substitute = hold(owner, name, now, make(now))
            for alias, value in list(namespace.items()):
                if value is real or value is substitute:
                    hold(namespace, alias, real, substitute)
    try:
        yield
    finally:
        with _guard:
            for owner, name in held:
                entry = _replaced[id(owner), name]
                entry[0] -= 1
                if not entry[0]:
                    del _replaced[id(owner), name]
                    now = owner.get(name) if isinstance(owner, dict) else getattr(owner, name)
                    if now is entry[2]:  # else somebody gave the name a new meaning meanwhile
                        _put(owner, name, entry[1])


def _put(owner: Any, name: str, value: Any) -> None:
    if isinstance(owner, dict):
        owner[name] = value
    else:
        setattr(owner, name, value)
