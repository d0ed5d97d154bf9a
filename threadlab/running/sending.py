"""Send a task to another process, interpreter or Python, and its answer back, by value.

Plain pickle sends a function by name, which means nothing in a process that is not the notebook. cloudpickle
sends what `__main__` defines as code, closure and globals, and knows its classes again when they come back.
"""

import copyreg
import pickle
from collections.abc import Callable
from dataclasses import dataclass
from reprlib import repr as short
from typing import Any

from threadlab.running.arguments import name_of

Dumps = Callable[[Any], bytes]


def by_value(value: object) -> bytes:
    """Return `value` as bytes for another process or interpreter of this Python."""
    try:
        import cloudpickle as pickler  # here, so that only who sends something pays for it
    except ImportError:
        pickler = pickle  # a bare Python sends what a module defines, by name
    return bytes(pickler.dumps(value))


def pack(function: Any, args: tuple[Any, ...] = (), kwargs: Any = None, *, dumps: Dumps = by_value) -> bytes:
    """Return `function` and what it is called with as bytes, or raise a TypeError."""
    call = ", ".join(map(short, (*args, *(kwargs or {}).values()))) or "nothing"
    what = f"the function {name_of(function)}, called with {call},"
    return _as_bytes((function, args, kwargs or {}), what, dumps)


def perform(task: bytes, dumps: Dumps = by_value) -> tuple[bytes, BaseException | None]:
    """Do a `task` that was packed; return its answer or its exception as bytes, and the exception itself."""
    try:
        function, args, kwargs = pickle.loads(task)
        return _as_bytes(function(*args, **kwargs), f"the result of {name_of(function)}", dumps), None
    except BaseException as error:
        try:
            data = bytes(dumps(error))
            pickle.loads(data)  # an exception whose __init__ takes more than the message fails only here
        except Exception:
            data = pickle.dumps(RuntimeError(f"{type(error).__name__}: {error}"))
        return data, error


def _as_bytes(value: object, what: str, dumps: Dumps) -> bytes:
    try:
        return bytes(dumps(value))
    except Exception as why:
        place = "process or interpreter" if dumps is by_value else "Python"
        remedy = 'make such a thing inside the function, or use executor="threads"'
        raise TypeError(f"{what} cannot be sent to another {place} ({why}): {remedy}") from why


@dataclass(frozen=True, slots=True)
class ByValue:
    """Comes out of the pool's own pickle as the value itself."""

    data: bytes

    def __reduce__(self) -> Any:
        return pickle.loads, (self.data,)


def work(task: bytes) -> ByValue:
    """Do the task in the other process or interpreter; its answer or its exception goes back by value."""
    data, error = perform(task)
    if error is not None:
        copyreg.pickle(type(error), lambda _: (pickle.loads, (data,)))
        raise error
    return ByValue(data)
