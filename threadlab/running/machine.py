"""Say what ran a measurement: the Python, its GIL and the cores that may be used."""

import os
import platform
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from statistics import mean

_SHARED = {"Binder": ("BINDER_",), "JupyterHub": ("JUPYTERHUB_USER", "JUPYTERHUB_API_TOKEN")}


@dataclass(frozen=True, slots=True)
class Machine:
    """What a timing must carry to mean anything."""

    python: str  # such as "CPython 3.11.7"
    gil: bool
    cores: int  # that this process may use
    system: str  # as in sys.platform

    def __str__(self) -> str:
        gil, several = "on" if self.gil else "off", "s" * (self.cores != 1)
        return f"{self.python}, GIL {gil} · {self.cores} usable core{several}"


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

    A hub or a container often grants fewer than the computer has: by affinity (which cores) or by a quota of
    the control groups listed in the file `groups`, mounted at `top`. A quota of 1.5 cores counts as 1.
    """
    affinity = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, int(min([affinity, *_quotas(groups, top)])))


def own_share(seconds: float = 0.01) -> float:
    """Return which part of so many `seconds` a loop that only counts was given a core.

        >>> 0 < own_share() <= 1
        True

    The mean of several tells what other programs left: 1.0 on an idle computer, 0.25 where four programs
    want each core. It looks only when the clock has moved on: Windows counts a core's time in steps of 16 ms.
    """

    def moved_on() -> tuple[float, float]:
        before = time.process_time()
        while (used := time.process_time()) == before:
            pass
        return time.perf_counter(), used

    start, before = end, used = moved_on()
    while end - start < seconds:
        end, used = moved_on()
    return min(1.0, (used - before) / (end - start))


def busy_elsewhere(*, load: Path = Path("/proc/loadavg")) -> float:
    """Return how many threads of other programs want a core, as far as the system tells.

    Linux tells how many want one now, other systems the mean of the last minute, and Windows nothing: there
    a loop of 48 ms shows only what all cores together lack.
    """
    if load.exists():
        seen = []
        for _ in range(16):
            time.sleep(0.002)
            seen.append(int(load.read_text().split()[3].partition("/")[0]) - 1)  # without ours
        return max(0.0, mean(seen))
    if hasattr(os, "getloadavg"):
        return os.getloadavg()[0]
    share = own_share(0.048)
    return 0.0 if share > 0.8 else (os.cpu_count() or 1) / share - 1


def limits() -> str:
    """Say in one sentence what will falsify a measurement here, or nothing.

    It counts if fewer than two cores may be used, if others want a quarter of them, and if they are shared.
    """
    cores, own = os.cpu_count() or 1, usable_cores()
    busy = busy_elsewhere()
    if own < 2:
        return "only one core may be used here: work that computes cannot gain anything from more workers"
    if cores - busy < 0.75 * own:
        taken = f"{min(busy, cores):.1f} of {cores} cores"
        return f"other programs keep {taken} busy: speed-ups will look smaller than they are"
    for kind, marks in _SHARED.items():
        if any(name.startswith(marks) for name in os.environ):
            return f"{kind} shares its cores: when others compute, speed-ups look smaller than they are"
    return ""


def _quotas(groups: Path, top: Path) -> Iterator[float]:
    for line in groups.read_text().splitlines() if groups.exists() else ():  # only Linux has it
        _, names, path = line.split(":", 2)
        if "cpu" in names.split(",") or not names:  # cgroup v2 has no names
            # A container may see the path of its host, not mounted inside: then the top holds the quota.
            inner = top / names / path.lstrip("/")
            files = ("cpu.max",) if not names else ("cpu.cfs_quota_us", "cpu.cfs_period_us")
            for folder in (inner, *inner.parents):
                with suppress(OSError, ValueError):  # there is none, or it is "max"
                    quota, period = " ".join((folder / file).read_text() for file in files).split()
                    if int(quota) > 0:  # -1 is none
                        yield int(quota) / int(period)
