"""Serve a panel: the one way in which a slider and buttons run something.

Callbacks only leave a wish. The *coordinator*, a thread that starts with a wish and ends when none is left,
alone touches widgets and pictures. Meanwhile a *runner*, one thread for each job, does the work.
"""

import threading
import time
from collections import deque
from collections.abc import Callable
from functools import partial
from math import inf
from typing import Any


class Coordinator:
    """Turns wishes into calls of a panel, one after the other.

    The panel has draw(), clear(), plan(wish) -> jobs, attempt(job), take(attempt) -> go on?, and rest().
    An attempt is called on the runner; its stop() ends it, from any thread.
    """

    def __init__(self, panel: Any, *, pause: float = 0.5, clock: Any = time.monotonic) -> None:
        self._panel, self._pause, self._clock = panel, pause, clock
        self._changed = threading.Condition()  # guards all that follows
        self._thread: threading.Thread | None = None
        self._wishes: set[str] = set()
        self._rests_at = inf  # when a slider that has moved will have come to rest
        self._jobs: deque[Any] = deque()
        self._running = False  # the jobs come from "run", not from a slider
        self._attempt: Any = None  # what the runner does

    def moved(self) -> None:
        """Draw at once; when the slider has come to rest, see what to measure. The last position wins."""
        with self._changed:
            if not self._running:
                self._jobs.clear()
                self._rests_at = self._clock() + self._pause
        self.wish("draw")

    def wish(self, wish: str) -> None:
        """Have "draw", "run" or "clear" (which stops) done soon; a "run" during another one is swallowed."""
        with self._changed:
            if wish == "clear":
                self.stop()
            if not (wish == "run" and self._running):
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
            self._rests_at = inf
            if self._attempt:
                self._attempt.stop()

    def join(self, timeout: float) -> bool:
        """Wait until nothing is left to do; say whether it came to that in `timeout` seconds."""
        with self._changed:
            return self._changed.wait_for(lambda: self._thread is None, timeout)

    def _serve(self) -> None:
        try:
            while step := self._next():
                step()
        except BaseException:
            self._end()
            raise

    def _end(self) -> None:
        with self._changed:
            self._thread = None
            self._changed.notify_all()

    def _next(self) -> Callable[[], object] | None:
        """Return what to do now, after waiting for it if need be; None ends the thread."""
        panel = self._panel
        with self._changed:
            while True:
                for wish, act in (("clear", panel.clear), ("draw", panel.draw), ("take", self._take)):
                    if wish in self._wishes:
                        self._wishes.remove(wish)
                        return act
                if self._attempt:
                    self._changed.wait()
                elif self._jobs:
                    self._start(self._jobs.popleft())
                elif "run" in self._wishes or self._rests_at <= self._clock():
                    self._running, self._rests_at = "run" in self._wishes, inf
                    self._wishes.discard("run")
                    return partial(self._plan, "run" if self._running else "rest")
                elif self._rests_at < inf:
                    self._changed.wait(self._rests_at - self._clock())
                else:
                    self._end()
                    return None

    def _plan(self, wish: str) -> None:
        jobs = self._panel.plan(wish)
        with self._changed:
            self._jobs.extend(jobs)

    def _start(self, job: Any) -> None:
        """Have a runner attempt `job`. The lock is held: a stop finds the job or the attempt."""
        self._attempt = self._panel.attempt(job)

        def run() -> None:
            self._attempt()
            self.wish("take")

        self._runner = threading.Thread(target=run, name="panel's runner", daemon=True)
        self._runner.start()

    def _take(self) -> None:
        self._runner.join()
        go_on = self._panel.take(self._attempt)
        with self._changed:
            self._attempt = None
            if not go_on:
                self._jobs.clear()
            if self._jobs:
                return
            self._running = False
        self._panel.rest()
