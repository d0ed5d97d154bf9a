"""What a thread waits for until it is its turn."""

import os


class Baton:
    """Passed on to the one thread that waits for it.

    A lock would do as well, but not without the GIL: up to 3.14 a thread that finds a lock taken gives its
    core away 40 times before it parks, also after the lock is free. On a busy machine each time lasts for a
    turn of another process; and until the thread is parked nobody can stop the world, as `sys.settrace` must
    at each step. A thread that reads from a pipe lets go of everything at once.
    """

    def __init__(self) -> None:
        self._read, self._write = os.pipe()

    def pass_on(self) -> None:
        """Let the thread that waits, or will wait, go on."""
        os.write(self._write, b".")

    def wait(self) -> None:
        """Return when it is passed on."""
        os.read(self._read, 1)

    def __del__(self) -> None:
        os.close(self._read)
        os.close(self._write)
