import dataclasses
import json
import os
from itertools import count
from types import SimpleNamespace

import pytest

from threadlab.running import machine
from threadlab.running.machine import Machine, busy_elsewhere, limits, own_share, this_machine, usable_cores


@pytest.fixture
def eight_cores(monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: range(8), raising=False)


def cores_with(folder, groups, files):
    (folder / "groups").write_text(groups)
    for name, text in files.items():
        file = folder / "mount" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return usable_cores(groups=folder / "groups", top=folder / "mount")


def test_no_control_groups_leave_the_affinity(tmp_path, eight_cores):
    assert usable_cores(groups=tmp_path / "none", top=tmp_path) == 8


@pytest.mark.parametrize(
    ("quota", "cores"), [("200000", 2), ("150000", 1), ("50000", 1), ("max", 8), ("900000", 8)]
)
def test_quota_of_version_2_is_rounded_down_to_at_least_one_core(tmp_path, eight_cores, quota, cores):
    assert cores_with(tmp_path, "0::/hub\n", {"hub/cpu.max": f"{quota} 100000\n"}) == cores


@pytest.mark.parametrize(("quota", "cores"), [("300000\n", 3), ("-1\n", 8)])
def test_quota_of_version_1_counts(tmp_path, eight_cores, quota, cores):
    files = {"cpu,cpuacct/a/cpu.cfs_quota_us": quota, "cpu,cpuacct/a/cpu.cfs_period_us": "100000\n"}
    assert cores_with(tmp_path, "5:memory:/a\n4:cpu,cpuacct:/a\n0::/\n", files) == cores


def test_quota_of_a_group_around_ours_counts(tmp_path, eight_cores):
    files = {"hub/cpu.max": "200000 100000", "hub/student/cpu.max": "max 100000"}
    assert cores_with(tmp_path, "0::/hub/student\n", files) == 2


def test_path_of_the_host_is_sought_at_the_top_inside_a_container(tmp_path, eight_cores):
    assert cores_with(tmp_path, "0::/docker/0123\n", {"cpu.max": "400000 100000"}) == 4


def test_quota_of_another_controller_is_not_ours(tmp_path, eight_cores):
    assert cores_with(tmp_path, "5:cpuset:/a\n", {"cpuset/a/cpu.max": "100000 100000"}) == 8


def test_affinity_is_asked_where_the_system_has_it(monkeypatch, tmp_path):
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 3, 5}, raising=False)
    assert usable_cores(groups=tmp_path / "none") == 3


def test_cores_of_the_computer_are_the_last_resort(monkeypatch, tmp_path):
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: None)
    assert usable_cores(groups=tmp_path / "none") == 1


@pytest.fixture
def alone(monkeypatch):
    """Nobody else on two cores, on no hub."""
    for name in os.environ:
        if name.startswith(("BINDER_", "JUPYTERHUB_")):
            monkeypatch.delenv(name)
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    monkeypatch.setattr(machine, "usable_cores", lambda: 2)
    monkeypatch.setattr(machine, "busy_elsewhere", lambda: 0.3)
    return monkeypatch


def test_a_computer_of_ones_own_has_no_limits(alone):
    assert limits() == ""


def test_one_usable_core_is_said(alone):
    alone.setattr(machine, "usable_cores", lambda: 1)
    assert limits().startswith("only one core may be used here")


@pytest.mark.parametrize(("wanted", "said"), [(1.4, "keep 1.4 of 2 cores"), (7.0, "keep 2.0 of 2 cores")])
def test_other_programs_are_said(alone, wanted, said):
    alone.setattr(machine, "busy_elsewhere", lambda: wanted)
    assert said in limits()


def test_others_on_a_large_computer_leave_the_cores_of_a_container_alone(alone):
    alone.setattr(os, "cpu_count", lambda: 64)
    alone.setattr(machine, "busy_elsewhere", lambda: 20.0)
    assert limits() == ""


def test_one_other_program_is_nothing_to_eight_cores(alone):
    alone.setattr(os, "cpu_count", lambda: 8)
    alone.setattr(machine, "usable_cores", lambda: 8)
    alone.setattr(machine, "busy_elsewhere", lambda: 1.0)
    assert limits() == ""


@pytest.mark.parametrize(
    ("name", "said"),
    [("JUPYTERHUB_USER", "JupyterHub"), ("JUPYTERHUB_API_TOKEN", "JupyterHub"), ("BINDER_REF_URL", "Binder")],
)
def test_a_shared_server_is_said(alone, name, said):
    alone.setenv(name, "x")
    assert limits().startswith(f"{said} shares its cores")


def test_linux_tells_how_many_others_want_a_core_now(tmp_path):
    (tmp_path / "loadavg").write_text("0.57 1.86 1.67 4/88 14029\n")
    assert busy_elsewhere(load=tmp_path / "loadavg") == 3.0


def test_a_system_that_tells_nothing_of_threads_counts_as_idle(tmp_path):
    (tmp_path / "loadavg").write_text("0.00 0.00 0.00 0/0 0\n")
    assert busy_elsewhere(load=tmp_path / "loadavg") == 0.0


def test_elsewhere_the_mean_of_the_last_minute_is_asked(monkeypatch, tmp_path):
    monkeypatch.setattr(os, "getloadavg", lambda: (1.4, 0.0, 0.0), raising=False)
    assert busy_elsewhere(load=tmp_path / "none") == 1.4


@pytest.mark.parametrize("share", [1.0, 0.25])
@pytest.mark.parametrize("step", [1, 156])  # as on Linux, and on Windows
def test_the_own_share_is_right_also_where_the_clock_goes_in_steps(monkeypatch, step, share):
    looks = count(1)  # each takes 0.1 ms of a core
    clocks = SimpleNamespace(
        process_time=lambda: next(looks) // step * step / 10_000,
        perf_counter=lambda: next(looks) / share / 10_000,
    )
    monkeypatch.setattr(machine, "time", clocks)
    assert own_share() == pytest.approx(share, rel=0.02)


@pytest.mark.parametrize(("share", "busy"), [(1.0, 0.0), (0.25, 7.0)])
def test_without_any_a_loop_shows_what_two_cores_lack(monkeypatch, tmp_path, share, busy):
    monkeypatch.delattr(os, "getloadavg", raising=False)
    monkeypatch.setattr(machine, "own_share", lambda seconds: share)
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    assert busy_elsewhere(load=tmp_path / "none") == busy


def test_machine_says_python_gil_and_cores():
    assert str(Machine("CPython 3.11.7", True, 2, "Linux")) == "CPython 3.11.7, GIL on · 2 usable cores"
    assert str(Machine("CPython 3.14.0", False, 1, "Linux")) == "CPython 3.14.0, GIL off · 1 usable core"


def test_machine_goes_to_json_and_back():
    here = this_machine()
    assert Machine(**json.loads(json.dumps(dataclasses.asdict(here)))) == here
