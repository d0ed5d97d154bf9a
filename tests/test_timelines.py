from collections import namedtuple
from itertools import accumulate, pairwise
from types import SimpleNamespace

import pytest

from threadlab.running.machine import Machine
from threadlab.running.timeline import Change, Lane, Mark, Span, Timeline
from threadlab.showing import saying
from threadlab.showing.style import GREY, ORANGE, RED, scale
from threadlab.showing.timelines import LEAST_PIECE, plot_timeline

Box = namedtuple("Box", "left right top bottom")


def order(number, start, **more):
    spans = (Span(start, start + 0.02, "running"), Span(start + 0.02, start + 0.5, "waiting", "the payment"))
    return Lane(f"order {number}", spans, **more)


ONE_BY_ONE = Timeline(tuple(order(n, n / 2) for n in range(8)), 4.0)
TOGETHER = Timeline(tuple(order(n, n / 500) for n in range(8)), 0.52)
TAKES = tuple(
    Lane(name, (Span(0, 0.5, "waiting", "the payment"),), (Mark(0.001, "looks: 1"), Mark(0.49, "takes")))
    for name in ("Ann", "Bob")
)
SOLD_TWICE = Timeline(
    TAKES, 0.5, tuple(Change(t, 'stock["mug"]', v) for t, v in ((0, 1), (0.49, 0), (0.4901, -1)))
)


def bars(ax, state):
    """Return the boxes drawn for `state`: left, right, top, bottom."""
    drawn = [path.get_extents() for group in groups(ax, state) for path in group.get_paths()]
    return [Box(extents.x0, extents.x1, extents.y0, extents.y1) for extents in drawn]


def headline(*runs):
    return saying.timeline_words(*runs).splitlines()[0]


def groups(ax, state):
    return [group for group in ax.collections if group.get_label() == state]


def texts(ax):
    return [text.get_text() for text in ax.texts]


def test_each_span_becomes_one_bar_of_its_length_at_its_time():
    waits = bars(plot_timeline(TOGETHER), "waiting")
    assert [(round(bar.left, 3), round(bar.right, 3)) for bar in waits[:2]] == [(0.02, 0.5), (0.022, 0.502)]
    assert len(waits) == 8


def test_waiting_is_hatched_and_running_is_solid():
    ax = plot_timeline(TOGETHER)
    assert {group.get_hatch() for group in groups(ax, "waiting")} == {"///"}
    assert {group.get_hatch() for group in groups(ax, "running")} == {None}


def test_being_blocked_is_a_thin_line():
    lock = Lane("Bob", (Span(0, 1, "running"), Span(1, 2, "blocked", "lock")))
    ax = plot_timeline(Timeline((lock,), 2.0))
    (thin,), (thick,) = bars(ax, "blocked"), bars(ax, "running")
    assert thin.bottom - thin.top < (thick.bottom - thick.top) / 4


def test_a_piece_of_a_millisecond_in_four_seconds_is_still_wide_enough_to_be_seen():
    short = Timeline(
        (Lane("Ann", (Span(0, 0.001, "running"), Span(0.001, 4, "waiting", "the payment"))),), 4.0
    )
    ax = plot_timeline(short)
    (piece,) = bars(ax, "running")
    assert round((piece.right - piece.left) * scale(ax), 6) == LEAST_PIECE


def test_the_run_before_stands_above_in_grey_on_the_same_time_axis():
    ax = plot_timeline(TOGETHER, before=ONE_BY_ONE)
    grey, blue = bars(ax, "waiting")[:8], bars(ax, "waiting")[8:]
    assert max(bar.bottom for bar in grey) < min(bar.top for bar in blue)
    assert grey[-1].right == 4.0
    assert texts(ax).count("order 0") == 2


def test_the_headline_says_that_the_waits_overlap():
    assert (
        plot_timeline(TOGETHER, before=ONE_BY_ONE).get_title("left")
        == "0.5 s instead of 4.0 s: the waits overlap"
    )


def test_run_in_place_of_start_is_said_to_be_still_one_after_the_other():
    assert headline(ONE_BY_ONE, ONE_BY_ONE) == "4.0 s instead of 4.0 s: still one after the other"


def test_threads_that_compute_are_said_to_be_no_faster():
    busy = Timeline(tuple(Lane(f"thread {n}", (Span(0, 3.9, "running"),)) for n in (1, 2)), 3.9)
    assert headline(busy, ONE_BY_ONE) == "3.9 s instead of 4.0 s: no faster"


def test_another_way_to_start_the_same_threads_is_no_faster():
    assert headline(TOGETHER, TOGETHER) == "0.5 s instead of 0.5 s: no faster"


def test_sleeping_is_called_sleeping_and_a_lock_gets_its_article():
    asleep = Lane("Ann", (Span(0, 1, "waiting", "sleep"), Span(1, 2, "blocked", "lock")))
    assert {"sleeps", "waits for the lock"} <= set(texts(plot_timeline(Timeline((asleep,), 2.0))))


