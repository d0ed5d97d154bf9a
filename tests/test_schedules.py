"""What a step is, sentence by sentence, and the names that learners use."""

import _thread
import functools
import logging
import math
import queue
import random
import threading
import time
from threading import Lock

import pytest

from threadlab.schedules import DEADLOCK, LIVELOCK, Crash, explore, replay
from threadlab.schedules.points import points as points_of
from threadlab.workloads.cpu import count_primes


class Shop:
    def __init__(self):
        self.mugs = 1
        self.v = 0
        self.log = []
        self.lock = threading.Lock()
        self.other = Lock()  # imported by its name
        self.rlock = threading.RLock()
        self.cond = threading.Condition()
        self.queue = queue.Queue()
        self.event = threading.Event()
        self.sem = threading.Semaphore(1)


def value(shop):
    return shop.v


def log(shop):
    return tuple(shop.log)


def run(threads, outcome=value, **how):
    return explore(threads, state=Shop, outcome=outcome, **{"time_limit": 60, **how})


def add(shop):
    x = shop.v
    shop.v = x + 1


def sell(shop):
    if shop.mugs > 0:
        shop.mugs -= 1


def locked(shop):
    with shop.lock:
        shop.v += 1


# --- one step runs a thread from one line to its next line, or to its end


def test_two_increments_have_six_orders_and_two_are_right():
    assert run([add, add]).outcomes == {1: 4, 2: 2}


def test_three_increments_each_have_924_orders():
    def thrice(shop):
        x = shop.v
        shop.v = x + 1
        x = shop.v
        shop.v = x + 1
        x = shop.v
        shop.v = x + 1

    assert run([thrice, thrice]).outcomes == {2: 8, 3: 300, 4: 416, 5: 180, 6: 20}


def test_three_threads_have_ninety_orders():
    assert run([add, add, add]).total == 90


def test_three_lines_make_eighteen_of_twenty_wrong():
    def three(shop):
        x = shop.v
        x = x + 1
        shop.v = x

    assert run([three, three]).outcomes == {1: 18, 2: 2}


def test_selling_the_last_mug_has_four_wrong_orders_of_six():
    found = run([sell, sell], outcome=lambda shop: shop.mugs, expected={0})
    assert (found.wrong, found.total, found.case(-1)) == (4, 6, "ABBA")


def step_of_two(shop):
    shop.log.append("one")
    shop.log.append("two")


class Worker:
    def twice(self, shop):
        shop.log.append("one")
        shop.log.append("two")


def test_functions_methods_and_closures_of_the_same_file_are_stepped_through():
    def closure(shop):
        shop.log.append("one")
        shop.log.append("two")

    def calls(shop, call):
        call(shop)

    orders = [run([(calls, call), (calls, call)]).total for call in (step_of_two, Worker().twice, closure)]
    assert orders == [20, 20, 20]


def test_lambdas_comprehensions_and_the_library_run_inside_the_step():
    def numbers(shop):
        shop.log.extend(sorted([n + 1 for n in (1, 2)], key=lambda n: -n))
        functools.reduce(lambda a, b: a + b, shop.log)

    assert run([numbers, numbers]).total == 6


def numbers_in_finally(shop):
    try:
        shop.v += 1
    finally:
        shop.log = [n + 1 for n in shop.log]


def numbers_in_except(shop):
    try:
        shop.log[9] = 1
    except IndexError:
        shop.log = [n + 1 for n in shop.log]


def numbers_in_case(shop):
    match shop.v:
        case _:
            shop.log = [n + 1 for n in shop.log]


@pytest.mark.parametrize(
    ("place", "steps"), [(numbers_in_finally, 3), (numbers_in_except, 4), (numbers_in_case, 3)]
)
def test_a_comprehension_is_part_of_its_line_wherever_that_stands(place, steps):
    assert run([(fill, 3), place]).lengths["B"] == (steps, steps)


def fill(shop, count):
    shop.log += range(count)


def test_each_line_of_a_match_statement_is_one_step():
    def choose(shop):
        match shop.v:
            case 0:
                shop.v += 20
                shop.v += 1
            case 1:
                shop.v += 10

    assert run([choose]).lengths == {"A": (4, 4)}


