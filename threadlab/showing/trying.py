"""Call a learner's function once with so many workers: watched, timed, and able to be stopped."""

import threading
import time
from collections.abc import Callable, Hashable
from typing import Any

from threadlab.running.arguments import name_of
from threadlab.running.timeline import Timeline
from threadlab.running.watching import Watch

_turn = threading.Lock()  # held while a learner's function runs: two at once would measure each other


class Attempt:
    """One call of `function`; afterwards it has `seconds` and `lanes`, or an `error` in one sentence.

    `lanes` is a Timeline or, if the function returned them, downloads. `first` is called before the clock.
    """

    def __init__(self, function: Any, *args: Any, job: Any, limit: float, write: Any, first: Any) -> None:
        self.job, self.seconds, self.error = job, 0.0, "stopped"
        self.lanes: Any = Timeline((), 0.0)
        self._function, self._arguments, self._first, self._stopped = function, args, first, False
        self._watch = Watch(limit=limit, namespace=getattr(function, "__globals__", {}), write=write)

    def __call__(self) -> None:
        """Run the function to its end, its error, its time limit or `stop`."""
        while not _turn.acquire(timeout=0.1):
            if self._stopped:
                return
        result = None
        try:
            self._first()
            with self._watch:
                if not self._stopped:  # a stop before there was anything to end
                    began = time.perf_counter()
                    result = self._function(*self._arguments)
                    self.seconds = time.perf_counter() - began
        except (Exception, SystemExit) as error:
            said = f"{type(error).__name__}: {error}".removesuffix(": ")
            self.error = f"{name_of(self._function)}: {said}"
        else:
            self.lanes = self._watch.timeline
            self.error = self.lanes.report or ("stopped" if self._stopped else "")
            if isinstance(result, list) and result and all(hasattr(each, "first_byte") for each in result):
                self.lanes = result
        finally:
            _turn.release()

    def stop(self) -> None:
        """End the call, from any thread, and all that it started."""
        self._stopped = True
        self._watch.stop()


def newest(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return what the name of `function` means by now: its cell may have been run again."""
    name = name_of(function)
    found = getattr(function, "__globals__", {}).get(name)
    own = getattr(function, "__qualname__", "") == name  # else it was made inside another function
    return found if own and callable(found) else function


def version(function: Callable[..., Any]) -> Hashable:
    """Return what changes when the learner changes `function`."""
    return getattr(function, "__code__", id(function))
