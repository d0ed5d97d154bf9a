"""Draw downloads as a waterfall: one row each, queueing, waiting for the first byte, receiving."""

from collections.abc import Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from threadlab.showing import saying, style
from threadlab.showing.style import BLUE, GREY, RED, write
from threadlab.workloads.downloads import Download

ROOM, LINE, LEAST_ROWS = 276.0, 24.0, 8  # pixels for the rows and for a line of text; few rows stay slim
LEGEND = "line: queues      hatched: waits for first byte      solid: receives"


def plot_downloads(results: Sequence[Download], *, ax: Axes | None = None) -> Axes:
    """Draw `results` as a waterfall on one time axis, in the order given.

        >>> ax = plot_downloads([Download("http://127.0.0.1/a", error="no answer")])
        >>> ax.get_title("left")
        '1 download: 1 failed'

    Args:
        results: What `download` or `download_all` returned.
        ax: Where to draw; by default a picture of its own, shown under the cell.

    Returns:
        The axes; rows count 0, 1, 2, ... from the top.
    """
    errors = list(dict.fromkeys(result.error for result in results if result.error))
    notes = [LEGEND, *(["✗ " + errors[0] + (" …" if len(errors) > 1 else "")] if errors else [])]
    axes = ax or style.new_axes(ROOM + LINE * len(notes), left=24)
    start, end = saying.stretch(results)
    rows = max(LEAST_ROWS, len(results))
    axes.set(
        xlim=(0, 1.04 * (end - start)), ylim=(rows - 0.4, -0.6 - LINE * len(notes) * rows / ROOM), yticks=[]
    )
    style.tidy(axes)
    for line, note in enumerate(notes):
        looks: dict[str, Any] = {"color": RED if line else GREY, "xycoords": "axes fraction", "va": "top"}
        write(axes, 0, 1, note, shift=(0, -0.75 * LINE * line), **looks)
    for row, one in enumerate(results):
        colour = RED if one.error else BLUE
        asked = start if one.requested is None else one.requested
        _bar(axes, row, "queues", (asked, one.began), start, height=0.14, facecolor="#B4BAC3")
        hatched = {"facecolor": style.pale(colour), "edgecolor": colour, "hatch": "///"}
        _bar(axes, row, "waits for first byte", (one.began, one.first_byte or one.ended), start, **hatched)
        _bar(axes, row, "receives", (one.first_byte, one.ended), start, facecolor=colour)
        if one.error:
            axes.plot((one.ended or start) - start, row, "X", color=RED, markersize=9, label="failed")
    style.below(axes, "seconds since the start")
    style.headline(axes, saying.downloads_headline(results))
    if ax is None:
        style.show(axes, saying.downloads_words(results))
    return axes


def _bar(
    ax: Axes, row: int, label: str, stretch: tuple[float | None, float | None], start: float, **looks: Any
) -> None:
    """Draw a `stretch` that has both ends as a bar in `row`."""
    begin, end = stretch
    if begin is not None and end is not None:
        looks = {"height": 0.76, "linewidth": 1} | looks
        width = max(end - begin, 3 / style.scale(ax) if label == "receives" else 0)
        ax.add_patch(Rectangle((begin - start, row - looks["height"] / 2), width, label=label, **looks))
