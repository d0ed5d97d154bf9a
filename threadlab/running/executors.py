"""Make the workers of a measurement: one name, or your own factory, for every kind of executor."""

import ctypes
import multiprocessing
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent import futures
from concurrent.futures import BrokenExecutor, Executor, Future
from contextlib import contextmanager, suppress
from multiprocessing.context import SpawnContext
from typing import Any

from threadlab.running import sending
from threadlab.running.arguments import whole_number

Factory = Callable[[int], Executor]


def executor_factory(executor: str | Factory) -> Factory:
    """Return what makes an `executor` of so many workers; those with a name have all started by then.

        >>> with executor_factory("threads")(2) as pool:
        ...     list(pool.map(abs, [-1, -2]))
        [1, 2]

    Args:
        executor: A name, or your own function of the number of workers that returns an executor.

    Raises:
        ValueError: no executor has this name.
        TypeError: `executor` is neither a name nor a function.
    """
    if isinstance(executor, str) and executor in _FACTORIES:
        return _FACTORIES[executor]
    names = ", ".join(f'"{name}"' for name in _FACTORIES)
    right = f"executor must be {names} or a function that makes one, not {executor!r}"
    if isinstance(executor, str):
        raise ValueError(right)
    if not callable(executor):
        raise TypeError(right)
    return executor


def wait_in_slices(tasks: Iterable[Future[Any]]) -> None:
    """Wait until all `tasks` are done, or one has failed."""
    pending = set(tasks)
    while pending:  # on Windows before 3.14 a wait cannot be interrupted, so none is long
        done, pending = futures.wait(pending, timeout=0.1, return_when=futures.FIRST_EXCEPTION)
        if any(task.cancelled() or task.exception() for task in done):
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
    """A pool of threads that have all started, and that can be ended while they work."""

    def __init__(self, workers: int) -> None:
        self._busy: set[int] = set()
        self._guard = threading.Lock()  # a thread leaves `_busy`, or is ended while it is there
        barrier = threading.Barrier(workers)
        super().__init__(workers, initializer=_meet, initargs=(barrier,))
        _start_all(self, workers, barrier)

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

    def terminate_workers(self) -> None:
        """End every thread at its next line of Python; one that sleeps ends when it wakes."""
        self.shutdown(wait=False, cancel_futures=True)
        interrupt = ctypes.py_object(KeyboardInterrupt)
        with self._guard:
            for ident in list(self._busy):
                ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(ident), interrupt)


class _Spawn(SpawnContext):
    """Starts each process as a new Python, on every system, and remembers it."""

    def __init__(self) -> None:
        self.children: list[Any] = []

    def Process(self, *args: Any, **kwargs: Any) -> Any:  # type: ignore[override]  # noqa: N802
        self.children.append(super().Process(*args, **kwargs))
        return self.children[-1]


class Processes(futures.ProcessPoolExecutor):
    """A pool of processes that have all started; a function of a notebook's cell works in them too."""

    def __init__(self, workers: int) -> None:
        whole_number("workers", workers, most=61, why="each is a whole Python, and Windows takes no more")
        self._spawn = _Spawn()
        barrier = self._spawn.Barrier(workers)
        super().__init__(workers, mp_context=self._spawn, initializer=_begin, initargs=(barrier,))
        _start_all(self, workers, barrier)

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Send a task to one of the processes."""
        sent = sending.pack(fn, args, kwargs)
        outer: Future[Any] = Future()
        try:
            inner = super().submit(sending.work, *sent)
        except BrokenExecutor:
            raise self._death() from None
        outer.cancel = inner.cancel  # type: ignore[method-assign]
        inner.add_done_callback(lambda _: self._deliver(inner, outer))
        return outer

    def _deliver(self, inner: Future[bytes], outer: Future[Any]) -> None:
        if inner.cancelled():
            Future.cancel(outer)
        if outer.set_running_or_notify_cancel():
            try:
                outer.set_result(sending.unpack(inner.result()))
            except BaseException as error:
                outer.set_exception(self._death() if isinstance(error, BrokenExecutor) else error)

    def _death(self) -> BrokenExecutor:
        for _ in range(200):  # for a moment after its end a process may not show its exit code
            codes = {child.exitcode for child in self._spawn.children} - {None, -signal.SIGTERM}
            if codes:
                break
            time.sleep(0.001)
        code = next(iter(codes), "unknown")  # SIGTERM is what the pool ends the others with
        sentence = f"a worker process died (exit code {code}): its task ended it, or memory was short"
        if code == 1 and hasattr(sys.modules["__main__"], "__file__"):
            sentence += '; a script must start processes below `if __name__ == "__main__":`'
        return BrokenExecutor(sentence)

    def terminate_workers(self) -> None:
        """End every process, whatever it does."""
        for child in self._spawn.children:
            if child.pid:
                child.kill()
        self.shutdown(cancel_futures=True)


_FACTORIES: dict[str, Factory] = {"serial": SerialExecutor, "threads": Threads, "processes": Processes}


def _start_all(pool: Threads | Processes, workers: int, barrier: Any) -> None:
    try:
        with _no_interrupt():
            tasks = [pool.submit(os.getpid) for _ in range(workers)]
        wait_in_slices(tasks)
        for task in tasks:
            task.result()
    except BaseException:
        barrier.abort()
        pool.terminate_workers()
        raise


@contextmanager
def _no_interrupt() -> Iterator[None]:
    """Hold interrupts back; the processes that start meanwhile never get one: who started them ends them."""
    if sys.platform == "win32":  # a notebook's interrupt goes to its kernel alone
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _meet(barrier: Any) -> None:
    """Wait for the other workers, so that an early one does not take the first task of a late one."""
    with suppress(threading.BrokenBarrierError):  # the pool is given up, or a worker is late beyond hope
        barrier.wait(60)


def _begin(barrier: Any) -> None:
    threading.Thread(target=_end_with_parent, daemon=True).start()
    _meet(barrier)


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent:
        parent.join()
        os._exit(1)
