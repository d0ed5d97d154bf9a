"""Coroutines in the place of threads: only `await` can switch, and asyncio's own locks are understood."""

import asyncio
import threading
from asyncio import sleep

import pytest

from threadlab import DEADLOCK, Crash, explore, replay


class Shop:
    def __init__(self):
        self.mugs = 1
        self.lock = asyncio.Lock()
        self.of_threads = threading.Lock()
        self.queue = asyncio.Queue(1)
        self.opened = asyncio.Event()


def run(*tasks, **how):
    return explore(tasks, state=Shop, outcome=lambda shop: shop.mugs, **how)


async def payment():
    await sleep(0.5)


async def sell(shop):
    if shop.mugs > 0:
        await payment()
        shop.mugs -= 1


def test_without_an_await_in_between_nobody_comes_between_two_lines():
    async def sell_at_once(shop):
        if shop.mugs > 0:
            shop.mugs -= 1

    assert run(sell_at_once, sell_at_once).orders() == [("AB", 0), ("BA", 0)]


def test_an_await_between_check_and_take_sells_the_mug_twice():
    orders = dict(run(sell, sell).orders())
    assert orders == {"AAB": 0, "BBA": 0, "ABAB": -1, "ABBA": -1, "BAAB": -1, "BABA": -1}


def test_a_bare_sleep_of_no_time_lets_others_go_on_as_well():
    async def sell(shop):
        if shop.mugs > 0:
            await sleep(0)
            shop.mugs -= 1

    assert run(sell, sell).outcomes == {0: 2, -1: 4}


def test_an_await_of_a_coroutine_that_awaits_nothing_lets_nobody_go_on():
    async def free():
        pass

    async def sell(shop):
        if shop.mugs > 0:
            await free()
            shop.mugs -= 1

    assert run(sell, sell).outcomes == {0: 2}


def test_what_stands_before_an_await_in_its_line_runs_before_it():
    async def one():
        await sleep(1)
        return 1

    async def add(shop):
        shop.mugs = shop.mugs + await one()

    assert run(add, add).outcomes == {2: 4, 3: 2}


def test_an_asyncio_lock_around_check_and_take_leaves_no_order_wrong():
    async def sell(shop):
        async with shop.lock:
            if shop.mugs > 0:
                await payment()
                shop.mugs -= 1

    found = run(sell, sell)
    assert dict(found.orders()) == {"AAB": 0, "BBA": 0, "ABAB": 0, "BABA": 0}
    (wait,) = found.follow("AB").end.waits
    assert (wait.thread, wait.wants) == ("B", "lock")


def test_a_task_that_nobody_wakes_is_a_deadlock():
    async def get(shop):
        await shop.queue.get()

    async def twice(shop):
        async with shop.lock:
            await shop.lock.acquire()

    assert list(run(get).outcomes) == list(run(twice, twice).outcomes) == [DEADLOCK]


def test_a_queue_and_an_event_wake_who_waits_for_them():
    async def get(shop):
        shop.mugs += await shop.queue.get()
        shop.opened.set()

    async def put(shop):
        await shop.queue.put(1)
        await shop.opened.wait()

    assert dict(run(get, put).orders()) == {"ABAB": 2, "BAB": 2}


def test_an_error_that_leaves_a_task_is_a_crash():
    async def fail(shop):
        await sleep(0)
        shop.nothing += 1

    found = run(fail)
    assert found.outcomes == {Crash("A", "AttributeError"): 1}
    assert "shop.nothing += 1" in found.replay(Crash("A", "AttributeError")).fault


def test_a_replay_tells_where_each_step_of_a_task_began():
    walk = replay([sell, sell], state=Shop, outcome=lambda shop: shop.mugs, case="ABBA")
    told = [(step.thread, step.source, step.state["mugs"]) for step in walk.steps]
    check, pay = "if shop.mugs > 0:", "await payment()"
    assert told == [("A", check, "1"), ("B", check, "1"), ("B", pay, "0"), ("A", pay, "-1")]


def test_a_replay_tells_which_lines_each_step_of_a_task_ran():
    walk = replay([sell, sell], state=Shop, outcome=lambda shop: shop.mugs, case="ABBA")
    check = sell.__code__.co_firstlineno + 1
    assert [step.ran for step in walk.steps] == [(check, check + 1)] * 2 + [(check + 1, check + 2)] * 2


def test_a_step_of_a_thread_ran_its_one_line():
    walk = replay([lambda shop: None], state=Shop, outcome=lambda shop: shop.mugs, case="A")
    assert walk.end.ran == ()


def test_a_case_that_does_not_fit_tasks_calls_them_tasks():
    with pytest.raises(ValueError, match="of the tasks A, B, not 'XYZ'"):
        run(sell, sell).follow("XYZ")


def test_a_task_that_asks_again_for_ever_meets_the_bound():
    async def spin(shop):
        while shop.mugs:
            await sleep(0)

    found = run(spin, spin, max_states=50)
    assert not found.complete
    assert "a coroutine cannot be compared" in found.notes[-1]


def test_what_is_cut_off_runs_its_finally_and_nothing_more():
    left = []

    async def spin(shop):
        try:
            while True:
                await sleep(0)
        finally:
            left.append(shop)

    found = run(spin, max_states=5)
    assert len(left) == found.runs


def test_a_lock_of_threads_would_stop_all_tasks_and_is_refused():
    async def pay_with_lock(shop):
        with shop.of_threads:
            await payment()

    with pytest.raises(RuntimeError, match=r"would stop every task.*asyncio\.Lock"):
        run(pay_with_lock, pay_with_lock)


def test_a_lock_of_asyncio_that_all_runs_share_is_refused():
    everybody = asyncio.Lock()

    async def pay_with_lock(shop):
        async with everybody:
            await payment()

    with pytest.raises(RuntimeError, match="was not made by `state`"):
        run(pay_with_lock, pay_with_lock)


def test_a_task_that_never_gives_way_is_named():
    async def busy(shop):
        while True:
            pass

    with pytest.raises(RuntimeError, match="thread A did not get out of line"):
        run(busy)


def test_what_needs_a_whole_event_loop_is_named():
    async def in_a_thread(shop):
        await asyncio.to_thread(print)

    with pytest.raises(RuntimeError, match="`run_in_executor` of an event loop"):
        run(in_a_thread)


def test_threads_and_tasks_do_not_mix():
    with pytest.raises(ValueError, match="all functions or all coroutine functions"):
        run(sell, print)
