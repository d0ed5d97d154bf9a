"""Make workers that are threads of a free-threaded Python on this machine, run as a subprocess.

Pickled values go both ways through its standard input and output. What a task prints goes to the standard
error, and what it reads is empty: neither gets among them.
"""

import os
import pickle
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import BrokenExecutor, Executor, Future, ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import IO, Any

from threadlab.running.arguments import MOST_WORKERS, WHY_MOST_WORKERS, whole_number
from threadlab.running.free_threaded import APART, end, environment, free_threaded_python
from threadlab.running.sending import by_source, pack, perform

# It gets threadlab alone: what else lies beside it was installed for this Python and not for that one.
_BEGIN = """\
import importlib.util, sys
spec = importlib.util.spec_from_file_location("threadlab", sys.argv[1])
sys.modules["threadlab"] = importlib.util.module_from_spec(spec)
spec.loader.exec_module(sys.modules["threadlab"])
from threadlab.running.another_python import serve
serve(int(sys.argv[2]))"""
_PACKAGE = str(Path(__file__).parents[1] / "__init__.py")
_MARK = b"\0threadlab\0"  # comes before the first answer: something may print while Python starts


class AnotherPython(Executor):
    """Threads without the GIL, in one subprocess that ends with this executor or with this Python."""

    pack = staticmethod(partial(pack, dumps=by_source))

    def __init__(self, workers: int) -> None:
        whole_number("workers", workers, most=MOST_WORKERS, why=WHY_MOST_WORKERS)
        python = free_threaded_python()
        self.machine = python.machine
        self._begun: Future[Any] = Future()
        self._tasks = {0: self._begun}  # those without an answer
        self._count = 0
        self._closed: RuntimeError | None = None  # or why no task is taken any longer
        self._guard = threading.Lock()  # of all of these, and of what is written
        start = [*python.command, "-c", _BEGIN, _PACKAGE, str(workers)]
        pipe, where = subprocess.PIPE, environment()
        self._process: Any = subprocess.Popen(start, stdin=pipe, stdout=pipe, env=where, **APART)
        self._reader = threading.Thread(target=self._read, daemon=True)  # ends with the subprocess
        self._reader.start()

    def start(self, workers: int) -> list[Future[Any]]:
        """Return what is done when all threads have started."""
        return [self._begun]

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Send a task to one of the threads."""
        task, future = self.pack(fn, args, kwargs), Future[Any]()
        with self._guard:
            if self._closed:
                raise self._closed
            self._count += 1
            self._tasks[self._count] = future
            with suppress(OSError, ValueError):  # it died, and the reader will say so
                _send(self._process.stdin, (self._count, task))
        return future

    def interrupt(self) -> None:
        """End every task at once, and the subprocess with them."""
        self.shutdown(cancel_futures=True)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """End the subprocess when its tasks are done, or with `cancel_futures` at once."""
        with self._guard:
            self._closed = self._closed or RuntimeError("cannot schedule new futures after shutdown")
            if cancel_futures:
                for future in self._tasks.values():
                    future.cancel()
            if cancel_futures or not self._tasks:
                end(self._process)
        while wait and self._reader.is_alive():
            self._reader.join(0.1)

    def _read(self) -> None:
        """Give each task its answer; when the subprocess has ended, those without one get an exception."""
        with self._process.stdout as answers:
            seen = b""
            while seen != _MARK and (byte := answers.read(1)):
                seen = (seen + byte)[-len(_MARK) :]
            for number, good, data in _receive(answers):
                with self._guard:
                    future = self._tasks.pop(number)
                    if self._closed and not self._tasks:
                        end(self._process)
                _settle(future, good, data)
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(5)
        end(self._process)  # it has closed its output and lives: nobody would hear it
        code = self._process.wait()
        with suppress(OSError):  # of what it has not read
            self._process.stdin.close()
        why = "a task ended it, or memory was short" if self._begun.done() else "it could not begin"
        with self._guard:
            self._closed = BrokenExecutor(f"the free-threaded Python ended (exit code {code}): {why}")
            left, self._tasks = self._tasks, {}
        for future in left.values():
            _settle(future, False, pickle.dumps(self._closed))


def _settle(future: Future[Any], good: bool, data: bytes) -> None:
    if future.set_running_or_notify_cancel():
        try:
            value = pickle.loads(data)
        except Exception as why:
            good, value = False, TypeError(f"the result cannot be read by this Python: {why}")
        (future.set_result if good else future.set_exception)(value)


def _send(stream: IO[bytes], value: object) -> None:
    stream.write(pickle.dumps(value))
    stream.flush()


def _receive(stream: IO[bytes]) -> Iterator[Any]:
    with suppress(EOFError, pickle.UnpicklingError):  # the stream has ended, perhaps within a value
        while True:
            yield pickle.load(stream)


def serve(workers: int) -> None:
    """Do tasks (number, bytes) in so many `workers`, and end when the input does, whatever is at work."""
    tasks, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    with open(os.devnull) as nothing, suppress(OSError):  # there may be no standard error
        os.dup2(nothing.fileno(), 0)
        os.dup2(2, 1)
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    guard = threading.Lock()  # of `answers`

    def answer(number: int, task: bytes) -> None:
        data, error = perform(task, pickle.dumps)
        with guard:
            _send(answers, (number, error is None, data))

    pool, barrier = ThreadPoolExecutor(workers), threading.Barrier(workers)
    list(pool.map(lambda _: barrier.wait(60), range(workers)))  # all have started
    answers.write(_MARK)
    answer(0, pickle.dumps((os.getpid, (), {})))
    for number, task in _receive(tasks):
        pool.submit(answer, number, task)
    os._exit(0)
