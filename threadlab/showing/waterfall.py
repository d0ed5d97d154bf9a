"""Draw downloads as a waterfall: one row each, waiting for a thread, for the first byte, receiving."""

from collections.abc import Sequence
from typing import Any

from matplotlib.axes import Axes

from threadlab.showing import saying, style
from threadlab.showing.style import BLUE, GREY, RED, SKY, write
from threadlab.workloads.downloads import Download

ROOM = 272.0  # pixels for the rows
LEGEND = "line: waits for its turn      hatched: waits for the first byte      solid: receives"


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
    axes = ax or style.new_axes(ROOM + 28, left=24)
    start, end = saying.stretch(results)
    each = ROOM / max(1, len(results))
    axes.set(xlim=(0, 1.04 * (end - start)), ylim=(max(1, len(results)) - 0.4, -0.6 - 28 / each), yticks=[])
    style.tidy(axes)
    write(axes, 0, 1, LEGEND, xycoords="axes fraction", va="top", color=GREY)
    asked = [d.requested if d.requested is not None else start for d in results]
    _draw(axes, "waits for its turn", [(a, d.began) for a, d in zip(asked, results, strict=True)], start)
    _draw(axes, "waits for the first byte", [(d.began, d.first_byte or d.ended) for d in results], start)
    _draw(axes, "receives", [(d.first_byte, d.ended) for d in results], start)
    for row, download in enumerate(results):
        if download.error:
            reason = download.error if len(download.error) < 40 else "failed"
            x = (download.ended if download.ended is not None else start) - start
            size = min(style.TEXT, max(7.0, 0.7 * each))
            style.write_after(axes, x, row, f"✗ {reason}", color=RED, fontsize=size)
    style.below(axes, "seconds since the start")
    style.headline(axes, saying.downloads_headline(results))
    if ax is None:
        style.show(axes, saying.downloads_words(results))
    return axes


def _draw(ax: Axes, label: str, stretches: Sequence[tuple[float | None, float | None]], start: float) -> None:
    """Draw one bar for each of `stretches` that has both ends."""
    rows = [(row, a, b) for row, (a, b) in enumerate(stretches) if a is not None and b is not None]
    looks: dict[str, Any] = {
        "waits for its turn": {"height": 0.14, "facecolor": "#B4BAC3"},
        "waits for the first byte": {"height": 0.76, "facecolor": style.pale(SKY), "edgecolor": SKY, "hatch": "///"},
        "receives": {"height": 0.76, "facecolor": BLUE},
    }[label]
    least = 3 / style.scale(ax) if label == "receives" else 0
    widths = [max(b - a, least) for _, a, b in rows]
    ax.barh([row for row, _, _ in rows], widths, left=[a - start for _, a, _ in rows], label=label, **looks)
