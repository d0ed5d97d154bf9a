"""Coroutine functions as tasks: several at once in one thread, ended with it, and one of them alone."""

import asyncio
import threading
from contextlib import suppress

import pytest

from threadlab.running.coroutines import Coroutines, alone
from threadlab.running.executors import wait_in_slices, workers_of
from threadlab.running.measuring import sweep
from threadlab.running.standins import raise_in_thread

LIMIT = 20.0


def interrupted(function, runs):
    """Interrupt the block of an executor when its task `runs`, and return the executor."""
    with suppress(KeyboardInterrupt), workers_of(Coroutines, 1) as pool:
        pool.submit(function, 0)
        assert runs.wait(LIMIT)
        raise KeyboardInterrupt
    return pool


def test_all_coroutines_wait_at_once_in_one_thread():
    async def meet(_):
        async with asyncio.timeout(LIMIT):
            await barrier.wait()
        return threading.get_ident()

    barrier = asyncio.Barrier(3)
    with workers_of(Coroutines, 3) as pool:
        jobs = [pool.submit(meet, n) for n in range(3)]
        wait_in_slices(jobs, LIMIT)
    assert len({job.result() for job in jobs}) == 1


def test_one_worker_does_one_coroutine_at_a_time():
    async def note(item):
        order.append(("begins", item))
        await asyncio.sleep(0)
        order.append(("ends", item))

    order = []
    with workers_of(Coroutines, 1) as pool:
        wait_in_slices([pool.submit(note, item) for item in "AB"], LIMIT)
    assert order == [(what, item) for item in "AB" for what in ("begins", "ends")]


def test_an_error_of_a_coroutine_names_its_item():
    async def fail(item):
        raise OSError("closed")

    with pytest.raises(RuntimeError, match="fail raised OSError for item 1, which is 7: closed"):
        sweep(fail, [7], workers=(1,), executor=Coroutines, repeats=1)


def test_an_interrupt_cancels_the_coroutines_that_wait():
    cancelled, waits = threading.Event(), threading.Event()

    async def wait(_):
        try:
            waits.set()
            await asyncio.Event().wait()
        finally:
            cancelled.set()

    interrupted(wait, waits)
    assert cancelled.wait(LIMIT)


def test_an_interrupt_ends_a_coroutine_that_computes():
    computes = threading.Event()

    async def compute(_):
        computes.set()
        while True:
            pass

    pool = interrupted(compute, computes)
    pool._thread.join(LIMIT)
    assert not pool._thread.is_alive()


def test_a_coroutine_function_runs_alone_as_a_plain_function():
    async def double(item):
        await asyncio.sleep(0)
        return 2 * item

    assert (alone(double)(3), alone(double).__name__) == (6, "double")


def test_a_coroutine_alone_that_waits_for_ever_can_be_interrupted():
    waits, ended = threading.Event(), []

    async def wait(_):
        waits.set()
        await asyncio.Event().wait()

    def run():
        try:
            alone(wait)(0)
        except KeyboardInterrupt:
            ended.append("interrupted")

    thread = threading.Thread(target=run)
    thread.start()
    assert waits.wait(LIMIT)
    raise_in_thread(thread.ident, KeyboardInterrupt)
    thread.join(LIMIT)
    assert ended == ["interrupted"]
