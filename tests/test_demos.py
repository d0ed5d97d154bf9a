import sys
import threading
from types import SimpleNamespace

import pytest

from threadlab.installing import ROOT
from threadlab.teaching import demos
from threadlab.teaching.trying import CANNOT, SHOWS

SURE = ["every order of the sale", "a livelock", "the detective's cases"]


def run(name):
    return next(run for _, each, run, _ in demos.DEMOS if each == name)()


@pytest.mark.parametrize("name", SURE)
def test_a_demo_of_every_order_shows_its_point(name):
    assert run(name)[0] == SHOWS


def test_a_list_is_shared_with_a_thread_and_copied_to_a_process():
    assert run("a list, shared or copied") == (SHOWS, "mugs in it: 1 after the thread, 1 after the process")


@pytest.fixture
def meeting(monkeypatch):
    """In the lesson nobody goes on before both are there, however busy the machine is."""
    space, both = demos.lesson("02"), threading.Barrier(2)
    space["sleep"] = lambda seconds: both.wait(60)
    monkeypatch.setattr(demos, "lesson", lambda notebook: space)


def test_the_last_mug_is_sold_twice_every_time(meeting):
    assert run("the last mug, sold twice") == (SHOWS, "3 of 3 times sold twice, −1 left")


def test_a_deadlock_is_ended_without_a_word(meeting, capfd):
    assert run("a deadlock, ended in time")[0] == SHOWS
    assert capfd.readouterr() == ("", "")


def test_the_switch_interval_is_as_before_after_its_demo():
    before = sys.getswitchinterval()
    run("the switch interval")
    assert sys.getswitchinterval() == before


def test_a_lesson_is_defined_and_not_run():
    space = demos.lesson("02")
    assert callable(space["sell"])
    assert "stock" not in space


def test_a_lesson_is_tried_as_it_is_by_now(monkeypatch, tmp_path):
    (original,) = (ROOT / "notebooks").glob("02_sync_primitives.ipynb")
    (tmp_path / "notebooks").mkdir()
    changed = original.read_text("utf-8").replace("shop.mugs -= 1", "shop.mugs = 0")
    (tmp_path / "notebooks" / original.name).write_text(changed, "utf-8")
    monkeypatch.setattr(demos, "ROOT", tmp_path)
    assert run("every order of the sale") == (CANNOT, "0 of 6 orders wrong, with a lock 0 of 12")


def test_what_is_shown_in_place_of_a_python_that_is_not_here_is_its_recording(monkeypatch):
    label = "recorded 1 Nov 2026"
    monkeypatch.setattr(demos, "load_recording", lambda executor: SimpleNamespace(label=label))
    assert demos.recorded("interpreters") == label


def test_without_a_recording_nothing_is_said_to_be_shown_instead(monkeypatch, tmp_path):
    monkeypatch.setattr("threadlab.running.recordings.DATA", tmp_path)
    assert demos.recorded("interpreters") == ""


def test_every_demo_has_a_name_of_its_own_and_something_to_show_instead():
    assert len({name for _, name, _, _ in demos.DEMOS}) == len(demos.DEMOS)
    assert all(instead for *_, instead in demos.DEMOS[:-2])  # the others have their recordings
    assert {notebook for notebook, *_ in demos.DEMOS} == {"01", "02", "03", "04", "05"}
