"""Keep what a panel has measured, and say what to measure next: its numbers, without widgets or threads."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Any

from threadlab.running.machine import this_machine
from threadlab.running.scaling import Scaling, Timing

QUICK = 1.0  # seconds; a setting that is expected to take less is measured without a click
ROUNDS = 3  # of a run that compares kinds of work: speed-ups need a spread
Job = tuple[str, int]  # the kind of work ("" if there is only one) and the number of workers


@dataclass(slots=True)
class Measured:
    """What one panel knows: the rounds of the run that is shown and of the one before, and the last lanes.

    A round maps jobs to seconds. With kinds of work a round is compared with one worker *of the same round*.
    """

    workers: tuple[int, ...]
    works: tuple[str, ...] = ()
    rounds: list[dict[Job, float]] = field(default_factory=list)
    before: list[dict[Job, float]] = field(default_factory=list)
    lanes: dict[int, Any] = field(default_factory=dict)  # what was seen last with so many workers
    tasks: int | None = None
    limits: tuple[float, float] | None = None  # of the axis of times as drawn last: axes grow, never shrink
    longest: float = 0.0  # of all lanes seen
    condition: tuple[Hashable, ...] = ()  # what the times depend on besides the workers

    @property
    def counts(self) -> tuple[int, ...]:
        """The numbers of workers that are measured: with kinds of work also one, to compare with."""
        return tuple(sorted({1, *self.workers})) if self.works else self.workers

    def under(self, condition: tuple[Hashable, ...]) -> None:
        """Put what is known into the past if it was measured under another `condition`."""
        if condition != self.condition and self.rounds:
            self.start_anew()
        self.condition = condition

    def start_anew(self) -> None:
        """Let what is known become the run before."""
        self.before, self.rounds = self.rounds or self.before, []

    def clear(self) -> None:
        """Forget everything."""
        self.rounds, self.before, self.lanes, self.limits, self.longest = [], [], {}, None, 0.0

    def add(self, job: Job, seconds: float, lanes: Any) -> None:
        """Add one measurement, to the last round if that has none of this `job` yet."""
        if not self.rounds or job in self.rounds[-1]:
            self.rounds.append({})
        self.rounds[-1][job] = seconds
        self.lanes[job[1]] = lanes
        self.tasks = len(lanes) if isinstance(lanes, list) else None
        self.longest = max(self.longest, seconds)

    def one_setting(self, workers: int) -> list[Job]:
        """Return the jobs that add a point for `workers`; with kinds of work a round of all that is known."""
        if not self.works:
            return [("", workers)]
        counts = sorted({1, workers, *(n for jobs in self.rounds for _, n in jobs)})
        return [(work, n) for work in self.works for n in counts]

    def all_settings(self) -> list[list[Job]]:
        """Return the rounds of a whole run: each kind of work and each number of workers in turn."""
        one = [(work, n) for work in self.works or ("",) for n in self.counts]
        return [one] * (ROUNDS if self.works else 1)

    def expected(self, job: Job) -> float:
        """Return how long `job` should take at most, as far as other numbers of workers tell."""
        work, n = job
        known = self._times(work) or self._times(work, past=True)
        bounds = [median(seconds) * max(1, m / n) for m, seconds in known.items()]
        return min(bounds, default=float("inf"))

    def is_quick(self, jobs: Sequence[Job], *, slower: float = 1.0) -> bool:
        """Say whether `jobs` are short enough to be done without a click, if all is so much `slower`."""
        return slower * sum(map(self.expected, jobs)) < QUICK

    def times(self, *, past: bool = False) -> dict[int, list[float]]:
        """Return all times for each number of workers, of the run shown or the `past` one."""
        return self._times("", past=past)

    def scalings(self, *, past: bool = False) -> list[Scaling]:
        """Return the speed-ups of each kind of work, from the rounds that are complete."""
        results = []
        for work in self.works:
            rounds = [{n: t for (w, n), t in jobs.items() if w == work} for jobs in self._rounds(past)]
            counts = max((each.keys() for each in rounds), key=len, default=())
            whole = [each for each in rounds if each.keys() == counts]
            timings = {n: Timing(tuple(each[n] for each in whole)) for n in counts}
            if 1 in timings:
                results.append(Scaling(work, "threads", len(timings), timings, machine=this_machine()))
        return results

    def _rounds(self, past: bool) -> list[dict[Job, float]]:
        return self.before if past else self.rounds

    def _times(self, work: str, *, past: bool = False) -> dict[int, list[float]]:
        times: dict[int, list[float]] = {}
        for jobs in self._rounds(past):
            for (kind, n), seconds in jobs.items():
                if kind == work:
                    times.setdefault(n, []).append(seconds)
        return times
