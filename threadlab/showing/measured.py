"""Keep what a panel has measured, and say what to measure next: its numbers, without widgets or threads."""

from dataclasses import dataclass, field
from statistics import mean, median
from typing import Any

from threadlab.running.machine import this_machine
from threadlab.running.scaling import CALM, Scaling, Timing, another_round
from threadlab.running.timeline import Timeline

QUICK = 1.0  # seconds; a setting that is expected to take less is measured without a click
ROUNDS = 3  # at least, of a run that compares kinds of work
ENOUGH = 7.5  # seconds that more may take; with the last picture less than 8
SOON = 2.8  # seconds for each kind of work where nothing disturbs; from the click to the end less than 3
STRIP = "strip"  # marks a run that is watched for who holds the GIL, and not timed
Setting = tuple[str, int]  # the kind of work ("" if there is only one) and the number of workers
Job = Setting | tuple[str, int, str]  # with STRIP


@dataclass(frozen=True, slots=True)
class Value:
    """What one call took, in seconds, and what other programs left it."""

    seconds: float
    cpu: float  # seconds of all cores
    share: float = 1.0  # of a core, as Scaling.share


Rounds = list[dict[Setting, Value]]  # a speed-up compares with one worker of the same round


@dataclass(slots=True)
class Measured:
    """What one panel knows: the rounds of the run that is shown and of the one before, and the last lanes."""

    workers: tuple[int, ...]
    works: tuple[str, ...] = ()
    rounds: Rounds = field(default_factory=list)
    before: Rounds = field(default_factory=list)
    lanes: dict[int, Any] = field(default_factory=dict)  # what was seen last with so many workers
    downloads: list[Any] = field(default_factory=list)  # seen last, also after Clear: their sizes are known
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
        jobs = (*self.before, *self.rounds)
        return max((value.seconds for each in jobs for value in each.values()), default=0.0)

    @property
    def worth_drawing(self) -> bool:
        """Whether the last value shows something new: each does at first, later every whole round."""
        return not self.works or len(self.rounds) < 2 or self.rounds[-1].keys() == self.rounds[-2].keys()

    def begin(self, condition: tuple[Any, ...], *, anew: bool) -> None:
        """Let what is known become the run before if `anew`, or if it holds under another `condition`.

        A few points of a slider do not take the place of a run of more settings: one compares with that.
        """
        if self.rounds and (anew or condition != self.condition):
            before, rounds = ({job for jobs in each for job in jobs} for each in (self.before, self.rounds))
            self.before, self.rounds = self.rounds if len(rounds) >= len(before) else self.before, []
        if anew or condition != self.condition:
            self.strips.clear()
        self.condition = condition

    def clear(self) -> None:
        """Forget everything."""
        self.rounds, self.before, self.lanes, self.strips, self.limits = [], [], {}, {}, None

    def add(
        self, job: Setting, seconds: float, lanes: Any, *, cpu: float | None = None, share: float = 1.0
    ) -> None:
        """Add one measurement, to the last round if that has none of this `job` yet."""
        if not self.rounds or job in self.rounds[-1]:
            self.rounds.append({})
        self.rounds[-1][job] = Value(seconds, seconds if cpu is None else cpu, share)
        self.lanes[job[1]] = lanes
        self.downloads = lanes if isinstance(lanes, list) else []

    def one_setting(self, workers: int) -> list[Job]:
        """Return the jobs that add a point for `workers`; with kinds of work a round of all that is known."""
        known = {1, *(n for jobs in self.rounds for _, n in jobs)} if self.works else set()
        return [(work, n) for work in self.works or ("",) for n in sorted({workers, *known})]

    def all_settings(self) -> list[Job]:
        """Return the jobs of a whole run or, with kinds of work, of one round of it."""
        return [(work, n) for work in self.works or ("",) for n in self.counts]

    def another_round(self, spent: float, *, idle: bool = False) -> list[Job]:
        """Return the jobs of one more round after `spent` seconds, if need be; there are fewer if `idle`."""
        scalings = self.scalings()
        calm = idle and all(each.share > CALM for each in scalings)  # others may have begun since
        limit = min(ENOUGH, SOON * len(self.works)) if calm else ENOUGH
        go_on = scalings and another_round(scalings, spent, least=ROUNDS, limit=limit)
        return self.all_settings() if go_on else []

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
            for (kind, n), value in jobs.items():
                if kind == work:
                    times.setdefault(n, []).append(value.seconds)
        return times

    def busy(self) -> dict[int, float]:
        """Return, by number of workers, which part of what others left this Python the run shown used."""
        machine, parts = this_machine(), dict[int, list[float]]()
        cores = 1 if machine.gil else machine.cores
        for (_, n), value in (item for jobs in self.rounds for item in jobs.items()):
            parts.setdefault(n, []).append(value.cpu / max(value.seconds * value.share, 1e-9) / cores)
        return {n: median(values) for n, values in parts.items()}

    def scalings(self, *, past: bool = False) -> list[Scaling]:
        """Return the speed-ups of each kind of work in whole rounds; of one without, one worker's alone."""
        scalings, rounds = [], self.before if past else self.rounds
        share = mean([value.share for jobs in rounds for value in jobs.values()] or [1.0])
        for work in self.works:
            own = [{n: t for (kind, n), t in jobs.items() if kind == work} for jobs in rounds]
            counts = max((each.keys() for each in own if 1 in each), key=len, default=())
            whole = [each for each in own if each.keys() == counts]
            timings = {n: _timing([each[n] for each in whole]) for n in counts} or {1: Timing((1.0,))}
            more: Any = {"machine": this_machine(), "share": share}
            scalings.append(Scaling(work, "threads", len(timings), timings, **more))
        return scalings


def _timing(values: list[Value]) -> Timing:
    return Timing(tuple(value.seconds for value in values), tuple(value.cpu for value in values))
