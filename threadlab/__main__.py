"""Open the course, test it, check this machine, copy a notebook afresh, record: `python -m threadlab`."""

from __future__ import annotations

import sys

if sys.version_info < (3, 11):  # noqa: UP036 -- what is imported below needs it
    sys.exit(
        "threadlab needs Python 3.11 or newer; this is Python {}.{}. Install a newer one from "
        "https://www.python.org/downloads/ and start again with that.".format(*sys.version_info)
    )

import importlib
import io
import json
import os
import shutil
import signal
import subprocess
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import asdict
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import Any

from threadlab import __version__
from threadlab.installing import ROOT, Problem, go_where_it_runs

USAGE = """\
python -m threadlab [options of JupyterLab]   open the course
python -m threadlab test [options of pytest]  run the tests
python -m threadlab check [--json]            try every demo on this machine, in at most 30 s;
                                              exit status 0: all can be shown, 1: one cannot or was not tried
python -m threadlab fresh 02                  put a clean copy of notebook 02 beside yours
python -m threadlab record [executors]        measure this machine for notebooks/data (two minutes):
                                              serial threads processes interpreters free-threaded"""
NOTEBOOKS = ROOT / "notebooks"
EXECUTORS = ["serial", "threads", "processes", "interpreters", "free-threaded"]
ORIGINALS = ROOT / ".threadlab" / f"originals-{__version__}"


def main(arguments: list[str]) -> int:
    """Do what the words `arguments` after `python -m threadlab` ask for; return the exit status."""
    os.environ.update(jupyter_environment())
    with suppress(OSError):  # a folder that cannot be written opens all the same
        save_originals()
        save_workspace(Path(os.environ["JUPYTERLAB_WORKSPACES_DIR"]))
    command, *rest = arguments or ["-"]
    if command == "test":
        go_where_it_runs("test", arguments)
        os.chdir(ROOT)
        return int(importlib.import_module("pytest").main(rest))
    if command == "check" and rest in ([], ["--json"]):
        go_where_it_runs("", arguments)
        return check(as_json=bool(rest))
    if command == "fresh" and len(rest) == 1:
        print(f"A clean copy: {fresh(rest[0])}")
        return 0
    if command == "record" and set(rest) <= set(EXECUTORS):
        record(rest or EXECUTORS)
        return 0
    if command in ("-h", "--help"):
        print(USAGE)
        return 0
    if not command.startswith("-"):
        print(f"`{' '.join(arguments)}` is nothing threadlab can do. What it can:\n{USAGE}")
        return 2
    go_where_it_runs("", arguments)
    # JupyterLab takes the next free port, but not in place of one that was asked for.
    strict = ["--ServerApp.port_retries=0"] if "--port" in " ".join(arguments) else []
    lab = importlib.import_module("jupyterlab.labapp")
    return int(lab.main([*jupyter_options(), *strict, *arguments]) or 0)


def jupyter_environment() -> dict[str, str]:
    """Return the variables that give this start its settings and leave the user's own alone."""
    first = {"JUPYTER_CONFIG_PATH": ROOT / "threadlab" / "jupyter", "PYTHONPATH": ROOT}
    after = {name: [os.environ[name]] if os.environ.get(name) else [] for name in first}
    return {
        **{name: os.pathsep.join([str(path), *after[name]]) for name, path in first.items()},
        "JUPYTER_PREFER_ENV_PATH": "1",  # the kernel is this Python, whatever kernels the user has made
        "JUPYTERLAB_WORKSPACES_DIR": str(ROOT / ".threadlab" / "workspaces"),  # no tabs of other projects
    }


def jupyter_options() -> list[str]:
    """Return the options that JupyterLab needs on this machine."""
    options = [f"--ServerApp.root_dir={NOTEBOOKS}", "--LabApp.default_url=/lab/tree/HOME.md"]
    if sys.platform != "win32" and os.geteuid() == 0:
        options.append("--allow-root")
    if sys.platform not in ("win32", "darwin") and not {"DISPLAY", "WAYLAND_DISPLAY"} & set(os.environ):
        options.append("--no-browser")
    return options


def save_workspace(folder: Path) -> None:
    """Start with the side bar closed, so that pictures are wide; whoever opens it will find it open again."""
    folder.mkdir(parents=True, exist_ok=True)
    # As JupyterLab calls the one that has no name.
    _keep(ROOT / "threadlab" / "jupyter" / "workspace.json", folder / "default-37a8.jupyterlab-workspace")


