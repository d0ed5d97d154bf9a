"""Let learners try numbers of workers on their own function: a slider, Run, Stop, Clear and one picture."""

import time
import weakref
from collections.abc import Callable, Hashable, Iterable, Sequence
from functools import partial
from html import escape
from typing import Any

import ipywidgets as widgets
from IPython.core.getipython import get_ipython
from IPython.display import DisplayHandle, display

from threadlab.running import arguments
from threadlab.running.arguments import name_of
from threadlab.showing.comparing import compare
from threadlab.showing.coordinating import Coordinator
from threadlab.showing.measured import Job, Measured
from threadlab.showing.style import Picture
from threadlab.showing.trying import Attempt, Outcome, version

BUDGET, OPENING_LIMIT, LIMIT = (
    2.0,
    5.0,
    60.0,
)  # seconds: for a new panel's picture, its first setting, any setting
LATENCIES = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5)

# A cell that is run again makes a new panel; what the old one of the same function still does must end.
_panels: weakref.WeakValueDictionary[tuple[str, ...], "Panel"] = weakref.WeakValueDictionary()


def try_workers(
    run: Callable[..., Any],
    *,
    workers: Sequence[int] = (1, 2, 4, 8),
    work: Sequence[Callable[..., Any]] | None = None,
    site: Any = None,
    guess: Any = None,
) -> "Panel":
    """Let a learner try `run` with as many `workers` as a slider says.

        >>> import time
        >>> panel = try_workers(lambda workers: time.sleep(0.4 / workers), workers=(1, 2))
        >>> panel.picture.alt.splitlines()[0]
        '2 threads: 0.2 s instead of 0.4 s'

    Args:
        run: Called as run(workers), or as run(work, workers) with kinds of work; always its newest version. A
            list of downloads that it returns is drawn as a waterfall, else the lanes of its threads.
        workers: The numbers of workers to choose from.
        work: Functions to compare; each becomes a line of speed-ups.
        site: What serve_site() returned; the panel then has a slider for its latency.
        guess: What predict() returned, drawn dashed: seconds, or with kinds of work a speed-up.

    Raises:
        TypeError: `run` or one of `work` is no function, or `workers` are no whole numbers.
        ValueError: one of `workers` is too small or too large, or there is no kind of work.
    """
    kinds = {name_of(arguments.function("work", each)): each for each in work or ()}
    if work is not None and not kinds:
        raise ValueError("work must name at least one function, such as [count_primes]")
    known = Measured(arguments.thread_counts("workers", workers), tuple(kinds))
    panel = Panel(arguments.function("run", run), kinds, known, site=site, guess=guess)
    old = _panels.pop(key := (name_of(run), *kinds), None)
    if old:
        old.coordinator.stop()
    _panels[key] = panel
    panel.open()
    return panel


