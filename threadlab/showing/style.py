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

from fontTools import subset
from IPython.core.getipython import get_ipython
from IPython.display import display
from matplotlib import rcParams
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure, SubFigure
from matplotlib.font_manager import FontProperties, findfont
from matplotlib.text import Annotation
from matplotlib.textpath import text_to_path
from matplotlib.ticker import FixedLocator, NullLocator, StrMethodFormatter

# Okabe and Ito's colours, told apart by colour-blind eyes too (Color Universal Design, 2008)
BLUE, ORANGE, GREEN, PURPLE, SKY, RED = "#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00"
COLOURS = (BLUE, ORANGE, GREEN, PURPLE, SKY)
INK, GREY, GHOST, LIGHT = "#1F2430", "#68707C", "#B4BAC3", "#E3E6EA"
PAPER = {"facecolor": "white", "edgecolor": "none", "pad": 2}  # under words that stand on ink
SHOWN: dict[str, Any] = {"color": LIGHT, "linewidth": 16, "zorder": 0, "label": "shown"}  # what a slider says
GUESS: dict[str, Any] = {"color": PURPLE, "linestyle": "--", "linewidth": 3, "label": "your guess"}
TEXT, LARGE, HEADLINE = 14.0, 18.0, 20.0  # points
WIDTH, RIGHT, ABOVE, BELOW = 1100.0, 20.0, 42.0, 56.0  # of a picture, and its margins
LINE = 24.0  # pixels from one line of text to the next
PIXEL = 1 / 96  # inches
LETTERS = "".join(map(chr, range(32, 127))) + "·×µ–…−✓✗↻"

rcParams["svg.fonttype"] = "none"  # words stay words: outlines of their letters take twice as long

# The browser has letters that matplotlib's font lacks; a warning helps nobody.
warnings.filterwarnings("ignore", "Glyph .* missing from font", UserWarning, __name__)


class Shown:
    """What is on the screen already: as a cell's value it prints nothing, nor is it kept."""

    def _ipython_display_(self) -> None:
        if shell := get_ipython():
            shell.events.register("post_run_cell", self._forget)

    def _forget(self, _: object) -> None:
        """Leave `Out`, `_` and `_5`, which would keep this as long as the kernel runs."""
        shell: Any = get_ipython()
        shell.events.unregister("post_run_cell", self._forget)
        for names in (shell.user_ns, shell.user_ns_hidden, shell.user_ns["_oh"], vars(shell.displayhook)):
            mine = [name for name, value in names.items() if value is self]
            names.update(dict.fromkeys((n for n in mine if not str(n).strip("_0123456789")), None))


class ShownAxes(Shown, Axes):
    """Axes of a picture that has been shown."""


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """A figure, and the same in words: Jupyter shows the one and reads the other aloud."""

    figure: Figure | SubFigure
    alt: str

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        drawn = io.StringIO()
        self.figure.savefig(drawn, format="svg", metadata={"Date": None})  # type: ignore[union-attr]
        drawing = drawn.getvalue().replace("*{", _letters() + "*{", 1).encode()
        source = "data:image/svg+xml;base64," + base64.b64encode(drawing).decode()
        looks = "width:100%;max-width:1400px"
        image = f'<img alt="{html.escape(self.alt)}" src="{source}" style="{looks}">'
        return {"text/html": image, "text/plain": self.alt}


@lru_cache
def _letters() -> str:
    """Return the style that brings matplotlib's letters along: words look the same on every machine."""
    looks = "text{white-space:pre}"
    options = subset.Options(flavor="woff", hinting=False, layout_features=["kern"], passthrough_tables=True)
    for weight in ("normal", "bold"):
        chosen, written = subset.Subsetter(options), io.BytesIO()
        chosen.populate(text=LETTERS)
        with subset.load_font(findfont(FontProperties(weight=weight)), options) as font:
            chosen.subset(font)
            subset.save_font(font, written, options)
        source = f"data:font/woff;base64,{base64.b64encode(written.getvalue()).decode()}"
        looks += f"@font-face{{font-family:'DejaVu Sans';font-weight:{weight};src:url({source})}}"
    return looks


