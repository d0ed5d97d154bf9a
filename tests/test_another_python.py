import os
import socket
import subprocess
import sys
import threading
from concurrent.futures import BrokenExecutor, wait
from contextlib import suppress

import pytest
from cell import run_cell

from threadlab import sweep
from threadlab.running import another_python, executors
from threadlab.running.another_python import AnotherPython
from threadlab.running.executors import workers_of
from threadlab.running.free_threaded import FreeThreadedPython, free_threaded_python
from threadlab.running.machine import Machine, this_machine
from threadlab.workloads.cpu import count_primes

LIMIT = 60  # seconds
posix = pytest.mark.skipif(sys.platform == "win32", reason="there a script cannot stand in for a program")


@pytest.fixture
def stand_in(monkeypatch):
    """Lets another program stand in for a free-threaded Python."""

    def use(*command):
        python = FreeThreadedPython(command, Machine("CPython 3.14.1", False, 2, sys.platform))
        monkeypatch.setattr(another_python, "free_threaded_python", lambda: python)
        return python

    return use


@pytest.fixture
def pool(stand_in):
    """All but the GIL is the same with this Python in its place."""
    stand_in(sys.executable)
    with workers_of("free-threaded", 2) as pool:
        yield pool
    assert pool._process.returncode is not None


def f(text):
    return run_cell(text)["f"]


def test_our_own_functions_work_there(pool):
    assert list(pool.map(count_primes, [100, 10])) == [25, 4]


def test_a_function_of_a_cell_works_there_with_keywords(pool):
    task = f("import os\nk = 3\ndef f(x, *, y): return x * k + y, os.getpid()")
    assert pool.submit(task, 2, y=1).result(LIMIT) == (7, pool._process.pid)


def test_its_tasks_run_in_threads_all_started_before(pool):
    task = f("import threading\ndef f(): return threading.active_count()")
    assert pool.submit(task).result(LIMIT) == 3


def test_what_a_task_prints_or_reads_does_not_get_among_the_answers(pool):
    task = f("import os, sys\ndef f():\n print('hello')\n os.write(1, b'hello')\n return sys.stdin.read()")
    assert [pool.submit(task).result(LIMIT) for _ in range(3)] == ["", "", ""]


def test_an_exception_comes_back_with_its_type_and_message(pool):
    error = pool.submit(int, "x").exception(LIMIT)
    assert isinstance(error, ValueError)
    assert "invalid literal" in str(error)


def test_an_exception_that_only_that_python_knows_comes_back_in_words(pool):
    task = f("def f():\n class Odd(Exception): pass\n raise Odd('no mug')")
    assert repr(pool.submit(task).exception(LIMIT)) == "RuntimeError('Odd: no mug')"


def test_a_result_that_cannot_be_sent_back_is_named(pool):
    error = pool.submit(f("def f(): return (x for x in 'ab')")).exception(LIMIT)
    assert isinstance(error, TypeError)
    assert str(error).startswith("the result of f cannot be sent to another Python")


def test_sys_exit_ends_the_task_alone(pool):
    assert isinstance(pool.submit(sys.exit, 3).exception(LIMIT), SystemExit)
    assert pool.submit(abs, -1).result(LIMIT) == 1


def test_a_subprocess_that_dies_says_so_with_its_exit_code(pool):
    with pytest.raises(BrokenExecutor, match=r"the free-threaded Python ended \(exit code 7\)"):
        pool.submit(os._exit, 7).result(LIMIT)
    pool._reader.join(LIMIT)
    with pytest.raises(BrokenExecutor, match="exit code 7"):
        pool.submit(abs, -1)


def test_a_task_for_a_subprocess_that_has_just_died_is_told_so(pool):
    pool._process.kill()
    with pytest.raises(BrokenExecutor, match="the free-threaded Python ended"):
        pool.submit(f("def f(x): return x"), "x" * 100_000).result(LIMIT)


def test_one_that_cannot_begin_is_told_so(stand_in):
    stand_in(sys.executable, "-c", "raise SystemExit(5)")
    with pytest.raises(BrokenExecutor, match=r"ended \(exit code 5\): it could not begin"):
        workers_of("free-threaded", 1).__enter__()


def test_after_shutdown_no_task_is_taken(pool):
    pool.shutdown()
    with pytest.raises(RuntimeError):
        pool.submit(abs, -1)


def test_a_shutdown_waits_for_the_tasks(stand_in):
    stand_in(sys.executable)
    pool = AnotherPython(2)
    tasks = [pool.submit(count_primes, 1000) for _ in range(20)]
    pool.shutdown()
    assert {task.result(0) for task in tasks} == {168}
    assert pool._process.returncode is not None


