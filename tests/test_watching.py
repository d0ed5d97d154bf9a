import queue
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from threading import Condition, Event, Lock, RLock, Semaphore, Thread
from time import sleep
from types import SimpleNamespace

import pytest

from threadlab import OrderProcessing, explore, process_order, sample_orders, watch
from threadlab.running.watching import Watch, growing, task, waiting


def lane(run, name):
    return next(lane for lane in run.timeline.lanes if lane.name == name)


def states(run, name):
    return [(span.state, span.what) for span in lane(run, name).spans]


def lock_in_turn(first, second, meet):
    with first:
        meet.wait()
        with second:
            pass


def deadlock(limit=0.3):
    with watch(limit=limit) as run:
        left, right, meet = Lock(), Lock(), threading.Barrier(2)
        Thread(target=lock_in_turn, args=(left, right, meet), name="Ann").start()
        Thread(target=lock_in_turn, args=(right, left, meet), name="Bob").start()
    return run


def test_a_stop_ends_what_grows_too():
    ended = []
    with watch() as run:
        growing(SimpleNamespace(end=lambda: ended.append(run.stopped)))
        run.stop()
    assert ended[0] is True


def test_a_thread_that_waits_for_the_payment_is_seen_running_waiting_running():
    with watch() as run:
        Thread(target=process_order, args=sample_orders(1), kwargs={"wait": 0.01}).start()
    assert states(run, "order 1") == [("running", ""), ("waiting", "the payment"), ("running", "")]


def test_orders_processed_by_a_loop_get_a_lane_each_that_follow_one_another():
    with watch() as run:
        for order in sample_orders(3):
            process_order(order, wait=0.01)
    ends = [(lane.spans[0].start, lane.spans[-1].end) for lane in run.timeline.lanes]
    assert [lane.name for lane in run.timeline.lanes] == ["order 1", "order 2", "order 3"]
    assert ends == sorted(ends)
    assert all(before[1] <= after[0] for before, after in pairwise(ends))


def test_threads_that_wait_together_overlap():
    with watch() as run:
        meet = threading.Barrier(3)
        for name in "ABC":
            Thread(target=meet.wait, name=name).start()
    lanes = run.timeline.lanes
    assert max(lane.spans[0].start for lane in lanes) < min(lane.spans[-1].end for lane in lanes)


def test_run_in_place_of_start_brings_the_staircase_back():
    with watch() as run:
        threads = [Thread(target=process_order, args=(o,), kwargs={"wait": 0}) for o in sample_orders(2)]
        for thread in threads:
            thread.run()
    first, second = run.timeline.lanes
    assert (first.name, second.name) == ("order 1", "order 2")
    assert first.spans[-1].end <= second.spans[0].start


def test_a_subclass_with_run_is_watched_like_a_thread_with_a_target():
    with watch() as run:
        worker = OrderProcessing(sample_orders(2), wait=0.01)
        worker.start()
        worker.join()
    assert [span.what for span in run.timeline.lanes[0].spans if span.state == "waiting"] == [
        "the payment"
    ] * 2


def test_the_workers_of_a_pool_have_lanes_and_leave_them_while_idle():
    with watch() as run, ThreadPoolExecutor(2) as pool:
        assert list(pool.map(str, range(4))) == ["0", "1", "2", "3"]
    assert {"thread 1"} <= {lane.name for lane in run.timeline.lanes} <= {"thread 1", "thread 2"}
    assert all(span.state == "running" for lane in run.timeline.lanes for span in lane.spans)


def test_a_pool_that_nobody_shut_down_ends_with_the_block():
    with watch():
        pool = ThreadPoolExecutor(1)
        pool.submit(str)
    with pytest.raises(RuntimeError, match="shutdown"):
        pool.submit(str)


@pytest.mark.parametrize(
    ("make", "use", "kind"),
    [
        (lambda: Lock(), "acquire", "lock"),
        (lambda: RLock(), "acquire", "lock"),
        (lambda: Event(), "wait", "event"),
        (lambda: queue.Queue(), "get", "queue"),
        (lambda: queue.SimpleQueue(), "get", "queue"),
        (lambda: threading.Semaphore(0), "acquire", "semaphore"),
    ],
)
def test_a_thread_that_waits_for_another_is_blocked_and_says_for_what(make, use, kind):  # made inside
    with watch(limit=0.2) as run:
        thing = make()
        if kind == "lock":
            thing.acquire()
        Thread(target=lambda: getattr(thing, use)(), name="Ann").start()
    assert ("blocked", kind) in states(run, "Ann")
    assert f"Ann was still waiting for the {kind} thing" in run.timeline.report


