"""Locks and a clock that ask the scheduler: what real threads meet while their order is being chosen.

Only Lock, RLock and time are made here. Condition, Semaphore, Event, Barrier and the queues are the library's
own code, which runs on these locks.
"""

import builtins
import queue
import sys
import threading
import time
from typing import Any

from threadlab.running.standins import Place, stand_in


class Abandon(BaseException):
    """Ends a thread whose run is no longer wanted. Learners' `except Exception` lets it pass."""


class Lock:
    """A `threading.Lock` that knows who took it, and at which line."""

    again = False  # whether its holder may take it once more

    def __init__(self, world: Any, condition: Any = None) -> None:
        self._world = world  # the scheduler
        self.inner = getattr(condition, "_lock", None)  # what a woken waiter of `condition` must get back
        self.depth, self.line = 0, 0
        self.holder: int | None = None

    def acquire(self, blocking: bool = True, timeout: float = -1) -> bool:
        """Get the lock; as `threading.Lock.acquire`."""
        if not blocking and timeout != -1:
            raise ValueError("can't specify a timeout for a non-blocking call")
        if timeout < 0 and timeout != -1:
            raise ValueError("timeout value must be a non-negative number")
        holder, line = self._world.here()
        if self.again and self.depth and self.holder == holder:
            self.depth += 1
            return True
        if self.depth and blocking and timeout != 0:
            self._world.wait(self, None if timeout == -1 else timeout)
        if self.depth:
            return False
        self.depth, self.holder, self.line = 1, holder, line
        return True

    def release(self) -> None:
        """Give the lock back; any thread may."""
        if not self.depth:
            raise RuntimeError("release unlocked lock")
        self.depth -= 1

    def locked(self) -> bool:
        """Tell whether somebody holds the lock."""
        return self.depth > 0

    def can_go_on(self, timed: bool) -> bool:
        """Tell whether a thread that waits for this lock is a choice."""
        return (timed or not self.depth) and not (self.inner is not None and self.inner.depth)

    def content(self) -> Any:
        """Return what of this lock belongs to the state of a run."""
        return self.depth

    def __enter__(self) -> bool:
        return self.acquire()

    def __exit__(self, *_: object) -> None:
        self.release()

    def __repr__(self) -> str:
        kind = type(self).__name__
        return f"<{kind} held by {name_of(self.holder)}>" if self.depth else f"<{kind} free>"


class RLock(Lock):
    """A `threading.RLock`: its holder may take it again, and only its holder may give it back."""

    again = True

    def release(self) -> None:
        """Give the lock back once."""
        if not self._is_owned():
            raise RuntimeError("cannot release un-acquired lock")
        self.depth -= 1

    def content(self) -> Any:
        """Return what of this lock belongs to the state of a run."""
        return self.depth and (self.depth, self.holder)

    # What `threading.Condition` asks of a lock that can be taken more than once.
    def _is_owned(self) -> bool:
        return self.depth > 0 and self.holder == self._world.here()[0]

    def _release_save(self) -> int:
        depth: int = self.depth
        self.depth = 0
        return depth

    def _acquire_restore(self, depth: int) -> None:
        self.acquire()
        self.depth = depth


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


class UnsupportedError(RuntimeError):
    """The program does what an exploration cannot control; the sentence says what to do instead."""


class StandIns:
    """What the replaced names of `threading`, `queue` and `time` do in a thread under control."""

    # Seconds: a clock of its own for each thread, which the library's time-outs use (one thread's time must
    # not end another one's wait), and last the clock that the learner reads, which moves when anybody's does.
    clocks: list[float]
    here: Any
    clock_escaped: Any
    give_up: Any

    def pass_time(self, seconds: float) -> None:
        """Move the clock of the running thread and the clock of all."""
        me = self.here()[0]
        self.clocks[-1] += seconds
        if me is not None:
            self.clocks[me] += seconds

    def _new_lock(self: Any, real: Any) -> Lock:
        caller = sys._getframe(2)
        waits = caller.f_code.co_name == "wait" and caller.f_globals.get("__name__") == "threading"
        return Lock(self, caller.f_locals["self"] if waits else None)

    def _new_rlock(self: Any, real: Any) -> RLock:
        return RLock(self)

    def _new_simple_queue(self, real: Any) -> Any:
        return queue._PySimpleQueue()  # type: ignore[attr-defined]  # the library's own, on our locks

    def _sleep(self, real: Any, seconds: float) -> None:
        if seconds < 0:
            raise ValueError("sleep length must be non-negative")
        self.pass_time(seconds)

    def _now(self, real: Any) -> Instant:
        return Instant(self.clocks[-1], -1, self.clock_escaped)

    def _own_now(self, real: Any) -> Instant:
        me = self.here()[0]
        return self._now(real) if me is None else Instant(self.clocks[me], me, self.clock_escaped)

    def _now_ns(self, real: Any) -> int:
        self.clock_escaped()
        return int(self.clocks[-1] * 1_000_000_000)

    def _start(self, real: Any, thread: Any) -> None:
        self.give_up("starts a thread of its own; give every thread to `explore([...])` instead")

    def _input(self, real: Any, *args: Any) -> None:
        self.give_up("waits for the keyboard with input(); give it the value through `state`")


PLACES: list[Place] = [
    (builtins, "print", stand_in("_print")),
    (builtins, "input", stand_in("_input")),
    (threading, "Lock", stand_in("_new_lock")),
    (threading, "_allocate_lock", stand_in("_new_lock")),
    (threading, "RLock", stand_in("_new_rlock")),
    (threading, "_time", stand_in("_own_now")),
    (threading.Thread, "start", stand_in("_start")),
    (queue, "SimpleQueue", stand_in("_new_simple_queue")),
    (queue, "time", stand_in("_own_now")),
    (time, "sleep", stand_in("_sleep")),
    *((time, name, stand_in("_now")) for name in ("monotonic", "perf_counter", "time", "process_time")),
    *((time, name + "_ns", stand_in("_now_ns")) for name in ("monotonic", "perf_counter", "time")),
]


def name_of(thread: int | None) -> str:
    """Return the letter of a thread."""
    return "nobody" if thread is None else "ABCDEFGH"[thread]
