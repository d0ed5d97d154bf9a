from datetime import date
from functools import partial

import pytest

from threadlab import sweep
from threadlab.running.machine import Machine
from threadlab.running.recordings import Recording
from threadlab.running.scaling import Scaling, Timing
from threadlab.showing import ways
from threadlab.showing.ways import Sweep, Ways, try_executors
from threadlab.workloads.cpu import count_primes

LIMIT = 60.0
ELSEWHERE = Machine("CPython 3.14.8", False, 4, "linux")
TWICE = Scaling("count_primes", "free-threaded", 4, {1: Timing((1.0,)), 2: Timing((0.5,))}, machine=ELSEWHERE)


@pytest.fixture(autouse=True)
def _quick_and_without_a_free_threaded_python(monkeypatch):
    monkeypatch.setattr(ways, "LIMIT", 0.0)
    known = {"free-threaded": Recording(TWICE, date(2026, 11, 26))}
    monkeypatch.setattr(ways, "recordings_of", lambda names: known)
    monkeypatch.setenv("THREADLAB_FREE_THREADED", "nowhere-to-be-found")


def panel_of(function=abs, *, ticked=("threads",), workers=(1, 2)):
    panel = Ways(function, [-1, -2], workers, pause=0)
    for way, box in panel.boxes.items():
        box.value = way in ticked
    assert panel.coordinator.join(LIMIT)
    return panel


def press(panel, button):
    button.click()
    assert panel.coordinator.join(LIMIT)


def labels(panel):
    return [line.get_label() for line in panel.picture.figure.axes[0].lines]


def test_a_new_panel_has_measured_threads_once_and_waits_for_the_rest():
    panel = try_executors(abs, [-1, -2], workers=(1, 2))
    assert {way: result.rounds for way, result in panel._known.items()} == {"threads": 1}
    assert [way for way, box in panel.boxes.items() if box.value] == ["serial", "threads", "processes"]


def test_run_measures_every_way_that_is_ticked_and_no_other():
    panel = panel_of()
    press(panel, panel.run)
    assert {way: result.rounds for way, result in panel._known.items()} == {"threads": 5}
    assert "<b>2 threads</b>, ready after" in panel.details.value


def test_every_way_has_a_line_of_its_own_and_serial_says_its_name():
    panel = panel_of(ticked=("serial", "threads"))
    press(panel, panel.run)
    assert {"serial", "threads"} <= {*labels(panel)}
    assert "<b>2 workers, serial</b>" in panel.details.value


def test_run_with_no_box_ticked_says_what_to_do():
    panel = panel_of(ticked=())
    press(panel, panel.run)
    assert "tick what to compare" in panel.note.value
    assert not panel.run.disabled


def test_what_was_recorded_keeps_its_colour_when_another_way_is_measured():
    def colour():
        lines = panel.picture.figure.axes[0].lines
        return next(line.get_color() for line in lines if line.get_label().startswith("recorded"))

    panel = panel_of(ticked=("threads", "free-threaded"))
    before = colour()
    press(panel, panel.run)
    assert colour() == before


def test_a_box_alone_measures_nothing():
    panel = panel_of()
    panel.boxes["processes"].value = True
    assert panel.coordinator.join(LIMIT)
    assert panel._known == {}


def test_a_way_that_is_not_here_is_drawn_as_recorded_and_one_sentence_says_how_to_get_it():
    panel = panel_of(count_primes, ticked=("free-threaded",))
    press(panel, panel.run)
    said = panel.details.value
    assert "nowhere-to-be-found" in said
    assert "uv python install" in said
    assert "Dashed: recorded 26 Nov 2026, CPython 3.14.8, GIL off · 4 usable cores" in said
    assert any(label.startswith("recorded 26 Nov 2026") for label in labels(panel))


@pytest.mark.parametrize(("limits", "dashed"), [("the cores are shared", True), ("", False)])
def test_where_times_mislead_what_was_recorded_stays_beside_them(monkeypatch, limits, dashed):
    monkeypatch.setattr(ways, "limits", lambda: limits)
    monkeypatch.setattr(
        ways, "recordings_of", lambda names: {"threads": Recording(TWICE, date(2026, 11, 26))}
    )
    panel = panel_of()
    press(panel, panel.run)
    assert any(label.startswith("recorded 26 Nov 2026") for label in labels(panel)) == dashed
    assert ("Dashed: recorded 26 Nov 2026" in panel.details.value) == dashed


def test_a_missing_way_does_not_keep_the_others_from_being_measured():
    panel = panel_of(ticked=("free-threaded", "threads"))
    press(panel, panel.run)
    assert list(panel._known) == ["threads"]


def test_a_second_run_leaves_the_first_as_a_ghost_and_clear_forgets_both():
    panel = panel_of()
    press(panel, panel.run)
    press(panel, panel.run)
    assert "abs before" in labels(panel)
    press(panel, panel.clear_all)
    assert (panel._known, panel._before, panel.picture.alt) == ({}, {}, "Not measured here yet")


def test_each_round_is_drawn_as_it_comes():
    drawn = []
    call = partial(sweep, abs, [1], workers=(1, 2), repeats=3)
    attempt = Sweep(call, "threads", lambda: drawn.append(attempt.seen.rounds))
    attempt()
    assert drawn == [1, 2, 3]


def test_a_round_begins_when_the_one_before_is_drawn():
    log = []
    panel = panel_of(lambda item: log.append("call"))
    paint = panel.paint
    panel.paint = lambda: log.append("drawn") or paint()
    panel.attempt("threads")()
    assert panel.coordinator.join(LIMIT)
    assert log == ["call"] * 3 + [*["call"] * 4, "drawn"] * 5


def test_stop_ends_a_measurement_within_its_first_round():
    panel = panel_of(count_primes)
    panel._what = count_primes, [50_000_000] * 2
    panel.run.click()
    while panel._under_way is None:
        pass
    press(panel, panel.stop)
    assert "stopped" in panel.note.value
    assert panel._known == {}


def test_an_error_of_the_function_is_told_below_the_picture():
    panel = panel_of(len)
    press(panel, panel.run)
    assert "len raised TypeError for item 1, which is -1" in panel.details.value


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((3, [1]), "function must be a function"),
        ((abs, []), "items must hold at least one"),
        ((abs, 3), "items must be a collection"),
    ],
)
def test_bad_arguments_are_named(arguments, message):
    with pytest.raises((TypeError, ValueError), match=message):
        try_executors(*arguments)
