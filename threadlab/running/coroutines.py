"""Run coroutine functions as the tasks of an executor: several at once in one thread, by asyncio."""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Executor, Future
from contextlib import suppress
from functools import wraps
from typing import Any

from threadlab.running.standins import raise_in_thread

_PATIENCE = 0.3  # seconds that a task gets to end when it is cancelled
_LIMIT = 10.0  # seconds, for what takes none unless a task blocks


class Coroutines(Executor):
    """One thread in which as many tasks wait at once as there are `workers`.

    >>> from threadlab.running.measuring import sweep
    >>> async def wait(seconds):
    ...     await asyncio.sleep(seconds)
    >>> sweep(wait, [0.01] * 4, workers=(4,), executor=Coroutines, repeats=1).tasks
    4
    """

    def __init__(self, workers: int) -> None:
        self._loop, self._turns = asyncio.new_event_loop(), asyncio.Semaphore(workers)
        self._ended = asyncio.Event()
        self._thread = threading.Thread(target=self._serve, name="asyncio", daemon=True)
        self._thread.start()

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Have the coroutine of this call run when it is its turn, beside the others."""

        async def in_turn() -> Any:
            async with self._turns:
                return await fn(*args, **kwargs)

        return asyncio.run_coroutine_threadsafe(in_turn(), self._loop)

    def interrupt(self) -> None:
        """Cancel all tasks; one that computes ends at its next line of Python."""
        self.shutdown(wait=False)
        self._thread.join(_PATIENCE)
        if self._thread.is_alive() and self._thread.ident:
            raise_in_thread(self._thread.ident, KeyboardInterrupt)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """End the thread, and cancel what still runs in it."""
        with suppress(RuntimeError):  # it has ended
            self._loop.call_soon_threadsafe(self._ended.set)
        if wait:
            self._thread.join(_LIMIT)

    def _serve(self) -> None:
        with suppress(KeyboardInterrupt), asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.run(self._ended.wait())


def alone(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a plain function that runs the coroutine of `function` in an event loop of its own."""

    async def in_slices(*args: Any) -> Any:
        task = asyncio.ensure_future(function(*args))
        while not task.done():
            await asyncio.wait({task}, timeout=0.1)  # so that an interrupt finds a line of Python to end
        return task.result()

    @wraps(function)
    def run(*args: Any) -> Any:
        return asyncio.run(in_slices(*args))

    return run
