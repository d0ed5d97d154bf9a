"""Let learners ask whether threads are the right choice: four questions, a prediction, and the truth."""

import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from inspect import iscoroutinefunction
from typing import Any

from threadlab.running import arguments
from threadlab.running.arguments import name_of
from threadlab.running.coroutines import Coroutines, alone
from threadlab.running.machine import limits, this_machine
from threadlab.running.scaling import Scaling
from threadlab.showing.cells import RunPanel, choice, take_the_place
from threadlab.showing.coordinating import newest
from threadlab.showing.predicted import draw_choice
from threadlab.showing.style import Picture
from threadlab.showing.ways import STOPPED, Sweep
from threadlab.workloads import kinds
from threadlab.workloads.kinds import WAYS, Kind, choose

WORKERS = 4  # or tasks at once
BUDGET = 5.0  # seconds after which a new panel leaves the rest for Run
BUILT_IN, OWN = "built in", "own"
_QUESTIONS = {
    "waits": ("What does a task wait for?", (kinds.NOTHING, kinds.BLOCKS, kinds.AWAITS)),
    "computes": ("How much does it compute?", (kinds.HARDLY, kinds.IN_PYTHON, kinds.IN_C)),
    "shares": ("What do the tasks share and change?", (kinds.NOTHING, kinds.SOMETHING)),
    "logic": ("What is the logic like?", (kinds.SIMPLE, kinds.COMPLEX)),
}
Job = tuple[Any, str]  # what is measured, and the way


def try_chooser(own: Callable[[Any], Any] | None = None, items: Iterable[Any] = range(4)) -> "Chooser":
    """Let a learner ask which way to run tasks is best: it predicts, then measures tasks or `own`.

        >>> panel = try_chooser()
        >>> panel.picture.alt.startswith("Predicted: threads")
        True

    Args:
        own: A function of one item, or a coroutine function, always its newest version.
        items: What `own` is called with: one task each.

    Raises:
        TypeError: `own` is no function, or `items` are no collection.
        ValueError: there are no `items`.
    """
    if own is not None:
        arguments.function("own", own)
    panel = Chooser(own, arguments.some("items", items))
    take_the_place(panel, name_of(own) if own else BUILT_IN)
    panel.open()
    return panel


class Chooser(RunPanel):
    """The questions, the prediction that follows from the answers, and what each way took."""

    def __init__(self, own: Callable[[Any], Any] | None, items: list[Any], *, pause: float = 0.5) -> None:
        self._own: Any = own
        self._items = items
        self._known, self._problems = dict[Job, Scaling](), dict[Job, str]()
        self._under_way: Sweep | None = None
        self._job: Job = ("", "")
        asked = _QUESTIONS.items()
        self.answers = {field: choice(ask, {each: each for each in right}) for field, (ask, right) in asked}
        self.answers["waits"].value = Kind().waits
        self.measured = choice("Run measures", {"such tasks": BUILT_IN, name_of(own or choose): OWN})
        self.measured.value = OWN if own else BUILT_IN
        mores = [*self.answers.values(), *([self.measured] if own else [])]
        super().__init__("Serial, threads, processes or asyncio?", [], pause, *mores)
        buttons, *questions = self._row.children
        self._row.children = (*questions, buttons)

    def open(self) -> None:
        """Show the panel, with one round of each way, as far as there is time for it."""
        self.warn(limits())
        self.show()
        until = time.monotonic() + BUDGET
        for job in self.plan("open"):
            attempt = self.attempt(job, repeats=1)
            attempt()
            if not self.take(attempt) or time.monotonic() > until:
                break
        self.rest()

    @property
    def kind(self) -> Kind:
        """What is answered."""
        return Kind(**{field: row.value for field, row in self.answers.items()})

    def paint(self) -> Picture:
        """Return the picture of the prediction, and of the truth as far as it is known."""
        machine, what = this_machine(), self._what()
        predicted = choose(self.kind, gil=machine.gil, cores=machine.cores)
        known = {way: self._known[what, way] for way in WAYS if (what, way) in self._known}
        if self._under_way and self._under_way.seen and self._job[0] == what:
            known[self._job[1]] = self._under_way.seen
        problems = {way: self._problems[what, way] for way in WAYS if (what, way) in self._problems}
        if what == OWN and not iscoroutinefunction(newest(self._own)):
            problems["asyncio"] = (
                f"asyncio runs coroutine functions (async def); {name_of(self._own)} is none"
            )
        return draw_choice(predicted, known, problems)

    def clear(self) -> None:
        """Forget what is known."""
        self._known, self._problems = {}, {}
        self.say("")
        self.draw()

    def plan(self, wish: str) -> list[Job]:
        """Return the ways to measure; an answer alone only predicts."""
        if wish == "rest":
            return []
        what = self._what()
        self._known = {job: seen for job, seen in self._known.items() if job[0] != what}
        self._problems = {job: why for job, why in self._problems.items() if job[0] != what}
        self.run.disabled, self.stop.disabled = True, False
        none = what == OWN and not iscoroutinefunction(newest(self._own))
        return [(what, way) for way in WAYS if not (none and way == "asyncio")]

    def attempt(self, job: Job, *, repeats: int = 5) -> Sweep:
        """Return an attempt to measure what `job` says, its way."""
        what, way = self._job = job
        self.say(f"measuring {way} …")
        function, items = (
            (newest(self._own), self._items) if what == OWN else (kinds.perform, kinds.tasks(what))
        )
        if way == "asyncio":
            function = function if what == OWN else kinds.perform_awaiting
        elif iscoroutinefunction(function):
            function = alone(function)
        # Stop would not end a learner's function on this thread: one more does it, one task at a time.
        other: dict[str, Any] = {"asyncio": Coroutines, "serial": "threads" if what == OWN else "serial"}
        executor = other.get(way, way)
        how = {"workers": (1 if way == "serial" else WORKERS,), "repeats": repeats}
        draw_soon = lambda: self.coordinator.wish("draw")  # noqa: E731 -- by the coordinator, not the runner
        self._under_way = Sweep(function, items, executor, how, draw_soon)
        return self._under_way

    def take(self, attempt: Sweep) -> bool:
        """Keep what came of `attempt`; return whether to go on."""
        self._under_way = None
        if attempt.seen:
            self._known[self._job] = attempt.seen
        stopped = attempt.error == STOPPED
        if attempt.error and not stopped:
            self._problems[self._job] = attempt.error
        self.say(STOPPED if stopped else "")
        self.draw()
        return not stopped

    def _what(self) -> Any:
        """Return what Run measures: the learner's own, or tasks that wait and compute as answered."""
        return (
            OWN
            if self.measured.value == OWN
            else replace(self.kind, shares=kinds.NOTHING, logic=kinds.SIMPLE)
        )
