import multiprocessing
import os
import pickle
import signal
import socket
import subprocess
import sys
import threading
from concurrent.futures import BrokenExecutor, ProcessPoolExecutor, ThreadPoolExecutor, wait
from contextlib import suppress

import pytest

from threadlab.running import executors, sending
from threadlab.running.executors import (
    Processes,
    SerialExecutor,
    Threads,
    stopping,
    wait_in_slices,
    workers_of,
)

LIMIT = 60  # seconds


@pytest.fixture(autouse=True)
def _no_process_left_over():
    yield
    for child in multiprocessing.active_children():
        child.join(5)
    assert multiprocessing.active_children() == []


@pytest.fixture
def process():
    with workers_of(Processes, 1) as pool:
        yield pool


def cell(source):
    """What the names mean after a notebook cell with this source has run."""
    names = {"__name__": "__main__"}
    exec(source, names)
    return names


def run_script(folder, source, **options):
    (folder / "script.py").write_text(source, "utf-8")
    command = [sys.executable, folder / "script.py"]
    return subprocess.run(command, capture_output=True, text=True, timeout=LIMIT, **options)


def test_an_unknown_name_lists_those_that_exist():
    with pytest.raises(
        ValueError, match=r'"processes", "interpreters", "free-threaded" or a function .* not .fork'
    ):
        workers_of("fork", 2).__enter__()


@pytest.mark.parametrize("wrong", [None, 4, ["threads"]])
def test_an_executor_that_is_neither_name_nor_function_is_a_type_error(wrong):
    with pytest.raises(TypeError, match="executor must be"):
        workers_of(wrong, 2).__enter__()


def test_a_factory_of_the_learner_is_kept():
    with workers_of(ThreadPoolExecutor, 2) as pool:
        assert type(pool) is ThreadPoolExecutor


def test_the_serial_executor_runs_a_task_where_it_is_submitted():
    with workers_of("serial", 8) as pool:
        assert pool.submit(threading.get_ident).result(0) == threading.get_ident()


def test_the_serial_executor_keeps_an_exception_for_the_result():
    future = SerialExecutor().submit(int, "x")
    assert isinstance(future.exception(0), ValueError)


def test_an_interrupt_goes_through_the_serial_executor():
    with pytest.raises(KeyboardInterrupt):
        SerialExecutor().submit(cell("def stop(): raise KeyboardInterrupt")["stop"])


def test_all_threads_have_started_when_the_pool_is_there():
    before = threading.active_count()
    with workers_of("threads", 5):
        assert threading.active_count() == before + 5


def test_all_threads_work_at_once():
    barrier = threading.Barrier(4)
    with Threads(4) as pool:
        places = pool.map(lambda _: barrier.wait(LIMIT), range(4))
        assert sorted(places) == [0, 1, 2, 3]


def test_an_exception_in_a_thread_is_the_learners_own():
    with Threads(1) as pool:
        assert isinstance(pool.submit(int, "x").exception(LIMIT), ValueError)


def came_of(error):
    """Return the kinds of `error` and its context: a barrier that let go of its lock cannot pass it on."""
    return {type(error), type(error.__context__)}


def test_threads_that_compute_for_ever_can_be_ended():
    at_work = threading.Barrier(3)

    def compute():
        at_work.wait(LIMIT)
        while True:
            pass

    pool = Threads(2)
    tasks = [pool.submit(compute) for _ in range(3)]
    at_work.wait(LIMIT)
    pool.interrupt()
    assert KeyboardInterrupt in came_of(tasks[0].exception(LIMIT))
    assert KeyboardInterrupt in came_of(tasks[1].exception(LIMIT))
    assert tasks[2].cancelled()


def test_an_interrupt_while_some_threads_have_not_started_leaves_none():
    pool = Threads(2)
    waiting = pool.submit(pool._all_here.wait, 3600)  # the other one never comes
    while not pool._all_here.n_waiting:
        pass
    pool.interrupt()
    assert came_of(waiting.exception(LIMIT)) & {threading.BrokenBarrierError, KeyboardInterrupt}


