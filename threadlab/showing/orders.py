"""Draw every order of a few threads: a tile for each step, the wrong orders marked."""

from collections.abc import Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from threadlab.schedules import Exploration
from threadlab.showing.style import GREEN, RED, deep, each_is, finish, new_axes, width_of, write
from threadlab.showing.tiles import Row, colour_of, counted, headline, rows_of, turns

ROW, TILE, WIDE = 44.0, 44.0, 1052.0  # pixels: the height of a row and of a tile, the width of all


def plot_orders(result: Exploration, *, ax: Axes | None = None) -> Axes:
    """Draw the orders of `result` as rows of tiles; if they are many, one of each outcome.

        >>> from threadlab import explore
        >>> def add(numbers):
        ...     numbers.append(len(numbers))
        >>> found = explore([add, add], state=list, outcome=tuple)
        >>> plot_orders(found).get_title(loc="left")
        'All 2 orders are right'

    Args:
        result: What explore() returned.
        ax: Where to draw; by default a new picture, which is shown.

    Raises:
        TypeError: `result` is no exploration.
    """
    (found,) = each_is("result", [result], "can_starve", "what explore() returned")
    axes = draw(found, ax)
    return finish(axes, orders_words(found), counted(found), shown=ax is None)


def draw(found: Exploration, ax: Axes | None = None) -> Axes:
    """Draw the rows of `found` on `ax`, or on axes of their own."""
    rows = rows_of(found)
    columns = 2 if len(rows) > 10 else 1
    lines = -(-len(rows) // columns)
    axes = new_axes(lines * ROW, left=24, right=24) if ax is None else ax
    axes.set(xlim=(0, WIDE), ylim=(lines * ROW, 0))
    axes.spines[:].set_visible(False)
    axes.set(xticks=(), yticks=())
    widest = max(sum(_width(text) for *_, text in turns(row.case)) for row in rows)
    shrink = min(1.0, 0.6 * WIDE / columns / widest)
    stops = [widest * shrink + 16]  # where the words of a row begin
    for words in zip(*((row.told, row.sign) for row in rows), strict=True):
        stops.append(stops[-1] + max(width_of(word, 16, bold=True) for word in words) + 24)
    for place, row in enumerate(rows):
        column, line = divmod(place, lines)
        _draw(axes, row, column * WIDE / columns, (line + 0.5) * ROW, shrink, stops)
    return axes


def orders_words(found: Exploration) -> str:
    """Return the headline, then each row to be read aloud."""
    rows = [f"{row.case}: {row.told}, {row.sign[2:]} {row.number}".rstrip() for row in rows_of(found)]
    return "\n".join([headline(found), *rows])


def _width(text: str) -> float:
    return TILE * max(1.0, 0.4 * len(text))


def _draw(ax: Axes, row: Row, left: float, middle: float, shrink: float, stops: Sequence[float]) -> None:
    x, size = left, 0.82 * TILE * shrink
    on_tile: Any = {"color": "white", "fontweight": "bold", "ha": "center", "fontsize": 16 * shrink}
    for thread, _, text in turns(row.case):
        wide = _width(text) * shrink
        ax.add_patch(Rectangle((x, middle - size / 2), 0.92 * wide, size, color=colour_of(thread)))
        write(ax, x + 0.46 * wide, middle, text, **on_tile)
        x += wide
    sign: Any = {"color": deep(GREEN)} if row.right else {"color": deep(RED), "fontweight": "bold"}
    for stop, text, looks in zip(stops, (row.told, row.sign, row.number), ({}, sign, {}), strict=True):
        write(ax, left + stop, middle, text, **{"fontsize": 16, **looks})
