"""Check what a learner passed, and say in one sentence what would be right."""

from collections.abc import Callable, Iterable
from operator import index
from typing import Any


def whole_number(name: str, value: Any, *, least: int = 1, most: int | None = None, why: str = "") -> int:
    """Return `value` if it is a whole number from `least` to `most`.

        >>> whole_number("workers", 4)
        4

    Args:
        name: What the argument is called.
        value: What was passed.
        least: The smallest right value.
        most: The largest right value; None means that there is none.
        why: The reason for `most`, as words that follow "because".

    Raises:
        TypeError: `value` is not a whole number.
        ValueError: `value` is too small or too large.
    """
    if isinstance(value, bool) or not hasattr(value, "__index__"):
        raise TypeError(f"{name} must be a whole number such as {max(least, 1)}, not {value!r}")
    whole = index(value)  # numpy has whole numbers of its own
    if whole < least:
        raise ValueError(f"{name} must be at least {least}, not {whole}")
    if most is not None and whole > most:
        raise ValueError(f"{name} must be at most {most}, not {whole}" + (f", because {why}" if why else ""))
    return whole


def number(name: str, value: Any, *, least: float = 0.0, unit: str = "seconds") -> float:
    """Return `value` as a float if it is a finite number of at least `least`.

        >>> number("wait", 0.5)
        0.5

    Raises:
        TypeError: `value` is not a number.
        ValueError: `value` is too small, infinite or not a number at all.
    """
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise TypeError(f"{name} must be a number of {unit} such as 0.5, not {value!r}")
    if not least <= value < float("inf"):
        raise ValueError(f"{name} must be at least {least:g} {unit} and finite, not {value}")
    return float(value)


def function(name: str, value: Any) -> Callable[..., Any]:
    """Return `value` if it can be called; the usual slip is a call in place of the function."""
    if not callable(value):
        raise TypeError(f"{name} must be a function (its name without brackets), not {value!r}")
    return value  # type: ignore[no-any-return]


def thread_counts(name: str, values: Iterable[Any]) -> tuple[int, ...]:
    """Return numbers of workers in rising order, each once.

        >>> thread_counts("workers", (4, 1, 2))
        (1, 2, 4)

    Raises:
        TypeError: `values` is not a collection of whole numbers.
        ValueError: there are none, or one is below 1 or above `MOST_WORKERS`.
    """
    if isinstance(values, (str, bytes)) or not isinstance(values, Iterable):
        raise TypeError(f"{name} must be whole numbers such as (1, 2, 4, 8), not {values!r}")
    counts = tuple(sorted({whole_number(name, n, most=MOST_WORKERS, why=WHY_MOST_WORKERS) for n in values}))
    if not counts:
        raise ValueError(f"{name} must name at least one number of workers, such as (1, 2, 4, 8)")
    return counts


def some(name: str, values: Any) -> list[Any]:
    """Return `values` as a list if they are a collection of at least one.

        >>> some("items", range(3))
        [0, 1, 2]

    Raises:
        TypeError: `values` is not a collection.
        ValueError: there are none.
    """
    if isinstance(values, (str, bytes)) or not isinstance(values, Iterable):
        raise TypeError(f"{name} must be a collection such as a list or a range, not {values!r}")
    every = list(values)
    if not every:
        raise ValueError(f"{name} must hold at least one, not none")
    return every


def name_of(function: Callable[..., Any]) -> str:
    """Return what to call `function` in a sentence or a title."""
    return getattr(function, "__name__", type(function).__name__)


MOST_WORKERS = 256
WHY_MOST_WORKERS = "each worker costs memory and start-up time, and a class laptop may not have it"
