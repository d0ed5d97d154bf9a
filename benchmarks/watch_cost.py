"""Claim: `watch()` costs at most 50 microseconds per thread.

Starts and joins 200 threads that do nothing, inside `watch()` and without it, in turn.

    python benchmarks/watch_cost.py
"""

import time
from contextlib import nullcontext
from statistics import median
from threading import Thread

from threadlab import this_machine, watch

THREADS, ROUNDS, LIMIT = 200, 15, 50.0


def microseconds(block):
    """Return what one thread takes in `block`: making, starting, joining."""
    start = time.perf_counter()
    with block:
        threads = [Thread(target=int) for _ in range(THREADS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    return (time.perf_counter() - start) / THREADS * 1e6


def main():
    microseconds(nullcontext())
    microseconds(watch())
    rounds = [(microseconds(nullcontext()), microseconds(watch())) for _ in range(ROUNDS)]
    costs = [watched - plain for plain, watched in rounds]
    print(f"{this_machine()}; {THREADS} threads, {ROUNDS} interleaved rounds, nothing dropped\n")
    print("| | µs per thread, median (range) |")
    print("|---|---|")
    for name, values in (
        ("plain", [p for p, _ in rounds]),
        ("watched", [w for _, w in rounds]),
        ("cost", costs),
    ):
        print(f"| {name} | {median(values):.0f} ({min(values):.0f} to {max(values):.0f}) |")
    print(f"\nat most {LIMIT:.0f} µs: {'kept' if median(costs) <= LIMIT else 'NOT kept'}")


if __name__ == "__main__":
    main()
