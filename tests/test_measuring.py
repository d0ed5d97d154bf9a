import multiprocessing
import os
from concurrent.futures import BrokenExecutor, ProcessPoolExecutor, ThreadPoolExecutor
from itertools import chain, cycle

import pytest

from threadlab.running import measuring
from threadlab.running.executors import Processes, SerialExecutor, Threads
from threadlab.running.machine import this_machine
from threadlab.running.measuring import measure, sweep


def clock_of(*times):
    return iter(times).__next__


def test_measure_keeps_every_value_in_order():
    assert measure(int, repeats=3, clock=clock_of(0, 5, 10, 11, 20, 23)).seconds == (5, 1, 3)


def test_measure_drops_the_warmups():
    calls = []
    measure(lambda: calls.append(1), repeats=2, warmups=3)
    assert len(calls) == 5


@pytest.mark.parametrize("wrong", [{"repeats": 0}, {"repeats": 2.5}, {"warmups": -1}])
def test_measure_names_a_wrong_number(wrong):
    with pytest.raises((TypeError, ValueError), match=next(iter(wrong))):
        measure(int, **wrong)


def test_measure_wants_a_function_and_not_its_result():
    with pytest.raises(TypeError, match="call must be a function"):
        measure(sum([1, 2]))


def test_one_worker_is_always_measured_and_the_machine_travels_along():
    result = sweep(abs, range(3), workers=[4, 2], repeats=2)
    assert list(result.timings) == [1, 2, 4]
    assert (result.name, result.executor, result.tasks) == ("abs", "threads", 3)
    assert [len(timing.seconds) for timing in result.timings.values()] == [2, 2, 2]
    assert result.machine == this_machine()


def test_rounds_are_interleaved_after_every_worker_had_an_item():
    done = []

    class Noting(SerialExecutor):
        def __init__(self, workers):
            self.workers = workers

        def submit(self, fn, /, *args, **kwargs):
            done.append((self.workers, *args))
            return super().submit(fn, *args, **kwargs)

    sweep(abs, [5, 6], workers=(1, 2), executor=Noting, repeats=2)
    before, one_round = [(1, 5), (2, 5), (2, 6)], [(1, 5), (1, 6), (2, 5), (2, 6)]
    assert done == before + one_round * 2


def test_start_up_is_kept_apart_from_the_work():
    # two readings for each start, then two for each run
    readings = clock_of(0, 3, 10, 17, 20, 21, 30, 32, 40, 41, 50, 52)
    result = sweep(abs, range(4), workers=(1, 2), repeats=2, clock=readings)
    assert result.startup == {1: 3, 2: 7}
    assert [result.timings[n].seconds for n in (1, 2)] == [(1, 1), (2, 2)]


def test_more_rounds_are_taken_until_the_verdict_is_clear():
    started, no_gain, gain = (0, 0, 0, 0), (0, 1, 0, 1), (0, 2, 0, 1)
    clock = chain(started, no_gain * 3, cycle(gain))
    assert sweep(abs, [1], workers=(2,), until=60, clock=clock.__next__).rounds == 20


def test_without_until_no_more_rounds_are_taken_than_asked_for():
    assert sweep(abs, [1], workers=(2,), repeats=2).rounds == 2


def test_the_time_of_cores_is_known_of_threads_alone():
    known = [sweep(abs, [1], workers=(2,), executor=kind, repeats=1) for kind in ("threads", "processes")]
    assert [len(each.timings[2].cpu) for each in known] == [1, 0]


def test_the_serial_executor_does_every_item_once_a_round():
    done = []
    sweep(done.append, range(3), workers=(1, 2), executor="serial", repeats=2)
    warm_up, rounds = [0, 0], [0, 1, 2] * 4
    assert done == warm_up + rounds


def test_a_factory_of_the_learner_makes_the_workers():
    made = []

    def my_pool(workers):
        made.append(workers)
        return ThreadPoolExecutor(workers)

    assert sweep(abs, range(3), workers=(2,), executor=my_pool, repeats=1).executor == "my_pool"
    assert made == [1, 2]


def test_a_factory_that_makes_no_executor_is_told_so():
    with pytest.raises(TypeError, match=r"executor must return a concurrent.futures.Executor, not None"):
        sweep(abs, [1], executor=lambda workers: None)


def fail_for_57(item):
    if item == 57:
        raise ValueError("no such mug")


@pytest.mark.parametrize("executor", ["serial", "threads", "processes"])
def test_a_function_that_raises_names_the_item_and_leaves_nothing(executor):
    with pytest.raises(RuntimeError) as caught:
        sweep(fail_for_57, range(100), workers=(1, 2), executor=executor)
    assert str(caught.value) == "fail_for_57 raised ValueError for item 58, which is 57: no such mug"
    assert isinstance(caught.value.__cause__, ValueError)
    assert multiprocessing.active_children() == []


def test_sys_exit_in_the_function_is_an_error_like_others():
    with pytest.raises(RuntimeError, match="raised SystemExit for item 1, which is 3"):
        sweep(os.sys.exit, [3])


def test_a_process_that_dies_is_not_blamed_on_an_item():
    with pytest.raises(BrokenExecutor, match=r"a worker process died \(exit code 7\)"):
        sweep(os._exit, [7], workers=(1,), executor="processes")
    assert multiprocessing.active_children() == []


def test_a_process_pool_of_the_learner_that_breaks_says_so():
    def pool(workers):
        return ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("spawn"))

    with pytest.raises(BrokenExecutor, match="a worker process died"):
        sweep(os._exit, [7], workers=(1,), executor=pool)


@pytest.mark.parametrize("kind", [SerialExecutor, Threads, Processes, ThreadPoolExecutor])
def test_an_interrupt_goes_through_and_leaves_nothing(monkeypatch, kind):
    def interrupt(tasks, **limit):
        raise KeyboardInterrupt

    monkeypatch.setattr(measuring, "wait_in_slices", interrupt)
    with pytest.raises(KeyboardInterrupt):
        sweep(abs, range(8), workers=(2,), executor=kind)
    assert multiprocessing.active_children() == []


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"items": []}, "items must hold at least one"),
        ({"items": 5}, "items must be a collection"),
        ({"function": 5}, "function must be a function"),
        ({"workers": (0,)}, "workers must be at least 1, not 0"),
        ({"workers": (-1,)}, "workers must be at least 1, not -1"),
        ({"workers": (1.5,)}, "workers must be a whole number"),
        ({"workers": "4"}, "workers must be"),
        ({"workers": (10_000,)}, "workers must be at most 256, not 10000, because"),
        ({"repeats": 0}, "repeats must be at least 1"),
        ({"executor": "fibres"}, "executor must be"),
        ({"until": -1}, "until must be at least 0 seconds"),
    ],
)
def test_a_wrong_argument_is_named_with_what_would_be_right(wrong, said):
    with pytest.raises((TypeError, ValueError), match=said):
        sweep(**{"function": abs, "items": [1], **wrong})
