import json
import os
from datetime import date
from pathlib import Path

import pytest

from threadlab.running import recordings
from threadlab.running.machine import Machine
from threadlab.running.recordings import DATA, load_recording, save_recording
from threadlab.running.scaling import Scaling, Timing

MACHINE = Machine("CPython 3.13.5", False, 2, "linux")
SCALING = Scaling(
    "count_primes",
    "free-threaded",
    8,
    {1: Timing((2.0, 2.1)), 2: Timing((1.0, 1.1))},
    {1: 0.1, 2: 0.2},
    MACHINE,
)


@pytest.fixture
def saved(tmp_path):
    return save_recording(SCALING, folder=tmp_path)


def test_what_was_measured_comes_back_as_it_was(saved):
    assert load_recording(saved).scaling == SCALING


def test_lost_updates_come_back_with_the_times_of_the_same_python(tmp_path):
    path = save_recording(SCALING, lost=(7, 0), folder=tmp_path)
    assert load_recording(path).lost == (7, 0)


def test_the_label_says_when_and_on_what(saved):
    data = json.loads(saved.read_text("utf-8")) | {"recorded": "2026-11-06"}
    saved.write_text(json.dumps(data), "utf-8")
    label = "recorded 6 Nov 2026, CPython 3.13.5, GIL off · 2 usable cores"
    assert load_recording(saved).label == label


def test_a_new_recording_is_of_today(saved):
    assert load_recording(saved).day == date.today()


def test_a_recording_replaces_the_one_before_and_leaves_nothing_else(saved):
    assert save_recording(SCALING, folder=saved.parent) == saved
    assert os.listdir(saved.parent) == ["free-threaded.json"]


def test_a_recording_that_cannot_be_written_leaves_the_one_before(saved, monkeypatch):
    before = saved.read_bytes()
    monkeypatch.setattr(Path, "replace", lambda *_: (_ for _ in ()).throw(OSError("the disk is full")))
    with pytest.raises(OSError, match="the disk is full"):
        save_recording(SCALING, folder=saved.parent)
    assert (saved.read_bytes(), os.listdir(saved.parent)) == (before, ["free-threaded.json"])


def changed(**new):
    return lambda data: data | new


def without(name):
    return lambda data: {key: value for key, value in data.items() if key != name}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda data: [], "it holds [], and not the names and values"),
        (changed(format=2), "its format is 2 and not 1"),
        (without("format"), "its format is None and not 1"),
        (without("seconds"), "'seconds' is missing"),
        (without("machine"), "'machine' is missing"),
        (changed(machine={"python": "CPython 3.11.7"}), "missing 3 required"),
        (changed(machine={"python": "CPython", "gil": "no", "cores": 2, "system": "linux"}), "has gil 'no'"),
        (changed(recorded="yesterday"), "Invalid isoformat"),
        (changed(tasks=0), "tasks must be at least 1, not 0"),
        (changed(seconds={"1": [1.0], "2": [1.0, 2.0]}), "as many values for every number"),
        (changed(seconds={"2": [1.0]}), "must have the key 1"),
        (changed(seconds={"1": []}), "seconds must hold at least one"),
        (changed(seconds={"1": ["fast"]}), "seconds of 1 workers must be a number of seconds"),
        (changed(seconds={"1": [-1]}), "must be at least 0 seconds"),
        (changed(seconds={"1": [float("nan")]}), "and finite, not nan"),
        (changed(seconds={"one": [1.0]}), "invalid literal"),
        (changed(lost=[0, -1]), "lost must be at least 0, not -1"),
        (changed(lost=["many"]), "lost must be a whole number"),
    ],
)
def test_a_recording_that_cannot_be_read_says_what_is_wrong_with_it(saved, change, said):
    saved.write_text(json.dumps(change(json.loads(saved.read_text("utf-8")))), "utf-8")
    with pytest.raises(ValueError, match="is not a recording that can be read") as caught:
        load_recording(saved)
    assert str(caught.value).startswith(str(saved))
    assert said in str(caught.value)
    assert str(caught.value).endswith("`python -m threadlab record` makes a new one")


@pytest.mark.parametrize("broken", [b"", b'{"format": 1, "sec', b"\xff\xfe\x00"])
def test_a_broken_file_is_named(saved, broken):
    saved.write_bytes(broken)
    with pytest.raises(ValueError, match=r"free-threaded\.json is not a recording that can be read"):
        load_recording(saved)


def test_what_is_neither_a_name_nor_a_path_is_named():
    with pytest.raises(TypeError, match=r"name must be that of a recording, .* not None"):
        load_recording(None)


def test_a_recording_that_is_not_there_lists_those_that_are(saved, monkeypatch):
    monkeypatch.setattr(recordings, "DATA", saved.parent)
    with pytest.raises(
        FileNotFoundError, match=r"no recording 'green' \(there are: free-threaded\); `python"
    ):
        load_recording("green")


EXECUTORS = ["serial", "threads", "processes", "interpreters", "free-threaded"]


@pytest.mark.parametrize("name", EXECUTORS)
def test_the_course_has_a_good_recording_of_each_executor(name):
    recording = load_recording(name)
    scaling = recording.scaling
    assert (scaling.executor, scaling.name, sorted(scaling.timings)) == (name, "count_primes", [1, 2, 4])
    assert len(scaling.timings[1].seconds) >= 9
    assert scaling.timings[1].median / scaling.tasks >= 0.1
    assert (scaling.verdict(2).word == "gain") == (name not in ("serial", "threads"))
    assert scaling.machine.gil == (name != "free-threaded")


def test_the_course_has_a_recording_of_updates_that_a_python_without_a_gil_lost():
    lost = load_recording("free-threaded").lost
    assert len(lost) >= 9
    assert 0 < max(lost) < 1_000_000


def test_recordings_name_no_person_and_no_place():
    words = {"format", "recorded", "machine", "function", "executor", "tasks", "seconds", "startup", "lost"}
    for path in DATA.glob("*.json"):
        assert set(json.loads(path.read_text("utf-8"))) | {"lost"} == words
        assert "/" not in path.read_text("utf-8")
