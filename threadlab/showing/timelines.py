"""Draw a run as lanes: one lane per worker, time to the right, waiting told from running."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate, cycle
from math import ceil, inf
from typing import Any

from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection
from matplotlib.ticker import MaxNLocator

from threadlab.running.gil import turns
from threadlab.running.timeline import Change, Lane, Mark, Span, Timeline
from threadlab.showing import saying, style
from threadlab.showing.style import BLUE, COLOURS, GREY, INK, LINE, PURPLE, RED, write

# Each state's part of the room a lane has, and its words; the first is drawn on top.
STATES = {
    "running": (0.76, "solid: runs"),
    "waiting": (0.76, "hatched: waits"),
    "blocked": (0.14, "thin line: waits for another thread"),
    "gil": (0.14, "red line: waits for the GIL"),
    "off": (0.3, "grey: the system runs others"),
    "ready": (0.5, "pale: runs or waits to run"),
}
SHADES = {"gil": "#EFA27B", "off": GREY}  # of what nobody chose; the others have their lane's colour
ROOM, BEFORE, STEP_LINE = 300.0, 96.0, 132.0  # pixels for all, the run before, and the shared object
LEAST_PIECE, LEAST_STEP = 4.0, 18.0  # pixels; what is shorter is drawn so wide, or nobody would see it


@dataclass(frozen=True, slots=True)
class Band:
    """A lane and its place: `y` is the middle, `room` its height, in pixels from the top."""

    lane: Lane
    y: float
    room: float
    colour: str
    marks: Sequence[tuple[Mark, int]]  # each with its level above the lane


def plot_timeline(
    result: Timeline,
    *,
    ax: Axes | None = None,
    before: Timeline | None = None,
    guess: Any = None,
    reach: float = 0.0,
    until: float = inf,
) -> Axes:
    """Draw the lanes of `result`, below those of `before` on the same time axis.

        >>> from threadlab.running.timeline import Lane, Span, Timeline
        >>> wait = Span(0.0, 0.5, "waiting", "the payment")
        >>> plot_timeline(Timeline((Lane("Ann", (wait,)), Lane("Bob", (wait,))), 0.5)).get_title("left")
        '2 threads: 0.5 s'

    Args:
        result: What `watch()` saw: `run`, or `run.timeline`.
        ax: Where to draw; by default a picture of its own, shown under the cell.
        before: An earlier run to compare with, drawn in grey.
        guess: The seconds somebody expects, also as a Guess; drawn dashed.
        reach: The seconds that the axis reaches to at least.
        until: The seconds that it reaches to at most, where a part tells enough.

    Returns:
        The axes; their height is counted in pixels from the top.
    """
    result, before = getattr(result, "timeline", result), getattr(before, "timeline", before)
    runs = [before, result] if before else [result]
    style.each_is("result", runs, "seconds", "a run, as watch() gives")
    expected, marked = style.guessed(guess), any(lane.marks for lane in result.lanes)
    end = (1.1 if marked else 1.04) * max(expected or 0.0, reach, 1e-6, *(run.seconds for run in runs))
    end = min(end, until)
    left = style.margin((_short(lane) for run in runs for lane in run.lanes), least=48)
    scale = (style.width(ax) if ax else style.WIDTH - left - style.RIGHT) / end

    legend, step_line = _legend(result, scale * end), STEP_LINE * bool(result.changes)
    top = LINE * len(legend) + 4
    old, top = _bands(before.lanes if before else (), top, BEFORE, (GREY,), scale)
    top += LINE * bool(old or expected is not None)
    new, lowest = _bands(
        result.lanes, top, ROOM - top - step_line, COLOURS if marked or result.ticks else (BLUE,), scale
    )
    bottom = lowest + 6 + step_line

    axes = ax or style.new_axes(bottom, left=left)
    axes.set(xlim=(0, end), ylim=(bottom, 0), yticks=[])
    style.tidy(axes)
    for place, line in enumerate(legend):
        write(axes, 0, LINE * (place + 0.4), line, color=GREY)
    rows = [(band.y, band.room, band.colour, band.lane.spans) for band in [*old, *new]]
    _draw_spans(axes, rows, ticks=result.ticks)
    for run, bands in ((before, old), (result, new)):
        _draw_words(axes, bands, spelled=not legend)
        if bands and before and run:
            _draw_total(axes, bands, run)
    if expected is not None:
        axes.plot([expected] * 2, [top - LINE, lowest], **style.GUESS)
        looks: Any = {"shift": (6, 0)} if expected < end / 2 else {"shift": (-6, 0), "ha": "right"}
        write(axes, expected, top - LINE, "your guess", va="top", color=style.deep(PURPLE), **looks)
    if result.ticks:
        axes.xaxis.set_major_formatter(lambda time, _: f"{1000 * time:g}")
    if result.changes:
        _draw_changes(axes.inset_axes((0, 0, 1, 1 - (lowest + 16) / bottom), sharex=axes), result.changes)
    left_out = sum(len(band.lane.marks) - len(band.marks) for band in new)
    axis = (
        ("steps" if result.unit == "steps" else "milliseconds" if result.ticks else "seconds")
        + " since the start"
        + (f" ({left_out} more marks have no room)" if left_out else "")
    )
    words = saying.timeline_words(result, before, expected)
    aside = f"the system took {saying.milliseconds(turns(result).system)} · " if result.ticks else ""
    return style.finish(axes, words, axis, f"{aside}{result.machine or ''}", shown=ax is None)


def _draw_spans(
    ax: Axes, rows: Sequence[tuple[float, float, str, Iterable[Span]]], *, ticks: bool = False
) -> None:
    """Draw each row's spans at its middle, in its room and colour, all that look alike at once for speed."""
    least = LEAST_PIECE / style.scale(ax)
    for state, (part, _) in reversed(STATES.items()):
        for colour in dict.fromkeys(row[2] for row in rows):
            corners = []
            for y, room, _, spans in (row for row in rows if row[2] == colour):
                top, bottom = y - room * part / 2, y + room * part / 2
                for a, b in [(span.start, span.end) for span in spans if span.state == state]:
                    b = max(b, a + least * (state == "running" and not ticks))
                    corners.append([(a, top), (b, top), (b, bottom), (a, bottom)])
            looks: Any = {"color": SHADES.get(state, colour), "linewidth": 0}
            if state == "ready":
                looks["alpha"] = 0.4
            if state == "waiting":
                looks = {"facecolor": style.pale(colour), "edgecolor": colour, "linewidth": 1, "hatch": "///"}
            ax.add_collection(PolyCollection(corners, label=state, **looks), autolim=False)