class Panel:
    """The widgets and the picture around a learner's function, and what their coordinator calls."""

    def __init__(
        self,
        run: Callable[..., Any],
        kinds: dict[str, Callable[..., Any]],
        known: Measured,
        *,
        site: Any = None,
        guess: Any = None,
        pause: float = 0.5,
    ) -> None:
        self.known, self._function, self._kinds, self._site, self._guess = known, run, kinds, site, guess
        self.coordinator = Coordinator(self, pause=pause)
        self._handle: DisplayHandle | None = None
        self._lines: list[str] = []  # printed by the learner's threads; the coordinator shows them
        self._make_widgets()
        self.picture = self._compare()

    def _ipython_display_(self) -> None:
        """Show nothing more: `open` has shown the panel."""

    def _make_widgets(self) -> None:
        many = self.known.workers
        self.workers = _slider("workers", [(str(n), n) for n in many], many[-1])
        self.run, self.stop, self.clear_all = map(_button, ("Run", "Stop", "Clear"))
        self.note, self.printed = widgets.HTML(), widgets.Output()
        self.sliders = [self.workers]
        if self._site is not None:
            choices = sorted({*LATENCIES, self._site.latency})
            self.latency = _slider("latency", [(f"{1000 * s:g} ms", s) for s in choices], self._site.latency)
            self.sliders.append(self.latency)
        for slider in self.sliders:
            slider.observe(lambda _: self.coordinator.moved(), "value")
        self.run.on_click(lambda _: self.coordinator.wish("run"))
        self.stop.on_click(lambda _: self.coordinator.stop())
        self.clear_all.on_click(lambda _: self._start_over())
        self.rest()

    def open(self) -> None:
        """Show the panel, with a picture of what can be measured at once."""
        shell = get_ipython() is not None
        if shell:
            call = f"{name_of(self._function)}({'work, ' if self._kinds else ''}workers)"
            question = (
                "which work gains from more workers?" if self._kinds else "how many workers are enough?"
            )
            title = widgets.HTML(f'<b style="font-size:18px">{escape(call)}: {question}</b>')
            row = widgets.HBox([*self.sliders, self.run, self.stop, self.clear_all, self.note])
            display(widgets.VBox([title, row]))
            self._handle = display(self.picture, display_id=True)
        self._measure_a_little()
        self.draw()
        if shell:
            display(self.printed)

    def _measure_a_little(self) -> None:
        """Measure the most workers, who are the quickest, and the fewest that the budget allows."""
        end = time.monotonic() + BUDGET
        self.known.under(self._condition())
        for work in self._kinds or ("",):
            *fewer, most = self.known.counts
            go_on = self.take(self._attempt((work, most), OPENING_LIMIT)())
            left = end - time.monotonic()
            cheap = [n for n in fewer if self.known.expected((work, n)) < left and (n == 1 or not work)]
            if not go_on or (cheap and not self.take(self._attempt((work, cheap[0]), LIMIT)())) or left < 0:
                break

    def _start_over(self) -> None:
        self.coordinator.stop()
        self.coordinator.wish("clear")

    # What the coordinator calls.

    def draw(self) -> None:  # noqa: D102
        self.picture = self._compare()
        if self._handle:
            self._handle.update(self.picture)
        if self._lines:
            text, self._lines = "".join(self._lines), []
            self.printed.append_stdout(text)

    def clear(self) -> None:  # noqa: D102
        self.known.clear()
        self.printed.clear_output()
        self._say("")
        self.draw()

    def plan(self, wish: str) -> Iterable[Job]:  # noqa: D102
        rounds = self.known.all_settings() if wish == "run" else [self.known.one_setting(self.workers.value)]
        if wish == "rest" and not self.known.is_quick(rounds[0], slower=self._slower()):
            self.run.button_style = "success"
            self._say("press Run to measure this")
            return []
        self.known.under(self._condition())
        if wish == "run":
            self.known.start_anew()
        self.run.disabled, self.stop.disabled, self.run.button_style = True, False, ""
        return [job for jobs in rounds for job in jobs]

    def prepare(self, job: Job) -> Attempt:  # noqa: D102
        self._say(f"measuring {job[0]} {_threads(job[1])} …")
        return self._attempt(job, LIMIT)

    def take(self, outcome: Outcome) -> bool:  # noqa: D102
        self._say(outcome.error)
        if not outcome.error:
            self.known.add(outcome.job, outcome.seconds, outcome.lanes)
        self.draw()
        return not outcome.error

    def rest(self) -> None:  # noqa: D102
        self.run.disabled, self.stop.disabled = False, True

    # How it does that.

    def _attempt(self, job: Job, limit: float) -> Attempt:
        attempt = Attempt(self._function, self._kinds, job, write=self._lines.append, limit=limit)
        if self._site is not None and self.latency.value != self._site.latency:
            attempt.first = partial(self._site.set, latency=self.latency.value)
        return attempt

    def _condition(self) -> tuple[Hashable, ...]:
        """Return what the times depend on besides the workers: the functions of now, and the site."""
        functions = [version(each) for each in (self._function, *self._kinds.values())]
        return (*functions, self.latency.value if self._site is not None else None)

    def _slower(self) -> float:
        """Return how many times as long as before a setting may take, since the site answers later."""
        was = self.known.condition[-1] if self._site is not None and self.known.condition else None
        return max(1.0, self.latency.value / was) if was else 1.0

    def _compare(self) -> Picture:
        at_once = getattr(self._site, "at_once", None)
        return compare(self.known, self.workers.value, guess=self._guess, at_once=at_once)

    def _say(self, text: str) -> None:
        self.note.value = f'<span style="font-size:16px">{escape(text)}</span>'


def _threads(count: int) -> str:
    return f"{count} worker" + ("s" if count > 1 else "")


def _slider(name: str, options: Sequence[tuple[str, Any]], value: Any) -> Any:
    return widgets.SelectionSlider(options=options, value=value, description=name)


def _button(name: str) -> Any:
    return widgets.Button(description=name, layout={"width": "80px"}, style={"font_size": "16px"})