def new_axes(height: float, *, left: float, right: float = RIGHT, below: float = BELOW) -> Axes:
    """Return axes of `height` pixels in a figure of their own, with these margins around them.

    A plain Figure, never pyplot: that keeps every figure alive and must not be used by two threads.
    """
    whole = height + ABOVE + below
    figure = Figure(figsize=(WIDTH * PIXEL, whole * PIXEL), facecolor="white")
    axes = ShownAxes(figure, (left / WIDTH, below / whole, 1 - (left + right) / WIDTH, height / whole))
    figure.add_axes(axes)
    return axes


def tidy(ax: Axes, *, grid: str = "x") -> None:
    """Leave of `ax` the bottom line, a pale `grid` ("x", "y" or "both") and large numbers."""
    ax.spines[["left", "top", "right"]].set_visible(False)
    ax.spines["bottom"].set_color(GREY)
    ax.tick_params(labelsize=TEXT, labelcolor=INK, color=GREY)
    ax.grid(True, axis=grid, color=LIGHT, linewidth=1)  # type: ignore[arg-type]
    ax.set_axisbelow(True)


def finish(ax: Axes, words: str, axis: str, aside: object = "", *, shown: bool) -> Axes:
    """Write the first line of `words` above `ax`, `axis` and `aside` below, and have it `shown` if so."""
    headline(ax, words.splitlines()[0])
    below(ax, axis, aside)
    if shown:
        show(ax, words)
    return ax


def show(ax: Axes, words: str) -> None:
    """Show the picture of `ax` under its cell, read aloud as `words`."""
    if get_ipython() is not None:
        display(Picture(ax.figure, words))


def headline(ax: Axes, text: str) -> None:
    """Say the result in bold from the picture's left edge; in small letters if `ax` is one of several."""
    alone = ax.figure.axes == [ax]
    left = ax.get_position().x0 * WIDTH - 4 if alone else 0.0
    size = HEADLINE * min(1, (WIDTH - 8) / width_of(text, HEADLINE, bold=True)) if alone else TEXT
    looks: Any = {"fontweight": "bold", "color": INK} if alone else {"color": GREY}
    ax.set_title(text, loc="left", x=-left / width(ax), y=1, pad=10, parse_math=False, fontsize=size, **looks)


def below(ax: Axes, text: str, aside: object = "") -> None:
    """Write under `ax` what its axis is, and at the right `aside`: the machine."""
    ax.set_xlabel(text, loc="left", fontsize=TEXT, color=INK)
    for old in [text for text in ax.texts if text.get_gid() == "aside"]:
        old.remove()
    looks: Any = {"xycoords": "axes fraction", "va": "top", "ha": "right", "gid": "aside"}
    write(ax, 1, 0, str(aside or ""), shift=(0, -23), fontsize=12, color=GREY, **looks)


def write(
    ax: Axes, x: float, y: float, text: str, *, shift: tuple[float, float] = (0, 0), **looks: Any
) -> Annotation:
    """Write `text` at `x`, `y`, moved by `shift` points, as it is: a learner's `$` is no formula."""
    usual: dict[str, Any] = {"fontsize": TEXT, "color": INK, "va": "center", "parse_math": False}
    usual |= {"textcoords": "offset points", "annotation_clip": False}
    return ax.annotate(text, (x, y), shift, **usual | looks)


def deep(colour: str) -> tuple[float, ...]:
    """Return `colour` dark enough for letters on white."""
    return tuple(0.72 * part for part in to_rgb(colour))


def pale(colour: str) -> tuple[float, ...]:
    """Return `colour` light enough for hatches of it."""
    return tuple(0.88 + 0.12 * part for part in to_rgb(colour))


def packed(words: Iterable[str], room: float) -> list[str]:
    """Return `words` with gaps between them, in as few lines as `room` pixels allow."""
    lines = [""]
    for each in words:
        longer = f"{lines[-1]}       {each}" if lines[-1] else each
        lines[-1:] = [longer] if width_of(longer) < room or not lines[-1] else [lines[-1], each]
    return [line for line in lines if line]


def width(ax: Axes) -> float:
    """Return how many pixels wide `ax` is."""
    return ax.get_position().width * ax.figure.get_figwidth() / PIXEL  # type: ignore[union-attr]


def height(ax: Axes) -> float:
    """Return how many pixels high `ax` is."""
    return ax.get_position().height * ax.figure.get_figheight() / PIXEL  # type: ignore[union-attr]


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


def margin(names: Iterable[str], *, least: float = 24.0, bold: bool = False) -> float:
    """Return how many pixels beside the axes hold `names`."""
    return max([least, *(width_of(name, bold=bold) + 14 for name in names)])


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
