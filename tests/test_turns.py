"""Turns and waits of threads, busyness and progress of runs: the numbers, the words and the bars."""

import pytest
from matplotlib.figure import Figure

from threadlab import plot_meters
from threadlab.running.timeline import Lane, Span, Timeline
from threadlab.showing.turns import TURNS, bars, longest_wait, turns_words

STUCK = Lane(
    "Ann", (Span(0.0, 0.1, "waiting"), Span(0.1, 2.0, "blocked")), end="was still waiting for a lock"
)
POLITE = Lane("Ann", (Span(0.0, 2.0, "waiting"),), end="was still busy")
DONE = Lane("Ann", (Span(0.0, 0.5, "running"),))
RUNS = {name: Timeline((lane, lane), 2.0) for name, lane in (("deadlock", STUCK), ("livelock", POLITE))}
GOT = {"Gus": (30, 60), "Ann": (6, 200), "Bob": (8, 150)}


def widths(ax, label, column):
    part = ax.child_axes[column]
    return [bar.get_width() for bars in part.containers if bars.get_label() == label for bar in bars]


def test_who_waits_for_a_lock_is_not_busy_and_who_sleeps_between_two_tries_is():
    ax = plot_meters(RUNS)
    assert widths(ax, "now", 0) == [5, 100]


def test_progress_counts_the_threads_that_got_done():
    ax = plot_meters(RUNS | {"random back-off": Timeline((DONE, DONE), 0.5)})
    assert widths(ax, "now", 1) == [0, 0, 2]


def test_the_headline_names_a_run_in_which_nobody_got_done():
    assert plot_meters(RUNS).get_title("left") == "livelock: busy 100 % of the time, 0 of 2 threads got done"


def test_meters_can_be_drawn_on_axes_of_ones_own():
    ax = Figure().add_subplot()
    assert plot_meters(RUNS, ax=ax) is ax


@pytest.mark.parametrize("wrong", [{}, [Timeline((), 0.0)], None])
def test_meters_want_runs_by_name(wrong):
    with pytest.raises(TypeError, match="result must be a dict such as"):
        plot_meters(wrong)


def test_meters_say_what_is_no_run():
    with pytest.raises(TypeError, match="result must be a dict of runs, as watch"):
        plot_meters({"deadlock": 3})


def test_who_is_woken_and_waits_again_has_waited_all_the_time():
    again = Span(1.001, 3.0, "blocked")
    assert longest_wait(Lane("Ann", (Span(0.0, 1.0, "blocked"), again))) == 3.0
    assert longest_wait(Lane("Ann", (Span(0.0, 1.5, "blocked"), Span(2.0, 3.0, "blocked")))) == 1.5


def test_the_words_name_the_most_and_the_fewest_turns_and_the_longest_wait():
    first, *each = turns_words(GOT).splitlines()
    assert first == "Gus 30 turns, Ann 6 turns; the longest wait: 200 ms"
    assert each[1] == "Ann: 6 turns, longest wait 200 ms"


def test_the_run_before_is_a_grey_bar_below_each():
    ax = bars(GOT, TURNS, (40.0, 300.0), {"Gus": (13, 60)})
    assert widths(ax, "now", 0) == [30, 6, 8]
    assert widths(ax, "the run before", 1) == [60]
