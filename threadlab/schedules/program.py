"""The learner's threads, state and outcome, checked and ready to be run again and again."""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from inspect import isgeneratorfunction, ismethod, signature
from types import FunctionType
from typing import Any, Literal

from threadlab.running.arguments import function, whole_number
from threadlab.running.arguments import name_of as word_of
from threadlab.running.standins import Place, inside, replaced
from threadlab.schedules import tasks
from threadlab.schedules.learner import Learner, functions_of
from threadlab.schedules.primitives import name_of
from threadlab.schedules.results import DEADLOCK, Crash
from threadlab.schedules.run import Decide, Run
from threadlab.schedules.scheduler import Scheduler
from threadlab.schedules.world import PLACES

SwitchPoints = Literal["line", "micro"]


_CONSTANT = (int, str, float, bytes, tuple, frozenset, type(None))  # may be the same object each time


class UnrepeatableError(RuntimeError):
    """A run did not repeat what was recorded before."""


class Program:
    """The learner's threads, ready to be run again and again."""

    def __init__(self, threads: Any, state: Any, outcome: Any, switch_points: str) -> None:
        self.calls = _calls(threads)
        self.are_tasks = tasks.are_tasks([call for call, _ in self.calls])
        self.make = _fits("state", state, [], "")
        self.judge = _fits("outcome", outcome, [None], "state")
        if switch_points not in ("line", "micro"):
            raise ValueError(f"switch_points must be 'line' or 'micro', not {switch_points!r}")
        self.names = tuple(name_of(thread) for thread in range(len(self.calls)))
        micro, given = switch_points == "micro", [part for _, arguments in self.calls for part in arguments]
        self.learner = Learner([call for call, _ in self.calls], [state, outcome], micro, given)
        first = next(functions_of(self.calls[0][0]), None)
        self.parameter = first.__code__.co_varnames[0] if first and first.__code__.co_argcount else "state"
        self._before: Any = None
        self.roots = [
            part for call, arguments in self.calls for part in (call, *arguments) if _holds_data(part)
        ]

    def play(self, scheduler: Scheduler, decide: Decide) -> Run:
        """Run the threads once on a fresh state, in the order that `decide` asks for."""
        if self._before is None:
            with inside(scheduler):
                self._before = self.make()
        run = scheduler.run = Run(len(self.calls), decide)
        run.state = self._fresh_state(scheduler)
        calls = [partial(call, run.state, *arguments) for call, arguments in self.calls]
        return scheduler.play(tasks.bodies(scheduler, calls) if self.are_tasks else calls)

    def _fresh_state(self, scheduler: Scheduler) -> Any:
        with inside(scheduler):
            made = self.make()
        if made is self._before and not isinstance(made, _CONSTANT):
            raise ValueError(
                f"state must make something new at each call, not the same {type(made).__name__} again: "
                "write state=lambda: [] or state=Shop, without brackets"
            )
        self._before = made
        return made

    def outcome_of(self, scheduler: Scheduler, run: Run) -> Any:
        """Return how a run ended that has no more choices."""
        if run.stuck:
            return DEADLOCK
        if run.crash is not None:
            return Crash(name_of(run.crash[0]), type(run.crash[1]).__name__)
        with inside(scheduler):
            value = self.judge(run.state)
        try:
            hash(value)
        except TypeError:
            raise TypeError(
                f"outcome must return what can be counted (a number, a text, a tuple), not {value!r}: "
                f"write tuple(…) or sorted(…) made a tuple"
            ) from None
        return value

    @contextmanager
    def scheduler(self) -> Iterator[Scheduler]:
        """Own the threads, and replace the names of threading, queue and time, for the time of a block."""
        with ExitStack() as stack:
            for namespace in self.learner.namespaces:
                stack.enter_context(replaced([*PLACES, *_factories(self, namespace)], namespace))
            scheduler = Scheduler(len(self.calls), self.learner)
            scheduler.open(stack)
            yield scheduler


def _factories(program: Program, namespace: dict[str, Any]) -> Iterator[Place]:
    """Yield where `state=Lock` is kept, and where dataclasses keep `field(default_factory=Lock)`."""
    stand_ins = {id(getattr(owner, name)): make for owner, name, make in PLACES}
    if id(program.make) in stand_ins:
        yield program, "make", stand_ins[id(program.make)]
    for kind in [value for value in namespace.values() if isinstance(value, type)]:
        for cell in getattr(vars(kind).get("__init__"), "__closure__", None) or ():
            if id(cell.cell_contents) in stand_ins:
                yield cell, "cell_contents", stand_ins[id(cell.cell_contents)]


def _holds_data(part: Any) -> bool:
    """Tell whether `part` of a call can change: plain functions without closure cannot."""
    if isinstance(part, FunctionType):
        return bool(part.__closure__ or part.__dict__ or part.__defaults__ or part.__kwdefaults__)
    return not isinstance(part, int | str | float | bytes | type(None))


def _calls(threads: Any) -> list[tuple[Callable[..., Any], tuple[Any, ...]]]:
    if callable(threads) or not isinstance(threads, Sequence) or isinstance(threads, str):
        raise TypeError(f"threads must be a list of functions such as [sell, sell], not {threads!r}")
    if not threads:
        raise ValueError("threads must be a list of at least one function, such as [sell, sell], not []")
    whole_number("the number of threads", len(threads), most=8, why="the number of orders explodes")
    calls = []
    for place, each in enumerate(threads):
        call, *arguments = each if isinstance(each, tuple) and each else (each,)
        name, said = f"threads[{place}]", ", ".join(["state", *map(repr, arguments)])
        calls.append((_fits(name, call, [None, *arguments], said), tuple(arguments)))
        if isinstance(call, type) and issubclass(call, threading.Thread):
            raise TypeError(f"{name} makes a thread that nobody starts: write a function with what it runs")
        if isgeneratorfunction(call):
            raise TypeError(
                f"{name} is a generator function, and a call runs none of its lines: write a function that "
                f"loops over {word_of(call)}({said})"
            )
        if hasattr(call, "cache_clear"):  # functools.cache or lru_cache
            raise TypeError(
                f"{name} remembers what it returned, and then runs none of its lines: write it without "
                f"@cache, or give {word_of(call)}.__wrapped__"
            )
    return calls


def _fits(name: str, call: Any, arguments: list[Any], said: str) -> Callable[..., Any]:
    """Return `call` if it can be called with `arguments`, for which one says `said`, as far as it tells."""
    function(name, call)
    try:
        takes = signature(call)
    except (TypeError, ValueError):  # some of what is written in C tells nobody
        return call  # type: ignore[no-any-return]
    try:
        takes.bind(*arguments)
    except TypeError:
        called = word_of(call)
        wrote = f"{called}{takes}"
        if ismethod(call):
            wrote += f": write {type(call.__self__).__name__}.{called}, and the state is its self"
        raise TypeError(f"{name} is called as {called}({said}), but you wrote {wrote}") from None
    return call  # type: ignore[no-any-return]
