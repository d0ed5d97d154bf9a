"""Keep what a panel has measured, and say what to measure next: its numbers, without widgets or threads."""

from dataclasses import dataclass, field
from statistics import median
from typing import Any

from threadlab.running.machine import this_machine
from threadlab.running.measuring import Scaling, Timing
from threadlab.running.timeline import Timeline

QUICK = 1.0  # seconds; a setting that is expected to take less is measured without a click
ROUNDS = 3  # of a run that compares kinds of work: speed-ups need a spread
STRIP = "strip"  # marks a run that is watched for who holds the GIL, and not timed
Setting = tuple[str, int]  # the kind of work ("" if there is only one) and the number of workers
Job = Setting | tuple[str, int, str]  # with STRIP
Rounds = list[dict[Setting, float]]  # seconds; a speed-up compares with one worker of the same round


@dataclass(slots=True)
class Measured:
    """What one panel knows: the rounds of the run that is shown and of the one before, and the last lanes."""

    workers: tuple[int, ...]
    works: tuple[str, ...] = ()
    rounds: Rounds = field(default_factory=list)
    before: Rounds = field(default_factory=list)
    lanes: dict[int, Any] = field(default_factory=dict)  # what was seen last with so many workers
    strips: dict[tuple[str, int], Timeline] = field(
        default_factory=dict
    )  # who held the GIL, by work and workers
    limits: tuple[float, float] | None = None  # of the axis of times as drawn last: axes grow, never shrink
    condition: tuple[Any, ...] = ()  # what the times depend on besides the workers

    @property
    def counts(self) -> tuple[int, ...]:
        """The numbers of workers that are measured: with kinds of work also one, to compare with."""
        return tuple(sorted({1, *self.workers})) if self.works else self.workers

    @property
    def longest(self) -> float:
        """The longest time measured so far, in seconds."""
        return max((t for jobs in (*self.before, *self.rounds) for t in jobs.values()), default=0.0)

    def begin(self, condition: tuple[Any, ...], *, anew: bool) -> None:
        """Let what is known become the run before if `anew`, or if it holds under another `condition`."""
        if self.rounds and (anew or condition != self.condition):
            self.before, self.rounds = self.rounds, []
        if anew or condition != self.condition:
            self.strips.clear()
        self.condition = condition

    def clear(self) -> None:
        """Forget everything."""
        self.rounds, self.before, self.lanes, self.strips, self.limits = [], [], {}, {}, None

    def add(self, job: Setting, seconds: float, lanes: Any) -> None:
        """Add one measurement, to the last round if that has none of this `job` yet."""
        if not self.rounds or job in self.rounds[-1]:
            self.rounds.append({})
        self.rounds[-1][job] = seconds
        self.lanes[job[1]] = lanes

    def one_setting(self, workers: int) -> list[Job]:
        """Return the jobs that add a point for `workers`; with kinds of work a round of all that is known."""
        known = {1, *(n for jobs in self.rounds for _, n in jobs)} if self.works else set()
        return [(work, n) for work in self.works or ("",) for n in sorted({workers, *known})]

    def all_settings(self) -> list[Job]:
        """Return the jobs of a whole run: in each round each kind of work with each number of workers."""
        one: list[Job] = [(work, n) for work in self.works or ("",) for n in self.counts]
        return one * (ROUNDS if self.works else 1)

    def expected(self, *jobs: Job) -> float:
        """Return how many seconds `jobs` should take at most, as far as other numbers of workers tell."""
        total = 0.0
        for work, n, *_ in jobs:
            known = self.times(work) or self.times(work, past=True)
            total += min((median(t) * max(1, m / n) for m, t in known.items()), default=float("inf"))
        return total

    def times(self, work: str = "", *, past: bool = False) -> dict[int, list[float]]:
        """Return all times of `work` for each number of workers, of the run shown or the `past` one."""
        times: dict[int, list[float]] = {}
        for jobs in self.before if past else self.rounds:
            for (kind, n), seconds in jobs.items():
                if kind == work:
                    times.setdefault(n, []).append(seconds)
        return times

    def scalings(self, *, past: bool = False) -> list[Scaling]:
        """Return the speed-ups of each kind of work in whole rounds; of one without, one worker's alone."""
        scalings = []
        for work in self.works:
            rounds = self.before if past else self.rounds
            own = [{n: t for (kind, n), t in jobs.items() if kind == work} for jobs in rounds]
            counts = max((each.keys() for each in own if 1 in each), key=len, default=())
            whole = [each for each in own if each.keys() == counts]
            timings = {n: Timing(tuple(each[n] for each in whole)) for n in counts} or {1: Timing((1.0,))}
            scalings.append(Scaling(work, "threads", len(timings), timings, machine=this_machine()))
        return scalings
