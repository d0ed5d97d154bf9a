"""Claim: `import threadlab` takes at most 30 ms more than a bare Python.

Starts a new Python for every value, with each import in turn.

    python benchmarks/import_time.py
"""

import subprocess
import sys
import time
from statistics import median

from threadlab import this_machine

ROUNDS, LIMIT = 25, 30.0
WAYS = {
    "bare Python": "pass",
    "import threadlab": "import threadlab",
    "import asyncio": "import asyncio",
    "import requests": "import requests",
    "import matplotlib.pyplot": "import matplotlib.pyplot",
}


def milliseconds(code):
    start = time.perf_counter()
    subprocess.run([sys.executable, "-c", code], check=True)
    return (time.perf_counter() - start) * 1000


def main():
    for code in WAYS.values():  # warm-up, not counted: byte code is written, files are read
        milliseconds(code)
    rounds = [{name: milliseconds(code) for name, code in WAYS.items()} for _ in range(ROUNDS)]
    print(f"{this_machine()}; {ROUNDS} interleaved rounds of new processes, nothing dropped\n")
    print("| | ms over a bare Python, median (range) |")
    print("|---|---|")
    for name in list(WAYS)[1:]:
        more = [one[name] - one["bare Python"] for one in rounds]
        print(f"| {name} | {median(more):.1f} ({min(more):.1f} to {max(more):.1f}) |")
        if name == "import threadlab":
            verdict = "holds" if median(more) <= LIMIT else "does not hold"
    print(f"\nThe claim (median at most {LIMIT:g} ms) {verdict}.")


if __name__ == "__main__":
    main()
