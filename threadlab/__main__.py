"""Open the course, run its tests or copy a notebook afresh: `python -m threadlab`."""

from __future__ import annotations

import sys

if sys.version_info < (3, 11):  # noqa: UP036 -- before anything that an older Python cannot read
    sys.exit(
        "threadlab needs Python 3.11 or newer, and this is Python {}.{}. "
        "Get a newer one from https://www.python.org/downloads/ and start again with it.".format(*sys.version_info)
    )

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
    """Do what the command line `arguments` ask for and return the exit status."""
    if not (ROOT / "pyproject.toml").exists():
        raise Problem("This command belongs to the project's folder: clone or unpack it, and start there.")
    with suppress(OSError):  # a folder that cannot be written still opens
        save_originals()
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    command, *rest = arguments or [""]
    if command in ("-h", "--help"):
        print(USAGE)
        return 0
    if command == "fresh":
        print(f"A clean copy: {fresh(*rest)}" if len(rest) == 1 else USAGE)
        return 0 if len(rest) == 1 else 2
    if command == "test":
        return run_tests(rest)
    if command and not command.startswith("-"):
        raise Problem(f"There is no command {command!r}. What there is:\n{USAGE}")
    return open_course(arguments)


def run_tests(options: list[str]) -> int:
    """Run pytest on the whole project with `options`."""
    go_where_it_runs("test", ["test", *options])
    import pytest

    os.chdir(ROOT)
    return int(pytest.main(options))


def open_course(options: list[str]) -> int:
    """Open the course home in JupyterLab, started with `options`; return when it ends."""
    go_where_it_runs("", options)
    _refuse_taken_port(options)
    os.environ.update(jupyter_environment())
    from jupyterlab.labapp import main as jupyter_lab

    return int(jupyter_lab([*jupyter_options(), *options]) or 0)


def jupyter_environment() -> dict[str, str]:
    """Return the variables that give this start its settings and leave the user's own alone."""
    own = str(ROOT / "threadlab" / "jupyter")
    return {
        "JUPYTER_CONFIG_PATH": os.pathsep.join(filter(None, [own, os.environ.get("JUPYTER_CONFIG_PATH")])),
        "JUPYTER_PREFER_ENV_PATH": "1",  # this Python is the kernel, whatever kernels the user has installed
        "JUPYTERLAB_WORKSPACES_DIR": str(ROOT / ".threadlab" / "workspaces"),  # no tabs of other projects
    }


def jupyter_options() -> list[str]:
    """Return the options for JupyterLab that this machine calls for."""
    options = [f"--ServerApp.root_dir={NOTEBOOKS}", "--LabApp.default_url=/lab/tree/HOME.md"]
    if getattr(os, "geteuid", lambda: 1)() == 0:
        options.append("--allow-root")
    has_screen = sys.platform in ("win32", "darwin") or {"DISPLAY", "WAYLAND_DISPLAY"} & set(os.environ)
    return options if has_screen else [*options, "--no-browser"]


def _refuse_taken_port(options: list[str]) -> None:
    """Say it where the port asked for in `options` is taken; without one JupyterLab looks for a free one."""
    words = " ".join(options).replace("=", " ").split()
    with suppress(ValueError, IndexError):
        port = int(words[words.index("--port") + 1])
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                raise Problem(f"Port {port} is taken, perhaps by a course already open. Try --port {port + 1}.")


def save_originals() -> None:
    """Keep the notebooks as they came, before anyone has edited them; what is kept already stays."""
    ORIGINALS.mkdir(parents=True, exist_ok=True)
    for notebook in NOTEBOOKS.glob("[0-9][0-9]_*.ipynb"):
        kept = ORIGINALS / notebook.name
        if "-fresh" not in notebook.stem and not kept.exists():
            shutil.copyfile(notebook, kept.with_suffix(".part"))
            kept.with_suffix(".part").replace(kept)


def fresh(number: str) -> Path:
    """Write a clean copy of the notebook with this `number` beside it and return its path.

    Args:
        number: As in the notebook's name, "02" or "2".

    Raises:
        Problem: There is no such notebook.
    """
    names = sorted({path.name for folder in (ORIGINALS, NOTEBOOKS) for path in folder.glob("[0-9][0-9]_*.ipynb")})
    names = [name for name in names if "-fresh" not in name]
    chosen = [name for name in names if name.startswith(f"{number:0>2}_")]
    if not chosen:
        there = ", ".join(name[:2] for name in names)
        raise Problem(f"There is no notebook {number}; the course has {there}.")
    clean = _original(chosen[0])
    stem = chosen[0].removesuffix(".ipynb") + "-fresh"
    copies = 1
    while True:
        copy = NOTEBOOKS / (f"{stem}.ipynb" if copies == 1 else f"{stem}-{copies}.ipynb")
        try:
            with copy.open("xb") as file:  # x: never over something that is there
                file.write(clean)
            return copy
        except FileExistsError:
            copies += 1


def _original(name: str) -> bytes:
    """Return the notebook `name` as it came: from git where this is a checkout, else as kept at the first start."""
    if (ROOT / ".git").exists():  # only then: the folder may lie in somebody else's repository
        with suppress(OSError, subprocess.SubprocessError):
            show = ["git", "-C", str(ROOT), "show", f"HEAD:notebooks/{name}"]
            return subprocess.run(show, capture_output=True, check=True, timeout=30).stdout
    return (ORIGINALS / name).read_bytes()


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except (Problem, OSError) as problem:
        sys.exit(f"threadlab: {problem}")
    except KeyboardInterrupt:
        sys.exit("threadlab: stopped; the same line starts again.")
