"""Make the workers of a measurement, by name or by your own function, and leave none of them behind.

Plain pickle sends a function by name, which means nothing in a process that is not the notebook. cloudpickle
sends what `__main__` defines as code, closure and globals, and knows its classes again when they come back.
"""

import multiprocessing
import os
import pickle
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent import futures
from concurrent.futures import BrokenExecutor, Executor, Future
from concurrent.futures.process import BrokenProcessPool
from contextlib import ExitStack, contextmanager
from multiprocessing.reduction import ForkingPickler
from reprlib import repr as short
from typing import Any

from threadlab.running.arguments import name_of, whole_number
from threadlab.running.standins import raise_in_thread

Factory = Callable[[int], Executor]


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
        if isinstance(pool, Threads | Processes):
            wait_in_slices(pool.start(workers))
        yield pool
    except BrokenProcessPool:
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
        if isinstance(pool, Threads):
            pool.interrupt()
        patient = bool(processes)
        raise
    finally:
        pool.shutdown(wait=patient, cancel_futures=True)


def wait_in_slices(tasks: list[Future[Any]]) -> None:
    """Wait until all `tasks` are done, or one has failed."""
    pending = set(tasks)
    while pending:  # on Windows before 3.14 a wait cannot be interrupted, so none is long
        done, pending = futures.wait(pending, timeout=0.1, return_when=futures.FIRST_EXCEPTION)
        if any(task.exception() for task in done):
            return


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
        self._busy: set[int] = set()
        self._guard = threading.Lock()  # a thread leaves `_busy`, or is interrupted while it is there

    def start(self, workers: int) -> list[Future[Any]]:
        """Start all threads: none takes a second task before each has one."""
        barrier = threading.Barrier(workers)
        return [self.submit(barrier.wait, 60) for _ in range(workers)]

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Hand a task to one of the threads."""

        def task() -> Any:
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
    barrier.wait(60)  # for the other processes: an early one takes no task of a late one


def _end_with_parent() -> None:
    if parent := multiprocessing.parent_process():
        parent.join()
        os._exit(1)


def pack(function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> bytes:
    """Return `function` and what it is called with as bytes, or raise a TypeError."""
    call = ", ".join(map(short, (*args, *kwargs.values()))) or "nothing"
    return _dumps((function, args, kwargs), f"the function {name_of(function)}, called with {call},")


class ByValue:
    """Comes out of the pool's own pickle as the value itself."""

    def __init__(self, value: object, what: str) -> None:
        self._data = _dumps(value, what)

    def __reduce__(self) -> Any:
        return pickle.loads, (self._data,)


def work(task: bytes) -> ByValue:
    """Do the task in the other process; its answer or its exception goes back by value."""
    try:
        function, args, kwargs = pickle.loads(task)
        return ByValue(function(*args, **kwargs), f"the result of {name_of(function)}")
    except BaseException as error:
        try:
            data = _dumps(error, "the exception")
            pickle.loads(data)  # an exception whose __init__ takes more than the message fails only here
        except Exception:
            data = pickle.dumps(RuntimeError(f"{type(error).__name__}: {error}"))
        ForkingPickler.register(type(error), lambda _: (pickle.loads, (data,)))
        raise


def _dumps(value: object, what: str) -> bytes:
    try:
        import cloudpickle as pickler  # here, so that only who sends something pays for it
    except ImportError:
        pickler = pickle  # a bare Python sends what a module defines, by name
    try:
        return bytes(pickler.dumps(value))
    except Exception as why:
        remedy = 'make such a thing inside the function, or use executor="threads"'
        raise TypeError(f"{what} cannot be sent to another process ({why}): {remedy}") from why


_FACTORIES: dict[str, Factory] = {"serial": SerialExecutor, "threads": Threads, "processes": Processes}


def _factory(executor: str | Factory) -> Factory:
    if callable(executor):
        return executor
    if isinstance(executor, str) and executor in _FACTORIES:
        return _FACTORIES[executor]
    kind = ValueError if isinstance(executor, str) else TypeError
    names = ", ".join(f'"{name}"' for name in _FACTORIES)
    raise kind(f"executor must be {names} or a function that makes one, not {executor!r}")
