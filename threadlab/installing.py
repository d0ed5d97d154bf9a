"""Give the course a Python that has what it needs: this one, or a `.venv` made in the checkout.

Standard library only: nothing else is there on the first start. Nothing outside the checkout is
changed, so it does not matter that a system Python refuses packages (PEP 668).
"""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections import deque
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
VENV = ROOT / ".venv"
UNFINISHED = ROOT / ".threadlab" / "unfinished"  # there while an installation runs, left by one that did not end

# All wheels that `pip download` fetches for pyproject.toml (Linux, CPython 3.11, November 2026), rounded up.
DOWNLOAD_MB = {"": 90, "test": 150}
DISK_MB = {"": 500, "test": 700}  # .venv after the installation (330 and 500 MB), and room to unpack


class Problem(Exception):
    """Something that the reader can mend, said in one sentence."""


def requirements(extra: str = "") -> list[str]:
    """List what `pyproject.toml` asks for, with the packages of `extra`."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    return [*project["dependencies"], *(project["optional-dependencies"][extra] if extra else ())]


def missing(extra: str = "") -> list[str]:
    """List the requirements of the course and of `extra` that this Python does not meet."""
    return [requirement for requirement in requirements(extra) if not _is_met(requirement)]


def _is_met(requirement: str) -> bool:
    name, _, least = requirement.partition(">=")
    try:
        return _numbers(version(name)) >= _numbers(least)
    except PackageNotFoundError:
        return False


def _numbers(release: str) -> list[int]:
    return [int(number) for number in re.findall(r"\d+", release)]


def go_where_it_runs(extra: str, arguments: list[str]) -> None:
    """Return if this Python has all that `extra` needs, else run the same `arguments` in `.venv`.

    Args:
        extra: "" for the course, or the name of an optional group of `pyproject.toml`.
        arguments: What to hand to `python -m threadlab` in `.venv`.

    Raises:
        Problem: `.venv` could not be made; the sentence says what would help.
    """
    if not UNFINISHED.exists() or not _inside_venv():
        if not missing(extra):
            return
    if UNFINISHED.exists() or not _has_all(extra):
        install(extra)
    _start_inside([str(venv_python()), "-m", "threadlab", *arguments])


def venv_python() -> Path:
    """Return where the interpreter of `.venv` is, made or not."""
    return VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def _inside_venv() -> bool:
    return Path(sys.prefix).resolve() == VENV.resolve()


def _venv_says(code: str) -> bool:
    """Tell whether the interpreter of `.venv` is there and finds that `code` is true."""
    command = [str(venv_python()), "-c", f"import sys; sys.path.insert(0, {str(ROOT)!r}); sys.exit(not ({code}))"]
    with suppress(OSError, subprocess.TimeoutExpired):
        return subprocess.run(command, stderr=subprocess.DEVNULL, timeout=60, check=False).returncode == 0
    return False


def _has_all(extra: str) -> bool:
    return _venv_says(f"not __import__('threadlab.installing').installing.missing({extra!r})")


def _start_inside(command: list[str]) -> None:
    if os.name == "posix":
        os.execv(command[0], command)
    with subprocess.Popen(command) as child:
        while True:
            with suppress(KeyboardInterrupt):  # Ctrl-C is for the child, which got it as well
                sys.exit(child.wait())


def install(extra: str) -> None:
    """Make `.venv` where there is no working one, and install the course and `extra` into it.

    Raises:
        Problem: Nothing can be installed here; the sentence says what would help.
    """
    _say(
        f"threadlab: first start, this takes a minute. Installing JupyterLab and what else is needed into "
        f"{VENV} (up to {DOWNLOAD_MB[extra]} MB to download). Nothing else on this computer is changed."
    )
    if shutil.disk_usage(ROOT).free < DISK_MB[extra] * 1_000_000:
        raise Problem(f"The disk is full: {ROOT} needs {DISK_MB[extra]} MB free. Make room and start again.")
    if UNFINISHED.exists() or not _venv_says("sys.version_info >= (3, 11)"):
        _remove_venv()
    UNFINISHED.parent.mkdir(exist_ok=True)
    UNFINISHED.touch()
    target = ".[test]" if extra else "."
    what_failed = _install_with_uv(target) and _install_with_pip(target)
    if what_failed:
        raise Problem(explain(what_failed))
    UNFINISHED.unlink()
    if not _has_all(extra):
        raise Problem(f"{VENV} is still not complete. Delete that folder and start again.")
    _say("threadlab: everything is installed; the next start downloads nothing.")


def _remove_venv() -> None:
    if VENV.exists():
        _say(f"threadlab: {VENV} is not complete or its Python is gone; making it anew.")
        shutil.rmtree(VENV)


def _install_with_uv(target: str) -> str:
    """Install `target` with uv and return "", or what went wrong."""
    uv = shutil.which("uv")
    if uv is None:
        return "uv was not found"
    for name in ("UV_SYSTEM_CERTS", "UV_NATIVE_TLS"):  # schools read TLS with a certificate of their own
        os.environ.setdefault(name, "1")
    make = [uv, "venv", "--seed", "--python", _base_python(), str(VENV)]  # seeded: `%pip install` works in a notebook
    what_failed = "" if venv_python().exists() else _run(make)
    return what_failed or _run([uv, "pip", "install", "--python", str(venv_python()), "--editable", target])


def _install_with_pip(target: str) -> str:
    """Install `target` with venv and pip and return "", or what went wrong."""
    if not venv_python().exists() or not _venv_says("__import__('pip')"):
        if not all(importlib.util.find_spec(name) for name in ("venv", "ensurepip")):
            return "ensurepip is not available"
        what_failed = _run([_base_python(), "-m", "venv", str(VENV)])
        if what_failed:
            return what_failed
    pip = [str(venv_python()), "-m", "pip", "--disable-pip-version-check", "install"]
    return _run([*pip, "--editable", target])


def _base_python() -> str:
    """Return the Python behind this one: `.venv` must not hang on an environment that may go."""
    return getattr(sys, "_base_executable", None) or sys.executable


def _run(command: list[str]) -> str:
    """Run `command` with its output shown as it comes; return "" or the last lines it wrote before it failed."""
    last: deque[str] = deque(maxlen=40)
    with subprocess.Popen(
        command,
        cwd=ROOT,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},  # pip's lines come when they are written
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    ) as process:
        for line in process.stdout or ():
            print(line, end="", file=sys.stderr, flush=True)
            last.append(line)
    return "".join(last) or "failed" if process.returncode else ""


def explain(output: str) -> str:
    """Say in one sentence what to do about an installation that failed with `output`.

    >>> explain("OSError: [Errno 28] No space left on device")
    'The disk is full: make room and start again.'
    """
    for pattern, sentence in _REASONS:
        if re.search(pattern, output, re.IGNORECASE):
            return sentence
    return "The installation failed; the lines above say why. The same command starts it again."


_REASONS = (
    (r"no space left|not enough space|os error (28|112)\b|errno 28", "The disk is full: make room and start again."),
    (
        r"ensurepip|No module named '?venv",
        "This Python cannot make environments (venv is missing). On Debian or Ubuntu: "
        f"sudo apt install python3.{sys.version_info.minor}-venv, then start again.",
    ),
    (
        r"failed to establish|name resolution|getaddrinfo|max retries|retrying \(|timed out|dns error|"
        r"error sending request|failed to fetch|could not connect|connection (refused|reset|aborted)",
        "The packages did not come: the network or the package index cannot be reached from here. "
        "Connect (or ask for the proxy's name: HTTPS_PROXY) and start again.",
    ),
)


def _say(sentence: str) -> None:
    print(sentence, file=sys.stderr, flush=True)
