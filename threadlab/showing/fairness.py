"""Let learners try how greedy one thread may be: a slider, a switch, and who got how many turns."""

from collections.abc import Callable, Sequence
from typing import Any

import ipywidgets as widgets

from threadlab.running.arguments import function, name_of, some
from threadlab.showing import style
from threadlab.showing.cells import RunPanel, slider, take_the_place
from threadlab.showing.coordinating import Attempt, newest
from threadlab.showing.style import Picture
from threadlab.showing.turns import TURNS, Pairs, bars, longest_wait, turns_words

LIMIT = 5.0  # seconds for one run


def try_fairness(run: Callable[..., Any], *, greed: Sequence[int] = (1, 2, 5, 50)) -> "Fairness":
    """Let a learner try how greedy one thread may be, with a fair lock and without.

        >>> panel = try_fairness(lambda greed, fair: {"Gus": 9, "Ann": 1})
        >>> panel.picture.alt.splitlines()[0]
        'Gus 9 turns, Ann 1 turn; the longest wait: 0 ms'

    Args:
        run: Called as run(greed, fair), always its newest version; returns the turns by thread name.
        greed: What its slider offers.

    Raises:
        TypeError: `run` is no function.
        ValueError: there is nothing in `greed` to choose from.
    """
    panel = Fairness(function("run", run), some("greed", greed))
    take_the_place(panel, name_of(run))
    panel.open()
    return panel


class Fairness(RunPanel):
    """The widgets and the picture of the last run, beside the grey one before."""

    def __init__(self, run: Callable[..., Any], greed: Sequence[float], *, pause: float = 0.5) -> None:
        self._function, self._runs = run, list[tuple[str, Pairs]]()  # the last two, and what they were
        self._most = (1.0, 50.0)  # axes grow, never shrink
        self.greed = slider("greed", {f"{each:g}": each for each in greed}, greed[-1])
        self.fair = widgets.ToggleButton(description="fair lock", style={"font_size": "16px"})
        question = f"{name_of(run)}(greed, fair): who gets a turn, and after how long?"
        super().__init__(question, [self.greed, self.fair], pause)

    def paint(self) -> Picture:
        """Return the last run, beside the one before."""
        (told, now), (_, before) = [*self._runs, ("", {}), ("", {})][:2]
        turns, waits = zip(self._most, *now.values(), strict=True)
        self._most = max(turns), max(waits)
        axes = bars(now, TURNS, self._most, before)
        words = turns_words(now)
        style.finish(axes, words, "grey: the run before" if before else "", told, shown=False)
        return Picture(axes.figure, words)

    def open(self) -> None:
        """Show the panel with a first run."""
        attempt = self.attempt((self.greed.value, self.fair.value))
        attempt()
        self.take(attempt)
        self.show()

    def clear(self) -> None:
        """Forget what is known."""
        self._runs, self._most = [], (1.0, 50.0)
        self.draw()

    def plan(self, wish: str) -> list[tuple[float, bool]]:
        """Return the one setting that a run measures."""
        self.run.disabled, self.stop.disabled = True, False
        return [(self.greed.value, self.fair.value)]

    def attempt(self, job: tuple[float, bool]) -> Attempt:
        """Return an attempt at `job` with the function as it is by now."""
        self.say("the shop is open …")
        return Attempt(newest(self._function), *job, job=job, limit=LIMIT)

    def take(self, attempt: Attempt) -> bool:
        """Keep what came of `attempt`; return whether to go on."""
        if not attempt.error and not isinstance(attempt.result, dict):
            attempt.error = f"{name_of(self._function)} must return the turns by name, not {attempt.result!r}"
        self.say(attempt.error)
        if not attempt.error:
            greed, fair = attempt.job
            told = f"greed {greed:g}, {'a fair lock' if fair else 'a plain lock'} · {attempt.lanes.machine}"
            waits = {lane.name: round(1000 * longest_wait(lane)) for lane in attempt.lanes.lanes}
            got = {name: (turns, waits.get(name, 0)) for name, turns in attempt.result.items()}
            self._runs = [(told, got), *self._runs[:1]]
        self.draw()
        return not attempt.error
