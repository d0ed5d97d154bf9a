import pytest

from threadlab.running.gil import Turns
from threadlab.running.machine import Machine
from threadlab.running.scaling import Scaling, Timing
from threadlab.teaching.points import climbs, flat, follows, one_at_a_time, scales, to_the_cores
from threadlab.teaching.trying import CANNOT, SHOWS, WEAKLY


def speedup(*ratios, workers=4, cores=2, gil=True):
    """Return a measurement in which each round had one of these speed-ups."""
    many = tuple(1 / ratio for ratio in ratios)
    timings = {1: Timing((1.0,) * len(many)), workers: Timing(many)}
    return Scaling("work", "threads", 4, timings, machine=Machine("CPython 3.14.0", gil, cores, "linux"))


def taking_turns(turn=0.005, *, hand_offs=20, at_once=1.0, system=0.0):
    return Turns(hand_offs, turn, {"A": at_once / 2, "B": at_once / 2}, 1.0, system)


@pytest.mark.parametrize(
    ("measured", "verdict", "why"),
    [
        (speedup(1.0, 0.98, 1.02), SHOWS, "4 threads 1.00 times as fast (0.98 to 1.02)"),
        (speedup(0.7, 0.75, 0.8), SHOWS, "0.75 times as fast"),
        (speedup(0.8, 1.0, 1.5), WEAKLY, "too noisy"),
        (speedup(1.0, 0.98, 1.02, cores=1), WEAKLY, "one core"),
        (speedup(1.9, 1.8, 2.0), CANNOT, "1.90 times as fast"),
        (speedup(1.9, 1.8, 2.0, gil=False), CANNOT, "no GIL"),
        (speedup(1.0, 0.98, 1.02, gil=False, cores=1), CANNOT, "no GIL, one core"),
    ],
)
def test_primes_stay_flat_only_where_a_gil_and_not_a_core_holds_them_back(measured, verdict, why):
    assert flat(measured)[0] == verdict
    assert why in flat(measured)[1]


@pytest.mark.parametrize(
    ("measured", "verdict"),
    [
        (speedup(1.9, 1.95, 2.0), SHOWS),
        (speedup(3.8, 3.9, 4.0, cores=8), SHOWS),
        (speedup(1.9, 1.95, 2.0, cores=8), WEAKLY),  # eight cores, and four threads use two
        (speedup(1.3, 1.31, 1.32), WEAKLY),
        (speedup(0.9, 1.6, 1.7), WEAKLY),
        (speedup(1.0, 1.0, 1.0), CANNOT),
        (speedup(1.0, 1.0, 1.0, cores=1), CANNOT),
        (speedup(1.4, 1.4, 1.4, cores=1), WEAKLY),  # a quota of one core and a half
    ],
)
def test_what_climbs_to_the_cores_needs_more_than_one(measured, verdict):
    assert to_the_cores(measured)[0] == verdict


def test_waiting_climbs_on_one_core_and_without_a_gil_as_well():
    assert scales(speedup(3.9, 3.9, 4.0, cores=1, gil=False), ideal=4)[0] == SHOWS


def test_what_climbs_must_come_nearer_to_the_ideal_than_to_no_gain():
    assert [climbs(gain, 8, "")[0] for gain in (8, 4.5, 4.4, 1.1)] == [SHOWS, SHOWS, WEAKLY, CANNOT]


@pytest.mark.parametrize(
    ("run", "gil", "verdict"),
    [
        (taking_turns(), True, SHOWS),
        (taking_turns(system=1.5), True, WEAKLY),
        (taking_turns(hand_offs=3), True, CANNOT),
        (taking_turns(at_once=1.9), True, CANNOT),
        (taking_turns(hand_offs=0, at_once=1.9), False, CANNOT),
    ],
)
def test_turns_are_seen_where_there_are_some_and_little_else(run, gil, verdict):
    assert one_at_a_time(run, gil=gil)[0] == verdict


def test_turns_follow_the_switch_interval_as_far_as_there_are_turns():
    short, none = taking_turns(), taking_turns(0.0, hand_offs=0)
    longer = [follows(short, taking_turns(turn), ratio=4, gil=True)[0] for turn in (0.02, 0.008, 0.005)]
    assert longer == [SHOWS, WEAKLY, CANNOT]
    assert follows(none, none, ratio=4, gil=True)[0] == CANNOT
    assert follows(short, taking_turns(0.02), ratio=4, gil=False)[1] == "no GIL, so no turns"
