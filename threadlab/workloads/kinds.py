"""Kinds of tasks, told apart by four questions: which way to run them should be fastest, and why."""

import asyncio
import time
from dataclasses import dataclass

from threadlab.workloads.cpu import count_primes, hash_buffer

WAYS = ("serial", "threads", "processes", "asyncio")
NOTHING, BLOCKS, AWAITS = "nothing", "a call that blocks", "a call with await"
HARDLY, IN_PYTHON, IN_C = "hardly any", "much, in Python", "much, in C"
SOMETHING, SIMPLE, COMPLEX = "something", "simple", "complex"
_WAIT = 0.05  # seconds


@dataclass(frozen=True, slots=True)
class Kind:
    """What somebody answered about a task."""

    waits: str = BLOCKS  # for NOTHING, or in a call that BLOCKS or AWAITS
    computes: str = HARDLY  # or IN_PYTHON or IN_C: such as hashing, which lets go of the GIL
    shares: str = NOTHING  # with other tasks, or SOMETHING
    logic: str = SIMPLE  # or COMPLEX


@dataclass(frozen=True, slots=True)
class Choice:
    """The way that should be best, why, and whether a clock can tell."""

    way: str
    reason: str
    timed: bool = True


def choose(kind: Kind, *, gil: bool, cores: int) -> Choice:
    """Return which way fits tasks of this `kind` where there is a `gil` or not, and so many `cores`.

    >>> choose(Kind(waits="a call that blocks"), gil=True, cores=2).way
    'threads'
    """
    if kind.logic == COMPLEX and kind.shares != NOTHING:
        if kind.waits == AWAITS:
            return Choice(
                "asyncio", "only at an await does another task go on: that one can see through", False
            )
        return Choice(
            "serial", "threads may switch between any two lines: too many orders to see through", False
        )
    copies = "" if kind.shares == NOTHING else ", and a copy of what is shared"
    if kind.computes != HARDLY and cores > 1:
        if kind.computes == IN_C:
            return Choice("threads", "such C code lets go of the GIL: each thread gets a core")
        if not gil:
            return Choice("threads", "this Python has no GIL: each thread gets a core")
        return Choice(
            "processes", f"only one thread at a time runs Python; each process has its own GIL{copies}"
        )
    if kind.waits == BLOCKS:
        return Choice("threads", "a thread that waits lets go of the GIL, so the others go on")
    if kind.waits == AWAITS:
        return Choice("asyncio", "all tasks wait at once in one thread, and only an await switches")
    if kind.computes != HARDLY:
        return Choice("serial", "it only computes, and one core may be used here: nothing can overlap")
    return Choice("serial", "there is nothing to overlap, and handing a task over costs more than doing it")


def tasks(kind: Kind) -> list[Kind]:
    """Return tasks of this `kind` for `perform`: few that take a twentieth of a second, or many tiny ones."""
    return [kind] * (500 if (kind.waits, kind.computes) == (NOTHING, HARDLY) else 4)


def perform(kind: Kind) -> None:
    """Wait and compute as tasks of this `kind` do."""
    if kind.waits != NOTHING:
        time.sleep(_WAIT)
    _compute(kind)


async def perform_awaiting(kind: Kind) -> None:
    """Do what `perform` does, as a coroutine: a call that blocks has no await, and stops all tasks."""
    if kind.waits == AWAITS:
        await asyncio.sleep(_WAIT)
    elif kind.waits == BLOCKS:
        time.sleep(_WAIT)  # what happens then is the point
    _compute(kind)


def _compute(kind: Kind) -> None:
    if kind.computes == IN_C:
        hash_buffer(rounds=75)
    else:
        count_primes(35_000 if kind.computes == IN_PYTHON else 50)
