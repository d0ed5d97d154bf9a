"""Check an exercise by forcing the order that breaks a wrong answer, or by trying every order."""

import os
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from functools import wraps
from inspect import iscoroutinefunction
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from threadlab.running.arguments import function
from threadlab.running.watching import Watch
from threadlab.teaching.cases import SALE, TASK_SALE
from threadlab.teaching.judging import NotYet, Verdict, judge, refuse

_LIMIT = 1.0  # seconds that an answer which hangs may take


def _check(check: Callable[[Any], str]) -> Callable[[Any], Verdict]:
    """Turn a function that says why an answer passes, or refuses it, into one that returns a verdict."""

    @wraps(check)
    def verdict(answer: Any) -> Verdict:
        function(check.__code__.co_varnames[0], answer)
        try:
            return Verdict(True, check(answer))
        except NotYet as reason:
            return Verdict(False, str(reason))
        except Exception as error:
            return Verdict(False, f"it raised {type(error).__name__}: {error}")

    return verdict


@contextmanager
def _watched(learners: Callable[..., Any], hangs: Callable[[], str]) -> Iterator[Watch]:
    """Run an answer; if it hangs, what `hangs` says is the reason."""
    with Watch(limit=_LIMIT, namespace=learners.__globals__, write=lambda text: None) as run:
        yield run
    if run.stopped:
        raise NotYet(hangs())
    for lane in run.timeline.lanes:
        refuse(lane.end.startswith("died"), f"the thread {lane.name} {lane.end}")


class _Meeting:
    """Work at which so many must be present at once before anybody may leave."""

    def __init__(self, needed: int) -> None:
        self._guard = threading.Lock()  # guards all that follows
        self.calls: list[Any] = []
        self.needed, self.most, self.done = needed, 0, 0

    def attend(self, item: Any, *, leave: Callable[[], bool]) -> None:
        """Arrive, wait until enough are there and until `leave` is true, and go."""
        with self._guard:
            self.calls.append(item)
            self.most = max(self.most, len(self.calls) - self.done)
        try:
            while not (self.most >= self.needed and leave()):
                time.sleep(0.001)
        finally:  # also when the time limit ends it
            with self._guard:
                self.done += 1


@_check
def check_together(run_together: Callable[..., Any]) -> str:
    """Check that `run_together(work, items)` has `work` under way for all items at once, and joins.

    >>> from threading import Thread
    >>> def forgets_to_join(work, items):
    ...     for item in items:
    ...         Thread(target=work, args=(item,)).start()
    >>> check_together(forgets_to_join)
    not yet: it returned before the work was done; join every thread
    """
    items = ["tea", "milk", "bread", "jam"]
    meeting, main = _Meeting(len(items)), threading.get_ident()
    returned = -1  # how many were done when it returned
    hangs = "waited for the others, who never came"
    with _watched(run_together, lambda: " ".join([*map(str, meeting.calls[:1]), hangs])) as run:

        def work(item: str) -> None:
            mine = threading.get_ident() == main
            meeting.attend(item, leave=lambda: mine or returned >= 0 or run.is_waiting)

        run_together(work, items)
        returned = meeting.done
    called = ", ".join(map(str, meeting.calls)) or "nothing"
    once = sorted(meeting.calls) == sorted(items)
    refuse(not once, f"work was called for {called}, not once for each of {', '.join(items)}")
    refuse(returned < len(items), "it returned before the work was done; join every thread")
    return "all four were under way at once, and it waited for them"


def check_one_sale(sell: Callable[..., Any], *, tasks: bool = False) -> Verdict:
    """Check that two threads of `sell(shop, wait_for_payment)` sell the shop's one mug once, in every order.

    The shop has `mugs` and a `lock`. While one waits for the payment, the other may do anything or nothing.
    If `sell` is a coroutine function, as it must be for `tasks`, `wait_for_payment()` is to be awaited, and
    the lock is one of asyncio's.

    >>> def sell(shop, wait_for_payment):
    ...     shop.mugs -= 1
    >>> check_one_sale(sell).passed
    False
    """
    return judge(TASK_SALE if tasks or iscoroutinefunction(sell) else SALE, sell)


@_check
def check_processes(run_all: Callable[..., Any]) -> str:
    """Check that `run_all(work, items)` works in two other processes at once, results in order.

    >>> check_processes(lambda work, items: list(map(work, items)))
    not yet: the work was done in this process, under this GIL; use a ProcessPoolExecutor
    """
    with TemporaryDirectory() as folder:
        items = [(folder, os.getpid(), number) for number in range(4)]
        results = list(run_all(meet_in_processes, items) or ())
    in_order = [result[:1] for result in results] == [(number,) for number in range(4)]
    refuse(not in_order, f"it must return the result of each item in their order, not {results!r}")
    where = {pid for _, pid in results}
    here = "the work was done in this process, under this GIL; use a ProcessPoolExecutor"
    refuse(os.getpid() in where, here)
    refuse(len(where) < 2, "all the work was done by one process; give the pool two workers")
    return f"{len(where)} processes, each with a GIL of its own, worked at once"


def meet_in_processes(item: tuple[str, int, int]) -> tuple[int, int]:
    """Return the number of `item` and this process's id, once a second process is at work too."""
    folder, learners, number = item
    if os.getpid() != learners:
        Path(folder, str(os.getpid())).touch()
        until = time.monotonic() + 5
        while len(os.listdir(folder)) < 2:
            if time.monotonic() > until:
                Path(folder, "nobody came").touch()  # the next call need not wait as well
            time.sleep(0.01)
    return number, os.getpid()


@_check
def check_downloads(fetch_all: Callable[..., Any]) -> str:
    """Check that `fetch_all(download, urls)` has 4 to 8 downloads under way at once, results in order.

    >>> check_downloads(lambda download, urls: list(map(download, urls)))
    not yet: only 1 of 24 downloads at a time
    """
    urls = [f"http://127.0.0.1/photo-{number}.jpg" for number in range(24)]
    meeting, numbers = _Meeting(4), count()
    with _watched(fetch_all, lambda: f"only {meeting.most} of {len(urls)} downloads at a time") as run:

        def download(url: str) -> str:
            # All wait until the pool has all its work. The first ends last: the order of ending is wrong.
            first = next(numbers) == 0
            meeting.attend(url, leave=lambda: meeting.done >= 23 if first else run.is_waiting)
            return f"contents of {url}"

        results = fetch_all(download, urls)
    _refuse_results(results, [f"contents of {url}" for url in urls])
    threads = len(run.timeline.lanes)
    refuse(threads > 8, f"{threads} threads at once are too many for the site; take 8 workers")
    return f"{threads} threads downloaded side by side, and every result is in its place"


def _refuse_results(results: Any, right: list[str]) -> None:
    """Refuse what is not the list `right`, and name what came."""
    refuse(results is None, "it returned None: return the list")
    lazy = isinstance(results, Iterator | tuple)
    refuse(lazy, f"it returned a {type(results).__name__}: make a list of it")
    few = results if isinstance(results, list) else []
    futures = any(isinstance(each, Future) for each in few)
    refuse(futures, "it returned futures, not results: ask each for its .result()")
    shuffled = results != right and sorted(few, key=str) == sorted(right)
    refuse(shuffled, "the results are all there, in another order than the URLs")
    every = "it must return a list with what download returned for each URL, in the order of the URLs"
    refuse(results != right, every)