def test_each_line_of_a_generator_is_one_step():
    def numbers(shop):
        shop.v += 1
        yield shop.v
        shop.v += 1

    def take(shop):
        for number in numbers(shop):
            shop.log.append(number)

    assert run([take]).lengths == {"A": (6, 6)}


def test_threadlab_itself_runs_inside_the_step_that_calls_it():
    def count(shop):
        shop.v += count_primes(10)

    assert run([count]).outcomes == {4: 1}
    assert run([count]).lengths == {"A": (1, 1)}


def test_a_thread_that_is_a_lambda_is_one_step():
    assert run(
        [lambda shop: shop.log.append("a"), lambda shop: shop.log.append("b")], outcome=log
    ).outcomes == {
        ("a", "b"): 1,
        ("b", "a"): 1,
    }


def test_arguments_come_after_the_state():
    def say(shop, word, times):
        shop.log.append(word * times)

    assert set(run([(say, "a", 2), (say, "b", 3)], outcome=log).outcomes) == {("aa", "bbb"), ("bbb", "aa")}


# --- a step that meets a taken lock ends there and counts


def test_two_threads_with_a_lock_have_six_schedules():
    found = run([locked, locked], expected={2})
    assert (found.outcomes, found.wrong) == ({2: 6}, 0)


def test_a_blocked_thread_is_no_choice_and_its_next_step_gets_the_lock():
    told = replay([locked, locked], state=Shop, outcome=value, case="ABAABBB")
    assert [step.choices for step in told.steps] == ["AB", "A", "A", "B", "B", "B", ""]
    assert told.steps[1].waits[0].wants == "lock"


def test_a_newcomer_may_get_a_released_lock():
    def named(shop, name):
        with shop.lock:
            shop.log.append(name)

    outcomes = run([(named, "A"), (named, "B"), (named, "C")], outcome=log).outcomes
    assert len(outcomes) == 6


def test_notify_wakes_in_order_of_waiting():
    def wait(shop, name):
        with shop.cond:
            shop.cond.wait()
            shop.log.append(name)

    def notify(shop):
        with shop.cond:
            shop.cond.notify()

    found = run([(wait, "A"), (wait, "B"), notify], outcome=log)
    assert found.outcomes.keys() == {DEADLOCK}
    told = replay([(wait, "A"), (wait, "B"), notify], state=Shop, outcome=log, case="AABBCCC", partial=True)
    assert told.end.choices == "A"


def test_a_woken_thread_is_no_choice_while_the_lock_is_taken():
    def wait(shop):
        with shop.cond:
            shop.cond.wait()

    def notify(shop):
        with shop.cond:
            shop.cond.notify()
            shop.v = 1

    told = replay([wait, notify], state=Shop, outcome=value, case="AABBBBAA")
    assert [step.choices for step in told.steps[2:6]] == ["B", "B", "B", "A"]


def test_a_stolen_wake_up_is_found_with_if_and_not_with_while():
    def take(shop, loop):
        with shop.cond:
            if loop:
                while not shop.log:
                    shop.cond.wait()
            elif not shop.log:
                shop.cond.wait()
            shop.log.pop()

    def put(shop):
        with shop.cond:
            shop.log.append(1)
            shop.cond.notify()

    wrong = run([(take, False), (take, False), put, put], outcome=log)
    right = run([(take, True), (take, True), put, put], outcome=log)
    assert {Crash("A", "IndexError"), Crash("B", "IndexError")} < set(wrong.outcomes)
    assert set(right.outcomes) == {()}


def test_an_event_wakes_its_waiters_even_if_it_is_cleared_at_once():
    def wait(shop):
        shop.event.wait()
        shop.v = 1

    def flash(shop):
        shop.event.set()
        shop.event.clear()

    found = run([wait, flash])
    assert replay([wait, flash], state=Shop, outcome=value, case="ABBAA").outcome == 1
    assert found.outcomes.keys() == {1, DEADLOCK}


def test_a_woken_waiter_whose_token_is_gone_waits_again_and_that_step_counts():
    def take(shop):
        shop.sem.acquire()

    def give(shop):
        shop.sem.release()

    told = replay([take, take, give, take], state=Shop, outcome=value, case="ABCDB", partial=True)
    assert [step.choices for step in told.steps] == ["BCD", "CD", "BD", "B", ""]


# --- time promises no order


