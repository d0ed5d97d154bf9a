import pytest

from threadlab.running.machine import Machine
from threadlab.running.timeline import Timeline
from threadlab.showing import measured as module
from threadlab.showing.measured import Measured

NOW, LANES = ("fetch_all as it is now", 0.1), Timeline((), 0.0)


def measured(*jobs, works=(), workers=(1, 2, 4)):
    """Return what is known after measuring each of `jobs`: the kind of work, the workers, the seconds."""
    known = Measured(workers, works)
    known.begin(NOW, anew=False)
    for work, n, seconds in jobs:
        known.add((work, n), seconds, LANES)
    return known


def test_a_setting_measured_again_adds_a_point():
    assert measured(("", 4, 1.0), ("", 4, 1.2)).times() == {4: [1.0, 1.2]}


def test_a_new_run_leaves_the_one_before_as_a_ghost():
    known = measured(("", 1, 4.0), ("", 4, 1.0))
    known.begin(NOW, anew=True)
    known.add(("", 1), 3.9, LANES)
    assert (known.times(), known.times(past=True)) == ({1: [3.9]}, {1: [4.0], 4: [1.0]})


def test_a_run_that_measured_nothing_does_not_push_the_ghost_out():
    known = measured(("", 1, 4.0))
    known.begin(NOW, anew=True)
    known.begin(NOW, anew=True)
    assert known.times(past=True) == {1: [4.0]}


def test_a_point_of_a_slider_does_not_push_out_the_run_that_one_compares_with():
    known = measured(("", 1, 4.0), ("", 4, 1.0))
    slower = ("fetch_all as it is now", 0.2)
    known.begin(slower, anew=False)
    known.add(("", 4), 2.0, LANES)
    known.begin(slower, anew=True)
    assert known.times(past=True) == {1: [4.0], 4: [1.0]}


def test_points_of_another_version_of_the_function_are_not_mixed_with_new_ones():
    known = measured(("", 1, 4.0))
    known.begin(("fetch_all after a change", 0.1), anew=False)
    assert (known.times(), known.times(past=True)) == ({}, {1: [4.0]})


def test_points_of_the_same_version_stay():
    known = measured(("", 1, 4.0))
    known.begin(NOW, anew=False)
    assert known.times() == {1: [4.0]}


def test_clear_starts_over():
    known = measured(("", 1, 4.0))
    known.begin(NOW, anew=True)
    known.limits = (0.1, 4.0)
    known.clear()
    assert (known.times(), known.times(past=True), known.lanes, known.limits) == ({}, {}, {}, None)


def test_fewer_workers_are_expected_to_take_longer_in_proportion():
    assert measured(("", 4, 1.0)).expected(("", 1)) == 4.0


def test_more_workers_are_not_expected_to_take_longer():
    assert measured(("", 1, 0.8)).expected(("", 4)) == 0.8


def test_the_best_bound_counts():
    assert measured(("", 4, 1.0), ("", 1, 3.0)).expected(("", 2)) == 2.0


def test_what_was_never_measured_is_expected_to_take_for_ever():
    assert measured().expected(("", 1)) == float("inf")


def test_after_a_new_start_the_run_before_tells_what_to_expect():
    known = measured(("", 1, 4.0))
    known.begin(NOW, anew=True)
    assert known.expected(("", 1)) == 4.0


def test_a_run_measures_every_setting_once():
    assert measured().all_settings() == [("", 1), ("", 2), ("", 4)]


def test_kinds_of_work_are_measured_in_interleaved_rounds():
    jobs = measured(works=("primes", "waits"), workers=(1, 4)).all_settings()
    assert jobs == [("primes", 1), ("primes", 4), ("waits", 1), ("waits", 4)]


def test_another_round_has_all_jobs_while_the_least_rounds_are_not_done():
    known = measured(("primes", 1, 4.0), ("primes", 2, 4.0), works=("primes",), workers=(2,))
    assert known.another_round(60.0) == [("primes", 1), ("primes", 2)]


def test_no_round_is_begun_that_would_end_too_late():
    known = measured(*[("primes", 1, 2.0), ("primes", 2, 1.0)] * 3, works=("primes",), workers=(2,))
    assert (known.another_round(5.6) != [], known.another_round(5.7)) == (True, [])


