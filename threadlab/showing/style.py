"""Make all pictures look alike: colours, sizes, the headline, and how a picture shows itself.

Sizes are CSS pixels, because a picture must be read on a 1280 × 720 projector: there JupyterLab's output area
is about 1,100 pixels wide, and a code cell and its picture share a height of about 600.
"""

import base64
import html
import io
import reprlib
import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from IPython.core.getipython import get_ipython
from IPython.display import display
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.collections import PolyCollection
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure, SubFigure
from matplotlib.font_manager import FontProperties
from matplotlib.text import Annotation
from matplotlib.textpath import text_to_path
from matplotlib.ticker import FixedLocator, NullLocator, StrMethodFormatter

# Okabe and Ito's colours, told apart by colour-blind eyes too (Color Universal Design, 2008)
BLUE, ORANGE, GREEN, PURPLE, SKY, RED = "#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00"
COLOURS = (BLUE, ORANGE, GREEN, PURPLE, SKY)
INK, GREY, GHOST, LIGHT = "#1F2430", "#68707C", "#B4BAC3", "#E3E6EA"
PAPER = {"facecolor": "white", "edgecolor": "none", "pad": 2}  # under words that stand on ink
TEXT, LARGE, HEADLINE = 14.0, 18.0, 20.0  # points
WIDTH, RIGHT, ABOVE, BELOW = 1100.0, 20.0, 42.0, 56.0  # of a picture, and its margins
PIXEL = 1 / 96  # inches

# Letters that the font lacks become boxes; the words beside the picture have them, a warning helps nobody.
warnings.filterwarnings("ignore", "Glyph .* missing from font", UserWarning, __name__)


class ShownAxes(Axes):
    """Axes whose picture is on the screen already: as the last value of a cell they print nothing more."""

    def _ipython_display_(self) -> None:
        pass


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """A figure, and the same in words: Jupyter shows the one and reads the other aloud."""

    figure: Figure | SubFigure
    alt: str

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        drawn = io.BytesIO()  # letters become outlines there, so they look the same on every machine
        self.figure.savefig(drawn, format="svg", metadata={"Date": None})  # type: ignore[union-attr]
        source = "data:image/svg+xml;base64," + base64.b64encode(drawn.getvalue()).decode()
        looks = "width:100%;max-width:1400px"
        return {
            "text/html": f'<img alt="{html.escape(self.alt)}" src="{source}" style="{looks}">',
            "text/plain": self.alt,
        }


def show(ax: Axes, alt: str) -> None:
    """Show the picture of `ax` under the cell, with the words `alt`; without Jupyter do nothing."""
    if get_ipython() is not None:
        display(Picture(ax.figure, alt))


def new_axes(height: float, *, left: float, right: float = RIGHT) -> Axes:
    """Return axes of `height` pixels in a figure of their own, with these margins beside them.

    A plain Figure, never pyplot: that keeps every figure alive and must not be used by two threads.
    """
    whole = height + ABOVE + BELOW
    figure = Figure(figsize=(WIDTH * PIXEL, whole * PIXEL), facecolor="white")
    axes = ShownAxes(figure, (left / WIDTH, BELOW / whole, 1 - (left + right) / WIDTH, height / whole))
    figure.add_axes(axes)
    return axes


def tidy(ax: Axes, *, grid: str = "x") -> None:
    """Leave of `ax` the bottom line, a pale `grid` ("x", "y" or "both") and large numbers."""
    ax.spines[["left", "top", "right"]].set_visible(False)
    ax.spines["bottom"].set_color(GREY)
    ax.tick_params(labelsize=TEXT, labelcolor=INK, color=GREY)
    ax.grid(True, axis=grid, color=LIGHT, linewidth=1)  # type: ignore[arg-type]
    ax.set_axisbelow(True)


def headline(ax: Axes, text: str) -> None:
    """Say the result in bold above `ax`, from the left edge of the picture, smaller if it would not fit."""
    alone = ax.figure.axes == [ax]
    margin = ax.get_position().x0 * WIDTH - 4 if alone else 0.0
    room = WIDTH - 8 if alone else width(ax)
    size = HEADLINE * min(1, room / width_of(text, HEADLINE, bold=True))
    looks = {"fontsize": size, "fontweight": "bold", "color": INK, "parse_math": False}
    ax.set_title(text, loc="left", x=-margin / width(ax), y=1, pad=10, **looks)  # type: ignore[arg-type]


