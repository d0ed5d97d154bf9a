"""Make the workers of a measurement, by name or by your own function, and leave none of them behind."""

import multiprocessing
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent import futures
from concurrent.futures import BrokenExecutor, Executor, Future
from concurrent.futures.process import BrokenProcessPool
from contextlib import ExitStack, contextmanager
from contextvars import ContextVar
from typing import Any

from threadlab.running import arguments
from threadlab.running.another_python import AnotherPython
from threadlab.running.arguments import whole_number
from threadlab.running.interpreters import interpreters
from threadlab.running.sending import pack, work
from threadlab.running.standins import raise_in_thread

Factory = Callable[[int], Executor]
STARTING = 60.0  # seconds that workers get to start
# Whether somebody wants the measurement of this thread to end. An exception from outside could hit a thread
# that is just being started in place of its starter (CPython 3.11), and then both would wait for ever.
stopping: ContextVar[Callable[[], bool]] = ContextVar("stopping", default=lambda: False)


@contextmanager
def workers_of(executor: str | Factory, workers: int) -> Iterator[Executor]:
    """Make an `executor`, by its name or your own function, of so many `workers` for the time of a block.

        >>> with workers_of("threads", 2) as pool:
        ...     list(pool.map(abs, [-1, -2]))
        [1, 2]

    Those with a name have all started. An interrupt of the block ends what they do.
    """
    pool = _factory(executor)(workers)
    if not isinstance(pool, Executor):
        raise TypeError(f"executor must return a concurrent.futures.Executor, not {pool!r}")
    processes = getattr(pool, "_processes", {})  # by pid; a pool that is shut down forgets them
    patient = True
    try:
        if hasattr(pool, "start"):
            started = pool.start(workers)
            wait_in_slices(started, limit=STARTING)
            for task in started:
                if task.done():  # one may have failed
                    task.result()
        yield pool
    except BrokenProcessPool:
        if not getattr(pool, "_broken", True):  # it was another one, of an outer block
            raise
        pool.shutdown()  # now each has its exit code; SIGTERM is what the pool ended the others with
        codes = {process.exitcode for process in processes.values()} - {-signal.SIGTERM}
        code = next(iter(codes), "unknown")
        sentence = f"a worker process died (exit code {code}): its task ended it, or memory was short"
        if code == 1 and hasattr(sys.modules["__main__"], "__file__"):
            sentence += '; a script must start processes below `if __name__ == "__main__":`'
        raise BrokenExecutor(sentence) from None
    except (KeyboardInterrupt, SystemExit):
        for process in processes.values():
            process.kill()
        if hasattr(pool, "interrupt"):
            pool.interrupt()
        patient = bool(processes)
        raise
    finally:
        pool.shutdown(wait=patient, cancel_futures=True)


def without_gil(function: Callable[..., Any], *args: Any) -> Any:
    """Call `function` once in the free-threaded Python of this machine, and return what it returned there.

    >>> without_gil(abs, -1)  # doctest: +SKIP
    1

    A function of a notebook cell is sent as source text, with what it names.

    Raises:
        RuntimeError: There is no such Python; the sentence says how to get one.
        TypeError: `function` or one of `args` cannot be sent there.
    """
    arguments.function("function", function)
    with workers_of("free-threaded", 1) as pool:
        task = pool.submit(function, *args)
        wait_in_slices([task])
        return task.result()


def check_sending(executor: str | Factory, function: Callable[[Any], object], items: list[Any]) -> None:
    """Raise a TypeError if workers of this `executor` cannot get `function` or one of `items`."""
    packs = {"processes": pack, "interpreters": pack, "free-threaded": AnotherPython.pack}
    for item in items if executor in packs else ():
        packs[str(executor)](function, (item,))


