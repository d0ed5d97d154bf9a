"""Serve a panel: the one way in which a slider and buttons run something.

Callbacks only leave a wish. The *coordinator*, a thread that starts with a wish and ends when none is left,
alone touches widgets and pictures. Meanwhile a *runner*, one thread for each job, makes an *attempt*: it
calls the learner's function once, watched, timed, and able to be stopped.
"""

import os
import threading
import time
from collections import deque
from collections.abc import Callable, Hashable, Iterable
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from math import inf
from typing import Any

from threadlab.running.arguments import name_of
from threadlab.running.machine import own_share
from threadlab.running.timeline import Timeline
from threadlab.running.watching import Watch

BEAT = 0.2  # seconds between two looks at what runs
_turn = threading.Lock()  # held while a learner's function runs: two at once would measure each other


class Coordinator:
    """Turns wishes into calls of a panel, one after the other.

    The panel has draw(), clear(), plan(wish) -> jobs, more() -> jobs when those of a run are done,
    attempt(job), grow(attempt) while it runs, take(attempt) -> go on?, and rest(stopped=).
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
        self._stopped = False  # since the jobs were planned
        self._attempt: Any = None  # what the runner does

    def moved(self, *, at_once: bool = False) -> None:
        """Draw at once; when the slider has come to rest, see what to measure. The last position wins.

        A button has come to rest `at_once`.
        """
        with self._changed:
            if not self._running:
                self._jobs.clear()
                self._rests_at = self._clock() + (0.0 if at_once else self._pause)
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
            self._rests_at, self._stopped = inf, True
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
                    if not self._changed.wait(BEAT):
                        return partial(panel.grow, self._attempt)
                elif self._jobs:
                    self._start(self._jobs.popleft())
                elif "run" in self._wishes or self._rests_at <= self._clock():
                    self._running, self._rests_at, self._stopped = "run" in self._wishes, inf, False
                    self._wishes.discard("run")
                    wish = "run" if self._running else "rest"
                    return lambda: self._go_on_with(panel.plan(wish))
                elif self._rests_at < inf:
                    self._changed.wait(self._rests_at - self._clock())
                else:
                    self._end()
                    return None

    def _go_on_with(self, jobs: Iterable[Any]) -> None:
        """Have `jobs` done, unless somebody pressed Stop meanwhile; without any, come to rest."""
        with self._changed:
            if not self._stopped:
                self._jobs.extend(jobs)
            if self._jobs:
                return
            self._running, stopped = False, self._stopped
        self._panel.rest(stopped=stopped)

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
            run_is_done = self._running and go_on and not self._jobs
        self._go_on_with(self._panel.more() if run_is_done else ())


class Attempt:
    """One call of `function`; then it has `seconds` and the like, or an `error` in one sentence.

    `lanes` is a Timeline, with `gil` one that tells who held the GIL, or downloads if the function returned
    them. It runs inside the context `around`.
    """

    def __init__(
        self,
        function: Any,
        *args: Any,
        job: Any,
        limit: float,
        write: Any = None,
        around: AbstractContextManager[object] = nullcontext(),  # noqa: B008 -- it has no state
        gil: bool = False,
    ) -> None:
        self.job, self.seconds, self.cpu, self.share, self.error = job, 0.0, 0.0, 1.0, "stopped"
        self.lanes: Any = Timeline((), 0.0)
        self.result: Any = None
        self._function, self._arguments, self._stopped = function, args, False
        self._around = around
        namespace = getattr(function, "__globals__", {})
        self._watch = Watch(limit=limit, namespace=namespace, write=write, gil=gil)

    def __call__(self) -> None:
        """Run the function to its end, its error, its time limit or `stop`."""
        while not _turn.acquire(timeout=0.1):
            if self._stopped:
                return
        try:
            self.share = own_share()
            with self._around, self._watch:
                if not self._stopped:  # a stop before there was anything to end
                    began, used = time.perf_counter(), _cpu()
                    self.result = self._function(*self._arguments)
                    self.seconds, self.cpu = time.perf_counter() - began, _cpu() - used
        except (Exception, SystemExit) as error:
            said = f"{type(error).__name__}: {error}".removesuffix(": ")
            self.error = f"{name_of(self._function)}: {said}"
        else:
            self.lanes = self._watch.timeline
            self.error = self.lanes.report or ("stopped" if self._stopped else "")
            result = self.result
            if isinstance(result, list) and result and all(hasattr(each, "first_byte") for each in result):
                self.lanes = result
        finally:
            _turn.release()

    def so_far(self) -> list[Any]:
        """Return the downloads that the function has begun, as far as they came."""
        return [each.now() for each in list(self._watch.growing)]

    def stop(self) -> None:
        """End the call, from any thread, and all that it started."""
        self._stopped = True
        self._watch.stop()


def _cpu() -> float:
    """Return the seconds that cores have worked for this process and for its children that have ended."""
    _, _, user, system, _ = os.times()
    return time.process_time() + user + system


def newest(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return what the name of `function` means by now: its cell may have been run again."""
    name = name_of(function)
    found = getattr(function, "__globals__", {}).get(name)
    own = getattr(function, "__qualname__", "") == name  # else it was made inside another function
    return found if own and callable(found) else function


def version(function: Callable[..., Any]) -> Hashable:
    """Return what changes when the learner changes `function`."""
    return getattr(function, "__code__", id(function))
