"""Whatever a learner gives to explore: it works, or one clear sentence says what to do instead."""

import _thread
import asyncio
import os
import queue
import socket
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cache
from itertools import count

import pytest

from threadlab.running.machine import usable_cores
from threadlab.schedules import DEADLOCK, Crash, explore, replay
from threadlab.schedules.baton import Baton
from threadlab.schedules.ending import LOOK, LOOKS, TRIES, TRY, waits_for_a_core
from threadlab.schedules.primitives import UnsupportedError


class Shop:
    def __init__(self):
        self.v = 0
        self.lock = threading.Lock()


def add(shop):
    x = shop.v
    shop.v = x + 1


def one_by_one(shop):
    yield add(shop)


def run(threads, *, state=Shop, outcome=lambda shop: shop.v, **how):
    return explore(threads, state=state, outcome=outcome, **how)


@pytest.fixture(autouse=True)
def _nothing_is_left():
    before = threading.Lock, time.sleep, threading.active_count()
    yield
    assert before == (threading.Lock, time.sleep, threading.active_count())


@dataclass
class Till:
    v: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def pay(self):
        self.v += 1


@pytest.mark.parametrize(
    ("threads", "error", "says"),
    [
        ([], ValueError, "threads must be a list of at least one function"),
        ([add] * 10, ValueError, "at most 8, not 10, because"),
        (add, TypeError, "threads must be a list of functions"),
        ("add", TypeError, "threads must be a list of functions"),
        ([3], TypeError, r"threads\[0\] must be a function"),
        ([add, (3, add)], TypeError, r"threads\[1\] must be a function"),
        ([add, (add, 3)], TypeError, r"threads\[1\] is called as add\(state, 3\), but you wrote add\(shop\)"),
        ([cache(add)], TypeError, r"remembers what it returned.*: write it without @cache, or give add\."),
        ([Till().pay], TypeError, r"but you wrote pay\(\): write Till.pay, and the state is its self"),
        ([threading.Thread], TypeError, r"threads\[0\] makes a thread that nobody starts"),
        ([one_by_one], TypeError, r"threads\[0\] is a generator function, and a call runs none of its lines"),
    ],
)
def test_threads_that_are_no_functions_are_named(threads, error, says):
    with pytest.raises(error, match=says):
        run(threads)


@pytest.mark.parametrize("expected", [(2,), "2", 2, {2: 1}, 1.5])
def test_expected_as_a_tuple_or_text_says_what_to_write(expected):
    with pytest.raises(TypeError, match=r"expected must be a set of right outcomes such as \{0\}"):
        run([add, add], expected=expected)


@pytest.mark.parametrize("expected", [{2}, frozenset({2}), [2], range(2, 3), lambda v: v == 2])
def test_expected_may_be_a_set_a_list_a_range_or_a_function(expected):
    assert run([add, add], expected=expected).wrong == 4


def test_special_outcomes_are_wrong_unless_a_set_names_them():
    def die(shop):
        raise KeyError

    crash = Crash("A", "KeyError")
    wrong = [run([die], expected=e).wrong for e in (None, {0}, lambda v: True, {crash}, [crash])]
    assert wrong == [1, 1, 1, 0, 0]


def test_bounds_that_are_met_are_said_and_make_lower_bounds():
    for bound in ({"max_states": 5}, {"time_limit": 0.0}, {"stop": lambda: True}):
        found = run([add, add], **bound)
        assert not found.complete
        assert "lower bounds" in found.notes[-1]
        assert found.total < 6


@pytest.mark.parametrize(
    ("name", "bad"), [("max_states", 0), ("time_limit", -1), ("time_limit", "1"), ("switch_points", "x")]
)
def test_other_arguments_are_checked(name, bad):
    with pytest.raises((ValueError, TypeError), match=name):
        run([add], **{name: bad})


def test_a_state_shared_between_runs_is_noticed():
    shared = Shop()
    with pytest.raises(ValueError, match="state must make something new at each call"):
        run([add, add], state=lambda: shared)


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"outcome": lambda: 1}, r"outcome is called as <lambda>\(state\), but you wrote <lambda>\(\)"),
        ({"state": lambda shop: 1}, r"state is called as <lambda>\(\), but you wrote <lambda>\(shop\)"),
    ],
)
def test_a_state_or_outcome_that_takes_something_else_is_named(wrong, says):
    with pytest.raises(TypeError, match=says):
        run([add, add], **wrong)


def test_an_unhashable_outcome_is_named():
    with pytest.raises(TypeError, match=r"outcome must return.*\[0\]"):
        run([add], outcome=lambda shop: [0])


def test_a_random_outcome_is_noticed():
    with pytest.raises(RuntimeError, match="outcome must be the same"):
        run([add], outcome=lambda shop: object())


def test_an_unknown_outcome_has_no_case():
    with pytest.raises(ValueError, match=r"outcome must be one of those found \(1, 2\)|\(2, 1\)"):
        run([add, add]).case(7)


LOCK = threading.Lock()


class Bank:
    lock = threading.Lock()
    v = 0


