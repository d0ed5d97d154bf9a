"""Orders in tiles and words, from explorations made here."""

from itertools import permutations

import pytest

from threadlab import DEADLOCK, LIVELOCK, Crash, explore
from threadlab.showing.tiles import (
    colour_of,
    counted,
    headline,
    outcome_words,
    plot_orders,
    rows_of,
    tiles,
    turns,
)
from threadlab.teaching.predict import Guess


class Shop:
    mugs = 1
    sold = 0


def sell(shop):
    if shop.mugs > 0:
        shop.mugs -= 1


def count(shop):
    sold = shop.sold
    shop.sold = sold + 1


def spin(shop):
    while not shop.sold:
        pass


def left(shop):
    return shop.mugs


def found(threads, expected=None, **how):
    return explore(threads, state=Shop, outcome=left, expected=expected, **how)


def test_few_orders_are_shown_one_by_one_the_right_ones_first():
    rows = rows_of(found([sell, sell], {0}))
    assert [row.case for row in rows] == ["AAB", "BBA", "ABBA", "BAAB", "ABAB", "BABA"]
    assert [(row.told, row.sign) for row in rows[1:3]] == [("0", "✓ right"), ("−1", "✗ wrong")]


def test_many_orders_are_shown_by_what_they_come_to():
    rows = rows_of(found([sell] * 3, {0}))
    assert [(row.case, row.told, row.number) for row in rows] == [
        ("AABC", "0", "6 orders"),
        ("ABCCAB", "−2", "36 orders"),
        ("ABBAC", "−1", "24 orders"),
    ]


def add(numbers, place):
    numbers.append(place)


@pytest.mark.parametrize("right", [0, 3, 60, 120])
def test_of_very_many_outcomes_the_simplest_are_shown_and_how_many_there_are(right):
    ends = set(list(permutations(range(5)))[-right:]) if right else set()
    everything = explore([(add, place) for place in range(5)], state=list, outcome=tuple, expected=ends)
    rows = rows_of(everything)
    assert len(rows) == 20
    shown = sum(row.right for row in rows)
    assert shown == {0: 0, 3: 3, 60: 10, 120: 20}[right]
    wrong = [case for end, case in everything.cases() if end not in ends]
    assert [row.case for row in rows if not row.right] == wrong[: 20 - shown]
    assert "20 of 120 outcomes are shown" in counted(everything)
    axes = plot_orders(everything)
    ends = [text.get_window_extent().x1 for text in axes.texts if "order" in text.get_text()]
    assert max(ends[:10]) < axes.patches[50].get_window_extent().x0  # the second column begins there
    assert max(ends) <= axes.figure.bbox.x1


@pytest.mark.parametrize(
    ("threads", "expected", "says"),
    [
        ([sell, sell], {0}, "4 of 6 orders are wrong"),
        ([sell, sell], {0, -1}, "All 6 orders are right"),
        ([sell], {0}, "The only order is right"),
        ([spin], None, "Some orders never end; wrong: LIVELOCK"),
        ([spin, count], None, "Some orders never end; none of them is wrong"),
    ],
)
def test_the_headline_says_how_many_are_wrong(threads, expected, says):
    assert headline(found(threads, expected)) == says


def test_a_bound_that_was_met_is_in_the_headline_and_beside_it():
    few = found([sell] * 3, {0}, max_states=12)
    assert headline(few).startswith("At least ")
    assert "stopped at max_states=12" in counted(few)


def test_how_the_orders_are_counted_is_said():
    assert counted(found([sell, count])) == "A has 2 steps, B has 2 steps"
    assert counted(found([sell, sell])) == "A has 1 to 2 steps, B has 1 to 2 steps"


def test_two_explorations_stand_side_by_side_each_under_its_headline():
    first, second = plot_orders(found([sell, sell], {0}), beside=found([sell], {0})).figure.axes
    titles = [ax.get_title(loc="left") for ax in (first, second)]
    assert titles == ["4 of 6 orders are wrong", "The only order is right"]
    assert first.get_position().x1 <= second.get_position().x0
    assert [len(ax.patches) for ax in (first, second)] == [22, 2]


def test_a_case_becomes_a_tile_for_each_turn():
    assert [tile[1:] for tile in turns("ABBA")] == [(1, "A"), (1, "B"), (1, "B"), (1, "A")]
    assert [tile[1:] for tile in turns("A10 (B2)")] == [(10, "A10"), (0, "↻"), (2, "B2")]


def test_tiles_tell_threads_apart_by_letter_and_colour_and_are_read_aloud():
    assert 'aria-label="ABBA"' in tiles("ABBA")
    assert colour_of("A") in tiles("A1")
    assert colour_of("B") not in tiles("A1")


def test_outcomes_are_said_in_words():
    said = [outcome_words(each) for each in (-2, DEADLOCK, LIVELOCK, Crash("B", "KeyError"), ("a", 1))]
    assert said == ["−2", "DEADLOCK", "LIVELOCK", "B died of KeyError", "('a', 1)"]


def test_a_guess_stands_dashed_beside_the_headline_that_it_was_about():
    result = found([sell, sell], {0})
    right = plot_orders(result, beside=result, guess=Guess("1 of 6")).figure.axes[1]
    assert right.get_title("right") == "your guess: 1 of 6"
    assert right._right_title.get_bbox_patch().get_linestyle() == "--"
    assert plot_orders(result, guess=Guess("all")).get_title("right") == "your guess: all"


def test_nothing_stands_there_before_the_click():
    assert plot_orders(found([sell, sell], {0}), guess=Guess()).get_title("right") == ""
