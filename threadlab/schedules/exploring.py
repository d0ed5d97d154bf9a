"""Explore every schedule of a few threads."""

import functools
import math
from collections.abc import Callable, Collection, Hashable, Sequence
from time import perf_counter
from typing import Any

from threadlab.running.arguments import number, whole_number
from threadlab.schedules.graph import Graph, Node
from threadlab.schedules.notes import notes as notes_of
from threadlab.schedules.primitives import UnsupportedError, name_of
from threadlab.schedules.program import Program, SwitchPoints, UnrepeatableError
from threadlab.schedules.replaying import replay_program
from threadlab.schedules.results import LIVELOCK, Crash, Exploration, Special, write, write_loop
from threadlab.schedules.run import Run
from threadlab.schedules.scheduler import Scheduler
from threadlab.schedules.states import Key, States


class Explorer:
    """Finds all states, each by a run that repeats the way to a known state and goes on from there."""

    def __init__(self, program: Program, states: States, scheduler: Scheduler, merge: bool) -> None:
        self.program, self.states, self.scheduler, self.merge = program, states, scheduler, merge
        self.graph = Graph()
        self.numbers: dict[Any, int] = {}
        self.keys: list[Key | None] = []
        self.moves: dict[tuple[int, int, int], tuple[int, int]] = {}  # steps by what they depend on
        self.todo: list[tuple[int, int]] = []  # steps not yet taken: the number of a state, a thread
        self.runs = 0
        self.stopped = ""  # the bound that was met
        self.opaque = 0

    def explore(self, most: int, until: float, stop: Callable[[], bool]) -> None:
        """Run until every step from every state is known, or a bound is met."""
        self.most, self.until, self.stop = most, until, stop
        self.play([], [])
        while self.todo and not self.stopped:
            self.last = self.todo.pop()
            if (known := self.foreseen(*self.last)) is not None:
                self.link(known)
                continue
            way, thread = self.graph.path(self.last[0]), self.last[1]
            self.play(way, [*(self.graph.nodes[each].by for each in way[1:]), thread])
        self.confirm()

    def play(self, way: list[int], steps: list[int]) -> Any:
        """Repeat `steps` along the states `way`, go on through new states, return the outcome."""
        self.runs += 1
        self.way, self.steps, self.place, self.last = way, steps, 0, (-1, -1)
        self.end = -1
        run = self.program.play(self.scheduler, self.decide)
        if self.states.freeze.thread_locals:
            self.scheduler.renew_threads()
        if self.end < 0:
            return None
        outcome = self.program.outcome_of(self.scheduler, run)
        node = self.graph.nodes[self.end]
        if node.outcome is None:
            node.outcome = outcome
        return outcome

    def decide(self, run: Run) -> int | None:
        """Return the thread of the next step: the recorded one, or a new one; None ends the run."""
        choices, place = run.choices(), self.place
        self.place += 1
        if place < len(self.steps):
            self.check(run, choices, place)
            self.last = self.way[place], self.steps[place]
            return self.steps[place]
        key = self.states.key(run) if self.merge else None
        self.opaque += key is None
        number = self.numbers.get(key or ("only after", self.last))
        if new := number is None:
            if len(self.graph.nodes) >= self.most or perf_counter() > self.until or self.stop():
                self.stopped = self.stopped or self.bound()
                return None
            number = self.add(run, choices, key)
        self.link(number)
        self.learn(key)
        if not choices:
            self.end = number
        if not new or not choices:
            return None
        chosen = self.last[1] if self.last[1] in choices else choices[0]
        self.todo += [(number, thread) for thread in choices if thread != chosen]
        self.last = number, chosen
        return chosen

    def add(self, run: Run, choices: tuple[int, ...], key: Key | None) -> int:
        """Record a new state and return its number."""
        waiting = sum(1 << thread for thread, wait in enumerate(run.waiting) if wait is not None)
        self.graph.nodes.append(Node(choices, waiting, run.lines[self.last[1]], *self.last))
        self.keys.append(key)
        self.numbers[key or ("only after", self.last)] = len(self.keys) - 1
        return len(self.keys) - 1

    def link(self, number: int) -> None:
        """Record that the last step led to the state `number`."""
        if self.last[0] >= 0:
            node = self.graph.nodes[self.last[0]]
            node.after[node.choices.index(self.last[1])] = number

    def learn(self, key: Key | None) -> None:
        """Remember what the last step made of the shared data and of its own thread."""
        before, place = self.keys[self.last[0]], self.last[1] + 1
        if before and key and key[place] in self.states.plain:
            self.moves[before[0], place, before[place]] = key[0], key[place]

    def foreseen(self, number: int, thread: int) -> int | None:
        """Return the known state to which a step leads that was seen while other threads stood elsewhere.

        A step depends on the shared data and on its own thread alone; the others stay as they are, which is
        sure of those that hold plain values only.
        """
        key, place = self.keys[number], thread + 1
        move = key and self.moves.get((key[0], place, key[place]))
        if not key or not move or not self.states.plain.issuperset((*key[1:place], *key[place + 1 :])):
            return None
        return self.numbers.get((move[0], *key[1:place], move[1], *key[place + 1 :]))

    def check(self, run: Run, choices: tuple[int, ...], place: int) -> None:
        """Raise UnrepeatableError unless the run is where it was when this state was recorded."""
        number, thread = self.way[place], self.last[1]
        node, key = self.graph.nodes[number], self.keys[number]
        same = node.choices == choices and node.where == run.lines[thread]
        if same and key and (place == len(self.steps) - 1 or self.runs == 2):
            same = self.states.key(run) in (key, None)
        if not same:
            where = f"line {run.lines[thread]} of thread {name_of(thread)}" if place else "its first step"
            raise UnrepeatableError(
                f"the program does not repeat itself: the same steps led elsewhere before {where}. "
                "Likely causes: id(), the order of a set, random numbers, real time, data kept outside of "
                "`state` (a global variable that `state` does not set anew)"
            )

    def confirm(self) -> None:
        """Run one schedule of each outcome once more: an outcome must repeat itself, too."""
        ends = {self.graph.nodes[end].outcome: end for end in reversed(self.graph.ends())}
        for outcome, place in list(ends.items())[:20]:
            way = self.graph.path(place)
            again = self.play(way[:-1], [self.graph.nodes[each].by for each in way[1:]])
            if again != outcome:
                raise UnrepeatableError(
                    f"outcome must be the same for the same steps, but was {outcome!r}, then {again!r}: it "
                    "must not contain random numbers, real time or objects that compare by their identity"
                )

    def bound(self) -> str:
        """Say which bound was met."""
        if len(self.graph.nodes) >= self.most:
            return f"stopped at max_states={self.most:,}"
        return "stopped" if self.stop() else "stopped at time_limit"


