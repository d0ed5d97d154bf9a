"""Claims: each notebook runs in at most 20 s, and running it ten times more leaves nothing behind.

Runs every notebook in a kernel of its own from top to bottom, then ten times more in the same kernel, and
asks the kernel after each run for its memory, threads, child processes and open files.

    python benchmarks/lessons.py [01 04 ...]
"""

import os
import sys
import tempfile
import time
from pathlib import Path

import nbformat
from nbclient import NotebookClient

from threadlab import this_machine
from threadlab.installing import ROOT

AGAIN, SECONDS, MEGABYTES = 10, 20.0, 20.0
PROBE = """
import gc as _gc, psutil as _psutil, threading as _threading
_gc.collect()
_own = _psutil.Process()
print("probe", _own.memory_info().rss, _threading.active_count(), len(_own.children(recursive=True)),
      _own.num_fds() if hasattr(_own, "num_fds") else _own.num_handles())
"""


def ask(client, cell):
    """Return (bytes, threads, processes, files) of the kernel."""
    client.execute_cell(cell, len(client.nb.cells) - 1, store_history=False)
    words = next(output.text for output in cell.outputs if output.get("text", "").startswith("probe")).split()
    return [int(word) for word in words[1:]]


def run(path, folder):
    """Return the seconds of the first run, and what the kernel says after it and after the last."""
    book = nbformat.read(path, as_version=4)
    probe = nbformat.v4.new_code_cell(PROBE)
    lesson, book.cells = list(book.cells), [*book.cells, probe]
    client = NotebookClient(
        book, timeout=120, kernel_name="python3", resources={"metadata": {"path": folder}}
    )
    seconds, seen = [], []
    with client.setup_kernel(env=os.environ | {"PYTHONPATH": str(ROOT)}):
        for _ in range(1 + AGAIN):
            start = time.perf_counter()
            for number, cell in enumerate(lesson):
                client.execute_cell(cell, number)
            seconds.append(time.perf_counter() - start)
            seen.append(ask(client, probe))
    return seconds, seen[0], seen[-1]


def main(wanted):
    paths = [p for p in sorted((ROOT / "notebooks").glob("[0-9][0-9]_*.ipynb")) if "-fresh" not in p.name]
    print(f"{this_machine()}\n")
    print(
        f"| notebook | first run | all {1 + AGAIN} runs | {AGAIN} runs later: MB | threads, children, files |"
    )
    print("|---|---|---|---|---|")
    kept = True
    for path in [p for p in paths if not wanted or p.name[:2] in wanted]:
        with tempfile.TemporaryDirectory() as folder:
            seconds, first, last = run(path, str(Path(folder)))
        more = (last[0] - first[0]) / 1e6
        kept &= max(seconds) <= SECONDS and more <= MEGABYTES
        left = ", ".join(f"{after - before:+d}" for before, after in zip(first[1:], last[1:], strict=True))
        span = f"{min(seconds):.1f} to {max(seconds):.1f} s"
        print(f"| {path.stem} | {seconds[0]:.1f} s | {span} | {more:+.1f} | {left} |", flush=True)
    print(f"\nat most {SECONDS:.0f} s and {MEGABYTES:.0f} MB: {'kept' if kept else 'NOT kept'}")


if __name__ == "__main__":
    main(sys.argv[1:])
