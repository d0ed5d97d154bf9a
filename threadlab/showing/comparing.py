"""Draw what a panel knows: the last run beside time against workers, or the speed-ups of kinds of work."""

import math
from collections.abc import Sequence
from itertools import pairwise
from statistics import median
from time import perf_counter
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator

from threadlab.running.gil import turns
from threadlab.running.machine import this_machine
from threadlab.running.timeline import Lane, Timeline
from threadlab.showing import saying, style
from threadlab.showing.knees import Knee, Limits, find_knee, limits_of
from threadlab.showing.measured import Measured
from threadlab.showing.speedups import VERDICT, axes_for, plot_scaling, scaling_words
from threadlab.showing.style import ABOVE, BELOW, BLUE, GHOST, GREY, PIXEL, PURPLE, RED, WIDTH, write
from threadlab.showing.timelines import plot_timeline
from threadlab.showing.waterfall import downloads_words, plot_downloads, stretch

HEIGHT, TITLE = 270.0, 30.0  # pixels of the axes, and of the line above each
LEFT, STRIP = 62.0, (690.0, WIDTH - style.RIGHT)  # of speed-ups, with names behind, and the ends of a strip
TURNS = 24.5  # as many as one can see from the back of a room


def compare(
    known: Measured,
    workers: int,
    *,
    guess: Any = None,
    site: Any = None,
    latency: float = 0.0,
    strip: tuple[str, Timeline] | None = None,
    recorded: Sequence[Any] = (),
    growing: Sequence[Any] | None = None,
) -> style.Picture:
    """Draw what is `known`, with `workers` as the setting that is looked at; its axes grow if need be.

    The `guess` is a speed-up with kinds of work, else seconds. A `site` with this
    `latency` tells the ideal, and what is full at the knee.
    A `strip` of one kind of work stands beside the speed-ups.
    Speed-ups `recorded` on another computer are drawn below those of this one.
    Of downloads that are `growing` there is only the room where they will be seen.
    """
    expected = style.guessed(guess)
    if known.works:
        results, past = known.scalings(), known.scalings(past=True)
        names = [*known.works, *(f"{work}, recorded" for work in known.works if recorded)]
        ax, beside = axes_for(HEIGHT + TITLE, names), None
        if strip:
            lane_names = style.margin(lane.name for lane in strip[1].lanes)
            right = STRIP[0] - lane_names - style.margin(["ideal", *names], bold=True) - 12
            ax, beside = _two_axes((LEFT, right), STRIP, below=BELOW + VERDICT)
        recorded = () if strip else recorded  # there is no room for their names
        more: Any = {"before": past, "recorded": recorded, "workers": workers, "reach": known.counts[-1]}
        more["first"] = strip[0] if strip else ""
        plot_scaling(results, ax=ax, guess=expected, **more)
        words = scaling_words(results, expected, workers)
        if strip and beside:
            name, watched = strip
            results.sort(key=lambda result: result.name != name)
            words = f"{scaling_words(results, expected, workers)}\n{name}: {_draw_strip(beside, watched)}"
            style.headline(ax, "speed-up")
            style.below(ax, f"threads       {this_machine()}")
            _write_headline(ax.figure, words)
        return style.Picture(ax.figure, words)

    middle = {n: median(values) for n, values in known.times().items()}
    limits, at_once = limits_of(site, known.downloads, latency), getattr(site, "at_once", None)
    more = {"tasks": len(known.downloads), "at_once": at_once, "line": limits.line if limits else 0.0}
    knee = find_knee(middle, busy=known.busy(), **more)
    nothing: Any = none_yet(workers) if site is None else []  # of a site one expects downloads
    lanes = known.lanes.get(workers) or nothing if growing is None else growing
    names = [lane.name for lane in lanes.lanes] if isinstance(lanes, Timeline) else []

    run, against = _two_axes((style.margin(names), 620), (700, WIDTH - style.RIGHT))
    if growing is not None:
        rows = max(len(growing), len(known.downloads))
        so_far = perf_counter() - stretch(growing)[0] if growing else 0.0
        ideal = limits.seconds(workers) if limits else 0.5
        plot_downloads([], ax=run, rows=rows, reach=1.1 * ideal if so_far < ideal else 2 * so_far)
        title, seen = f"{rows} downloads, {saying.count(workers)}", ""
    elif isinstance(lanes, Timeline):
        plot_timeline(lanes, ax=run, reach=known.longest or 1.0)
        style.below(run, "seconds since the start")
        title, seen = saying.count(workers), lanes.text()
    else:
        plot_downloads(lanes, ax=run, reach=0.0 if lanes else 1.0)
        before = "" if workers in middle else ", before"
        title = f"{len(lanes)} downloads, {saying.count(workers)}{before}" if lanes else saying.count(workers)
        seen = downloads_words(lanes) if lanes else ""
    draw_times(against, known, workers, expected, knee, limits)
    words = times_words(middle, workers, knee, expected)
    words = f"{saying.count(workers)}: under way" if growing is not None else words
    style.below(against, "", this_machine())
    style.headline(run, title)
    grey = ", grey: before" if known.before else " against threads"
    style.headline(against, f"seconds (× as fast){grey}")
    _write_headline(run.figure, words)
    return style.Picture(run.figure, f"{words}\n{seen}")


def none_yet(workers: int, *, ticks: bool = False) -> Timeline:
    """Return the empty lanes of a run that has not been."""
    return Timeline(tuple(Lane(f"thread {n}", ()) for n in range(1, workers + 1)), 0.0, ticks=ticks)


