from dataclasses import replace

import pytest

from threadlab.running.scaling import Scaling, Timing
from threadlab.showing.predicted import draw_choice, headline
from threadlab.workloads.kinds import Choice

THREADS = Choice("threads", "a thread that waits lets go of the GIL")
SERIAL = {"serial": [0.4, 0.41]}


def known(**times):
    """Build what sweep() returns for each way, of four tasks on four workers or all at once."""
    found = {}
    for way, seconds in (SERIAL | times).items():
        rounds = Timing(tuple(seconds * 6)[:6], (0.0,) * 6 if way == "serial" else ())
        one = {1: Timing((0.4,) * 6)} if way != "serial" else {}
        found[way] = Scaling("perform", way, 4, one | {4 if one else 1: rounds})
    return found


def bars(picture):
    return {bars.get_label(): bars for bars in picture.figure.axes[0].containers}


def texts(picture):
    return [text.get_text() for text in picture.figure.axes[0].texts]


def test_a_right_prediction_is_said_with_its_time_and_that_of_serial():
    said = headline(THREADS, known(threads=[0.1], processes=[0.3], asyncio=[0.4]))
    assert said == "Predicted: threads; measured: threads are fastest (100 ms; serial 0.4 s)"


def test_one_round_is_said_to_be_one():
    once = {"serial": replace(known()["serial"], timings={1: Timing((0.4,))})}
    assert "; measured once: serial is" in headline(Choice("serial", "tiny"), once)


def test_several_fast_ways_are_as_fast_as_any():
    said = headline(THREADS, known(threads=[0.105], processes=[0.1], asyncio=[0.4]))
    assert said == "Predicted: threads; measured: threads are as fast as any (105 ms; serial 0.4 s)"


def test_a_prediction_that_another_way_beats_was_wrong():
    said = headline(THREADS, known(threads=[0.4], processes=[0.2], asyncio=[0.4]))
    assert said == "Predicted: threads, and that was wrong: processes are fastest (0.2 s; threads 0.4 s)"


def test_threads_that_gain_nothing_over_serial_were_the_wrong_prediction():
    said = headline(THREADS, known(threads=[0.41], processes=[0.5], asyncio=[0.4]))
    assert said == "Predicted: threads, and that was wrong: no faster than one at a time (0.4 s)"


def test_serial_is_right_where_no_other_way_gains():
    said = headline(Choice("serial", "tiny"), known(threads=[0.9], processes=[2.0], asyncio=[0.8]))
    assert said == "Predicted: serial; measured: serial is fastest (0.4 s; threads 0.9 s)"


def test_serial_is_right_where_what_is_noisy_is_slower_in_every_round():
    found = known(processes=[2.0], asyncio=[0.8], threads=[0.42, 0.9])
    noisy = {1: Timing((0.6,) * 6), 4: found["threads"].timings[4]}
    found["threads"] = replace(found["threads"], timings=noisy)
    assert "measured: serial is fastest (0.4 s; threads" in headline(Choice("serial", "tiny"), found)


def test_serial_is_wrong_where_another_way_gains():
    said = headline(Choice("serial", "tiny"), known(threads=[0.1], processes=[0.2], asyncio=[0.4]))
    assert said == "Predicted: serial, and that was wrong: threads are fastest (100 ms; serial 0.4 s)"


def test_rounds_that_overlap_prove_nothing_wrong():
    said = headline(THREADS, known(threads=[0.1, 0.3], processes=[0.1, 0.12], asyncio=[0.4]))
    assert said == "Predicted: threads; measured: too noisy to tell. Close other programs and run again"


def test_nothing_is_proved_wrong_while_other_programs_take_the_cores():
    busy = known(threads=[0.3], processes=[0.1], asyncio=[0.4])
    busy["threads"] = replace(busy["threads"], share=0.5)
    assert "too noisy to tell" in headline(THREADS, busy)


def test_a_reason_that_no_clock_shows_is_not_proved_wrong_by_one():
    said = headline(Choice("serial", "too many orders", timed=False), known(threads=[0.1]))
    assert said.startswith("Predicted: serial, for a reason that no clock shows; measured: threads are")


@pytest.mark.parametrize("measured", [{}, {"threads": known(threads=[0.1])["threads"]}])
def test_before_all_is_measured_there_is_only_the_prediction(measured):
    alt = draw_choice(THREADS, measured).alt
    assert alt.startswith("Predicted: threads. Press Run")
    assert "processes: not measured yet" in alt
    assert THREADS.reason in alt


def test_there_is_a_bar_for_each_way_and_the_predicted_one_is_marked():
    picture = draw_choice(THREADS, known(threads=[0.1], processes=[0.3], asyncio=[0.4]))
    assert {way: bar[0].get_width() for way, bar in bars(picture).items()} == {
        "serial": pytest.approx(0.405),
        "threads": 0.1,
        "processes": 0.3,
        "asyncio": 0.4,
    }
    assert [way for way, bar in bars(picture).items() if bar[0].get_linestyle() == "--"] == ["threads"]
    assert "threads (predicted)" in texts(picture)


def test_the_spread_goes_from_the_fastest_to_the_slowest_round():
    picture = draw_choice(THREADS, known(threads=[0.1, 0.2]))
    spreads = [line.get_segments()[0][:, 0].tolist() for line in picture.figure.axes[0].collections]
    assert [0.1, 0.2] in spreads


def test_threads_that_do_not_help_are_said_to_be_no_gain_or_a_loss():
    said = texts(draw_choice(THREADS, known(threads=[0.4], processes=[0.8], asyncio=[0.1])))
    assert "0.4 s, 1.0 times as fast as one at a time: no gain" in said
    assert "0.8 s, 0.5 times as fast as one at a time: loss" in said


def test_a_way_that_cannot_be_measured_says_why_and_the_rest_is_judged():
    problems = {"asyncio": "fetch is no coroutine function"}
    alt = draw_choice(THREADS, known(threads=[0.1], processes=[0.3]), problems).alt
    assert "measured: threads are fastest" in alt
    assert "asyncio: fetch is no coroutine function" in alt


def test_how_busy_serial_kept_a_core_tells_what_the_tasks_do():
    alt = draw_choice(THREADS, known(threads=[0.1], processes=[0.3], asyncio=[0.4])).alt
    assert "a core was busy 0 % of the time: it waits" in alt


def test_no_words_leave_the_picture():
    picture = draw_choice(THREADS, known(threads=[0.1, 0.9], processes=[3.0], asyncio=[0.4]))
    picture.figure.canvas.draw()
    for text in picture.figure.axes[0].texts:
        box = text.get_window_extent()
        assert picture.figure.bbox.fully_contains(box.x0, box.y0), text
        assert picture.figure.bbox.fully_contains(box.x1, box.y1), text
