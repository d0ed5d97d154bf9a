import re
import sys
import threading

import pytest

from threadlab.running.machine import Machine
from threadlab.running.timeline import Lane, Span, Timeline
from threadlab.showing import switching
from threadlab.showing.switching import Switching, switching_words, try_switch_interval
from threadlab.workloads.cpu import count_primes

LIMIT = 30.0
seen = []


@pytest.fixture(autouse=True)
def interval():
    seen.clear()
    before = sys.getswitchinterval()
    yield before
    assert sys.getswitchinterval() == before


def look():
    seen.append(round(sys.getswitchinterval(), 4))


def two_threads():
    threads = [threading.Thread(target=count_primes, args=(20_000,)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def fail():
    raise ValueError("no primes today")


def hang():
    threading.Event().wait()


def turns_of(milliseconds, *, gil=True, system=0.0):
    """Return a run of two threads that take turns of so many milliseconds."""
    t = milliseconds / 1000
    states = ["running", "gil"] * 3
    lanes = [
        Lane(name, tuple(Span(n * t, (n + 1) * t, state) for n, state in enumerate(order)))
        for name, order in (("Ann", states), ("Bob", states[::-1]))
    ]
    late = Span(6 * t, 6 * t + system, "off")
    lanes = [Lane(lane.name, (*lane.spans, late)) for lane in lanes] if system else lanes
    return Timeline(
        tuple(lanes), 6 * t + system, machine=Machine("CPython 3.13.5", gil, 2, "linux"), ticks=True
    )


def test_the_function_runs_with_the_interval_of_the_slider_and_it_is_put_back():
    panel = Switching(look, [1.0, 50.0], pause=0)
    panel.interval.value = 50.0
    assert panel.coordinator.join(LIMIT)
    panel.run.click()
    assert panel.coordinator.join(LIMIT)
    assert seen == [0.05, 0.05]


@pytest.mark.parametrize("run", [fail, hang])
def test_the_interval_is_put_back_after_an_error_and_after_the_limit(run, monkeypatch):
    monkeypatch.setattr(switching, "LIMIT", 0.2)
    panel = try_switch_interval(run, milliseconds=[50])
    assert "no primes today" in panel.note.value or "Stopped after 0.2 s" in panel.note.value


def test_the_slider_has_marks_under_those_of_the_stops_5_20_and_50_that_it_has():
    marks = [Switching(look, stops)._row.children[1].value for stops in ([1.0, 2, 5, 20, 50], [5.0, 10])]
    assert [re.findall(r"left:(\d+)px.*?<br>(\d+)", each) for each in marks] == [
        [("204", "5"), ("260", "20"), ("316", "50")],
        [("92", "5")],
    ]


def test_a_new_panel_shows_the_turns_of_a_first_run():
    panel = try_switch_interval(two_threads, milliseconds=[1, 5])
    assert panel.picture.alt.startswith("asked for 5 ms: ")
    assert "count_primes 2: running" in panel.picture.alt


def test_the_turn_that_was_measured_stands_beside_the_one_asked_for():
    assert switching_words(turns_of(5.2), 5).startswith("asked for 5 ms: 5.2 ms a turn, 5 hand-offs\n")


def test_a_system_that_cannot_keep_the_interval_is_said_to_be_late():
    assert "15 ms a turn, 5 hand-offs: this system wakes a thread later" in switching_words(turns_of(15), 5)


def test_turns_that_other_programs_interrupt_are_not_blamed_on_the_system():
    assert "other programs interrupt it" in switching_words(turns_of(15, system=0.1), 5)


def test_without_a_gil_nothing_is_handed_over():
    assert "this Python has no GIL" in switching_words(turns_of(5, gil=False), 5)


@pytest.mark.parametrize(
    ("milliseconds", "message"),
    [
        ([0], "milliseconds must be from 0.1 to 1000, not 0"),
        ([-1], "milliseconds must be from 0.1 to 1000, not -1"),
        ([float("nan")], "not nan"),
        ([5, 2000], "not 2000"),
        (["5"], "milliseconds must be numbers such as 5, not '5'"),
        ([], "milliseconds must hold at least one"),
    ],
)
def test_a_switch_interval_that_is_none_is_named(milliseconds, message):
    with pytest.raises((TypeError, ValueError), match=message):
        try_switch_interval(look, milliseconds=milliseconds)
    assert seen == []