def test_the_answer_of_a_cancelled_task_is_dropped(pool, tmp_path):
    wait_for = f("import time\ndef f(gate):\n while not gate.exists(): time.sleep(0.01)")
    tasks = [pool.submit(wait_for, tmp_path / "gate") for _ in range(2)]
    assert tasks[0].cancel()
    (tmp_path / "gate").touch()
    assert tasks[1].result(LIMIT) is None
    assert tasks[0].cancelled()
    assert pool.submit(abs, -1).result(LIMIT) == 1


def test_it_can_be_ended_while_it_computes(stand_in):
    stand_in(sys.executable)
    task = f("import socket\ndef f(door):\n socket.create_connection(door)\n while True: pass")
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(LIMIT)
        with suppress(KeyboardInterrupt), workers_of("free-threaded", 2) as pool:
            tasks = [pool.submit(task, server.getsockname()) for _ in range(8)]
            for _ in range(2):
                server.accept()[0].close()
            raise KeyboardInterrupt
    assert pool._process.returncode is not None
    assert wait(tasks, LIMIT).not_done == set()


def test_an_interrupt_while_it_starts_leaves_nothing(stand_in, monkeypatch):
    def interrupt(tasks, **limit):
        raise KeyboardInterrupt

    stand_in(sys.executable)
    monkeypatch.setattr(executors, "wait_in_slices", interrupt)
    with pytest.raises(KeyboardInterrupt), workers_of("free-threaded", 2):
        pass
    assert threading.active_count() == 1


@posix
def test_one_that_never_begins_is_given_up(stand_in, monkeypatch, tmp_path):
    (tmp_path / "hangs").write_text("#!/bin/sh\nsleep 3600\n")
    (tmp_path / "hangs").chmod(0o755)
    stand_in(str(tmp_path / "hangs"))
    monkeypatch.setattr(executors, "STARTING", 0.3)
    with pytest.raises(TimeoutError, match=r"the workers did not start within 0.3 s"):
        workers_of("free-threaded", 1).__enter__()


@posix
def test_what_is_printed_before_it_begins_does_no_harm(stand_in, tmp_path):
    (tmp_path / "talks").write_text(f'#!/bin/sh\necho hello\nexec "{sys.executable}" "$@"\n')
    (tmp_path / "talks").chmod(0o755)
    stand_in(str(tmp_path / "talks"))
    with workers_of("free-threaded", 1) as pool:
        assert pool.submit(abs, -1).result(LIMIT) == 1


SCRIPT = """
import os, signal, sys
from threadlab.running import another_python
from threadlab.running.executors import workers_of
from threadlab.running.free_threaded import FreeThreadedPython
from threadlab.running.machine import this_machine
another_python.free_threaded_python = lambda: FreeThreadedPython((sys.executable,), this_machine())
def spin():
    while True: pass
with workers_of("free-threaded", 2) as pool:
    pool.submit(spin)
    {end}
"""


@pytest.mark.parametrize("end", ["os.kill(os.getpid(), signal.SIGTERM)", "os._exit(1)"])
def test_it_ends_with_the_python_that_started_it(tmp_path, end):
    (tmp_path / "script.py").write_text(SCRIPT.format(end=end))
    command = [sys.executable, str(tmp_path / "script.py")]  # ends when nobody holds its output any longer
    assert subprocess.run(command, capture_output=True, timeout=LIMIT).returncode != 0


def test_a_sweep_tells_of_the_machine_that_did_the_work(stand_in):
    python = stand_in(sys.executable)
    result = sweep(count_primes, [100, 200], workers=(2,), executor="free-threaded", repeats=1)
    assert (result.machine, result.executor) == (python.machine, "free-threaded")
    assert result.verdict(2).sentence.startswith("2 threads without the GIL: ")


@pytest.mark.parametrize("executor", ["processes", "interpreters", "free-threaded"])
def test_what_cannot_be_sent_is_said_before_anything_starts(monkeypatch, executor):
    monkeypatch.setattr(executors, "_factory", lambda executor: pytest.fail("it has started"))
    with pytest.raises(TypeError, match=r"abs, called with <unlocked .*cannot be sent to another"):
        sweep(abs, [1, threading.Lock()], executor=executor)


def test_more_threads_than_make_sense_are_too_many(stand_in):
    with pytest.raises(ValueError, match="workers must be at most 256, not 257, because"):
        AnotherPython(257)


def test_a_free_threaded_python_of_this_machine_runs_without_the_gil():
    try:
        python = free_threaded_python()
    except RuntimeError as why:
        pytest.skip(str(why))
    with workers_of("free-threaded", 2) as pool:
        task = f("import sys\ndef f(): return sys._is_gil_enabled()")
        assert pool.submit(task).result(LIMIT) is False
        assert pool.machine == python.machine != this_machine() or not this_machine().gil
