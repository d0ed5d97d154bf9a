"""Open the course, run its tests or copy a notebook afresh: `python -m threadlab`."""

from __future__ import annotations

import sys

if sys.version_info < (3, 11):  # noqa: UP036 -- what is imported below needs it
    sys.exit(
        "threadlab needs Python 3.11 or newer; this is Python {}.{}. Install a newer one from "
        "https://www.python.org/downloads/ and start again with that.".format(*sys.version_info)
    )

import importlib
import itertools
import os
import shutil
import socket
import subprocess
from contextlib import suppress
from pathlib import Path

from threadlab import __version__
from threadlab.installing import ROOT, Problem, go_where_it_runs

USAGE = """\
python -m threadlab [options of JupyterLab]   open the course
python -m threadlab test [options of pytest]  run the tests
python -m threadlab fresh 02                  put a clean copy of notebook 02 beside yours"""
NOTEBOOKS = ROOT / "notebooks"
ORIGINALS = ROOT / ".threadlab" / f"originals-{__version__}"


def main(arguments: list[str]) -> int:
    """Do what the words `arguments` after `python -m threadlab` ask for; return the exit status."""
    if not NOTEBOOKS.exists():
        raise Problem("This belongs to the project's folder: clone or unpack that, and start there.")
    with suppress(OSError):  # a folder that cannot be written opens all the same
        save_originals()
    os.environ["PYTHONPATH"] = _before(str(ROOT), "PYTHONPATH")  # for kernels and child processes
    command, *rest = arguments or ["-"]
    if command.startswith("-") and command not in ("-h", "--help"):
        return open_course(arguments)
    if command == "test":
        return run_tests(rest)
    if command == "fresh" and len(rest) == 1:
        print(f"A clean copy: {fresh(rest[0])}")
        return 0
    print(USAGE)
    return 0 if command in ("-h", "--help") else 2


def run_tests(options: list[str]) -> int:
    """Run pytest on the project with `options`; return its exit status."""
    go_where_it_runs("test", ["test", *options])
    os.chdir(ROOT)
    return int(importlib.import_module("pytest").main(options))


def open_course(options: list[str]) -> int:
    """Open the course home in JupyterLab, with `options` for it; return when that ends."""
    go_where_it_runs("", options)
    refuse_taken_port(options)
    os.environ.update(jupyter_environment())
    lab = importlib.import_module("jupyterlab.labapp")
    return int(lab.main([*jupyter_options(), *options]) or 0)


def jupyter_environment() -> dict[str, str]:
    """Return the variables that give this start its settings and leave the user's own alone."""
    return {
        "JUPYTER_CONFIG_PATH": _before(str(ROOT / "threadlab" / "jupyter"), "JUPYTER_CONFIG_PATH"),
        "JUPYTER_PREFER_ENV_PATH": "1",  # the kernel is this Python, whatever kernels the user has made
        "JUPYTERLAB_WORKSPACES_DIR": str(ROOT / ".threadlab" / "workspaces"),  # no tabs of other projects
    }


def _before(path: str, variable: str) -> str:
    return os.pathsep.join(filter(None, [path, os.environ.get(variable)]))


def jupyter_options() -> list[str]:
    """Return the options that JupyterLab needs on this machine."""
    options = [f"--ServerApp.root_dir={NOTEBOOKS}", "--LabApp.default_url=/lab/tree/HOME.md"]
    if sys.platform != "win32" and os.geteuid() == 0:
        options.append("--allow-root")
    if sys.platform not in ("win32", "darwin") and not {"DISPLAY", "WAYLAND_DISPLAY"} & set(os.environ):
        options.append("--no-browser")
    return options


def refuse_taken_port(options: list[str]) -> None:
    """Say so where the port that `options` ask for is taken (else JupyterLab takes the next free one)."""
    words = " ".join(options).replace("=", " ").split()
    with suppress(ValueError, IndexError), socket.socket() as probe:
        port = int(words[words.index("--port") + 1])
        if probe.connect_ex(("127.0.0.1", port)) == 0:
            raise Problem(f"Port {port} is taken, perhaps by the course itself. Try --port {port + 1}.")


def save_originals() -> None:
    """Keep each notebook as it came, when it is first seen: `fresh` needs that where there is no git."""
    ORIGINALS.mkdir(parents=True, exist_ok=True)
    for notebook in NOTEBOOKS.glob("[0-9][0-9]_*.ipynb"):
        kept = ORIGINALS / notebook.name
        if not kept.exists():
            part = shutil.copyfile(notebook, kept.with_suffix(".part"))
            part.replace(kept)


def fresh(number: str) -> Path:
    """Write a clean copy of the notebook with this `number` ("02" or "2") beside it; return where.

    Raises:
        Problem: There is no such notebook.
    """
    # A learner's copies have longer names than the notebook itself, which comes last and stays.
    known = sorted(ORIGINALS.glob("*.ipynb"), key=lambda path: -len(path.name))
    kept = {path.name[:2]: path for path in known}
    if f"{number:0>2}" not in kept:
        raise Problem(f"There is no notebook {number}. There are {', '.join(sorted(kept))}.")
    original = kept[f"{number:0>2}"]
    clean = clean_text(original)
    for ending in itertools.chain(["-fresh"], map("-fresh-{}".format, itertools.count(2))):
        copy = NOTEBOOKS / f"{original.stem}{ending}.ipynb"
        with suppress(FileExistsError), copy.open("xb") as file:  # x: never over what is there
            file.write(clean)
            break
    return copy


def clean_text(original: Path) -> bytes:
    """Return a notebook as it came: from git, or in a ZIP the `original` that was kept."""
    if (ROOT / ".git").exists():  # else git might find a repository that this folder lies in
        with suppress(OSError, subprocess.SubprocessError):
            show = ["git", "-C", str(ROOT), "show", f"HEAD:notebooks/{original.name}"]
            return subprocess.run(show, capture_output=True, check=True, timeout=30).stdout
    return original.read_bytes()


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except (Problem, OSError) as problem:
        sys.exit(f"threadlab: {problem}")
    except KeyboardInterrupt:
        sys.exit("threadlab: stopped. The same line starts again.")