def test_a_task_on_its_way_when_threads_are_ended_never_begins():
    begun = []
    with Threads(1) as pool:
        with pool._guard:  # as interrupt() holds it, while a thread has taken the task
            task = pool.submit(begun.append, 1)
            while not task.running():
                pass
            pool._interrupted = True
        assert isinstance(task.exception(LIMIT), KeyboardInterrupt)
    assert begun == []


def test_ending_idle_threads_is_quiet(capfd):
    with workers_of(Threads, 2) as pool:
        pool.interrupt()
    assert capfd.readouterr() == ("", "")


def test_all_processes_have_started_when_the_pool_is_there():
    with workers_of(Processes, 3):
        assert len(multiprocessing.active_children()) == 3


def test_a_function_of_a_cell_works_in_a_process_with_its_globals_and_closure(process):
    names = cell("factor = 3\ndef times(x): return x * factor\ndef plus(k): return lambda x: times(x) + k")
    assert process.submit(names["plus"](4), 2).result(LIMIT) == 10


def test_keyword_arguments_go_along(process):
    assert process.submit(int, "ff", base=16).result(LIMIT) == 255


def test_map_works_with_a_function_of_a_cell(process):
    square = cell("def square(x): return x * x")["square"]
    assert list(process.map(square, range(5), chunksize=2)) == [0, 1, 4, 9, 16]


def test_an_exception_class_of_a_cell_comes_back_as_itself(process):
    names = cell("class SoldOut(Exception): pass\ndef sell(): raise SoldOut('mug', 7)")
    error = process.submit(names["sell"]).exception(LIMIT)
    assert type(error) is names["SoldOut"]
    assert error.args == ("mug", 7)
    assert "in sell" in str(error.__cause__)


def test_an_exception_that_cannot_be_made_again_comes_back_in_words(process):
    source = "class Odd(Exception):\n    def __init__(self, a, b): super().__init__(a)\n"
    names = cell(source + "def fail(): raise Odd('no mug', 7)")
    error = process.submit(names["fail"]).exception(LIMIT)
    assert repr(error) == "RuntimeError('Odd: no mug')"


def test_sys_exit_in_a_process_ends_the_task_alone(process):
    assert isinstance(process.submit(sys.exit, 3).exception(LIMIT), SystemExit)
    assert process.submit(abs, -1).result(LIMIT) == 1


def test_a_function_that_cannot_be_sent_is_named(process):
    lock = threading.Lock()
    sell = cell("def make(lock):\n    def sell(): return lock\n    return sell")["make"](lock)
    with pytest.raises(
        TypeError, match=r"the function sell, .* cannot be sent .* inside the function, or use"
    ):
        process.submit(sell)


def test_an_argument_that_cannot_be_sent_is_named(process):
    with pytest.raises(TypeError, match=r"abs, called with <unlocked .*cannot be sent"):
        process.submit(abs, threading.Lock())


def test_a_result_that_cannot_be_sent_back_is_named(process):
    error = process.submit(cell("def make(): return (x for x in 'ab')")["make"]).exception(LIMIT)
    assert isinstance(error, TypeError)
    assert str(error).startswith("the result of make cannot be sent to another process")


@pytest.mark.parametrize("executor", [Processes, ProcessPoolExecutor])
def test_a_process_that_dies_says_so_with_its_exit_code(executor):
    with pytest.raises(BrokenExecutor, match=r"died \(exit code 7\)"), workers_of(executor, 2) as pool:
        pool.submit(os._exit, 7).result(LIMIT)


def test_of_two_pools_the_one_whose_process_died_tells_its_exit_code():
    died = pytest.raises(BrokenExecutor, match=r"died \(exit code 7\)")
    with died, workers_of("processes", 1) as pool, workers_of("processes", 1):
        pool.submit(os._exit, 7).result(LIMIT)


def test_a_task_that_was_cancelled_never_runs(process, tmp_path):
    names = cell(
        "import time\n"
        "def wait_for(gate):\n while not gate.exists(): time.sleep(0.01)\n"
        "def touch(file): file.touch()"
    )
    gate, trace = tmp_path / "gate", tmp_path / "trace"
    tasks = [process.submit(names["wait_for"], gate) for _ in range(8)]
    last = process.submit(names["touch"], trace)
    assert last.cancel()
    gate.touch()
    assert wait(tasks, LIMIT).not_done == set()
    process.shutdown()
    assert last.cancelled()
    assert not trace.exists()


