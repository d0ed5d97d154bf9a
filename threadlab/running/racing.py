"""Measure different ways to do the same tasks in the same rounds, each against one task at a time."""

import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from math import inf
from statistics import mean
from typing import Any

from threadlab.running import arguments
from threadlab.running.arguments import name_of, whole_number
from threadlab.running.executors import Factory, check_sending, workers_of
from threadlab.running.machine import own_share, this_machine
from threadlab.running.measuring import Clock, do, seconds_of
from threadlab.running.scaling import Scaling, Timing

Outcome = dict[str, Scaling | str]  # by way: its times, or why there are none


@dataclass(frozen=True, slots=True)
class Way:
    """A way to do tasks: what is called with each, by which executor, of how many workers."""

    function: Callable[[Any], object]
    executor: str | Factory = "serial"
    workers: int = 1


def race(
    ways: Mapping[str, Way],
    items: Iterable[Any],
    *,
    repeats: int = 5,
    within: float = inf,
    seen: Callable[[Outcome], object] = lambda outcome: None,
    clock: Clock = time.perf_counter,
) -> Outcome:
    """Time all `items` done in each of `ways` in turn, `repeats` times over, against the first of them.

        >>> outcome = race({"serial": Way(abs), "threads": Way(abs, "threads", 2)}, [-1, -2], repeats=1)
        >>> {way: sorted(result.timings) for way, result in outcome.items()}
        {'serial': [1], 'threads': [1, 2]}

    A round holds every way, so that what slows the computer for a while slows all of them. A way that fails
    is left out from then on, and the sentence why stands in the place of its times.

    Args:
        ways: By name; the first does one task at a time, and its times are those of one worker.
        items: What the functions are called with: one task each.
        repeats: How many rounds.
        within: Seconds after which nothing more begins.
        seen: Called with what there is so far, after each way of the first round and after each later round.
        clock: Tells the time in seconds.
    """
    items, end = arguments.some("items", items), time.monotonic() + within
    outcome: Outcome = {}
    with ExitStack() as stack:
        runners = [_Runner(way, how, items, stack.enter_context(ExitStack())) for way, how in ways.items()]
        for number in range(whole_number("repeats", repeats)):
            for runner in runners:
                if not (outcome and time.monotonic() > end):
                    runner.run(clock)
                if number == 0 or runner is runners[-1]:
                    outcome = _outcome(runners)
                    seen(outcome)
    return outcome


@dataclass(slots=True)
class _Runner:
    """One way while it is measured: its workers end with the `stack`."""

    way: str
    how: Way
    items: list[Any]
    stack: ExitStack
    call: Callable[[], object] | None = None
    values: list[tuple[float, float]] = field(default_factory=list)  # seconds, and those of all cores
    startup: float = 0.0
    shares: list[float] = field(default_factory=list)
    problem: str = ""

    def run(self, clock: Clock) -> None:
        """Do all items once more, unless that failed before."""
        if self.problem:
            return
        try:
            if self.call is None:
                start = clock()
                self.call = self._started()
                self.startup = clock() - start
            self.shares.append(own_share())
            self.values.append(seconds_of(self.call, clock))
        except Exception as error:
            try:
                with self.stack.pop_all():  # the workers may know more of it
                    raise
            except Exception as why:
                self.problem = str(why or error)

    def _started(self) -> Callable[[], object]:
        """Return what does all items, by workers that have started and had an item each."""
        function, workers = self.how.function, self.how.workers
        check_sending(self.how.executor, function, self.items)
        pool = self.stack.enter_context(workers_of(self.how.executor, workers))
        do(pool, function, self.items[:workers])
        return partial(do, pool, function, self.items)


def _outcome(runners: list[_Runner]) -> Outcome:
    done = [runner for runner in runners if runner.values and not runner.problem]
    rounds = min((len(runner.values) for runner in done), default=0)
    timings = {}
    for runner in done:
        seconds, cpu = zip(*runner.values[:rounds], strict=True)
        known = runner.how.executor != "processes"  # what other processes use is not
        timings[runner.way] = Timing(seconds, cpu if known else ())
    one = timings.get(runners[0].way)
    outcome: Outcome = {runner.way: runner.problem for runner in runners if runner.problem}
    for runner in done:
        timing, how = timings[runner.way], runner.how
        beside = {1: one or timing} | ({how.workers: timing} if one else {})
        share = mean(share for each in done for share in each.shares)
        names = name_of(how.function), runner.way, len(runner.items)
        outcome[runner.way] = Scaling(*names, beside, {how.workers: runner.startup}, this_machine(), share)
    return outcome
