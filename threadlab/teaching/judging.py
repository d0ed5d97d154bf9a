"""Judge an answer by every order of its steps, and tell the simplest wrong one in the words of the shop."""

import asyncio
from collections.abc import Callable, Generator, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from html import escape
from inspect import iscoroutinefunction, signature
from itertools import pairwise
from math import isinf
from threading import current_thread
from types import FunctionType
from typing import Any

from threadlab.running.arguments import function
from threadlab.schedules import DEADLOCK, LIVELOCK, Crash, Exploration, explore

# States, of which a right answer has some hundred. On an ordinary computer it takes a second to meet the
# bound; a bound in seconds would make a verdict depend on what else the computer does.
_LINES, _INSIDE = 3_000, 1_500
_LIMIT = 20.0  # seconds, on a computer that is very slow


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a check says of an answer, and if it tried every order, the simplest wrong `case`."""

    passed: bool
    why: str
    exploration: Exploration | None = None
    case: str = ""

    def __str__(self) -> str:
        return f"{'passed' if self.passed else 'not yet'}: {self.why}"

    __repr__ = __str__

    def walk(self) -> Any:
        """Show every order that the check tried, and the simplest wrong one step by step."""
        from threadlab.showing.stepper import show_orders  # here, because it loads widgets

        return show_orders(self.exploration, case=self.case) if self.exploration else self

    def _repr_html_(self) -> str:
        from threadlab.showing.tiles import tiles  # here, because it loads matplotlib

        sign, colour = ("✓", "#009E73") if self.passed else ("…", "#68707C")
        style = f"border-left:6px solid {colour};padding:6px 12px;font-size:18px"
        picture = f'<div style="margin-top:6px">{tiles(self.case)}</div>' if self.case else ""
        return f'<div style="{style}">{sign} {escape(str(self))}{picture}</div>'


class NotYet(Exception):  # noqa: N818
    """The reason why an answer does not pass, and what else its verdict holds."""


def refuse(wrong: object, why: str, *rest: Any) -> None:
    """Raise NotYet with the reason `why` if something is `wrong`."""
    if wrong:
        raise NotYet(why, *rest)


class Shop:
    """What the threads of a program share."""

    def __init__(self, **parts: Any) -> None:
        vars(self).update(parts)


class Payment:
    """Waiting for a payment: one step, for time promises no order."""

    shop: Any = None
    forgotten = 0  # how often it was called in a task and not awaited

    def __call__(self) -> None:
        """Write down who pays."""
        self.shop.paid += current_thread().name


class _Awaited:
    """A payment in a task; no coroutine, for Python itself would warn that nobody awaited that."""

    def __init__(self, payment: Payment) -> None:
        self.payment = payment
        payment.forgotten += 1

    def __await__(self) -> Generator[Any, Any, None]:
        self.payment.forgotten -= 1
        self.payment()
        return asyncio.sleep(0).__await__()


@dataclass(frozen=True, slots=True)
class Puzzle:
    """A program of the shop: how its threads start, and what is right."""

    wants: tuple[str, ...]  # how the threads call each function, such as "sell(shop)"
    threads: Sequence[Sequence[Any]]  # the place of a function in `wants`, and what it gets after the shop
    shop: Callable[[int], Shop]  # makes a fresh shop of a number to start with
    outcome: Callable[[Any, int], str]  # what a run came to, in the words of the shop
    right: dict[int, str]  # the outcome that is right, for two numbers to start with
    locks: tuple[str, ...] = ()  # those that must be taken
    pays_apart: bool = False  # whether others must be able to go on while one pays
    tasks: bool = False  # whether the functions must be coroutine functions

    def explore(self, functions: tuple[Any, ...], start: int, switch_points: Any, most: int) -> Exploration:
        """Try every order of the steps of `functions`, beginning with `start`."""
        payment = Payment()
        forgotten = []  # for each run that came to its end, how many payments nobody awaited

        def state() -> Shop:
            payment.forgotten = 0
            payment.shop = shop = self.shop(start)
            return shop

        def outcome(shop: Shop) -> str:
            forgotten.append(payment.forgotten)
            return self.outcome(shop, start)

        in_task = partial(_Awaited, payment)
        given = {Payment: in_task if iscoroutinefunction(functions[0]) else payment}
        threads = [
            (functions[place], *[given.get(each, each) for each in rest]) for place, *rest in self.threads
        ]
        how: Any = {"expected": {self.right[start]}, "switch_points": switch_points}
        how |= {"max_states": most, "time_limit": _LIMIT, "stop": lambda: False}  # an interrupt ends it all
        found = explore(threads, state=state, outcome=outcome, **how)
        never = "wait_for_payment() was never awaited: write `await` in front of wait_for_payment()"
        refuse(any(forgotten), never, found)
        before = self.outcome(state(), start)
        untouched = before != self.right[start] and set(found.outcomes) == {before}
        refuse(untouched, "nothing has changed in the shop that the threads were given", found)
        return found


def judge(puzzle: Puzzle, *functions: Any) -> Verdict:
    """Return the verdict on `functions` as the answer to `puzzle`."""
    for want, each in zip(puzzle.wants, functions, strict=True):
        function(want.partition("(")[0], each)
    try:
        return Verdict(True, *_judge(puzzle, functions))
    except NotYet as reason:
        return Verdict(False, *reason.args)
    except RuntimeError as error:  # what the exploration cannot control or repeat, as a sentence
        told, outside, _ = str(error).partition(". Blocking")[0].partition(" made outside")
        return Verdict(False, f"{told}; take one of the shop's, which all share" if outside else told)
    except Exception as error:
        return Verdict(False, f"nobody can tell what is left in the shop: {type(error).__name__}: {error}")


def _judge(puzzle: Puzzle, functions: tuple[Any, ...]) -> tuple[str, Exploration]:
    for want, each in zip(puzzle.wants, functions, strict=True):
        seen = isinstance(each, FunctionType) and each.__name__ != "<lambda>"
        refuse(not seen, f"write {want} with def; the steps inside anything else cannot be seen")
        plain = puzzle.tasks and not iscoroutinefunction(each)
        refuse(plain, "this is no coroutine function: write `async def`")
        try:
            signature(each).bind(*want.split(","))
        except TypeError:
            raise NotYet(f"the threads call {want}, but you wrote {each.__name__}{signature(each)}") from None
    (first, right), (second, _) = puzzle.right.items()
    found = puzzle.explore(functions, first, "line", _LINES)
    _refuse_wrong(functions, found, "")
    refuse(not found.complete, "it comes to no end: which loop goes on and on?", found)
    spins = "right, but somebody may ask again and again for ever; who waits must sleep until called"
    refuse(found.can_starve, spins, found)
    tasks = iscoroutinefunction(functions[0])  # inside their lines nobody can switch
    inside = found if tasks else puzzle.explore(functions, first, "micro", _INSIDE)
    _refuse_wrong(functions, inside, "right line by line, but inside a line ")
    other = puzzle.explore(functions, second, "line", _LINES)
    _refuse_wrong(functions, other, f"right if the shop starts with {first}, but with {second}, ")
    moves = [(before.state, now.state) for before, now in pairwise(inside.replay(right).steps)]
    for lock in puzzle.locks:
        under = [move for move in moves if any("held by" in state.get(lock, "") for state in move)]
        idle = all(
            before.get(part) == now[part] for before, now in under for part in {*now} - {*puzzle.locks}
        )
        refuse(idle, f"right in every order, but nobody changes anything under shop.{lock}", found)
        kept = "held by" in moves[-1][1].get(lock, "")
        refuse(kept, f"right in every order, but in the end somebody still has shop.{lock}", found)
    paid = [now for before, now in moves if now.get("paid") != before.get("paid")]
    queues = puzzle.pays_apart and any("held by" in state["lock"] for state in paid)
    refuse(queues, "no mug is sold twice, but while one pays, all others wait; pay outside the lock", found)
    tried = "too" if inside.complete else f"in the {inside.total:,} such orders that were tried"
    if tasks:
        return f"right in all {found.total:,} orders that the awaits allow", found
    return f"right in all {found.total:,} orders, and with switches in the middle of a line {tried}", found


def _refuse_wrong(functions: Iterable[Any], found: Exploration, where: str) -> None:
    """Refuse an answer that is wrong in some order, and tell the simplest one."""
    if case := found.simplest_wrong:
        outcome = found.follow(case).outcome
        sleeps = any("sleep" in each.__code__.co_names for each in functions)
        hint = "; sleep is no cure, for time promises no order" if sleeps else ""
        least, be = "" if found.complete else "at least ", "is" if found.wrong == 1 else "are"
        many = f"{least}{found.wrong:,} of {found.total:,} orders {be}"
        many = "some orders are" if isinf(found.total) else many
        why = f"{where}{many} wrong; in the simplest, {case}, {_told(found, outcome)}{hint}"
        raise NotYet(why, found, case)


def _told(found: Exploration, outcome: Any) -> str:
    """Say what an outcome is, in the words of the shop."""
    if outcome is DEADLOCK:
        waits = found.replay(outcome).end.waits
        held = [f", which {wait.holder} has" if wait.holder else "" for wait in waits]
        told = [f"{w.thread} waits for the {w.wants}{by}" for w, by in zip(waits, held, strict=True)]
        return f"{', and '.join(told)}, for ever"
    if isinstance(outcome, Crash):
        fault = found.replay(outcome).fault
        if "Lock' object does not support the context manager" in fault:  # a lock of asyncio
            line = fault.rpartition(" at ")[2]
            fault = f"TypeError at `{line}`; write `async with`, which waits without stopping the others"
        return f"{outcome.thread} dies of {fault}"
    return "all are busy for ever and nobody gets on" if outcome is LIVELOCK else str(outcome)
