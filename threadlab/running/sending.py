"""Send a task to another process or interpreter of this Python, and its answer back, by value.

Plain pickle sends a function by name, which means nothing in a process that is not the notebook. cloudpickle
sends what `__main__` defines as code, closure and globals, and knows its classes again when they come back.
"""

import copyreg
import pickle
from collections.abc import Callable
from reprlib import repr as short
from typing import Any

from threadlab.running.arguments import name_of

Dumps = Callable[[Any], bytes]
PLACE = "process or interpreter"


def pack(
    function: Callable[..., Any], args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
) -> bytes:
    """Return `function` and what it is called with as bytes, or raise a TypeError."""
    return pack_with(_dumps, PLACE, function, args, kwargs or {})


def pack_with(
    dumps: Dumps, place: str, function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> bytes:
    """Return a call as bytes that mean something in another `place`, or raise a TypeError."""
    call = ", ".join(map(short, (*args, *kwargs.values()))) or "nothing"
    what = f"the function {name_of(function)}, called with {call},"
    return as_bytes(dumps, (function, args, kwargs), what, place)


def as_bytes(dumps: Dumps, value: object, what: str, place: str = PLACE) -> bytes:
    """Return `value` as bytes, or raise a TypeError that says `what` cannot be sent to another `place`."""
    try:
        return bytes(dumps(value))
    except Exception as why:
        remedy = 'make such a thing inside the function, or use executor="threads"'
        raise TypeError(f"{what} cannot be sent to another {place} ({why}): {remedy}") from why


def error_as_bytes(dumps: Dumps, error: BaseException) -> bytes:
    """Return `error` as bytes; one that could not be made again becomes a RuntimeError in its words."""
    try:
        data = bytes(dumps(error))
        pickle.loads(data)  # an exception whose __init__ takes more than the message fails only here
    except Exception:
        data = pickle.dumps(RuntimeError(f"{type(error).__name__}: {error}"))
    return data


class ByValue:
    """Comes out of the pool's own pickle as the value itself."""

    def __init__(self, value: object, what: str) -> None:
        self._data = as_bytes(_dumps, value, what)

    def __reduce__(self) -> Any:
        return pickle.loads, (self._data,)


def work(task: bytes) -> ByValue:
    """Do the task in the other process or interpreter; its answer or its exception goes back by value."""
    try:
        function, args, kwargs = pickle.loads(task)
        return ByValue(function(*args, **kwargs), f"the result of {name_of(function)}")
    except BaseException as error:
        data = error_as_bytes(_dumps, error)
        copyreg.pickle(type(error), lambda _: (pickle.loads, (data,)))
        raise


def _dumps(value: object) -> bytes:
    try:
        import cloudpickle as pickler  # here, so that only who sends something pays for it
    except ImportError:
        pickler = pickle  # a bare Python sends what a module defines, by name
    return bytes(pickler.dumps(value))
