from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from threadlab.running.gil import explain, turns
from threadlab.running.ticks import CALL, FREE
from threadlab.running.timeline import Lane, Span, Timeline

MS = 0.001


def lane(name, *pieces):
    """Return a lane of (milliseconds, state) or (milliseconds, state, what), one after the other."""
    spans, now = [], 0.0
    for length, *rest in pieces:
        spans.append(Span(now * MS, (now + length) * MS, *rest))
        now += length
    return Lane(name, tuple(spans))


def told(lanes, *, gil=True):
    """Return for each lane what it did, in whole milliseconds."""
    return [
        [(round((span.end - span.start) / MS), span.state) for span in each.spans]
        for each in explain(lanes, gil=gil)
    ]


def test_who_does_not_run_while_another_computes_in_python_waits_for_the_gil():
    lanes = [lane("Ann", (5, "running"), (5, "off")), lane("Bob", (5, "off"), (5, "running"))]
    assert told(lanes) == [[(5, "running"), (5, "gil")], [(5, "gil"), (5, "running")]]


def test_without_a_gil_nobody_is_said_to_wait_for_it():
    lanes = [lane("Ann", (5, "running"), (5, "off")), lane("Bob", (5, "off"), (5, "running"))]
    assert told(lanes, gil=False) == [[(5, "running"), (5, "off")], [(5, "off"), (5, "running")]]


def test_a_lone_thread_that_does_not_run_was_stopped_by_the_operating_system():
    assert told([lane("Ann", (5, "running"), (9, "off"), (1, "running"))])[0][1] == (9, "off")


def test_what_is_only_partly_covered_is_told_apart():
    lanes = [lane("Ann", (2, "running"), (10, "off")), lane("Bob", (6, "running"))]
    assert told(lanes)[0] == [(2, "running"), (4, "gil"), (6, "off")]


def test_beside_one_long_call_nobody_can_tell_whether_it_held_the_gil():
    lanes = [lane("Ann", (9, "off")), lane("Bob", (9, "running", CALL))]
    assert told(lanes) == [[(9, "ready")], [(9, "running")]]


def test_a_call_for_many_turns_of_all_may_read_a_file_and_is_not_said_to_wait_for_the_gil():
    waits = [lane("Ann", (1, "running"), (length, "off", CALL)) for length in (40, 60)]
    told_of = [told([each, lane("Bob", (99, "running"))])[0][1] for each in waits]
    assert told_of == [(40, "gil"), (60, "ready")]
    assert told([lane("Ann", (60, "off")), lane("Bob", (99, "running"))])[0] == [(60, "gil")]
    assert told([waits[1], lane("Bob", (99, "running"))], gil=False)[0][1] == (60, "off")


def test_two_long_calls_at_once_ran_without_the_gil():
    calls = [lane(name, (9, "running", CALL)) for name in ("Bob", "Cid")]
    assert told([lane("Ann", (9, "off")), *calls])[0] == [(9, "off")]


def test_who_does_not_run_beside_work_that_needs_no_gil_was_stopped_by_the_operating_system():
    assert told([lane("Ann", (9, "off")), lane("Bob", (9, "running", FREE))])[0] == [(9, "off")]


def test_a_moment_at_a_hand_off_is_no_reason_of_its_own():
    lanes = [
        lane("Ann", (10, "off")),
        lane("Bob", (5, "running")),
        lane("Cid", (5.1, "off"), (4.9, "running")),
    ]
    assert told(lanes)[0] == [(10, "gil")]


def test_turns_are_counted_and_measured():
    ann = lane("Ann", (5, "running"), (5, "gil"), (4, "running"), (5, "gil"), (1, "running"))
    bob = lane("Bob", (5, "gil"), (5, "running"), (4, "gil"), (5, "running"))
    run = turns(Timeline((ann, bob), 20 * MS))
    assert (run.hand_offs, run.turn) == (4, pytest.approx(5 * MS))
    assert run.ran == {"Ann": pytest.approx(10 * MS), "Bob": pytest.approx(10 * MS)}
    assert (run.at_once, run.system) == (pytest.approx(1.0), pytest.approx(0.0))


def test_a_turn_goes_on_while_the_operating_system_interrupts_it():
    ann = lane("Ann", (2, "running"), (3, "off"), (2, "running"), (5, "gil"))
    run = turns(Timeline((ann, lane("Bob", (7, "gil"), (5, "running"))), 12 * MS))
    assert (run.hand_offs, run.turn, run.system) == (1, pytest.approx(7 * MS), pytest.approx(3 * MS))


def test_threads_that_run_side_by_side_hand_nothing_over():
    run = turns(Timeline((lane("Ann", (8, "running")), lane("Bob", (8, "running"))), 8 * MS))
    assert (run.hand_offs, run.turn, run.at_once) == (0, 0.0, pytest.approx(2.0))


pieces = st.tuples(
    st.floats(0.01, 20),
    st.sampled_from(["running", "off", "waiting", "blocked"]),
    st.sampled_from(["", CALL, FREE]),
)


@given(st.lists(st.lists(pieces, min_size=1, max_size=8), min_size=1, max_size=4), st.booleans())
def test_the_books_of_each_lane_balance(lanes, gil):
    before = [lane(str(n), *each) for n, each in enumerate(lanes)]
    for old, new in zip(before, explain(before, gil=gil), strict=True):
        assert all(a.end == b.start for a, b in pairwise(new.spans))
        assert sum(new.books().values()) == pytest.approx(old.spans[-1].end - old.spans[0].start)
        assert new.books().get("running", 0) == pytest.approx(old.books().get("running", 0))
