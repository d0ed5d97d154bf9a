"""Where the threads of one run are, each parked between two steps but one."""

from collections.abc import Callable, Sequence
from types import FrameType
from typing import Any

from threadlab.schedules.primitives import Lock

Decide = Callable[["Run"], int | None]


class Run:
    """One order of steps: where each thread is now, and what came of it."""

    def __init__(self, count: int, decide: Decide) -> None:
        self.decide = decide
        self.state: Any = None
        self.bodies: Sequence[Callable[[], Any]] = ()
        self.alive = [True] * count
        self.told = [False] * count  # that the run is over
        self.places: list[tuple[int, Any]] = [(0, None)] * count  # the line each executes next, and its code
        self.first = list(self.places)  # where each thread began
        self.frames: list[FrameType | None] = [None] * count  # the innermost frame of each parked thread
        self.handled: list[BaseException | None] = [None] * count  # the exception each parked thread handles
        self.waiting: list[tuple[Lock, bool] | None] = [None] * count  # a lock; whether it gives up some day
        self.held: dict[FrameType, dict[Any, Any]] = {}  # what lines keep out of sight
        self.current: int | None = None
        self.names: dict[Lock, Any] = {}  # of locks made by `state`: plain values, for they never change
        # Seconds: a clock of its own for each thread, which the library's time-outs use (one thread's time
        # must not end another one's wait), and last the one the learner reads, which moves with anybody's.
        self.clocks = [0.0] * (count + 1)
        self.steps = 0
        self.stuck = False  # whether threads were left when there was no choice any more
        self.over = False
        self.tasks = False  # whether they are coroutines, of which none may block
        self.crash: tuple[int, BaseException] | None = None
        self.failure: BaseException | None = None  # ends the whole exploration

    def choices(self) -> tuple[int, ...]:
        """Return the threads that can take the next step."""
        waiting = self.waiting
        return tuple(
            [
                thread
                for thread, alive in enumerate(self.alive)
                if alive and ((wait := waiting[thread]) is None or wait[0].can_go_on(wait[1]))
            ]
        )