def test_a_race_mended_by_sleep_is_still_wrong():
    def late(shop):
        time.sleep(1)
        add(shop)

    found = run([add, late], expected={2})
    assert found.wrong > 0


def test_a_line_with_sleep_is_one_step():
    def nap(shop):
        time.sleep(1000)
        shop.v += 1

    began = time.perf_counter()
    assert run([nap, nap]).total == 6
    assert time.perf_counter() - began < 100


def test_a_wait_may_time_out_while_what_it_waits_for_is_not_there():
    def hold(shop):
        with shop.lock:
            shop.v = 1

    def try_once(shop):
        got = shop.lock.acquire(timeout=5)
        shop.log.append(got)
        if got:
            shop.lock.release()

    assert run([hold, try_once], outcome=log).outcomes.keys() == {(True,), (False,)}


def test_a_timed_waiter_is_never_part_of_a_deadlock():
    def wait(shop):
        shop.event.wait(timeout=1)

    assert run([wait, wait]).outcomes.keys() == {0}


def test_time_is_virtual_and_kept_values_measure_sleeping():
    def measure(shop):
        start = time.monotonic()
        time.sleep(2)
        shop.log.append(time.monotonic() - start)

    assert run([measure], outcome=log).outcomes == {(2.0,): 1}


def test_polling_until_a_deadline_ends():
    def poll(shop):
        deadline = time.monotonic() + 2
        while time.monotonic() < deadline:
            time.sleep(1)
            if shop.v:
                shop.log.append("seen")
                break

    def set_it(shop):
        shop.v = 1

    assert run([poll, set_it], outcome=log).outcomes.keys() == {(), ("seen",)}


def test_the_clock_is_no_state_while_nobody_keeps_a_reading():
    def poll(shop):
        while not shop.v:
            time.monotonic()
            time.sleep(1)

    def set_it(shop):
        shop.v = 1

    found = run([poll, set_it])
    assert found.complete
    assert found.total == math.inf


def test_a_reading_made_plain_data_becomes_state():
    def stamp(shop):
        time.sleep(1)
        shop.log.append(int(time.time()))

    assert (
        run([stamp, stamp], outcome=log).outcomes
        == run([stamp, stamp], outcome=log, merge_states=False).outcomes
    )


def test_the_time_of_one_thread_ends_no_wait_of_another():
    def hold(shop):
        with shop.sem:
            time.sleep(100)

    def try_it(shop):
        shop.log.append(shop.sem.acquire(timeout=1))

    def wait(shop):
        shop.sem.acquire(timeout=1)
        shop.sem.release()
        time.sleep(100)

    merged, plain = (run([hold, try_it, wait], outcome=log, merge_states=merge) for merge in (True, False))
    assert merged.outcomes == plain.outcomes


# --- line and micro


def test_micro_opens_a_line_for_parameter_and_global():
    def add_to(shop):
        shop.v += 1

    for threads in ([add_to, add_to], [add_global, add_global]):
        found = explore(threads, state=fresh_global, outcome=value, switch_points="micro", expected={2})
        assert (found.total, found.wrong, found.case(1)) == (6, 4, "ABBA")


def fresh_global():
    global COUNTER, COUNT
    COUNTER, COUNT = Shop(), 0
    return COUNTER


def add_global(_):
    COUNTER.v += 1


def test_micro_opens_items_closures_and_rebound_globals():
    count = 0

    def fresh():
        nonlocal count
        count = 0
        return {"v": 0}

    def items(state):
        state["v"] += 1

    def closure(_):
        nonlocal count
        count += 1

    assert explore([items, items], state=fresh, outcome=lambda s: s["v"], switch_points="micro").outcomes == {
        1: 4,
        2: 2,
    }
    assert explore(
        [closure, closure], state=fresh, outcome=lambda _: count, switch_points="micro"
    ).outcomes == {1: 4, 2: 2}


def test_micro_opens_the_functions_that_are_given_decorated_or_in_a_table():
    def add_to(shop):
        shop.v += 1

    def given(shop, call):
        call(shop)

    def decorated(call):
        def wrapper(shop):
            call(shop)

        return wrapper

    for threads in ([(given, add_to)] * 2, [decorated(add_to)] * 2, [decorated({1: add_to}[1])] * 2):
        assert run(threads, switch_points="micro").outcomes == {1: 4, 2: 2}


