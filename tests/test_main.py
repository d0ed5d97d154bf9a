import json
import os
import socket
import subprocess
import sys
from types import SimpleNamespace

import pytest

from threadlab import __main__ as command_line
from threadlab.installing import ROOT, Problem
from threadlab.running import executors, measuring, recordings
from threadlab.running.machine import this_machine
from threadlab.running.scaling import Scaling, Timing
from threadlab.teaching import demos


@pytest.fixture
def checkout(tmp_path, monkeypatch):
    """An unpacked ZIP with two notebooks, whose originals have been kept and of which 02 has been edited."""
    monkeypatch.setattr(command_line, "ROOT", tmp_path)
    monkeypatch.setattr(command_line, "NOTEBOOKS", tmp_path / "notebooks")
    monkeypatch.setattr(command_line, "ORIGINALS", tmp_path / ".threadlab" / "originals-1")
    monkeypatch.setattr(os, "environ", dict(os.environ))
    (tmp_path / "notebooks").mkdir()
    for name in ("01_thread_basics", "02_sync_primitives"):
        (tmp_path / "notebooks" / f"{name}.ipynb").write_bytes(b"clean")
    command_line.save_originals()
    (tmp_path / "notebooks" / "02_sync_primitives.ipynb").write_bytes(b"edited")
    return tmp_path


def test_fresh_puts_a_clean_copy_beside_the_edited_notebook(checkout):
    copy = command_line.fresh("02")
    assert copy == checkout / "notebooks" / "02_sync_primitives-fresh.ipynb"
    assert copy.read_bytes() == b"clean"
    assert (checkout / "notebooks" / "02_sync_primitives.ipynb").read_bytes() == b"edited"


def test_fresh_never_overwrites_a_copy(checkout):
    names = [command_line.fresh(number).stem for number in ("02", "2", "02")]
    assert names == [f"02_sync_primitives-fresh{ending}" for ending in ("", "-2", "-3")]


def test_fresh_brings_back_a_notebook_that_was_removed(checkout):
    (checkout / "notebooks" / "02_sync_primitives.ipynb").unlink()
    assert command_line.fresh("02").read_bytes() == b"clean"


def test_fresh_is_not_misled_by_a_learners_copy(checkout):
    (checkout / "notebooks" / "02_sync_primitives_mine.ipynb").write_bytes(b"mine")
    command_line.save_originals()
    assert command_line.fresh("02").read_bytes() == b"clean"


@pytest.mark.parametrize("number", ["07", "", "two", "..", "0"])
def test_fresh_names_the_notebooks_that_there_are(checkout, number):
    with pytest.raises(Problem, match=r"There are 01, 02\."):
        command_line.fresh(number)


def test_in_a_git_checkout_the_clean_copy_is_what_was_committed(checkout):
    notebook = checkout / "notebooks" / "02_sync_primitives.ipynb"
    notebook.write_bytes(b"committed")
    name = ["-c", "user.name=a", "-c", "user.email=a@b", "-c", "commit.gpgsign=false"]
    for words in (["init", "-q"], ["add", "notebooks"], [*name, "commit", "-q", "--no-verify", "-m", "x"]):
        subprocess.run(["git", "-C", checkout, *words], check=True, timeout=30)
    notebook.write_bytes(b"edited again")
    assert command_line.fresh("02").read_bytes() == b"committed"


def test_a_notebook_that_git_does_not_know_is_clean_as_it_was_kept(checkout):
    (checkout / ".git").mkdir()
    assert command_line.fresh("02").read_bytes() == b"clean"


def test_a_folder_that_cannot_be_written_is_no_reason_not_to_start(checkout, monkeypatch, capsys):
    def refuse():
        raise PermissionError

    monkeypatch.setattr(command_line, "save_originals", refuse)
    assert command_line.main(["--help"]) == 0


WRONG = [["tests"], ["fresh"], ["fresh", "02", "04"], ["check", "-v"], ["record", "fibres"]]


@pytest.mark.parametrize("words", WRONG)
def test_an_unknown_command_shows_those_that_there_are(checkout, capsys, words):
    assert command_line.main(words) == 2
    said = capsys.readouterr().out
    assert f"`{' '.join(words)}`" in said
    assert "python -m threadlab fresh 02" in said


def test_recordings_are_made_of_what_this_machine_has(checkout, monkeypatch, capsys):
    asked, saved = [], []

    def sweep(function, items, *, workers, repeats, executor="threads"):
        if executor == "interpreters":
            raise RuntimeError("it needs Python 3.14")
        asked.append((len(items), workers, repeats))
        one = Timing((1.0,) * 9)
        return Scaling("count_primes", executor, 8, dict.fromkeys(workers, one), machine=this_machine())

    monkeypatch.setattr(measuring, "sweep", sweep)
    monkeypatch.setattr(measuring, "measure", lambda *_, **__: Timing((0.2,)))
    monkeypatch.setattr(recordings, "save_recording", lambda _, name="", lost=(): saved.append((name, *lost)))
    monkeypatch.setattr(executors, "without_gil", lambda function: function.__name__)
    assert command_line.main(["record", "interpreters", "threads", "free-threaded"]) == 0
    assert asked == [(8, (1, 2, 4), 9), (8, (1, 2, 4), 9), *[(4, (1, 2, 4), 20)] * 3]
    lost = ["lost_updates"] * 9
    assert saved == [("",), ("", *lost), ("count_primes_once",), ("hash_once",), ("wait_once",)]
    assert capsys.readouterr().out.startswith("interpreters: it needs Python 3.14\nthreads: CPython 3")


