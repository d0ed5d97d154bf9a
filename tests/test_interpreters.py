import os
import socket
import subprocess
import sys
from contextlib import suppress

import pytest
from cell import run_cell

from threadlab import sweep
from threadlab.running import executors
from threadlab.running.executors import workers_of
from threadlab.running.interpreters import interpreters
from threadlab.workloads.cpu import count_primes

LIMIT = 60  # seconds
new = pytest.mark.skipif(sys.version_info < (3, 14), reason="interpreters come with Python 3.14")


@pytest.fixture
def pool():
    with workers_of("interpreters", 2) as pool:
        yield pool


def f(text):
    return run_cell(text)["f"]


@pytest.mark.skipif(sys.version_info >= (3, 14), reason="this Python has them")
def test_an_older_python_says_what_it_takes():
    with pytest.raises(
        RuntimeError, match=r"needs Python 3.14 or newer, and this is 3.1.*python install 3.14`"
    ):
        sweep(abs, [1], executor="interpreters")


def test_more_interpreters_than_make_sense_are_too_many():
    with pytest.raises(
        ValueError, match="workers must be at most 64, not 65, because each holds every module"
    ):
        interpreters(65)


@new
def test_all_interpreters_have_started_when_the_pool_is_there():
    with workers_of("interpreters", 3):
        from concurrent.interpreters import list_all

        assert len(list_all()) == 4
    assert len(list_all()) == 1


@new
def test_our_own_functions_work_there(pool):
    assert list(pool.map(count_primes, [100, 10])) == [25, 4]


@new
def test_they_work_without_cloudpickle_too(pool, monkeypatch):
    monkeypatch.setitem(sys.modules, "cloudpickle", None)
    assert pool.submit(count_primes, 100).result(LIMIT) == 25


@new
def test_a_function_of_a_cell_works_there_with_globals_and_keywords(pool):
    task = f("k = 3\ndef twice(x): return 2 * x\ndef f(x, *, y): return twice(x) * k + y")
    assert pool.submit(task, 2, y=1).result(LIMIT) == 13


@new
def test_each_is_an_interpreter_of_its_own(pool):
    task = f("def f():\n import concurrent.interpreters as them\n return them.get_current().id")
    assert 0 not in {pool.submit(task).result(LIMIT) for _ in range(4)}


@new
def test_an_exception_class_of_a_cell_comes_back_as_itself(pool, capfd):
    names = run_cell("class SoldOut(Exception): pass\ndef f(): raise SoldOut('mug', 7)")
    error = pool.submit(names["f"]).exception(LIMIT)
    assert type(error) is names["SoldOut"]
    assert error.args == ("mug", 7)
    assert capfd.readouterr() == ("", "")


@new
def test_an_exception_that_cannot_be_made_again_comes_back_in_words(pool):
    odd = "class Odd(Exception):\n    def __init__(self, a, b): super().__init__(a)\n"
    error = pool.submit(f(odd + "def f(): raise Odd('no mug', 7)")).exception(LIMIT)
    assert repr(error) == "RuntimeError('Odd: no mug')"


@new
def test_a_result_that_cannot_be_sent_back_is_named(pool):
    error = pool.submit(f("def f(): return (x for x in 'ab')")).exception(LIMIT)
    assert str(error).startswith("the result of f cannot be sent to another process")


@new
def test_they_can_be_ended_while_they_compute():
    task = f("import socket\ndef f(door):\n socket.create_connection(door)\n while True: pass")
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(LIMIT)
        with suppress(KeyboardInterrupt), workers_of("interpreters", 2) as pool:
            tasks = [pool.submit(task, server.getsockname()) for _ in range(5)]
            for _ in range(2):
                server.accept()[0].close()
            raise KeyboardInterrupt
    assert [isinstance(task.exception(LIMIT), KeyboardInterrupt) for task in tasks[:2]] == [True, True]
    assert all(task.cancelled() for task in tasks[2:])


@new
def test_a_task_on_its_way_when_they_are_ended_never_begins():
    end = f("from threadlab.running import interpreters as them\ndef f(): them._ended.set()")
    with workers_of("interpreters", 1) as pool:
        pool.submit(end).result(LIMIT)
        assert isinstance(pool.submit(abs, -1).exception(LIMIT), KeyboardInterrupt)


@new
def test_an_interrupt_while_they_start_leaves_none(monkeypatch):
    def interrupt(tasks, **limit):
        raise KeyboardInterrupt

    monkeypatch.setattr(executors, "wait_in_slices", interrupt)
    with pytest.raises(KeyboardInterrupt), workers_of("interpreters", 2):
        pass


@new
def test_a_pool_that_nobody_ends_ends_with_its_python(tmp_path):
    script = "from threadlab.running.interpreters import interpreters\ninterpreters(2).start(2)\n"
    (tmp_path / "script.py").write_text(script)
    command = [sys.executable, str(tmp_path / "script.py")]
    assert subprocess.run(command, timeout=LIMIT).returncode == 0


@new
def test_they_find_what_this_python_finds(pool, tmp_path):
    assert pool.submit(f("import sys\ndef f(): return sys.path")).result(LIMIT) == sys.path


@new
def test_a_sweep_names_them():
    result = sweep(os.path.basename, ["a", "b"], workers=(2,), executor="interpreters", repeats=1)
    assert result.verdict(2).sentence.startswith("2 interpreters: ")