def _legend(run: Timeline, room: float) -> list[str]:
    """Return lines, `room` pixels wide, that explain the states, unless a few lanes tell for themselves."""
    spans = [span for lane in run.lanes for span in lane.spans]
    if len(run.lanes) <= 3 and not run.ticks and all(s.what for s in spans if s.state != "running"):
        return []
    causes = {span.what for span in spans if span.state == "waiting"}
    least = run.seconds * len(run.lanes) / 200 if run.ticks else 0.0  # of what nobody can see nothing is said
    long = {state: sum(s.end - s.start for s in spans if s.state == state) > least for state in STATES}
    words = {state: text for state, (_, text) in STATES.items() if long[state]}
    if run.machine and not run.machine.gil:
        words["off"] = "grey: does not run"
    if len(causes) == 1 and all(causes):
        words["waiting"] = f"hatched: {saying.waits(causes.pop())}"
    return style.packed(words.values(), room)


def _short(lane: Lane) -> str:
    name = " ".join(lane.name.split())
    return name if len(name) <= 18 else name[:17] + "…"


def _bands(
    lanes: Sequence[Lane], top: float, room: float, colours: Sequence[str], scale: float
) -> tuple[list[Band], float]:
    """Return a band for each of `lanes` in `room` pixels from `top`, and the bottom; a second is `scale`."""
    many = len(lanes) or 1
    most = min(3, int(room / 2 / LINE / many))  # levels of marks, which get half the room at most
    flags = [_flags(lane.marks, scale, most) for lane in lanes]
    levels = [1 + max((level for _, level in own), default=-1) for own in flags]
    each, bands = min(40.0, (room - LINE * sum(levels)) / many), []
    for lane, own, level, colour in zip(lanes, flags, levels, cycle(colours), strict=False):
        top += LINE * level + each
        bands.append(Band(lane, top - each / 2, each, colour, own))
    return bands, top


