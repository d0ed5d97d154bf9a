import sys

import pytest

from threadlab.installing import ROOT
from threadlab.teaching import demos
from threadlab.teaching.trying import CANNOT, SHOWS

QUICK = ["the last mug, sold twice", "every order of the sale", "a livelock", "the detective's cases"]


def run(name):
    return next(run for _, each, run, _ in demos.DEMOS if each == name)()


@pytest.mark.parametrize("name", QUICK)
def test_a_demo_that_no_clock_decides_shows_its_point(name):
    assert run(name)[0] == SHOWS


def test_a_list_is_shared_with_a_thread_and_copied_to_a_process():
    assert run("a list, shared or copied") == (SHOWS, "mugs in it: 1 after the thread, 1 after the process")


def test_a_deadlock_is_ended_and_nobody_is_left(capfd):
    assert run("a deadlock, ended in time")[1].startswith("2 of 2 threads stuck")
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


def test_every_demo_has_a_name_of_its_own_and_something_to_show_instead():
    assert len({name for _, name, _, _ in demos.DEMOS}) == len(demos.DEMOS)
    assert all(instead for *_, instead in demos.DEMOS)
    assert {notebook for notebook, *_ in demos.DEMOS} == {"01", "02", "03", "04", "05"}
