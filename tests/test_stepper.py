"""Every order as a picture, and the panel in which one is walked through."""

import asyncio
import re
import threading

import pytest
from ipywidgets.widgets.widget import _instances

from threadlab import LIVELOCK, explore, plot_orders, show_orders
from threadlab.showing.moments import cycle, did, moment, words
from threadlab.showing.style import RED, deep
from threadlab.showing.tiles import orders_words
from threadlab.teaching.predict import Guess


class Shop:
    def __init__(self):
        self.mugs = 1
        self.till, self.ladder = threading.Lock(), threading.Lock()
        self.machines = threading.Semaphore(2)


def sell(shop):
    if shop.mugs > 0:
        shop.mugs -= 1


def ann(shop):
    with shop.till:
        with shop.ladder:
            pass


def bob(shop):
    with shop.ladder:
        with shop.till:
            pass


def drink(shop):
    with shop.machines:
        pass


def spin(shop):
    while shop.mugs:
        pass


def found(*threads, expected=None):
    return explore(threads, state=Shop, outcome=lambda shop: shop.mugs, expected=expected)


RACE = found(sell, sell, expected={0})
STUCK = found(ann, bob)


class Desk:
    def __init__(self):
        self.mugs = 1
        self.lock = asyncio.Lock()


async def sell_and_wait(desk):
    if desk.mugs > 0:
        await asyncio.sleep(0.5)
        desk.mugs -= 1


async def sell_in_turn(desk):
    async with desk.lock:
        await sell_and_wait(desk)


def tasks(task):
    return explore([task, task], state=Desk, outcome=lambda desk: desk.mugs, expected={0})


def panel(exploration=RACE, **how):
    return show_orders(exploration, **how)


def press(panel, name):
    buttons = [*panel._threads.values(), panel._back, panel._on]
    next(button for button in buttons if button.description == name).click()


def text(html):
    return re.sub(r"(<[^>]+>|\s)+", " ", html)


def test_a_guess_stands_dashed_beside_the_headline():
    shown = panel(guess=Guess("1 of 6")).whole.children[0].value
    assert text(shown.partition("dashed")[2]).endswith("your guess: 1 of 6 ")


# --- the picture


def test_the_picture_has_a_tile_for_each_step_and_marks_the_wrong_orders():
    ax = plot_orders(RACE)
    wrong = [note for note in ax.texts if note.get_text() == "✗ wrong"]
    assert len(ax.patches) == 3 + 3 + 4 * 4
    assert [note.get_color() for note in wrong] == [deep(RED)] * 4


def test_the_picture_says_how_many_are_wrong_and_how_they_are_counted():
    ax = plot_orders(RACE)
    assert ax.get_title(loc="left") == "4 of 6 orders are wrong"
    assert ax.get_xlabel() == "A has 1 to 2 steps, B has 1 to 2 steps"


def test_no_words_of_the_picture_leave_it():
    ax = plot_orders(explore([sell] * 3, state=Shop, outcome=lambda s: "a long word " * s.mugs or "none"))
    ax.figure.canvas.draw()
    ends = [note.get_window_extent().x1 for note in ax.texts]
    assert max(ends) < ax.figure.bbox.width


def test_an_exploration_that_was_stopped_before_any_order_ended_is_shown_and_can_be_walked():
    def grow(shop):
        while True:
            shop.mugs += 1

    endless = explore([grow, grow], state=Shop, outcome=str, max_states=20)
    assert plot_orders(endless).get_title(loc="left") == "Stopped before any order came to its end"
    panel = show_orders(endless)
    panel.take("A")
    assert panel.walk.case == "A"


def test_the_picture_has_a_twin_in_words():
    assert orders_words(RACE).splitlines()[:2] == ["4 of 6 orders are wrong", "AAB: 0, right"]


@pytest.mark.parametrize("show", [plot_orders, show_orders])
def test_what_is_no_exploration_is_named(show):
    with pytest.raises(TypeError, match=r"must be what explore\(\) returned, not 'ABBA'"):
        show("ABBA")


# --- one moment


def test_a_moment_shows_each_threads_next_line_and_marks_what_changed():
    shown = text(moment(RACE.follow("ABBA"), 3))
    assert "A can go on" in shown
    assert "B has ended" in shown
    assert re.search(r"mugs +1 → +0", shown)


def test_a_line_too_long_for_its_card_goes_on_beneath_its_own_code():
    column = "(26px + 8ch)"  # that of `if` under `def`, and four more
    assert f"padding-left:calc{column};text-indent:calc(-1*{column})" in moment(RACE.follow("A"), 1)


def test_a_word_too_long_for_its_card_is_broken_and_not_cut_off():
    assert "overflow-wrap:anywhere" in moment(RACE.follow("A"), 1)
    assert "overflow-x" not in moment(RACE.follow("A"), 1)


def test_a_blocked_thread_says_for_what_it_waits_and_who_holds_it_where():
    shown = text(moment(STUCK.follow("ABB"), 3))
    assert re.search(r"B waits for +till *, held by A", shown)
    assert re.search(r"with shop.till: +← holds +till", shown)
    assert re.search(r"till +held by A; *B waits", shown)


def test_a_deadlock_is_drawn_as_a_cycle():
    waits = STUCK.follow("ABBA").end.waits
    assert cycle(waits) == ["A", "B"]
    assert moment(STUCK.follow("ABBA"), 4).count(f'stroke="{RED}"') == 2


def test_a_step_that_meets_a_taken_lock_is_said_to_wait():
    stuck = panel(STUCK, case="ABB")
    assert re.search(r"B must wait at +with shop.till:", text(stuck._told.value))


