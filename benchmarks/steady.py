"""Claims: a verdict about threads stays at every re-run, within 8 s, and no load makes a gain or a loss.

Presses Run in a panel of 1, 2, 4 and 8 threads (3 s on an idle computer). Sweeps the same work again and
again for at most 8 s each: alone, beside one busy process, and in eight processes at once. Counts the words.
With pyperf at hand, its interval for the same function is compared with that of `sweep`, measured in turn.

    python benchmarks/steady.py [panel] [idle] [busy] [eight] [pyperf]
"""

import json
import subprocess
import sys
import tempfile
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from statistics import median

from threadlab import count_primes, hash_buffer, sweep, this_machine

AGAIN, LIMIT, PRIMES = 20, 8.0, 13_000
QUICK = 5_500  # primes below, in a panel: ten rounds of 8 such tasks, about 40 ms a run, fit into 3 s
SPIN = "while True: pass"


def primes(_):
    return count_primes(PRIMES)


def hashes(_):
    return hash_buffer(rounds=30)


# name: the function, the executor, the numbers of workers, and what no load may make of them
WORK = {
    "primes, threads": (primes, "threads", (1, 2, 4, 8), {"gain", "loss"}),
    "hashes, threads": (hashes, "threads", (1, 2, 4), {"loss"}),
    "primes, processes": (primes, "processes", (1, 2), {"loss"}),
}


def sweeps(name, times):
    """Sweep so many times, one line of JSON each; begin when somebody presses Enter."""
    function, executor, workers, _ = WORK[name]
    sys.stdin.readline()
    for _ in range(times):
        result = sweep(function, range(8), workers=workers, executor=executor, until=LIMIT)
        ratios = {n: [result.verdict(n).word, *result.interval(n), result.speedup(n)] for n in workers[1:]}
        spent = sum(sum(timing.seconds) for timing in result.timings.values())
        print(
            json.dumps({"ratios": ratios, "share": result.share, "seconds": spent, "rounds": result.rounds})
        )


