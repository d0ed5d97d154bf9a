"""Say what the times of one worker and of several mean: a speed-up, how sure it is, and a verdict."""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import comb
from statistics import median

from threadlab.running.machine import Machine

Seconds = Sequence[float]
GAIN, _LOSS = 1.15, 0.85  # two runs of the same thing may differ as much as that
_SHORT = 0.1  # seconds; shorter values gave speed-ups from 0.7 to 1.7 where longer ones gave 1.0
NOISY = "too noisy to tell"
ONE_ROUND = "one round so far"
_LEAST = 5  # rounds; with fewer even the smallest and the largest ratio do not hold the truth 93 % sure
CALM = 0.8  # share of a core; with less, more workers show no gain where there is one
_LOOKS = tuple(_LEAST * 2**k for k in range(8))  # rounds
_SLOW = 0.6  # the same work took the same core from 84 to 134 ms, beside one other program
_COMPUTES = 0.8  # share of a core that one worker uses where more of them can only gain by more cores
_WAITS = 0.2  # share of a core that one worker uses at most who hardly computes
_COUNTED = 0.05 if sys.platform == "win32" else 0.005  # seconds that the clock of the cores counts well
_NOUNS = {
    "serial": ("worker", "workers, serial"),  # it has one, whatever one asks for
    "threads": ("thread", "threads"),
    "processes": ("process", "processes"),
    "interpreters": ("interpreter", "interpreters"),
    "free-threaded": ("thread without the GIL", "threads without the GIL"),
}


