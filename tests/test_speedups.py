from dataclasses import replace
from types import SimpleNamespace

import pytest

from threadlab.running.machine import Machine
from threadlab.running.scaling import Scaling, Timing
from threadlab.showing.speedups import line_names, plot_scaling, scaling_words
from threadlab.showing.style import GHOST

TWO_CORES = Machine("CPython 3.11.7", True, 2, "linux")


def scaling(name, *speedups, executor="threads"):
    """Return a Scaling with these speed-ups for 1, 2, 4, 8, ... workers, by turns 1 % up and down."""
    timings = {
        2**k: Timing(tuple(wobble / speedup for wobble in (0.99, 1.0, 1.01)))
        for k, speedup in enumerate(speedups)
    }
    timings[1] = Timing((1.0, 1.0, 1.0))
    return Scaling(name, executor, 4, timings, machine=TWO_CORES)


PRIMES, HASHES, WAITS = scaling("primes", 1, 1, 0.98), scaling("hashes", 1, 2, 2), scaling("waits", 1, 2, 4)


def line(ax, label):
    return next(line for line in ax.lines if line.get_label() == label)


def headline(*results):
    return scaling_words(results).splitlines()[0]


def texts(ax):
    return [text.get_text() for text in ax.texts]


def test_each_kind_of_work_is_a_line_of_its_speed_ups():
    ax = plot_scaling([PRIMES, HASHES, WAITS])
    assert list(line(ax, "hashes").get_xdata()) == [1, 2, 4]
    assert [round(y, 2) for y in line(ax, "hashes").get_ydata()] == [1, 2, 2]


def test_lines_differ_in_colour_and_in_marker():
    lines = [line(plot_scaling([PRIMES, HASHES, WAITS]), name) for name in ("primes", "hashes", "waits")]
    assert len({one.get_color() for one in lines}) == len({one.get_marker() for one in lines}) == 3


def test_the_spread_is_drawn_as_the_interval_of_each_point():
    low, high = PRIMES.interval(4)
    drawn = [
        path.vertices[:, 1].tolist() for bars in plot_scaling(PRIMES).collections for path in bars.get_paths()
    ]
    assert [low, high] in drawn


def test_the_headline_tells_the_verdict_of_the_first_kind_of_work():
    assert headline(PRIMES, WAITS) == "primes on 4 threads: 0.98 times as fast as one. No gain."


def test_the_verdict_stands_below_the_picture_with_its_interval():
    line = next(text for text in plot_scaling(PRIMES).texts if "(" in text.get_text())
    assert line.get_text().startswith("4 threads: 0.98 times one thread (0.97 to 0.99): no gain")
    assert line.get_fontsize() >= 14


def test_the_words_can_be_about_another_kind_of_work_which_keeps_its_colour():
    ax = plot_scaling([PRIMES, WAITS], first="waits")
    assert ax.get_title("left").startswith("waits on 4 threads")
    assert any(text.startswith("4 threads: 4.00 times one thread") for text in texts(ax))
    assert line(ax, "waits").get_color() == line(plot_scaling([PRIMES, WAITS]), "waits").get_color()


def test_where_nothing_is_compared_no_verdict_stands_below():
    assert not any("times one" in text for text in texts(plot_scaling(PRIMES, workers=1)))


def test_what_was_recorded_elsewhere_is_dashed_and_hollow_and_named():
    ax = plot_scaling(HASHES, recorded=[SimpleNamespace(scaling=WAITS, label="recorded: 8 cores")])
    recorded = line(ax, "recorded: 8 cores")
    assert (list(recorded.get_xdata()), recorded.get_linestyle()) == ([1, 2, 4], "--")
    assert recorded.get_markerfacecolor() == "white"
    assert "waits, recorded" in texts(ax)
    assert "times as fast as one      dashed: recorded: 8 cores" in texts(ax)


def test_the_headline_can_be_about_another_number_of_workers():
    assert (
        plot_scaling(WAITS, workers=2).get_title("left")
        == "waits on 2 threads: 2.00 times as fast as one. Gain."
    )


def test_of_one_round_the_headline_tells_no_verdict():
    once = Scaling("primes", "threads", 4, {1: Timing((1.44,)), 4: Timing((1.0,))})
    assert headline(once) == "primes on 4 threads: 1.44 times as fast as one. One round so far."


def test_processes_are_called_processes():
    result = scaling("primes", 1, 2, executor="processes")
    assert headline(result) == "primes on 2 processes: 2.00 times as fast as one. Gain."


def test_the_headline_over_several_ways_to_run_the_same_says_which_of_them_gain():
    said = headline(
        PRIMES, *(scaling("primes", 1, 2, 2, executor=way) for way in ("processes", "interpreters"))
    )
    assert said == "primes, 4 workers: gain with processes and interpreters, no gain with threads"


def test_a_speed_up_above_ten_needs_no_second_decimal():
    assert "15.9 times" in headline(scaling("waits", 1, 2, 4, 8, 15.9))