def save_originals() -> None:
    """Keep each notebook as it came, when it is first seen: `fresh` needs that where there is no git."""
    ORIGINALS.mkdir(parents=True, exist_ok=True)
    for notebook in NOTEBOOKS.glob("[0-9][0-9]_*.ipynb"):
        _keep(notebook, ORIGINALS / notebook.name)


def _keep(file: Path, copy: Path) -> None:
    if not copy.exists():
        shutil.copyfile(file, copy.with_suffix(".part")).replace(copy)


def check(*, as_json: bool) -> int:
    """Try every demo of the course and print what came of each; return the exit status."""
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background may ignore it: no limit
    began = perf_counter()  # what is loaded now takes seconds where the machine is busy
    demos, trying = (importlib.import_module(f"threadlab.teaching.{name}") for name in ("demos", "trying"))
    machine = importlib.import_module("threadlab.running.machine").this_machine()
    load = round(os.getloadavg()[0], 1) if hasattr(os, "getloadavg") else None  # Windows does not tell
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # into a file, Windows may not write every letter
    if not as_json:
        print(f"{machine} · load of the last minute {'not known' if load is None else load}", flush=True)
    rows = []
    for row in trying.try_demos(demos.DEMOS, limit=trying.LIMIT - (perf_counter() - began)):
        rows.append(row)
        if not as_json:
            print(trying.as_text(row), flush=True)  # as soon as it is known
    ready, told = trying.is_ready(rows), [asdict(row) for row in rows]
    report = {"machine": asdict(machine), "load": load, "demos": told, "ready": ready}
    print(json.dumps(report, indent=2) if as_json else trying.summary(rows))
    return 0 if ready else 1


def record(executors: list[str]) -> None:
    """Record how much faster 2 and 4 workers of each of `executors` are, of those that this machine has."""
    from threadlab.running import measuring, recordings  # here, for nothing else needs them
    from threadlab.running.executors import without_gil
    from threadlab.running.scaling import NOISY
    from threadlab.workloads.cpu import count_primes

    lesson = importlib.import_module("threadlab.teaching.demos").lesson("04")
    limit = 50_000
    while measuring.measure(partial(count_primes, limit), repeats=1).median < 0.15:  # seconds
        limit *= 2

    def keep(scaling: Any, who: str, name: str = "", lost: Iterable[int] = ()) -> None:
        """Save `scaling`, unless other programs made it noisy: an older recording says more than that."""
        noisy = any(scaling.verdict(n).word == NOISY for n in (2, 4))
        if not noisy:
            recordings.save_recording(scaling, name, lost=lost)
        print(f"{who}: {scaling.machine}; {scaling.verdict(2)}{'; not kept' * noisy}", flush=True)

    for executor in executors:
        try:
            scaling = measuring.sweep(
                count_primes, [limit] * 8, workers=(1, 2, 4), executor=executor, repeats=9
            )
        except RuntimeError as why:  # this machine has it not
            print(f"{executor}: {why}", flush=True)
        else:
            again = range(9) if executor == "free-threaded" else ()
            keep(scaling, executor, lost=[without_gil(lesson["lost_updates"]) for _ in again])
    if "threads" in executors:  # and the three kinds of work of 04, as they stand there
        for name in ("count_primes_once", "hash_once", "wait_once"):
            keep(measuring.sweep(lesson[name], range(4), workers=(1, 2, 4), repeats=20), name, name)


def fresh(number: str) -> Path:
    """Write a clean copy of the notebook with this `number` ("02" or "2") beside it; return where."""
    # A learner's copies have longer names than the notebook itself, which comes last and stays.
    known = sorted(ORIGINALS.glob("*.ipynb"), key=lambda path: -len(path.name))
    kept = {path.name[:2]: path for path in known}
    if f"{number:0>2}" not in kept:
        raise Problem(f"There is no notebook {number}. There are {', '.join(sorted(kept))}.")
    original = kept[f"{number:0>2}"]
    clean = original.read_bytes()
    if (ROOT / ".git").exists():  # else git might find a repository that this folder lies in
        with suppress(OSError, subprocess.SubprocessError):
            show = ["git", "-C", str(ROOT), "show", f"HEAD:notebooks/{original.name}"]
            clean = subprocess.run(show, capture_output=True, check=True, timeout=30).stdout
    copy, place = NOTEBOOKS / f"{original.stem}-fresh.ipynb", 2
    while copy.exists():
        copy, place = NOTEBOOKS / f"{original.stem}-fresh-{place}.ipynb", place + 1
    copy.write_bytes(clean)
    return copy


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except (Problem, OSError) as problem:
        sys.exit(f"threadlab: {problem}")
    except KeyboardInterrupt:
        sys.exit("threadlab: stopped. The same line starts again.")
