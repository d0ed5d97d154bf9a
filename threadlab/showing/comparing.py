"""Draw what a panel knows: the last run beside time against workers, or the speed-ups of kinds of work."""

from dataclasses import replace
from statistics import median
from typing import Any

from matplotlib.figure import Figure

from threadlab.running.machine import this_machine
from threadlab.running.timeline import Lane, Timeline
from threadlab.showing import saying, style
from threadlab.showing.measured import Measured
from threadlab.showing.speedups import axes_for, plot_scaling
from threadlab.showing.style import ABOVE, BELOW, PIXEL, WIDTH
from threadlab.showing.timelines import plot_timeline
from threadlab.showing.times import draw_times, find_knee
from threadlab.showing.waterfall import plot_downloads

HEIGHT, TITLE = 270.0, 30.0  # pixels of the axes, and of the line above each


def compare(known: Measured, workers: int, *, guess: Any = None, at_once: int | None = None) -> style.Picture:
    """Draw what is `known`, with `workers` as the setting that is looked at; its axes grow if need be.

    The `guess` is a speed-up with kinds of work, else seconds. The site serves so many requests `at_once`.
    """
    expected = style.guessed(guess)
    if known.works:
        results, past = known.scalings(), known.scalings(past=True)
        ax = axes_for(HEIGHT + TITLE, known.works)
        plot_scaling(results, ax=ax, guess=expected, before=past, workers=workers, reach=known.counts[-1])
        return style.Picture(ax.figure, saying.scaling_words(results, expected, workers))

    middle = {n: median(values) for n, values in known.times().items()}
    tasks = next((len(seen) for seen in known.lanes.values() if isinstance(seen, list)), None)
    knee = find_knee(middle, tasks=tasks, at_once=at_once)
    lanes = known.lanes.get(workers) or Timeline(
        tuple(Lane(f"thread {n}", ()) for n in range(1, workers + 1)), 0.0
    )
    names = [lane.name for lane in lanes.lanes] if isinstance(lanes, Timeline) else []

    whole = HEIGHT + TITLE + ABOVE + BELOW
    figure = Figure(figsize=(WIDTH * PIXEL, whole * PIXEL), facecolor="white")
    run, against = (
        figure.add_axes((begin / WIDTH, BELOW / whole, (end - begin) / WIDTH, HEIGHT / whole))
        for begin, end in ((style.margin(names), 620), (700, WIDTH - style.RIGHT))
    )
    if isinstance(lanes, Timeline):
        plot_timeline(replace(lanes, machine=None), ax=run, reach=known.longest or 1.0)
        title, seen = saying.count(workers), lanes.text()
    else:
        plot_downloads(lanes, ax=run)
        title, seen = f"{len(lanes)} downloads, {saying.count(workers)}", saying.downloads_words(lanes)
    draw_times(against, known, workers, expected, knee)
    words = saying.times_words(middle, workers, knee, expected)
    style.below(against, "", this_machine())
    style.headline(run, title)
    style.headline(against, "seconds against threads")
    looks: Any = {"fontsize": style.HEADLINE, "fontweight": "bold", "color": style.INK}
    figure.text(4 / WIDTH, 0.985, words.splitlines()[0], va="top", **looks)
    return style.Picture(figure, f"{words}\n{seen}")
