import os
import sys

import pytest

from threadlab.running import free_threaded
from threadlab.running.executors import without_gil
from threadlab.running.free_threaded import free_threaded_python
from threadlab.running.machine import Machine

GOOD = "echo '[\"CPython 3.14.1\", [3, 14], true, false]'"
posix = pytest.mark.skipif(sys.platform == "win32", reason="there a script cannot stand in for a program")


@pytest.fixture
def programs(tmp_path, monkeypatch):
    """A folder that is the whole PATH, of a Python that has a GIL."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    for name in ("THREADLAB_FREE_THREADED", "PYTHON_GIL"):
        monkeypatch.delenv(name, raising=False)
    here = Machine("CPython 3.14.1", True, 2, sys.platform)
    monkeypatch.setattr(free_threaded, "this_machine", lambda: here)
    return tmp_path


@pytest.fixture
def named(programs, monkeypatch):
    """Makes a program of these lines of shell, and lets the variable name it."""

    def name(lines):
        path = program(programs, "free", lines)
        monkeypatch.setenv("THREADLAB_FREE_THREADED", str(path))
        return path

    return name


def program(folder, name, lines, first="#!/bin/sh\n"):
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(first + "PATH=/bin:/usr/bin\n" + lines + "\n")
    path.chmod(0o755)
    return path


def test_where_there_is_none_it_is_said_how_to_get_one(programs):
    with pytest.raises(RuntimeError, match=r"no free-threaded Python on the PATH; `uv python install 3.14t`"):
        free_threaded_python()


def test_a_variable_that_names_no_program_is_named(programs, monkeypatch):
    monkeypatch.setenv("THREADLAB_FREE_THREADED", "python9.9t")
    with pytest.raises(
        RuntimeError, match=r"THREADLAB_FREE_THREADED names 'python9.9t', which is no program"
    ):
        free_threaded_python()


@posix
def test_the_one_that_the_variable_names_is_taken(named):
    path = named(GOOD)
    found = free_threaded_python()
    assert (found.command, found.machine.python, found.machine.gil) == ((str(path),), "CPython 3.14.1", False)
    assert str(found).startswith("CPython 3.14.1, GIL off")


@posix
@pytest.mark.parametrize("place", ["python3.14t", "python3.13t", ".local/bin/python3.15t"])
def test_without_a_variable_it_is_sought_by_its_names(programs, place):
    path = program(programs, place, GOOD)
    assert free_threaded_python().command == (str(path),)


@posix
def test_one_on_the_path_that_does_not_work_is_passed_over(programs):
    program(programs, "python3.14t", "exit 3")
    good = program(programs, "python3.13t", GOOD)
    assert free_threaded_python().command == (str(good),)


def test_a_python_that_runs_without_the_gil_is_its_own(programs, monkeypatch):
    here = Machine("CPython 3.14.1", False, 2, sys.platform)
    monkeypatch.setattr(free_threaded, "this_machine", lambda: here)
    found = free_threaded_python()
    assert (found.command, found.machine) == ((sys.executable,), here)


@posix
@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ("echo no library >&2; exit 3", r"does not start \(exit code 3: no library\); `uv"),
        ("exit 3", r"does not start \(exit code 3: no word why\)"),
        ("kill -9 $$", r"does not start \(exit code -9: no word why\)"),
        ("", "is no Python: asked what it is, it said ''"),
        ("echo hello", r"is no Python: asked what it is, it said 'hello\\n'"),
        ("echo 7", "is no Python"),
        ("echo '[1, 2, 3, 4]'", "is no Python"),
        ("head -c 1000 /dev/urandom", "is no Python"),
        (
            "echo '[\"CPython 3.8.1\", [3, 8], false, true]'",
            "is CPython 3.8.1, and only Python 3.13 and newer",
        ),
        ("echo '[\"CPython 3.14.1\", [3, 14], false, true]'", "is CPython 3.14.1 with a GIL, and not free-"),
        ("echo '[\"CPython 3.14.1\", [3, 14], true, true]'", "its GIL is on, because something it loads"),
    ],
)
def test_what_is_wrong_with_it_is_said_in_one_sentence(named, lines, said):
    path = named(lines)
    with pytest.raises(RuntimeError, match=said) as caught:
        free_threaded_python()
    assert str(caught.value).startswith(str(path))


@posix
def test_a_gil_that_was_asked_for_is_said_to_be(named, monkeypatch):
    monkeypatch.setenv("PYTHON_GIL", "1")
    named('echo "[\\"CPython 3.14.1\\", [3, 14], true, $([ $PYTHON_GIL = 1 ] && echo true)]"')
    with pytest.raises(RuntimeError, match="its GIL is on, because PYTHON_GIL=1 is set: unset it"):
        free_threaded_python()


@posix
def test_a_file_that_is_no_program_does_not_start(programs, monkeypatch):
    path = program(programs, "free", "", first="\x7fELF")
    monkeypatch.setenv("THREADLAB_FREE_THREADED", str(path))
    with pytest.raises(RuntimeError, match=r"does not start \(.+\)"):
        free_threaded_python()


@posix
def test_one_that_hangs_is_given_up_and_ended_with_what_it_started(named, tmp_path):
    os.mkfifo(tmp_path / "held")
    with open(os.open(tmp_path / "held", os.O_RDONLY | os.O_NONBLOCK), "rb") as held:
        named(f"exec 3>{tmp_path}/held\nsleep 3600\necho never")
        with pytest.raises(RuntimeError, match=r"did not say within 0.3 s what it is; `uv"):
            free_threaded_python(limit=0.3)
        os.set_blocking(held.fileno(), True)
        assert held.read() == b""  # comes when nobody holds it any longer


@posix
def test_it_is_asked_once(named, tmp_path):
    named(f"echo asked >>{tmp_path}/asked\n{GOOD}")
    assert free_threaded_python() is free_threaded_python()
    assert (tmp_path / "asked").read_text() == "asked\n"


@posix
def test_one_that_has_been_mended_is_asked_again(named):
    named("exit 3")
    with pytest.raises(RuntimeError):
        free_threaded_python()
    named(GOOD)
    assert not free_threaded_python().machine.gil


@posix
def test_what_it_prints_before_its_answer_does_no_harm(named):
    named(f"echo welcome\n{GOOD}")
    assert free_threaded_python().machine.python == "CPython 3.14.1"


def test_what_is_set_for_this_python_is_not_for_another(monkeypatch, tmp_path):
    for name in ("PYTHONHOME", "PYTHONPATH", "PYTHONSTARTUP"):
        monkeypatch.setenv(name, str(tmp_path))
    (tmp_path / "json.py").write_text("raise SystemExit(5)")
    monkeypatch.chdir(tmp_path)
    assert free_threaded._answer(sys.executable, 60).startswith('["')


def test_a_function_that_is_called_without_the_gil_needs_such_a_python(monkeypatch):
    monkeypatch.setenv("THREADLAB_FREE_THREADED", "nowhere-to-be-found")
    with pytest.raises(RuntimeError, match="nowhere-to-be-found"):
        without_gil(abs, -1)


def test_what_is_no_function_is_named_before_anything_starts():
    with pytest.raises(TypeError, match=r"function must be a function .*, not 3"):
        without_gil(3)
