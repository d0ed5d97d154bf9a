"""Put stand-ins in the place of `threading`, `queue` and `time` names, for the threads of a run only.

A run is an object (its *world*) whose methods carry the names of what they stand in for. While the names are
replaced, a thread that belongs to a world gets that world's method, called with the real thing first; every
other thread of the process, the kernel's own too, gets the real thing.
"""

import threading
from collections.abc import Callable, Iterable, Iterator, MutableMapping
from contextlib import contextmanager
from functools import partial, wraps
from typing import Any

Place = tuple[Any, str, Callable[[Any], Any]]  # the owner of a name, the name, what makes its stand-in

_here = threading.local()
_guard = threading.Lock()  # guards _replaced
# Names are the whole process's, so what replaces them is counted for the whole process as well.
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
def replaced(places: Iterable[Place], namespace: MutableMapping[str, Any]) -> Iterator[None]:
    """Replace `places`, and what `namespace` imported from them earlier, for the time of a block.

    Blocks may overlap in time: the first one replaces a name, the last one puts the real thing back.
    """
    held: list[tuple[Any, str]] = []
    with _guard:
        for owner, name, make in places:
            real, substitute = _hold(owner, name, make, held)
            for alias in [
                alias for alias, value in namespace.items() if value is real or value is substitute
            ]:
                _hold(namespace, alias, partial(_keep, substitute), held)
    try:
        yield
    finally:
        with _guard:
            for owner, name in held:
                _let_go(owner, name)


def _hold(owner: Any, name: str, make: Callable[[Any], Any], held: list[tuple[Any, str]]) -> tuple[Any, Any]:
    entry = _replaced.get((id(owner), name))
    if entry is None:
        real = _get(owner, name)
        entry = _replaced[id(owner), name] = [0, real, make(real)]
        _put(owner, name, entry[2])
    entry[0] += 1
    held.append((owner, name))
    return entry[1], entry[2]


def _keep(substitute: Any, _: Any) -> Any:
    return substitute


def _let_go(owner: Any, name: str) -> None:
    entry = _replaced[id(owner), name]
    entry[0] -= 1
    if not entry[0]:
        del _replaced[id(owner), name]
        if _get(owner, name) is entry[2]:  # else somebody gave the name a new meaning meanwhile
            _put(owner, name, entry[1])


def _get(owner: Any, name: str) -> Any:
    return owner.get(name) if isinstance(owner, MutableMapping) else getattr(owner, name)


def _put(owner: Any, name: str, value: Any) -> None:
    if isinstance(owner, MutableMapping):
        owner[name] = value
    else:
        setattr(owner, name, value)
