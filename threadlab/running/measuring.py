"""Measure how long something takes, and how long with several workers."""

import time
from collections.abc import Callable, Iterable
from concurrent.futures import BrokenExecutor, Executor
from concurrent.futures.process import BrokenProcessPool
from contextlib import ExitStack
from functools import partial
from reprlib import repr as short
from typing import Any

from threadlab.running import arguments
from threadlab.running.arguments import name_of, whole_number
from threadlab.running.executors import Factory, executor_factory, wait_in_slices
from threadlab.running.machine import this_machine
from threadlab.running.scaling import Scaling, Timing, Verdict

__all__ = ["Scaling", "Timing", "Verdict", "measure", "sweep"]
Clock = Callable[[], float]


def measure(
    call: Callable[[], object], *, repeats: int = 5, warmups: int = 1, clock: Clock = time.perf_counter
) -> Timing:
    """Time `call` `repeats` times, after `warmups` runs that are not kept.

        >>> len(measure(lambda: sum(range(1000)), repeats=3).seconds)
        3

    Args:
        call: A function without arguments.
        repeats: How many values to keep.
        warmups: How many runs to make first: caches fill, imports are done.
        clock: Tells the time in seconds.
    """
    arguments.function("call", call)
    whole_number("repeats", repeats)
    for _ in range(whole_number("warmups", warmups, least=0)):
        call()
    return Timing(tuple(_seconds(call, clock) for _ in range(repeats)))


def sweep(
    function: Callable[[Any], object],
    items: Iterable[Any],
    *,
    workers: Iterable[int] = (1, 2, 4, 8),
    executor: str | Factory = "threads",
    repeats: int = 5,
    clock: Clock = time.perf_counter,
) -> Scaling:
    """Time `function` on all `items`, done by each number of `workers` in turn, `repeats` times over.

        >>> scaling = sweep(abs, range(8), workers=(2,), repeats=1)
        >>> sorted(scaling.timings), scaling.tasks
        ([1, 2], 8)

    One worker is always measured. A round measures every number of workers once, so that what slows the
    computer for a while slows all of them. Before the clock all workers start, and the first items are done
    once by each number of workers, an item a worker.

    Args:
        function: A function of one item.
        items: What it is called with: one task each.
        workers: The numbers of workers to measure.
        executor: "serial", "threads", "processes", or your own function of the number of workers that
            returns a `concurrent.futures.Executor`; that one may start its workers when it likes.
        repeats: How many rounds; below five the verdicts say how little that is.
        clock: Tells the time in seconds.

    Raises:
        RuntimeError: `function` raised; the item is named, and the exception is the cause.
        BrokenExecutor: a worker process died.
        TypeError: something cannot be sent to another process.
    """
    arguments.function("function", function)
    items = arguments.some("items", items)
    counts = sorted({1, *arguments.thread_counts("workers", workers)})
    whole_number("repeats", repeats)
    factory = executor_factory(executor)
    with ExitStack() as stack:
        pools: dict[int, Executor] = {}
        startup = {n: _seconds(partial(_open, factory, n, pools, stack), clock) for n in counts}
        for n, pool in pools.items():
            _do(pool, function, items[: 1 if executor == "serial" else n])
        rounds = [
            [_seconds(partial(_do, pool, function, items), clock) for pool in pools.values()]
            for _ in range(repeats)
        ]
    timings = {n: Timing(values) for n, values in zip(counts, zip(*rounds, strict=True), strict=True)}
    kind = executor if isinstance(executor, str) else name_of(executor)
    return Scaling(name_of(function), kind, len(items), timings, startup, this_machine())


def _seconds(call: Callable[[], object], clock: Clock) -> float:
    start = clock()
    call()
    return clock() - start


def _open(factory: Factory, workers: int, pools: dict[int, Executor], stack: ExitStack) -> None:
    pool = factory(workers)
    if not isinstance(pool, Executor):
        raise TypeError(f"executor must return a concurrent.futures.Executor, not {pool!r}")
    pools[workers] = pool
    stack.push(partial(_close, pool))


def _close(pool: Executor, kind: type[BaseException] | None, error: BaseException | None, _: object) -> None:
    interrupted = kind is not None and not issubclass(kind, Exception)
    if interrupted and hasattr(pool, "terminate_workers"):
        pool.terminate_workers()
    pool.shutdown(wait=not interrupted, cancel_futures=True)
    if kind is BrokenProcessPool:  # of a factory of the learner's own
        raise BrokenExecutor('a process of the executor died; executor="processes" says more') from error


def _do(pool: Executor, function: Callable[[Any], object], items: list[Any]) -> None:
    tasks = [pool.submit(function, item) for item in items]
    wait_in_slices(tasks)
    for number, (item, task) in enumerate(zip(items, tasks, strict=True), 1):
        error = task.exception() if task.done() else None
        if isinstance(error, BrokenExecutor):  # not the fault of this item
            raise error
        if error:
            what = f"{name_of(function)} raised {type(error).__name__} for item {number}, {short(item)}"
            raise RuntimeError(f"{what}: {error}") from error
