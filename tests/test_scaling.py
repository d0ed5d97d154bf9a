import pytest

from threadlab.running.scaling import Scaling, Timing, another_round


def scaling(one, two):
    return Scaling("work", "threads", 4, {1: Timing(one), 2: Timing(two)})


def test_median_and_mad_are_not_moved_by_one_slow_run():
    timing = Timing((1.0, 2.0, 3.0, 4.0, 100.0))
    assert (timing.median, timing.mad) == (3.0, 1.0)


def test_speedup_is_the_median_of_the_ratios_round_by_round():
    drifting = scaling((1.0, 2.0, 4.0), (0.5, 1.0, 2.0))
    assert (drifting.speedup(2), drifting.efficiency(2), drifting.interval(2)) == (2.0, 1.0, (2.0, 2.0))


def test_one_value_is_its_own_interval():
    assert scaling((4.0,), (1.0,)).interval(2) == (4.0, 4.0)


def ratios(*values):
    return scaling(values, (1.0,) * len(values))


@pytest.mark.parametrize(("rounds", "k"), [(1, 1), (4, 1), (5, 1), (8, 1), (9, 2), (12, 3), (25, 8)])
def test_the_interval_goes_from_the_kth_smallest_to_the_kth_largest(rounds, k):
    assert ratios(*range(rounds, 0, -1)).interval(2) == (k, rounds + 1 - k)


@pytest.mark.parametrize(
    ("low", "high", "word"),
    [
        (1.16, 9.0, "gain"),
        (1.15, 9.0, "too noisy to tell"),
        (0.85, 1.15, "no gain"),
        (0.84, 1.15, "no gain"),
        (0.85, 1.16, "too noisy to tell"),
        (0.1, 0.84, "loss"),
        (0.1, 0.85, "no gain"),
        (0.5, 2.0, "too noisy to tell"),
    ],
)
def test_the_verdict_is_about_the_whole_interval(low, high, word):
    assert ratios(low, low, (low + high) / 2, high, high).verdict(2).word == word


def test_the_verdict_is_a_sentence():
    verdict = ratios(0.95, 0.97, 0.98, 1.0, 1.01).verdict(2)
    assert str(verdict) == "2 threads: 0.98 times one thread (0.95 to 1.01): no gain"


def test_the_verdict_names_the_workers_after_the_executor():
    own = Scaling("work", "my_pool", 4, {1: Timing([1.0] * 5), 2: Timing([0.5] * 5)})
    assert own.verdict(2).sentence.startswith("2 workers: 2.00 times one worker")


def test_noise_in_short_runs_is_blamed_on_their_length():
    short = scaling([0.02] * 5, (0.01, 0.02, 0.02, 0.02, 0.03))
    assert "because a run took only 20 ms: give it 100 ms or more" in short.verdict(2).sentence


def test_noise_in_long_runs_is_blamed_on_the_rounds():
    long = scaling([2.0] * 5, (1.0, 2.0, 2.0, 2.0, 3.0))
    assert "because the rounds differ" in long.verdict(2).sentence


def test_fewer_than_five_rounds_are_said_to_be_too_few():
    few = ratios(2.0, 2.0).verdict(2).sentence
    assert few.endswith("gain (from 2 of the five rounds it takes to be 94 % sure)")
    assert "rounds it takes" not in ratios(*[2.0] * 5).verdict(2).sentence


def test_one_round_is_no_interval_and_no_verdict():
    assert ratios(1.44).verdict(2).sentence == (
        "2 threads: 1.44 times one thread: one round so far, too few to tell"
    )


def loaded(one, two, *, share, cpu, rounds=5):
    """Return so many equal rounds of one and two threads, with the cores' seconds in each."""
    timings = {n: Timing((s,) * rounds, (c,) * rounds) for n, s, c in ((1, one, cpu[0]), (2, two, cpu[1]))}
    return Scaling("work", "threads", 4, timings, share=share)


def test_a_gain_that_the_load_may_have_made_is_none():
    starved = loaded(0.4, 0.3, share=0.25, cpu=(0.1, 0.1))
    assert starved.verdict(2).sentence == (
        "2 threads: 1.33 times one thread (1.33 to 1.33): too noisy to tell, "
        "because other programs took 75 % of the time"
    )


def test_a_gain_of_work_that_waits_is_one_also_under_load():
    assert loaded(0.4, 0.2, share=0.25, cpu=(0.01, 0.01)).verdict(2).word == "gain"


def test_a_gain_of_work_on_two_cores_stays_one_beside_a_busy_process():
    assert loaded(0.4, 0.25, share=0.9, cpu=(0.36, 0.36)).verdict(2).word == "gain"


def test_a_loss_that_the_load_may_have_made_is_none():
    assert loaded(0.3, 0.4, share=0.5, cpu=(0.2, 0.2)).verdict(2).word == "too noisy to tell"


def test_a_loss_that_costs_the_cores_more_time_is_one_also_under_load():
    assert loaded(0.2, 0.6, share=0.9, cpu=(0.2, 0.6)).verdict(2).word == "loss"