def test_a_step_of_a_task_is_said_from_where_it_went_on_to_where_it_came():
    walk = panel(tasks(sell_and_wait), case="ABBA")
    said = [text(walk._says(place, walk.walk.steps[place - 1])).strip() for place in (1, 4)]
    assert said[0] == "A ran to await asyncio.sleep(0.5)"
    assert said[1].startswith("A went on after await asyncio.sleep(0.5) to its end ABBA: −1")


def test_a_task_that_meets_a_taken_lock_ran_up_to_it_and_waits():
    walk = panel(tasks(sell_in_turn), case="AB")
    assert text(walk._told.value).endswith("B ran to async with desk.lock , where it must wait ")


def test_a_task_that_dies_did_not_come_to_its_end():
    async def die(desk):
        desk.nothing += 1

    assert did(tasks(die).follow("AB"), 1) == "A ran until it died"


def test_every_line_that_the_last_step_of_a_task_ran_is_marked():
    shown = text(moment(tasks(sell_and_wait).follow("ABB"), 3))
    assert re.search(r"B has ended .*↓ +await asyncio.sleep\(0.5\) +↓ +desk.mugs -= 1", shown)
    assert shown.count("↓") == 2


def test_who_only_waits_is_in_no_cycle():
    replay = STUCK.follow("ABB")
    assert cycle(replay.end.waits) == []
    assert f'stroke="{RED}"' not in moment(replay, 3)


def test_a_semaphore_is_drawn_as_tokens_and_those_who_wait_for_one():
    shown = text(moment(found(drink, drink, drink).follow("ABC"), 3))
    assert re.search(r"machines ○○ 0 tokens; C waits", shown)
    assert "●● 2 tokens" in text(moment(found(drink, drink, drink).follow("ABC"), 0))


def test_the_whole_walk_can_be_read_aloud():
    lines = words(RACE.follow("ABBA")).splitlines()
    assert lines[1:] == [
        "A: if shop.mugs > 0",
        "B: if shop.mugs > 0",
        "B: shop.mugs -= 1; mugs is 0",
        "A: shop.mugs -= 1; mugs is -1",
        "outcome: -1",
    ]


def test_a_walk_of_tasks_read_aloud_says_how_far_each_step_came():
    lines = words(tasks(sell_and_wait).follow("ABBA")).splitlines()
    assert lines[3] == "B went on after await asyncio.sleep(0.5) to its end; mugs is 0"


# --- the panel


def test_the_panel_opens_at_the_start_of_the_simplest_wrong_order():
    walk = panel()
    assert (walk.walk.case, walk.place) == ("ABBA", 0)


def test_steps_go_forward_and_back_along_the_order():
    walk = panel()
    press(walk, "step ›")
    press(walk, "step ›")
    press(walk, "‹ back")
    assert (walk.walk.case, walk.place) == ("ABBA", 1)


def test_the_class_is_the_scheduler_and_can_break_the_program():
    walk = panel()
    for name in ("B steps", "A steps", "B steps", "A steps"):
        press(walk, name)
    assert (walk.walk.case, walk.walk.outcome) == ("BABA", -1)
    assert "The simplest wrong order is ABBA" in walk._told.value


def test_a_step_of_ones_own_leaves_the_order_where_one_stands():
    walk = panel()
    press(walk, "step ›")
    press(walk, "A steps")
    assert (walk.walk.case, walk.place) == ("AA", 2)


def test_who_cannot_go_on_cannot_be_chosen():
    walk = panel(STUCK)
    walk.go("ABB")
    assert [walk._threads[name].disabled for name in "AB"] == [False, True]


def test_a_case_that_is_typed_is_replayed():
    walk = panel()
    walk._case.value = "b2 a1"
    assert (walk.walk.case, walk.walk.outcome, walk.place) == ("B2 A1", 0, 3)


@pytest.mark.parametrize("case", ["AAAA", "AXB", "(((", "🙂"])
def test_a_case_that_does_not_fit_is_said_and_the_walk_stays(case):
    walk = panel()
    walk.go(case)
    assert "case" in walk._told.value
    assert walk.walk.case == "ABBA"


def test_a_livelock_can_be_walked_through():
    walk = panel(explore([spin], state=Shop, outcome=str))
    walk.go(walk.simplest)
    assert walk.walk.outcome == LIVELOCK
    assert "✗ wrong" in walk._told.value
    lead, loop = (part.count(">A</span>") for part in walk._told.value.split("↻"))
    assert (walk.walk.case, lead, loop) == ("A1 (A2)", 1, 2)  # the strip marks where the loop begins


@pytest.mark.parametrize(
    ("exploration", "case"),
    [
        (explore([spin], state=Shop, outcome=str), "A(AA)"),  # the simplest, written in another way
        (
            explore([sell, sell], state=Shop, outcome=lambda shop: shop.mugs, expected={0}, max_states=1),
            "ABBA",
        ),
    ],
)
def test_a_simpler_wrong_order_is_named_only_if_one_is_known(exploration, case):
    walk = panel(exploration)
    walk.go(case)
    assert "✗ wrong" in walk._told.value
    assert "The simplest wrong order" not in walk._told.value


def test_a_click_on_a_tile_stands_after_that_step():
    walk = panel()
    (body,) = walk.whole.children[1:]
    row = body.children[0].children[2]
    row.children[1].click()
    assert (walk.walk.case, walk.place) == ("ABBA", 2)


def test_closing_lets_go_of_every_widget():
    before = set(_instances)
    panel().close()
    assert set(_instances) == before
