"""Send a task to another process and its answer back, by value.

Plain pickle sends a function as the name of its module and its own name; the other process would look for
it in a `__main__` that is not the notebook. cloudpickle sends what `__main__` defines as code, closure and
globals, and knows its classes again when they come back: an exception arrives as the learner's own type.
"""

import pickle
import traceback
from collections.abc import Callable
from contextlib import suppress
from reprlib import repr as short
from typing import Any

from threadlab.running.arguments import name_of


def pack(function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[bytes, bytes]:
    """Return `function` and its arguments as bytes; a TypeError names the one that cannot be sent."""
    name = name_of(function)
    call = f"what {name} is called with, {', '.join(map(short, (*args, *kwargs.values())))},"
    return _dumps(function, f"the function {name}"), _dumps((args, kwargs), call)


def work(function: bytes, call: bytes) -> bytes:
    """Do the task in the other process, and return its answer or its exception as bytes."""
    try:
        todo = pickle.loads(function)
        args, kwargs = pickle.loads(call)
        return _dumps((todo(*args, **kwargs), None), f"the result of {name_of(todo)}")
    except BaseException as error:
        return _pack_error(error)


def unpack(answer: bytes) -> Any:
    """Return the answer of a task, or raise its exception."""
    value, error = pickle.loads(answer)
    if error is not None:
        raise error
    return value


def _pack_error(error: BaseException) -> bytes:
    lines = [line for line in traceback.format_tb(error.__traceback__) if __file__ not in line]
    error.add_note("".join(["In the other process:\n", *lines]).rstrip())
    try:
        packed = _dumps((None, error), "the exception")
        pickle.loads(packed)  # an exception whose __init__ takes more than the message fails only here
    except Exception:
        return pickle.dumps((None, RuntimeError(f"{type(error).__name__}: {error}")))
    return packed


def _dumps(value: object, what: str) -> bytes:
    pickler: Any = pickle  # a bare Python sends what a module defines, by name
    with suppress(ImportError):
        import cloudpickle  # here, so that only who sends something pays for it

        pickler = cloudpickle
    try:
        return bytes(pickler.dumps(value))
    except Exception as why:
        remedy = 'make such a thing inside the function, or use executor="threads"'
        raise TypeError(f"{what} cannot be sent to another process ({why}): {remedy}") from why