def test_on_an_idle_computer_a_run_takes_at_most_3_s_for_each_kind_of_work():
    known = measured(*[("primes", 1, 2.0), ("primes", 2, 1.0)] * 3, works=("primes",), workers=(2,))
    assert (known.another_round(2.0, idle=True) != [], known.another_round(2.2, idle=True)) == (True, [])
    known.works = ("primes", "primes")
    assert (known.another_round(4.1, idle=True) != [], known.another_round(4.3, idle=True)) == (True, [])


def test_an_idle_computer_on_which_others_begin_to_work_is_idle_no_longer():
    known = measured(*[("primes", 1, 2.0), ("primes", 2, 1.0)] * 3, works=("primes",), workers=(2,))
    known.add(("primes", 1), 2.0, LANES, share=0.1)
    known.add(("primes", 2), 1.0, LANES, share=0.1)
    assert known.another_round(2.4, idle=True) != []


def test_one_function_alone_is_measured_once():
    assert measured(("", 1, 4.0)).another_round(0.1) == []


def test_the_load_of_a_run_is_the_mean_of_what_was_seen():
    known = measured(works=("primes",))
    for n, share in ((1, 1.0), (2, 0.5)):
        known.add(("primes", n), 0.4, LANES, cpu=0.3, share=share)
    (scaling,) = known.scalings()
    assert (scaling.share, scaling.timings[2].cpu) == (0.75, (0.3,))


def test_one_worker_is_always_measured_with_kinds_of_work():
    assert measured(works=("primes",), workers=(2, 4)).counts == (1, 2, 4)


def test_a_slider_at_rest_asks_for_its_own_setting_alone():
    assert measured(("", 1, 4.0)).one_setting(4) == [("", 4)]


def test_with_kinds_of_work_it_asks_for_a_round_of_all_that_is_known():
    known = measured(("primes", 1, 0.1), ("primes", 4, 0.1), works=("primes",))
    assert known.one_setting(2) == [("primes", 1), ("primes", 2), ("primes", 4)]


def test_a_speed_up_compares_the_times_of_one_round():
    rounds = [("primes", 1, 0.4), ("primes", 2, 0.2), ("primes", 1, 0.6), ("primes", 2, 0.2)]
    (scaling,) = measured(*rounds, works=("primes",)).scalings()
    assert scaling.timings[1].seconds == (0.4, 0.6)
    assert scaling.speedup(2) == pytest.approx(2.5)


def test_a_round_that_is_not_complete_does_not_count_yet():
    rounds = [("primes", 1, 0.4), ("primes", 2, 0.2), ("primes", 1, 0.6)]
    (scaling,) = measured(*rounds, works=("primes",)).scalings()
    assert scaling.timings[1].seconds == (0.4,)


def test_the_first_round_shows_as_it_grows():
    (scaling,) = measured(("primes", 1, 0.4), ("primes", 2, 0.2), works=("primes",)).scalings()
    assert sorted(scaling.timings) == [1, 2]


def test_a_round_of_more_settings_takes_the_place_of_smaller_ones():
    known = measured(("primes", 1, 0.4), ("primes", 4, 0.2), works=("primes",))
    for n in (1, 2, 4):
        known.add(("primes", n), 0.4 / n, LANES)
    assert {n: timing.seconds for n, timing in known.scalings()[0].timings.items()} == {
        1: (0.4,),
        2: (0.2,),
        4: (0.1,),
    }


def test_work_that_was_not_measured_has_one_worker_alone():
    known = measured(("waits", 1, 0.4), ("waits", 2, 0.2), ("primes", 2, 0.4), works=("primes", "waits"))
    assert [sorted(scaling.timings) for scaling in known.scalings()] == [[1], [1, 2]]


def test_the_longest_time_is_remembered_from_the_run_before():
    known = measured(("", 1, 4.0))
    known.begin(NOW, anew=True)
    known.add(("", 4), 1.0, LANES)
    assert known.longest == 4.0


@pytest.mark.parametrize(("gil", "busy"), [(True, 0.8), (False, 0.2)])
def test_how_busy_this_python_was_counts_one_core_with_a_gil_and_all_without(monkeypatch, gil, busy):
    monkeypatch.setattr(module, "this_machine", lambda: Machine("CPython", gil, 4, "linux"))
    known = Measured((1, 2))
    for cpu in (0.4, 0.4, 0.1):
        known.add(("", 2), 1.0, None, cpu=cpu, share=0.5)
    assert known.busy() == {2: pytest.approx(busy)}