def wait_in_slices(tasks: list[Future[Any]], limit: float = float("inf")) -> None:
    """Wait at most `limit` seconds for all `tasks`, until one fails or somebody is `stopping` it."""
    pending, end = set(tasks), time.monotonic() + limit
    while pending:  # on Windows before 3.14 a wait cannot be interrupted, so none is long
        done, pending = futures.wait(pending, timeout=0.1, return_when=futures.FIRST_EXCEPTION)
        if any(task.exception() for task in done):
            return
        if stopping.get()():
            raise KeyboardInterrupt
        if pending and time.monotonic() > end:
            raise TimeoutError(f"the workers did not start within {limit:g} s")


class SerialExecutor(Executor):
    """Runs each task at once in the thread that submits it; more workers change nothing."""

    def __init__(self, workers: int = 1) -> None: ...

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Run the task, and return its future when it is done."""
        future: Future[Any] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:  # an interrupt is for the caller
            future.set_exception(error)
        return future


class Threads(futures.ThreadPoolExecutor):
    """A pool of threads that can be interrupted while they work."""

    def __init__(self, workers: int) -> None:
        super().__init__(workers)
        self._busy, self._interrupted = set[int](), False
        self._all_here = threading.Barrier(workers)
        self._guard = threading.Lock()  # a thread leaves `_busy`, or is interrupted while it is there

    def start(self, workers: int) -> list[Future[Any]]:
        """Start all threads: none takes a second task before each has one."""
        return [self.submit(self._all_here.wait, STARTING) for _ in range(workers)]

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Hand a task to one of the threads."""

        def task() -> Any:
            with self._guard:
                if self._interrupted:  # while this task was on its way to its thread
                    raise KeyboardInterrupt
                self._busy.add(threading.get_ident())
            try:
                return fn(*args, **kwargs)
            finally:
                with self._guard:
                    self._busy.discard(threading.get_ident())

        return super().submit(task)

    def interrupt(self) -> None:
        """End every task at its next line of Python; one that sleeps ends when it wakes."""
        self.shutdown(wait=False, cancel_futures=True)  # first, or a thread would take the next task
        with self._guard:
            self._interrupted = True
            self._all_here.abort()  # else those at the start would wait for one that never comes
            for ident in self._busy:
                raise_in_thread(ident, KeyboardInterrupt)


class Processes(futures.ProcessPoolExecutor):
    """A pool of processes in which a function of a notebook's cell works too."""

    def __init__(self, workers: int) -> None:
        whole_number("workers", workers, most=61, why="each is a whole Python, and Windows takes no more")
        spawn = multiprocessing.get_context("spawn")
        super().__init__(workers, spawn, _begin_process, (spawn.Barrier(workers),))

    def start(self, workers: int) -> list[Future[Any]]:
        """Start all processes; they never get an interrupt: who started them ends them."""
        with ExitStack() as stack:
            if sys.platform != "win32":  # there a notebook's interrupt goes to its kernel alone
                before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
                stack.callback(signal.pthread_sigmask, signal.SIG_SETMASK, before)
            return [self.submit(os.getpid) for _ in range(workers)]

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Send a task to one of the processes."""
        return super().submit(work, pack(fn, args, kwargs))


def _begin_process(barrier: Any) -> None:
    threading.Thread(target=_end_with_parent, daemon=True).start()
    barrier.wait(STARTING)  # for the other processes: an early one takes no task of a late one


def _end_with_parent() -> None:
    if parent := multiprocessing.parent_process():
        parent.join()
        os._exit(1)


_FACTORIES: dict[str, Factory] = {
    "serial": SerialExecutor,
    "threads": Threads,
    "processes": Processes,
    "interpreters": interpreters,
    "free-threaded": AnotherPython,
}


def _factory(executor: str | Factory) -> Factory:
    if callable(executor):
        return executor
    if isinstance(executor, str) and executor in _FACTORIES:
        return _FACTORIES[executor]
    kind = ValueError if isinstance(executor, str) else TypeError
    names = ", ".join(f'"{name}"' for name in _FACTORIES)
    raise kind(f"executor must be {names} or a function that makes one, not {executor!r}")
