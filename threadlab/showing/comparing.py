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
from threadlab.showing.speedups import plot_scaling
from threadlab.showing.style import ABOVE, BELOW, GREY, PIXEL, WIDTH
from threadlab.showing.timelines import plot_timeline
from threadlab.showing.times import draw_times, find_knee
from threadlab.showing.waterfall import plot_downloads

HEIGHT, TITLE = 270.0, 30.0  # pixels of the axes, and of the line above each


def compare(known: Measured, workers: int, *, guess: Any = None, at_once: int | None = None) -> style.Picture:
    """Draw what is `known`, with `workers` as the setting that is looked at.

    Args:
        known: What was measured so far; its limits grow if the picture needs it.
        workers: What the slider stands at.
        guess: As for `plot_scaling` with kinds of work, else the seconds of the most workers.
        at_once: How many requests the site serves at the same time, if there is such a limit.
    """
    if not known.works:
        return _run_and_times(known, workers, guess, at_once)
    results, past = known.scalings(), known.scalings(past=True)
    right = 26 + max(style.width_of(name, bold=True) for name in (*known.works, "your guess"))
    ax = style.new_axes(HEIGHT + TITLE, left=62, right=right)
    plot_scaling(results, ax=ax, guess=guess, before=past, workers=workers, reach=max(known.counts))
    return style.Picture(ax.figure, saying.scaling_words(results, style.guessed(guess), workers))


def _run_and_times(known: Measured, workers: int, guess: Any, at_once: int | None) -> style.Picture:
    times, past = known.times(), known.times(past=True)
    middle = {n: median(values) for n, values in times.items()}
    tasks = next((len(seen) for seen in known.lanes.values() if isinstance(seen, list)), None)
    knee = find_knee(middle, tasks=tasks, at_once=at_once)
    sketch = Timeline(tuple(Lane(f"thread {n}", ()) for n in range(1, workers + 1)), 0.0)
    shown = known.lanes.get(workers, sketch)
    names = [lane.name for lane in shown.lanes] if isinstance(shown, Timeline) else []

    whole = HEIGHT + TITLE + ABOVE + BELOW
    figure = Figure(figsize=(WIDTH * PIXEL, whole * PIXEL), facecolor="white")
    left = max([24.0, *(style.width_of(name) + 14 for name in names)])
    run, against = (
        figure.add_axes((begin / WIDTH, BELOW / whole, (end - begin) / WIDTH, HEIGHT / whole))
        for begin, end in ((left, 620), (700, WIDTH - style.RIGHT))
    )
    title = saying.threads(workers)
    if isinstance(shown, Timeline):
        plot_timeline(replace(shown, machine=None), ax=run, reach=known.longest or 1.0)
        words = shown.text()
    else:
        plot_downloads(shown, ax=run)
        title, words = f"{len(shown)} downloads, {title}", saying.downloads_words(shown)
    draw_times(
        against, known.counts, times, before=past, workers=workers, guess=guess, knee=knee, tasks=tasks,
        limits=known.limits,
    )  # fmt: skip
    known.limits = against.get_ylim() if middle else known.limits
    style.below(against, "", this_machine())
    _title(run, title)
    _title(against, "seconds against threads")
    headline = saying.times_headline(middle, workers, knee)
    looks: dict[str, Any] = {"fontsize": style.HEADLINE, "fontweight": "bold", "color": style.INK}
    figure.text(4 / WIDTH, 0.985, headline, va="top", **looks)
    said = [headline, *saying.times_words(middle, knee, style.guessed(guess)), words]
    return style.Picture(figure, "\n".join(said))


def _title(ax: Axes, text: str) -> None:
    ax.set_title(text, loc="left", x=0, y=1, fontsize=style.TEXT, fontweight="normal", color=GREY)
