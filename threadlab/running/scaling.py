"""Say what timings mean: how much faster more workers were, and how sure that is."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import comb
from statistics import median

from threadlab.running.machine import Machine

GAIN, _LOSS = 1.15, 0.85  # two runs of the same thing may differ as much as that
_SHORT = 0.1  # seconds; shorter values gave speed-ups from 0.7 to 1.7 where longer ones gave 1.0
_NOUNS = {"threads": ("thread", "threads"), "processes": ("process", "processes")}


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
