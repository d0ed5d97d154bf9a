"""Measure how long something takes, with one worker and with several."""

import time
from collections.abc import Callable, Iterable
from concurrent.futures import BrokenExecutor, Executor
from contextlib import ExitStack
from functools import partial
from reprlib import repr as short
from statistics import mean
from typing import Any

from threadlab.running import arguments
from threadlab.running.arguments import name_of, whole_number
from threadlab.running.executors import Factory, check_sending, wait_in_slices, workers_of
from threadlab.running.machine import own_share, this_machine
from threadlab.running.scaling import Scaling, Timing, another_round

Clock = Callable[[], float]


def measure(
    call: Callable[[], object], *, repeats: int = 5, warmups: int = 1, clock: Clock = time.perf_counter
) -> Timing:
    """Time `call` `repeats` times, after `warmups` runs that are not kept.

        >>> len(measure(lambda: sum(range(1000)), repeats=3).seconds)
        3

    `call` takes no arguments; `clock` tells the time in seconds.
    """
    arguments.function("call", call)
    whole_number("repeats", repeats)
    for _ in range(whole_number("warmups", warmups, least=0)):
        call()
    return Timing(tuple(seconds_of(call, clock)[0] for _ in range(repeats)))


def sweep(
    function: Callable[[Any], object],
    items: Iterable[Any],
    *,
    workers: Iterable[int] = (1, 2, 4, 8),
    executor: str | Factory = "threads",
    repeats: int = 5,
    until: float | None = None,
    seen: Callable[[Scaling], object] | None = None,
    clock: Clock = time.perf_counter,
) -> Scaling:
    """Time `function` on all `items`, done by each number of `workers` in turn, `repeats` times over.

        >>> scaling = sweep(abs, range(8), workers=(2,), repeats=1)
        >>> sorted(scaling.timings), scaling.tasks
        ([1, 2], 8)

    One worker is always measured. A round measures every number of workers once, so that what slows the
    computer for a while slows all of them. Before the clock each worker starts and does an item.

    Args:
        function: A function of one item.
        items: What it is called with: one task each.
        workers: The numbers of workers to measure.
        executor: "serial", "threads", "processes", "interpreters" (Python 3.14 and newer), "free-threaded"
            (threads of the free-threaded Python of this machine), or your own function of the number of
            workers that returns a `concurrent.futures.Executor`.
        repeats: How many rounds; below five the verdicts say how little that is.
        until: Seconds; take more rounds until every verdict is clear, or the next would end after so many.
        seen: Called after each round with what there is so far.
        clock: Tells the time in seconds.

    Raises:
        RuntimeError: `function` raised; the item is named, and the exception is the cause. Or `executor`
            needs a Python that is not here; the sentence says how to get it.
        TypeError: `function` or an item cannot be sent to where the workers are.
    """
    arguments.function("function", function)
    items = arguments.some("items", items)
    counts = sorted({1, *arguments.thread_counts("workers", workers)})
    whole_number("repeats", repeats)
    check_sending(executor, function, items)
    limit = 0.0 if until is None else arguments.number("until", until)
    with ExitStack() as stack:
        pools, startup = dict[int, Executor](), dict[int, float]()
        for n in counts:
            start = clock()
            pools[n] = stack.enter_context(workers_of(executor, n))
            startup[n] = clock() - start
        for n, pool in pools.items():
            do(pool, function, items[: 1 if executor == "serial" else n])
        kind = executor if isinstance(executor, str) else name_of(executor)
        values = {n: (list[float](), list[float]()) for n in counts}  # seconds, and those of all cores
        shares, began = list[float](), time.monotonic()
        known = 2 if executor in ("serial", "threads") else 1  # what other processes use is not
        while True:
            for n, pool in pools.items():
                shares.append(own_share())
                for value, kept in zip(
                    seconds_of(partial(do, pool, function, items), clock), values[n], strict=True
                ):
                    kept.append(value)
            timings = {n: Timing(*map(tuple, values[n][:known])) for n in counts}
            machine = getattr(pools[1], "machine", None) or this_machine()  # another Python is not this one
            scaling = Scaling(name_of(function), kind, len(items), timings, startup, machine, mean(shares))
            if seen:
                seen(scaling)
            if not another_round([scaling], time.monotonic() - began, least=repeats, limit=limit):
                return scaling


def seconds_of(call: Callable[[], object], clock: Clock) -> tuple[float, float]:
    """Return the seconds of `call` by the `clock`, and those of all cores that this program used."""
    used, start = time.process_time(), clock()
    call()
    return clock() - start, time.process_time() - used


def do(pool: Executor, function: Callable[[Any], object], items: list[Any]) -> None:
    """Have `pool` call `function` with each of `items`, and raise what the first that fails raised."""
    tasks = [pool.submit(function, item) for item in items]
    wait_in_slices(tasks)
    for number, (item, task) in enumerate(zip(items, tasks, strict=True), 1):
        error = task.exception() if task.done() else None
        if isinstance(error, BrokenExecutor):  # not the fault of this item
            raise error
        if error:
            what = (
                f"{name_of(function)} raised {type(error).__name__} for item {number}, which is {short(item)}"
            )
            raise RuntimeError(f"{what}: {error}") from error
