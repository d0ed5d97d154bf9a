"""Let learners compare the ways to run the same tasks: tick boxes, Run, and a line for each of them."""

import threading
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from html import escape
from typing import Any

import ipywidgets as widgets

from threadlab.running import arguments
from threadlab.running.arguments import name_of
from threadlab.running.executors import stopping
from threadlab.running.machine import limits
from threadlab.running.measuring import sweep
from threadlab.running.recordings import Recording, recordings_of
from threadlab.running.scaling import Scaling
from threadlab.showing import saying
from threadlab.showing.cells import RunPanel, close_widgets, take_the_place
from threadlab.showing.coordinating import newest
from threadlab.showing.speedups import axes_for, plot_scaling, scaling_words
from threadlab.showing.style import Picture

WAYS = ("serial", "threads", "processes", "interpreters", "free-threaded")
_DRAWN = (*WAYS[1:], WAYS[0])  # threads are blue in every picture, and the first that it speaks of
LIMIT = 8.0  # seconds for one way, unless its verdicts are clear before
STOPPED = "stopped"
_DRAWING = 2.0  # seconds that a picture gets, before the measurement goes on without it


def try_executors(
    function: Callable[[Any], Any], items: Iterable[Any], *, workers: Sequence[int] = (1, 2, 4)
) -> "Ways":
    """Let a learner compare the ways to do `function` for all `items`: who gains from more workers?

        >>> panel = try_executors(abs, [-1, -2], workers=(1, 2))
        >>> panel.picture.alt.startswith("abs on 2 threads")
        True

    A way that is not to be had here is drawn as it was recorded, and a sentence says how to get it.

    Args:
        function: A function of one item, always its newest version; it is sent to where the workers are.
        items: What it is called with: one task each.
        workers: The numbers of workers to compare.

    Raises:
        TypeError: `function` is no function, or `workers` are no whole numbers.
        ValueError: there are no `items`, or one of `workers` is too small or too large.
    """
    counts = arguments.thread_counts("workers", workers)
    panel = Ways(arguments.function("function", function), arguments.some("items", items), counts)
    take_the_place(panel, name_of(function))
    panel.open()
    return panel


class Sweeps(RunPanel):
    """A panel that measures by sweep(): what is known of each job, or its problem, and what is under way."""

    _known: dict[Any, Any]
    _problems: dict[Any, str]  # why a job was not measured
    _under_way: "Sweep | None" = None

    def __init__(self, *what: Any) -> None:
        self._drawn = threading.Event()
        super().__init__(*what)

    @property
    def _seen(self) -> dict[Any, Any]:
        now = self._under_way
        return self._known | ({now.job: now.seen} if now and now.seen else {})

    def measure(self, job: Any, what: str, call: Callable[..., object]) -> "Sweep":
        """Return an attempt at `job` by `call`, while the panel says that it measures `what`."""
        self.say(f"measuring {what} …")
        self._under_way = Sweep(call, job, self._drawn_meanwhile)
        return self._under_way

    def _drawn_meanwhile(self) -> None:
        """Wait until the coordinator, not the runner, has drawn: beside a measurement that would slow it."""
        self._drawn.clear()
        self.coordinator.wish("draw")
        self._drawn.wait(_DRAWING)

    def draw(self) -> None:
        """Draw what is known."""
        super().draw()
        self._drawn.set()

    def take(self, attempt: "Sweep") -> bool:
        """Keep what came of `attempt`; return whether to go on."""
        self._under_way = None
        if attempt.seen:
            self._known[attempt.job] = attempt.seen
        stopped = attempt.error == STOPPED
        if attempt.error and not stopped:
            self._problems[attempt.job] = attempt.error
        self.say(STOPPED if stopped else "")
        self.draw()
        return not stopped