@pytest.mark.parametrize(("rounds", "share", "said"), [(3, 0.5, False), (5, 0.5, True), (3, 0.9, True)])
@pytest.mark.parametrize(
    ("many", "cpu", "word"),
    [(1.6, (0.1, 0.8), "loss"), (0.2, (0.1, 0.01), "no gain"), (0.05, (0.1, 0.1), "gain")],
)
def test_under_load_every_verdict_takes_five_rounds(rounds, share, said, many, cpu, word):
    result = loaded(0.2, many, share=share, cpu=cpu, rounds=rounds)
    assert result.verdict(2).word == (word if said else "too noisy to tell")


def test_a_gain_of_who_hardly_computes_takes_three_also_under_load():
    assert loaded(0.2, 0.1, share=0.5, cpu=(0.01, 0.01), rounds=3).verdict(2).word == "gain"


@pytest.mark.parametrize(
    ("cores", "unit", "word"),
    [
        ((1.0, 1.0), 1.0, "no gain"),  # the speed of the cores differs, and both keep one of them busy
        ((1.0, 1.5), 1.0, "too noisy to tell"),
        ((0.1, 0.1), 1.0, "too noisy to tell"),  # of what waits that tells nothing
        ((1.0, 0.5), 2.0, "too noisy to tell"),  # of what other processes do for the many neither
        ((1.0, 1.0), 0.01, "too noisy to tell"),  # of less than a clock can count neither
    ],
)
def test_who_computes_and_keeps_no_more_cores_busy_gains_nothing(cores, unit, word):
    seconds = {1: (0.08, 0.13, 0.08, 0.13, 0.13), 2: (0.13, 0.08, 0.08, 0.08, 0.13)}
    timings = {
        n: Timing(tuple(unit * value for value in values), tuple(busy * unit * value for value in values))
        for (n, values), busy in zip(seconds.items(), cores, strict=True)
    }
    verdict = Scaling("work", "threads", 4, timings).verdict(2)
    assert verdict.word == word
    assert verdict.sentence.endswith("no gain, for they kept no more cores busy") == (word == "no gain")


@pytest.mark.parametrize(
    ("many", "busy", "rounds", "word"),
    [(0.5, 1.0, 5, "no gain"), (0.5, 0.7, 5, "loss"), (0.5, 1.0, 10, "loss"), (0.8, 1.0, 5, "loss")],
)
def test_who_keeps_as_many_cores_busy_loses_only_if_these_are_not_just_slower(many, busy, rounds, word):
    timings = {
        1: Timing((0.4,) * rounds, (0.4,) * rounds),
        2: Timing((many,) * rounds, (busy * many,) * rounds),
    }
    assert Scaling("work", "threads", 4, timings).verdict(2).word == word


def test_few_rounds_under_load_are_blamed_on_the_load():
    few = Scaling("work", "threads", 4, {1: Timing((0.4, 0.4)), 2: Timing((0.4, 0.4))}, share=0.5)
    assert few.verdict(2).sentence.endswith("because other programs took 50 % of the time")


def test_where_most_of_a_core_is_taken_no_gain_is_not_said():
    assert loaded(0.4, 0.4, share=0.5, cpu=(0.2, 0.2)).verdict(2).word == "too noisy to tell"


def test_time_of_unknown_processes_may_all_have_been_taken():
    unknown = Scaling("work", "processes", 4, {1: Timing((0.4,) * 5), 2: Timing((0.3,) * 5)}, share=0.5)
    assert unknown.verdict(2).word == "too noisy to tell"


@pytest.mark.parametrize(("rounds", "steady"), [(4, False), (5, True), (6, False), (9, False), (10, True)])
def test_whether_the_verdicts_are_clear_is_looked_at_after_5_and_10_rounds(rounds, steady):
    assert ratios(*[2.0] * rounds).steady == steady


def test_one_verdict_that_is_not_clear_is_not_steady():
    timings = {1: [1.0] * 5, 2: [0.5] * 5, 4: [0.5, 0.5, 1.0, 2.0, 2.0]}
    assert not Scaling("work", "threads", 4, {n: Timing(tuple(s)) for n, s in timings.items()}).steady


@pytest.mark.parametrize(
    ("rounds", "spent", "more"),
    [(4, 99.0, True), (5, 1.0, False), (6, 6.0, True), (6, 7.0, False), (6, 9.0, False)],
)
def test_another_round_is_taken_while_few_or_not_clear_and_expected_to_end_in_time(rounds, spent, more):
    assert another_round([ratios(*[2.0] * rounds)], spent, least=5, limit=8.0) is more


def test_a_clock_that_sees_no_time_pass_makes_no_speedup():
    assert scaling((0.0,), (0.0,)).speedup(2) == 1.0


def test_a_number_of_workers_that_was_not_measured_is_refused():
    with pytest.raises(ValueError, match=r"workers must be one of \[1, 2\], not 3"):
        ratios(1.0).speedup(3)


@pytest.mark.parametrize("timings", [{2: Timing((1.0,))}, {1: Timing((1.0,)), 2: Timing((1.0, 2.0))}])
def test_timings_without_one_worker_or_of_unequal_length_are_refused(timings):
    with pytest.raises(ValueError, match="timings must have the key 1"):
        Scaling("work", "threads", 4, timings)


def test_no_gain_looks_at_its_own_end_alone_where_the_interval_looks_at_both():
    eight = ratios(*[1.0] * 7, 1.3)
    assert eight.interval(2) == (1.0, 1.3)
    assert eight.verdict(2).word == "no gain"
    assert ratios(*[1.0] * 6, 1.3, 1.3).verdict(2).word == "too noisy to tell"
