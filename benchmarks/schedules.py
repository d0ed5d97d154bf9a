"""Claim: every order of a lesson's program is found in half a second, far faster than the peers do it.

The program is `x = c.v` / `c.v = x + 1`, unrolled, by line. The peers run if a Python that has them is named
(`uv venv peers --python 3.12`, then `uv pip install --python peers frontrun interleave-test`):

    python benchmarks/schedules.py [--peers peers/bin/python]
"""

import argparse
import subprocess
import sys
import threading
import time
import tracemalloc
from pathlib import Path
from statistics import median

from threadlab import explore, this_machine
from threadlab.installing import ROOT
from threadlab.teaching.cases import CASES

sys.path.insert(0, str(ROOT / "tests"))
from test_cases import BROKEN, SOLVED, functions

ROUNDS = 5
PEERS = """
import sys, time
class Counter:
    def __init__(self): self.v = 0
def thrice(c):
    {body}
start = time.perf_counter()
if sys.argv[1] == "frontrun":
    import frontrun
    how = dict(preemption_bound=None, stop_on_first=False)
    found = frontrun.explore(Counter, [thrice, thrice], lambda c: True, **how)
    count = found.num_explored
else:
    import interleave_test
    def model():
        c = Counter()
        threads = [interleave_test.spawn(thrice, c) for _ in range(2)]
        for thread in threads: thread.join()
    how = dict(strategy="dfs", granularity="line", iterations=924, max_preemptions=99)
    found = interleave_test.explore(model, **how)
    count = found.schedules_run
print(count, time.perf_counter() - start)
"""


class Counter:
    """The shared state of the increments."""

    def __init__(self):
        self.v = 0


class Table:
    """The shared state of the philosophers."""

    def __init__(self):
        self.forks = [threading.Lock() for _ in range(4)]
        self.eaten = 0


def dine(table, place):
    with table.forks[place]:  # noqa: SIM117
        with table.forks[(place + 1) % 4]:
            table.eaten += 1


def unrolled(times):
    """Return a function of 2 × `times` lines."""
    space = {}
    exec("def run(c):\n" + "    x = c.v\n    c.v = x + 1\n" * times, space)
    return space["run"]


PROGRAMS = [
    ("2 threads × 3 increments", [unrolled(3)] * 2, Counter, "0.1 s"),
    ("2 threads × 12 lines", [unrolled(6)] * 2, Counter, "1 s"),
    ("3 threads × 6 lines", [unrolled(3)] * 3, Counter, "6 s"),
    ("4 dining philosophers", [(dine, place) for place in range(4)], Table, "1 s"),
]


COURSE = [(number, functions(source)) for part in (BROKEN, SOLVED) for number, source in part.items()]


def run_case(number, program):
    """Explore a case of the detective lab, as its check does."""
    puzzle = CASES[number - 1]
    return puzzle.explore(tuple(program), next(iter(puzzle.right)), "line", 3_000)


def run(threads, state):
    return explore(threads, state=state, outcome=lambda s: tuple(vars(s).values())[-1], time_limit=60)


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--peers", help="a Python that has frontrun and interleave-test")
    peers = options.parse_args().peers
    seconds = {name: [] for name, *_ in PROGRAMS} | {"frontrun": [], "interleave-test": []}
    slowest = []  # of the cases of the course, in each round
    found, counted = {}, {}
    for _ in range(ROUNDS):  # interleaved, nothing dropped
        for name, threads, state, _ in PROGRAMS:
            start = time.perf_counter()
            found[name] = run(threads, state)
            seconds[name].append(time.perf_counter() - start)
        slowest.append(max(timed(run_case, *case) for case in COURSE))
        for peer in ("frontrun", "interleave-test") if peers else ():
            command = [str(Path(peers).with_name("frontrun")), peers] if peer == "frontrun" else [peers]
            script = Path(__file__).with_suffix(".peer.py")
            script.write_text(PEERS.format(body="\n    ".join(["x = c.v", "c.v = x + 1"] * 3)))
            done = subprocess.run(
                [*command, script, peer], capture_output=True, text=True, timeout=300, check=True
            )
            script.unlink()
            counted[peer], took = done.stdout.split()[-2:]
            seconds[peer].append(float(took))
    print(f"{this_machine()}; {ROUNDS} interleaved rounds, nothing dropped\n")
    print("| program | schedules | states | seconds, median (range) | at most |\n|---|---|---|---|---|")
    for name, *_, most in PROGRAMS:
        row = f"{found[name].total:,} | {found[name].states:,} | {text(seconds[name])}"
        print(f"| {name} | {row} | {most} |")
    print(f"| the slowest of the {len(COURSE)} programs of the lab | – | – | {text(slowest)} | 0.5 s |")
    for peer, count in counted.items():
        print(f"| 2 threads × 3 increments, {peer} | {count} | – | {text(seconds[peer])} | – |")
    tracemalloc.start()
    states = run(PROGRAMS[2][1], Counter).states
    print(
        f"\n{tracemalloc.get_traced_memory()[1] / states:,.0f} bytes per state at the peak ({PROGRAMS[2][0]})"
    )


def timed(call, *args):
    start = time.perf_counter()
    call(*args)
    return time.perf_counter() - start


def text(values):
    return f"{median(values):.3f} ({min(values):.3f} to {max(values):.3f})"


if __name__ == "__main__":
    sys.exit(main())