def explore(
    threads: Sequence[Any],
    *,
    state: Callable[[], Any],
    outcome: Callable[[Any], Hashable],
    expected: Any = None,
    switch_points: SwitchPoints = "line",
    max_states: int = 200_000,
    time_limit: float = 10.0,
    merge_states: bool = True,
    stop: Callable[[], bool] = lambda: False,
) -> Exploration:
    """Run `threads` in every order of their steps and count the orders by their `outcome`.

        >>> class Counter:
        ...     value = 0
        >>> def add(counter):
        ...     value = counter.value
        ...     counter.value = value + 1
        >>> result = explore([add, add], state=Counter, outcome=lambda counter: counter.value, expected={2})
        >>> result.outcomes, result.wrong, result.case(1)
        ({2: 2, 1: 4}, 4, 'ABBA')

    Args:
        threads: Functions of the shared state, or tuples (function, *arguments), called as
            function(state, *arguments). If they are coroutine functions, only `await` can switch.
        state: Makes a fresh shared state for each run.
        outcome: What a finished run came to, as a hashable value.
        expected: The right outcomes as a set, frozenset, list or range, or a function that tells them.
            DEADLOCK, LIVELOCK and Crash are wrong unless a set names them.
        switch_points: "line", or "micro" for each access inside a line.
        max_states: The exploration stops after so many states.
        time_limit: The exploration stops after so many seconds.
        merge_states: False takes every schedule by itself, which is slow and gives the same numbers.
        stop: Asked before each new state; true ends the exploration.

    Returns:
        The number of schedules per outcome, exact if `complete`, else lower bounds.

    Raises:
        TypeError: An argument is of the wrong kind, or an outcome is not hashable.
        ValueError: An argument is out of range, or `state` returns the same object twice.
        UnsupportedError: The program does what cannot be controlled, such as using a lock made elsewhere.
        UnrepeatableError: The program does not repeat itself.
    """
    is_right = _judge(expected)
    whole_number("max_states", max_states)
    until = perf_counter() + number("time_limit", time_limit)
    program = Program(threads, state, outcome, switch_points)
    try:
        with program.places(), Scheduler(len(program.calls), program.learner) as scheduler:
            explorer = Explorer(program, States(program.learner, program.roots), scheduler, merge_states)
            explorer.explore(max_states, until, stop)
            if scheduler.clock_is_data:  # so the clock is part of every state: once more
                states = States(program.learner, program.roots, clock_counts=True)
                explorer = Explorer(program, states, scheduler, merge_states)
                explorer.explore(max_states, until, stop)
    except (UnsupportedError, UnrepeatableError) as error:  # the sentence says all
        raise error.with_traceback(None) from None
    return _summary(program, explorer, is_right)


