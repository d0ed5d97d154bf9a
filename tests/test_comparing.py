from types import SimpleNamespace

import pytest
from matplotlib.figure import Figure

from threadlab.showing.comparing import compare, draw_times, times_words
from threadlab.showing.knees import Knee, Limits
from threadlab.showing.measured import Measured
from threadlab.workloads.downloads import Download

TIMES = {1: [3.0, 2.8], 8: [0.4, 0.4], 16: [0.2, 0.2], 32: [0.2, 0.2]}


def drawn(times=TIMES, *, before=None, workers=8, guess=None, knee=None, axis=None, limits=None):
    known = Measured((1, 8, 16, 32), limits=axis)
    for run in (before or {}, times):
        known.begin((), anew=True)
        for n, values in run.items():
            for seconds in values:
                known.add(("", n), seconds, None)
    ax = Figure().add_subplot()
    draw_times(ax, known, workers, guess, knee, limits)
    return ax


def lines(ax, label):
    return [line for line in ax.lines if line.get_label() == label]


def test_the_ideal_of_a_site_is_what_it_allows():
    limits = Limits((0,) * 32, latency=0.1, at_once=16)
    assert list(lines(drawn(limits=limits), "ideal")[0].get_ydata()) == pytest.approx([3.2, 0.4, 0.2, 0.2])


def test_the_ideal_of_a_site_is_there_before_anything_is_measured():
    limits = Limits((0,) * 32, latency=0.1, at_once=16)
    assert list(lines(drawn({}, limits=limits), "ideal")[0].get_ydata()) == pytest.approx(
        [3.2, 0.4, 0.2, 0.2]
    )


def test_the_ideal_of_a_site_stays_when_what_was_measured_is_cleared():
    known = Measured((1, 8))
    known.add(("", 8), 0.2, [Download("http://127.0.0.1/a")] * 32)
    known.clear()
    against = compare(known, 8, site=SimpleNamespace(at_once=4), latency=0.1).figure.axes[1]
    assert list(lines(against, "ideal")[0].get_ydata()) == pytest.approx([3.2, 0.8])


def test_with_a_site_an_empty_waterfall_waits_for_its_downloads():
    run = compare(Measured((1, 8)), 8, site=object()).figure.axes[0]
    assert (run.get_title("left"), run.get_xlim()) == ("8 threads", (0, 1))
    assert "green: connects" in run.texts[0].get_text()


def test_each_number_of_workers_has_its_speedup_beside_it():
    assert [text.get_text() for text in drawn().texts if "×" in text.get_text()] == ["7.2×", "14×", "14×"]


def test_the_speedups_are_said_in_words():
    assert "16 threads 0.2 s, 14.5 times as fast" in times_words({1: 2.9, 16: 0.2}, 16)


def test_the_ideal_shares_the_time_of_the_fewest_workers_out():
    assert list(lines(drawn({8: [1.0], 16: [0.9]}), "ideal")[0].get_ydata()) == [8.0, 1.0, 0.5, 0.25]


def test_all_points_are_drawn_and_the_medians_joined():
    ax = drawn()
    assert list(lines(ax, "measured")[0].get_ydata()) == [3.0, 2.8]
    assert list(lines(ax, "median")[0].get_ydata()) == [2.9, 0.4, 0.2, 0.2]


def test_the_run_before_is_drawn_in_grey():
    assert list(lines(drawn(before={8: [0.5], 1: [3.0]}), "the run before")[0].get_ydata()) == [3.0, 0.5]


def test_the_knee_is_said_in_words_and_pointed_at():
    ax = drawn(knee=Knee(16, "the server is full (16 at once)"))
    note = next(text for text in ax.texts if text.get_text().startswith("the knee"))
    assert note.get_text() == "the knee: from 16 threads on\nthe server is full (16 at once)"
    assert note.xy == (16, 0.2)


def test_the_axis_of_times_never_shrinks_below_its_limits():
    assert drawn(axis=(0.01, 50)).get_ylim() == (0.01, 50)


def test_the_axis_of_times_holds_the_ideal():
    low, high = drawn({8: [1.0]}).get_ylim()
    assert low < 8 / 32
    assert high > 8


def test_the_guess_is_dashed_at_its_seconds():
    (guess,) = lines(drawn(guess=0.5), "your guess")
    assert (set(guess.get_ydata()), guess.get_linestyle()) == ({0.5}, "--")


def test_the_setting_of_the_slider_is_pointed_out():
    assert set(lines(drawn(workers=16), "shown")[0].get_xdata()) == {16}


def test_nothing_measured_leaves_empty_axes():
    assert lines(drawn({}), "median") == []


def test_equal_times_are_not_said_to_be_less():
    assert times_words({16: 0.31, 64: 0.3}, 64).splitlines()[0] == "64 threads: 0.3 s, as with 16"
    assert (
        times_words({16: 0.41, 64: 0.3}, 64).splitlines()[0] == "64 threads: 0.3 s instead of 0.4 s with 16"
    )