def below(ax: Axes, text: str, aside: object = "") -> None:
    """Write under `ax` what its axis is, and at the right `aside`: the machine."""
    ax.set_xlabel(text, loc="left", fontsize=TEXT, color=INK)
    looks: dict[str, Any] = {"xycoords": "axes fraction", "va": "top", "ha": "right"}
    write(ax, 1, 0, str(aside or ""), shift=(0, -23), fontsize=12, color=GREY, **looks)


def write(
    ax: Axes, x: float, y: float, text: str, *, shift: tuple[float, float] = (0, 0), **looks: Any
) -> Annotation:
    """Write `text` at `x`, `y`, moved by `shift` points, as it is: a learner's `$` is no formula."""
    usual: dict[str, Any] = {"fontsize": TEXT, "color": INK, "va": "center", "parse_math": False}
    return ax.annotate(
        text, (x, y), shift, textcoords="offset points", annotation_clip=False, **usual | looks
    )


def boxes(
    ax: Axes, places: Iterable[tuple[float, float, float, float]], colour: str, *, hatched: bool, label: str
) -> None:
    """Draw a box for each of `places` (left, right, middle height, height), all at once for speed."""
    corners = [[(a, y - h / 2), (b, y - h / 2), (b, y + h / 2), (a, y + h / 2)] for a, b, y, h in places]
    looks: dict[str, Any] = {"facecolor": pale(colour) if hatched else colour, "edgecolor": colour}
    if hatched:
        looks["hatch"] = "///"
    ax.add_collection(PolyCollection(corners, linewidth=int(hatched), label=label, **looks), autolim=False)


def guess_line(ax: Axes, x: float, top: float, bottom: float) -> None:
    """Draw the guess `x` as a dashed line from `top` to `bottom`."""
    ax.plot([x, x], [top, bottom], "--", color=PURPLE, linewidth=3, label="your guess")
    side = 1 if x < sum(ax.get_xlim()) / 2 else -1
    looks = {"ha": "left" if side > 0 else "right", "va": "top", "color": deep(PURPLE)}
    write(ax, x, top, "your guess", shift=(6 * side, 0), **looks)


def point_out(ax: Axes, x: float) -> None:
    """Mark `x` on the axis of `ax` by a pale band: what a slider stands at."""
    ax.axvline(x, color=LIGHT, linewidth=16, zorder=0, label="shown")


def deep(colour: str) -> tuple[float, ...]:
    """Return `colour` dark enough for letters on white."""
    return tuple(0.72 * part for part in to_rgb(colour))


def pale(colour: str) -> tuple[float, ...]:
    """Return `colour` light enough for a ground under hatching."""
    return tuple(0.88 + 0.12 * part for part in to_rgb(colour))


def width(ax: Axes) -> float:
    """Return how many pixels wide `ax` is."""
    return ax.get_position().width * ax.figure.get_figwidth() / PIXEL  # type: ignore[union-attr]


def scale(ax: Axes) -> float:
    """Return how many pixels one unit of the x axis of `ax` is wide."""
    low, high = ax.get_xlim()
    return width(ax) / (high - low)


def ticks(axis: Axis, values: Iterable[float] = ()) -> None:
    """Put plain numbers at `values` of `axis` and nowhere else, also where it is logarithmic."""
    axis.set_major_locator(FixedLocator(list(values)))
    axis.set_minor_locator(NullLocator())
    axis.set_major_formatter(StrMethodFormatter("{x:g}"))


@lru_cache(maxsize=2048)
def width_of(text: str, size: float = TEXT, *, bold: bool = False) -> float:
    """Return how many pixels wide `text` is in `size` points."""
    font = FontProperties(size=size, weight="bold" if bold else "normal")
    points: float = text_to_path.get_text_width_height_descent(text, font, False)[0]
    return points / 72 / PIXEL


def each_is(name: str, values: Any, mark: str, right: str) -> list[Any]:
    """Return `values`, one or several, as a list if each has the attribute `mark`."""
    several = list(values) if isinstance(values, Iterable) and not isinstance(values, str) else [values]
    for value in several:
        if not hasattr(value, mark):
            raise TypeError(f"{name} must be {right}, not {reprlib.repr(value)}")
    return several


def guessed(guess: Any) -> float | None:
    """Return the number behind `guess`: a number, a Guess (None until the click) or nothing."""
    value = getattr(guess, "value", guess)
    return float(value) if isinstance(value, (int, float)) else None
