"""Let a waterfall grow while its downloads run, at a cost that their times do not feel.

Drawing a picture takes 50 ms of computing, which would hold the GIL while threads wait for it. So an empty
one is drawn once, and the bars are laid over it as a few lines of SVG, five times a second.
"""

from collections.abc import Sequence
from time import perf_counter
from typing import TYPE_CHECKING

from threadlab.showing import style
from threadlab.showing.style import WIDTH, Picture, pale
from threadlab.showing.waterfall import FINE, HATCHED, LEAST_BAR, PALE, Bar, bars_of, stretch

if TYPE_CHECKING:
    from threadlab.workloads.downloads import Download

_HATCHES = (
    '<pattern id="threadlab-{0}" width="7" height="7" patternUnits="userSpaceOnUse" '
    'patternTransform="rotate(45)"><rect width="7" height="7" fill="{1}"/>'
    '<rect width="1" height="7" fill="#{0}"/></pattern>'
)


class Growing:
    """A `picture` whose first axes are an empty waterfall, and the downloads on it as far as they came."""

    def __init__(self, picture: Picture) -> None:
        self._image = picture._repr_mimebundle_()["text/html"]
        ax = picture.figure.axes[0]
        self._height = style.height(ax) / ax.get_position().height
        place = ax.get_position()
        (_, self.reach), (bottom, top) = ax.get_xlim(), ax.get_ylim()
        self.rows = round(bottom)
        self._across = WIDTH * place.width / self.reach
        self._left, self._down = WIDTH * place.x0, self._height * place.height / (bottom - top)
        self._top = self._height * (1 - place.y1) - self._down * top

    def fits(self, results: Sequence["Download"]) -> bool:
        """Tell whether all of `results` have a row, and now a place on the axis of time."""
        return len(results) <= self.rows and perf_counter() - stretch(results)[0] < self.reach

    def draw(self, results: Sequence["Download"]) -> dict[str, str]:
        """Return the picture with `results` until now, as what Jupyter shows."""
        bars = list(bars_of(results, perf_counter()))
        hatches = {bar.colour for bar in bars if bar.kind in HATCHED}
        shades = "".join(_HATCHES.format(colour[1:], _css(pale(colour))) for colour in hatches)
        looks = f'viewBox="0 0 {WIDTH:g} {self._height:g}" style="position:absolute;left:0;top:0;width:100%"'
        drawn = f"<svg {looks}><defs>{shades}</defs>{''.join(map(self._rectangle, bars))}</svg>"
        html = f'<div style="position:relative;width:100%;max-width:1400px">{self._image}{drawn}</div>'
        return {"text/html": html, "text/plain": f"{len(results)} downloads under way"}

    def _rectangle(self, bar: Bar) -> str:
        (left, top), _, (right, bottom), _ = bar.corners(LEAST_BAR / self._across)
        fill, looks = bar.colour, ""
        if bar.kind in HATCHED and self._down >= FINE:
            fill, looks = f"url(#threadlab-{bar.colour[1:]})", f'stroke="{bar.colour}"'
        elif bar.kind == "waits":
            looks = f'fill-opacity="{PALE}"'
        width, height = (right - left) * self._across, (bottom - top) * self._down
        place = f'x="{self._left + left * self._across:.1f}" y="{self._top + top * self._down:.1f}"'
        return f'<rect {place} width="{width:.1f}" height="{height:.1f}" fill="{fill}" {looks}/>'


def _css(colour: Sequence[float]) -> str:
    return f"rgb({', '.join(f'{255 * part:.0f}' for part in colour)})"
