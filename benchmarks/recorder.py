"""Claims: ticks cost at most 1 % of what computes, and the turns they show are those that were taken.

The same work (4 threads that count primes) is timed plain, watched, and under profilers if a Python that has
them is named (`python -m venv peers`, then `peers/bin/pip install viztracer yappi py-spy`):

    python benchmarks/recorder.py [--peers peers/bin/python]
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from contextlib import nullcontext
from itertools import pairwise
from pathlib import Path
from statistics import median
from threading import Thread

from threadlab import count_primes, this_machine, watch
from threadlab.installing import ROOT
from threadlab.running import ticks
from threadlab.running.gil import turns

LIMIT, THREADS, ROUNDS, TURN_ROUNDS = 60_000, 4, 15, 9
PEERS = ("plain", "watched", "viztracer", "yappi", "py-spy")


def work():
    threads = [Thread(target=count_primes, args=(LIMIT,)) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def compute(until, number, stamps):
    while (now := time.perf_counter()) < until:
        stamps.append((now, number))
        count_primes(400)


def work_until(until):
    """Compute in all threads to the same end, for who is alone then hands nothing over.

    Returns when another thread was next to stamp the time: the hand-offs that there truly were.
    """
    stamps = []
    threads = [Thread(target=compute, args=(until, number, stamps)) for number in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return [after[0] for before, after in pairwise(sorted(stamps)) if before[1] != after[1]]


def seconds(tool):
    """Return how long the work takes under this `tool`."""
    if tool == "viztracer":
        from viztracer import VizTracer

        block = VizTracer(verbose=0, output_file=os.path.join(tempfile.mkdtemp(), "trace.json"))
    else:
        block = watch(gil=True) if tool == "watched" else nullcontext()
    if tool == "yappi":
        import yappi

        yappi.set_clock_type("wall")
        yappi.start()
    with block:
        start = time.perf_counter()
        work()
        return time.perf_counter() - start


def elsewhere(python, tool):
    """Return what `seconds` says in a new process of `python`, for py-spy recorded from outside."""
    with tempfile.TemporaryDirectory() as folder:
        command = [python, __file__, "--one", tool]
        if tool == "py-spy":
            spy = str(Path(python).with_name("py-spy"))
            command = [spy, "record", "--threads", "-o", f"{folder}/out.svg", "--", *command]
        env = {**os.environ, "PYTHONPATH": str(ROOT)}
        ran = subprocess.run(command, capture_output=True, text=True, env=env, check=True, timeout=120)
        return float(ran.stdout.partition("took ")[2].split()[0])  # py-spy talks as well


def said(values, digits=3):
    return f"{median(values):.{digits}f} ({min(values):.{digits}f} to {max(values):.{digits}f})"


def costs():
    """Print what a tick costs, and how many there are in a second of work."""
    pulse, times = ticks.Pulse(), 200_000
    ticks.give_pulse(pulse)
    each = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        for _ in range(times):
            ticks.tick()
        each.append((time.perf_counter() - start) / times)
    pulse.begin()
    start = time.perf_counter()
    count_primes(LIMIT)
    took = time.perf_counter() - start
    ticks.give_pulse(None)
    shares = [100 * cost * pulse.ticks / took for cost in each]
    print(
        f"a tick and its loop: {said([1e9 * cost for cost in each], 0)} ns; {pulse.ticks / took:.0f} a second"
    )
    verdict = "kept" if median(shares) <= 1 else "NOT kept"
    print(f"share of the work: {said(shares, 2)} %; at most 1 %: {verdict}\n")


def ratios(python, tools):
    rounds = [{tool: elsewhere(python, tool) for tool in tools} for _ in range(ROUNDS)]
    print("| | times the plain run, median (range) |\n|---|---|")
    for tool in tools[1:]:
        print(f"| {tool} | {said([each[tool] / each['plain'] for each in rounds])} |")
    print(
        f"\nplain: {said([each['plain'] for each in rounds])} s; {ROUNDS} interleaved rounds, none dropped\n"
    )


def hand_offs(milliseconds):
    """Print how the turns of threads that all compute compare with the switch interval."""
    before, found, seen, plain = sys.getswitchinterval(), [], [], []
    sys.setswitchinterval(milliseconds / 1000)
    try:
        for _ in range(TURN_ROUNDS):
            with watch(gil=True) as run:
                true = work_until(time.perf_counter() + 100 * milliseconds / 1000)
            found.append(turns(run.timeline))
            seen.append(100 * found[-1].hand_offs / len(true))
            unwatched = [
                b - a for a, b in pairwise(work_until(time.perf_counter() + 100 * milliseconds / 1000))
            ]
            plain.append(100 * len(unwatched) / (sum(unwatched) / median(unwatched)))
    finally:
        sys.setswitchinterval(before)
    parts = [100 * each.hand_offs / (each.covered / each.turn) for each in found]
    lengths = [1000 * each.turn for each in found]
    close = abs(median(lengths) / milliseconds - 1) <= 0.05
    verdict = "kept" if close else "NOT kept"
    print(f"interval {milliseconds} ms: turns of {said(lengths, 2)} ms; within 5 %: {verdict}")
    kept = "kept" if median(parts) >= 95 else "NOT kept"
    print(f"  hand-offs: {said(parts, 0)} % of time covered / median turn; at least 95 %: {kept}")
    print(f"  the same of threads that nobody watches, by their stamps alone: {said(plain, 0)} %")
    print(f"  of the changes between stamps of all threads {said(seen, 0)} % were seen")
    print(f"  the system took {said([100 * each.system / each.covered for each in found], 1)} % of that time")


def main():
    words = argparse.ArgumentParser()
    words.add_argument("--peers", help="a Python that has viztracer, yappi and py-spy")
    words.add_argument("--one", help=argparse.SUPPRESS)
    asked = words.parse_args()
    if asked.one:
        print("took", seconds(asked.one))
        return
    print(f"{this_machine()}; {THREADS} x count_primes({LIMIT:_})\n")
    costs()
    ratios(asked.peers or sys.executable, PEERS if asked.peers else PEERS[:2])
    for milliseconds in (5, 50):
        hand_offs(milliseconds)


if __name__ == "__main__":
    main()
