import pytest

from threadlab.running.scaling import Scaling, Timing
from threadlab.showing.predicted import draw_choice, headline
from threadlab.workloads.kinds import Choice

THREADS = Choice("threads", "a thread that waits lets go of the GIL")
TINY = Choice("serial", "tiny")
SERIAL = {"serial": [0.4, 0.41]}


def known(*, share=1.0, cpu=0.0, **times):
    """Build what race() returns for each way, of four tasks on four workers or all at once."""
    rounds = {way: tuple(seconds * 6)[:6] for way, seconds in (SERIAL | times).items()}
    one = {1: Timing(rounds["serial"], (cpu,) * 6)}
    timings = {way: one if way == "serial" else one | {4: Timing(seconds)} for way, seconds in rounds.items()}
    return {way: Scaling("perform", way, 4, each, share=share) for way, each in timings.items()}


def bars(picture):
    return {bars.get_label(): bars for bars in picture.figure.axes[0].containers}


def texts(picture):
    return [text.get_text() for text in picture.figure.axes[0].texts]


def test_a_right_prediction_is_said_with_its_time_and_that_of_serial():
    said = headline(THREADS, known(threads=[0.1], processes=[0.3], asyncio=[0.4]))
    assert said == "Predicted: threads; measured: threads are fastest (100 ms; serial 405 ms)"


def test_what_no_clock_shows_does_not_ask_for_a_run():
    said = draw_choice(Choice("serial", "too many orders", timed=False), {}).alt.splitlines()[0]
    assert said == "Predicted: serial, for a reason that no clock shows."


def test_one_round_is_said_to_be_one_and_proves_nothing_wrong():
    one = {1: Timing((0.4,))}
    once = {way: Scaling("perform", way, 4, one | {4: Timing((s,))}) for way, s in (("threads", 0.2),)}
    once["serial"] = Scaling("perform", "serial", 4, one)
    said = headline(TINY, once)
    assert said == "Predicted: serial; measured once: threads are fastest (200 ms; serial 400 ms)"
    assert "200 ms, 2.0 times as fast as one at a time" in texts(draw_choice(TINY, once))


def test_a_way_that_is_nearly_the_fastest_is_right_and_the_fastest_is_named():
    said = headline(THREADS, known(threads=[0.105], processes=[0.1], asyncio=[0.4]))
    assert said.endswith("measured: threads are within 15 % of the fastest (105 ms; processes 100 ms)")


def test_a_way_that_no_other_beats_is_right():
    said = headline(THREADS, known(threads=[0.1], processes=[0.105], asyncio=[0.4]))
    assert said.endswith("measured: no way is faster than threads (100 ms; processes 105 ms)")


def test_a_prediction_that_another_way_beats_was_wrong():
    said = headline(THREADS, known(threads=[0.4], processes=[0.2], asyncio=[0.4]))
    assert said == "Predicted: threads, and that was wrong: processes are fastest (200 ms; threads 400 ms)"


def test_one_of_several_ways_that_beat_the_predicted_one_is_said_to_be_faster():
    said = headline(THREADS, known(threads=[0.4], processes=[0.2], asyncio=[0.21]))
    assert said == "Predicted: threads, and that was wrong: processes are faster (200 ms; threads 400 ms)"


def test_threads_that_gain_nothing_over_serial_were_the_wrong_prediction():
    said = headline(THREADS, known(threads=[0.41], processes=[0.5], asyncio=[0.4]))
    assert said.endswith("and that was wrong: no faster than one at a time (410 ms; serial 405 ms)")


def test_serial_is_right_where_every_other_way_is_slower():
    said = headline(TINY, known(threads=[0.9], processes=[2.0], asyncio=[0.8]))
    assert said == "Predicted: serial; measured: serial is fastest (405 ms; asyncio 800 ms)"


def test_serial_is_wrong_where_another_way_gains():
    said = headline(TINY, known(threads=[0.1], processes=[0.2], asyncio=[0.4]))
    assert said == "Predicted: serial, and that was wrong: threads are fastest (100 ms; serial 405 ms)"


def test_serial_is_not_said_to_be_right_where_its_bar_is_long_and_the_rounds_differ():
    said = headline(TINY, known(serial=[1.2, 0.4], threads=[0.4, 0.5], processes=[0.4], asyncio=[0.5]))
    assert said == "Predicted: serial; measured: too noisy to tell. Close other programs and run again"


