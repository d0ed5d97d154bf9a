"""Locks that ask the scheduler: what real threads meet while their order is being chosen.

Only Lock and RLock are made here. Condition, Semaphore, Event, Barrier and the queues are the library's own
code, which runs on these locks.
"""

from typing import Any


class Abandon(BaseException):
    """Ends a thread whose run is no longer wanted. Learners' `except Exception` lets it pass."""


class UnsupportedError(RuntimeError):
    """The program does what an exploration cannot control; the sentence says what to do instead."""


class Lock:
    """A `threading.Lock` that knows who took it, and at which line."""

    again = False  # whether its holder may take it once more

    def __init__(self, world: Any, condition: Any = None) -> None:
        self._world = world  # the scheduler
        self.inner = getattr(condition, "_lock", None)  # what a woken waiter of `condition` must get back
        self.depth, self.line = 0, 0
        self.holder: int | None = None
        if world.run.current is None:  # `state` makes it, the same one in every run
            world.run.names[self] = "made by state", len(world.run.names)

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


def name_of(thread: int | None) -> str:
    """Return the letter of a thread."""
    return "nobody" if thread is None else "ABCDEFGH"[thread]
