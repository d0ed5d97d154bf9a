"""Draw time against workers: the ideal, every run, and the knee from which on more of them gain nothing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from statistics import median
from typing import Any

from matplotlib.axes import Axes
from matplotlib.ticker import LogLocator, NullLocator, StrMethodFormatter

from threadlab.showing import style
from threadlab.showing.style import BLUE, GREY, PURPLE, RED, write

GAIN = 1.15  # times as fast: what `Scaling.verdict` calls a gain, too


@dataclass(frozen=True, slots=True)
class Knee:
    """The number of workers from which on more of them gain nothing, and why."""

    workers: int
    reason: str


def find_knee(
    seconds: Mapping[int, float], *, tasks: int | None = None, at_once: int | None = None
) -> Knee | None:
    """Return the fewest workers that are as good as any more that were measured in `seconds`.

        >>> find_knee({1: 3.0, 8: 0.4, 16: 0.2, 32: 0.2}, tasks=24, at_once=16)
        Knee(workers=16, reason='the server is full (16 at once)')

    Args:
        seconds: The time for each number of workers.
        tasks: How many tasks there are, if that is known.
        at_once: How many the server serves at the same time, if it has such a limit.

    Returns:
        The knee; None if the most workers were the fastest by at least `GAIN`.
    """
    counts = sorted(seconds)
    for place, n in enumerate(counts[:-1]):
        if seconds[n] < GAIN * min(seconds[more] for more in counts[place + 1 :]):
            if at_once and n >= at_once:
                return Knee(n, f"the server is full ({at_once} at once)")
            if tasks and n >= tasks:
                return Knee(n, f"there are only {tasks} tasks")
            return Knee(n, "more threads gain nothing")
    return None


def ideal(seconds: Mapping[int, float], counts: Sequence[int], tasks: int | None = None) -> list[float]:
    """Return the time for each of `counts` if the fewest measured workers' work were shared out evenly."""
    fewest = min(seconds)
    if not tasks:
        return [seconds[fewest] * fewest / n for n in counts]
    return [seconds[fewest] * ceil(tasks / n) / ceil(tasks / fewest) for n in counts]


def plot_times(
    seconds: Mapping[int, Sequence[float]],
    *,
    ax: Axes,
    before: Mapping[int, Sequence[float]] | None = None,
    guess: Any = None,
    knee: Knee | None = None,
    workers: int | None = None,
    counts: Sequence[int] = (),
    tasks: int | None = None,
    limits: tuple[float, float] | None = None,
) -> Axes:
    """Draw the median of `seconds` against the number of workers into `ax`, both by doubling.

    Args:
        seconds: Every time measured, for each number of workers.
        ax: Where to draw.
        before: The same of the run before, drawn in grey.
        guess: The seconds somebody expects, drawn dashed.
        knee: Where to say that nothing more is gained.
        workers: The number of workers to point out.
        counts: Numbers of workers that the axis has room for.
        tasks: How many tasks there are; the ideal has steps then.
        limits: The limits that the axis of times has at least.
    """
    places = sorted({*counts, *seconds})
    style.tidy(ax, grid="both")
    ax.set(xscale="log", yscale="log", xlim=(0.85 * places[0], 1.18 * places[-1]))
    style.ticks(ax.xaxis, places)
    ax.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5), numticks=9))
    ax.yaxis.set_minor_locator(NullLocator())
    ax.yaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
    middle = {n: median(values) for n, values in seconds.items()}
    best = ideal(middle, places, tasks) if middle else []
    seen = [*best, *middle.values()] or [0.1, 1.0]
    low, high = limits or (1.0, 0.01)
    ax.set_ylim(min(low, min(seen) / 1.5), max(high, max(seen) * 1.6))
    if workers:
        style.point_out(ax, workers)
    if before:
        old = {n: median(values) for n, values in before.items()}
        ax.plot(
            sorted(old),
            [old[n] for n in sorted(old)],
            "o-",
            color="#B4BAC3",
            linewidth=3,
            label="the run before",
        )
        write(ax, 0, 0, "grey: the run before", shift=(6, 10), xycoords="axes fraction", color=GREY)
    if middle:
        ax.plot(places, best, ":", color=GREY, linewidth=2.5, label="ideal")
        write(ax, places[-1], best[-1], "ideal", shift=(-10, -9), ha="right", color=GREY)
        for n, values in seconds.items():
            ax.plot([n] * len(values), values, "o", color=BLUE, alpha=0.35, markersize=9, label="measured")
        known = sorted(middle)
        ax.plot(
            known, [middle[n] for n in known], "o-", color=BLUE, linewidth=3.5, markersize=11, label="median"
        )
    expected = style.guessed(guess)
    if expected:
        ax.axhline(expected, linestyle="--", color=PURPLE, linewidth=3, label="your guess")
        write(ax, places[-1], expected, "your guess", shift=(0, 10), ha="right", color=style.deep(PURPLE))
    if knee:
        text = f"the knee: from {knee.workers} threads on\n{knee.reason}"
        arrow = {"arrowstyle": "-|>", "color": RED, "linewidth": 2.5, "shrinkB": 7}
        looks: dict[str, Any] = {
            "ha": "right",
            "va": "top",
            "fontsize": style.TEXT,
            "weight": "bold",
            "color": RED,
        }
        where: Any = (knee.workers, middle[knee.workers])
        ax.annotate(text, where, (0.98, 0.95), textcoords="axes fraction", arrowprops=arrow, **looks)
    return ax
