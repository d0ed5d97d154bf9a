"""Ticks: what computing work gives every 100 µs or so, so that one can tell when its thread ran.

A thread that shows no tick for long did not run, or was in one long call. The processor time it used
meanwhile tells which, and is asked for only then: a tick costs next to nothing.
"""

import sys
import threading
from statistics import median_high
from time import perf_counter, thread_time

from threadlab.running.timeline import Span

PAUSE = 0.0004  # seconds without a tick that mean something; a switch of threads takes far less
CALL, FREE = "call", "free"  # what ran without a tick for long: anything; work that needs no GIL
# For what a call waited, all the time: when it came, nobody saw.
NETWORK, PROCESS = "the network", "the process"
Pause = tuple[float, float, float, str]  # from, to, how many seconds of it the thread ran, doing what
_CHUNK = 0.0001  # seconds between two ticks to aim at
_ASKING = 0.00005  # seconds of a core, once for each switch interval, that waiting for the GIL itself takes
_CAN_TELL = sys.platform != "win32"  # there it goes in steps of 15.6 ms, and claims to count 100 ns


class _Here(threading.local):
    pulse: "Pulse | None" = None


_here = _Here()


def tick(since: str = "") -> None:
    """Show that the calling thread runs, if it is watched, and what it did `since` the last tick.

    That was Python code, which holds the GIL, or FREE, a wait for the NETWORK or a PROCESS, or a CALL that
    may have held it or not.
    """
    pulse = _here.pulse
    if pulse is not None:
        now = perf_counter()
        if now - pulse.last > PAUSE:
            pulse.pause(now, since)
        pulse.last = now
        pulse.ticks += 1


def tick_after(step: int) -> int:
    """Give the tick after `step` rounds of a loop; return after how many the next one is due."""
    pulse = _here.pulse
    if pulse is None:
        return 2 * step
    seconds = perf_counter() - pulse.last
    tick(CALL)
    return 2 * step if seconds < _CHUNK / 2 else max(1, step // 2) if seconds > 2 * _CHUNK else step


def give_pulse(pulse: "Pulse | None") -> None:
    """Let the calling thread's ticks go to `pulse` from now on."""
    _here.pulse = pulse


class Pulse:
    """The ticks of one thread: how many, and the long pauses between two."""

    __slots__ = ("_cpu", "_since", "last", "pauses", "ticks")

    def __init__(self) -> None:
        self.begin()

    def begin(self) -> None:
        """Begin a stretch in which the thread is not known to wait."""
        self.last = self._since = perf_counter()
        self._cpu = thread_time()
        self.ticks, self.pauses = 0, list[Pause]()

    def pause(self, now: float, what: str = CALL) -> None:
        """Note that there was no tick until `now`; only the thread itself can tell how long it ran."""
        cpu = thread_time()
        ran = cpu - self._cpu - (self.last - self._since)
        self.pauses.append((self.last, now, min(max(0.0, ran), now - self.last), what))
        self._since, self._cpu = now, cpu

    def spans(self, began: float, start: float, end: float, *, own_thread: bool) -> list[Span]:
        """Return the stretch from `start` to `end` as spans, in seconds since the run `began`.

        They are *running* (as a CALL where it went without a tick), *off* or, if nothing is known, *ready*.
        """
        last = self.last - began
        if own_thread and end - last > PAUSE:
            self.pause(end + began)
        pauses = [(a - began, b - began, ran, what) for a, b, ran, what in self.pauses]
        if not own_thread and end - last > PAUSE:
            pauses.append((last, end, -1.0, CALL))  # of what is under way nothing is known
        usual = _usual(pauses, end - start, self.ticks)
        spans, now = list[Span](), start
        for a, b, ran, what in pauses:
            if now < a:
                spans.append(Span(now, a, "running"))
            now = max(a, min(b, end))
            if what in (NETWORK, PROCESS):
                spans.append(Span(a, now, "waiting", what))
                continue
            if ran < 0 or (not self.ticks and ran < 0.9 * (b - a)):
                spans.append(Span(a, now, "ready"))
                continue
            ran = ran if _CAN_TELL else min(usual, now - a)
            off = now - a - ran
            asked = _ASKING * (1 + off / sys.getswitchinterval())
            until = now if off < PAUSE / 2 else a + max(min(ran, usual), ran - asked)
            spans.append(Span(a, until, "running", what if until - a > PAUSE else ""))
            if until < now:
                spans.append(Span(until, now, "off", CALL if what == CALL else ""))
        return [*spans, Span(now, end, "running")] if now < end or not spans else spans


def _usual(pauses: list[Pause], seconds: float, ticks: int) -> float:
    """Return how long work takes between two ticks, where the processor time of a thread is too coarse."""
    lengths = [b - a for a, b, *_ in pauses]
    rest = ticks - len(lengths)
    if rest > len(lengths):
        return max(0.0, seconds - sum(lengths)) / rest
    return median_high(lengths or [0.0])
