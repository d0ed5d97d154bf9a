"""Call a learner's function once with so many workers: watched, timed, and able to be stopped."""

import threading
import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Any

from threadlab.running.arguments import name_of
from threadlab.running.watching import Watch
from threadlab.showing.measured import Job

_turn = threading.Lock()  # held while a learner's function runs: two at once would measure each other


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one attempt: `lanes` is a Timeline or, if the function returned them, downloads."""

    job: Job
    seconds: float = 0.0
    lanes: Any = None
    error: str = ""  # one sentence; then the rest means nothing


class Attempt:
    """One call of `run` for `job`; `kinds` are the functions behind the names of kinds of work."""

    def __init__(
        self,
        run: Callable[..., Any],
        kinds: dict[str, Callable[..., Any]],
        job: Job,
        *,
        write: Any,
        limit: float,
    ) -> None:
        self.job = job
        work, workers = job
        self._function = newest(run)
        self._arguments = (newest(kinds[work]), workers) if work else (workers,)
        namespace = getattr(self._function, "__globals__", {})
        self._watch = Watch(limit=limit, namespace=namespace, write=write)
        self._stopped = False
        self.first: Callable[[], object] = lambda: None  # called before the clock starts

    def __call__(self) -> Outcome:
        """Run the function to its end, its error, its time limit or `stop`."""
        while not _turn.acquire(timeout=0.1):
            if self._stopped:
                return Outcome(self.job, error="stopped")
        try:
            self.first()
            seconds, result = self._timed()
        except (Exception, SystemExit) as error:
            said = f"{type(error).__name__}: {error}".removesuffix(": ")
            return Outcome(self.job, error=f"{name_of(self._function)}: {said}")
        finally:
            _turn.release()
        seen = self._watch.timeline
        if seen.report or self._watch.stopped:
            return Outcome(self.job, error=seen.report or "stopped")
        downloads = isinstance(result, list) and result and all(hasattr(one, "first_byte") for one in result)
        return Outcome(self.job, seconds, result if downloads else seen)

    def stop(self) -> None:
        """End the call, from any thread, and all that it started."""
        self._stopped = True
        self._watch.stop()

    def _timed(self) -> tuple[float, Any]:
        seconds, result = 0.0, None
        with self._watch:
            if not self._stopped:  # stop() may have come before there was anything to end
                began = time.perf_counter()
                result = self._function(*self._arguments)
                seconds = time.perf_counter() - began
        return seconds, result


def newest(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return what the name of `function` means by now: its cell may have been run again."""
    name = name_of(function)
    found = getattr(function, "__globals__", {}).get(name, function)
    own = getattr(function, "__qualname__", name) == name  # else it was made inside another function
    return found if own and callable(found) else function


def version(function: Callable[..., Any]) -> Hashable:
    """Return what changes when the learner changes `function`."""
    now = newest(function)
    return getattr(now, "__code__", id(now))