def _flags(marks: Sequence[Mark], scale: float, levels: int) -> list[tuple[Mark, int]]:
    """Return each mark with the lowest level where it covers no other; what finds none is left out.

    The words stand right of their stem; from the last to the first, so that no stem crosses another's words.
    """
    starts, placed = [float("inf")] * levels, []
    for mark in reversed(marks):
        end = mark.time * scale + style.width_of(mark.text, bold=True) + 14
        level = next((level for level in range(levels) if end <= min(starts[level:])), None)
        if level is not None:
            placed.append((mark, level))
            starts[level] = mark.time * scale
    return placed


def _draw_words(ax: Axes, bands: Sequence[Band], *, spelled: bool) -> None:
    """Write who each lane is, what it did, what it waits for if `spelled` out, and a bad end, if they fit."""
    scale = style.scale(ax)
    for place, band in enumerate(bands):
        if place % ceil(19 / band.room) == 0:
            colour = GREY if band.colour == GREY else INK
            write(ax, 0, band.y, _short(band.lane), shift=(-6, 0), ha="right", color=colour)
        top = band.y - 0.38 * band.room
        for mark, level in band.marks:
            y = top - LINE * (level + 0.5)
            ax.plot([mark.time] * 2, [y - 9, top], color=band.colour, linewidth=2)
            write(ax, mark.time, y, mark.text, shift=(3, 0), weight="bold", color=style.deep(band.colour))
        for span in band.lane.spans if spelled and band.room > LINE else ():
            text = saying.waits(span.what)
            if span.state != "running" and style.width_of(text) + 16 < (span.end - span.start) * scale:
                write(ax, (span.start + span.end) / 2, band.y, text, ha="center", bbox=style.PAPER)
        if band.lane.end != "done":
            text = "✗ " + saying.ending(band.lane.end).removeprefix("was ")
            most = ax.get_xlim()[1] - style.width_of(text, bold=True) / scale
            x = min(max((span.end for span in band.lane.spans), default=0.0) + 8 / scale, most)
            write(ax, x, band.y, text, color=RED, weight="bold", bbox=style.PAPER)


def _draw_total(ax: Axes, bands: Sequence[Band], run: Timeline) -> None:
    """Write the time and the manner of `run` right of its first lanes, if there is room."""
    scale, total, manner = style.scale(ax), saying.seconds(run.seconds), saying.manner(run)
    first = [band for band in bands if band.y < bands[0].y + 50]
    x = 16 / scale + max((span.end for band in first for span in band.lane.spans), default=0.0)
    if x * scale + style.width_of(manner) < style.width(ax):
        y, colour = bands[0].y, style.deep(bands[0].colour)
        write(ax, x, y + 8, total, fontsize=style.LARGE, weight="bold", color=colour)
        write(ax, x, y + 34, manner, color=colour)


def _draw_changes(ax: Axes, changes: Sequence[Change]) -> None:
    """Draw the shared object as a step line; a last value below zero gets a cross."""
    style.tidy(ax, grid="y")
    ax.tick_params(labelbottom=False, bottom=False)
    ax.yaxis.set_major_locator(MaxNLocator(nbins=3, integer=True))
    ax.margins(y=0.3)
    end, least = ax.get_xlim()[1], LEAST_STEP / style.scale(ax)
    for entry, colour in zip(dict.fromkeys(c.entry for c in changes), cycle((INK, *COLOURS)), strict=False):
        own = [change for change in changes if change.entry == entry]
        times = list(accumulate((c.time for c in own), lambda left, right: max(right, left + least)))
        values = [change.value for change in own]
        ax.step([*times, end], [*values, values[-1]], where="post", color=colour, linewidth=3, label=entry)
        write(ax, times[0], max(values), entry, shift=(4, -8), va="top", color=colour)
        if values[-1] < 0:
            ax.plot(times[-1], values[-1], "X", color=RED, markersize=14, label="below zero")
            looks: Any = {"shift": (-14, 0), "ha": "right", "weight": "bold", "color": RED}
            write(ax, times[-1], values[-1], f"{saying.number(values[-1])}: below zero", **looks)