def _two_axes(*ends: tuple[float, float], below: float = BELOW) -> list[Axes]:
    """Return axes side by side, each from one of its `ends` to the other, in a figure of their own."""
    whole = HEIGHT + TITLE + ABOVE + below
    figure = Figure(figsize=(WIDTH * PIXEL, whole * PIXEL), facecolor="white")
    places = [(a / WIDTH, below / whole, (b - a) / WIDTH, HEIGHT / whole) for a, b in ends]
    return [figure.add_axes(place) for place in places]


def _write_headline(figure: Any, words: str) -> None:
    text = words.splitlines()[0]
    size = style.HEADLINE * min(1, (WIDTH - 8) / style.width_of(text, style.HEADLINE, bold=True))
    looks: Any = {"fontsize": size, "fontweight": "bold", "color": style.INK}
    figure.text(4 / WIDTH, 0.985, text, va="top", **looks)


def _draw_strip(ax: Axes, run: Timeline) -> str:
    """Draw into `ax` the first turns of `run`, and return its words."""
    told, words = turns(run), saying.timeline_words(run) if run.seconds else "not watched yet"
    plot_timeline(run, ax=ax, until=TURNS * told.turn or math.inf, reach=0.0 if run.seconds else 0.1)
    style.headline(ax, words.splitlines()[0])
    took = f"; the system took {saying.milliseconds(told.system)}" * bool(run.seconds)
    style.below(ax, f"milliseconds{took}")
    return words


def draw_times(
    ax: Axes,
    known: Measured,
    workers: int,
    guess: float | None,
    knee: Knee | None,
    limits: Limits | None = None,
) -> None:
    """Draw into `ax` all seconds that are `known` and their medians against workers, both by doubling.

    `workers` is pointed out, the run before is grey, the `guess` dashed. The ideal is what `limits` allow, or
    else the time of the fewest workers, shared out evenly. The limits of `known` may grow.
    """
    counts, times, before = known.counts, known.times(), known.times(past=True)
    middle = {n: median(times[n]) for n in sorted(times)}
    best = [middle[n] * n / many for n in list(middle)[:1] for many in counts]  # shared out evenly
    best = [limits.seconds(n) for n in counts] if limits else best
    seen = [*best, *middle.values(), *([guess] if guess else [])] or [0.1, 1.0]
    low, high = known.limits or (1.0, 0.01)
    style.tidy(ax, grid="both")
    ax.set(xscale="log", yscale="log", xlim=(0.85 * counts[0], 1.18 * counts[-1]))
    ax.set_ylim(min(low, min(seen) / 1.8), max(high, max(seen) * (3 if knee else 1.6)))
    style.ticks(ax.xaxis, counts)
    style.ticks(ax.yaxis)
    ax.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5), numticks=9))
    ax.axvline(workers, **style.SHOWN)
    if before:
        old = {n: median(before[n]) for n in sorted(before)}
        ax.plot(list(old), list(old.values()), "o-", color=GHOST, linewidth=3, label="the run before")
    if best:
        ax.plot(counts, best, ":", color=GREY, linewidth=2.5, label="ideal")
        write(ax, 0.03, 0, "dotted: ideal", shift=(0, 12), xycoords="axes fraction", color=GREY)
    if middle:
        known.limits = ax.get_ylim()
        for n, values in times.items():
            ax.plot([n] * len(values), values, "o", color=BLUE, alpha=0.35, markersize=9, label="measured")
        looks: Any = {"color": BLUE, "linewidth": 3.5, "markersize": 11, "label": "median"}
        ax.plot(list(middle), list(middle.values()), "o-", **looks)
        for less, n in pairwise(middle):
            ratio = middle[min(middle)] / middle[n]
            text, falls = f"{ratio:.{1 if ratio < 9.95 else 0}f}×", middle[n] < 0.95 * middle[less]
            beside: Any = {"shift": (-9, -13) if falls else (8, 14), "ha": "right", "bbox": style.PAPER}
            write(ax, n, middle[n], text, fontsize=12, color=style.deep(BLUE), **beside)
    if guess:
        ax.axhline(guess, **style.GUESS)
        write(ax, counts[0], guess, "your guess", shift=(-4, -11), color=style.deep(PURPLE))
    if knee:
        text = f"the knee: from {knee.workers} threads on\n{knee.reason}"
        looks = {"arrowprops": {"arrowstyle": "-|>", "color": RED, "linewidth": 2.5, "shrinkB": 7}}
        looks |= {"weight": "bold", "color": RED, "ha": "right", "va": "top", "textcoords": "axes fraction"}
        write(ax, knee.workers, middle[knee.workers], text, shift=(0.98, 0.95), **looks)


def times_words(
    middle: dict[int, float], workers: int, knee: Knee | None = None, guess: float | None = None
) -> str:
    """Return the time of `workers` beside that of the fewest, then the times of all, and the knee."""
    fewest, said = min(middle, default=0), f"{saying.count(workers)}: not measured yet"
    if workers in middle:
        took, least = saying.seconds(middle[workers]), saying.seconds(middle[fewest])
        other = f" instead of {least}" + f" with {fewest}" * (fewest > 1)
        other = f", as with {fewest}" if took == least else other
        end = f". From {knee.workers} on nothing is gained." if knee else ""
        said = f"{saying.count(workers)}: {took}{other * (workers > fewest)}{end}"
    speed = {n: f", {middle[fewest] / t:.1f} times as fast" if n > fewest else "" for n, t in middle.items()}
    each = [f"{saying.count(n)} {saying.seconds(t)}{speed[n]}" for n, t in sorted(middle.items())]
    lines = [said, "; ".join(each)]
    lines += [f"The knee: from {saying.count(knee.workers)} on {knee.reason}."] if knee else []
    return "\n".join(lines + saying.guess_words(guess, "s"))