def test_the_same_work_in_threads_and_processes_is_told_apart_by_name():
    names = line_names([PRIMES, scaling("primes", 1, 2, 2, executor="processes"), WAITS])
    assert names == ["primes, threads", "primes, processes", "waits"]


def test_the_ideal_is_as_many_times_as_there_are_workers():
    ideal = line(plot_scaling(PRIMES), "ideal")
    assert (list(ideal.get_xdata()), list(ideal.get_ydata()), ideal.get_linestyle()) == ([1, 4], [1, 4], ":")


def test_a_line_stands_at_the_usable_cores():
    ax = plot_scaling(PRIMES)
    assert set(line(ax, "usable cores").get_ydata()) == {2}
    assert "2 cores" in texts(ax)


def test_names_at_the_ends_of_lines_do_not_cover_each_other():
    ax = plot_scaling([scaling(f"work {n}", 1, 2, 3.9 + n / 100) for n in range(5)])
    ax.figure.canvas.draw()
    boxes = [text.get_window_extent() for text in ax.texts if text.get_text().startswith("work")]
    assert not any(a.overlaps(b) for a in boxes for b in boxes if a is not b)


def test_the_guess_is_dashed_and_named():
    ax = plot_scaling(PRIMES, guess=3)
    guess = line(ax, "your guess")
    assert (list(guess.get_ydata()), guess.get_linestyle()) == ([1, 3], "--")
    assert "your guess" in texts(ax)


def test_the_run_before_is_a_grey_ghost():
    ax = plot_scaling(PRIMES, before=HASHES)
    assert line(ax, "hashes before").get_color() == GHOST
    assert any("grey: before" in text for text in texts(ax))


def test_a_run_before_that_measured_nothing_is_not_announced():
    alone = Scaling("primes", "threads", 1, {1: Timing((1.0,))})
    assert not any("grey" in text for text in texts(plot_scaling(PRIMES, before=[alone])))


def test_many_workers_are_drawn_by_doubling():
    ax = plot_scaling(scaling("waits", 1, 2, 4, 8, 16))
    assert (ax.get_xscale(), ax.get_yscale()) == ("log", "log")
    assert list(ax.get_xticks()) == [1, 2, 4, 8, 16]


def test_the_axes_reach_to_workers_that_were_not_measured_yet():
    assert plot_scaling(PRIMES, reach=8).get_xlim()[1] > 8


def test_work_that_was_not_measured_yet_keeps_its_colour_for_later():
    alone = Scaling("primes", "threads", 1, {1: Timing((1.0,))})
    later = line(plot_scaling([PRIMES, WAITS]), "waits").get_color()
    assert line(plot_scaling([alone, WAITS]), "waits").get_color() == later
    assert "primes" not in texts(plot_scaling([alone, WAITS]))


def test_the_words_tell_the_verdict_of_every_line_and_the_guess():
    words = scaling_words([PRIMES, WAITS], 3).splitlines()
    assert words[0] == "primes on 4 threads: 0.98 times as fast as one. No gain."
    assert words[2].startswith("waits: 2 threads: 2.00 times one thread (1.98 to 2.02): gain")
    assert words[-1] == "Your guess: 3 times."


def test_what_is_no_scaling_is_named():
    with pytest.raises(TypeError, match=r"result must be what sweep\(\) returned, or a list of it, not 2.0"):
        plot_scaling(2.0)


def test_nothing_to_compare_is_drawn_empty():
    assert plot_scaling([]).get_title("left") == "Not measured here yet"


def test_the_machine_and_the_rounds_stand_below():
    assert "CPython 3.11.7, GIL on · 2 usable cores · 3 rounds" in texts(plot_scaling(PRIMES))


def test_of_what_was_not_measured_no_rounds_are_said():
    nothing = Scaling("primes", "threads", 1, {1: Timing((1.0,))}, machine=PRIMES.machine)
    assert "CPython 3.11.7, GIL on · 2 usable cores" in texts(plot_scaling(nothing))


def test_what_was_recorded_of_the_same_work_has_its_colour_and_another_way_a_new_one():
    same, other = (
        SimpleNamespace(scaling=replace(HASHES, executor=executor), label=f"recorded: {executor}")
        for executor in (HASHES.executor, "processes")
    )
    ax = plot_scaling(HASHES, recorded=[same, other])
    colours = [line(ax, label).get_color() for label in ("threads", same.label, other.label)]
    assert colours[0] == colours[1] != colours[2]
    assert {"threads", "processes, recorded"} <= set(texts(ax))
    assert "threads, recorded" not in texts(ax)


def test_of_many_recordings_it_is_said_only_that_they_are():
    several = [SimpleNamespace(scaling=HASHES, label=f"recorded on computer {number}") for number in range(9)]
    assert "times as fast as one      dashed: recorded" in texts(plot_scaling(HASHES, recorded=several))


def test_ways_to_do_the_same_work_are_named_by_their_workers():
    assert line_names([HASHES, replace(HASHES, executor="processes")]) == ["threads", "processes"]
