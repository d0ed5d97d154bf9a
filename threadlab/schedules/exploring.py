"""Explore every schedule of a few threads."""

import math
from collections.abc import Callable, Hashable, Sequence
from functools import partial
from time import perf_counter
from typing import Any

from threadlab.running.arguments import number, whole_number
from threadlab.schedules.notes import notes as notes_of
from threadlab.schedules.primitives import UnsupportedError
from threadlab.schedules.program import Program, SwitchPoints, UnrepeatableError
from threadlab.schedules.replaying import replay_program
from threadlab.schedules.results import LIVELOCK, Crash, Exploration, Special
from threadlab.schedules.searching import Search
from threadlab.schedules.states import States


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
    stop: Callable[[], bool] | None = None,
) -> Exploration:
    """Run `threads` in every order of their steps and count the orders by their `outcome`.

        >>> class Counter:
        ...     value = 0
        >>> def add(counter):
        ...     value = counter.value
        ...     counter.value = value + 1
        >>> result = explore([add, add], state=Counter, outcome=lambda counter: counter.value, expected={2})
        >>> result.wrong, result.total, result.case(1)
        (4, 6, 'ABBA')

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
        stop: Asked before each new state; true ends the exploration. If there is none, an interrupt does
            so, and what was found so far is returned.

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
        with program.scheduler() as scheduler:
            search = Search(program, States(program.learner, program.roots), scheduler, merge_states)
            search.explore(max_states, until, stop)
            if search.in_vain:  # so the clock is part of every state: once more
                states = States(program.learner, program.roots, clock_counts=True)
                search = Search(program, states, scheduler, merge_states)
                search.explore(max_states, until, stop)
    except (UnsupportedError, UnrepeatableError) as error:  # the sentence says all
        raise error.with_traceback(None) from None
    return _summary(program, search, is_right)


def _summary(program: Program, search: Search, is_right: Callable[[Any], bool]) -> Exploration:
    graph = search.graph
    outcomes = graph.count()
    endless = bool(graph.cycles())
    livelock = endless and bool(graph.fair_part())
    if livelock:
        outcomes[LIVELOCK] = math.inf
    notes = list(notes_of(program.learner))
    if search.stopped:
        notes.append(f"{search.stopped}: all numbers are lower bounds")
    if search.stopped and search.opaque and search.merge and not program.learner.micro:
        notes.append(f"slower than usual, because {search.states.unseen} cannot be compared")
    return Exploration(
        outcomes=outcomes,
        wrong=sum(count for found, count in outcomes.items() if not is_right(found)),
        complete=not search.stopped,
        livelock=livelock,
        can_starve=endless and graph.can_starve(len(program.names)),
        notes=tuple(notes),
        states=len(graph.nodes),
        runs=search.runs,
        threads=program.names,
        is_right=is_right,
        lengths={}
        if endless or search.stopped
        else {name: graph.lengths(place) for place, name in enumerate(program.names)},
        _graph=graph,
        _replay=partial(replay_program, program),
    )


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