@pytest.mark.parametrize(
    ("line", "points"),
    [
        ("y = x[0]", 1), ("x[1:2] = y", 1), ("x[0] += 1", 2), ("x.v += 1", 2), ("x.a.b.c = 1", 3),
        ("del x[0]", 1), ("y = 1 in x", 1), ("y = a + len(x)", 1), ("y = sum(x, 0)", 1),
        ("y = sorted(x, reverse=True)", 1), ("y = {z.v for z in x}", 1), ("y = {z: 1 for z in x}", 1),
        ("y = a + x.pop()", 1), ("print(a, x.pop())", 1), ("y = x[a].pop()", 2),
        ("y = x.get(a, default=a)", 1),
        ("y = x.name.upper()", 2), ("print(x.a if a else x.b)", 2), ("y = f'{x.v} {a}'", 1), ("a, y = x", 1),
        ("a, y = y, a", 0), ("y = [*x, 1]", 1), ("y = [z.v for z in x]", 1), ("y = sum(z.v for z in x)", 1),
        ("for z in x: pass", 2), ("for z in range(a): pass", 0), ("for z, y in x.items(): pass", 3),
        ("with x: pass", 3), ("with x, x.v: pass", 7), ("y = math.pi", 0), ("y = Clerk.count", 1),
        ("y = Clerk.name", 0),
        ("y = math.floor(a)", 0), ("with_no_point = a", 0),
    ],
)  # fmt: skip
def test_the_points_of_a_line_are_the_same_on_every_version(line, points):
    made = {}
    exec(f"def line(x, y, a):\n    {line}", made)
    names = {"math": math, "Clerk": type("Clerk", (), {"count": 0})}
    assert len(points_of(made["line"].__code__, names, frozenset({".count"}))) == points


def test_micro_opens_attributes_of_classes_and_functions_and_functions_given_as_arguments():
    def fresh():
        add_attribute.count = Shop.count = 0
        return fresh_global()

    def given(shop, call):
        call(shop)

    def told(shop):
        return COUNT, Shop.count, add_attribute.count

    for call in (add_to_class, add_attribute, add_to_number):
        found = explore([(given, call)] * 2, state=fresh, outcome=told, switch_points="micro")
        assert sorted(found.outcomes.values()) == [2, 4]


def add_to_class(_):
    Shop.count += 1


def add_attribute(_):
    add_attribute.count += 1


def add_to_number(_):
    global COUNT
    COUNT += 1


def test_micro_leaves_a_with_block_in_a_step_of_its_own_however_it_ends():
    def keep(*nothing):
        return nothing

    def goes(shop):
        with shop.lock:
            keep(None, None, None)

    def goes_early(shop):
        with shop.lock:
            if shop.lock:
                return 0
        return 1

    def goes_with_a_value(shop):
        with shop.lock:
            return keep(0, 0)

    def goes_by_an_error(shop):
        with shop.lock:
            raise KeyError

    for each in (goes, goes_early, goes_with_a_value, goes_by_an_error):
        found = run([each], switch_points="micro", outcome=lambda shop: "done")
        reads = 2 if each is goes_early else 1
        assert found.lengths == {"A": (reads + 2,) * 2}


def test_micro_results_carry_their_python_version():
    assert "CPython" in run([add], switch_points="micro").notes[0]


def test_a_loop_on_one_line_and_a_statement_over_lines_are_said_to_depend_on_the_version():
    # fmt: off
    def loop(shop):
        for n in range(2): shop.v += n  # noqa: E701

    def long(shop):
        shop.log.append(
            1
        )
    # fmt: on

    assert "loop on one line" in run([loop]).notes[0]
    assert "over several lines" in run([long]).notes[0]
    assert run([locked, sell, step_of_two]).notes == ()


# --- deadlock, crash, livelock


def one_way(shop):
    with shop.lock:
        with shop.other:
            shop.v += 1


def other_way(shop):
    with shop.other:
        with shop.lock:
            shop.v += 1


def test_a_deadlock_says_who_holds_and_who_wants_what_at_which_lines():
    found = run([one_way, other_way], expected={2})
    assert (found.outcomes, found.wrong, found.case(DEADLOCK)) == ({2: 18, DEADLOCK: 4}, 4, "ABBA")
    first = one_way.__code__.co_firstlineno
    second = other_way.__code__.co_firstlineno
    waits = {(w.thread, w.line, w.wants, w.holder, w.holder_line) for w in found.replay(DEADLOCK).end.waits}
    assert waits == {("A", first + 2, "other", "B", second + 1), ("B", second + 2, "lock", "A", first + 1)}


