"""Draw downloads as a waterfall: one row each, queueing, waiting for the first byte, receiving."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from matplotlib.axes import Axes

from threadlab.running.timeline import Span
from threadlab.showing import saying, style
from threadlab.showing.style import BLUE, GHOST, GREY, RED
from threadlab.showing.timelines import LINE, draw_spans

if TYPE_CHECKING:
    from threadlab.workloads.downloads import Download

ROOM, LEAST_ROWS = 276.0, 8  # pixels for the rows; few rows stay slim
LEGEND = "line: queues      hatched: waits for first byte      solid: receives"


def plot_downloads(results: Sequence["Download"], *, ax: Axes | None = None) -> Axes:
    """Draw `results` as a waterfall on one time axis, in the order given.

        >>> from threadlab.workloads.downloads import Download
        >>> plot_downloads([Download("http://127.0.0.1/a", began=0.0, ended=0.2)]).get_title("left")
        '1 download, 1 at a time: 0.2 s'

    Args:
        results: What `download` or `download_all` returned.
        ax: Where to draw; by default a picture of its own, shown under the cell.

    Returns:
        The axes; rows count 0, 1, 2, ... from the top.
    """
    results = style.each_is("results", results, "first_byte", "a list of what download() returned")
    errors = list(dict.fromkeys(one.error for one in results if one.error))
    notes = [LEGEND, *(f"✗ {error}" + " …" * (len(errors) > 1) for error in errors[:1])]
    axes = ax or style.new_axes(ROOM + LINE * len(notes), left=24)
    start, end = stretch(results)
    rows = max(LEAST_ROWS, len(results))
    top = -0.6 - LINE * len(notes) * rows / ROOM
    axes.set(xlim=(0, max(1e-6, 1.04 * (end - start))), ylim=(rows - 0.4, top), yticks=[])
    style.tidy(axes)
    for line, note in enumerate(notes):
        looks: Any = {"color": RED if line else GREY, "xycoords": "axes fraction", "va": "top"}
        style.write(axes, 0, 1, note, shift=(0, -0.75 * LINE * line), **looks)
    spans = [(row, one, list(_spans(one, start))) for row, one in enumerate(results)]
    draw_spans(axes, [(row, 1.0, GHOST, own[:1]) for row, _, own in spans])
    draw_spans(axes, [(row, 1.0, RED if one.error else BLUE, own[1:]) for row, one, own in spans])
    bad = [((one.ended or start) - start, row) for row, one, _ in spans if one.error]
    axes.plot([x for x, _ in bad], [row for _, row in bad], "X", color=RED, markersize=9, label="failed")
    return style.finish(axes, downloads_words(results), "seconds since the start", shown=ax is None)


def _spans(one: "Download", start: float) -> Iterator[Span]:
    """Tell how a download queued, waited and received, as far as it came; a failure waits to its end."""
    moments = [one.requested or start, one.began, one.first_byte or one.ended, one.ended]
    for begin, end, state in zip(moments, moments[1:], ("blocked", "waiting", "running"), strict=False):
        if begin is not None and end is not None and (state != "running" or one.first_byte):
            yield Span(begin - start, end - start, state)  # type: ignore[arg-type]


def downloads_words(results: Sequence["Download"]) -> str:
    """Return how many of `results` were under way at once, how long they took, how many failed, and each."""
    begin, end = stretch(results)
    under_way = [(one.began, one.ended) for one in results if one.began is not None and one.ended is not None]
    most = max((sum(a <= moment < b for a, b in under_way) for moment, _ in under_way), default=0)
    failed = sum(one.error is not None for one in results)
    lines = [f"{saying.count(len(results), 'download')}, {most} at a time: {saying.seconds(end - begin)}"]
    lines[0] += f", {failed} failed" if failed else ""
    for row, one in enumerate(results, 1):
        moments = {"began": one.began, "first byte": one.first_byte, "ended": one.ended}
        said = [f"{what} {moment - begin:.2f} s" for what, moment in moments.items() if moment is not None]
        lines.append(f"download {row}: " + ", ".join(said + ([f"failed: {one.error}"] if one.error else [])))
    return "\n".join(lines)


def stretch(results: Sequence["Download"]) -> tuple[float, float]:
    """Return when the first of `results` was handed in or began, and when the last ended."""
    moments = [m for one in results for m in (one.requested, one.began, one.ended) if m is not None]
    return min(moments, default=0.0), max(moments, default=0.0)
