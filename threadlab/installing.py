"""Give the course a Python that has what it needs: this one, or a `.venv` made in the checkout.

Standard library only, for nothing else is there on the first start. Nothing outside the checkout
changes, so it does not matter that a system Python refuses packages (PEP 668).
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
VENV = ROOT / ".venv"
VENV_PYTHON = VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
UNFINISHED = ROOT / ".threadlab" / "unfinished"  # left behind by an installation that was cut off

# The sum of the wheels that `pip download` fetched for pyproject.toml: 88 and 143 MB (Linux, CPython 3.11).
DOWNLOAD_MB = {"": 90, "test": 150}

_REASONS = {  # by what is looked for in the output, in small letters
    r"no space left|not enough space|os error (28|112)\b": "The disk is full. Make room and start again.",
    r"failed to (establish|fetch)|name resolution|getaddrinfo|max retries|timed out|dns error|certificate|"
    r"error sending request|could not connect|connection (refused|reset|aborted)": "The packages did not "
    "come: nothing answered. Connect to the internet (HTTPS_PROXY names a proxy) and start again.",
    r"ensurepip|no module named '?venv": "This Python cannot make environments. On Debian or Ubuntu "
    f"`sudo apt install python3.{sys.version_info.minor}-venv` mends that. Then start again.",
}


class Problem(Exception):  # noqa: N818
    """Something that the reader can mend, in one sentence."""


def missing(extra: str = "") -> list[str]:
    """List what `pyproject.toml` requires, its group `extra` too, and this Python has not."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    required = [*project["dependencies"], *(project["optional-dependencies"][extra] if extra else ())]
    return [requirement for requirement in required if not _is_met(requirement)]


def _is_met(requirement: str) -> bool:
    name, _, least = requirement.partition(">=")
    with suppress(PackageNotFoundError):
        found, wanted = (list(map(int, re.findall(r"\d+", text))) for text in (version(name), least))
        return found >= wanted
    return False


def go_where_it_runs(extra: str, arguments: list[str]) -> None:
    """Return if this Python has what `extra` needs, else run `threadlab` with `arguments` in `.venv`."""
    if not missing(extra):
        return
    has_all = f"not __import__('threadlab.installing').installing.missing({extra!r})"
    if UNFINISHED.exists() or not _venv_finds(has_all):
        install(extra)
        if not _venv_finds(has_all):  # or it would start itself for ever
            raise Problem(f"Something is still missing in {VENV}. Delete that folder and start again.")
    command = [str(VENV_PYTHON), "-m", "threadlab", *arguments]
    if os.name == "posix":
        os.execv(command[0], command)
    child = subprocess.Popen(command)
    while True:
        with suppress(KeyboardInterrupt):  # Ctrl-C reaches the child as well, and is for it
            sys.exit(child.wait())


def _venv_finds(truth: str) -> bool:
    command = [str(VENV_PYTHON), "-c", f"import sys; sys.exit(not ({truth}))"]
    with suppress(OSError, subprocess.SubprocessError):
        return not subprocess.run(command, cwd=ROOT, stderr=subprocess.DEVNULL, timeout=60).returncode
    return False


def install(extra: str) -> None:
    """Make `.venv` where there is none that works; install the course and `extra` into it."""
    size = f"{DOWNLOAD_MB[extra]} MB to download, once"
    print(f"threadlab: what the course needs goes to {VENV}, {size}.", flush=True)
    if VENV.exists() and (UNFINISHED.exists() or not _venv_finds("sys.version_info >= (3, 11)")):
        print(f"threadlab: {VENV} is incomplete or its Python has gone; making it anew.")
        shutil.rmtree(VENV)
    UNFINISHED.parent.mkdir(exist_ok=True)
    UNFINISHED.touch()
    output = ""
    for make, add in _ways():
        failed = "" if _venv_finds("__import__('pip')") else _run(make)
        failed = failed or _run([*add, "--editable", f".[{extra}]" if extra else "."])
        if not failed:
            UNFINISHED.unlink()
            print("threadlab: all is installed; the next start downloads nothing.", flush=True)
            return
        output += failed
    raise Problem(explain(output))


def _ways() -> Iterator[tuple[list[str], list[str]]]:  # to make `.venv`, and to add packages
    # The Python behind this one: `.venv` must outlive the environment it was made from.
    base = getattr(sys, "_base_executable", None) or sys.executable
    if uv := shutil.which("uv"):
        for name in ("UV_SYSTEM_CERTS", "UV_NATIVE_TLS"):  # the new and the old name
            os.environ.setdefault(name, "1")  # schools look into TLS, with a certificate of their own
        make = [uv, "venv", "--seed", "--python", base, str(VENV)]  # --seed: pip, for a learner's `%pip`
        yield make, [uv, "pip", "install", "--python", str(VENV_PYTHON)]
    pip = [str(VENV_PYTHON), "-u", "-m", "pip", "--no-input", "--disable-pip-version-check", "install"]
    yield [base, "-m", "venv", str(VENV)], pip


def _run(command: list[str]) -> str:  # returns the last it said, if it failed
    said, pipe, both = "it failed\n", subprocess.PIPE, subprocess.STDOUT
    with subprocess.Popen(command, cwd=ROOT, stdout=pipe, stderr=both, text=True, errors="replace") as tool:
        for line in tool.stdout or ():
            print(line, end="", flush=True)
            said += line
    return said[-4_000:] if tool.returncode else ""


def explain(output: str) -> str:
    """Say in one sentence what helps where an installation ended with `output`."""
    fitting = (sentence for pattern, sentence in _REASONS.items() if re.search(pattern, output.lower()))
    return next(fitting, "The installation failed; the lines above say why. The same line starts it again.")