class Ways(Sweeps):
    """The tick boxes, what each way came to, and its recording where it was not measured here."""

    def __init__(
        self, function: Callable[[Any], Any], items: list[Any], workers: Sequence[int], *, pause: float = 0.5
    ) -> None:
        self._what, self._workers = (function, items), workers
        self._known, self._before, self._problems = {}, dict[str, Scaling](), {}
        self._recorded = recordings_of(WAYS)
        self._limits = ""  # what falsifies the times; what was recorded then stays beside them
        self.boxes = {way: _tick_box(way, way in WAYS[:3]) for way in WAYS}
        self.details = widgets.HTML()
        question = f"{name_of(function)}, {saying.count(len(items), 'task')}: which workers gain?"
        super().__init__(question, list(self.boxes.values()), pause)

    def open(self) -> None:
        """Show the panel, with one round of threads and what was recorded of the rest."""
        self._see_limits()
        self.show(self.details)
        attempt = self.attempt("threads", once=True)
        attempt()
        self.take(attempt)

    def paint(self) -> Picture:
        """Return the picture of the ways that are ticked."""
        known = self._seen
        ticked = [way for way in _DRAWN if self.boxes[way].value]
        results = [known[way] for way in ticked if way in known]
        recorded = [each for way in ticked if (each := self._instead(way))]
        past = [self._before[way] for way in ticked if way in self._before]
        names = [name_of(self._what[0]), "free-threaded, recorded"]
        looks: Any = {"before": past, "recorded": recorded, "reach": max(self._workers)}
        looks["executors"] = _DRAWN
        axes = plot_scaling(results, ax=axes_for(300, names), **looks)
        words = [scaling_words(results)]
        words += [f"{each.label}: {each.scaling.verdict(max(each.scaling.timings))}" for each in recorded]
        return Picture(axes.figure, "\n".join(words))

    def draw(self) -> None:
        """Draw the ways that are ticked; tell below what each came to, or why there is nothing of it."""
        super().draw()
        lines = []
        for way in WAYS:
            instead = self._instead(way) if self.boxes[way].value else None
            dashed = f". Dashed: {instead.label}." if instead else ""
            if result := self._known.get(way):
                most = max(result.timings)
                who, said = str(result.verdict(most)).split(": ", 1)
                ready = saying.milliseconds(result.startup.get(most, 0.0))
                lines.append(f"<b>{who}</b>, ready after {ready}: {escape(said + dashed)}")
            elif self.boxes[way].value:
                said = self._problems.get(way, "press Run to measure it")
                lines.append(f"<b>{way}</b>: {escape(said + (dashed or '.'))}")
        self.details.value = f'<div style="font-size:16px;line-height:1.4">{"<br>".join(lines)}</div>'

    def _instead(self, way: str) -> Recording | None:
        """Return what was recorded of `way`, if it was not measured here, or not under fair conditions."""
        return self._recorded.get(way) if self._limits or way not in self._seen else None

    def _see_limits(self) -> None:
        """Say above the picture, before anything runs, what will falsify the times."""
        self._limits = limits()
        self.warn(self._limits)

    def clear(self) -> None:
        """Forget what is known."""
        self._known, self._before, self._problems = {}, {}, {}
        self.draw()

    def plan(self, wish: str) -> list[str]:
        """Return the ways that are ticked; a box alone measures nothing."""
        if wish != "run":
            return []
        if not (ticked := [way for way in WAYS if self.boxes[way].value]):
            self.say("tick what to compare")
            return []
        self.run.disabled, self.stop.disabled = True, False
        self._known, self._before, self._problems = {}, self._known or self._before, {}
        self._see_limits()
        return ticked

    def attempt(self, job: str, *, once: bool = False) -> "Sweep":
        """Return an attempt to measure the way `job`, until it is clear or `once`."""
        function, items = self._what
        how: Any = {"repeats": 1} if once else {"until": LIMIT}
        how |= {"executor": job, "workers": self._workers}
        return self.measure(job, job, partial(sweep, newest(function), items, **how))

    def close(self) -> None:
        """End what is under way and let go of everything."""
        super().close()
        close_widgets(self.details)


class Sweep:
    """One job, measured by `call`; what was `seen` of it grows, or it has an `error`."""

    def __init__(self, call: Callable[..., object], job: Any, drawn: Callable[[], object]) -> None:
        self._call, self.job, self._drawn = call, job, drawn
        self.seen: Any = None
        self.error, self._stopped = "", False

    def __call__(self) -> None:
        """Measure, and keep what each round has come to."""
        before = stopping.set(lambda: self._stopped)
        try:
            if not self._stopped:
                self._call(seen=self._see)
        except KeyboardInterrupt:
            self.error = STOPPED
        except Exception as why:
            self.error = str(why)
        finally:
            stopping.reset(before)

    def stop(self) -> None:
        """End the measurement, from any thread, and its workers."""
        self._stopped = True

    def _see(self, scaling: Any) -> None:
        self.seen = scaling
        self._drawn()


def _tick_box(way: str, ticked: bool) -> Any:
    looks: Any = {"indent": False, "layout": {"width": "auto", "margin": "0 12px 0 0"}}
    looks |= {"description_allow_html": True}
    return widgets.Checkbox(ticked, description=f'<span style="font-size:16px">{way}</span>', **looks)
