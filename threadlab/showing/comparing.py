"""Draw what a panel knows: the last run beside time against workers, or the speed-ups of kinds of work."""

from dataclasses import replace
from statistics import median
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from threadlab.running.machine import this_machine
from threadlab.running.timeline import Lane, Timeline
from threadlab.showing import saying, style
from threadlab.showing.measured import Measured
from threadlab.showing.scaling import plot_scaling
from threadlab.showing.style import ABOVE, BELOW, GREY, INK, PIXEL, WIDTH
from threadlab.showing.timelines import plot_timeline
from threadlab.showing.times import find_knee, plot_times
from threadlab.showing.waterfall import plot_downloads

HEIGHT, TITLE = 270.0, 30.0  # pixels of the axes, and of the line above each


def compare(known: Measured, workers: int, *, guess: Any = None, at_once: int | None = None) -> style.Picture:
    """Draw what is `known`, with `workers` as the setting that is looked at.

    Args:
        known: What was measured so far.
        workers: What the slider stands at.
        guess: As for `plot_scaling` with kinds of work, else the seconds of the most workers.
        at_once: How many requests the site serves at the same time, if there is such a limit.
    """
    return (_speed_ups if known.works else _run_and_times)(known, workers, guess, at_once)


def _speed_ups(known: Measured, workers: int, guess: Any, at_once: int | None) -> style.Picture:
    results, past = known.scalings(), known.scalings(past=True)
    right = 26 + max(style.width_of(name, bold=True) for name in (*known.works, "your guess"))
    ax = style.new_axes(HEIGHT + TITLE, left=62, right=right)
    plot_scaling(results, ax=ax, guess=guess, before=past, workers=workers, reach=max(known.counts))
    words = saying.scaling_words(results, style.guessed(guess), workers)
    return style.Picture(ax.figure, words)  # type: ignore[arg-type]


def _run_and_times(known: Measured, workers: int, guess: Any, at_once: int | None) -> style.Picture:
    times, past = known.times(), known.times(past=True)
    middle = {n: median(values) for n, values in times.items()}
    knee = find_knee(middle, tasks=known.tasks, at_once=at_once)
    shown = known.lanes.get(workers) or _sketch(workers)
    names = [lane.name for lane in shown.lanes] if isinstance(shown, Timeline) else []
    left = max([24.0, *(style.width_of(name) + 14 for name in names)])

    figure = Figure(figsize=(WIDTH * PIXEL, (HEIGHT + TITLE + ABOVE + BELOW) * PIXEL), facecolor="white")
    run, against = _axes(figure, left, 620), _axes(figure, 700, WIDTH - 20)
    if isinstance(shown, Timeline):
        plot_timeline(replace(shown, machine=None), ax=run, reach=known.longest or 1.0)
        title, words = "", shown.text()
    else:
        plot_downloads(shown, ax=run)
        title, words = f"{len(shown)} downloads, ", saying.downloads_words(shown)
    threads = f"{workers} thread" + ("s" if workers > 1 else "")
    _title(run, f"{title}{threads}")
    plot_times(
        times, ax=against, before=past, guess=guess, knee=knee, workers=workers,
        counts=known.counts, tasks=known.tasks, limits=known.limits,
    )  # fmt: skip
    known.limits = against.get_ylim()
    style.below(against, "", this_machine())
    _title(against, "seconds against threads")
    headline = saying.times_headline(middle, workers, knee.workers if knee else None)
    figure.text(4 / WIDTH, 0.985, headline, va="top", fontsize=style.HEADLINE, fontweight="bold", color=INK)
    table = "; ".join(f"{n} threads {saying.seconds(t)}" for n, t in sorted(middle.items()))
    reason = f"The knee: from {knee.workers} threads on {knee.reason}." if knee else ""
    lines = [headline, table, reason, *saying.guess_words(style.guessed(guess), "s"), words]
    return style.Picture(figure, "\n".join(filter(None, lines)))


def _axes(figure: Figure, left: float, right: float) -> Axes:
    """Return axes from `left` to `right`, both in pixels, with room for a headline and a title above."""
    whole = HEIGHT + TITLE + ABOVE + BELOW
    return figure.add_axes((left / WIDTH, BELOW / whole, (right - left) / WIDTH, HEIGHT / whole))


def _title(ax: Axes, text: str) -> None:
    ax.set_title(text, loc="left", x=0, fontsize=style.TEXT, fontweight="normal", color=GREY)


def _sketch(workers: int) -> Timeline:
    """Return lanes for `workers` of which nothing is known yet but their number."""
    return Timeline(tuple(Lane(f"thread {n}", ()) for n in range(1, workers + 1)), 0.0)
