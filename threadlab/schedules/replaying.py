"""Replay one schedule step by step, and say who waits for whom."""

import inspect
import linecache
import re
from collections import deque
from collections.abc import Callable, Hashable, Sequence
from contextlib import suppress
from io import StringIO
from traceback import walk_tb
from typing import Any

from threadlab.schedules.learner import functions_of
from threadlab.schedules.primitives import name_of
from threadlab.schedules.program import Program, SwitchPoints
from threadlab.schedules.results import LIVELOCK, Place, Replay, Step, Wait, read
from threadlab.schedules.run import Run
from threadlab.schedules.states import States


def replay(
    threads: Sequence[Any],
    *,
    state: Callable[[], Any],
    outcome: Callable[[Any], Hashable],
    case: str,
    switch_points: SwitchPoints = "line",
    partial: bool = False,
) -> Replay:
    """Run `threads` once, in the order that `case` says, and tell every step.

        >>> def add(numbers):
        ...     numbers.append(len(numbers))
        >>> print(replay([add, add], state=list, outcome=tuple, case="BA").outcome)
        (0, 1)

    Args:
        threads: As for `explore`.
        state: As for `explore`.
        outcome: As for `explore`.
        case: A schedule such as "ABBA" or "A3 B2 A1", or with a loop "A1 B1 (A2 B2)".
        switch_points: "line" or "micro".
        partial: Whether `case` may stop while threads can still go on; the outcome is then None.

    Raises:
        ValueError: `case` is not a schedule of these threads.
    """
    return replay_program(Program(threads, state, outcome, switch_points), case, partial)


def replay_program(program: Program, case: str, partial: bool = False) -> Replay:
    """Replay `case` of a program that has been checked."""
    return Player(program, case, partial).play()


class Player:
    """Plays one schedule and writes down each step."""

    def __init__(self, program: Program, case: str, partial: bool) -> None:
        self.program, self.case, self.partial = program, case, partial
        lead, loop = read(case, program.names, "tasks" if program.are_tasks else "threads")
        self.steps, self.loop = [*lead, *loop], len(lead) if loop else -1  # where the loop begins
        self.states = States(program.learner, program.roots)
        self.told: list[Step] = []
        self.sources: dict[str, tuple[int, tuple[str, ...]]] = {}  # of the functions that a thread was in
        self.marks: list[Any] = []  # the keys from the start to the end of the loop
        self.able: set[int] = set()  # threads that can run in the loop
        self.began: Any = None  # the thread of the step under way, and where it began

    def play(self) -> Replay:
        """Run the schedule and return what happened."""
        with self.program.scheduler() as self.scheduler:
            self.scheduler.is_replay = True
            run = self.program.play(self.scheduler, self.decide)
            outcome = self.outcome(run)
        start, *steps = self.told
        return Replay(self.case, outcome, start, tuple(steps), self.sources, self.fault(run))

    def fault(self, run: Run) -> str:
        """Return the error that left a thread first, and the learner's line where it was raised."""
        if run.crash is None:
            return ""
        error = run.crash[1]
        frames = walk_tb(error.__traceback__)
        lines = [
            (frame.f_code.co_filename, line) for frame, line in frames if self.program.learner.page(frame)
        ]
        where = f" at {linecache.getline(*lines[-1]).strip()}" if lines else ""
        return f"{type(error).__name__} ({error}){where}"

    def outcome(self, run: Run) -> Any:
        """Return what the schedule came to."""
        if self.loop >= 0:
            return LIVELOCK
        return None if self.told[-1].choices else self.program.outcome_of(self.scheduler, run)

    def decide(self, run: Run) -> int | None:
        """Write down the step that ended and return the thread of the next one."""
        choices = run.choices()
        self.note(run, choices)
        place = len(self.told) - 1
        if 0 <= self.loop <= place:
            self.able |= set(choices)
            self.marks.append(self.states.key(run))
        if place == len(self.steps):
            self.check_end(run, choices)
            return None
        chosen = self.steps[place]
        if chosen not in choices:
            name, done = name_of(chosen), "".join(name_of(each) for each in self.steps[:place]) or "the start"
            why = "has ended" if not run.alive[chosen] else "waits"
            raise ValueError(
                f"case does not fit this program: {self.case!r} wants {name} after {done}, but {name} {why}"
            )
        self.began = chosen, run.places[chosen] if run.frames[chosen] else None
        return chosen

    def check_end(self, run: Run, choices: tuple[int, ...]) -> None:
        """Raise ValueError unless the schedule may end here."""
        if self.loop >= 0:
            if self.marks[0] != self.marks[-1] or self.marks[0] is None:
                raise ValueError(
                    f"case does not fit this program: the loop of {self.case!r} does not come back"
                )
            if not self.able <= set(self.steps[self.loop :]):
                raise ValueError(
                    f"case is not fair: in the loop of {self.case!r} a thread that could run never does"
                )
        elif choices and not self.partial:
            names = " or ".join(map(name_of, choices))
            raise ValueError(
                f"case must go on to the end: after {self.case!r} the next step is one of {names}"
            )

    def note(self, run: Run, choices: tuple[int, ...]) -> None:
        """Write down the step that ended just now."""
        thread, (line, code) = -1, (0, None)
        if self.began is not None:
            thread, (line, code) = self.began[0], self.began[1] or run.first[self.began[0]]
        self.told.append(
            Step(
                thread=name_of(thread) if code else "",
                line=line,
                source=linecache.getline(code.co_filename, line).strip() if code else "",
                state=snapshot(run.state, self.program.parameter),
                choices="".join(map(name_of, choices)),
                places={
                    name_of(each): self.place_of(run, each) for each, alive in enumerate(run.alive) if alive
                },
                waits=tuple(
                    wait_of(run, each, self.program) for each, wait in enumerate(run.waiting) if wait
                ),
                printed=self.scheduler.printed.getvalue(),
                ran=tuple(sorted({line, *self.scheduler.ran})) if code and run.tasks else (),
            )
        )
        self.scheduler.printed, self.scheduler.ran = StringIO(), []

    def place_of(self, run: Run, thread: int) -> Place:
        """Return where `thread` goes on."""
        line, code = run.places[thread]
        if code is None:
            code = next(functions_of(self.program.calls[thread][0])).__code__
        name = code.co_qualname.rpartition("<locals>.")[2]
        if name not in self.sources:
            with suppress(OSError):
                lines, first = inspect.getsourcelines(code)
                self.sources[name] = first, tuple(lines)
        return Place(name, line)


