"""The engine against a model that shares no code with it: the same outcomes, counts and deadlocks."""

from collections import Counter

import pytest
import schedule_model as model
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from threadlab.schedules import DEADLOCK, Crash, explore

COMMON = [("read",), ("write",), ("add",), ("say", "a"), ("sleep",), ("raise",)]
# The lines of a program, and what its `with` blocks take: few kinds at a time, so that threads do meet.
THEMES = {
    "locks": (
        [(do, what) for do in ("acquire", "release", "try", "timed") for what in ("lock", "rlock")],
        "lock other rlock",
    ),
    "tokens": (
        [(do, what) for do in ("acquire", "release", "try", "timed") for what in ("sem", "empty")],
        "sem",
    ),
    "condition": ([("wait",), ("wait timed",), ("notify",), ("notify all",), ("set",)], "cond"),
    "event": ([("set",), ("clear",), ("await",), ("await timed",)], "lock"),
    "barrier": ([("meet",), ("meet",), ("await timed",)], "lock"),
    "queue": ([("put", "a"), ("put", "b"), ("get",), ("get timed",)], "lock"),
    "simple queue": ([("simple put", "c"), ("simple get",)], "rlock"),
}


def lines_of(theme):
    lines, blocks = THEMES[theme]
    return st.recursive(
        st.one_of(st.sampled_from(lines), st.sampled_from(COMMON)).map(lambda line: [line]),
        lambda inner: st.one_of(
            st.tuples(st.just("with"), st.sampled_from(blocks.split()), inner).map(lambda line: [line]),
            st.tuples(st.just("loop"), st.integers(1, 2), inner).map(lambda line: [line]),
            st.tuples(inner, inner).map(lambda parts: [*parts[0], *parts[1]]),
        ),
        max_leaves=4,
    )


PROGRAMS = st.sampled_from(sorted(THEMES)).flatmap(
    lambda theme: st.lists(lines_of(theme), min_size=2, max_size=3)
)


def explored(program, **how):
    """Return the outcomes as the model writes them."""
    functions, shop = model.as_python(program)
    found = explore(functions, state=shop, outcome=lambda s: (s.x, *s.log), time_limit=60, **how)
    assert found.complete
    written = {DEADLOCK: "DEADLOCK"}
    for outcome in found.outcomes:
        if isinstance(outcome, Crash):
            written[outcome] = ("crash", "ABC".index(outcome.thread), outcome.error)
    return Counter({written.get(outcome, outcome): times for outcome, times in found.outcomes.items()})


def check(program, most=400):
    expected = model.count(program, most)
    if expected is not None:
        assert explored(program) == expected
        assert explored(program, merge_states=False) == expected


@settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))
@given(PROGRAMS)
def test_explore_counts_what_the_model_counts(program):
    check(program)


@pytest.mark.parametrize(
    ("program", "schedules"),
    [
        ([[("with", "lock", [("add",)])]] * 2, 6),
        ([[("loop", 2, [("read",), ("write",)])]] * 2, 3432),
    ],
)
def test_the_model_counts_known_numbers(program, schedules):
    assert model.count(program, 4000).total() == schedules