def use_global_lock(shop):
    with LOCK:
        shop.v += 1


def use_class_lock(bank):
    with bank.lock:
        bank.v += 1


def test_a_lock_made_outside_is_named_with_its_line():
    line = use_global_lock.__code__.co_firstlineno + 1
    with pytest.raises(RuntimeError, match=f"line {line}: `LOCK` is or holds a lock made outside"):
        run([use_global_lock, use_global_lock])
    with pytest.raises(RuntimeError, match=r"`Bank.lock` is or holds a lock made outside"):
        run([use_class_lock, use_class_lock], state=Bank)


def test_an_event_or_queue_made_outside_is_named():
    for outside in (threading.Event(), queue.Queue(), queue.SimpleQueue(), threading.Condition()):
        with pytest.raises(RuntimeError, match="made outside"):
            run([add], state=lambda outside=outside: {"shop": outside})


def test_a_lock_as_default_factory_of_a_dataclass_works():
    def locked(till):
        with till.lock:
            till.v += 1

    assert run([locked, locked], state=Till).outcomes == {2: 6}


@pytest.mark.parametrize("make", [threading.Lock, threading.RLock, threading.Condition])
def test_the_state_may_be_a_lock_and_nothing_else(make):
    def hold(lock):
        with lock:
            pass

    assert run([hold, hold], state=make, outcome=lambda lock: "both").outcomes == {"both": 6}


def test_a_thread_started_inside_a_thread_is_refused():
    def start(shop):
        threading.Thread(target=add, args=(shop,)).start()

    def pool(shop):
        with ThreadPoolExecutor(1) as workers:
            workers.submit(add, shop).result()

    def bare(shop):
        _thread.start_new_thread(add, (shop,))

    for threads in ([start], [pool], [bare]):
        with pytest.raises(RuntimeError, match="starts a thread of its own"):
            run(threads)


def test_a_loop_that_never_ends_is_a_livelock():
    def block(shop):
        while True:
            shop.v = 0

    # fmt: off
    def one_line(shop):
        while True: shop.v = 0  # noqa: E701
    # fmt: on

    for loop in (block, one_line):
        assert run([loop]).livelock


def test_a_loop_that_changes_for_ever_meets_a_bound():
    def grow(shop):
        while True:
            shop.v += 1

    assert not run([grow], max_states=500).complete


def test_a_step_that_never_ends_is_ended():
    def inside_one_line(shop):
        shop.v = all(n >= 0 for n in iter(int, 1))

    with pytest.raises(RuntimeError, match=r"thread A did not get out of line \d+"):
        run([inside_one_line, add], time_limit=5)


def test_except_base_exception_around_everything_works():
    def stubborn(shop):
        while shop.v < 2:
            try:  # noqa: SIM105
                shop.v += 1
            except BaseException:
                pass

    assert run([stubborn, stubborn]).outcomes.keys() == {2, 3}


def test_except_base_exception_in_a_loop_without_end_is_named():
    def stubborn(shop):
        while True:
            try:  # noqa: SIM105
                shop.v = 1 - shop.v
            except BaseException:
                pass

    with pytest.raises(RuntimeError, match="Write `except Exception` instead"):
        run([stubborn, add], time_limit=20)


def test_real_blocking_calls_work_or_are_named():
    def file(shop):
        with open(__file__) as text:
            shop.v += len(text.readline())

    def process(shop):
        shop.v += subprocess.run([sys.executable, "-c", "pass"]).returncode

    def coroutine(shop):
        async def inner():
            await asyncio.sleep(0)
            shop.v += 1

        asyncio.run(inner())

    def wait_for_ever(shop):
        ours, theirs = socket.socketpair()
        with ours, theirs:
            ours.settimeout(4)
            ours.recv(1)

    for works in (file, coroutine):
        assert run([works], time_limit=20).complete
    try:
        said = run([process], time_limit=20).complete
    except RuntimeError as named:  # on a busy computer a process may take longer than a step may
        said = "Blocking calls" in str(named)
    assert said
    with pytest.raises(RuntimeError, match=r"Blocking calls.*It still runs"):
        run([wait_for_ever])
    assert run([add, add]).complete  # although that thread is still there
    for thread in threading.enumerate():
        if thread is not threading.current_thread():
            thread.join(10)  # what cannot be ended ends by itself here


def test_data_in_a_file_or_the_environment_is_noticed_and_counted_without_merging(tmp_path):
    def new_file():
        (tmp_path / "mugs").write_text("0")

    def add_to_file(_):
        mugs = int((tmp_path / "mugs").read_text())
        (tmp_path / "mugs").write_text(str(mugs + 1))

    def add_to_environment(_):
        mugs = int(os.environ["MUGS"])
        os.environ["MUGS"] = str(mugs + 1)

    kept = {
        add_to_file: (new_file, lambda _: (tmp_path / "mugs").read_text()),
        add_to_environment: (lambda: os.environ.update(MUGS="0"), lambda _: os.environ["MUGS"]),
    }
    for add, (state, outcome) in kept.items():
        with pytest.raises(RuntimeError, match="such as in a file, an environment variable"):
            run([add, add], state=state, outcome=outcome)
        found = run([add, add], state=state, outcome=outcome, merge_states=False)
        assert found.outcomes == {"2": 2, "1": 4}
    del os.environ["MUGS"]


