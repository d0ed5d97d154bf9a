import pytest

from threadlab.running.coroutines import Coroutines
from threadlab.running.racing import Way, race


async def nothing(item):
    pass


def fail(item):
    raise ValueError("no such mug")


def test_a_round_holds_every_way_after_its_workers_had_an_item_each():
    calls = []
    ways = {name: Way(lambda item, name=name: calls.append(name)) for name in ("one", "other")}
    race(ways, [1], repeats=2)
    assert calls == ["one", "one", "other", "other", "one", "other"]


def test_each_way_is_measured_against_the_first_in_the_same_rounds():
    outcome = race({"serial": Way(abs), "asyncio": Way(nothing, Coroutines, 2)}, [1, 2], repeats=3)
    assert outcome["asyncio"].timings[1] == outcome["serial"].timings[1]
    assert (outcome["asyncio"].rounds, len(outcome["asyncio"].timings[2].cpu)) == (3, 3)


def test_a_way_that_fails_is_left_out_and_the_others_go_on():
    outcome = race({"serial": Way(abs), "threads": Way(fail, "threads", 2)}, [7], repeats=2)
    assert outcome["threads"] == "fail raised ValueError for item 1, which is 7: no such mug"
    assert outcome["serial"].rounds == 2


def test_a_way_that_fails_later_has_no_times_left():
    calls = iter([1, 2])
    outcome = race({"serial": Way(abs), "late": Way(lambda item: next(calls))}, [7], repeats=3)
    assert (outcome["late"][:26], outcome["serial"].rounds) == ("<lambda> raised StopIterat", 3)


def test_without_the_first_way_the_others_stand_alone():
    assert list(race({"serial": Way(fail), "threads": Way(abs, "threads", 2)}, [1])["threads"].timings) == [1]


def test_what_there_is_is_seen_after_each_way_and_then_after_each_round():
    seen = []
    race({"serial": Way(abs), "again": Way(abs)}, [1], repeats=3, seen=lambda found: seen.append(len(found)))
    assert seen == [1, 2, 2, 2]


def test_no_more_begins_when_the_time_is_over_but_there_is_something():
    assert list(race({"serial": Way(abs), "again": Way(abs)}, [1], within=-1.0)) == ["serial"]


@pytest.mark.parametrize("kind", ["serial", "threads"])
def test_an_interrupt_goes_through(kind):
    def interrupt(outcome):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        race({"serial": Way(abs, kind)}, [1], seen=interrupt)
