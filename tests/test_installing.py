import ast
import os
import runpy
import shutil
import subprocess
import sys
import tomllib
from types import SimpleNamespace

import pytest
import yaml

from threadlab import installing
from threadlab.installing import ROOT, Problem, explain, go_where_it_runs, install, missing

needs_exec = pytest.mark.skipif(os.name != "posix", reason="Windows has no exec that keeps the process")


@pytest.fixture
def checkout(tmp_path, monkeypatch):
    """A checkout with nothing in it, where uv is found and `.venv` lacks everything."""
    monkeypatch.setattr(installing, "ROOT", tmp_path)
    monkeypatch.setattr(installing, "VENV", tmp_path / ".venv")
    monkeypatch.setattr(installing, "VENV_PYTHON", tmp_path / ".venv" / "bin" / "python")
    monkeypatch.setattr(installing, "UNFINISHED", tmp_path / ".threadlab" / "unfinished")
    monkeypatch.setattr(shutil, "which", lambda name: name)
    monkeypatch.setattr(os, "environ", dict(os.environ))
    return tmp_path


@pytest.fixture
def commands(monkeypatch):
    """What would have been run to install; all of it works."""
    run = []
    monkeypatch.setattr(installing, "_run", lambda command: run.append(command) or "")
    return run


def test_this_python_meets_what_the_tests_need():
    assert missing("test") == []


def test_what_is_absent_or_too_old_is_missing(checkout):
    required = '["pytest>=8.2", "pytest>=9999.1", "no-such-package>=1"]'
    (checkout / "pyproject.toml").write_text(f"[project]\ndependencies = {required}\n", "utf-8")
    assert missing() == ["pytest>=9999.1", "no-such-package>=1"]


def test_a_python_that_has_everything_is_used_as_it_is(monkeypatch):
    monkeypatch.setattr(os, "execv", lambda *_: pytest.fail("it started another Python"))
    go_where_it_runs("test", [])


@needs_exec
@pytest.mark.parametrize("complete", [True, False])
def test_the_command_goes_on_in_the_venv_which_is_filled_only_once(checkout, monkeypatch, complete):
    state = SimpleNamespace(complete=complete, installed=0)

    def fill(extra):
        state.complete, state.installed = True, 1

    monkeypatch.setattr(installing, "missing", lambda extra: ["jupyterlab>=4.2"])
    monkeypatch.setattr(installing, "install", fill)
    monkeypatch.setattr(installing, "_venv_finds", lambda truth: state.complete)
    monkeypatch.setattr(os, "execv", lambda path, command: sys.exit(str(command[1:])))
    with pytest.raises(SystemExit, match="'-m', 'threadlab', '--port', '8899'"):
        go_where_it_runs("", ["--port", "8899"])
    assert state.installed == (not complete)


def test_an_installation_that_brings_too_little_does_not_start_for_ever(checkout, monkeypatch):
    monkeypatch.setattr(installing, "missing", lambda extra: ["jupyterlab>=4.2"])
    monkeypatch.setattr(installing, "install", lambda extra: None)
    with pytest.raises(Problem, match="still missing"):
        go_where_it_runs("", [])


def test_uv_makes_the_venv_with_the_python_behind_this_one_and_fills_it(checkout, commands):
    install("test")
    make, fill = commands
    assert make[:2] == ["uv", "venv"]
    assert make[-2] == getattr(sys, "_base_executable", sys.executable)
    assert fill[:3] == ["uv", "pip", "install"]
    assert fill[-2:] == ["--editable", ".[test]"]


def test_without_uv_it_is_venv_and_pip(checkout, commands, monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda name: None)
    install("")
    make, fill = commands
    assert make[1:3] == ["-m", "venv"]
    assert fill[1:4] == ["-u", "-m", "pip"]
    assert fill[-2:] == ["--editable", "."]


def test_pip_is_tried_where_uv_fails(checkout, commands, monkeypatch):
    monkeypatch.setattr(
        installing, "_run", lambda command: commands.append(command) or ("no" if command[0] == "uv" else "")
    )
    install("")
    assert [command[0] == "uv" for command in commands] == [True, False, False]


def test_before_the_first_byte_it_says_how_many_there_are(checkout, commands, capsys):
    install("test")
    assert "150 MB" in capsys.readouterr().out


