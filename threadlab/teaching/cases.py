"""The detective lab's eight cases: what each broken program of the shop shares, and what would be right."""

import asyncio
import threading
from dataclasses import replace
from typing import Any

from threadlab.running.arguments import whole_number
from threadlab.teaching.judging import Payment, Puzzle, Shop, Verdict, judge


def _sale(shop: Any, mugs: int) -> str:
    twice = len(set(shop.paid)) < len(shop.paid)
    who = "somebody pays twice" if twice else ("nobody pays", "one pays", "both pay")[len(shop.paid)]
    return f"{who} for a mug ({shop.mugs} left)".replace("-", "−")


def _counted(shop: Any, mugs: int) -> str:
    moved = "" if (shop.shelf, shop.window) == (mugs - 1, 1) else ", and none has moved"
    return f"{shop.counted} of {mugs} mugs are counted{moved}"


SALE = Puzzle(
    wants=("sell_one(shop, wait_for_payment)",),
    threads=((0, Payment), (0, Payment)),
    shop=lambda mugs: Shop(mugs=mugs, paid="", lock=threading.Lock()),
    outcome=_sale,
    right={1: "one pays for a mug (0 left)", 3: "both pay for a mug (1 left)"},
)
TASK_SALE = replace(SALE, tasks=True, shop=lambda mugs: Shop(mugs=mugs, paid="", lock=asyncio.Lock()))
BREAD = Puzzle(
    wants=("buy(shop)", "bake(shop)"),
    threads=((0,), (1,)),
    shop=lambda loaves: Shop(shelf=["bread"] * loaves, news=threading.Condition()),
    outcome=lambda shop, loaves: f"{len(shop.shelf)} left on the shelf",
    right={0: "1 left on the shelf", 1: "2 left on the shelf"},
    locks=("news",),
)
CASES = (
    Puzzle(  # lost update
        wants=("sell(shop)",),
        threads=((0,), (0,)),
        shop=lambda sold: Shop(sold=sold, lock=threading.Lock()),
        outcome=lambda shop, sold: f"{shop.sold} of {sold + 2} sales are counted",
        right={0: "2 of 2 sales are counted", 7: "9 of 9 sales are counted"},
        locks=("lock",),
    ),
    replace(SALE, locks=("lock",), pays_apart=True),  # check, then act
    Puzzle(  # two locks in opposite order
        wants=("sell(shop)", "stock_up(shop)"),
        threads=((0,), (1,)),
        shop=lambda mugs: Shop(mugs=mugs, till=threading.Lock(), ladder=threading.Lock()),
        outcome=lambda shop, mugs: f"{shop.mugs} left on the shelf".replace("-", "−"),
        right={1: "2 left on the shelf", 5: "6 left on the shelf"},
        locks=("till", "ladder"),
    ),
    Puzzle(  # one access without the lock
        wants=("move(shop)", "count(shop)"),
        threads=((0,), (1,)),
        shop=lambda mugs: Shop(shelf=mugs, window=0, counted=0, lock=threading.Lock()),
        outcome=_counted,
        right={5: "5 of 5 mugs are counted", 8: "8 of 8 mugs are counted"},
        locks=("lock",),
    ),
    Puzzle(  # a lock for each clerk in place of one for the till
        wants=("pay_in(till, clerk)",),
        threads=((0, "Ann"), (0, "Bob")),
        shop=lambda cash: Shop(
            cash=cash, lock=threading.Lock(), locks={"Ann": threading.Lock(), "Bob": threading.Lock()}
        ),
        outcome=lambda till, cash: f"{till.cash} of {cash + 10} euros are in the till",
        right={0: "10 of 10 euros are in the till", 30: "40 of 40 euros are in the till"},
    ),
    Puzzle(  # no release after an exception
        wants=("sell(shop, item)",),
        threads=((0, "mug"), (0, "cup")),
        shop=lambda mugs: Shop(stock={"mug": mugs}, complaints=0, lock=threading.Lock()),
        outcome=lambda shop, mugs: f"{mugs - shop.stock['mug']} sold, {shop.complaints} complained",
        right=dict.fromkeys((1, 4), "1 sold, 1 complained"),
        locks=("lock",),
    ),
    replace(  # if around wait
        BREAD,
        threads=((0,), (0,), (1,)),
        right={0: "0 left on the shelf", 1: "1 left on the shelf"},
    ),
    BREAD,  # notify before wait
)


def check_case(number: int, *functions: Any) -> Verdict:
    """Check that `functions`, the program of case `number`, are right in every order of their steps.

        >>> def sell(shop):
        ...     shop.sold += 1
        >>> check_case(1, sell).case
        'ABBA'

    Args:
        number: Which case, from 1 to 8.
        functions: All functions of the case, in the order in which it defines them.
    """
    puzzle = CASES[whole_number("number", number, most=len(CASES)) - 1]
    if len(functions) != len(puzzle.wants):
        names = ", ".join(want.partition("(")[0] for want in puzzle.wants)
        raise ValueError(
            f"functions must be {names}, as in check_case({number}, {names}), not {len(functions)}"
        )
    return judge(puzzle, *functions)