def test_a_noisy_measurement_takes_no_recordings_place(checkout, monkeypatch, capsys):
    def sweep(*_, workers, **__):
        noisy = {n: Timing((1.0, 2.0) if n == 1 else (2.0, 1.0)) for n in workers}
        return Scaling("count_primes", "processes", 8, noisy, machine=this_machine())

    monkeypatch.setattr(measuring, "sweep", sweep)
    monkeypatch.setattr(measuring, "measure", lambda *_, **__: Timing((0.2,)))
    monkeypatch.setattr(recordings, "save_recording", lambda *_, **__: pytest.fail("it was saved"))
    assert command_line.main(["record", "processes"]) == 0
    assert capsys.readouterr().out.endswith("; not kept\n")


def test_what_follows_test_goes_to_pytest(checkout, monkeypatch):
    asked = []
    monkeypatch.chdir(checkout)
    monkeypatch.setattr(command_line, "go_where_it_runs", lambda extra, words: asked.append((extra, words)))
    monkeypatch.setitem(
        sys.modules, "pytest", SimpleNamespace(main=lambda options: asked.append(options) or 0)
    )
    assert command_line.main(["test", "-k", "lock"]) == 0
    assert asked == [("test", ["test", "-k", "lock"]), ["-k", "lock"]]


def test_jupyterlab_opens_the_home_page_and_gets_the_learners_options_last(checkout, monkeypatch):
    asked = []
    monkeypatch.setattr(command_line, "go_where_it_runs", lambda extra, words: asked.append((extra, words)))
    lab = SimpleNamespace(main=lambda options: asked.append(options))
    monkeypatch.setitem(sys.modules, "jupyterlab.labapp", lab)
    assert command_line.main(["--no-browser", "--debug"]) == 0
    assert asked[0] == ("", ["--no-browser", "--debug"])
    assert "--LabApp.default_url=/lab/tree/HOME.md" in asked[1]
    assert asked[1][-2:] == ["--no-browser", "--debug"]
    assert os.environ["PYTHONPATH"].split(os.pathsep)[0] == str(checkout)


def test_a_taken_port_is_said_in_one_sentence(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        start = [sys.executable, "-m", "threadlab", "--no-browser", f"--port={port}"]
        environment = {**os.environ, "JUPYTER_RUNTIME_DIR": str(tmp_path)}
        done = subprocess.run(start, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    assert f"could not be started because port {port} is not available" in done.stderr.splitlines()[-1]


@pytest.mark.parametrize(("screen", "expected"), [({}, True), ({"DISPLAY": ":0"}, False)])
def test_linux_without_a_screen_opens_no_browser(monkeypatch, screen, expected):
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(os, "environ", screen)
    assert ("--no-browser" in command_line.jupyter_options()) == expected


@pytest.mark.parametrize(("user", "expected"), [(0, True), (1000, False)])
def test_only_root_needs_to_be_allowed(monkeypatch, user, expected):
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(os, "geteuid", lambda: user, raising=False)
    assert ("--allow-root" in command_line.jupyter_options()) == expected


def test_the_settings_of_this_start_come_before_the_users_and_leave_them_alone(monkeypatch):
    monkeypatch.setenv("JUPYTER_CONFIG_PATH", "theirs")
    ours, theirs = command_line.jupyter_environment()["JUPYTER_CONFIG_PATH"].split(os.pathsep)
    assert theirs == "theirs"
    path = ROOT.joinpath(ours, "labconfig", "default_setting_overrides.json")
    settings = json.loads(path.read_text("utf-8"))
    assert (
        settings["@jupyterlab/docmanager-extension:plugin"]["defaultViewers"]["markdown"]
        == "Markdown Preview"
    )


def test_the_side_bar_starts_closed_and_stays_as_the_learner_leaves_it(tmp_path):
    command_line.save_workspace(tmp_path / "workspaces")
    (own,) = (tmp_path / "workspaces").iterdir()
    assert json.loads(own.read_text("utf-8"))["data"]["layout-restorer:data"]["left"]["collapsed"]
    own.write_text("open", "utf-8")
    command_line.save_workspace(tmp_path / "workspaces")
    assert own.read_text("utf-8") == "open"


@pytest.fixture
def two_demos(monkeypatch):
    """Stand in for the demos of the course: the second one fails if asked to."""
    monkeypatch.setattr(command_line, "go_where_it_runs", lambda extra, words: None)

    def use(second):
        first = ("01", "waits", lambda: ("shows its point", "0.5 s"), "")
        monkeypatch.setattr(demos, "DEMOS", [first, ("04", "primes", second, "a recording")])

    return use


def test_check_prints_a_table_below_the_machine(checkout, two_demos, capsys):
    two_demos(lambda: ("weakly", "too noisy"))
    assert command_line.main(["check"]) == 0
    machine, first, second, instead, summary = capsys.readouterr().out.splitlines()
    assert machine.startswith(f"{this_machine()} · load of the last minute ")
    assert first.split() == ["01", "waits", "shows", "its", "point", "0.5", "s"]
    assert (second.split()[2], instead) == ("weakly", "    instead: a recording")
    assert summary == "1 of 2 demos show their point here; 1 weakly"


def test_check_prints_nothing_but_json_if_asked_to_and_tells_what_cannot_be_shown(
    checkout, two_demos, capsys
):
    two_demos(lambda: 1 / 0)
    assert command_line.main(["check", "--json"]) == 1
    told = json.loads(capsys.readouterr().out)
    assert (told["ready"], told["machine"]["cores"]) == (False, this_machine().cores)
    assert [each["verdict"] for each in told["demos"]] == ["shows its point", "cannot"]
    assert told["demos"][1]["why"] == "ZeroDivisionError: division by zero"
