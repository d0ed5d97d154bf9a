"""Check an exercise by forcing the order that breaks a wrong answer: no verdict depends on luck."""

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from html import escape
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from threadlab.running.arguments import function
from threadlab.running.watching import Watch

_LIMIT = 1.0  # seconds that an answer which hangs may take


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a check says of an answer."""

    passed: bool
    why: str

    def __str__(self) -> str:
        return f"{'passed' if self.passed else 'not yet'}: {self.why}"

    __repr__ = __str__

    def _repr_html_(self) -> str:
        sign, colour = ("✓", "#009E73") if self.passed else ("…", "#68707C")
        style = f"border-left:6px solid {colour};padding:6px 12px;font-size:18px"
        return f'<div style="{style}">{sign} {escape(str(self))}</div>'


class _NotYet(Exception):  # noqa: N818
    """The reason why an answer does not pass."""


def _check(answer: Callable[[], str]) -> Verdict:
    try:
        return Verdict(True, answer())
    except _NotYet as reason:
        return Verdict(False, str(reason))


@contextmanager
def _watched(learners: Callable[..., Any], hangs: Callable[[], str]) -> Iterator[Watch]:
    """Run an answer; if it hangs, what `hangs` says is the reason."""
    run = Watch(limit=_LIMIT, namespace=learners.__globals__, write=lambda text: None)
    try:
        with run:
            yield run
    except Exception as error:
        raise _NotYet(f"it raised {type(error).__name__}: {error}") from error
    if run.stopped:
        raise _NotYet(hangs())
    for lane in run.timeline.lanes:
        if lane.end.startswith("died"):
            raise _NotYet(f"the thread {lane.name} {lane.end}")


class _Meeting:
    """Work at which so many must be present at once before anybody may leave."""

    def __init__(self, needed: int) -> None:
        self.needed, self.present, self.most, self.done = needed, 0, 0, 0
        self.calls: list[Any] = []
        self._guard = threading.Lock()  # guards all of these

    def attend(self, item: Any, *, leave: Callable[[], bool]) -> None:
        """Arrive, wait until enough are there and until `leave` is true, and go."""
        with self._guard:
            self.calls.append(item)
            self.present += 1
            self.most = max(self.most, self.present)
        try:
            while not (self.most >= self.needed and leave()):
                time.sleep(0.001)
        finally:
            with self._guard:
                self.present -= 1
                self.done += 1


def check_together(run_together: Callable[..., Any]) -> Verdict:
    """Check that `run_together(work, items)` has `work` under way for all items at once, and joins.

    >>> from threading import Thread
    >>> def forgets_to_join(work, items):
    ...     for item in items:
    ...         Thread(target=work, args=(item,)).start()
    >>> check_together(forgets_to_join)
    not yet: it returned before the work was done; join every thread
    """
    function("run_together", run_together)
    items = ["tea", "milk", "bread", "jam"]

    def answer() -> str:
        meeting, returned = _Meeting(len(items)), list[int]()
        main = threading.get_ident()
        with _watched(
            run_together, lambda: f"{_names(meeting.calls[:1])} waited for the others, who never came"
        ) as run:

            def work(item: str) -> None:
                mine = threading.get_ident() == main
                meeting.attend(item, leave=lambda: mine or bool(returned) or run.is_waiting)

            run_together(work, items)
            returned.append(meeting.done)
        if sorted(meeting.calls) != sorted(items):
            raise _NotYet(
                f"work was called for {_names(meeting.calls)}, not once for each of {_names(items)}"
            )
        if returned[0] < len(items):
            raise _NotYet("it returned before the work was done; join every thread")
        return "all four were under way at once, and it waited for them"

    return _check(answer)


def check_one_sale(sell: Callable[..., Any]) -> Verdict:
    """Check that two threads of `sell(shop, wait_for_payment)` sell the shop's one mug once.

    The payment of one takes until the other has got there too, waits for a lock, or has gone: the order that
    sells the mug twice, if any does.
    """
    function("sell", sell)

    def answer() -> str:
        with _watched(sell, lambda: "somebody waits for ever; is every lock given back?") as run:
            shop = _Shop()
            paying: list[str] = []

            def wait_for_payment() -> None:
                paying.append(me := threading.current_thread().name)
                other = "Bob" if me == "Ann" else "Ann"
                while len(paying) < 2 and not run.is_held_up(other):
                    time.sleep(0.001)

            clerks = [
                threading.Thread(target=sell, args=(shop, wait_for_payment), name=n) for n in ("Ann", "Bob")
            ]
            for clerk in clerks:
                clerk.start()
        if len(paying) > 1:
            raise _NotYet(
                "both looked, both saw one mug, and both were paid; looking must be inside the lock too"
            )
        if not paying:
            raise _NotYet("nobody called wait_for_payment(), so nothing was sold")
        if shop.mugs != 0:
            raise _NotYet(f"one was paid, and then there were {shop.mugs} mugs in place of 0")
        return "one clerk sold the mug, the other found none, in the order that used to break it"

    return _check(answer)


class _Shop:
    def __init__(self) -> None:
        self.mugs = 1
        self.lock = threading.Lock()


def check_processes(run_all: Callable[..., Any]) -> Verdict:
    """Check that `run_all(work, items)` works in two other processes at once, results in order."""
    function("run_all", run_all)

    def answer() -> str:
        with TemporaryDirectory() as folder:
            items = [(folder, os.getpid(), number) for number in range(4)]
            try:
                results = list(run_all(meet_in_processes, items) or ())
            except Exception as error:
                raise _NotYet(f"it raised {type(error).__name__}: {error}") from error
        if [result[:1] for result in results] != [(number,) for number in range(4)]:
            raise _NotYet(f"it must return the result of each item in their order, not {results!r}")
        where = {pid for _, pid in results}
        if os.getpid() in where:
            raise _NotYet("the work was done in this process, under this GIL; use a ProcessPoolExecutor")
        if len(where) < 2:
            raise _NotYet("all the work was done by one process; give the pool two workers")
        return f"{len(where)} processes, each with a GIL of its own, worked at once"

    return _check(answer)


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


def check_downloads(fetch_all: Callable[..., Any], *, least: int = 4, most: int = 8) -> Verdict:
    """Check that `fetch_all(download, urls)` has 4 to 8 downloads under way at once, results in order."""
    function("fetch_all", fetch_all)
    urls = [f"http://127.0.0.1/photo-{number}.jpg" for number in range(24)]

    def answer() -> str:
        meeting, numbers = _Meeting(least), count()
        with _watched(fetch_all, lambda: f"only {meeting.most} of {len(urls)} downloads at a time") as run:

            def download(url: str) -> str:
                # All wait until the pool has all its work. The first ends last: the order of ending is wrong.
                first = next(numbers) == 0
                meeting.attend(url, leave=lambda: meeting.done >= 23 if first else run.is_waiting)
                return f"contents of {url}"

            results = fetch_all(download, urls)
        threads = len(run.timeline.lanes)
        if not isinstance(results, list) or results != [f"contents of {url}" for url in urls]:
            raise _NotYet(
                "it must return a list with what download returned for each URL, in the order of the URLs"
            )
        if threads > most:
            raise _NotYet(f"{threads} threads at once are too many for the site; take {most} workers")
        return f"{threads} threads downloaded side by side, and every result is in its place"

    return _check(answer)


def _names(items: list[Any]) -> str:
    return ", ".join(map(str, items)) or "nothing"
