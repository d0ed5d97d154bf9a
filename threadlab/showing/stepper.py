"""Let learners walk through orders of steps, or decide themselves who takes the next one."""

import threading
from functools import partial
from html import escape
from typing import Any

import ipywidgets as widgets
from IPython.core.getipython import get_ipython
from IPython.display import display

from threadlab.schedules import LIVELOCK, Exploration
from threadlab.schedules.results import Step, read, write
from threadlab.showing import tiles
from threadlab.showing.cells import button, close_widgets, take_the_place
from threadlab.showing.moments import code, did, moment
from threadlab.showing.style import GREEN, GREY, INK, PURPLE, RED, Shown, each_is
from threadlab.showing.tiles import Row, colour_of, outcome_words, tile, turns

WIDE = 320  # pixels of an order, at least
PACE = 1200  # milliseconds a step, played slowly


def show_orders(exploration: Exploration, *, case: str = "", guess: Any = None) -> "Orders":
    """Show every order that `exploration` found; a click on a tile walks there, step by step.

        >>> from threadlab import explore
        >>> def add(numbers):
        ...     numbers.append(len(numbers))
        >>> show_orders(explore([add, add], state=list, outcome=tuple)).walk.case
        'AB'

    Args:
        exploration: What explore() returned.
        case: The order at whose end to begin; by default, at the start of the simplest wrong one.
        guess: What predict() returned, written in a dashed box beside the headline.

    Raises:
        TypeError: `exploration` is no exploration.
        ValueError: `case` does not fit the program.
    """
    (found,) = each_is("exploration", [exploration], "can_starve", "what explore() returned")
    panel = Orders(found, case, guess)
    if get_ipython() is not None:
        display(tiles.still(found)._repr_mimebundle_() | panel.whole._repr_mimebundle_(), raw=True)
        take_the_place(panel, *(place.function for place in panel.walk.start.places.values()))
    return panel


