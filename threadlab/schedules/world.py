"""What explored threads find in the place of `threading`, `queue` and `time` names, and their clocks."""

import _thread
import builtins
import logging
import queue
import sys
import threading
import time
from io import StringIO
from typing import Any, NoReturn

from threadlab.running.standins import Place, stand_in
from threadlab.schedules.primitives import Abandon, Lock, RLock, UnsupportedError, name_of
from threadlab.schedules.run import Run


class Instant(float):
    """A reading of a virtual clock. Only its distance from now belongs to the state of a run.

    An instant plus or minus seconds is an instant; the difference of two is a plain number. Whatever else is
    made of one could carry the reading itself into the program's data: then `escaped` is called.
    """

    escaped: Any
    clock: int

    def __new__(cls, seconds: float, clock: int, escaped: Any) -> "Instant":
        """Make the reading `seconds` of the clock with the number `clock`."""
        self = super().__new__(cls, seconds)
        self.clock, self.escaped = clock, escaped
        return self

    def __add__(self, other: Any) -> Any:
        return Instant(float.__add__(self, other), self.clock, self.escaped)

    __radd__ = __add__

    def __sub__(self, other: Any) -> Any:
        seconds = float.__sub__(self, other)
        return seconds if isinstance(other, Instant) else Instant(seconds, self.clock, self.escaped)


def _escaping(name: str) -> Any:
    def method(self: Instant, *others: Any) -> Any:
        if not (others and isinstance(others[0], Instant)):
            self.escaped()
        return getattr(float, name)(self, *others)

    return method


_NAMES = """
    lt le eq ne gt ge rsub mul rmul truediv rtruediv floordiv mod
    rmod divmod neg abs int trunc round floor ceil hash str repr format
"""
for _name in _NAMES.split():
    setattr(Instant, f"__{_name}__", _escaping(f"__{_name}__"))


class StandIns:
    """What the replaced names of `threading`, `queue` and `time` do in a thread under control."""

    run: Run

    def __init__(self) -> None:
        self.clock_is_data = False  # whether a reading of the clock became plain data
        self.printed = StringIO()  # what the threads print
        self.ran: list[int] = []  # the lines that the step of a task ran
        self.is_replay = False  # whether the two are kept

    def here(self) -> tuple[int | None, int]:
        """Return the running thread (None in `state` and `outcome`) and its line."""
        current = self.run.current
        return current, 0 if current is None else self.run.places[current][0]

    def give_up(self, what: str) -> NoReturn:
        """End the exploration because the running thread does what cannot be controlled."""
        thread, line = self.here()
        sentence = f"line {line}: thread {name_of(thread)} {what}" if line else f"`state` or `outcome` {what}"
        self.run.failure = UnsupportedError(sentence)
        if thread is None:
            raise self.run.failure
        self.run.over = True
        raise Abandon

    def pass_time(self, seconds: float) -> None:
        """Move the clock of the running thread and the clock of all."""
        self.run.clocks[-1] += seconds
        if self.run.current is not None:
            self.run.clocks[self.run.current] += seconds

    def clock_escaped(self) -> None:
        """Take note that a reading of the clock became plain data, which then is part of every state."""
        self.clock_is_data = True

    def _new_lock(self, real: Any) -> Lock:
        caller = sys._getframe(2)
        waits = caller.f_code.co_name == "wait" and caller.f_globals.get("__name__") == "threading"
        return Lock(self, caller.f_locals["self"] if waits else None)

    def _new_rlock(self, real: Any) -> RLock:
        return RLock(self)

    def _new_simple_queue(self, real: Any) -> Any:
        return queue._PySimpleQueue()  # type: ignore[attr-defined]  # the library's own, on our locks

    def _sleep(self, real: Any, seconds: float) -> None:
        if seconds < 0:
            raise ValueError("sleep length must be non-negative")
        self.pass_time(seconds)

    def _now(self, real: Any) -> Instant:
        return Instant(self.run.clocks[-1], -1, self.clock_escaped)

    def _own_now(self, real: Any) -> Instant:
        me = self.run.current
        return self._now(real) if me is None else Instant(self.run.clocks[me], me, self.clock_escaped)

    def _now_ns(self, real: Any) -> int:
        self.clock_escaped()
        return int(self.run.clocks[-1] * 1_000_000_000)

    def _print(self, real: Any, *values: Any, **how: Any) -> None:
        """Keep the text for a replay; while exploring, it would be printed once for every order."""
        if self.is_replay and self.run.current is not None:
            real(*values, **{**how, "file": self.printed})

    def _log(self, real: Any, logger: Any, level: int, text: object, args: Any, **how: Any) -> None:
        """Print it, which is kept for a replay; a record of its own would hold the real time."""
        builtins.print(f"{logging.getLevelName(level)}:", str(text) % args if args else text)  # noqa: T201

    def _start(self, real: Any, *args: Any) -> None:
        self.give_up("starts a thread of its own; give every thread to `explore([...])` instead")

    def _input(self, real: Any, *args: Any) -> None:
        self.give_up("waits for the keyboard with input(); give it the value through `state`")


PLACES: list[Place] = [
    (builtins, "print", stand_in("_print")),
    (builtins, "input", stand_in("_input")),
    (logging.Logger, "_log", stand_in("_log")),
    (threading, "Lock", stand_in("_new_lock")),
    (threading, "_allocate_lock", stand_in("_new_lock")),
    (threading, "RLock", stand_in("_new_rlock")),
    (threading, "_time", stand_in("_own_now")),
    (_thread, "start_new_thread", stand_in("_start")),
    (threading.Thread, "start", stand_in("_start")),
    (queue, "SimpleQueue", stand_in("_new_simple_queue")),
    (queue, "time", stand_in("_own_now")),
    (time, "sleep", stand_in("_sleep")),
    *((time, name, stand_in("_now")) for name in ("monotonic", "perf_counter", "time", "process_time")),
    *((time, name + "_ns", stand_in("_now_ns")) for name in ("monotonic", "perf_counter", "time")),
]
