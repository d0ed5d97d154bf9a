"""Find the knee, the number of workers from which on more of them gain nothing, and what is full there."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil
from typing import Any

from threadlab.running.scaling import GAIN
from threadlab.showing import saying

_FULL = 0.8  # share of the time


@dataclass(frozen=True, slots=True)
class Knee:
    """The number of workers from which on more of them gain nothing, and why."""

    workers: int
    reason: str


@dataclass(frozen=True, slots=True)
class Limits:
    """What a site and the `sizes` of its files allow; None is no limit.

    >>> Limits((20_000,) * 32, latency=0.25, at_once=16).seconds(32)
    0.5
    """

    sizes: tuple[int, ...]  # bytes
    latency: float = 0.0  # seconds
    at_once: int | None = None
    bandwidth: float | None = None  # bytes per second of all connections together
    bandwidth_each: float | None = None

    @property
    def line(self) -> float:
        """The seconds that all bytes take at least, however many workers there are."""
        return sum(self.sizes) / self.bandwidth if self.bandwidth else 0.0

    def seconds(self, workers: int) -> float:
        """Return the least time that `workers` can take, in turns where the site serves fewer at once."""
        fastest = min(self.bandwidth_each or float("inf"), self.bandwidth or float("inf"))
        takes = [self.latency + size / fastest for size in self.sizes]
        together = min(workers, self.at_once or workers)
        rounds = ceil(len(takes) / together) * min(takes, default=0.0)
        return max([rounds, sum(takes) / together, self.latency + self.line, *takes])


def limits_of(site: Any, downloads: Any, latency: float) -> Limits | None:
    """Return what `site` would allow with this `latency`, if a site and `downloads` from it are known."""
    if site is None or not downloads:
        return None
    known = {name: getattr(site, name, None) for name in ("at_once", "bandwidth", "bandwidth_each")}
    return Limits(tuple(getattr(each, "size", 0) for each in downloads), latency, **known)


def find_knee(
    times: Mapping[int, float],
    *,
    tasks: int | None = None,
    at_once: int | None = None,
    line: float = 0.0,
    busy: Mapping[int, float] | None = None,
) -> Knee | None:
    """Return the fewest workers that are as good as any more in `times`, None if the most are a gain.

    Where nobody has seen a gain before it, there is no knee: fewer workers may do as well.

        >>> find_knee({1: 3.0, 8: 0.4, 16: 0.2, 32: 0.2}, tasks=24, at_once=16)
        Knee(workers=16, reason='the server is full (16 at once)')

    Args:
        times: Seconds, by number of workers.
        tasks: How many there are.
        at_once: How many the server serves at once.
        line: The seconds that all bytes take at least.
        busy: Which part of what this Python can compute was used, by number of workers.
    """
    for n in sorted(times)[:-1]:
        gained = n == 1 or any(times[fewer] > GAIN * times[n] for fewer in times if fewer < n)
        if gained and times[n] < GAIN * min(times[more] for more in times if more > n):
            return Knee(n, _reason(n, times[n], tasks, at_once, line, (busy or {}).get(n, 0.0)))
    return None


def _reason(n: int, seconds: float, tasks: int | None, at_once: int | None, line: float, busy: float) -> str:
    if line > _FULL * seconds:
        return f"the line is full ({saying.seconds(line)} at least)"
    if at_once and n >= at_once:
        return f"the server is full ({at_once} at once)"
    if tasks and n >= tasks:
        return f"there are only {tasks} tasks"
    if busy > _FULL:
        return f"this Python is full ({100 * min(busy, 1):.0f} % busy)"
    return "more threads gain nothing"
