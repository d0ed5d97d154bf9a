"""Draw downloads as a waterfall: one row each, queueing, waiting for the first byte, receiving."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from matplotlib.axes import Axes

from threadlab.showing import saying, style
from threadlab.showing.style import BLUE, GHOST, GREY, RED, write

if TYPE_CHECKING:
    from threadlab.workloads.downloads import Download

ROOM, LINE, LEAST_ROWS = 276.0, 24.0, 8  # pixels for the rows and for a line of text; few rows stay slim
LEGEND = "line: queues      hatched: waits for first byte      solid: receives"


def plot_downloads(results: Sequence["Download"], *, ax: Axes | None = None) -> Axes:
    """Draw `results` as a waterfall on one time axis, in the order given.

        >>> from threadlab.workloads.downloads import Download
        >>> plot_downloads([Download("http://127.0.0.1/a", error="no answer")]).get_title("left")
        '1 download: 1 failed'

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
    start, end = saying.stretch(results)
    rows = max(LEAST_ROWS, len(results))
    top = -0.6 - LINE * len(notes) * rows / ROOM
    axes.set(xlim=(0, 1.04 * (end - start)), ylim=(rows - 0.4, top), yticks=[])
    style.tidy(axes)
    for line, note in enumerate(notes):
        looks: dict[str, Any] = {"color": RED if line else GREY, "xycoords": "axes fraction", "va": "top"}
        write(axes, 0, 1, note, shift=(0, -0.75 * LINE * line), **looks)
    for colour, failed in ((BLUE, False), (RED, True)):
        _draw_rows(
            axes, [(row, one) for row, one in enumerate(results) if bool(one.error) == failed], start, colour
        )
    bad = [(row, one) for row, one in enumerate(results) if one.error]
    crosses = [(one.ended or start) - start for _, one in bad]
    axes.plot(crosses, [row for row, _ in bad], "X", color=RED, markersize=9, label="failed")
    style.below(axes, "seconds since the start")
    style.headline(axes, saying.downloads_headline(results))
    if ax is None:
        style.show(axes, saying.downloads_words(results))
    return axes


def _draw_rows(ax: Axes, rows: Sequence[tuple[int, "Download"]], start: float, colour: str) -> None:
    """Draw the three stretches of each download, as far as it came."""
    for label, ink, height, stretches in (
        ("queues", GHOST, 0.14, [(one.requested or start, one.began) for _, one in rows]),
        ("waits for first byte", colour, 0.76, [(one.began, one.first_byte or one.ended) for _, one in rows]),
        ("receives", colour, 0.76, [(one.first_byte, one.ended) for _, one in rows]),
    ):
        places = [
            (begin - start, end - start, row, height)
            for (row, _), (begin, end) in zip(rows, stretches, strict=True)
            if begin is not None and end is not None
        ]
        style.boxes(ax, places, ink, hatched=label.startswith("waits"), label=label)