def test_one_thread_stuck_after_the_others_have_ended_is_a_deadlock():
    def forgets(shop):
        shop.lock.acquire()

    assert run([forgets, locked]).outcomes.keys() == {DEADLOCK, 1}


def test_a_deadlock_outranks_a_crash():
    def dies(shop):
        shop.lock.acquire()
        raise KeyError

    found = run([dies, locked])
    assert found.outcomes.keys() == {DEADLOCK, Crash("A", "KeyError")}


def test_of_several_crashes_the_first_counts():
    def key(shop):
        raise KeyError

    def index(shop):
        raise IndexError

    assert run([key, index]).outcomes == {Crash("A", "KeyError"): 1, Crash("B", "IndexError"): 1}


def test_an_exception_gives_the_lock_back_on_its_way_out():
    def dies(shop):
        with shop.lock:
            raise KeyError

    assert DEADLOCK not in run([dies, locked]).outcomes


def test_a_run_cut_where_an_exception_leaves_a_with_block_spoils_no_other_run():
    def dies(shop):
        with shop.lock:
            raise KeyError

    assert run([dies, dies, add]).outcomes == run([dies, dies, add], merge_states=False).outcomes


def polite(shop, me, you):
    while True:
        shop.wants[me] = True
        if not shop.wants[you]:
            break
        shop.wants[me] = False
    shop.wants[me] = False


class Clerks:
    def __init__(self):
        self.wants = {"A": False, "B": False}


def test_polite_clerks_can_livelock():
    found = explore(
        [(polite, "A", "B"), (polite, "B", "A")], state=Clerks, outcome=lambda s: "done", expected={"done"}
    )
    assert found.livelock
    assert found.total == math.inf
    assert found.wrong == math.inf
    assert found.case(LIVELOCK) == "A2 B2 (B4 A4)"
    assert found.replay(LIVELOCK).outcome is LIVELOCK


def test_a_correct_spin_wait_can_starve_and_is_not_wrong():
    def spin(shop):
        while not shop.v:
            pass

    def go(shop):
        shop.v = 1

    found = run([spin, go], expected={1})
    assert (found.livelock, found.can_starve, found.wrong, found.total) == (False, True, 0, math.inf)
    assert found.case(1) == "ABA" or found.case(1) == "BA"


def test_a_spin_wait_under_a_lock_is_no_livelock():
    def spin(shop):
        while True:
            with shop.lock:
                if shop.v:
                    break

    def go(shop):
        with shop.lock:
            shop.v = 1

    found = run([spin, go], expected={1})
    assert (found.livelock, found.can_starve, found.wrong) == (False, True, 0)


# --- cases


def test_the_case_has_the_fewest_preemptions_then_switches_then_steps():
    assert run([add, add]).case(2) == "AABB"
    assert run([add, add]).case(1) == "ABBA"


def test_letters_up_to_eight_steps_and_turns_after_that():
    def four(shop):
        shop.v += 1
        shop.v += 1
        shop.v += 1
        shop.v += 1

    def five(shop):
        four(shop)

    assert run([four, four]).case(8) == "AAAABBBB"
    assert run([five, five]).case(8) == "A5 B5"


def test_both_ways_of_writing_a_case_are_accepted():
    for case in ("ABBA", "A1 B2 A1", "A1B2A1"):
        assert replay([add, add], state=Shop, outcome=value, case=case).outcome == 1


def test_a_replay_tells_thread_line_source_and_state():
    told = replay([add, add], state=Shop, outcome=value, case="ABBA")
    line = add.__code__.co_firstlineno + 1
    assert [(s.thread, s.line - line, s.source) for s in told.steps] == [
        ("A", 0, "x = shop.v"),
        ("B", 0, "x = shop.v"),
        ("B", 1, "shop.v = x + 1"),
        ("A", 1, "shop.v = x + 1"),
    ]
    assert [s.state["v"] for s in told.steps] == ["0", "0", "1", "1"]


