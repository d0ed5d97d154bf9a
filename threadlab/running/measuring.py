"""Measure how long something takes, with one worker and with several, and say what the times mean."""

import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import BrokenExecutor, Executor
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from math import comb
from reprlib import repr as short
from statistics import median
from typing import Any

from threadlab.running import arguments
from threadlab.running.arguments import name_of, whole_number
from threadlab.running.executors import Factory, check_sending, wait_in_slices, workers_of
from threadlab.running.machine import Machine, this_machine

Clock = Callable[[], float]
GAIN, _LOSS = 1.15, 0.85  # two runs of the same thing may differ as much as that
_SHORT = 0.1  # seconds; shorter values gave speed-ups from 0.7 to 1.7 where longer ones gave 1.0
_NOUNS = {
    "threads": ("thread", "threads"),
    "processes": ("process", "processes"),
    "interpreters": ("interpreter", "interpreters"),
    "free-threaded": ("thread without the GIL", "threads without the GIL"),
}


@dataclass(frozen=True, slots=True)
class Timing:
    """Every value of one measurement, in seconds and in the order measured."""

    seconds: tuple[float, ...]

    @property
    def median(self) -> float:
        """The middle value, in seconds: one slow run does not move it."""
        return median(self.seconds)

    @property
    def mad(self) -> float:
        """The median absolute deviation from the median, in seconds."""
        return median(abs(value - self.median) for value in self.seconds)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a speed-up means, in a word and in a sentence."""

    word: str  # "gain", "no gain", "loss" or "too noisy to tell"
    sentence: str

    def __str__(self) -> str:
        return self.sentence


@dataclass(frozen=True, slots=True)
class Scaling:
    """The same tasks done by one worker and by more; value i of each timing is from round i.

    >>> waits = Scaling("wait", "threads", 4, {1: Timing((4.0, 4.2)), 4: Timing((1.0, 1.0))})
    >>> waits.speedup(4), waits.interval(4), waits.verdict(4).word
    (4.1, (4.0, 4.2), 'gain')
    """

    name: str  # of the function
    executor: str
    tasks: int
    timings: Mapping[int, Timing]  # by number of workers
    startup: Mapping[int, float] = field(default_factory=dict)  # seconds until so many workers had started
    machine: Machine | None = None

    def __post_init__(self) -> None:
        if 1 not in self.timings or len({len(timing.seconds) for timing in self.timings.values()}) > 1:
            raise ValueError("timings must have the key 1, and as many values for every number of workers")

    def speedup(self, workers: int) -> float:
        """Return how many times as fast as one worker `workers` were: the median of the rounds' ratios."""
        return median(self._ratios(workers))

    def efficiency(self, workers: int) -> float:
        """Return the speed-up per worker: 1.0 where none of `workers` was idle."""
        return self.speedup(workers) / workers

    def interval(self, workers: int) -> tuple[float, float]:
        """Return the range of speed-ups that holds the true median of `workers`, at least 93 % sure.

        The k-th smallest and the k-th largest of the rounds' ratios hold it with the chance
        1 - 2 P(Binomial(rounds, 1/2) < k), whatever the distribution. With five rounds k is 1, with nine 2.
        Source: David and Nagaraja, Order Statistics, 7.1; Le Boudec, Performance Evaluation, 2.2.
        """
        ratios, k = sorted(self._ratios(workers)), 1
        rounds = len(ratios)
        while sum(comb(rounds, i) for i in range(k + 1)) <= 0.035 * 2**rounds:
            k += 1
        return ratios[k - 1], ratios[-k]

    def verdict(self, workers: int) -> Verdict:
        """Return whether `workers` were a gain, no gain, a loss, or too noisy to tell, and why."""
        low, high = self.interval(workers)
        word = "gain" if low > GAIN else "loss" if high < _LOSS else "no gain"
        why = ""
        if word == "no gain" and not _LOSS <= low <= high <= GAIN:
            word, least = "too noisy to tell", min(self.timings[n].median for n in (1, workers))
            why = ", because the rounds differ: close other programs, or take more repeats"
            if least < _SHORT:
                why = f", because a run took only {least * 1000:.0f} ms: give it work for 100 ms or more"
        rounds = len(self.timings[1].seconds)
        if rounds < 5:
            why += f" (from {rounds} of the five rounds it takes to be 94 % sure)"
        one, many = _NOUNS.get(self.executor, ("worker", "workers"))
        times = f"{self.speedup(workers):.2f} times as fast as one {one} ({low:.2f} to {high:.2f})"
        return Verdict(word, f"{workers} {many if workers > 1 else one}: {times}: {word}{why}")

    def _ratios(self, workers: int) -> list[float]:
        if workers not in self.timings:
            raise ValueError(f"workers must be one of {sorted(self.timings)}, not {workers!r}")
        rounds = zip(self.timings[1].seconds, self.timings[workers].seconds, strict=True)
        return [max(one, 1e-9) / max(many, 1e-9) for one, many in rounds]  # a clock may see no time pass


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
    computer for a while slows all of them. Before the clock each worker starts and does an item.

    Args:
        function: A function of one item.
        items: What it is called with: one task each.
        workers: The numbers of workers to measure.
        executor: "serial", "threads", "processes", "interpreters" (Python 3.14 and newer), "free-threaded"
            (threads of the free-threaded Python of this machine), or your own function of the number of
            workers that returns a `concurrent.futures.Executor`.
        repeats: How many rounds; below five the verdicts say how little that is.
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
    with ExitStack() as stack:
        pools, startup = dict[int, Executor](), dict[int, float]()
        for n in counts:
            start = clock()
            pools[n] = stack.enter_context(workers_of(executor, n))
            startup[n] = clock() - start
        for n, pool in pools.items():
            _do(pool, function, items[: 1 if executor == "serial" else n])
        seconds: dict[int, list[float]] = {n: [] for n in counts}
        for n, pool in [*pools.items()] * repeats:
            seconds[n].append(_seconds(partial(_do, pool, function, items), clock))
    timings = {n: Timing(tuple(values)) for n, values in seconds.items()}
    kind = executor if isinstance(executor, str) else name_of(executor)
    machine = getattr(pools[1], "machine", None) or this_machine()  # another Python is not this one
    return Scaling(name_of(function), kind, len(items), timings, startup, machine)


def _seconds(call: Callable[[], object], clock: Clock) -> float:
    start = clock()
    call()
    return clock() - start


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