def test_a_condition_and_a_join_are_named_too():
    def wait_for_news(news):
        with news:
            news.wait()

    with watch(limit=0.2) as run:
        news = Condition()
        ann = Thread(target=wait_for_news, args=(news,), name="Ann")
        bob = Thread(target=ann.join, name="Bob")
        ann.start()
        bob.start()
    assert "Ann was still waiting for the condition news" in run.timeline.report
    assert ("blocked", "thread") in states(run, "Bob")


def test_a_deadlock_ends_at_the_limit_and_one_sentence_says_who_waited_for_what(capsys):
    run = deadlock()
    assert run.timeline.report == (
        "Stopped after 0.3 s: Ann was still waiting for the lock second, held by Bob; "
        "Bob was still waiting for the lock second, held by Ann."
    )
    assert capsys.readouterr().out == run.timeline.report + "\n"
    assert lane(run, "Bob").end == "was still waiting for the lock second, held by Ann"


def test_a_deadlock_in_the_watching_thread_leaves_the_block_quietly():
    after = []
    with watch(limit=0.2) as run:
        lock = Lock()
        lock.acquire()
        lock.acquire()
        after.append("not reached")
    assert not after
    assert "the notebook was still waiting for the lock lock, held by the notebook" in run.timeline.report


def test_an_endless_computation_is_ended_at_the_limit():
    def spin():
        while True:
            pass

    with watch(limit=0.2) as run:
        Thread(target=spin, name="Ann").start()
    assert lane(run, "Ann").end == "was still running"
    assert not any(thread.name == "Ann" for thread in threading.enumerate())


def test_stop_ends_sleepers_computers_and_waiters_at_once():
    def spin():
        while True:
            pass

    def use():
        with watch(limit=60) as run:
            runs.append(run)
            lock = Lock()
            lock.acquire()
            for target in (spin, lock.acquire, lambda: sleep(60)):
                Thread(target=target).start()
            started.set()

    runs, started = [], Event()
    teacher = Thread(target=use)
    teacher.start()
    assert started.wait(10)
    runs[0].stop()
    teacher.join(10)
    assert not teacher.is_alive()
    assert runs[0].stopped


def test_a_daemon_is_ended_with_the_block_and_not_waited_for():
    with watch(limit=60) as run:
        Thread(target=sleep, args=(60,), daemon=True, name="Ann").start()
    assert lane(run, "Ann").end == "was ended"


def test_a_thread_that_nobody_joined_has_ended_when_the_block_ends():
    done = []
    with watch():
        Thread(target=lambda: (sleep(0.05), done.append(1))).start()
    assert done == [1]


def test_an_error_in_the_block_is_raised_and_leaves_no_thread():
    def fail():
        with watch():
            Thread(target=sleep, args=(60,), name="Ann").start()
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert not any(thread.name == "Ann" for thread in threading.enumerate())


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_thread_that_dies_of_an_error_says_so_on_its_lane():
    with watch() as run:
        Thread(target=int, args=("x",), name="Ann").start()
    assert lane(run, "Ann").end.startswith("died of ValueError: invalid literal")


def test_after_the_block_every_name_is_the_real_one_again():
    def names():
        return Lock, sleep, threading.Lock, threading.RLock, time.sleep, queue.SimpleQueue, Thread.start

    real = names()
    deadlock()
    assert names() == real


def test_other_threads_keep_the_real_names_meanwhile():
    made = []

    def outside():
        begin.wait(10)
        made.extend([type(threading.Lock()), type(Semaphore()._cond._lock)])

    begin = Event()
    other = Thread(target=outside)
    other.start()
    with watch():
        begin.set()
        other.join()
        made.append(type(Lock()))
    assert made[0] is made[1] is type(Lock())
    assert made[2] is not made[0]