@pytest.mark.parametrize("case", ["AB", "ABBAA", "ACAC", "AAAB", "A(B", "", "A1 B1 (A1)"])
def test_a_case_that_does_not_fit_is_a_value_error(case):
    with pytest.raises(ValueError, match="case"):
        replay([add, add], state=Shop, outcome=value, case=case)


def test_what_is_printed_is_swallowed_while_exploring_and_told_in_a_replay(capsys):
    def say(shop):
        print("hello")

    run([say, say], outcome=log)
    assert capsys.readouterr().out == ""
    assert replay([say], state=Shop, outcome=log, case="A").steps[0].printed == "hello\n"


def test_what_is_logged_is_told_in_a_replay_alone_and_its_time_is_no_state(caplog):
    def sell(shop):
        logging.warning("%s left", shop.v)
        shop.v -= 1

    found = explore([sell, sell], state=Shop, outcome=lambda shop: shop.v)
    assert (found.total, found.states, caplog.messages) == (6, 9, [])
    assert found.follow("AB").end.printed == f"WARNING: {Shop().v} left\n"


# --- runs repeat


def test_random_numbers_stop_the_exploration():
    def roll(shop):
        shop.v = random.random()
        shop.v += 1

    with pytest.raises(RuntimeError, match=r"does not repeat itself.*before line \d+ of thread [AB].*random"):
        run([roll, roll])


def test_an_order_by_id_stops_the_exploration():
    def by_id(shop):
        first, second = sorted([shop.lock, shop.other], key=id)
        with first:
            with second:
                shop.v += 1

    kept = []

    def turned():  # as the allocator may do it, but every second time for certain
        shop = Shop()
        kept.append(shop)
        if (shop.lock is min(shop.lock, shop.other, key=id)) == len(kept) % 2:
            shop.lock, shop.other = shop.other, shop.lock
        return shop

    with pytest.raises(RuntimeError, match=r"id\(\)"):
        explore([by_id, by_id], state=turned, outcome=value)


def test_data_kept_outside_of_state_stops_the_exploration():
    kept = []

    def grow(shop):
        kept.append(1)
        shop.v = len(kept)

    with pytest.raises(RuntimeError, match="outside of `state`"):
        run([grow, grow])


def test_each_run_gets_fresh_thread_locals_and_threads_with_letters():
    local = threading.local()

    def once(shop):
        shop.log.append(threading.current_thread().name)
        shop.log.append(hasattr(local, "seen"))
        local.seen = True

    for merge in (True, False):
        found = run([once, once], outcome=lambda s: tuple(sorted(map(str, s.log))), merge_states=merge)
        assert found.outcomes == {("A", "B", "False", "False"): 20}


# --- only inside the exploration


def test_threading_is_as_it_was_and_no_thread_is_left():
    before = (
        threading.Lock,
        threading.RLock,
        time.sleep,
        time.monotonic,
        Lock,
        print,
        threading.active_count(),
    )
    run([one_way, other_way])
    with pytest.raises(ZeroDivisionError):
        run([add], outcome=lambda s: 1 / 0)
    assert before == (
        threading.Lock,
        threading.RLock,
        time.sleep,
        time.monotonic,
        Lock,
        print,
        threading.active_count(),
    )


def test_other_threads_keep_the_real_names_meanwhile():
    kinds, go, done = [], _thread.allocate_lock(), _thread.allocate_lock()
    go.acquire()
    done.acquire()

    def elsewhere():
        go.acquire(timeout=10)
        kinds.append(type(threading.Lock()))
        done.release()

    other = threading.Thread(target=elsewhere)
    other.start()

    def judge(shop):
        if not kinds:
            go.release()
            done.acquire(timeout=10)
        return shop.v

    run([add, add], outcome=judge)
    other.join(10)
    assert kinds == [type(go)]


def test_the_lanes_of_a_replay_count_steps_and_show_who_waits_meanwhile():
    def take(shop):
        with shop.lock:
            shop.v += 1

    lanes = replay([take, take], state=Shop, outcome=value, case="ABA", partial=True).timeline.lanes
    assert [(span.start, span.end, span.state) for span in lanes[0].spans] == [
        (0, 1, "running"),
        (2, 3, "running"),
    ]
    assert [(span.start, span.end, span.state) for span in lanes[1].spans] == [
        (1, 2, "running"),
        (2, 3, "blocked"),
    ]
