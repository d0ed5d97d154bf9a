"""Serve a panel: the one way in which a slider and buttons run something.

Callbacks only leave a wish. The *coordinator*, a thread that starts with a wish and ends when none is left,
alone touches widgets and pictures. Meanwhile a *runner*, one thread for each job, does the work.
"""

import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, Protocol


class Attempt(Protocol):
    """One try at a job: called on the runner it returns an outcome; `stop` ends it from any thread."""

    def __call__(self) -> Any: ...  # noqa: D102
    def stop(self) -> None: ...  # noqa: D102


class Served(Protocol):
    """What a coordinator serves; all is called on the coordinator."""

    def draw(self) -> None: ...  # what is known  # noqa: D102
    def clear(self) -> None: ...  # forget it  # noqa: D102
    def plan(self, wish: str) -> Iterable[Any]: ...  # the jobs of "run", or of a slider that "rests"  # noqa: D102
    def prepare(self, job: Any) -> Attempt: ...  # noqa: D102
    def take(self, outcome: Any) -> bool: ...  # keep it; return whether to go on  # noqa: D102
    def rest(self) -> None: ...  # nothing is under way any more  # noqa: D102


class Coordinator:
    """Turns wishes into calls of what it serves, one after the other."""

    def __init__(
        self, served: Served, *, pause: float = 0.5, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._served, self._pause, self._clock = served, pause, clock
        self._changed = threading.Condition()  # guards all that follows
        self._thread: threading.Thread | None = None
        self._runner: threading.Thread | None = None
        self._attempt: Attempt | None = None  # what the runner does
        self._outcomes: list[Any] = []  # what it left
        self._jobs: deque[Any] = deque()
        self._wishes: set[str] = set()
        self._rests_at: float | None = None  # when the slider that has moved will have come to rest
        self._running = False  # "run", not a slider, is behind the jobs

    def moved(self) -> None:
        """Draw at once; when the slider has come to rest, see what to measure. The last position wins."""
        with self._changed:
            if not self._running:
                self._jobs.clear()
                self._rests_at = self._clock() + self._pause
        self.wish("draw")

    def wish(self, wish: str) -> None:
        """Have "draw", "run" or "clear" done soon; a second "run" while one is under way is swallowed."""
        with self._changed:
            if wish != "run" or not self._running:
                self._wishes.add(wish)
            if self._thread is None:
                self._thread = threading.Thread(target=self._serve, name="panel", daemon=True)
                self._thread.start()
            self._changed.notify_all()

    def stop(self) -> None:
        """End what is under way and forget what was to come."""
        with self._changed:
            self._jobs.clear()
            self._wishes.discard("run")
            self._rests_at = None
            if self._attempt:
                self._attempt.stop()

    def join(self, timeout: float) -> bool:
        """Wait until nothing is left to do; say whether it came to that."""
        with self._changed:
            return self._changed.wait_for(lambda: self._thread is None, timeout)

    def _serve(self) -> None:
        try:
            while step := self._next():
                step()
        except BaseException:
            with self._changed:
                self._thread = None
            raise

    def _next(self) -> Callable[[], object] | None:
        """Return what to do now, after waiting for it if need be; None ends the thread."""
        served = self._served
        with self._changed:
            while True:
                for wish, act in (("clear", served.clear), ("draw", served.draw)):
                    if wish in self._wishes:
                        self._wishes.remove(wish)
                        return act
                if self._outcomes:
                    return partial(self._take, self._outcomes.pop())
                if self._attempt:
                    self._changed.wait()
                elif self._jobs:
                    self._start(self._jobs.popleft())
                elif "run" in self._wishes:
                    self._wishes.remove("run")
                    self._running, self._rests_at = True, None
                    return partial(self._plan, "run")
                elif self._rests_at is None:
                    self._thread = None
                    self._changed.notify_all()
                    return None
                elif (left := self._rests_at - self._clock()) > 0:
                    self._changed.wait(left)
                else:
                    self._rests_at = None
                    return partial(self._plan, "rest")

    def _plan(self, wish: str) -> None:
        jobs = list(self._served.plan(wish))
        with self._changed:
            self._jobs.extend(jobs)
            self._running = wish == "run" and bool(jobs)

    def _start(self, job: Any) -> None:
        """Have the runner try `job`. The lock is held, so that a stop finds the attempt or the job."""
        self._attempt = attempt = self._served.prepare(job)
        self._runner = threading.Thread(target=self._run, args=(attempt,), name="panel's runner", daemon=True)
        self._runner.start()

    def _run(self, attempt: Attempt) -> None:
        outcome = attempt()
        with self._changed:
            self._outcomes.append(outcome)
            self._changed.notify_all()

    def _take(self, outcome: Any) -> None:
        if self._runner:
            self._runner.join()
        go_on = self._served.take(outcome)
        with self._changed:
            self._attempt = None
            if not go_on:
                self._jobs.clear()
            if self._jobs:
                return
            self._running = False
        self._served.rest()