def test_a_lock_of_a_run_works_on_after_it():
    with watch():
        lock = Lock()
    with lock:
        assert lock.locked()
        assert not lock.acquire(timeout=0.01)
    assert not lock.locked()


def test_lines_printed_by_many_threads_stay_whole(capsys):
    def talk(name):
        meet.wait(10)
        for _ in range(200):
            print(name, name, name)

    with watch():
        meet = threading.Barrier(8)
        for name in "ABCDEFGH":
            Thread(target=talk, args=(name,)).start()
    lines = capsys.readouterr().out.splitlines()
    assert sorted(lines) == sorted(f"{name} {name} {name}" for name in "ABCDEFGH" for _ in range(200))


def test_text_without_a_line_end_is_not_lost(capsys):
    with watch():
        print("half", end="")
    assert capsys.readouterr().out == "half"


def test_a_panel_can_take_the_printed_text():
    taken = []
    with Watch(limit=1, namespace={}, write=taken.append):
        print("hello")
    assert taken == ["hello\n"]


def test_waiting_and_task_do_nothing_outside_a_run():
    with task("order 1"), waiting("the payment"):
        pass


def test_a_lock_made_before_the_run_is_named_when_it_holds_a_thread():
    namespace = {"till": Lock()}
    namespace["till"].acquire()
    with Watch(limit=0.1, namespace=namespace) as run:
        Thread(target=namespace["till"].acquire, name="Ann").start()
    namespace["till"].release()  # Ann gets it, and ends
    assert "Ann could not be ended: till was made before watch(); make it inside" in run.timeline.report


def test_watch_inside_watch_is_refused():
    with pytest.raises(RuntimeError, match="watched already"), watch(), watch():
        pass


@pytest.mark.parametrize("limit", [0, -1, "2", None, float("nan"), float("inf"), True])
def test_a_limit_that_is_none_is_refused_by_name(limit):
    with pytest.raises((TypeError, ValueError), match="limit must be"):
        watch(limit=limit)


def test_a_sleep_in_a_function_called_wait_for_something_is_a_wait_for_that():
    def wait_for_payment():
        sleep(0.01)

    with watch() as run:
        Thread(target=wait_for_payment, name="Ann").start()
    assert states(run, "Ann") == [("running", ""), ("waiting", "the payment"), ("running", "")]


def test_threads_without_a_name_are_called_by_their_function():
    def pack():
        pass

    with watch() as run:
        for target in (pack, pack, lambda: None):
            Thread(target=target).start()
    assert [lane.name for lane in run.timeline.lanes] == ["pack", "pack 2", "thread 3"]


def test_a_join_of_the_learners_own_is_left_to_the_learner():
    class Answering(Thread):
        def join(self):
            super().join()
            return "answer"

    with watch():
        thread = Answering()
        thread.start()
        assert thread.join() == "answer"


def test_run_after_start_runs_it_twice_and_the_run_goes_on():
    class Counting(Thread):
        def run(self):
            called.append(threading.current_thread() is self)

    called = []
    with watch():
        thread = Counting()
        thread.start()
        thread.run()
    assert sorted(called) == [False, True]
    assert threading.Lock is Lock


def test_a_function_called_like_a_pools_own_is_ended_like_any_other():
    def _worker():
        orders.get()

    with watch(limit=0.2) as run:
        orders = queue.Queue()
        Thread(target=_worker, name="Ann").start()
    assert run.timeline.report == "Stopped after 0.2 s: Ann was still waiting for the queue orders."


def test_a_lock_of_an_earlier_run_gives_up_at_the_limit_of_this_one():
    with watch():
        lock = Lock()
        lock.acquire()
    with watch(limit=0.2) as run:
        Thread(target=lock.acquire, name="Ann").start()
    assert lane(run, "Ann").end.startswith("was still waiting for the lock")


def test_text_without_a_line_end_goes_on_with_the_next_task_or_when_it_is_flushed(capsys):
    with watch():
        for name in "AB":
            Thread(target=print, args=(name,), kwargs={"end": " "}).run()
        print("C", end="", flush=True)
        assert capsys.readouterr().out == "A B C"


def test_an_endless_computation_of_the_watching_thread_is_ended_at_the_limit():
    with watch(limit=0.2) as run:
        while True:
            pass
    assert run.timeline.report == "Stopped after 0.2 s: the notebook was still running."


