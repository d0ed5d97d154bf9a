"""Draw orders of steps as rows of lettered tiles, and say in words what they come to."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from math import inf
from typing import Any

from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from threadlab.schedules import Crash, Exploration
from threadlab.showing import style
from threadlab.showing.saying import count, number
from threadlab.showing.style import COLOURS, GREEN, GREY, PURPLE, RED, Picture, deep, write

MOST = 20  # rows that a class can still look through one by one
SIGNS = ("✗ wrong", "✓ right")
NAMES = "ABCDEFGH"
ROW, TILE, WIDE = 44.0, 44.0, 1052.0  # pixels: the height of a row and of a tile, the width of all
TITLE: Any = {"fontsize": style.HEADLINE, "fontweight": "bold"}
GUESS: Any = {"fontsize": style.TEXT, "color": deep(PURPLE), "x": 0.98, "y": 1, "pad": 10}
GUESS["bbox"] = {"facecolor": "white", "edgecolor": PURPLE, "linestyle": "--", "linewidth": 2.5}
_TILE = "display:inline-block;text-align:center;font-weight:bold;color:white;border-radius:3px;margin:1px"


@dataclass(frozen=True, slots=True)
class Row:
    """One order, or the simplest of all that come to the same, and what it comes to in words."""

    case: str
    right: bool
    told: str
    number: str = ""  # how many orders are meant; nothing for one of its own

    @property
    def sign(self) -> str:
        """A sign and a word for right or wrong."""
        return SIGNS[self.right]


def rows_of(found: Exploration) -> list[Row]:
    """Return a row for each order if they are few, else for each outcome, up to `MOST`; the right first."""
    rows = [Row(case, found.is_right(end), outcome_words(end)) for case, end in found.orders(MOST)]
    if not rows:
        for end, case in sorted(_simplest(found), key=lambda each: -found.outcomes[each[0]]):
            many = found.outcomes[end]
            number = "endlessly many" if many == inf else count(int(many), "order")
            rows.append(Row(case, found.is_right(end), outcome_words(end), number))
    return sorted(rows, key=lambda row: not row.right)


def _simplest(found: Exploration) -> list[tuple[Any, str]]:
    """Return the outcomes that get a row, each with its case: both kinds if there are more than rows."""
    cases = list(found.cases())
    wrong = [each for each in cases if not found.is_right(each[0])]
    right = [each for each in cases if found.is_right(each[0])]
    wrong = wrong[: max(MOST // 2, MOST - len(right))]
    return wrong + right[: MOST - len(wrong)]


def turns(case: str) -> Iterator[tuple[str, int, str]]:
    """Yield the tiles of `case`: the letter of a thread, how many steps it takes, and what stands there.

    >>> list(turns("A1 (B2)"))
    [('A', 1, 'A'), ('', 0, '↻'), ('B', 2, 'B2')]
    """
    for letter, steps, loop in re.findall(r"([A-Z])(\d*)|(\()", case):
        many = int(steps or 1)
        yield letter, 0 if loop else many, "↻" if loop else letter + (steps if many > 1 else "")


def colour_of(thread: str) -> str:
    """Return the colour of the thread with this letter; of none, grey."""
    return COLOURS[NAMES.index(thread) % len(COLOURS)] if thread else GREY


def tiles(case: str) -> str:
    """Return `case` as HTML: a row of tiles.

    >>> tiles("ABBA").count("</span>")
    5
    """
    looks = "line-height:30px;min-width:30px;font-size:16px"
    row = "".join(tile(thread, text, looks) for thread, _, text in turns(case))
    return f'<span role="img" aria-label="{escape(case)}">{row}</span>'


def tile(thread: str, text: str, looks: str) -> str:
    """Return one tile as HTML: `text` in the colour of `thread`, and what else it `looks` like."""
    return f'<span style="{_TILE};{looks};background:{colour_of(thread)}">{text}</span>'


def outcome_words(outcome: Any) -> str:
    """Return what an order came to as a person says it.

    >>> outcome_words(-1), outcome_words(Crash("A", "KeyError"))
    ('−1', 'A died of KeyError')
    """
    if isinstance(outcome, Crash):
        return f"{outcome.thread} died of {outcome.error}"
    return number(outcome) if type(outcome) in (int, float) else str(outcome)


def headline(found: Exploration) -> str:
    """Return how many of all orders are wrong."""
    wrong = [outcome_words(outcome) for outcome in found.outcomes if not found.is_right(outcome)]
    if found.total == inf:
        return f"Some orders never end; {'wrong: ' + ', '.join(wrong) if wrong else 'none of them is wrong'}"
    if not found.outcomes:
        return "Stopped before any order came to its end"
    if not found.complete:
        tried = count(int(found.wrong or found.total), "order")
        told = "At least {} wrong, and not all were tried" if wrong else "Stopped after {}, none wrong"
        return told.format(tried)
    if not wrong:
        few = {1: "The only order is right", 2: "Both orders are right"}
        return few.get(int(found.total), f"All {found.total:,} orders are right")
    are = "is" if found.wrong == 1 else "are"
    return f"{found.wrong:,} of {count(int(found.total), 'order')} {are} wrong"


def counted(found: Exploration) -> str:
    """Return how many steps each thread has, and what else is to be said of the count."""
    several = {name: str(few) + f" to {most}" * (few < most) for name, (few, most) in found.lengths.items()}
    steps = ", ".join(f"{name} has {many} step{'s' * (many != '1')}" for name, many in several.items())
    starves = "a thread can starve" if found.can_starve and not found.livelock else ""
    few = f"{MOST} of {len(found.outcomes):,} outcomes are shown" if len(found.outcomes) > MOST else ""
    return "; ".join(part for part in (steps, starves, few, *found.notes) if part)


def plot_orders(
    result: Exploration, *, ax: Axes | None = None, beside: Exploration | None = None, guess: Any = None
) -> Axes:
    """Draw the orders of `result` as rows of tiles; if they are many, one of each outcome.

        >>> from threadlab import explore
        >>> def add(numbers):
        ...     numbers.append(len(numbers))
        >>> found = explore([add, add], state=list, outcome=tuple)
        >>> plot_orders(found).get_title(loc="left")
        'Both orders are right'

    Args:
        result: What explore() returned.
        ax: Where to draw; by default a new picture, which is shown.
        beside: Another exploration to compare with, drawn at the right of a new picture.
        guess: What predict() returned, written in a dashed box beside the last headline.

    Raises:
        TypeError: `result` or `beside` is no exploration.
    """
    (found,) = style.each_is("result", [result], "can_starve", "what explore() returned")
    if beside is not None:
        style.each_is("beside", [beside], "can_starve", "what explore() returned")
        return _drawn_beside(found, beside, guess_words(guess))
    axes, words = _drawn(found, ax), f"{orders_words(found)}\n{guess_words(guess)}".rstrip()
    axes.set_title(guess_words(guess), loc="right", **GUESS)
    return style.finish(axes, words, counted(found), shown=ax is None)


def guess_words(guess: Any) -> str:
    """Return what `guess`, which predict() returned, stands for once it is made."""
    return f"your guess: {guess.label}" if getattr(guess, "label", None) else ""


def _drawn_beside(found: Exploration, other: Exploration, guess: str) -> Axes:
    """Draw the rows of both, each with its own headline, and the `guess` about the other."""
    lines = max(len(rows_of(each)) for each in (found, other))
    left = style.new_axes(lines * ROW, left=24, right=24 + WIDE / 2)
    x, y, width, height = left.get_position().bounds
    right = left.figure.add_axes((x + (24 + WIDE / 2) / style.WIDTH, y, width, height))
    for ax, each in ((left, found), (right, other)):
        style.below(_drawn(each, ax, wide=WIDE / 2, lines=lines), counted(each))
        ax.set_title(headline(each), loc="left", x=0, y=1, pad=10, color=style.INK, **TITLE)
    (first, *rows), (other_first, *other_rows) = (orders_words(e).splitlines() for e in (found, other))
    right.set_title(guess, loc="right", **GUESS)
    words = "\n".join([f"{first}; beside: {other_first}", *rows, "beside:", *other_rows, guess])
    style.show(left, words.rstrip())
    return left


def _drawn(
    found: Exploration, ax: Axes | None = None, *, wide: float = WIDE, lines: int | None = None
) -> Axes:
    """Draw the rows of `found` on `ax`, `wide` pixels and with room for so many `lines`, or on its own."""
    rows = rows_of(found)
    columns = 2 if len(rows) > 10 and not lines else 1
    lines = lines or max(1, -(-len(rows) // columns))
    axes = style.new_axes(lines * ROW, left=24, right=24) if ax is None else ax
    axes.set(xlim=(0, wide), ylim=(lines * ROW, 0), xticks=(), yticks=())
    axes.spines[:].set_visible(False)
    widest = max((sum(_width(text) for *_, text in turns(row.case)) for row in rows), default=TILE)
    shrink = min(1.0, 0.6 * wide / columns / widest)
    stops = [widest * shrink + 16]  # where the words of a row begin, and where the last ones end
    for words in zip(*((row.told, row.sign, row.number) for row in rows), strict=True):
        stops.append(stops[-1] + max(style.width_of(word, 16, bold=True) for word in words) + 24)
    fit = min(1.0, (wide / columns - 12) / (stops[-1] - 24))  # what is too wide becomes smaller
    for place, row in enumerate(rows):
        column, line = divmod(place, lines)
        left, middle = column * wide / columns, (line + 0.5) * ROW
        _draw(axes, row, left, middle, shrink * fit, 16 * fit, [fit * stop for stop in stops])
    return axes


def still(found: Exploration) -> Picture:
    """Return the picture of `found` that stands where nothing can be clicked."""
    words = orders_words(found)
    return Picture(style.finish(_drawn(found), words, counted(found), shown=False).figure, words)


def orders_words(found: Exploration) -> str:
    """Return the headline, then each row to be read aloud."""
    rows = [f"{row.case}: {row.told}, {row.sign[2:]} {row.number}".rstrip() for row in rows_of(found)]
    return "\n".join([headline(found), *rows])


def _width(text: str) -> float:
    return TILE * max(1.0, 0.4 * len(text))


def _draw(
    ax: Axes, row: Row, left: float, middle: float, shrink: float, letters: float, stops: Sequence[float]
) -> None:
    x, size = left, 0.82 * TILE * shrink
    on_tile: Any = {"color": "white", "fontweight": "bold", "ha": "center", "fontsize": 16 * shrink}
    for thread, _, text in turns(row.case):
        wide = _width(text) * shrink
        ax.add_patch(Rectangle((x, middle - size / 2), 0.92 * wide, size, color=colour_of(thread)))
        write(ax, x + 0.46 * wide, middle, text, **on_tile)
        x += wide
    sign: Any = {"color": deep(GREEN)} if row.right else {"color": deep(RED), "fontweight": "bold"}
    for stop, text, looks in zip(stops, (row.told, row.sign, row.number), ({}, sign, {}), strict=False):
        write(ax, left + stop, middle, text, **{"fontsize": letters, **looks})
