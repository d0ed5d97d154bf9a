"""Find a free-threaded Python on this machine, and say in one sentence what is wrong with what was found."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from typing import Any

from threadlab.running.machine import Machine, this_machine, usable_cores

VARIABLE = "THREADLAB_FREE_THREADED"
HOW = (
    f"`uv python install 3.14t` or conda-forge's python-freethreading brings one, and {VARIABLE} may name it"
)
LIMIT = 20.0  # seconds; a cold start under a virus scanner takes some
_VERSIONS = ("3.14", "3.15", "3.16", "3.13")  # 3.13 is the slowest of them on one thread
_QUESTION = """\
import json, platform, sys, sysconfig
name = platform.python_implementation() + " " + platform.python_version()
free = bool(sysconfig.get_config_var("Py_GIL_DISABLED"))
print(json.dumps([name, sys.version_info[0:2], free, getattr(sys, "_is_gil_enabled", lambda: True)()]))"""
# A terminal's Ctrl-C is for the kernel, which ends what it started.
APART: dict[str, Any] = {"start_new_session": True}
if sys.platform == "win32":
    APART = {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP}


@dataclass(frozen=True, slots=True)
class FreeThreadedPython:
    """A Python without the GIL: how to start it, and what it is."""

    command: tuple[str, ...]
    machine: Machine

    def __str__(self) -> str:
        return str(self.machine)


def free_threaded_python(*, limit: float = LIMIT) -> FreeThreadedPython:
    """Find a free-threaded Python on this machine; each gets `limit` seconds to say what it is.

    The environment variable THREADLAB_FREE_THREADED names it (a path or a command). Without, it is the Python
    that runs this, if its GIL is off, or else `python3.14t` and its like on the PATH and in ~/.local/bin:

        >>> from threadlab import free_threaded_python
        >>> free_threaded_python().machine.gil  # doctest: +SKIP
        False

    Raises:
        RuntimeError: There is none; the sentence says what is wrong and how to get one.
    """
    if named := os.environ.get(VARIABLE):
        if not (path := shutil.which(os.path.expanduser(named))):
            raise RuntimeError(f"{VARIABLE} names {named!r}, which is no program here; {HOW}")
        return _ask(path, os.environ.get("PYTHON_GIL"), limit)
    if not this_machine().gil:
        return FreeThreadedPython((sys.executable,), this_machine())
    problems = []
    folders = os.pathsep.join([os.environ.get("PATH", os.defpath), os.path.expanduser("~/.local/bin")])
    for version in _VERSIONS:
        if path := shutil.which(f"python{version}t", path=folders):
            try:
                return _ask(path, os.environ.get("PYTHON_GIL"), limit)
            except RuntimeError as problem:
                problems.append(problem)
    raise problems[0] if problems else RuntimeError(f"there is no free-threaded Python on the PATH; {HOW}")


def environment() -> dict[str, str]:
    """Return the environment for another Python: what is set for this one (PYTHONHOME ...) would break it."""
    kept = {name: value for name, value in os.environ.items() if name[:6] != "PYTHON" or name == "PYTHON_GIL"}
    return kept | {"PYTHONSAFEPATH": "1", "PYTHONNOUSERSITE": "1"}  # no module of the folder hides one


def end(process: "subprocess.Popen[bytes]") -> None:
    """Kill a `process` that was started APART, and what it has started itself."""
    if process.poll() is None:
        with suppress(OSError):  # it ended just now
            if sys.platform == "win32":
                process.kill()
            else:
                os.killpg(process.pid, signal.SIGKILL)


@cache  # what it is does not change; a problem may be mended and is found anew
def _ask(path: str, gil: str | None, limit: float) -> FreeThreadedPython:
    """Return what the program at `path` is, where PYTHON_GIL has the value `gil`."""
    said = _answer(path, limit)
    try:
        name, version, free, gil_is_on = json.loads(said.splitlines()[-1])
        old = tuple(version) < (3, 13)
    except (IndexError, TypeError, ValueError):
        raise RuntimeError(f"{path} is no Python: asked what it is, it said {said[-80:]!r}; {HOW}") from None
    if old:
        raise RuntimeError(f"{path} is {name}, and only Python 3.13 and newer can be free-threaded; {HOW}")
    if not free:
        raise RuntimeError(f"{path} is {name} with a GIL, and not free-threaded; {HOW}")
    if gil_is_on:
        why = "PYTHON_GIL=1 is set: unset it" if gil else "something it loads at its start needs it"
        raise RuntimeError(f"{path} is free-threaded, but its GIL is on, because {why}")
    return FreeThreadedPython((path,), Machine(name, False, usable_cores(), sys.platform))


def _answer(path: str, limit: float) -> str:
    """Return what the program at `path` prints when it is asked what it is."""
    deadline, pipe = time.monotonic() + limit, subprocess.PIPE
    how: dict[str, Any] = {"stdin": subprocess.DEVNULL, "stdout": pipe, "stderr": pipe, "env": environment()}
    try:
        process = subprocess.Popen([path, "-c", _QUESTION], **how, **APART)
    except OSError as why:
        raise RuntimeError(f"{path} does not start ({why.strerror}); {HOW}") from None
    with process:
        try:
            while True:
                with suppress(subprocess.TimeoutExpired):
                    said, problem = process.communicate(timeout=0.1)  # short: an interrupt waits for no more
                    break
                if time.monotonic() > deadline:
                    raise RuntimeError(f"{path} did not say within {limit:g} s what it is; {HOW}")
        finally:
            end(process)
    if process.returncode:
        last = (problem.decode(errors="replace").strip().splitlines() or ["no word why"])[-1]
        raise RuntimeError(f"{path} does not start (exit code {process.returncode}: {last}); {HOW}")
    return str(said, errors="replace")