def test_a_run_stopped_before_it_began_still_ends_at_its_limit():
    run = watch(limit=0.2)
    run.stop()
    with run:
        Event().wait()
    assert "the notebook was still waiting for the event" in run.timeline.report


def test_a_pool_made_before_is_not_part_of_the_run_and_works_on_after_it():
    with ThreadPoolExecutor(1) as pool:
        with watch(limit=5) as run:
            assert pool.submit(len, "abc").result(5) == 3
        assert not run.stopped
        assert pool.submit(len, "abc").result(5) == 3


def test_a_pool_is_shut_down_only_when_nobody_can_give_it_work_any_more():
    def use_later():
        while not (begun.is_set() and run.is_waiting):  # for this thread, at the end of the block
            sleep(0.001)
        done.append(pool.submit(len, "abc").result(5))

    done, begun = [], Event()
    with watch() as run:
        pool = ThreadPoolExecutor(1)
        pool.submit(int).result(5)
        Thread(target=use_later).start()
        begun.set()
    assert done == [3]


def test_threads_in_tasks_without_a_name_are_told_apart():
    class Work(Thread):
        def run(self):
            pass

    with watch() as run:
        for _ in range(2):
            Work().run()
    assert [lane.name for lane in run.timeline.lanes] == ["thread 1", "thread 2"]


def test_arguments_may_be_anything_that_can_be_unpacked():
    done = []
    with watch():
        Thread(target=done.append, args=iter({"x"})).start()
    assert done == ["x"]


def test_the_locks_of_a_run_can_be_made_new_after_a_fork():
    with watch():
        lock = threading.RLock()
        lock.acquire()
    lock._at_fork_reinit()
    assert not lock._is_owned()


# The end may come while the garbage collector calls back another library, which cannot pass it on.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("_", range(5))
def test_a_stop_while_threads_are_started_leaves_none_and_hangs_nobody(_):
    def stop():
        begun.wait(10)
        run.stop()

    begun = Event()
    stopper = Thread(target=stop)
    stopper.start()
    with watch(limit=20) as run:
        for number in range(2000):
            Thread(target=sleep, args=(20,), name="clerk").start()
            if number == 20:
                begun.set()
    stopper.join(10)
    assert not any(thread.name == "clerk" for thread in threading.enumerate())


def test_what_comes_of_an_end_on_its_way_out_is_not_an_error_of_the_thread(capfd):
    def clean_up_badly():
        try:
            begun.set()
            sleep(60)
        finally:
            raise ValueError

    with watch(limit=60) as run:
        begun = Event()
        Thread(target=clean_up_badly, name="Ann", daemon=True).start()
        begun.wait()
    assert lane(run, "Ann").end == "was ended"
    assert capfd.readouterr().err == ""


def test_an_exploration_inside_a_block_keeps_its_own_locks_and_its_virtual_time():
    def sell(shop):
        with shop["lock"]:
            sleep(60)
            shop["mugs"] -= 1

    with watch(limit=10) as run:
        found = explore([sell] * 2, state=lambda: {"mugs": 2, "lock": Lock()}, outcome=lambda s: s["mugs"])
    assert (found.outcomes.keys(), run.stopped) == ({0}, False)


def test_who_joins_a_thread_does_not_look_up_all_the_time_for_each_look_takes_a_turn(monkeypatch):
    def count(thread, timeout=None):
        joins.append(timeout)
        return join(thread, timeout)

    joins, join = [], threading.Thread.join
    monkeypatch.setattr(threading.Thread, "join", count)
    with watch():
        thread = threading.Thread(target=time.sleep, args=(0.5,))
        thread.start()
        thread.join()
    assert len([seconds for seconds in joins if seconds]) <= 2  # once for the learner, once for the block


def test_a_wait_for_a_child_process_that_cannot_be_ended_is_among_what_may_hold_a_thread():
    wait = [sys.executable, "-c", "import sys; sys.stdin.read()"]
    with subprocess.Popen(wait, stdin=subprocess.PIPE) as child:
        with watch(limit=0.2) as run:
            Thread(target=child.wait, name="Ann").start()
        assert "Ann could not be ended: a long call into C, a child process or" in run.timeline.report
