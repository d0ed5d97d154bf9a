"""Draw downloads as a waterfall, as the developer tools of browsers do: one row each, time to the right."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import inf
from typing import TYPE_CHECKING, Any

from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection

from threadlab.showing import saying, style
from threadlab.showing.style import BLUE, GHOST, GREEN, GREY, LINE, RED, pale, write

if TYPE_CHECKING:
    from threadlab.workloads.downloads import Download

# What a download does: its part of the room of a row, and its words; the first is drawn on top.
KINDS = {
    "connects": (0.76, "green: connects"),
    "receives": (0.76, "solid: receives"),
    "waits": (0.76, "hatched: waits for first byte"),
    "queues": (0.14, "line: queues"),
    "pauses": (0.14, ""),
    "in vain": (0.76, "red ↻: failed, tried again"),
}
COLOURS = {"connects": GREEN, "queues": GHOST, "pauses": RED, "in vain": RED}  # the others are blue
HATCHED = ("waits", "in vain")
LEGEND = ("queues", "connects", "waits", "receives", "in vain")  # in order of time
ROOM, LEAST_ROWS, ROW, LEAST_BAR = 276.0, 8, 4.0, 4.0  # pixels for all, at least for a row and a bar
FINE, PALE = 6.0, 0.35  # pixels of a row that its hatches would fill, and what is instead of them


@dataclass(frozen=True, slots=True)
class Bar:
    """A part of a row: what the download did, in seconds since the start."""

    row: int
    start: float
    end: float
    kind: str
    colour: str

    def corners(self, least: float) -> list[tuple[float, float]]:
        """Return the corners, with at least so many seconds for what moves, or nobody would see it."""
        half = KINDS[self.kind][0] / 2
        end = max(self.end, self.start + least * (self.kind in ("connects", "receives")))
        top, bottom = self.row - half, self.row + half
        return [(self.start, top), (end, top), (end, bottom), (self.start, bottom)]


def plot_downloads(
    results: Sequence["Download"], *, ax: Axes | None = None, reach: float = 0.0, rows: int = LEAST_ROWS
) -> Axes:
    """Draw `results` as a waterfall on one time axis, in the order given.

        >>> from threadlab.workloads.downloads import Download
        >>> plot_downloads([Download("http://127.0.0.1/a", began=0.0, ended=0.2)]).get_title("left")
        '1 download, 1 at a time: 0.2 s'

    Args:
        results: What `download` or `download_all` returned. A result whose `url` is a name, and no address,
            is other work beside them: its name is written on its bar.
        ax: Where to draw; by default a picture of its own, shown under the cell.
        reach: The seconds that the axis reaches to at least.
        rows: For how many there is room at least.

    Returns:
        The axes; rows count 0, 1, 2, ... from the top.
    """
    results = style.each_is("results", results, "first_byte", "a list of what download() returned")
    bars, (start, end) = list(bars_of(results)), stretch(results)
    known = [KINDS[kind][1] for kind in LEGEND if any(bar.kind == kind for bar in bars)]
    known = known or [KINDS[kind][1] for kind in LEGEND[:-1]]
    rows = max(rows, len(results))
    legend = style.packed(known, style.width(ax) if ax else style.WIDTH - 24 - style.RIGHT)
    errors = list(dict.fromkeys(one.error for one in results if one.error))
    notes = [*legend, *(f"✗ {error}" + " …" * (len(errors) > 1) for error in errors[:1])]
    lines = LINE * max(1, len(notes))
    room = style.height(ax) - lines if ax else max(ROOM, ROW * rows)
    axes, row = ax or style.new_axes(room + lines, left=30), room / rows
    fine = row < FINE
    notes = [note.replace("hatched: ", "pale: ") for note in notes] if fine else notes
    top = -0.6 - lines / row
    axes.set(xlim=(0, max(1e-6, reach, 1.04 * (end - start))), ylim=(rows - 0.4, top), yticks=[])
    style.tidy(axes)
    for line, note in enumerate(notes):
        looks: Any = {"color": RED if line >= len(legend) else GREY, "xycoords": "axes fraction", "va": "top"}
        write(axes, 0, 1, note, shift=(0, -0.75 * LINE * line), **looks)
    least = LEAST_BAR / style.scale(axes)
    for kind in reversed(KINDS):
        for colour in dict.fromkeys(bar.colour for bar in bars if bar.kind == kind):
            corners = [bar.corners(least) for bar in bars if (bar.kind, bar.colour) == (kind, colour)]
            looks = {"color": colour, "linewidth": 0, "snap": False}
            if fine:
                looks |= {"alpha": PALE if kind == "waits" else 1}
            elif kind in HATCHED:
                looks |= {"facecolor": pale(colour), "linewidth": 1, "hatch": "///"}
            axes.add_collection(PolyCollection(corners, label=kind, **looks), autolim=False)
    for bar in bars:
        if bar.kind == "in vain":
            looks = {} if fine else {"bbox": style.PAPER | {"pad": 0}}
            looks |= {"weight": "bold", "color": RED, "fontsize": max(11, min(style.TEXT, row))}
            write(axes, bar.end, bar.row, "↻", **looks)
    for place, one in enumerate(results):
        if is_other_work(one):
            middle = ((one.began or start) + (one.ended or end)) / 2 - start
            write(axes, middle, place, one.url, bbox=style.PAPER, ha="center", weight="bold")
    bad = [((one.ended or start) - start, place) for place, one in enumerate(results) if one.error]
    ends, places = [end for end, _ in bad], [place for _, place in bad]
    axes.plot(ends, places, "X", color=RED, markersize=max(7, min(9, row)), label="failed")
    return style.finish(axes, downloads_words(results), "seconds since the start", shown=ax is None)


def bars_of(results: Sequence["Download"], now: float = inf) -> Iterator[Bar]:
    """Yield the parts of every row, as far as they came until `now`, a moment of time.perf_counter."""
    first, last = stretch(results)
    now = last if now == inf else now
    for row, one in enumerate(results):
        began, colour = one.began, RED if one.error else BLUE
        parts = [(one.requested or (began and first), "queues")]
        for failed, again in one.earlier:
            parts += [(began, "in vain"), (failed, "pauses")]
            began = again
        parts += [(began, "connects" if one.connected else "waits"), (one.connected, "waits")]
        parts += [(one.first_byte, "receives"), (one.ended or now, "")]
        come = [(moment, kind) for moment, kind in parts if moment is not None and moment <= now]
        ends = [moment for moment, _ in come[1:]] + [min(now, one.ended or now)]
        for (begin, kind), end in zip(come, ends, strict=True):
            if kind and end > begin:
                yield Bar(row, begin - first, end - first, kind, COLOURS.get(kind, colour))


def downloads_words(results: Sequence["Download"]) -> str:
    """Return how many of `results` were under way at once, how long they took, how many failed, and each."""
    begin, end = stretch(results)
    under_way = [(one.began, one.ended) for one in results if one.began is not None and one.ended is not None]
    most = max((sum(a <= moment < b for a, b in under_way) for moment, _ in under_way), default=0)
    others = [one.url for one in results if is_other_work(one)]
    failed, again = sum(one.error is not None for one in results), sum(one.tries > 1 for one in results)
    what = " and ".join([saying.count(len(results) - len(others), "download"), *others])
    lines = [f"{what}, {most} at a time: {saying.seconds(end - begin)}"]
    lines[0] += f", {failed} failed" * bool(failed) + f", {again} tried again" * bool(again)
    for row, one in enumerate(results, 1):
        moments = {"began": one.began, "first byte": one.first_byte, "ended": one.ended}
        said = [f"{what} {moment - begin:.2f} s" for what, moment in moments.items() if moment is not None]
        said += [f"{one.tries} tries"] * (one.tries > 1) + ([f"failed: {one.error}"] if one.error else [])
        lines.append(f"{one.url if is_other_work(one) else f'download {row}'}: " + ", ".join(said))
    return "\n".join(lines)


def is_other_work(one: "Download") -> bool:
    """Whether `one` has a name instead of an address, and did not fail for it."""
    return "://" not in str(one.url) and not one.error


def stretch(results: Sequence["Download"]) -> tuple[float, float]:
    """Return when the first of `results` was handed in or began, and when the last ended."""
    moments = [m for one in results for m in (one.requested, one.began, one.ended) if m is not None]
    return min(moments, default=0.0), max(moments, default=0.0)
