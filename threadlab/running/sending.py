"""Send a task to another process and its answer back, by value.

Plain pickle sends a function by name, which means nothing in a process that is not the notebook. cloudpickle
sends what `__main__` defines as code, closure and globals, and knows its classes again when they come back.
"""

import pickle
from collections.abc import Callable
from multiprocessing.reduction import ForkingPickler
from reprlib import repr as short
from typing import Any

from threadlab.running.arguments import name_of


def pack(function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> bytes:
    """Return `function` and what it is called with as bytes, or raise a TypeError."""
    call = ", ".join(map(short, (*args, *kwargs.values()))) or "nothing"
    return _dumps((function, args, kwargs), f"the function {name_of(function)}, called with {call},")


class ByValue:
    """Comes out of the pool's own pickle as the value itself."""

    def __init__(self, value: object, what: str) -> None:
        self._data = _dumps(value, what)

    def __reduce__(self) -> Any:
        return pickle.loads, (self._data,)


def work(task: bytes) -> ByValue:
    """Do the task in the other process; its answer or its exception goes back by value."""
    try:
        function, args, kwargs = pickle.loads(task)
        return ByValue(function(*args, **kwargs), f"the result of {name_of(function)}")
    except BaseException as error:
        try:
            data = _dumps(error, "the exception")
            pickle.loads(data)  # an exception whose __init__ takes more than the message fails only here
        except Exception:
            data = pickle.dumps(RuntimeError(f"{type(error).__name__}: {error}"))
        ForkingPickler.register(type(error), lambda _: (pickle.loads, (data,)))
        raise


def _dumps(value: object, what: str) -> bytes:
    try:
        import cloudpickle as pickler  # here, so that only who sends something pays for it
    except ImportError:
        pickler = pickle  # a bare Python sends what a module defines, by name
    try:
        return bytes(pickler.dumps(value))
    except Exception as why:
        remedy = 'make such a thing inside the function, or use executor="threads"'
        raise TypeError(f"{what} cannot be sent to another process ({why}): {remedy}") from why
