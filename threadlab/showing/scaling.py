"""Draw speed-up against workers: one line for each kind of work, all from one point, and the ideal."""

from collections.abc import Iterable, Sequence
from typing import Any

from matplotlib.axes import Axes

from threadlab.running.scaling import Scaling
from threadlab.showing import saying, style
from threadlab.showing.style import COLOURS, GREY, PURPLE, write

MARKERS = ("o", "^", "s", "D", "v")
MANY = 8  # workers; from here on every doubling is as wide as the one before


def plot_scaling(
    result: Scaling | Sequence[Scaling],
    *,
    ax: Axes | None = None,
    guess: Any = None,
    before: Scaling | Sequence[Scaling] | None = None,
    workers: int | None = None,
    reach: int = 1,
) -> Axes:
    """Draw how many times as fast as one worker each of `result` is, with its interval.

        >>> from threadlab.running.scaling import Scaling, Timing
        >>> timings = {1: Timing((1.0,)), 2: Timing((0.5,))}
        >>> waiting = Scaling("wait", "threads", 8, timings)
        >>> plot_scaling(waiting).get_title("left")
        'wait on 2 threads: 2.00 times one thread. Gain.'

    Args:
        result: What `sweep` returned, or several of these; the headline is about the first.
        ax: Where to draw; by default a picture of its own, shown under the cell.
        guess: The speed-up somebody expects of the most workers, also as a Guess; drawn dashed.
        before: What was measured before, drawn in grey.
        workers: The number of workers that the headline is about; by default the most.
        reach: The number of workers that the axes reach to at least.

    Returns:
        The axes.
    """
    results, ghosts, expected = _several(result), _several(before), style.guessed(guess)
    names = saying.line_names(results)
    ends = [*names, "ideal", *(["your guess"] if expected is not None else [])]
    axes = ax or style.new_axes(300, left=62, right=26 + max(style.width_of(end, bold=True) for end in ends))
    most = max([reach, *(n for each in (*results, *ghosts) for n in each.timings)])
    _set_axes(axes, results, most, max(most, expected or 0))

    for ghost in ghosts:
        _draw_line(axes, ghost, color="#B4BAC3", linewidth=2, label=f"{ghost.name} before")
    axes.plot([1, most], [1, most], ":", color=GREY, linewidth=2.5, zorder=4, label="ideal")
    labels: list[tuple[float, float, str, Any]] = [(most, most, "ideal", GREY)]
    if expected is not None:
        axes.plot([1, most], [1, expected], "--", color=PURPLE, linewidth=3, label="your guess")
        labels.append((most, expected, "your guess", style.deep(PURPLE)))
    for each, name, colour, marker in zip(results, names, COLOURS * 9, MARKERS * 9, strict=False):
        counts = _draw_line(axes, each, color=colour, linewidth=3.5, marker=marker, markersize=11, label=name)
        axes.vlines(
            counts, *zip(*map(each.interval, counts), strict=True), color=colour, linewidth=6, alpha=0.5
        )
        labels.append((counts[-1], each.speedup(counts[-1]), name, style.deep(colour)))
    _name_ends(axes, labels)
    about = "times as fast as " + saying.one_of(results[0].executor) if results else ""
    note = about + ("      grey: the run before" if ghosts else "")
    write(axes, 0, 1, note, shift=(6, -2), xycoords="axes fraction", va="top", color=GREY)
    if workers:
        style.point_out(axes, workers)
    style.headline(axes, saying.scaling_headline(results, workers))
    if ax is None:
        style.show(axes, saying.scaling_words(results, expected))
    return axes


def _several(result: Scaling | Sequence[Scaling] | None) -> list[Scaling]:
    return [] if result is None else [result] if isinstance(result, Scaling) else list(result)


def _set_axes(ax: Axes, results: Sequence[Scaling], most: int, top: float) -> None:
    """Give `ax` its limits, ticks at the numbers of workers, and a line at the usable cores."""
    style.tidy(ax, grid="both")
    counts = sorted(
        {n for result in results for n in result.timings}
        | {1, most}
        | {2**k for k in range(most.bit_length())}
    )
    if most > MANY:
        ax.set(xscale="log", yscale="log", xlim=(0.93, 1.06 * most), ylim=(0.5, 1.9 * top))
        style.ticks(ax.yaxis, counts)
    else:
        ax.set(xlim=(1 - 0.04 * most, 1.025 * most), ylim=(0, 1.14 * top))
        style.ticks(ax.yaxis, range(1 + int(top)))
    style.ticks(ax.xaxis, counts)
    machine = next((result.machine for result in results if result.machine), None)
    rounds = min((len(t.seconds) for result in results for t in result.timings.values()), default=0)
    style.below(ax, saying.kind_of(results), f"{machine} · {rounds} rounds" if machine else "")
    if machine and 1 < machine.cores < most:
        ax.axhline(machine.cores, color=GREY, linewidth=1, label="usable cores")
        write(ax, 1, machine.cores, f"{machine.cores} cores", shift=(0, 9), color=GREY)


def _draw_line(ax: Axes, result: Scaling, **looks: Any) -> list[int]:
    """Draw the speed-ups of `result` and return the numbers of workers it was measured at."""
    counts = sorted(result.timings)
    ax.plot(counts, [result.speedup(n) for n in counts], **looks)
    return counts


def _name_ends(ax: Axes, labels: Iterable[tuple[float, float, str, Any]]) -> None:
    """Write each text right of the end of its line, moved up where it would cover the one below."""
    gap, last = 20.0, float("-inf")
    for x, y, text, colour in sorted(labels, key=lambda label: label[1]):
        true = style.pixels_up(ax, y)
        placed = max(true, last + gap)
        last = placed
        write(ax, x, y, text, shift=(12, 0.75 * (placed - true)), weight="bold", color=colour)
