import asyncio
import signal

import pytest

from threadlab.showing import choosing
from threadlab.showing.choosing import OWN, Chooser, try_chooser
from threadlab.workloads import kinds
from threadlab.workloads.cpu import count_primes
from threadlab.workloads.kinds import Kind

LIMIT = 60.0
TINY = Kind(kinds.NOTHING)


async def nap(item):
    await asyncio.sleep(0)


async def never(item):
    await asyncio.Event().wait()


def panel_of(own=None, items=(1, 2), *, ways=("serial", "threads", "asyncio"), monkeypatch=None):
    if monkeypatch:
        monkeypatch.setattr(choosing, "WAYS", ways)
    panel = Chooser(own, list(items), pause=0)
    panel.answers["waits"].value = kinds.NOTHING
    assert panel.coordinator.join(LIMIT)
    return panel


def press(panel, button):
    button.click()
    assert panel.coordinator.join(LIMIT)


def test_a_new_panel_has_measured_all_four_ways_once():
    panel = try_chooser(abs, [-1, -2])
    rounds = {way: result.rounds for way, result in panel._known[OWN].items()}
    assert rounds == {"serial": 1, "threads": 1, "processes": 1}
    assert "a Run takes about" in panel.note.value
    assert "asyncio runs coroutine functions (async def); abs is none" in panel.picture.alt


def test_what_a_new_panel_has_no_time_for_is_left_for_run(monkeypatch):
    monkeypatch.setattr(choosing, "BUDGET", -1.0)
    panel = try_chooser(abs, [-1, -2])
    assert list(panel._known[OWN]) == ["serial"]
    assert panel.picture.alt.startswith("Predicted: threads. Press Run")


def test_an_interrupt_of_a_new_panel_ends_its_opening():
    def interrupted(item):
        signal.raise_signal(signal.SIGINT)
        while True:
            pass

    panel = try_chooser(interrupted, [1])
    assert (panel._known, "stopped" in panel.note.value) == ({}, True)


def test_a_coroutine_function_is_taken_to_wait_in_a_call_with_await():
    assert Chooser(nap, [1]).answers["waits"].value == kinds.AWAITS
    assert Chooser(abs, [1]).answers["waits"].value == kinds.BLOCKS


def test_every_way_is_compared_with_serial_in_the_same_rounds(monkeypatch):
    panel = panel_of(monkeypatch=monkeypatch)
    press(panel, panel.run)
    serial, *others = panel._known[TINY].values()
    assert [each.timings[1] for each in others] == [serial.timings[1]] * 2


def test_an_answer_predicts_anew_and_measures_nothing():
    panel = panel_of()
    panel.answers["computes"].value = kinds.IN_PYTHON
    assert panel.coordinator.join(LIMIT)
    assert panel._known == {}
    assert panel.picture.alt.startswith("Predicted: ")
    assert "not measured yet" in panel.picture.alt


def test_run_measures_the_built_in_tasks_in_every_way(monkeypatch):
    panel = panel_of(monkeypatch=monkeypatch)
    press(panel, panel.run)
    assert {way: (seen.name, seen.tasks, seen.rounds) for way, seen in panel._known[TINY].items()} == {
        "serial": ("perform", 500, 5),
        "threads": ("perform", 500, 5),
        "asyncio": ("perform_awaiting", 500, 5),
    }


def test_every_run_looks_at_the_limits_anew(monkeypatch):
    panel = panel_of(abs, ways=("serial",), monkeypatch=monkeypatch)
    for said in ("only one core", ""):
        monkeypatch.setattr(choosing, "limits", lambda said=said: said)
        press(panel, panel.run)
        assert ("Only one core" in panel._title.value) == bool(said)


def test_sharing_and_logic_change_the_prediction_but_not_what_is_measured(monkeypatch):
    panel = panel_of(monkeypatch=monkeypatch, ways=("serial",))
    press(panel, panel.run)
    panel.answers["shares"].value, panel.answers["logic"].value = kinds.SOMETHING, kinds.COMPLEX
    assert panel.coordinator.join(LIMIT)
    assert "too many orders to see through" in panel.picture.alt
    assert "serial: not measured" not in panel.picture.alt


def test_a_coroutine_function_of_the_learner_is_measured_by_asyncio_and_alone(monkeypatch):
    panel = panel_of(nap, monkeypatch=monkeypatch)
    press(panel, panel.run)
    names = {way: (seen.name, seen.tasks) for way, seen in panel._known[OWN].items()}
    assert names == dict.fromkeys(("serial", "threads", "asyncio"), ("nap", 2))


def test_a_coroutine_function_of_the_learner_works_in_processes_too(monkeypatch):
    panel = panel_of(nap, monkeypatch=monkeypatch, ways=("processes",))
    press(panel, panel.run)
    assert panel._known[OWN]["processes"].rounds == 5


def test_the_learner_chooses_between_the_own_function_and_the_built_in_tasks(monkeypatch):
    panel = panel_of(abs, monkeypatch=monkeypatch, ways=("serial",))
    press(panel, panel.run)
    panel.measured.value = choosing.BUILT_IN
    press(panel, panel.run)
    assert list(panel._known) == [OWN, TINY]


def test_an_error_of_the_own_function_stands_at_its_ways():
    panel = panel_of(len)
    press(panel, panel.run)
    assert "serial: len raised TypeError for item 1, which is 1: object of" in panel.picture.alt
    assert panel.picture.alt.startswith("Predicted: serial; no way could be measured")


@pytest.mark.parametrize("way", ["serial", "threads"])
def test_stop_ends_a_measurement_within_its_first_round(monkeypatch, way):
    panel = panel_of(count_primes, [50_000_000], monkeypatch=monkeypatch, ways=(way,))
    panel.run.click()
    while panel._under_way is None:
        pass
    press(panel, panel.stop)
    assert "stopped" in panel.note.value
    assert panel._known == {}


def test_stop_ends_a_coroutine_that_would_never_end(monkeypatch):
    panel = panel_of(never, monkeypatch=monkeypatch, ways=("asyncio",))
    panel.run.click()
    while panel._under_way is None:
        pass
    press(panel, panel.stop)
    assert (panel._known, "stopped" in panel.note.value) == ({}, True)


def test_clear_forgets_what_was_measured(monkeypatch):
    panel = panel_of(monkeypatch=monkeypatch, ways=("serial",))
    press(panel, panel.run)
    press(panel, panel.clear_all)
    assert panel._known == {}
    assert "not measured yet" in panel.picture.alt


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((3,), "own must be a function"),
        ((abs, []), "items must hold at least one"),
        ((abs, 3), "items must be a"),
    ],
)
def test_bad_arguments_are_named(arguments, message):
    with pytest.raises((TypeError, ValueError), match=message):
        try_chooser(*arguments)
