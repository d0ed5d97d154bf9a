import time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor, as_completed
from multiprocessing import get_context
from threading import Lock, Thread

import pytest

from threadlab import check_downloads, check_one_sale, check_processes, check_together


def together(work, items):
    threads = [Thread(target=work, args=(item,)) for item in items]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def together_in_a_pool(work, items):
    with ThreadPoolExecutor(len(items)) as pool:
        list(pool.map(work, items))


def one_after_the_other(work, items):
    for item in items:
        work(item)


def joins_too_early(work, items):
    for item in items:
        thread = Thread(target=work, args=(item,))
        thread.start()
        thread.join()


def calls_at_once(work, items):
    for item in items:
        Thread(target=work(item)).start()


def never_joins(work, items):
    for item in items:
        Thread(target=work, args=(item,)).start()


def joins_the_last(work, items):
    never_joins(work, items[:-1])
    time.sleep(0)


def does_nothing(work, items):
    pass


def has_a_slip(work, items):
    raise NameError("name 'Tread' is not defined")


@pytest.mark.parametrize("right", [together, together_in_a_pool])
def test_threads_that_are_all_under_way_and_joined_pass(right):
    assert check_together(right).passed


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        (one_after_the_other, "tea waited for the others"),
        (joins_too_early, "tea waited for the others"),
        (calls_at_once, "tea waited for the others"),
        (never_joins, "returned before the work was done"),
        (joins_the_last, "waited for the others, who never came"),
        (does_nothing, "work was called for nothing"),
        (has_a_slip, "NameError: name 'Tread'"),
    ],
)
def test_what_is_not_together_is_refused_for_its_reason(wrong, reason):
    verdict = check_together(wrong)
    assert not verdict.passed
    assert reason in str(verdict)


def locked(shop, wait_for_payment):
    with shop.lock:
        if shop.mugs > 0:
            wait_for_payment()
            shop.mugs -= 1


def unlocked(shop, wait_for_payment):
    if shop.mugs > 0:
        wait_for_payment()
        shop.mugs -= 1


def locks_the_take(shop, wait_for_payment):
    if shop.mugs > 0:
        wait_for_payment()
        with shop.lock:
            shop.mugs -= 1


def looks_again(shop, wait_for_payment):
    if shop.mugs > 0:
        wait_for_payment()
        with shop.lock:
            if shop.mugs > 0:
                shop.mugs -= 1


def has_a_lock_of_its_own(shop, wait_for_payment):
    with Lock():
        unlocked(shop, wait_for_payment)


def sleeps(shop, wait_for_payment):
    time.sleep(0.01)
    unlocked(shop, wait_for_payment)


def keeps_the_lock(shop, wait_for_payment):
    shop.lock.acquire()
    unlocked(shop, wait_for_payment)


def gives_it_away(shop, wait_for_payment):
    with shop.lock:
        shop.mugs = 0


def fails(shop, wait_for_payment):
    raise KeyError("mug")


def test_looking_and_taking_under_one_lock_passes():
    assert check_one_sale(locked).passed


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        (unlocked, "18 of 20 orders are wrong; in the simplest, AABBBA, both pay for a mug (−1 left)"),
        (locks_the_take, "both pay for a mug (−1 left)"),
        (looks_again, "both pay for a mug (0 left)"),
        (has_a_lock_of_its_own, "both pay for a mug (−1 left)"),
        (sleeps, "sleep is no cure, for time promises no order"),
        (keeps_the_lock, "B waits for the lock, which A has, for ever"),
        (gives_it_away, "nobody pays for a mug (0 left)"),
        (fails, "A dies of KeyError ('mug') at raise"),
    ],
)
def test_a_sale_that_can_go_wrong_is_refused_for_its_reason(wrong, reason):
    verdict = check_one_sale(wrong)
    assert not verdict.passed
    assert reason in str(verdict)


def in_processes(work, items, workers=2):
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        return list(pool.map(work, items))


def in_threads(work, items):
    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(work, items))


def test_two_processes_at_once_pass():
    assert check_processes(in_processes).passed


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        (in_threads, "done in this process"),
        (lambda work, items: in_processes(work, items, workers=1), "by one process"),
        (lambda work, items: in_processes(work, items)[::-1], "in their order"),
        (lambda work, items: None, "in their order"),
        (has_a_slip, "NameError"),
    ],
)
def test_what_is_not_in_processes_is_refused_for_its_reason(wrong, reason):
    verdict = check_processes(wrong)
    assert not verdict.passed
    assert reason in str(verdict)


def fetch(download, urls, workers=8):
    with ThreadPoolExecutor(workers) as pool:
        return list(pool.map(download, urls))


