"""The demos of the course, each small, and what is shown where one of them does not do.

The functions of 02 and 03 are those of the notebooks as they are by now.
"""

import ast
import json
import linecache
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from tempfile import TemporaryDirectory
from typing import Any

from threadlab.installing import ROOT
from threadlab.running.executors import wait_in_slices, workers_of
from threadlab.running.free_threaded import free_threaded_python
from threadlab.running.gil import Turns, switch_interval, turns
from threadlab.running.machine import this_machine
from threadlab.running.measuring import measure, sweep
from threadlab.running.recordings import load_recording
from threadlab.running.scaling import GAIN, Scaling
from threadlab.running.watching import Watch
from threadlab.schedules import explore
from threadlab.showing.saying import seconds
from threadlab.teaching.points import climbs, flat, follows, one_at_a_time, scales, to_the_cores
from threadlab.teaching.trying import Demo, Judged, judged
from threadlab.workloads.cpu import count_primes, hash_buffer
from threadlab.workloads.downloads import download_all
from threadlab.workloads.orders import process_order, sample_orders
from threadlab.workloads.site import Site, serve_site

_AGAIN = "the same again, with other programs closed"
_CLEAN = "a clean copy, if this one was changed: python -m threadlab fresh {}"
_WITH_GIL = _AGAIN if this_machine().gil else "the same in a Python started with PYTHON_GIL=1"
_WITH_CORES = _AGAIN if this_machine().cores > 1 else "the table at the end of the core of 04"


def recorded(executor: str) -> str:
    """Return of when and what the recording of an `executor` is; nothing if there is none."""
    with suppress(OSError, ValueError):
        return load_recording(executor).label
    return ""


def lesson(notebook: str) -> dict[str, Any]:
    """Return what the cells of `notebook` import and define, and its exercises; no cell is run."""
    path = min((ROOT / "notebooks").glob(f"{notebook}_*.ipynb"), key=lambda path: len(path.name))
    space: dict[str, Any] = {"__name__": f"lesson {notebook}", "exercises": []}
    kept = ast.Import | ast.ImportFrom | ast.FunctionDef | ast.ClassDef
    for number, cell in enumerate(json.loads(path.read_text("utf-8"))["cells"]):
        source, name = "".join(cell["source"]), f"<{path.name}, cell {number}>"
        linecache.cache[name] = len(source), None, source.splitlines(keepends=True), name
        with suppress(SyntaxError):  # what only a notebook understands
            tree = ast.parse(source if cell["cell_type"] == "code" else "")
            if "exercise" in cell["metadata"].get("tags", ()):
                space["exercises"].append((tree.body, name))
            tree.body = [each for each in tree.body if isinstance(each, kept)]
            exec(compile(tree, name, "exec"), space)
    return space


def watched(space: dict[str, Any], *, limit: float = 10.0, **options: Any) -> Watch:
    """Return a watch() on the functions in `space` that writes nothing."""
    return Watch(limit=limit, namespace=space, write=lambda text: None, **options)


def start_and_join(threads: Sequence[threading.Thread]) -> None:
    """Start all `threads`, then join them."""
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _eight_orders() -> Judged:
    orders, process = sample_orders(8), partial(process_order, wait=0.2)
    with watched({}) as loop:
        for order in orders:
            process(order)
    with watched({}) as run:
        start_and_join([threading.Thread(target=process, args=(order,)) for order in orders])
    before, now = loop.timeline.seconds, run.timeline.seconds
    return climbs(before / now, 8, f"8 orders: {seconds(now)} instead of {seconds(before)}")


def _shared_list() -> Judged:
    basket, found = list[str](), list[int]()
    for kind in ("threads", "processes"):
        with workers_of(kind, 1) as pool:
            wait_in_slices([task := pool.submit(basket.append, "mug")])
            task.result()
        found.append(len(basket))
    return judged(f"mugs in it: {found[0]} after the thread, {found[1]} after the process", found == [1, 1])


def _last_mug() -> Judged:
    space, left = lesson("02"), list[int]()
    for _ in range(3):
        space["stock"] = {"mug": 1}
        with watched(space, shared=space["stock"]):
            start_and_join([threading.Thread(target=space["sell"], args=(name,)) for name in ("Ann", "Bob")])
        left.append(space["stock"]["mug"])
    wrong = sum(each < 0 for each in left)
    why = f"{wrong} of {len(left)} times sold twice, {min(left)} left".replace("-", "−")
    return judged(why, wrong == len(left), wrong)


def _every_order() -> Judged:
    space = lesson("02")

    def stock() -> Any:
        space["stock"], space["lock"] = {"mug": 1}, threading.Lock()
        return space["stock"]

    at_once, locked = space["sell_at_once"], space["sell_with_lock"]
    before = explore([at_once] * 2, state=space["Shop"], outcome=lambda shop: shop.mugs, expected={0})
    after = explore([locked] * 2, state=stock, outcome=lambda stock: stock["mug"], expected={0})
    why = f"{before.wrong} of {before.total} orders wrong, with a lock {after.wrong} of {after.total}"
    shown = before.wrong and not after.wrong
    return judged(why, shown and before.complete and after.complete, shown)


