"""Let learners ask whether threads are the right choice: four questions, a prediction, and the truth."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial
from inspect import iscoroutinefunction
from math import inf
from typing import Any

from threadlab.running import arguments
from threadlab.running.arguments import name_of
from threadlab.running.coroutines import Coroutines, alone
from threadlab.running.machine import limits, this_machine
from threadlab.running.racing import Outcome, Way, race
from threadlab.running.scaling import Scaling
from threadlab.showing import saying
from threadlab.showing.cells import choice, take_the_place
from threadlab.showing.coordinating import newest
from threadlab.showing.predicted import draw_choice
from threadlab.showing.style import Picture
from threadlab.showing.ways import Sweep, Sweeps
from threadlab.workloads import kinds
from threadlab.workloads.kinds import WAYS, Kind, choose

WORKERS = 4  # or tasks at once
ROUNDS = 5
BUDGET = 5.0  # seconds after which a new panel leaves the rest for Run
BUILT_IN, OWN = "built in", "own"
_QUESTIONS = {
    "waits": ("What does a task wait for?", (kinds.NOTHING, kinds.BLOCKS, kinds.AWAITS)),
    "computes": ("How much does it compute?", (kinds.HARDLY, kinds.IN_PYTHON, kinds.IN_C)),
    "shares": ("What do the tasks share and change?", (kinds.NOTHING, kinds.SOMETHING)),
    "logic": ("What is the logic like?", (kinds.SIMPLE, kinds.COMPLEX)),
}
Job = Any  # what is measured: OWN, or a Kind


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


class Chooser(Sweeps):
    """The questions, the prediction that follows from the answers, and what each way took."""

    def __init__(self, own: Callable[[Any], Any] | None, items: list[Any], *, pause: float = 0.5) -> None:
        self._own: Any = own
        self._items, self._known, self._problems = items, {}, {}
        waits = kinds.AWAITS if iscoroutinefunction(own) else Kind().waits
        asked = _QUESTIONS.items()
        self.answers = {field: choice(ask, {each: each for each in right}) for field, (ask, right) in asked}
        self.answers["waits"].value = waits
        self.measured = choice("Run measures", {"such tasks": BUILT_IN, name_of(own or choose): OWN})
        self.measured.value = OWN if own else BUILT_IN
        mores = [*self.answers.values(), *([self.measured] if own else [])]
        for each in mores:
            each.style.description_width = "312px"  # buttons below each other
        super().__init__("Serial, threads, processes or asyncio?", [], pause, *mores)
        buttons, *questions = self._row.children
        self._row.children = (*questions, buttons)

    def open(self) -> None:
        """Show the panel, with one round of each way, as far as there is time for it."""
        self.warn(limits())
        self.show()
        attempt = self.attempt(self._what(), repeats=1, within=BUDGET)
        attempt()
        self.take(attempt)

    @property
    def kind(self) -> Kind:
        """What is answered."""
        return Kind(**{field: row.value for field, row in self.answers.items()})

    def paint(self) -> Picture:
        """Return the picture of the prediction, and of the truth as far as it is known."""
        machine, what = this_machine(), self._what()
        predicted = choose(self.kind, gil=machine.gil, cores=machine.cores)
        outcome: Outcome = self._seen.get(what, {})
        known = {way: seen for way, seen in outcome.items() if isinstance(seen, Scaling)}
        problems = {way: why for way, why in outcome.items() if isinstance(why, str)}
        return draw_choice(predicted, known, problems | self._cannot())

    def clear(self) -> None:
        """Forget what is known."""
        self._known, self._problems = {}, {}
        self.say("")
        self.draw()

    def plan(self, wish: str) -> list[Job]:
        """Return what to measure; an answer alone only predicts."""
        if wish == "rest":
            self.say("")
            return []
        self.run.disabled, self.stop.disabled = True, False
        self.warn(limits())
        return [self._what()]

    def attempt(self, job: Job, *, repeats: int = ROUNDS, within: float = inf) -> Sweep:
        """Return an attempt to measure `job` in every way that there is for it."""
        about = self._about(job)
        self._known.pop(job, None)
        ways = {way: self._way(job, way) for way in WAYS if way not in self._cannot()}
        items = self._items if job == OWN else kinds.tasks(job)
        return self.measure(
            job,
            f"all ways, {about}" if about else "all ways",
            partial(race, ways, items, repeats=repeats, within=within),
        )

    def take(self, attempt: Sweep) -> bool:
        """Keep what came of `attempt`, and tell how long a Run takes."""
        if go_on := super().take(attempt):
            about = self._about(attempt.job)
            self.say(f"a Run takes {about}" if about else "")
        return go_on

    def _about(self, job: Job) -> str:
        """Return how long a Run of `job` takes, as far as that is known."""
        found = [each for each in self._known.get(job, {}).values() if isinstance(each, Scaling)]
        rounds = sum(ROUNDS * each.timings[max(each.timings)].median for each in found)
        ready = sum(sum(each.startup.values()) for each in found)
        return f"about {saying.seconds(rounds + ready)}" if found else ""

    def _way(self, job: Job, way: str) -> Way:
        own: Any = newest(self._own) if job == OWN else None
        function = own or (kinds.perform_awaiting if way == "asyncio" else kinds.perform)
        if way != "asyncio" and iscoroutinefunction(function):
            function = alone(function)
        # Stop would not end a learner's function on this thread: one more does it, one task at a time.
        other: dict[str, Any] = {"asyncio": Coroutines, "serial": "threads" if own else "serial"}
        return Way(function, other.get(way, way), 1 if way == "serial" else WORKERS)

    def _what(self) -> Any:
        """Return what Run measures: the learner's own, or tasks that wait and compute as answered."""
        such = replace(self.kind, shares=kinds.NOTHING, logic=kinds.SIMPLE)
        return OWN if self.measured.value == OWN else such

    def _cannot(self) -> dict[str, str]:
        """Return by which ways what Run measures cannot be run, and why."""
        if self._what() != OWN or iscoroutinefunction(newest(self._own)):
            return {}
        return {"asyncio": f"asyncio runs coroutine functions (async def); {name_of(self._own)} is none"}