def test_input_is_refused():
    def ask(shop):
        shop.v = input("how many? ")

    with pytest.raises(RuntimeError, match=r"input\(\)"):
        run([ask])


def test_waiting_in_state_or_outcome_is_refused():
    def empty(shop):
        return queue.Queue().get()

    with pytest.raises(RuntimeError, match="`state` and `outcome` must not wait"):
        run([add], outcome=empty)


def test_the_outcome_may_drain_a_queue():
    def put(items):
        items.put(1)

    assert run([put, put], state=queue.Queue, outcome=lambda q: (q.get(), q.get(), q.qsize())).outcomes == {
        (1, 1, 0): 2
    }


def test_an_error_in_state_or_outcome_is_the_learners_own():
    with pytest.raises(ZeroDivisionError):
        run([add], state=lambda: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        run([add], outcome=lambda shop: 1 / 0)


def test_sys_exit_ends_a_thread_quietly():
    assert run([lambda shop: sys.exit(3), add]).outcomes == {1: 3}


def test_a_lock_released_twice_is_a_crash():
    def twice(shop):
        shop.lock.release()

    assert run([twice]).outcomes == {Crash("A", "RuntimeError"): 1}


def test_replay_checks_its_arguments():
    with pytest.raises(TypeError, match="case must be a text"):
        replay([add], state=Shop, outcome=str, case=3)
    with pytest.raises(ValueError, match="case must be a text such as"):
        replay([add], state=Shop, outcome=str, case="XY")
    assert replay([add, add], state=Shop, outcome=lambda s: s.v, case="AB", partial=True).outcome is None
    assert replay([add], state=Shop, outcome=lambda s: s.v, case="AA").outcome != DEADLOCK


def test_a_hanging_answer_has_its_verdict_within_two_seconds():
    explored = 1.0  # what a check gives to explore, and the step hangs at the very end of it
    slowest = LOOK * (LOOKS + 1) + TRIES * TRY + LOOK
    assert explored + slowest < 2


def test_a_step_that_waits_for_a_core_is_told_from_a_blocked_one():
    baton = Baton()
    blocked = threading.Thread(target=baton.wait)
    blocked.start()
    until, told = time.monotonic() + 10, False
    while not told and time.monotonic() < until:  # it has still to get there
        told = not waits_for_a_core(blocked)
    baton.pass_on()
    blocked.join(10)
    assert told
    assert waits_for_a_core(threading.current_thread()) == (sys.platform == "linux")  # only Linux tells


def test_an_exploration_leaves_no_file_open():
    def lowest_free():
        number = os.open(os.devnull, os.O_RDONLY)
        os.close(number)
        return number

    before = lowest_free()
    run([add, add])
    with pytest.raises(TypeError, match="outcome"):
        run([add], outcome=lambda shop: [])
    assert lowest_free() == before


def test_an_interrupt_ends_the_exploration_and_leaves_nothing_behind():
    def press(shop):
        _thread.interrupt_main()
        while True:
            shop.v += 1

    with pytest.raises(KeyboardInterrupt):
        run([press, add])


class Presses:
    """Interrupts the exploration once, in its fourth run, and counts out of its sight."""

    def __init__(self, place):
        self.place, self.turns = place, count()

    def __reduce__(self):
        return "out of sight"

    def at(self, place):
        return place == self.place and next(self.turns) == 3 and _thread.interrupt_main()

    def outcome(self, shop):
        self.at("outcome")
        return shop.v


def add_and_press(shop, presses):
    x = shop.v
    shop.v = x + 1
    presses.at("thread")


@pytest.mark.parametrize("place", ["thread", "outcome"])
def test_an_interrupt_keeps_what_was_found_before(place):
    found, whole = (
        run([(add_and_press, presses), add], outcome=presses.outcome)
        for presses in (Presses(place), Presses("nowhere"))
    )
    assert found.notes == ("interrupted: all numbers are lower bounds",)
    assert 1 <= found.total < whole.total
    assert {found.replay(outcome).outcome for outcome in found.outcomes} == set(found.outcomes)


def test_an_exploration_with_a_stop_of_its_own_passes_an_interrupt_on():
    with pytest.raises(KeyboardInterrupt):
        run([add, add], outcome=Presses("outcome").outcome, stop=lambda: False)


def test_an_exploration_gives_all_cores_back_also_when_it_fails():
    before = usable_cores()
    run([add])
    with pytest.raises(TypeError, match="outcome"):
        run([add], outcome=lambda shop: [])
    assert usable_cores() == before


def test_an_error_of_the_engine_s_own_leads_to_the_learner_s_call_and_not_through_the_engine():
    outside = threading.Lock()

    def take(shop):
        with outside:
            shop.v += 1

    with pytest.raises(UnsupportedError) as caught:
        run([take, take])
    assert [entry.name for entry in caught.traceback][-1] == "explore"