def test_rounds_that_overlap_prove_nothing_wrong():
    said = headline(THREADS, known(threads=[0.1, 0.5], processes=[0.1, 0.12], asyncio=[0.4]))
    assert said == "Predicted: threads; measured: too noisy to tell. Close other programs and run again"


def test_of_ways_that_beat_serial_alone_no_more_is_said():
    said = headline(THREADS, known(threads=[0.1, 0.3], processes=[0.1, 0.12], asyncio=[0.4]))
    assert said.endswith(
        "measured: faster than one at a time (200 ms; serial 405 ms); too noisy to tell which is fastest"
    )


def test_a_loss_that_other_programs_may_have_made_proves_nothing_wrong():
    busy = known(threads=[0.3], processes=[0.2], asyncio=[0.4], share=0.5)
    assert "too noisy to tell" in headline(THREADS, busy)


@pytest.mark.parametrize(
    ("gone", "said"),
    [
        (["threads"], "Predicted: threads; threads could not be measured"),
        (["serial"], "Predicted: threads; serial could not be measured"),
        (["serial", "threads"], "Predicted: threads; no way could be measured"),
    ],
)
def test_what_could_not_be_measured_is_not_left_for_run(gone, said):
    left = {way: each for way, each in known(threads=[0.1]).items() if way not in gone}
    problems = dict.fromkeys({"serial", "threads", "processes", "asyncio"} - set(left), "it raised")
    assert draw_choice(THREADS, left, problems).alt.splitlines()[0] == said


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
    assert "400 ms, 1.0 times as fast as one at a time: no gain" in said
    assert "800 ms, 0.51 times as fast as one at a time: loss" in said


def test_times_as_fast_fits_the_seconds_that_are_drawn():
    said = texts(draw_choice(THREADS, known(serial=[0.0002], threads=[0.0021], asyncio=[0.0001, 0.0003])))
    assert "2.1 ms, 0.10 times as fast as one at a time: loss" in said
    assert "200 µs, 1.0 times as fast as one at a time: too noisy to tell" in said


def test_a_way_that_cannot_be_measured_says_why_and_the_rest_is_judged():
    problems = {"asyncio": "fetch is no coroutine function"}
    alt = draw_choice(THREADS, known(threads=[0.1], processes=[0.3]), problems).alt
    assert "measured: threads are fastest" in alt
    assert "asyncio: fetch is no coroutine function" in alt


@pytest.mark.parametrize(
    ("cpu", "share", "said"),
    [
        (0.0, 1.0, "a core was busy 0 % of the time: it waits."),
        (0.0, 0.4, "a core was busy 0 % of the time: it waits."),
        (0.2, 1.0, "a core was busy 49 % of the time: it waits and computes."),
        (0.4, 1.0, "a core was busy 99 % of the time: it computes."),
        (0.09, 0.35, "busy 22 % of the time, other programs took 65 %: too noisy to tell more."),
        (0.15, 0.4, "busy 37 % of the time, other programs took 60 %: too noisy to tell more."),
    ],
)
def test_how_busy_serial_kept_a_core_tells_what_the_tasks_do(cpu, share, said):
    found = known(cpu=cpu, share=share, threads=[0.1], processes=[0.3], asyncio=[0.4])
    assert said in draw_choice(THREADS, found).alt


def test_a_run_of_a_few_milliseconds_does_not_tell_what_a_task_does():
    found = known(serial=[0.0055], threads=[0.004], processes=[0.02], asyncio=[0.005])
    assert "a run took only 5.5 ms: too noisy to tell what a task does" in draw_choice(THREADS, found).alt


@pytest.mark.parametrize("load", [{}, {"cpu": 0.09, "share": 0.35}])
def test_no_words_leave_the_picture(load):
    picture = draw_choice(THREADS, known(threads=[0.1, 0.9], processes=[3.0], asyncio=[0.4], **load))
    picture.figure.canvas.draw()
    for text in picture.figure.axes[0].texts:
        box = text.get_window_extent()
        assert picture.figure.bbox.fully_contains(box.x0, box.y0), text
        assert picture.figure.bbox.fully_contains(box.x1, box.y1), text