def wait_of(run: Run, thread: int, program: Program) -> Wait:
    """Return what `thread` waits for: the thing that the learner's line names, and who holds it."""
    wait, frame = run.waiting[thread], run.frames[thread]
    assert wait is not None
    lock = wait[0]
    thing: Any = getattr(lock, "thing", lock)
    while frame is not None and not program.learner.page(frame):
        if frame.f_globals.get("__name__") in ("threading", "queue"):
            thing = frame.f_locals.get("self", thing)
        frame = frame.f_back
    holder = lock.holder if thing is lock and lock.depth else None
    return Wait(
        thread=name_of(thread),
        line=run.places[thread][0],
        wants=path_to(thing, run.state)
        or path_to(thing, frame.f_locals if frame else {})
        or type(thing).__name__.lower(),
        holder=None if holder is None else name_of(holder),
        holder_line=lock.line if holder is not None else 0,
    )


def path_to(thing: Any, whole: Any, depth: int = 3) -> str:
    """Return how to write `thing` as a part of `whole`, such as "forks[1]"; if it is none, an empty text."""
    for name, part in parts_of(whole):
        if part is thing:
            return own_name(name)
    for name, part in parts_of(whole) if depth else ():
        if (rest := path_to(thing, part, depth - 1)) and not isinstance(part, str):
            return own_name(f"{name}{'' if rest.startswith('[') else '.'}{rest}")
    return ""


def own_name(name: str) -> str:
    """Return what a part is called if nothing stands before it: `till` for `['till']` and for `.till`."""
    return re.sub(r"^\['(\w+)'\]", r"\1", name).lstrip(".")


def parts_of(whole: Any) -> list[tuple[str, Any]]:
    """Return the parts of an object, dict or list by the text that selects each."""
    if isinstance(whole, dict):
        return [(f"[{name!r}]", part) for name, part in whole.items()]
    if isinstance(whole, list | tuple):
        return [(f"[{place}]", part) for place, part in enumerate(whole)]
    if type(whole).__module__.partition(".")[0] in ("threading", "queue", "asyncio"):
        return []  # what is inside is the library's
    return [(f".{name}", part) for name, part in getattr(whole, "__dict__", {}).items()]


def snapshot(state: Any, parameter: str) -> dict[str, str]:
    """Return the shared state as text, by the name of each part; without parts, by `parameter`."""
    parts = parts_of(state)
    return {own_name(name): text(part) for name, part in parts} if parts else {parameter: text(state)}


def text(value: Any, depth: int = 2) -> str:
    """Return `value` as short text without addresses."""
    if isinstance(getattr(value, "queue", None), Sequence | deque):
        return f"{type(value).__name__}({list(value.queue)})"
    kind: Any = type(value)
    if kind.__repr__ is object.__repr__ and depth and type(value).__module__ not in ("threading", "queue"):
        inside = ", ".join(
            f"{name}={text(part, depth - 1)}" for name, part in getattr(value, "__dict__", {}).items()
        )
        return f"{type(value).__name__}({inside})"
    shown = re.sub(r" (object )?at 0x[0-9a-fA-F]+", "", repr(value))
    return re.sub(r"^<(threading|queue|asyncio\.\w+)\.", "<", shown)
