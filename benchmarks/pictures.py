"""Claim: a slider that moves has its new picture within 200 ms, of which the kernel may take 120.

Times what the kernel does between the message of a slider and the message of the new picture, for the three
kinds of panel. What the browser adds is for the browser's own benchmark.

    python benchmarks/pictures.py
"""

import threading
import time
from statistics import median

from threadlab.running.machine import this_machine
from threadlab.running.timeline import Lane, Span, Timeline
from threadlab.showing.measured import Measured
from threadlab.showing.panels import Panel
from threadlab.workloads.downloads import Download

MOVES = 40
LIMIT = 0.12  # seconds


def orders(workers):
    """Return lanes of eight orders of half a second each, shared out among workers."""
    rounds = 8 // workers
    spans = [
        Span(n / 2 + begin, n / 2 + end, state)
        for n in range(rounds)
        for begin, end, state in ((0, 0.02, "running"), (0.02, 0.5, "waiting"))
    ]
    return Timeline(tuple(Lane(f"thread {n}", tuple(spans)) for n in range(1, workers + 1)), rounds / 2)


def downloads(workers):
    """Return 24 downloads of 120 ms each, shared out among workers."""
    starts = [n // workers * 0.12 for n in range(24)]
    return [Download("", None, 0, "", 0.12, None, 0.0, at, at + 0.1, at + 0.12) for at in starts]


def panel_of(kinds, seen):
    known = Measured((1, 2, 4, 8), kinds)
    for work in kinds or ("",):
        for n in known.counts:
            known.add((work, n), 4.0 / n, seen(n))
    panel = Panel(lambda workers: None, dict.fromkeys(kinds), known, pause=3600)
    panel.drawn = threading.Event()
    draw = panel.draw

    def draw_and_encode():
        draw()
        panel.picture._repr_mimebundle_()  # what a display handle does with it
        panel.drawn.set()

    panel.draw = draw_and_encode
    return panel


def time_moves(panel):
    """Return the seconds from each of many changes of the slider to its new picture."""
    values = []
    for n in range(MOVES):
        panel.drawn.clear()
        began = time.perf_counter()
        panel.workers.value = (2, 4)[n % 2]
        assert panel.drawn.wait(30)
        values.append(time.perf_counter() - began)
    panel.coordinator.stop()
    panel.coordinator.wish("draw")
    assert panel.coordinator.join(30)
    return values


def main():
    print(this_machine())
    panels = {
        "lanes": ((), orders),
        "waterfall": ((), downloads),
        "speed-ups": (("primes", "hashes", "waits"), orders),
    }
    for name, (kinds, seen) in panels.items():
        values = sorted(time_moves(panel_of(kinds, seen)))
        verdict = "ok" if median(values) <= LIMIT else "TOO SLOW"
        print(
            f"{name:10} median {1e3 * median(values):4.0f} ms, slowest {1e3 * values[-1]:4.0f} ms   {verdict}"
        )


if __name__ == "__main__":
    main()
