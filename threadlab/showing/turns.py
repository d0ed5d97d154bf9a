"""Draw two numbers for each name as bars: turns and waits of threads, busyness and progress of runs."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from threadlab.running.timeline import Lane, Timeline
from threadlab.showing import saying, style
from threadlab.showing.style import BLUE, GHOST, GREEN, GREY, RED, write

Pairs = Mapping[str, tuple[float, float]]
Columns = Sequence[tuple[str, Callable[[float], str], str]]  # title, how to say a number, colour
TURNS: Columns = (("turns", str, BLUE), ("longest wait, ms", str, RED))
METERS: Columns = (
    ("busy, not waiting for a lock: % of the time", str, BLUE),
    ("progress: threads that got done", str, GREEN),
)
ROW, TITLE = 58.0, 32.0  # pixels: a name, and what stands above all
_LOOK = 0.002  # seconds that a look takes at most: no turn is as short


def plot_meters(result: Mapping[str, Any], *, ax: Axes | None = None) -> Axes:
    """Draw how busy the threads of some runs were, and how many of them got done.

        >>> from threadlab.running.timeline import Lane, Span, Timeline
        >>> polite = Lane("Ann", (Span(0, 2, "running"),), end="was still running")
        >>> plot_meters({"livelock": Timeline((polite, polite), 2.0)}).get_title("left")
        'livelock: busy 100 % of the time, 0 of 2 threads got done'

    Args:
        result: Runs, as watch() gives them, by what to call them.
        ax: Where to draw; by default a picture of its own, shown under the cell.

    Raises:
        TypeError: `result` is not a dict of runs.
    """
    if not isinstance(result, Mapping) or not result:
        raise TypeError(f"result must be a dict such as {{'deadlock': run}}, not {result!r}")
    runs = [getattr(run, "timeline", run) for run in result.values()]
    style.each_is("result", runs, "lanes", "a dict of runs, as watch() gives")
    meters = dict(zip(result, map(_meters, runs), strict=True))
    told = dict[str, str]()
    for run, (name, (busy, done)) in zip(runs, meters.items(), strict=True):
        told[name] = f"{name}: busy {busy} % of the time, {done} of {saying.count(len(run.lanes))} got done"
    vain = min(meters, key=lambda name: (meters[name][1], -meters[name][0]))  # much ado about nothing
    axes = bars(meters, METERS, (100.0, max(len(run.lanes) for run in runs)), ax=ax)
    words = "\n".join([told[vain], *told.values()])
    return style.finish(axes, words, "", runs[0].machine, shown=ax is None)


def _meters(run: Timeline) -> tuple[int, int]:
    spans = [span for lane in run.lanes for span in lane.spans]
    busy = sum(span.end - span.start for span in spans if span.state != "blocked")
    whole = sum(span.end - span.start for span in spans)
    return round(100 * busy / whole) if whole else 0, sum(lane.end == "done" for lane in run.lanes)


def longest_wait(lane: Lane) -> float:
    """Return the longest time that a thread waited for a turn, in seconds.

    Who is woken, looks, and waits again, has waited all the time.

    >>> from threadlab.running.timeline import Span
    >>> longest_wait(Lane("Ann", (Span(0, 1, "blocked"), Span(1.001, 3, "blocked"))))
    3.0
    """
    longest = began = ended = 0.0
    for span in lane.spans:
        if span.state == "blocked":
            began = began if span.start - ended < _LOOK else span.start
            ended = float(span.end)
            longest = max(longest, ended - began)
    return longest


def turns_words(got: Pairs) -> str:
    """Return who got the most and the fewest turns, the longest wait, and what each got."""
    if not got:
        return "Nothing measured yet"
    by_turns = sorted(got, key=lambda name: got[name][0])
    turns = {name: saying.count(int(many), "turn") for name, (many, _) in got.items()}
    ends = ", ".join(f"{name} {turns[name]}" for name in (by_turns[-1], by_turns[0]))
    lines = [f"{ends}; the longest wait: {max(wait for _, wait in got.values())} ms"]
    lines += [f"{name}: {turns[name]}, longest wait {got[name][1]} ms" for name in got]
    return "\n".join(lines)


def bars(
    now: Pairs,
    columns: Columns,
    most: tuple[float, float],
    before: Pairs | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw two bars for each name, those of `before` in grey below; the axes reach to `most` at least."""
    height = ROW * (len(now) or 1) + TITLE
    axes = ax or style.new_axes(height, left=style.margin(now), right=24)
    axes.set_axis_off()
    for place, (title, say, colour) in enumerate(columns):
        part = axes.inset_axes((0.53 * place, 0, 0.44, 1 - TITLE / height))
        style.tidy(part)
        whole = all(isinstance(values[place], int) for values in now.values())
        ticks = MaxNLocator(nbins=5, integer=whole).tick_values(0, most[place])
        part.set(xlim=(0, 1.25 * most[place]), ylim=(len(now) - 0.4, -0.6), yticks=[])
        style.ticks(part.xaxis, [tick for tick in ticks if tick <= most[place]])
        part.set_title(title, loc="left", fontsize=style.TEXT, color=GREY)
        for row, (name, values) in enumerate(now.items()):
            part.barh(row - 0.1, values[place], 0.44, color=colour, label="now")
            write(part, values[place], row - 0.1, say(values[place]), shift=(6, 0), weight="bold")
            if not place:
                write(part, 0, row, name, shift=(-6, 0), ha="right")
            if before and name in before:
                part.barh(row + 0.24, before[name][place], 0.18, color=GHOST, label="the run before")
    return axes
