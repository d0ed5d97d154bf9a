"""Make workers that are interpreters: several Pythons in one process, each with a GIL of its own."""

import socket
import sys
import threading
import time
from collections.abc import Callable
from concurrent import futures
from concurrent.futures import Executor, Future
from contextlib import suppress
from typing import Any

from threadlab.running.arguments import whole_number
from threadlab.running.sending import ByValue, pack, work
from threadlab.running.standins import raise_in_thread

LIMIT = 60  # seconds for all interpreters to start


def interpreters(workers: int) -> Executor:
    """Make a pool of so many interpreters, or say what it takes."""
    whole_number("workers", workers, most=64, why="each holds every module in memory once more")
    if sys.version_info < (3, 14):
        raise RuntimeError(
            f'executor="interpreters" needs Python 3.14 or newer, and this is {sys.version.split()[0]}: '
            "`uv python install 3.14` or python.org brings one; start the course with that"
        )
    return Interpreters(workers)  # type: ignore[name-defined,unused-ignore]


if sys.version_info >= (3, 14):

    class Interpreters(futures.InterpreterPoolExecutor):
        """A pool of interpreters that can be interrupted while they work."""

        _line: socket.socket | None = None  # to those who listen inside

        def __init__(self, workers: int) -> None:
            find_the_same = f"import sys; sys.path[:] = {sys.path!r}"
            super().__init__(workers, initializer=exec, initargs=(find_the_same, {}))

        def start(self, workers: int) -> list[Future[Any]]:
            """Start all interpreters: none takes a second task before each has one."""
            self._line, inside = socket.socketpair()
            gate, before_it = socket.socketpair()
            gate.settimeout(0.1)
            submit, end, here = super().submit, time.monotonic() + LIMIT, 0
            with inside, before_it, gate:
                doors = before_it.fileno(), inside.fileno()
                tasks = [submit(_begin, *doors) for _ in range(workers)]
                while here < workers and time.monotonic() < end and not any(task.done() for task in tasks):
                    with suppress(TimeoutError):
                        here += len(gate.recv(workers))
                gate.close()  # which opens it for all
            return tasks

        def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
            """Send a task to one of the interpreters."""
            return super().submit(_work, pack(fn, args, kwargs))

        def interrupt(self) -> None:
            """End every task at its next line of Python; one that sleeps ends when it wakes."""
            super().shutdown(wait=False, cancel_futures=True)  # first, or one would take the next task
            if self._line:
                with suppress(OSError):  # nobody listens any longer
                    self._line.send(b"!" * self._max_workers)

        def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
            """End the interpreters when they have done their tasks."""
            if self._line:
                self._line.close()  # an interpreter ends when nobody in it listens any longer
            super().shutdown(wait, cancel_futures=cancel_futures)


def _begin(gate: int, line: int) -> None:
    """Wait until all the interpreters are at the `gate`, and listen at the `line` from now on."""
    ear = socket.socket(fileno=socket.dup(line))
    with socket.socket(fileno=socket.dup(gate)) as all_here:
        all_here.settimeout(LIMIT)
        all_here.send(b".")
        all_here.recv(1)  # nothing comes, but the end
    threading.Thread(target=_listen, args=(ear, threading.get_ident())).start()


_ended = threading.Event()  # of this interpreter: set before its worker is interrupted


def _work(task: bytes) -> ByValue:
    if _ended.is_set():  # it was on its way here
        raise KeyboardInterrupt
    return work(task)


def _listen(ear: socket.socket, worker: int) -> None:
    """Interrupt the `worker` at a word from outside: only its own interpreter can."""
    with ear:
        ear.settimeout(1)
        while threading.main_thread().is_alive():  # else the pool was never shut down, and Python ends
            with suppress(TimeoutError):
                if ear.recv(1):
                    _ended.set()
                    raise_in_thread(worker, KeyboardInterrupt)
                return
