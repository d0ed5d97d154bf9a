"""Make workers that are threads of a free-threaded Python on this machine, run as a subprocess."""

import pickle
import subprocess
import threading
from collections.abc import Callable
from concurrent.futures import BrokenExecutor, Executor, Future
from contextlib import suppress
from pathlib import Path
from typing import Any

from threadlab.running import source
from threadlab.running.arguments import MOST_WORKERS, WHY_MOST_WORKERS, whole_number
from threadlab.running.free_threaded import APART, end, environment, free_threaded_python
from threadlab.running.sending import pack_with
from threadlab.running.serving import receive, send, skip_to_mark

# It gets threadlab alone: what else lies beside it was installed for this Python and not for that one.
_BEGIN = """\
import importlib.util, sys
spec = importlib.util.spec_from_file_location("threadlab", sys.argv[1])
sys.modules["threadlab"] = importlib.util.module_from_spec(spec)
spec.loader.exec_module(sys.modules["threadlab"])
from threadlab.running.serving import serve
serve(int(sys.argv[2]))"""
_PACKAGE = str(Path(__file__).parents[1] / "__init__.py")


class AnotherPython(Executor):
    """Threads without the GIL, in one subprocess that ends with this executor or with this Python."""

    def __init__(self, workers: int) -> None:
        whole_number("workers", workers, most=MOST_WORKERS, why=WHY_MOST_WORKERS)
        python = free_threaded_python()
        self.machine = python.machine
        self._begun: Future[Any] = Future()
        self._tasks = {0: self._begun}  # those without an answer
        self._count, self._open, self._broken = 0, True, ""
        self._guard = threading.Lock()  # of all of these, and of what is written
        start = [*python.command, "-c", _BEGIN, _PACKAGE, str(workers)]
        pipe, where = subprocess.PIPE, environment()
        self._process = subprocess.Popen(start, stdin=pipe, stdout=pipe, env=where, **APART)
        self._reader = threading.Thread(target=self._read, daemon=True)  # ends with the subprocess
        self._reader.start()

    @staticmethod
    def pack(
        fn: Callable[..., Any], args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> bytes:
        """Return a task as bytes for another Python, or raise a TypeError."""
        return pack_with(source.dumps, "Python", fn, args, kwargs or {})

    def start(self, workers: int) -> list[Future[Any]]:
        """Return what is done when all threads have started."""
        return [self._begun]

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Send a task to one of the threads."""
        task, future = self.pack(fn, args, kwargs), Future[Any]()
        with self._guard:
            if self._broken:
                raise BrokenExecutor(self._broken)
            if not self._open:
                raise RuntimeError("cannot schedule new futures after shutdown")
            self._count += 1
            self._tasks[self._count] = future
            with suppress(OSError, ValueError):  # it died, and the reader will say so
                send(self._process.stdin, (self._count, task))  # type: ignore[arg-type]
        return future

    def interrupt(self) -> None:
        """End every task at once, and the subprocess with them."""
        self.shutdown(cancel_futures=True)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """End the subprocess when its tasks are done, or with `cancel_futures` at once."""
        with self._guard:
            self._open = False
            if cancel_futures and self._tasks:
                for future in self._tasks.values():
                    future.cancel()
                end(self._process)
            self._end_if_done()
        while wait and self._reader.is_alive():
            self._reader.join(0.1)

    def _end_if_done(self) -> None:
        if not (self._open or self._tasks):
            end(self._process)

    def _read(self) -> None:
        """Give each task its answer; when the subprocess has ended, those without one get an exception."""
        with self._process.stdout as answers:  # type: ignore[union-attr]
            skip_to_mark(answers)
            for number, good, data in receive(answers):
                with self._guard:
                    future = self._tasks.pop(number)
                    self._end_if_done()
                if future.set_running_or_notify_cancel():
                    _settle(future, good, data)
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(5)
        end(self._process)  # it has closed its output and lives: nobody would hear it
        code = self._process.wait()
        with suppress(OSError):  # of what it has not read
            self._process.stdin.close()  # type: ignore[union-attr]
        why = "a task ended it, or memory was short" if self._begun.done() else "it could not begin"
        with self._guard:
            self._broken = f"the free-threaded Python ended (exit code {code}): {why}"
            left, self._tasks = self._tasks, {}
        for future in left.values():
            if future.set_running_or_notify_cancel():
                future.set_exception(BrokenExecutor(self._broken))


def _settle(future: Future[Any], good: bool, data: bytes) -> None:
    try:
        value = pickle.loads(data)
    except Exception as why:
        good, value = False, TypeError(f"the result cannot be read by this Python: {why}")
    if good:
        future.set_result(value)
    else:
        future.set_exception(value)
