"""The detective lab: its eight programs as 03 shows them, their solutions, and answers known to be wrong."""

import linecache
import time
from itertools import count
from types import FunctionType

import pytest

from threadlab import check_case

NUMBERS = count()
BAKE = """
def bake(shop):
    with shop.news:
        shop.shelf.append("bread")
        shop.news.notify()
"""
BROKEN = {
    1: """
def sell(shop):
    sold = shop.sold
    shop.sold = sold + 1
""",
    2: """
def sell(shop, wait_for_payment):
    if shop.mugs > 0:
        wait_for_payment()
        shop.mugs -= 1
""",
    3: """
def sell(shop):
    with shop.till:
        with shop.ladder:
            shop.mugs -= 1

def stock_up(shop):
    with shop.ladder:
        with shop.till:
            shop.mugs += 2
""",
    4: """
def move(shop):
    with shop.lock:
        shop.shelf -= 1
        shop.window += 1

def count(shop):
    shop.counted = shop.shelf + shop.window
""",
    5: """
def pay_in(till, clerk):
    with till.locks[clerk]:
        cash = till.cash
        till.cash = cash + 5
""",
    6: """
def sell(shop, item):
    try:
        shop.lock.acquire()
        shop.stock[item] -= 1
        shop.lock.release()
    except KeyError:
        shop.complaints += 1
""",
    7: """
def buy(shop):
    with shop.news:
        if not shop.shelf:
            shop.news.wait()
        shop.shelf.pop()

def bake(shop):
    for loaf in ("rye", "wheat"):
        with shop.news:
            shop.shelf.append(loaf)
            shop.news.notify()
""",
    8: """
def buy(shop):
    if not shop.shelf:
        with shop.news:
            shop.news.wait()
    shop.shelf.pop()
"""
    + BAKE,
}
BUY = """
def buy(shop):
    with shop.news:
        while not shop.shelf:
            shop.news.wait()
        shop.shelf.pop()
"""
SOLVED = {
    1: """
def sell(shop):
    with shop.lock:
        sold = shop.sold
        shop.sold = sold + 1
""",
    2: """
def sell(shop, wait_for_payment):
    with shop.lock:
        if shop.mugs == 0:
            return
        shop.mugs -= 1
    wait_for_payment()
""",
    3: BROKEN[3].replace(
        "with shop.ladder:\n        with shop.till", "with shop.till:\n        with shop.ladder"
    ),
    4: BROKEN[4].replace(
        "    shop.counted = shop.shelf + shop.window",
        "    with shop.lock:\n        shop.counted = shop.shelf + shop.window",
    ),
    5: BROKEN[5].replace("till.locks[clerk]", "till.lock"),
    6: """
def sell(shop, item):
    try:
        with shop.lock:
            shop.stock[item] -= 1
    except KeyError:
        shop.complaints += 1
""",
    7: BROKEN[7].replace("if not", "while not"),
    8: BUY + BAKE,
}
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
        "Bob waits for the lock, which Ann has",
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
    (1, "def sell(shop):\n    shop.sodl += 1", "Ann dies of AttributeError at shop.sodl += 1"),
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
        "ABBA, Ann waits for the ladder, which Bob has, and Bob waits for the till, which Ann has",
    ),
    (3, SOLVED[3].replace("with shop.ladder", "if True"), "nobody ever takes shop.ladder"),
    (3, BROKEN[3].replace("with shop.", "if shop."), "inside a line"),
    (3, BROKEN[3].replace("        with", "        sleep(1)\n        with"), "sleep is no cure"),
    (3, "def sell(shop): pass\ndef stock_up(shop): shop.mugs += 1", "nobody ever takes shop.till"),
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
        "18 of 30 orders are wrong; in the simplest, BBBBBAA, Ann waits for the lock, which Bob has",
    ),
    (6, BROKEN[6].replace("complaints += 1", "lock.release()"), "1 sold, 0 complained"),
    (6, BROKEN[6].replace("except", "finally:\n        shop.lock.release()\n    if"), "dies of"),
    (
        6,
        "def sell(shop, item):\n    if item in shop.stock:\n        shop.stock[item] -= 1\n"
        "    else:\n        shop.complaints += 1",
        "right in every order, but nobody ever takes shop.lock",
    ),
    (7, BROKEN[7], "A3 C5 B4 A3 C6, Ann dies of IndexError at shop.shelf.pop()"),
    (7, BROKEN[7].replace("notify()", "notify_all()"), "dies of IndexError"),
    (7, BROKEN[7].replace("shop.news.wait()", "return"), "left on the shelf"),
    (7, BROKEN[7].replace("wait()", "wait(1)"), "dies of IndexError"),
    (7, SOLVED[7].replace("notify()", "notify"), "waits for the news, for ever"),
    (8, BROKEN[8], "8 of 16 orders are wrong; in the simplest, ABBBBAA, Ann waits for the news, for ever"),
    (8, BROKEN[8].replace("notify()", "notify_all()"), "Ann waits for the news, for ever"),
    (8, BROKEN[8].replace("    if", "    sleep(1)\n    if"), "sleep is no cure"),
    (8, BROKEN[8].replace("wait()", "wait(1)"), "Ann dies of IndexError at shop.shelf.pop()"),
    (8, BROKEN[8].replace("if not", "while not").replace("wait()", "wait(1)"), "ask again and again"),
    (
        8,
        "def buy(shop):\n    while not shop.shelf:\n        pass\n    shop.shelf.pop()\n" + BAKE,
        "ask again and again",
    ),
]


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
    assert len(BROKEN[number].strip().splitlines()) <= 12


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