def test_an_installation_that_was_cut_off_is_made_anew(checkout, monkeypatch):
    def interrupt(command):
        (checkout / ".venv" / "half").mkdir(parents=True)
        raise KeyboardInterrupt

    monkeypatch.setattr(installing, "_run", interrupt)
    with pytest.raises(KeyboardInterrupt):
        install("")
    monkeypatch.setattr(installing, "_run", lambda command: "")
    monkeypatch.setattr(installing, "_venv_finds", lambda truth: True)
    install("")
    assert not (checkout / ".venv" / "half").exists()
    assert not installing.UNFINISHED.exists()


def test_a_venv_that_works_is_added_to_and_not_made_anew(checkout, commands, monkeypatch):
    (checkout / ".venv" / "mine").mkdir(parents=True)
    monkeypatch.setattr(installing, "_venv_finds", lambda truth: True)
    install("test")
    assert [command[1] for command in commands] == ["pip"]
    assert (checkout / ".venv" / "mine").exists()


def test_a_venv_whose_python_has_gone_is_made_anew(checkout, commands):
    (checkout / ".venv" / "lib").mkdir(parents=True)
    install("")
    assert not (checkout / ".venv" / "lib").exists()
    assert commands[0][1] == "venv"


@pytest.mark.parametrize(
    ("output", "sentence"),
    [
        ("ERROR: [Errno 28] No space left on device", "disk is full"),
        ("failed to write: There is not enough space on the disk. (os error 112)", "disk is full"),
        (
            "[Errno -3] Temporary failure in name resolution",
            "HTTPS_PROXY",
        ),
        ("  cause: error sending request for url (https://example.org/six/)", "HTTPS_PROXY"),
        ("created successfully because ensurepip is not\navailable. On Debian", "-venv`"),
        ("/usr/bin/python3: No module named venv", "-venv`"),
        ("something else", "lines above"),
    ],
)
def test_a_failed_installation_ends_in_one_sentence_that_helps(output, sentence):
    assert sentence in explain(output)
    assert "\n" not in explain(output)


def test_a_failed_command_gives_its_last_lines(capfd):
    code = "import sys; print('one'); print('two', file=sys.stderr); sys.exit(3)"
    output = installing._run([sys.executable, "-u", "-c", code])
    assert output.endswith("one\ntwo\n")
    assert capfd.readouterr().out == "one\ntwo\n"
    assert installing._run([sys.executable, "-c", "print('fine')"]) == ""


def test_the_venv_is_asked_with_its_own_python(checkout, monkeypatch):
    assert not installing._venv_finds("True")
    monkeypatch.setattr(installing, "VENV_PYTHON", sys.executable)
    assert installing._venv_finds("sys.version_info >= (3, 11)")
    assert not installing._venv_finds("False")


@pytest.mark.parametrize("name", ["__init__.py", "__main__.py", "installing.py"])
def test_an_old_python_can_read_the_file_far_enough_to_say_it_is_too_old(name):
    ast.parse((ROOT / "threadlab" / name).read_text("utf-8"), feature_version=(3, 8))


def test_a_python_that_is_too_old_gets_one_sentence(monkeypatch):
    monkeypatch.setattr(sys, "version_info", (3, 8, 18))
    with pytest.raises(SystemExit, match=r"needs Python 3\.11 or newer; this is Python 3\.8\."):
        runpy.run_path(str(ROOT / "threadlab" / "__main__.py"))


def test_conda_gets_what_pip_gets():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    python, *packages, pip = yaml.safe_load((ROOT / "environment.yml").read_text("utf-8"))["dependencies"]
    # conda-forge calls it matplotlib-base where it comes without a window system
    expected = [name.replace("matplotlib", "matplotlib-base") for name in project["dependencies"]]
    assert packages == ["pip", *expected]
    assert pip == {"pip": ["-e ."]}
    assert python.startswith("python=3.")
    assert int(python.removeprefix("python=3.")) >= int(project["requires-python"].removeprefix(">=3."))


def test_set_up_imports_only_the_standard_library():
    code = "import sys, threadlab.installing; print({name.partition('.')[0] for name in sys.modules})"
    command = [sys.executable, "-S", "-c", code]
    modules = ast.literal_eval(subprocess.check_output(command, cwd=ROOT, text=True, timeout=60))
    assert modules - sys.stdlib_module_names - {"__main__", "threadlab"} == set()
