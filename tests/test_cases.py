"""The detective lab: the eight programs of 03, their solutions, and answers known to be wrong."""

import linecache
import time
from itertools import count
from types import FunctionType

import lesson
import pytest

from threadlab import check_case
from threadlab.teaching.cases import CASES

NUMBERS = count()
BOOK = lesson.read(lesson.FOLDER / "03_deadlock_and_debugging.ipynb")
EXERCISES = dict(enumerate(lesson.tagged(BOOK.cells, "exercise"), 1))
BAKE = next(cell.source for cell in lesson.code(BOOK.cells) if cell.source.startswith("def bake"))


def program(number, source):
    """Return what an exercise defines, with the baker who comes to the cases 7 and 8."""
    return source.partition("check_case")[0] + (f"\n{BAKE}\n" if number in (7, 8) else "")


BROKEN = {number: program(number, cell.source) for number, cell in EXERCISES.items()}
SOLVED = {number: program(number, lesson.solution(BOOK, cell)) for number, cell in EXERCISES.items()}
WRONG = [
    (1, BROKEN[1], "4 of 6 orders are wrong; in the simplest, ABBA, 1 of 2 sales are counted"),
    (1, "def sell(shop): shop.sold += 1", "inside a line 4 of 6 orders are wrong"),
    (
        1,
        "def sell(shop): shop.sold = 2",
        "right if the shop starts with 0, but with 7, 2 of 2 orders are wrong",
    ),
    (
        1,
        "def sell(shop):\n    shop.lock.acquire()\n    shop.sold += 1",
        "B waits for the lock, which A has",
    ),
    (1, BROKEN[1].replace("    shop", "    with shop.lock: shop"), "1 of 2 sales are counted"),
    (
        1,
        BROKEN[1].replace("    shop", "    sleep(1)\n    shop"),
        "sleep is no cure, for time promises no order",
    ),
    (1, "from threading import Lock\n" + SOLVED[1].replace("shop.lock", "Lock()"), "1 of 2 sales"),
    (
        1,
        "from threading import Lock\nOURS = Lock()\n" + SOLVED[1].replace("shop.lock", "OURS"),
        "one of the shop's",
    ),
    (1, "def sell(shop): shop.lock", "nothing has changed in the shop"),
    (
        1,
        "def sell(shop):\n    shop = type(shop)(sold=0)\n    shop.sold += 1",
        "nothing has changed in the shop",
    ),
    (1, "def sell(shop): vars(shop).clear()", "nobody can tell what is left in the shop: AttributeError"),
    (1, "def sell(shop):\n    shop.sodl += 1", "no attribute 'sodl') at shop.sodl += 1"),
    (2, BROKEN[2], "18 of 20 orders are wrong; in the simplest, AABBBA, both pay for a mug (−1 left)"),
    (2, BROKEN[2].replace("wait_for_payment()", "sleep(1)"), "sleep is no cure"),
    (2, BROKEN[2].replace("wait_for_payment()", "pass"), "nobody pays for a mug"),
    (2, BROKEN[2].replace("        shop", "        with shop.lock: shop"), "both pay for a mug (−1 left)"),
    (2, SOLVED[2].replace("    wait", "    wait_for_payment()\n    wait"), "somebody pays twice for a mug"),
    (
        2,
        SOLVED[2].replace("    wait", "        wait"),
        "while one pays, all others wait; pay outside the lock",
    ),
    (
        3,
        BROKEN[3],
        "ABBA, A waits for the ladder, which B has, and B waits for the till, which A has",
    ),
    (3, SOLVED[3].replace("with shop.ladder", "if True"), "nobody changes anything under shop.ladder"),
    (3, BROKEN[3].replace("with shop.", "if shop."), "inside a line"),
    (3, BROKEN[3].replace("        with", "        sleep(1)\n        with"), "sleep is no cure"),
    (
        3,
        "def sell(shop): pass\ndef stock_up(shop): shop.mugs += 1",
        "nobody changes anything under shop.till",
    ),
    (
        3,
        "def sell(shop): pass\ndef stock_up(shop): shop.mugs = 2",
        "right if the shop starts with 1, but with 5",
    ),
    (4, BROKEN[4], "1 of 5 orders is wrong; in the simplest, AABAA, 4 of 5 mugs are counted"),
    (4, BROKEN[4].replace("shop.shelf + shop.window", "5"), "right if the shop starts with 5, but with 8"),
    (
        4,
        SOLVED[4].replace("shop.window +", "pass  # shop.window +"),
        "4 of 5 mugs are counted, and none has moved",
    ),
    (
        4,
        SOLVED[4].replace("        shop.window", "    with shop.lock:\n        shop.window"),
        "4 of 5 mugs are counted",
    ),
    (5, BROKEN[5], "36 of 70 orders are wrong; in the simplest, AABBBBAA, 5 of 10 euros are in the till"),
    (5, "def pay_in(till, clerk):\n    till.cash += 5", "inside a line 4 of 6 orders are wrong"),
    (5, "import threading\n" + BROKEN[5].replace("till.locks[clerk]", "threading.RLock()"), "5 of 10 euros"),
    (5, BROKEN[5].replace("cash + 5", "10"), "but with 30"),
    (
        6,
        BROKEN[6],
        "18 of 30 orders are wrong; in the simplest, BBBBBAA, A waits for the lock, which B has",
    ),
    (6, BROKEN[6].replace("complaints += 1", "lock.release()"), "1 sold, 0 complained"),
    (6, BROKEN[6].replace("except", "finally:\n        shop.lock.release()\n    if"), "dies of"),
    (
        6,
        "def sell(shop, item):\n    if item in shop.stock:\n        shop.stock[item] -= 1\n"
        "    else:\n        shop.complaints += 1",
        "right in every order, but nobody changes anything under shop.lock",
    ),
    (6, BROKEN[6].replace("acquire()", "acquire(timeout=1)"), "in the end somebody still has shop.lock"),
    (
        6,
        BROKEN[6]
        .replace("acquire()", "acquire(); shop.lock.release()")
        .replace("-= 1\n        shop.lock.release()", "-= 1"),
        "nobody changes anything under shop.lock",
    ),
    (7, BROKEN[7], "A3 C5 B4 A3 C6, A dies of IndexError (pop from empty list) at shop.shelf.pop()"),
    (7, BROKEN[7].replace("notify()", "notify_all()"), "dies of IndexError"),
    (7, BROKEN[7].replace("shop.news.wait()", "return"), "left on the shelf"),
    (7, BROKEN[7].replace("wait()", "wait(1)"), "dies of IndexError"),
    (7, SOLVED[7].replace("notify()", "notify"), "waits for the news, for ever"),
    (
        8,
        BROKEN[8],
        "63 of 593 orders are wrong; in the simplest, A1 B11 A2, A waits for the news, for ever",
    ),
    (8, BROKEN[8].replace("notify()", "notify_all()"), "A waits for the news, for ever"),
    (8, BROKEN[8].replace("    if", "    sleep(1)\n    if"), "sleep is no cure"),
    (
        8,
        BROKEN[8].replace("wait()", "wait(1)"),
        "A dies of IndexError (pop from empty list) at shop.shelf.pop()",
    ),
    (8, BROKEN[8].replace("if not", "while not").replace("wait()", "wait(1)"), "ask again and again"),
    (
        8,
        "def buy(shop):\n    while not shop.shelf:\n        pass\n    shop.shelf.pop()\n" + BAKE,
        "ask again and again",
    ),
]


