"""Check what a learner passed, and say in one sentence what would be right.

Each function takes the name of the argument and what was passed, and returns what is right to use. Else it
raises a TypeError (of the wrong kind) or a ValueError (too small, too large, none at all).
"""

from collections.abc import Callable, Iterable
from operator import index
from typing import Any

MOST_WORKERS = 256
WHY_MOST_WORKERS = "each worker costs memory and start-up time, and a class laptop may not have it"


def whole_number(name: str, value: Any, *, least: int = 1, most: int | None = None, why: str = "") -> int:
    """Return `value` if it is a whole number from `least` to `most`; `why` there is a `most` is a clause."""
    if isinstance(value, bool) or not hasattr(value, "__index__"):
        raise TypeError(f"{name} must be a whole number such as {max(least, 1)}, not {value!r}")
    whole = index(value)  # numpy has whole numbers of its own
    if whole < least:
        raise ValueError(f"{name} must be at least {least}, not {whole}")
    if most is not None and whole > most:
        raise ValueError(f"{name} must be at most {most}, not {whole}" + (f", because {why}" if why else ""))
    return whole


def number(name: str, value: Any, *, least: float = 0.0) -> float:
    """Return `value` as a float if it is a finite number of at least `least` seconds."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise TypeError(f"{name} must be a number of seconds such as 0.5, not {value!r}")
    if not least <= value < float("inf"):
        raise ValueError(f"{name} must be at least {least:g} seconds and finite, not {value}")
    return float(value)


def function(name: str, value: Any) -> Callable[..., Any]:
    """Return `value` if it can be called; the usual slip is a call in place of the function."""
    if not callable(value):
        raise TypeError(f"{name} must be a function (its name without brackets), not {value!r}")
    return value  # type: ignore[no-any-return]


def some(name: str, values: Any, right: str = "a collection such as a list or a range") -> list[Any]:
    """Return `values` as a list if they are a collection of at least one."""
    if isinstance(values, (str, bytes)) or not isinstance(values, Iterable):
        raise TypeError(f"{name} must be {right}, not {values!r}")
    every = list(values)
    if not every:
        raise ValueError(f"{name} must hold at least one, not none")
    return every


def thread_counts(name: str, values: Any) -> tuple[int, ...]:
    """Return numbers of workers in rising order, each once: (1, 2, 4) for (4, 1, 2, 2)."""
    counts = some(name, values, "whole numbers such as (1, 2, 4, 8)")
    return tuple(sorted({whole_number(name, n, most=MOST_WORKERS, why=WHY_MOST_WORKERS) for n in counts}))


def name_of(function: Callable[..., Any]) -> str:
    """Return what to call `function` in a sentence or a title."""
    return getattr(function, "__name__", type(function).__name__)