class Orders(Shown):
    """A row of tiles for each order, and beside them the walk through one of them."""

    def __init__(self, found: Exploration, case: str = "", guess: Any = None) -> None:
        self.found = found
        rows = tiles.rows_of(found)
        self.simplest = found.simplest_wrong
        self.walk = found.follow(case or self.simplest or (rows[0].case if rows else ""))
        self._turn = threading.Lock()  # held while a click is served: a second one meanwhile is swallowed
        self._told, self._view = widgets.HTML(), widgets.HTML()
        self._case = widgets.Text(placeholder="type an order, say ABBA", continuous_update=False)
        self._case.layout.width = "200px"
        self._case.observe(lambda change: self.go(change["new"].upper()), "value")
        last = len(self.walk.steps)
        looks = {"readout": False, "layout": {"width": "140px"}}
        self._slider = widgets.IntSlider(value=last if case else 0, max=last, **looks)
        self._slider.observe(lambda _: self._draw(), "value")
        self._play = widgets.Play(value=self._slider.value, max=last, interval=PACE, show_repeat=False)
        self._play.layout.width = "80px"
        self._link = widgets.jslink((self._play, "value"), (self._slider, "value"))
        self._threads = {
            name: button(f"{name} steps", partial(self.take, name), colour=colour_of(name))
            for name in found.threads
        }
        self._back = button("‹ back", partial(self._move, -1))
        self._on = button("step ›", partial(self._move, 1))
        moves = [*self._threads.values(), self._back, self._on, self._play, self._slider, self._case]
        controls = widgets.HBox(moves, layout={"flex_flow": "row wrap"})
        title = f'<b style="font-size:24px;color:{INK}">{escape(tiles.headline(found))}</b>'
        aside = f' <span style="font-size:16px;color:{GREY}">&nbsp; {escape(tiles.counted(found))}</span>'
        look = f"border:2px dashed {PURPLE};padding:1px 8px;margin-left:20px;font-size:16px;color:{PURPLE}"
        guessed = f'<span style="{look}">{escape(said)}</span>' if (said := tiles.guess_words(guess)) else ""
        size = 34 if len(rows) <= 12 else 26  # pixels; twenty orders fit one screen
        in_columns = {"flex": f"1 0 {WIDE}px", "min_width": "min-content", "flex_flow": "row wrap"}
        grid = widgets.Box([self._row(row, size) for row in rows], layout=in_columns)
        least = 560 if len(rows) > 8 else 700  # pixels; a few rows may stand above the walk
        beside = {"flex": f"1000 1 {least}px", "min_width": "0"}
        walk = widgets.VBox([controls, self._told, self._view], layout=beside)
        body = widgets.HBox([grid, walk], layout={"flex_flow": "row wrap", "align_items": "flex-start"})
        self.whole = widgets.VBox([widgets.HTML(title + aside + guessed), body])
        self._draw()

    @property
    def place(self) -> int:
        """After how many steps of the walk we stand."""
        return min(int(self._slider.value), len(self.walk.steps))

    def go(self, case: str, place: int | None = None) -> None:
        """Walk along `case` and stand after `place` steps, by default at its end; or say why not."""
        if not self._turn.acquire(blocking=False):
            return
        try:
            self.walk = self.found.follow(case)
            self._slider.max = self._play.max = len(self.walk.steps)
            self._slider.value = len(self.walk.steps) if place is None else place
            self._draw()
        except (ValueError, TypeError, RuntimeError) as error:
            self._told.value = f'<span style="font-size:17px;color:{RED}">{escape(str(error))}</span>'
        finally:
            self._turn.release()

    def take(self, thread: str) -> None:
        """Let `thread` take the next step from where the walk stands."""
        self.go(write([*(step.thread for step in self.walk.steps[: self.place]), thread]))

    def close(self) -> None:
        """Let go of all widgets."""
        self._link.unlink()
        close_widgets(self._link, self.whole)

    def _move(self, by: int) -> None:
        self._slider.value += by

    def _row(self, row: Row, size: int) -> Any:
        """Return a button for each turn of an order, `size` pixels high, and what the order comes to."""
        buttons, done = [], 0
        for thread, steps, text in turns(row.case):
            done += steps
            go, font = partial(self.go, row.case, done), size // 2
            box = {"min_width": f"{1.2 * size:.0f}px", "height": f"{size - 4}px", "margin": "1px"}
            buttons.append(button(text, go, colour=colour_of(thread), font=font, **box))
        look = f"font-size:{size // 2 + 1}px;line-height:{size - 2}px;white-space:nowrap;padding:0 16px 0 8px"
        said = f'<div style="{look}">{escape(row.told)}&ensp;{_sign(row.right)} {row.number}</div>'
        wide = {"width": f"{WIDE}px", "min_width": "max-content"}
        return widgets.HBox([*buttons, widgets.HTML(said)], layout=wide)

    def _draw(self) -> None:
        place, walk = self.place, self.walk
        now = walk.steps[place - 1] if place else walk.start
        for name, steps in self._threads.items():
            steps.disabled = name not in now.choices
        self._back.disabled, self._on.disabled = place == 0, place == len(walk.steps)
        letters, loop = "", self._loop()
        for number, step in enumerate(walk.steps, 1):
            letters += tile("", "↻", "width:24px") * (number == loop)
            letters += tile(step.thread, step.thread, f"width:24px;opacity:{0.3 if number > place else 1}")
        said = f"{letters} {self._says(place, now)}"
        self._told.value = f'<div style="font-size:18px;line-height:1.5">{said}</div>'
        self._view.value = moment(walk, place)

    def _loop(self) -> int:
        """Return with which step of the walk its loop begins, or 0."""
        lead, again = read(self.walk.case, self.found.threads)
        return len(lead) + 1 if again else 0

    def _says(self, place: int, now: Step) -> str:
        """Return what the last step was, or what the whole order came to."""
        walk = self.walk
        if not place:
            return "Nobody has taken a step yet."
        said = did(walk, place, code)
        if place < len(walk.steps) or walk.outcome is None:
            return said
        right = self.found.is_right(walk.outcome)
        case = write([step.thread for step in walk.steps]) if walk.outcome != LIVELOCK else walk.case
        simplest, names = self.simplest, self.found.threads
        known = right or not simplest or read(case, names) == read(simplest, names)
        more = "" if known else f" The simplest wrong order is {simplest}."
        return f"{said}<br>{case}: {escape(outcome_words(walk.outcome))}, {_sign(right)}.{more}"


def _sign(right: bool) -> str:
    return f'<b style="color:{GREEN if right else RED}">{tiles.SIGNS[right]}</b>'