# Orders in all, and how many are wrong: by line the same on every Python, with a GIL and without.
COUNTS = {
    1: ((6, 4), (8, 0)),
    2: ((20, 18), (40, 0)),
    3: ((22, 4), (10, 0)),
    4: ((5, 1), (7, 0)),
    5: ((70, 36), (8, 0)),
    6: ((30, 18), (137, 0)),
    7: ((65_708, 3_840), (112_594, 0)),
    8: ((593, 63), (262, 0)),
}


def functions(source):
    """Return the functions of `source`, as if a notebook's cell had defined them."""
    name, learners = f"<cell {next(NUMBERS)}>", {"__name__": "learner", "sleep": time.sleep}
    linecache.cache[name] = len(source), None, source.splitlines(keepends=True), name
    exec(compile(source, name, "exec"), learners)
    return [each for each in learners.values() if isinstance(each, FunctionType)]


def check(number, source):
    return check_case(number, *functions(source))


@pytest.mark.parametrize("number", BROKEN)
def test_a_case_has_at_most_twelve_lines(number):
    assert len(list(filter(None, BROKEN[number].splitlines()))) <= 12


@pytest.mark.parametrize("number", BROKEN)
def test_a_case_and_its_solution_have_the_same_orders_on_every_python(number):
    puzzle, counts = CASES[number - 1], []
    for source in (BROKEN[number], SOLVED[number]):
        found = puzzle.explore(tuple(functions(source)), next(iter(puzzle.right)), "line", 3_000)
        counts.append((found.total, found.wrong))
    assert tuple(counts) == COUNTS[number]


@pytest.mark.parametrize("number", BROKEN)
def test_a_case_fails_every_time_it_is_replayed(number):
    verdict = check(number, BROKEN[number])
    outcomes = {verdict.exploration._replay(verdict.case).outcome for _ in range(5)}
    assert len(outcomes) == 1
    assert not verdict.exploration.is_right(outcomes.pop())


@pytest.mark.parametrize("number", SOLVED)
def test_a_solution_passes(number):
    assert str(check(number, SOLVED[number])).startswith("passed: right in all ")


@pytest.mark.parametrize(("number", "wrong", "reason"), WRONG)
def test_an_answer_known_to_be_wrong_is_refused_for_its_reason(number, wrong, reason):
    verdict = check(number, wrong)
    assert not verdict.passed
    assert reason in str(verdict)


def test_a_verdict_can_be_walked_through_and_begins_at_the_end_of_its_case():
    walk = check(1, BROKEN[1]).walk()
    assert (walk.walk.case, walk.place, walk.walk.outcome) == ("ABBA", 4, "1 of 2 sales are counted")


def test_a_verdict_without_an_exploration_has_nothing_to_walk_through():
    verdict = check_case(1, lambda shop: None)
    assert verdict.walk() is verdict
