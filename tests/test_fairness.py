"""The panel that tries greed, with a fair lock and without."""

import threading

import pytest

from threadlab.showing import fairness
from threadlab.showing.fairness import Fairness, try_fairness

LIMIT = 30.0  # seconds for any wait
calls = []


@pytest.fixture(autouse=True)
def _no_calls_yet():
    calls.clear()


def cafe(greed, fair):
    calls.append((greed, fair))
    return {"Gus": 10 if fair else 30, "Ann": 9}


def panel_of(run):
    return Fairness(run, (0, 1), pause=0)


def press(panel, button):
    button.click()
    assert panel.coordinator.join(LIMIT)


def headline(panel):
    return panel.picture.alt.splitlines()[0]


def test_a_new_panel_has_run_once_with_the_most_greed_and_a_plain_lock():
    panel = try_fairness(cafe)
    assert calls == [(50, False)]
    assert headline(panel) == "Gus 30 turns, Ann 9 turns; the longest wait: 0 ms"


def test_the_switch_runs_once_more_with_a_fair_lock():
    panel = panel_of(cafe)
    panel.fair.value = True
    assert panel.coordinator.join(LIMIT)
    assert calls == [(1, True)]
    assert headline(panel).startswith("Gus 10 turns")


def test_the_slider_runs_with_another_greed():
    panel = panel_of(cafe)
    panel.greed.value = 0
    assert panel.coordinator.join(LIMIT)
    assert calls == [(0, False)]


def test_the_run_before_stays_until_clear():
    panel = panel_of(cafe)
    press(panel, panel.run)
    press(panel, panel.run)
    assert "grey: the run before" in panel.picture.figure.axes[0].get_xlabel()
    press(panel, panel.clear_all)
    assert headline(panel) == "Nothing measured yet"


def test_who_waits_for_a_turn_is_measured_by_the_lanes():
    begun, release = threading.Event(), threading.Event()

    def wait_for_ann(greed, fair):
        lock = threading.Lock()
        lock.acquire()
        ann = threading.Thread(target=lambda: (begun.set(), lock.acquire()), name="Ann")
        ann.start()
        begun.wait(LIMIT)
        release.wait(0.05)
        lock.release()
        ann.join()
        return {"Ann": 1}

    panel = panel_of(wait_for_ann)
    press(panel, panel.run)
    assert "longest wait 0 ms" not in panel.picture.alt


@pytest.mark.parametrize("wrong", [None, 3, ["Gus"]])
def test_a_function_that_returns_no_turns_is_told_what_to_return(wrong):
    panel = panel_of(lambda greed, fair: wrong)
    press(panel, panel.run)
    assert "must return the turns by name" in panel.note.value


def test_an_error_of_the_learner_s_function_stands_beside_the_buttons():
    panel = panel_of(lambda greed, fair: 1 / 0)
    press(panel, panel.run)
    assert "ZeroDivisionError" in panel.note.value
    assert not panel.run.disabled


def test_a_cafe_that_never_closes_is_closed(monkeypatch):
    monkeypatch.setattr(fairness, "LIMIT", 0.2)
    panel = try_fairness(lambda greed, fair: threading.Event().wait())
    assert "Stopped after 0.2 s" in panel.note.value


def test_bad_input_is_said():
    with pytest.raises(TypeError, match="run must be"):
        try_fairness(3)
    with pytest.raises(ValueError, match="greed must hold at least one"):
        try_fairness(cafe, greed=())
