from itertools import count

import pytest

from threadlab.teaching.trying import (
    CANNOT,
    NOT_TRIED,
    SHOWS,
    WEAKLY,
    Row,
    as_text,
    is_ready,
    summary,
    try_demos,
)


def demo(name, run):
    return "04", name, run, "a recording"


def shows():
    return SHOWS, "2.00 times as fast"


def fails():
    raise ValueError("no such mug")


def is_interrupted():
    raise KeyboardInterrupt


def computes_for_ever():
    for _ in count():
        pass


def row(verdict, instead="a recording", why="0.5 s"):
    return Row("04", "primes", verdict, why, instead)


def verdicts(*demos, **options):
    return [(each.verdict, each.why) for each in try_demos([demo("", run) for run in demos], **options)]


def test_only_what_does_not_show_its_point_needs_something_else():
    tried = try_demos([demo("hashing", shows), demo("primes", lambda: (WEAKLY, "too noisy"))])
    assert list(tried) == [
        Row("04", "hashing", SHOWS, "2.00 times as fast"),
        Row("04", "primes", WEAKLY, "too noisy", "a recording"),
    ]


def test_a_demo_that_raises_is_a_row_and_hides_no_other():
    first, second = try_demos([demo("the last mug", fails), demo("primes", shows)])
    assert first == Row("04", "the last mug", CANNOT, "ValueError: no such mug", "a recording")
    assert (second.name, second.verdict) == ("primes", SHOWS)


def test_of_a_long_error_the_first_and_the_last_line_are_told():
    def fails_at_length():
        raise RuntimeError("the site has ended:\nTraceback\nNo module named 'tornado'")

    ((_, why),) = verdicts(fails_at_length)
    assert why == "the site has ended: … No module named 'tornado'"


def test_after_an_interrupt_the_rest_is_listed_as_not_tried():
    assert verdicts(shows, is_interrupted, shows)[1:] == [(NOT_TRIED, "stopped")] * 2


def test_what_there_is_no_time_for_is_listed_as_not_tried():
    clock = iter((0.0, 1.0, 31.0, 32.0)).__next__
    rest = (NOT_TRIED, "the time was over")
    assert verdicts(shows, shows, shows, limit=30.0, clock=clock) == [
        (SHOWS, "2.00 times as fast"),
        rest,
        rest,
    ]


def test_a_demo_that_is_under_way_when_the_time_is_over_is_ended():
    assert verdicts(computes_for_ever, shows, limit=0.1) == [(NOT_TRIED, "the time was over")] * 2


def test_what_is_shown_instead_stands_beside_all_that_does_not_show_its_point():
    runs = (shows, lambda: ("weakly", "once"), lambda: ("cannot", "no GIL"), is_interrupted)
    rows = try_demos([demo("", run) for run in runs])
    assert [(row.verdict, bool(row.instead)) for row in rows] == [
        (SHOWS, False), (WEAKLY, True), (CANNOT, True), (NOT_TRIED, True)
    ]  # fmt: skip


def test_demos_are_tried_only_as_their_rows_are_asked_for():
    tried = []
    rows = try_demos([demo("", lambda: tried.append(1) or shows())] * 2)
    assert (next(rows).verdict, len(tried)) == (SHOWS, 1)


@pytest.mark.parametrize(
    ("rows", "ready"),
    [
        ([row(SHOWS, ""), row(WEAKLY)], True),
        ([row(WEAKLY, "")], False),
        ([row(SHOWS, ""), row(CANNOT)], False),
        ([row(SHOWS, ""), row(CANNOT, instead="recorded 26 Nov 2026")], True),
        ([row(NOT_TRIED)], False),
    ],
)
def test_a_class_is_ready_if_all_is_shown_or_weak_with_something_beside_it_or_recorded(rows, ready):
    assert is_ready(rows) == ready


def test_a_row_fits_a_hundred_columns_however_long_its_reason():
    text = as_text(row(CANNOT, "words " * 40, "OSError: " + "the folder " * 40 + "x" * 200))
    assert max(map(len, text.splitlines())) <= 100
    assert text.startswith("04  primes                     cannot           OSError: the folder")
    assert "\n    instead: words words" in text


def test_the_summary_counts_every_verdict():
    rows = [row(SHOWS)] * 2 + [row(WEAKLY), row(CANNOT), row(NOT_TRIED)]
    told = "2 of 5 demos show their point here; 1 weakly; 1 cannot; 1 not tried"
    assert summary(rows) == told
