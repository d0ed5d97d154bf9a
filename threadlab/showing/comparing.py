"""Draw what a panel knows: the last run beside time against workers, or the speed-ups of kinds of work."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator

from threadlab.running.gil import turns
from threadlab.running.machine import this_machine
from threadlab.running.scaling import GAIN
from threadlab.running.timeline import Lane, Timeline
from threadlab.showing import saying, style
from threadlab.showing.measured import Measured
from threadlab.showing.speedups import VERDICT, axes_for, plot_scaling, scaling_words
from threadlab.showing.style import ABOVE, BELOW, BLUE, GHOST, GREY, PIXEL, PURPLE, RED, WIDTH, write
from threadlab.showing.timelines import plot_timeline
from threadlab.showing.waterfall import downloads_words, plot_downloads

HEIGHT, TITLE = 270.0, 30.0  # pixels of the axes, and of the line above each
LEFT, STRIP_LEFT = (62.0, 400.0), (690.0, WIDTH - style.RIGHT)  # of speed-ups, with names behind, and a strip
TURNS = 24.5  # as many as one can see from the back of a room


def compare(
    known: Measured,
    workers: int,
    *,
    guess: Any = None,
    at_once: int | None = None,
    strip: tuple[str, Timeline] | None = None,
    recorded: Sequence[Any] = (),
) -> style.Picture:
    """Draw what is `known`, with `workers` as the setting that is looked at; its axes grow if need be.

    The `guess` is a speed-up with kinds of work, else seconds. The site serves so many requests `at_once`.
    A `strip` of one kind of work stands beside the speed-ups.
    Speed-ups `recorded` on another computer are drawn below those of this one.
    """
    expected = style.guessed(guess)
    if known.works:
        results, past = known.scalings(), known.scalings(past=True)
        names = [*known.works, *(f"{work}, recorded" for work in known.works if recorded)]
        ax, beside = axes_for(HEIGHT + TITLE, names), None
        if strip:
            ax, beside = _two_axes(LEFT, STRIP_LEFT, below=BELOW + VERDICT)
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
    tasks = next((len(seen) for seen in known.lanes.values() if isinstance(seen, list)), None)
    knee = find_knee(middle, tasks=tasks, at_once=at_once)
    lanes = known.lanes.get(workers) or none_yet(workers)
    names = [lane.name for lane in lanes.lanes] if isinstance(lanes, Timeline) else []

    run, against = _two_axes((style.margin(names), 620), (700, WIDTH - style.RIGHT))
    if isinstance(lanes, Timeline):
        plot_timeline(lanes, ax=run, reach=known.longest or 1.0)
        style.below(run, "seconds since the start")
        title, seen = saying.count(workers), lanes.text()
    else:
        plot_downloads(lanes, ax=run)
        title, seen = f"{len(lanes)} downloads, {saying.count(workers)}", downloads_words(lanes)
    draw_times(against, known, workers, expected, knee)
    words = times_words(middle, workers, knee, expected)
    style.below(against, "", this_machine())
    style.headline(run, title)
    style.headline(against, "seconds against threads")
    _write_headline(run.figure, words)
    return style.Picture(run.figure, f"{words}\n{seen}")


def none_yet(workers: int) -> Timeline:
    """Return the empty lanes of a run that has not been."""
    return Timeline(tuple(Lane(f"thread {n}", ()) for n in range(1, workers + 1)), 0.0)


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
    style.below(ax, f"milliseconds; the system took {saying.milliseconds(told.system)}")
    return words


@dataclass(frozen=True, slots=True)
class Knee:
    """The number of workers from which on more of them gain nothing, and why."""

    workers: int
    reason: str


def find_knee(
    times: dict[int, float], *, tasks: int | None = None, at_once: int | None = None
) -> Knee | None:
    """Return the fewest workers that are as good as any more in `times`, None if the most are a gain.

    The number of `tasks` and how many the server serves `at_once`, if these are known, tell the reason.

    >>> find_knee({1: 3.0, 8: 0.4, 16: 0.2, 32: 0.2}, tasks=24, at_once=16)
    Knee(workers=16, reason='the server is full (16 at once)')
    """
    for n in sorted(times)[:-1]:
        if times[n] < GAIN * min(times[more] for more in times if more > n):
            if at_once and n >= at_once:
                return Knee(n, f"the server is full ({at_once} at once)")
            all_busy = tasks and n >= tasks
            return Knee(n, f"there are only {tasks} tasks" if all_busy else "more threads gain nothing")
    return None


def draw_times(ax: Axes, known: Measured, workers: int, guess: float | None, knee: Knee | None) -> None:
    """Draw into `ax` all seconds that are `known` and their medians against workers, both by doubling.

    `workers` is pointed out, the run before is grey, the `guess` dashed. The limits of `known` may grow.
    """
    counts, times, before = known.counts, known.times(), known.times(past=True)
    middle = {n: median(times[n]) for n in sorted(times)}
    best = [middle[n] * n / many for n in list(middle)[:1] for many in counts]  # shared out evenly
    seen = [*best, *middle.values(), *([guess] if guess else [])] or [0.1, 1.0]
    low, high = known.limits or (1.0, 0.01)
    style.tidy(ax, grid="both")
    ax.set(xscale="log", yscale="log", xlim=(0.85 * counts[0], 1.18 * counts[-1]))
    ax.set_ylim(min(low, min(seen) / 1.5), max(high, max(seen) * 1.6))
    style.ticks(ax.xaxis, counts)
    style.ticks(ax.yaxis)
    ax.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5), numticks=9))
    ax.axvline(workers, **style.SHOWN)
    if before:
        old = {n: median(before[n]) for n in sorted(before)}
        ax.plot(list(old), list(old.values()), "o-", color=GHOST, linewidth=3, label="the run before")
        write(ax, 0, 0, "grey: the run before", shift=(6, 10), xycoords="axes fraction", color=GREY)
    if middle:
        known.limits = ax.get_ylim()
        ax.plot(counts, best, ":", color=GREY, linewidth=2.5, label="ideal")
        write(ax, counts[-1], best[-1], "ideal", shift=(-10, -9), ha="right", color=GREY)
        for n, values in times.items():
            ax.plot([n] * len(values), values, "o", color=BLUE, alpha=0.35, markersize=9, label="measured")
        looks: Any = {"color": BLUE, "linewidth": 3.5, "markersize": 11, "label": "median"}
        ax.plot(list(middle), list(middle.values()), "o-", **looks)
    if guess:
        ax.axhline(guess, **style.GUESS)
        write(ax, counts[-1], guess, "your guess", shift=(0, 10), ha="right", color=style.deep(PURPLE))
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
        other = "" if fewest == 1 else f" with {fewest}"
        beside = f" instead of {saying.seconds(middle[fewest])}{other}" if workers > fewest else ""
        end = f". From {knee.workers} on nothing is gained." if knee else ""
        said = f"{saying.count(workers)}: {saying.seconds(middle[workers])}{beside}{end}"
    lines = [said, "; ".join(f"{saying.count(n)} {saying.seconds(t)}" for n, t in sorted(middle.items()))]
    lines += [f"The knee: from {saying.count(knee.workers)} on {knee.reason}."] if knee else []
    return "\n".join(lines + saying.guess_words(guess, "s"))