@pytest.mark.skipif(sys.platform == "win32", reason="there an interrupt goes to the kernel alone")
def test_an_interrupt_is_not_for_the_processes(process):
    os.kill(process.submit(os.getpid).result(LIMIT), signal.SIGINT)
    assert process.submit(abs, -1).result(LIMIT) == 1


def test_processes_can_be_ended_while_they_work():
    names = cell("import socket, time\ndef work(door):\n socket.create_connection(door)\n time.sleep(3600)")
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(LIMIT)
        with suppress(KeyboardInterrupt), workers_of(Processes, 2) as pool:
            tasks = [pool.submit(names["work"], server.getsockname()) for _ in range(8)]
            for _ in range(2):
                server.accept()[0].close()
            raise KeyboardInterrupt
    assert multiprocessing.active_children() == []
    assert all(task.done() for task in tasks)


def test_more_processes_than_windows_takes_are_too_many():
    with pytest.raises(ValueError, match="workers must be at most 61, not 62, because"):
        Processes(62)


@pytest.mark.parametrize("kind", [Threads, Processes])
def test_an_interrupt_while_the_workers_start_leaves_none(monkeypatch, kind):
    def interrupt(tasks, **limit):
        raise KeyboardInterrupt

    monkeypatch.setattr(executors, "wait_in_slices", interrupt)
    with pytest.raises(KeyboardInterrupt), workers_of(kind, 3):
        pass


@pytest.mark.skipif(sys.platform == "win32", reason="there an interrupt is not held back")
def test_an_interrupt_that_was_held_back_leaves_no_process(monkeypatch):
    usual = Processes.submit

    def submit(pool, *task):
        future = usual(pool, *task)
        os.kill(os.getpid(), signal.SIGINT)
        return future

    monkeypatch.setattr(Processes, "submit", submit)
    with pytest.raises(KeyboardInterrupt), workers_of(Processes, 2):
        pass


def test_processes_end_when_the_one_that_started_them_is_killed(tmp_path):
    script = """
import os, signal
from threadlab.running.executors import workers_of
if __name__ == "__main__":
    with workers_of("processes", 2):
        os.kill(os.getpid(), signal.SIGTERM)
"""
    ended = run_script(tmp_path, script)  # returns when nobody holds its output any longer
    assert ended.returncode != 0


def test_a_script_without_a_guard_is_told_to_have_one(tmp_path):
    script = "from threadlab import sweep\nsweep(abs, [1], executor='processes')\n"
    assert 'start processes below `if __name__ == "__main__":`' in run_script(tmp_path, script).stderr


def test_threads_do_not_load_what_only_processes_need(tmp_path):
    script = """
import sys
from threadlab.running.executors import Threads
Threads(1).shutdown()
print("cloudpickle" in sys.modules)
"""
    assert run_script(tmp_path, script).stdout == "False\n"


def test_a_bare_python_sends_what_a_module_defines(monkeypatch):
    monkeypatch.setitem(sys.modules, "cloudpickle", None)
    assert pickle.loads(pickle.dumps(sending.work(sending.pack(abs, (-1,), {})))) == 1
    with pytest.raises(TypeError, match="the function <lambda>, called with nothing, cannot be sent"):
        sending.pack(lambda: 1, (), {})


def test_a_task_that_an_interrupt_finds_on_its_way_to_its_thread_is_not_begun():
    pool, began = Threads(1), []
    pool._interrupted = True
    task = pool.submit(began.append, 1)
    with pytest.raises(KeyboardInterrupt):
        task.result(LIMIT)
    pool.shutdown()
    assert began == []


def test_who_is_stopping_a_measurement_ends_its_wait_and_its_tasks():
    stopped = []

    def compute_on():
        stopped.append(True)
        while True:
            pass

    before = stopping.set(lambda: bool(stopped))
    try:
        with pytest.raises(KeyboardInterrupt), workers_of("threads", 1) as pool:
            wait_in_slices([pool.submit(compute_on)])
    finally:
        stopping.reset(before)
