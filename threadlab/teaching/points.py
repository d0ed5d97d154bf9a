"""Judge by its numbers whether a demo shows its point.

The limits come from the point: what is to climb must come nearer to the ideal than to no gain at all, and
what is to stay flat must be no gain.
"""

from threadlab.running.gil import Turns
from threadlab.running.machine import this_machine
from threadlab.running.scaling import GAIN, NOISY, Scaling
from threadlab.showing.saying import milliseconds
from threadlab.teaching.trying import Judged, judged


def climbs(gain: float, ideal: float, why: str) -> Judged:
    """Judge a `gain` that is to come near to the `ideal`."""
    return judged(why, gain >= (1 + ideal) / 2, gain > GAIN)


def scales(scaling: Scaling, *, ideal: float) -> Judged:
    """Judge a speed-up that is to come near to the `ideal`; one that cannot be told is weak."""
    word, gain, why = _told(scaling)
    return judged(why, False, True) if word == NOISY else climbs(gain, ideal, why)


def to_the_cores(scaling: Scaling) -> Judged:
    """Judge a speed-up that is to end at the number of cores; with one core there is nothing to see."""
    cores = (scaling.machine or this_machine()).cores
    return scales(scaling, ideal=min(max(scaling.timings), max(2, cores)))


def flat(scaling: Scaling) -> Judged:
    """Judge a speed-up that is to be none: because of the GIL, and not for want of cores."""
    machine, (word, _, why) = scaling.machine or this_machine(), _told(scaling)
    may = word != "gain" and machine.gil
    return judged(why, may and word != NOISY and machine.cores > 1, may)


def _told(scaling: Scaling) -> tuple[str, float, str]:
    """Return what the speed-up of the most workers is, as a word, a number and in words."""
    workers, machine = max(scaling.timings), scaling.machine or this_machine()
    (low, high), word = scaling.interval(workers), scaling.verdict(workers).word
    gain = scaling.speedup(workers)
    causes = {"no GIL": not machine.gil, "one core": machine.cores == 1, "too noisy": word == NOISY}
    noun = "threads" if scaling.executor == "free-threaded" else scaling.executor
    why = f"{workers} {noun} {gain:.2f} times as fast ({low:.2f} to {high:.2f})"
    return word, gain, ", ".join([why, *(cause for cause, is_so in causes.items() if is_so)])


def one_at_a_time(run: Turns, *, gil: bool) -> Judged:
    """Judge turns that are to be seen: two of each thread at least, with little else between them."""
    why = f"{run.hand_offs} hand-offs, {milliseconds(run.turn)} a turn, {run.at_once:.1f} at once"
    if not gil:
        return judged(f"no GIL; {run.at_once:.1f} threads ran at once", False)
    if run.system > run.covered:
        return judged(f"{why}; other programs took more time", False, True)
    return judged(why, run.hand_offs >= 4 and run.at_once < GAIN)


def follows(short: Turns, long: Turns, *, ratio: float, gil: bool) -> Judged:
    """Judge turns that are to become longer by the `ratio` of two switch intervals."""
    if not gil:
        return judged("no GIL, so no turns", False)
    why = f"turns of {milliseconds(short.turn)}, then {milliseconds(long.turn)}"
    return climbs(long.turn / short.turn if short.turn else 0.0, ratio, why)