def at_once(name, many, times):
    """Return what so many processes, started together, say of as many sweeps each."""
    call = [sys.executable, __file__, "sweeps", name, str(times)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    children = [subprocess.Popen(call, **pipes) for _ in range(many)]
    for child in children:
        child.stdin.write("\n")
        child.stdin.flush()
    return [json.loads(line) for child in children for line in child.communicate()[0].splitlines()]


@contextmanager
def busy():
    """Have another process keep one core busy."""
    spinning = subprocess.Popen([sys.executable, "-c", SPIN])
    try:
        yield
    finally:
        spinning.kill()
        spinning.wait()


def report(load, name, results):
    """Print a line for each number of workers, and return whether none of its words is a wrong one."""
    wrong, kept = WORK[name][3], True
    share, seconds = ([one[key] for one in results] for key in ("share", "seconds"))
    for n in results[0]["ratios"]:
        words = Counter(one["ratios"][n][0] for one in results)
        ratios = [one["ratios"][n][3] for one in results]
        kept &= not wrong & words.keys()
        said = ", ".join(f"{count} × {word}" for word, count in words.most_common())
        span = f"{min(ratios):.2f} to {max(ratios):.2f}"
        left = f"{min(share):.2f} to {max(share):.2f}"
        print(f"| {load} | {name} | {n} | {said} | {median(ratios):.2f} ({span}) | {left} |", flush=True)
    times = f"{median(seconds):.1f} s ({min(seconds):.1f} to {max(seconds):.1f})"
    rounds = [one["rounds"] for one in results]
    print(
        f"|  |  |  | one sweep measures for {times}, {min(rounds)} to {max(rounds)} rounds | | |", flush=True
    )
    return kept


def panel():
    """Print how long Run takes from the click to the end, and the verdicts."""
    from threadlab.showing.measured import Measured
    from threadlab.showing.panels import Panel

    def run(work, workers):
        with ThreadPoolExecutor(workers) as pool:
            list(pool.map(work, range(8)))

    known, kinds = Measured((1, 2, 4, 8), ("primes",)), {"primes": lambda _: count_primes(QUICK)}
    made, seconds, words, shares = Panel(run, kinds, known, pause=0), [], Counter(), []
    for _ in range(AGAIN):
        began = time.perf_counter()
        made.run.click()
        assert made.coordinator.join(60)
        seconds.append(time.perf_counter() - began)
        (scaling,) = known.scalings()
        words[", ".join(scaling.verdict(n).word for n in (2, 4, 8))] += 1
        shares.append(scaling.share)
    span, left = f"{min(seconds):.1f} to {max(seconds):.1f}", f"{min(shares):.2f} to {max(shares):.2f}"
    print(f"panel, 1, 2, 4, 8 threads: {median(seconds):.1f} s ({span}), share of a core left {left}")
    print("its words for 2, 4, 8 threads: " + "; ".join(f"{n} × {said}" for said, n in words.most_common()))
    print(f"in 3 s: {sum(s <= 3 for s in seconds)} of {AGAIN}; in 8 s: {sum(s <= 8 for s in seconds)}\n")


def middle(values):
    """Return the range that holds the true median, at least 93 % sure, as `Scaling.interval` finds it."""
    from threadlab.running.scaling import Scaling, Timing

    return Scaling("", "threads", 1, {1: Timing(tuple(values)), 2: Timing((1.0,) * len(values))}).interval(2)


def beside_pyperf():
    """Print what one call takes by `sweep` and by pyperf, in turn; return whether the intervals overlap."""
    ours, theirs = [], []
    setup = "from threadlab import count_primes"
    with tempfile.TemporaryDirectory() as folder:
        for turn in range(5):
            ours += sweep(count_primes, [8 * PRIMES], workers=(1,), repeats=3).timings[1].seconds
            file = str(Path(folder, f"{turn}.json"))
            options = ["--processes", "1", "--values", "3", "--warmups", "1", "--loops", "1", "-o", file]
            call = [sys.executable, "-m", "pyperf", "timeit", "--copy-env", *options, "-s", setup]
            subprocess.run([*call, f"count_primes({8 * PRIMES})"], check=True, capture_output=True)
            import pyperf

            theirs += pyperf.Benchmark.load(file).get_values()
    for who, values in (("sweep", ours), ("pyperf", theirs)):
        low, high = middle(values)
        print(f"{who}: {1000 * median(values):.1f} ms ({1000 * low:.1f} to {1000 * high:.1f})")
    (a, b), (c, d) = middle(ours), middle(theirs)
    return a <= d and c <= b


def main(wanted):
    print(f"{this_machine()}; {AGAIN} re-runs (eight at once: 24), nothing dropped\n")
    kept = True
    if "panel" in wanted:
        panel()
    if {"idle", "busy", "eight"} & wanted:
        print("| load | work | workers | words | speed-ups, median (range) | share of a core left |")
        print("|---|---|---|---|---|---|")
    for name in WORK:
        if "idle" in wanted:
            kept &= report("idle", name, at_once(name, 1, AGAIN))
        if "busy" in wanted:
            with busy():
                kept &= report("one busy process", name, at_once(name, 1, AGAIN))
        if "eight" in wanted:
            kept &= report("eight at once", name, at_once(name, 8, 3))
    if "pyperf" in wanted:
        if find_spec("pyperf"):
            kept &= beside_pyperf()
        else:
            print("pyperf is not installed: not compared")
    print(f"\nNo gain and no loss that is not there: {'kept' if kept else 'NOT kept'}.")


if __name__ == "__main__":
    if sys.argv[1:2] == ["sweeps"]:
        sweeps(sys.argv[2], int(sys.argv[3]))
    else:
        main(set(sys.argv[1:]) or {"panel", "idle", "busy", "eight", "pyperf"})