def test_one_lane_that_was_ended_is_named():
    assert headline(Timeline((order(1, 0, end="was ended"),), 0.5)) == "order 1 was ended"


def test_faster_work_without_waits_is_not_called_overlapping_waits():
    busy = Timeline(tuple(Lane(f"thread {n}", (Span(0, 1.9, "running"),)) for n in (1, 2)), 1.9)
    assert headline(busy, ONE_BY_ONE) == "1.9 s instead of 4.0 s: faster"


def test_a_run_alone_is_named_by_its_threads():
    assert headline(TOGETHER) == "8 threads: 0.5 s"
    assert headline(ONE_BY_ONE) == "One after the other: 4.0 s"


def test_what_it_waits_for_is_said_once_for_many_lanes_and_at_each_of_few():
    assert sum("for the payment" in text for text in texts(plot_timeline(TOGETHER))) == 1
    assert texts(plot_timeline(SOLD_TWICE)).count("waits for the payment") == 2


def test_the_thin_lanes_of_the_run_before_do_not_spell_out_what_they_wait_for():
    slow = Timeline(tuple(Lane(name, (Span(0, 4, "waiting", "the payment"),)) for name in "abcdefgh"), 4.0)
    assert texts(plot_timeline(SOLD_TWICE, before=slow)).count("waits for the payment") <= 2


def test_marks_stand_above_their_lane_in_its_colour():
    ax = plot_timeline(SOLD_TWICE)
    assert texts(ax).count("looks: 1") == texts(ax).count("takes") == 2
    assert [line.get_color() for line in ax.lines[2:]] == [ORANGE, ORANGE]


def test_marks_that_are_close_in_time_do_not_cover_each_other():
    marks = tuple(Mark(0.5 + n / 1000, f"reads: {n}") for n in range(3))
    ax = plot_timeline(Timeline((Lane("Ann", (Span(0, 1, "running"),), marks),), 1.0))
    heights = [text.xy[1] for text in ax.texts if text.get_text().startswith("reads")]
    assert len(set(heights)) == 3


def test_marks_without_room_are_counted():
    marks = tuple(Mark(0.5 + n / 1000, f"reads: {n}") for n in range(7))
    ax = plot_timeline(Timeline((Lane("Ann", (Span(0, 1, "running"),), marks),), 1.0))
    assert ax.get_xlabel() == "seconds since the start (4 more marks have no room)"


def test_the_shared_object_is_a_step_line_that_ends_in_a_cross_below_zero():
    ax = plot_timeline(SOLD_TWICE).child_axes[0]
    assert list(ax.lines[0].get_ydata()) == [1, 0, -1, -1]
    assert (ax.lines[1].get_marker(), ax.lines[1].get_color()) == ("X", RED)
    assert "−1: below zero" in texts(ax)


def test_the_headline_of_a_stock_below_zero_tells_where_it_began():
    assert headline(SOLD_TWICE) == 'stock["mug"]: 1 at first, −1 at the end'


def test_a_stock_that_ends_at_zero_gets_no_cross():
    sold_once = Timeline(TAKES, 0.5, SOLD_TWICE.changes[:2])
    ax = plot_timeline(sold_once)
    assert len(ax.child_axes[0].lines) == 1
    assert ax.get_title("left") == 'stock["mug"] ends at 0'


def test_steps_closer_than_the_eye_can_tell_are_drawn_apart():
    ax = plot_timeline(SOLD_TWICE).child_axes[0]
    _, first, second, _ = ax.lines[0].get_xdata()
    assert (second - first) * scale(ax) > 15


def test_a_lane_that_died_carries_a_sign_and_the_reason():
    died = Timeline((order(1, 0), order(2, 0, end="died of ValueError: no such item")), 0.5)
    ax = plot_timeline(died)
    assert "✗ died of ValueError" in texts(ax)
    assert ax.get_title("left") == "order 2 died of ValueError"


def test_a_stuck_run_says_so_in_the_headline_and_why_in_the_words():
    stuck = Lane("Ann", (Span(0, 2, "blocked", "till"),), end="was still waiting for till")
    run = Timeline((stuck, stuck), 2.0, report="Stopped after 2 s: Ann waited for till.")
    assert headline(run) == "2 of 2 threads were stuck after 2.0 s"
    assert run.report in saying.timeline_words(run)
    assert "✗ stuck" in texts(plot_timeline(run))


def test_the_guess_is_dashed_at_its_seconds_and_inside_the_axis():
    ax = plot_timeline(TOGETHER, guess=2.0)
    line = next(line for line in ax.lines if line.get_label() == "your guess")
    assert (list(line.get_xdata()), line.get_linestyle()) == ([2.0, 2.0], "--")
    assert ax.get_xlim()[1] > 2.0


