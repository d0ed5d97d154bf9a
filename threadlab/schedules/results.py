"""What an exploration found, as frozen plain data, and how a schedule is written."""

import re
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

from threadlab.running.timeline import Lane, Span, State, Timeline
from threadlab.schedules.graph import Graph


@dataclass(frozen=True, slots=True)
class Special:
    """An outcome that is not a value of the program."""

    name: str

    def __repr__(self) -> str:
        return self.name


DEADLOCK = Special("DEADLOCK")
LIVELOCK = Special("LIVELOCK")


@dataclass(frozen=True, slots=True)
class Crash:
    """The outcome of a schedule in which an exception leaves a thread.

    >>> print(Crash("A", "KeyError"))
    thread A died of KeyError
    """

    thread: str  # "A", "B" …
    error: str  # the name of the exception's type

    def __str__(self) -> str:
        return f"thread {self.thread} died of {self.error}"


@dataclass(frozen=True, slots=True)
class Wait:
    """What keeps a thread from going on."""

    thread: str
    line: int
    wants: str  # such as "lock" or "forks[1]"
    holder: str | None  # the thread that holds it; None if nobody does
    holder_line: int  # where the holder took it


@dataclass(frozen=True, slots=True)
class Place:
    """Where a thread goes on: the name of a function, and the line there, 0 before the thread has begun."""

    function: str
    line: int


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a replay, and how things stand after it."""

    thread: str
    line: int
    source: str
    state: dict[str, str]  # the shared state after the step, as text, by the name of each part
    choices: str  # the threads that can take the next step
    places: dict[str, Place]  # where each thread that has not ended goes on
    waits: tuple[Wait, ...]
    printed: str = ""
    ran: tuple[int, ...] = ()  # of a task: its own lines that the step ran, from where it went on


@dataclass(frozen=True, slots=True)
class Replay:
    """One schedule, step by step on real threads.

    >>> from threadlab import replay
    >>> def add(numbers):
    ...     numbers.append(len(numbers))
    >>> walk = replay([add, add], state=list, outcome=tuple, case="AB")
    >>> walk.outcome, walk.steps[0].state
    ((0, 1), {'[0]': '0'})
    """

    case: str
    outcome: Any  # None while threads can still go on
    start: Step  # how things stand before the first step; nobody takes it
    steps: tuple[Step, ...]
    sources: dict[str, tuple[int, tuple[str, ...]]]  # by function: its first line's number, and its lines
    fault: str = ""  # of what a thread died, and at which line, if it comes to that

    @property
    def end(self) -> Step:
        """The last step."""
        return self.steps[-1] if self.steps else self.start

    @property
    def timeline(self) -> Timeline:
        """The lanes of this order, counted in steps: who ran when, and who waited for what meanwhile."""
        lanes = []
        for name in self.start.places:
            spans: list[Span] = []
            for place, step in enumerate(self.steps):
                waits = any(wait.thread == name for wait in step.waits)
                state: State | None = "running" if step.thread == name else "blocked" if waits else None
                if spans and spans[-1].state == state and spans[-1].end == place:
                    spans[-1] = Span(spans[-1].start, place + 1, state, spans[-1].what)
                elif state:
                    what = "" if state == "running" else next(w.wants for w in step.waits if w.thread == name)
                    spans.append(Span(place, place + 1, state, what))
            lanes.append(Lane(name, tuple(spans)))
        return Timeline(tuple(lanes), len(self.steps), unit="steps")

    def __str__(self) -> str:
        """Return the walk as text to read aloud."""
        told = [f"{each.thread} {each.line:>4}  {each.source}  → {_shown(each.state)}" for each in self.steps]
        return "\n".join([f"start: {_shown(self.start.state)}", *told, f"outcome: {self.outcome}"])


def _shown(state: dict[str, str]) -> str:
    return ", ".join(f"{name}={value}" for name, value in state.items())


@dataclass(frozen=True)
class Exploration:
    """Every schedule of a few threads, counted by outcome.

    >>> from threadlab import explore
    >>> def add(numbers):
    ...     numbers.append(len(numbers))
    >>> found = explore([add, add], state=list, outcome=tuple)
    >>> print(found.total, found.outcomes, found)
    2 {(0, 1): 2} 0 of 2 orders are wrong
    """

    outcomes: dict[Hashable, float]  # number of schedules; math.inf where a cycle makes it endless
    wrong: float
    complete: bool  # False: a bound was met, and every number is a lower bound
    livelock: bool
    can_starve: bool  # some thread can be passed over for ever, though not under a fair scheduler
    notes: tuple[str, ...]
    states: int
    runs: int
    threads: tuple[str, ...]
    is_right: Callable[[Any], bool] = field(repr=False, compare=False)
    lengths: dict[str, tuple[int, int]]  # the fewest and the most steps of each; {} if some are endless
    _graph: Graph = field(repr=False, compare=False)
    _replay: Callable[..., Replay] = field(repr=False, compare=False)

    @property
    def total(self) -> float:
        """The number of schedules."""
        return sum(self.outcomes.values())

    def orders(self, most: int = 20) -> list[tuple[str, Any]]:
        """Return every schedule with its outcome, the simplest first; none if there are more than `most`."""
        if not self.complete or self.total > most:
            return []
        found = self._graph.schedules(self._graph.ends(), every=True)
        return [(write(self._names(way)), self._graph.nodes[end].outcome) for _, way, end in found]

    def case(self, outcome: Any) -> str:
        """Return the simplest schedule that ends in `outcome`: fewest preemptions, switches, then steps."""
        if outcome not in self.outcomes:
            found = ", ".join(map(repr, self.outcomes))
            raise ValueError(f"outcome must be one of those found ({found}), not {outcome!r}")
        return next(case for each, case in self.cases() if each == outcome)

    @property
    def simplest_wrong(self) -> str:
        """The simplest of all wrong schedules; an empty text if none is wrong."""
        return next((case for outcome, case in self.cases() if not self.is_right(outcome)), "")

    def cases(self) -> Iterator[tuple[Any, str]]:
        """Yield each outcome with the simplest schedule that ends in it, the simplest first, loops last."""
        left = set(self.outcomes)
        for _, way, end in self._graph.schedules(set(self._graph.ends())):
            outcome = self._graph.nodes[end].outcome
            if outcome in left:
                left.remove(outcome)
                yield outcome, write(self._names(way))
        if LIVELOCK in left:
            lead, loop = self._graph.fair_loop()
            yield LIVELOCK, write_loop(self._names(lead), self._names(loop))

    def _names(self, way: Iterable[int]) -> list[str]:
        return [self.threads[thread] for thread in way]

    def replay(self, outcome: Any) -> Replay:
        """Run the simplest schedule that ends in `outcome` step by step."""
        return self._replay(self.case(outcome))

    def follow(self, case: str) -> Replay:
        """Run the steps of `case`, which may end while threads can still go on."""
        return self._replay(case, True)

    def __str__(self) -> str:
        more = "" if self.complete else "at least "
        return f"{more}{self.wrong} of {more}{self.total} orders are wrong"


def write(letters: Sequence[str]) -> str:
    """Return a schedule as letters (`ABBA`) or, if longer than eight steps, as turns (`A3 B2`)."""
    return "".join(letters) if len(letters) <= 8 else turns(letters)


def turns(letters: Iterable[str]) -> str:
    """Return a schedule as turns: `A3 B2`."""
    return " ".join(f"{letter}{len(list(group))}" for letter, group in groupby(letters))


def write_loop(lead: Sequence[str], loop: Sequence[str]) -> str:
    """Return a schedule that ends in a loop: `A1 B1 (A2 B2)`."""
    return f"{turns(lead)} ({turns(loop)})".strip()


def read(case: Any, threads: Sequence[str], kind: str = "threads") -> tuple[list[int], list[int]]:
    """Return the threads of the steps of `case`, and those of its loop, which is mostly empty.

    Raises:
        TypeError: `case` is no text.
        ValueError: it is not written as a schedule of these `threads`.
    """
    if not isinstance(case, str):
        raise TypeError(f"case must be a text such as 'ABBA' or 'A3 B2', not {case!r}")
    match = re.fullmatch(r"\s*([A-Z0-9\s]*?)\s*(?:\(([A-Z0-9\s]+)\))?\s*", case)
    parts = []
    for part in match.groups("") if match else ():
        letters = re.sub(r"([A-Z])(\d+)", lambda turn: turn[1] * min(int(turn[2]), 100_000), part)
        parts.append(
            [threads.index(letter) if letter in threads else -1 for letter in letters if not letter.isspace()]
        )
    if not match or any(-1 in part for part in parts):
        raise ValueError(
            f"case must be a text such as 'ABBA' or 'A3 B2' of the {kind} {', '.join(threads)}, not {case!r}"
        )
    return parts[0], parts[1]