def _summary(program: Program, explorer: Explorer, is_right: Callable[[Any], bool]) -> Exploration:
    graph = explorer.graph
    outcomes = graph.count()
    endless = bool(graph.cycles(range(len(graph.nodes))))
    livelock = endless and bool(graph.fair_part())
    if livelock:
        outcomes[LIVELOCK] = math.inf
    notes = list(notes_of(program.learner))
    if explorer.stopped:
        notes.append(f"{explorer.stopped}: all numbers are lower bounds")
    if explorer.stopped and explorer.opaque and explorer.merge and not program.learner.micro:
        notes.append(f"slower than usual, because {explorer.states.unseen} cannot be compared")
    return Exploration(
        outcomes=outcomes,
        wrong=sum(count for found, count in outcomes.items() if not is_right(found)),
        complete=not explorer.stopped,
        livelock=livelock,
        can_starve=endless and graph.can_starve(len(program.names)),
        notes=tuple(notes),
        states=len(graph.nodes),
        runs=explorer.runs,
        threads=program.names,
        is_right=is_right,
        lengths={}
        if endless or explorer.stopped
        else {name: graph.lengths(place) for place, name in enumerate(program.names)},
        _orders=functools.partial(_orders, graph, program.names),
        _case=functools.partial(_case, graph, program.names),
        _replay=functools.partial(replay_program, program),
    )


def _orders(graph: Graph, names: Sequence[str]) -> list[tuple[str, Any]]:
    found = graph.schedules(graph.ends(), every=True)
    return [(write([names[thread] for thread in way]), graph.nodes[end].outcome) for _, way, end in found]


def _case(graph: Graph, names: Sequence[str], outcomes: Collection[Any]) -> str:
    """Return the simplest schedule that ends in one of `outcomes`; if none ends there, an endless one."""
    ends = {end for end in graph.ends() if graph.nodes[end].outcome in outcomes}
    if not ends:
        lead, loop = graph.fair_loop()
        return write_loop([names[thread] for thread in lead], [names[thread] for thread in loop])
    _, way, _ = next(graph.schedules(ends))
    return write([names[thread] for thread in way])


def _judge(expected: Any) -> Callable[[Any], bool]:
    if expected is None:
        return lambda outcome: not isinstance(outcome, Special | Crash)
    if isinstance(expected, set | frozenset | list | range):
        return lambda outcome: outcome in expected
    if callable(expected):
        return lambda outcome: not isinstance(outcome, Special | Crash) and bool(expected(outcome))
    raise TypeError(
        f"expected must be a set of right outcomes such as {{0}}, or a function of one, not {expected!r}"
    )
