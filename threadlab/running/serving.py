"""Do the tasks that come in at the standard input, in threads; this is what runs in another Python.

Both ways go pickled values, each after its length. What a task prints goes to the standard error, and what it
reads is empty: neither gets among them.
"""

import os
import pickle
import struct
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import IO, Any

from threadlab.running.arguments import name_of
from threadlab.running.sending import as_bytes, error_as_bytes

_MARK = b"\0threadlab\0"  # comes before the first answer: something may print while Python starts
_LENGTH = struct.Struct("<Q")


def send(stream: IO[bytes], value: object) -> None:
    """Write one `value` to `stream`."""
    data = pickle.dumps(value)
    stream.write(_LENGTH.pack(len(data)) + data)
    stream.flush()


def receive(stream: IO[bytes]) -> Iterator[Any]:
    """Read values from `stream` until it ends."""
    while len(head := stream.read(_LENGTH.size)) == _LENGTH.size:
        (length,) = _LENGTH.unpack(head)
        if len(data := stream.read(length)) < length:
            return
        yield pickle.loads(data)


def skip_to_mark(stream: IO[bytes]) -> None:
    """Read from `stream` what comes before its first value."""
    seen = b""
    while seen != _MARK and (byte := stream.read(1)):
        seen = (seen + byte)[-len(_MARK) :]


def serve(workers: int) -> None:
    """Do tasks (number, bytes) in so many `workers`, and end when the input does, whatever is at work."""
    tasks, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    with open(os.devnull) as nothing, suppress(OSError):  # there may be no standard error
        os.dup2(nothing.fileno(), 0)
        os.dup2(2, 1)
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    guard = threading.Lock()  # of `answers`

    def answer(number: int, task: bytes) -> None:
        try:
            function, args, kwargs = pickle.loads(task)
            what = f"the result of {name_of(function)}"
            good, data = True, as_bytes(pickle.dumps, function(*args, **kwargs), what, "Python")
        except BaseException as error:
            good, data = False, error_as_bytes(pickle.dumps, error)
        with guard:
            send(answers, (number, good, data))

    pool, barrier = ThreadPoolExecutor(workers), threading.Barrier(workers)
    list(pool.map(lambda _: barrier.wait(60), range(workers)))  # all have started
    answers.write(_MARK)
    answer(0, pickle.dumps((os.getpid, (), {})))
    for number, task in receive(tasks):
        pool.submit(answer, number, task)
    os._exit(0)