def fetch_as_they_come(download, urls):
    with ThreadPoolExecutor(8) as pool:
        return [future.result() for future in as_completed([pool.submit(download, url) for url in urls])]


def fetch_futures(download, urls):
    with ThreadPoolExecutor(8) as pool:
        return [pool.submit(download, url) for url in urls]


def fetch_lazily(download, urls):
    with ThreadPoolExecutor(8) as pool:
        return pool.map(download, urls)


@pytest.mark.parametrize("workers", [4, 8])
def test_a_pool_of_downloads_passes(workers):
    assert check_downloads(lambda download, urls: fetch(download, urls, workers)).passed


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        (lambda download, urls: [download(url) for url in urls], "only 1 of 24 downloads at a time"),
        (lambda download, urls: fetch(download, urls, workers=2), "only 2 of 24"),
        (lambda download, urls: fetch(download, urls, workers=24), "24 threads at once are too many"),
        (fetch_as_they_come, "the results are all there, in another order than the URLs"),
        (fetch_futures, "it returned futures, not results: ask each for its .result()"),
        (fetch_lazily, "it returned a generator: make a list of it"),
        (lambda download, urls: map(download, urls), "it returned a map: make a list of it"),
        (lambda download, urls: tuple(fetch(download, urls)), "it returned a tuple: make a list of it"),
        (lambda download, urls: fetch(download, urls) and None, "it returned None: return the list"),
        (lambda download, urls: len(fetch(download, urls)), "it must return a list"),
        (lambda download, urls: fetch(download, urls)[1:], "it must return a list"),
        (has_a_slip, "NameError"),
    ],
)
def test_what_does_not_download_together_is_refused_for_its_reason(wrong, reason):
    verdict = check_downloads(wrong)
    assert not verdict.passed
    assert reason in str(verdict)


def test_a_verdict_shows_itself_in_a_notebook():
    assert "not yet: work was called for nothing" in check_together(does_nothing)._repr_html_()


async def sells_twice(shop, wait_for_payment):
    if shop.mugs > 0:
        await wait_for_payment()
        shop.mugs -= 1


async def takes_first(shop, wait_for_payment):
    if shop.mugs > 0:
        shop.mugs -= 1
        await wait_for_payment()


async def locks_both(shop, wait_for_payment):
    async with shop.lock:
        await sells_twice(shop, wait_for_payment)


async def locks_the_take(shop, wait_for_payment):
    if shop.mugs > 0:
        await wait_for_payment()
        async with shop.lock:
            shop.mugs -= 1


async def never_pays(shop, wait_for_payment):
    async with shop.lock:
        if shop.mugs > 0:
            shop.mugs -= 1


async def forgets_to_await(shop, wait_for_payment):
    if shop.mugs > 0:
        shop.mugs -= 1
        wait_for_payment()


async def forgets_async(shop, wait_for_payment):
    with shop.lock:
        await sells_twice(shop, wait_for_payment)


async def takes_the_lock_twice(shop, wait_for_payment):
    async with shop.lock:
        await locks_both(shop, wait_for_payment)


@pytest.mark.parametrize("sell", [takes_first, locks_both])
def test_a_sale_by_tasks_passes_if_every_order_of_its_awaits_is_right(sell):
    verdict = check_one_sale(sell)
    assert verdict.passed, verdict
    assert str(verdict) == f"passed: right in all {verdict.exploration.total} orders that the awaits allow"


@pytest.mark.parametrize(
    ("sell", "why"),
    [
        (
            sells_twice,
            "not yet: 4 of 6 orders are wrong; in the simplest, ABBA, both pay for a mug (−1 left)",
        ),
        (locks_the_take, "not yet: 4 of 6 orders are wrong"),
        (never_pays, "nobody pays for a mug (0 left)"),
        (
            forgets_to_await,
            "wait_for_payment() was never awaited: write `await` in front of wait_for_payment()",
        ),
        (forgets_async, "AB, A dies of TypeError at `with shop.lock:`; write `async with`"),
        (takes_the_lock_twice, "A waits for the lock, and B waits for the lock, for ever"),
    ],
)
def test_a_wrong_sale_by_tasks_is_met_by_the_simplest_order_that_breaks_it(sell, why):
    assert why in str(check_one_sale(sell))


def test_a_sale_that_is_to_be_one_of_tasks_is_a_coroutine_function():
    assert "this is no coroutine function: write `async def`" in str(check_one_sale(locked, tasks=True))


@pytest.mark.parametrize("check", [check_together, check_one_sale, check_processes, check_downloads])
def test_an_answer_that_is_no_function_is_refused_by_name(check):
    with pytest.raises(TypeError, match="must be a function"):
        check(3)
