"""Say what ran a measurement: the Python, its GIL and the cores that may be used."""

import os
import platform
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Machine:
    """What a timing must carry to mean anything."""

    python: str  # such as "CPython 3.11.7"
    gil: bool
    cores: int  # that this process may use, not that the computer has
    system: str  # as in sys.platform

    def __str__(self) -> str:
        cores = f"{self.cores} usable core" + ("s" if self.cores != 1 else "")
        return f"{self.python}, GIL {'on' if self.gil else 'off'} · {cores}"


def this_machine() -> Machine:
    """Describe the machine and the Python that run this process.

    >>> this_machine().cores == usable_cores()
    True
    """
    gil = getattr(sys, "_is_gil_enabled", lambda: True)  # before 3.13 there is always a GIL
    python = f"{platform.python_implementation()} {platform.python_version()}"
    return Machine(python, gil(), usable_cores(), sys.platform)


def usable_cores(*, groups: Path = Path("/proc/self/cgroup"), top: Path = Path("/sys/fs/cgroup")) -> int:
    """Count the cores that this process may keep busy at once.

        >>> usable_cores() >= 1
        True

    A hub, Binder or a container often grants fewer than `os.cpu_count()` says: by affinity (which cores) or
    by a cgroup quota (how much time on them). A quota of 1.5 cores counts as 1: two workers would be slowed.

    Args:
        groups: The file that lists the control groups of this process; only Linux has it.
        top: The folder in which the control groups are mounted.
    """
    return max(1, int(min([_cores_by_affinity(), *_quotas(groups, top)])))


def _cores_by_affinity() -> int:
    if hasattr(os, "process_cpu_count"):  # 3.13+; also heeds PYTHON_CPU_COUNT
        return os.process_cpu_count() or 1
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _quotas(groups: Path, top: Path) -> Iterator[float]:
    """Yield, in cores, the quota of each control group that this process is in, and of those around them."""
    for line in _read(groups).splitlines():
        _, names, path = line.split(":", 2)
        if "cpu" in names.split(",") or not names:  # cgroup v2 has no names
            # A container may see the path of its host, not mounted inside: then the top holds the quota.
            inner = top / names / path.lstrip("/")
            for folder in (inner, *inner.parents):
                files = ("cpu.max",) if not names else ("cpu.cfs_quota_us", "cpu.cfs_period_us")
                match " ".join(_read(folder / file) for file in files).split():
                    case [quota, period] if quota not in ("max", "-1"):
                        yield int(quota) / int(period)


def _read(file: Path) -> str:
    try:
        return file.read_text()
    except OSError:  # not there, or no right to read it: then nothing is known
        return ""