def _deadlock() -> Judged:
    space = lesson("02")
    with watched(space, limit=1.0) as run:
        tools = {name: space["Lock"]() for name in ("till", "ladder")}
        pairs = ("till", "ladder"), ("ladder", "till")
        start_and_join([threading.Thread(target=space["fetch"], args=(tools, *pair)) for pair in pairs])
    lanes, report = run.timeline.lanes, run.timeline.report
    if "could not be ended" in report:
        return judged(report, False)
    stuck = sum(lane.end.startswith("was still waiting") for lane in lanes)
    why = f"{stuck} of {len(lanes)} threads stuck, ended after {seconds(run.timeline.seconds)}"
    return judged(why, stuck == len(lanes), True)


def _livelock() -> Judged:
    space = lesson("03")
    clerks = [(space["polite"], "till", "ladder"), (space["polite"], "ladder", "till")]
    found = explore(clerks, state=space["new_tools"], outcome=lambda tools: "both done")
    return judged(f"busy for ever: {found.simplest_wrong}" if found.livelock else "it ends", found.livelock)


def _detective() -> Judged:
    space, cases = lesson("03"), list[str]()
    for (*functions, check), name in space["exercises"]:
        exec(compile(ast.Module(functions, []), name, "exec"), space)
        cases.append(eval(compile(ast.Expression(check.value), name, "eval"), space).case)
    solved = [str(number) for number, case in enumerate(cases, 1) if not case]
    why = f"{len(cases) - len(solved)} of {len(cases)} programs fail every time"
    return judged(why + f"; not {', '.join(solved)}" * bool(solved), not solved, len(solved) < len(cases))


def _swept(judge: Callable[[Scaling], Judged], *what: Any, workers: int = 4, **how: Any) -> Judged:
    return judge(sweep(*what, workers=(workers,), repeats=3, **how))


_primes = partial(_swept, flat, count_primes, [30_000] * 4)
_hashing = partial(_swept, to_the_cores, lambda _: hash_buffer(rounds=60), range(4))
_waiting = partial(_swept, partial(scales, ideal=4), time.sleep, [0.1] * 4)
_two = partial(_swept, to_the_cores, count_primes, [30_000] * 4, workers=2)


def _two_free_threads() -> Judged:
    free_threaded_python(limit=3.0)  # or say what is missing, before the time is over
    return _two(executor="free-threaded")


def _turns(interval: float = 0.005, primes: int = 50_000) -> Turns:
    with switch_interval(interval), watched({}, gil=True) as run:
        start_and_join([threading.Thread(target=count_primes, args=(primes,)) for _ in "AB"])
    return turns(run.timeline)


def _switch_interval() -> Judged:
    return follows(_turns(0.005, 100_000), _turns(0.02, 100_000), ratio=4, gil=this_machine().gil)


def _fetch(site: Site, workers: int) -> float:
    """Return the median of the seconds in which so many `workers` download 24 files."""

    def fetch() -> None:
        for each in download_all(site.urls(24), folder, workers=workers):
            if each.error:
                raise RuntimeError(each.error)

    with TemporaryDirectory() as folder:
        return measure(fetch, repeats=1 if workers == 1 else 3, warmups=0).median


def _downloads() -> Judged:
    with serve_site(latency=0.05) as site:
        one, eight = _fetch(site, 1), _fetch(site, 8)
    return climbs(one / eight, 8, f"24 files, 8 threads: {seconds(eight)} instead of {seconds(one)}")


def _knee() -> Judged:
    with serve_site(latency=0.05, at_once=8) as site:
        eight, sixteen = _fetch(site, 8), _fetch(site, 16)
    gain, why = eight / sixteen, f"8 threads {eight:.2f} s, 16 threads {sixteen:.2f} s"
    return judged(why, gain <= GAIN, gain < 1.5)  # 2 would be no knee


DEMOS: tuple[Demo, ...] = (
    ("01", "eight orders overlap", _eight_orders, _AGAIN),
    ("01", "a list, shared or copied", _shared_list, "two baskets, drawn on the board"),
    ("02", "the last mug, sold twice", _last_mug, _CLEAN.format("02")),
    ("02", "every order of the sale", _every_order, _CLEAN.format("02")),
    ("02", "a deadlock, ended in time", _deadlock, "the order AABBBA of the same, step by step"),
    ("03", "a livelock", _livelock, _CLEAN.format("03")),
    ("03", "the detective's cases", _detective, _CLEAN.format("03")),
    ("04", "primes stay flat", _primes, _WITH_GIL),
    ("04", "hashing, up to the cores", _hashing, _WITH_CORES),
    ("04", "waiting, up to the ideal", _waiting, _AGAIN),
    ("04", "who held the GIL", lambda: one_at_a_time(_turns(), gil=this_machine().gil), _WITH_GIL),
    ("04", "processes, up to the cores", partial(_two, executor="processes"), _WITH_CORES),
    ("05", "downloads, eight at a time", _downloads, _AGAIN),
    ("05", "the knee", _knee, _AGAIN),
    # What stands under More comes last: it may be left out.
    ("04", "the switch interval", _switch_interval, _WITH_GIL),
    ("04", "two interpreters", partial(_two, executor="interpreters"), recorded("interpreters")),
    ("04", "threads without the GIL", _two_free_threads, recorded("free-threaded")),
)
