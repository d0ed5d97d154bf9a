"""Claims: processes, interpreters and threads without the GIL reach 90 % of the usable cores' ideal.

Tasks of 100 ms and more; what it costs to start the workers is told apart. What this Python has not is said.

    THREADLAB_FREE_THREADED=python3.13t python benchmarks/ways.py
"""

from threadlab import count_primes, sweep, this_machine, usable_cores

LEAST, LIMIT, ROUNDS = 90.0, 60_000, 9


def main():
    cores = usable_cores()
    print(f"{this_machine()}; {4 * cores} x count_primes({LIMIT:_}), {ROUNDS} rounds, nothing dropped\n")
    print(f"| workers | speed-up with {cores} | of the ideal | one task | {cores} ready after |")
    print("|---|---|---|---|---|")
    missed = []
    for way in ("threads", "processes", "interpreters", "free-threaded"):
        try:
            tasks = [LIMIT] * 4 * cores
            result = sweep(count_primes, tasks, workers=(cores,), executor=way, repeats=ROUNDS)
        except RuntimeError as why:
            print(f"| {way} | {why} | | | |")
            continue
        low, high = result.interval(cores)
        part = 100 * result.efficiency(cores)
        task = 1000 * result.timings[1].median / len(tasks)
        speedup = f"{result.speedup(cores):.2f} ({low:.2f} to {high:.2f})"
        ready = f"{1000 * result.startup[cores]:.1f} ms"
        print(
            f"| {way} ({result.machine.python}) | {speedup} | {part:.0f} % | {task:.0f} ms | {ready} |",
            flush=True,
        )
        if way != "threads" and part < LEAST:
            missed.append(way)
    print(f"\nat least {LEAST:.0f} %: {'NOT kept by ' + ', '.join(missed) if missed else 'kept'}")


if __name__ == "__main__":
    main()
