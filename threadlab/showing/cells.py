"""One panel a cell: a cell that is run again puts its new panel in the place of the old one."""

from collections.abc import Callable
from html import escape
from typing import Any

import ipywidgets
from IPython.core.getipython import get_ipython

# What the old panel still does must end, and its memory be free; widgets live as long as the kernel.
_panels: dict[tuple[str, ...], Any] = {}


def take_the_place(panel: Any, *names: str) -> None:
    """Close the panel of the same `names` that the running cell made before."""
    key = (_cell(), *names)
    if key in _panels:
        _panels.pop(key).close()
    _panels[key] = panel


def _cell() -> str:
    """Return what JupyterLab calls the cell that is running; nothing elsewhere."""
    parent: dict[str, Any] = getattr(get_ipython(), "get_parent", dict)()
    return str(parent.get("metadata", {}).get("cellId", ""))


def button(text: str, act: Callable[[], object], *, colour: str = "", font: int = 16, **layout: str) -> Any:
    """Return a button with `text` in `font` pixels and a `colour` of its own, which calls `act`."""
    looks = {"font_size": f"{font}px", "font_weight": "bold"}
    looks |= {"button_color": colour, "text_color": "white"} if colour else {}
    layout = {"width": "auto", "padding": "0 6px"} | layout
    made = ipywidgets.Button(description=text, style=looks, layout=layout)
    made.on_click(lambda _: act())
    return made


def slider(name: str, options: dict[str, Any], value: Any) -> Any:
    """Return a slider with this `name` that stops at the values of `options`, labelled by their keys."""
    looks = {"description_allow_html": True, "layout": {"width": "330px"}}
    text = f'<span style="font-size:16px">{name}</span>'
    return ipywidgets.SelectionSlider(options=list(options.items()), value=value, description=text, **looks)


def title(text: str) -> Any:
    """Return a panel's question."""
    return ipywidgets.HTML(f'<b style="font-size:18px">{escape(text)}</b>')


def note(place: Any, text: str) -> None:
    """Write `text` in the HTML widget `place`."""
    place.value = f'<span style="font-size:16px">{escape(text)}</span>'


def close_widgets(*widgets: Any) -> None:
    """Close `widgets`, what they hold, and their looks."""
    for widget in widgets:
        close_widgets(*getattr(widget, "children", ()))
        for part in (getattr(widget, "layout", widget), getattr(widget, "style", widget), widget):
            part.close()