@dataclass(frozen=True, slots=True)
class Timing:
    """Every value of one measurement, in seconds and in the order measured.

    >>> Timing((0.5, 0.25, 2.0)).median, Timing((0.5, 0.25, 2.0)).mad
    (0.5, 0.25)
    """

    seconds: tuple[float, ...]
    cpu: tuple[float, ...] = ()  # seconds of all cores that this program used meanwhile; () if not known

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
    share: float = 1.0  # of a core, for a loop beside the work: what is missing went to other programs

    def __post_init__(self) -> None:
        if 1 not in self.timings or len({len(timing.seconds) for timing in self.timings.values()}) > 1:
            raise ValueError("timings must have the key 1, and as many values for every number of workers")

    @property
    def rounds(self) -> int:
        """How many times each number of workers was measured."""
        return len(self.timings[1].seconds)

    @property
    def steady(self) -> bool:
        """Whether every verdict is clear, looked at after 5, 10, 20, ... rounds, so that no more are needed.

        Who looks after every round, up to 20, takes a speed-up of just 1.15 for a gain in 8 % of the runs, at
        these rounds alone in 5 %, once in 3 %: Armitage and others, Repeated significance tests, 1969.
        """
        return self.rounds in _LOOKS and all(self.verdict(n).word != NOISY for n in self.timings if n > 1)

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
        return _interval(self._ratios(workers))

    def verdict(self, workers: int) -> Verdict:
        """Return whether `workers` were a gain, no gain, a loss, or too noisy to tell, and why.

        No gain says that the speed-up is at most 1.15: it looks at that end alone, at least 93 % sure. Where
        one worker computes all the time, more of them compute no less, so it is also no gain if they keep at
        most 1.15 times as many cores busy: that holds still where the speed of the cores does not.
        A gain must be one also if other programs slowed the one worker alone, and a loss, or no gain under
        load, also if they slowed only the many, as much as `share` allows: a system under load gives more
        time to more threads. Under load all take five rounds, too, but for a gain of who hardly computes.
        Many that keep as many cores busy as one may just have slower ones: less than 0.6 is a loss then, and
        from ten rounds on less than 0.85, as elsewhere.
        """
        low, high = self.interval(workers)
        least, _ = _interval(self._ratios(workers, one=self._undisturbed(1)))
        _, most = _interval(self._ratios(workers, many=self._undisturbed(workers)))
        calm, waits = self.share > CALM, median(self._busy(1) or [1.0]) < _WAITS
        enough = calm or self.rounds >= _LEAST
        cores = self._cores(workers) if calm else []
        ways = [self._ratios(workers, many=() if calm else self._undisturbed(workers)), cores]
        slowed = bool(cores) and _interval(cores)[1] > _LOSS and self.rounds < 2 * _LEAST
        word = NOISY
        if least > GAIN and (enough or waits):
            word = "gain"
        elif most < (_SLOW if slowed else _LOSS) and enough:
            word = "loss"
        elif enough and any(_interval(way, beyond=0.07)[1] <= GAIN for way in ways if way):
            word = "no gain"
        noun = _NOUNS.get(self.executor, ("worker", "workers"))
        times = f"{workers} {noun[workers > 1]}: {self.speedup(workers):.2f} times one {noun[0]}"
        if self.rounds < 2:  # the word is a guess, as good as any
            return Verdict(word, f"{times}: {ONE_ROUND}, too few to tell")
        same = ", for they kept no more cores busy" * (word == "no gain" and high > GAIN and bool(cores))
        said = f"{times} ({low:.2f} to {high:.2f}): {word}{same or self._why(workers, word)}"
        return Verdict(word, said)

    def _why(self, workers: int, word: str) -> str:
        if word == NOISY and self.share < CALM:
            return f", because other programs took {100 * (1 - self.share):.0f} % of the time"
        if self.rounds < _LEAST:
            return f" (from {self.rounds} of the five rounds it takes to be 94 % sure)"
        if word != NOISY:
            return ""
        if (least := min(self.timings[n].median for n in (1, workers))) < _SHORT:
            return f", because a run took only {least * 1000:.0f} ms: give it 100 ms or more"
        return ", because the rounds differ: close other programs"

    def _undisturbed(self, workers: int) -> list[float]:
        """Return what each round of `workers` would have taken at least, had others taken no time."""
        timing = self.timings[workers]
        cpu, taken = timing.cpu or timing.seconds, 1 - self.share
        rounds = zip(timing.seconds, cpu, strict=True)
        return [seconds - taken * min(seconds, own / self.share) for seconds, own in rounds]

    def _cores(self, workers: int) -> list[float]:
        """Return how many times as many cores each round kept busy, if one worker computes all the time.

        It tells nothing where the many computed clearly less (other processes did it for them), or so little
        that the clock of the cores, which counts in steps of 16 ms on Windows, does not see it.
        """
        one, many, alone = self.timings[1].cpu, self.timings[workers].cpu, self._busy(1)
        if not alone or median(alone) < _COMPUTES or median(many or (0.0,)) < _COUNTED:
            return []
        less = _interval([b / max(a, 1e-9) for a, b in zip(one, many, strict=True)])[1] < 1
        pairs = zip(alone, self._busy(workers), strict=True)
        return [] if less else [several / max(each, 1e-9) for each, several in pairs]

    def _busy(self, workers: int) -> list[float]:
        """Return how many cores each round of `workers` kept busy, if that is known."""
        timing = self.timings[workers]
        return [used / max(took, 1e-9) for used, took in zip(timing.cpu, timing.seconds, strict=False)]

    def _ratios(self, workers: int, one: Seconds = (), many: Seconds = ()) -> list[float]:
        if workers not in self.timings:
            raise ValueError(f"workers must be one of {sorted(self.timings)}, not {workers!r}")
        rounds = zip(one or self.timings[1].seconds, many or self.timings[workers].seconds, strict=True)
        return [max(a, 1e-9) / max(b, 1e-9) for a, b in rounds]  # a clock may see no time pass


def _interval(ratios: list[float], beyond: float = 0.035) -> tuple[float, float]:
    """Return the k-th smallest and largest of `ratios`; how seldom the median lies `beyond` each."""
    ratios, k = sorted(ratios), 1
    while sum(comb(len(ratios), i) for i in range(k + 1)) <= beyond * 2 ** len(ratios):
        k += 1
    return ratios[k - 1], ratios[-k]


def another_round(scalings: Sequence[Scaling], spent: float, *, least: int, limit: float) -> bool:
    """Return whether `scalings`, which took `spent` seconds, need a round that ends before `limit`."""
    rounds = min(scaling.rounds for scaling in scalings)
    in_time = spent * (rounds + 1) / rounds < limit
    return rounds < least or (in_time and not all(scaling.steady for scaling in scalings))