def test_a_guess_without_a_click_is_not_drawn():
    class Unclicked:
        value = None

    assert "your guess" not in texts(plot_timeline(TOGETHER, guess=Unclicked()))


def test_sixty_four_lanes_fit_the_same_picture_and_their_names_do_not_collide():
    ax = plot_timeline(Timeline(tuple(order(n, n / 500) for n in range(64)), 0.7))
    ys = [text.xy[1] for text in ax.texts if text.get_text().startswith("order")]
    assert min(b - a for a, b in pairwise(ys)) >= 19
    assert ax.figure.get_figheight() * 96 < 420


def test_a_long_name_is_shortened_and_stays_on_one_line():
    ax = plot_timeline(Timeline((Lane("the clerk\nwho sells all the mugs", ()),), 1.0))
    assert "the clerk who sel…" in texts(ax)


def test_the_run_itself_can_be_drawn_too():
    assert plot_timeline(SimpleNamespace(timeline=TOGETHER)).get_title("left") == "8 threads: 0.5 s"


def test_what_is_no_run_is_named():
    with pytest.raises(TypeError, match=r"result must be a run, as watch\(\) gives, not 'loop'"):
        plot_timeline("loop")


def test_a_run_without_lanes_is_drawn_empty():
    assert plot_timeline(Timeline((), 0.0)).get_title("left") == "0 threads: 0 ms"


def test_the_words_tell_the_headline_the_lanes_the_run_before_and_the_guess():
    words = saying.timeline_words(TOGETHER, ONE_BY_ONE, 2.0).splitlines()
    assert words[0] == "0.5 s instead of 4.0 s: the waits overlap"
    assert words[2] == "order 0: running 0.00–0.02 s, waiting for the payment 0.02–0.50 s"
    assert words[-2:] == ["Before: one after the other, 4.0 s.", "Your guess: 2 s."]


def test_a_picture_in_given_axes_leaves_the_figure_to_its_owner():
    first = plot_timeline(TOGETHER)
    assert plot_timeline(ONE_BY_ONE, ax=first) is first


def test_grey_names_belong_to_the_run_before():
    ax = plot_timeline(TOGETHER, before=ONE_BY_ONE)
    assert next(text for text in ax.texts if text.get_text() == "order 0").get_color() == GREY


def strip(*lanes, gil=True):
    """Return a run with ticks of lanes of (state, milliseconds)."""
    made = []
    for name, pieces in zip("AB", lanes, strict=False):
        ends = list(accumulate((ms / 1000 for _, ms in pieces), initial=0.0))
        made.append(
            Lane(name, tuple(Span(a, b, s) for (s, _), a, b in zip(pieces, ends, ends[1:], strict=False)))
        )
    seconds = max(lane.spans[-1].end for lane in made)
    return Timeline(tuple(made), seconds, machine=Machine("CPython 3.13.5", gil, 2, "linux"), ticks=True)


TURNS = strip(
    [("running", 5), ("gil", 5), ("running", 5), ("gil", 5)],
    [("gil", 5), ("running", 5), ("gil", 5), ("off", 1), ("running", 4)],
)


def test_a_strip_tells_waiting_for_the_gil_from_what_the_system_took_by_colour_height_and_word():
    ax = plot_timeline(TURNS)
    assert len(bars(ax, "gil")) == 4
    assert len(bars(ax, "off")) == 1
    heights = {
        state: round(bars(ax, state)[0].bottom - bars(ax, state)[0].top)
        for state in ("gil", "off", "running")
    }
    assert len(set(heights.values())) == 3
    legend = " ".join(texts(ax))
    assert all(
        words in legend for words in ("solid: runs", "red line: waits for the GIL", "grey: the system")
    )


def test_a_strip_says_how_often_the_gil_was_handed_on_and_how_long_a_turn_was():
    assert headline(TURNS) == "One at a time: 3 hand-offs, 5.0 ms a turn"
    assert "B: gil 10 ms, running 9 ms, off 1 ms" in TURNS.text()


def test_a_strip_without_a_gil_never_mentions_one_to_wait_for():
    ax = plot_timeline(strip([("running", 9), ("off", 1)], [("running", 10)], gil=False))
    assert ax.get_title("left") == "1.9 threads run at once, without a GIL"
    assert "waits for the GIL" not in " ".join(texts(ax))


def test_a_strip_of_threads_that_wait_says_that_nobody_needs_the_gil():
    assert headline(strip([("waiting", 10)], [("waiting", 10)])) == "2 threads wait at once: no GIL needed"


def test_a_strip_shows_a_part_in_milliseconds():
    ax = plot_timeline(TURNS, until=0.0101)
    assert ax.get_xlim() == (0, 0.0101)
    assert ax.xaxis.get_major_formatter()(0.005, 0) == "5"


def test_one_lane_is_not_called_lanes():
    assert Timeline((order(1, 0.0),), 0.5).text().splitlines()[0] == "0.50 s in all, 1 lane"
