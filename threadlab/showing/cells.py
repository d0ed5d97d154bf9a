"""What panels are made of; and one panel a cell: run again, it puts its new panel in the place of the old."""

import signal
from collections.abc import Callable, Sequence
from html import escape
from typing import Any

import ipywidgets
from IPython.core.getipython import get_ipython
from IPython.display import display

from threadlab.showing.coordinating import Coordinator
from threadlab.showing.growing import Growing
from threadlab.showing.style import Picture, Shown

# What the widgets' own styles cannot say.
_LOOKS = """<style>.threadlab-choice { width: auto; flex-flow: row nowrap; display: flex; }
.threadlab-choice button, .threadlab-choice label { font-size: 16px; }
.threadlab-choice label { padding-right: 8px; }</style>"""
_BEFORE, _BESIDE = 92, 176  # pixels before the track of a slider, and before and behind it
# What the old panel still does must end, and its memory be free; widgets live as long as the kernel.
_panels: dict[tuple[str, ...], Any] = {}


def take_the_place(panel: Any, *names: str) -> None:
    """Close the panel of the same `names` that the running cell made before."""
    key = (_cell(), *names)
    if key in _panels:
        _panels.pop(key).close()
    _panels[key] = panel


def _heed_interrupts() -> None:
    """Have an interrupt stop what panels run while no cell runs; the kernel would ignore it then."""
    loop = getattr(getattr(get_ipython(), "kernel", None), "io_loop", None)
    if loop is not None:
        loop.add_callback(_take_interrupts)  # later: while a cell runs, an interrupt is for that


def _take_interrupts() -> None:
    def stop_all(*_: object) -> None:
        for panel in list(_panels.values()):
            if hasattr(panel, "coordinator"):
                panel.coordinator.stop()

    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, stop_all)


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
    looks = {"description_allow_html": True, "layout": {"width": "300px"}}
    text = f'<span style="font-size:16px">{name}</span>'
    return ipywidgets.SelectionSlider(options=list(options.items()), value=value, description=text, **looks)


def marks(slider: Any, *keys: str) -> Any:
    """Return labels to stand below `slider`, under those of its stops that have one of `keys`."""
    stops = [key for key, _ in slider.options]
    step = (int(slider.layout.width.removesuffix("px")) - _BESIDE) / max(1, len(stops) - 1)
    looks = "position:absolute;transform:translateX(-50%);text-align:center;font-size:14px;line-height:1"
    places = [(_BEFORE + step * n, key.split()[0]) for n, key in enumerate(stops) if key in keys]
    said = [f'<span style="{looks};left:{x:.0f}px">╵<br>{text}</span>' for x, text in places]
    return ipywidgets.HTML("".join(said), layout={"margin": "-10px 2px 0", "height": "34px"})


def choice(question: str, options: dict[str, Any]) -> Any:
    """Return a row of buttons behind a `question`, labelled by the keys of `options`; one is chosen."""
    made = ipywidgets.ToggleButtons(options=list(options.items()), description=question)
    made.style.button_width, made.style.description_width = "auto", "initial"
    made.add_class("threadlab-choice")
    return made


def close_widgets(*widgets: Any) -> None:
    """Close `widgets`, what they hold, and their looks."""
    for widget in widgets:
        close_widgets(*getattr(widget, "children", ()))
        for part in (getattr(widget, "layout", widget), getattr(widget, "style", widget), widget):
            part.close()


class RunPanel(Shown):
    """What panels that run a learner's function share: controls, Run, Stop, Clear, a note, and one picture.

    Each has paint(), and what its coordinator calls besides: clear(), plan(), attempt() and take().
    """

    paint: Callable[[], Picture]  # what is known
    room_for: Callable[[Sequence[Any], Any], Picture]  # where downloads of an attempt can grow
    growing: Growing | None = None  # what grows: each attempt begins with its own

    def __init__(self, question: str, controls: Sequence[Any], pause: float, *more: Any) -> None:
        self.coordinator = Coordinator(self, pause=pause)
        self.run = button("Run", lambda: self.coordinator.wish("run"), width="80px")
        self.stop = button("Stop", self.coordinator.stop, width="80px")
        self.clear_all = button("Clear", lambda: self.coordinator.wish("clear"), width="80px")
        self.note = ipywidgets.HTML(layout={"flex": "1 1 0%", "min_width": "0"})
        self._said = ""
        self._question = f'{_LOOKS}<b style="font-size:18px">{escape(question)}</b>'
        self._title = ipywidgets.HTML(self._question)
        fixed = [*controls, self.run, self.stop, self.clear_all]
        for each in fixed:  # or they would move under the mouse when the note comes
            each.layout.flex = "0 0 auto"
        row = ipywidgets.HBox([*fixed, self.note])
        self._row = ipywidgets.VBox([row, *more])
        for each in (*controls, *more):
            at_once = isinstance(each, ipywidgets.ToggleButtons)
            each.observe(lambda _, at_once=at_once: self.coordinator.moved(at_once=at_once), "value")
        self.picture: Picture | None = None
        self._handle: Any = None  # of the picture under the cell
        self.rest()
        self.draw()

    def show(self, *below: Any) -> None:
        """Show the panel under its cell, and what stands `below` its picture."""
        if get_ipython() is not None:
            display(self._title, self._row)
            self._handle = display(self.picture, display_id=True)
            display(*below)
            _heed_interrupts()

    def draw(self) -> None:
        """Draw what is known."""
        self.picture = self.paint()
        if self._handle:
            self._handle.update(self.picture)

    def say(self, text: str) -> None:
        """Write `text` beside the buttons."""
        self._said = text
        self.note.value = f'<span style="font-size:16px">{escape(text)}</span>'

    def warn(self, text: str) -> None:
        """Write `text` below the question."""
        said = escape(text[:1].upper() + text[1:])
        more = f'<div style="font-size:16px">{said}.</div>' if text else ""
        self._title.value = self._question + more

    def rest(self, *, stopped: bool = False) -> None:
        """Show that nothing is under way, and that it was `stopped` if nothing else is said."""
        if stopped and not self._said:
            self.say("stopped")
        self.run.disabled, self.stop.disabled = False, True

    def grow(self, attempt: Any) -> None:
        """Show how far the downloads of `attempt`, if it has any, have come."""
        results = attempt.so_far() if hasattr(attempt, "so_far") else []
        if results and self._handle:
            if self.growing is None or not self.growing.fits(results):
                self.growing = Growing(self.room_for(results, attempt))
            self._handle.update(self.growing.draw(results), raw=True)

    def more(self) -> Sequence[Any]:
        """Return what is left to do when the jobs of a run are done: nothing, for most."""
        return ()

    def close(self) -> None:
        """End what is under way and let go of everything."""
        self.coordinator.stop()
        self.coordinator.join(1.0)
        close_widgets(self._row, self._title)
        self.picture = self._handle = None
