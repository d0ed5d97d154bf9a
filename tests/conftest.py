import signal
import threading

import pytest

# Whoever starts the tests in the background may have them ignore Ctrl-C, and then no test of it could fail.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True)
def _no_thread_left_over():
    """Fail a test that leaves a thread running. (One that lets an exception die in a thread fails as
    well: pytest warns, and warnings are errors.)"""
    before = set(threading.enumerate())
    yield
    left = [thread for thread in threading.enumerate() if thread not in before]
    for thread in left:
        thread.join(timeout=5)  # one that has been told to end may still be on its way
    assert [thread.name for thread in left if thread.is_alive()] == [], "threads left over"
