"""Claim: `measure` costs at most 2 microseconds per repeat.

Times a function that does nothing in every way there is, in turn; what it takes is the cost of the way. The
peers are the shortest loop that works and `timeit.repeat`.

    python benchmarks/measure_cost.py
"""

import time
import timeit
from statistics import median

from threadlab import measure, this_machine

REPEATS, ROUNDS, LIMIT = 20_000, 25, 2.0


def nothing():
    pass


def loop(call):
    seconds = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        call()
        seconds.append(time.perf_counter() - start)
    return seconds


WAYS = {
    "threadlab.measure": lambda: measure(nothing, repeats=REPEATS, warmups=0),
    "a loop around perf_counter": lambda: loop(nothing),
    "timeit.repeat, number=1": lambda: timeit.repeat(nothing, number=1, repeat=REPEATS),
}


def microseconds(way):
    """Return what one repeat takes when `way` makes `REPEATS` of them."""
    start = time.perf_counter()
    way()
    return (time.perf_counter() - start) / REPEATS * 1e6


def main():
    for way in WAYS.values():  # warm-up, not counted
        microseconds(way)
    rounds = [{name: microseconds(way) for name, way in WAYS.items()} for _ in range(ROUNDS)]
    inside = median(measure(nothing, repeats=REPEATS).seconds) * 1e9
    print(f"{this_machine()}; {REPEATS} repeats, {ROUNDS} interleaved rounds, nothing dropped\n")
    print("| | µs per repeat, median (range) |")
    print("|---|---|")
    for name in WAYS:
        values = [one[name] for one in rounds]
        print(f"| {name} | {median(values):.2f} ({min(values):.2f} to {max(values):.2f}) |")
        if name == "threadlab.measure":
            verdict = "holds" if median(values) <= LIMIT else "does not hold"
    print(f"\nA call that does nothing is measured as {inside:.0f} ns.")
    print(f"The claim (median at most {LIMIT:g} µs) {verdict}.")


if __name__ == "__main__":
    main()
