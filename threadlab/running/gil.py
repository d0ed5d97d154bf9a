"""Find out who held the GIL when: from lanes with ticks, why a thread did not run, and how the turns went."""

import sys
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import pairwise
from statistics import median

from threadlab.running.ticks import CALL, FREE, PAUSE
from threadlab.running.timeline import Lane, Span, State, Timeline

Many = tuple[int, int, int]  # how many lanes run in Python, in calls, free
_ROUNDS = 5  # turns of every lane, at most, for which a lane waits for the GIL
_TURN = ("running", "off")  # a turn goes on while the operating system interrupts it


@dataclass(frozen=True, slots=True)
class Turns:
    """How the threads of one run took turns; times in seconds."""

    hand_offs: int  # of the GIL, from one thread to another
    turn: float  # the median length of a turn that ended with a wait for the GIL; 0.0 if none did
    ran: Mapping[str, float]  # how long each lane ran, by its name
    covered: float  # how long at least one lane ran
    system: float  # how long none ran although one could have: the operating system took it

    @property
    def at_once(self) -> float:
        """How many lanes ran at the same time, on average over the time in which one ran."""
        return sum(self.ran.values()) / self.covered if self.covered else 0.0


@contextmanager
def switch_interval(seconds: float) -> Iterator[None]:
    """Let a turn with the GIL last so many `seconds`, for the time of a block."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(seconds)
    try:
        yield
    finally:
        sys.setswitchinterval(before)


def explain(lanes: Iterable[Lane], *, gil: bool, interval: float = 0.005) -> tuple[Lane, ...]:
    """Return `lanes` with the reason why each was *off*, as far as the other lanes tell.

        >>> ann = Lane("Ann", (Span(0.0, 0.005, "running"), Span(0.005, 0.01, "off")))
        >>> bob = Lane("Bob", (Span(0.0, 0.005, "off"), Span(0.005, 0.01, "running")))
        >>> [span.state for lane in explain([ann, bob], gil=True) for span in lane.spans]
        ['running', 'gil', 'gil', 'running']

    Where another lane gave ticks, it held the GIL (*gil*); where none did, or two ran at once in long calls
    and so without it, the operating system had other plans (*off*). One long call of another lane may have
    held the GIL or not, and who is in a call for many turns (switch `interval`s) of all lanes may read a file
    or a pipe (*ready*). Without a GIL nobody waits for it.
    """
    lanes = tuple(lanes)
    if gil:
        levels, longest = _running(lanes), _ROUNDS * len(lanes) * interval
        lanes = tuple(replace(lane, spans=tuple(_reasons(lane.spans, *levels, longest))) for lane in lanes)
    return tuple(replace(lane, spans=tuple(_joined(lane.spans))) for lane in lanes)


def turns(run: Timeline) -> Turns:
    """Return how the lanes of `run` took turns."""
    ran = {lane.name: lane.books().get("running", 0.0) for lane in run.lanes}
    spans = [span for lane in run.lanes for span in lane.spans]
    began = sorted((start, place) for place, lane in enumerate(run.lanes) for start, _, _ in _turns(lane))
    waits = any(span.state == "gil" for span in spans)
    changes = sum(left[1] != right[1] for left, right in pairwise(began))
    whole = [end - start for lane in run.lanes for start, end, state in _turns(lane) if state == "gil"]
    covered = _seconds(span for span in spans if span.state == "running")
    could = _seconds(span for span in spans if span.state in _TURN)
    return Turns(changes if waits else 0, median(whole or [0.0]), ran, covered, max(0.0, could - covered))


def _turns(lane: Lane) -> list[tuple[float, float, State]]:
    """Return the turns of `lane`: from when to when, and in which state it was afterwards."""
    found, start = list[tuple[float, float, State]](), -1.0
    for span in (*lane.spans, Span(0, 0, "waiting")):
        if span.state in _TURN:
            start = span.start if start < 0 and span.state == "running" else start
            end = span.end
        elif start >= 0:
            found.append((start, end, span.state))
            start = -1.0
    return found


def _running(lanes: Sequence[Lane]) -> tuple[list[float], list[Many]]:
    """Return when the number of running lanes changes, and how many there are from then on."""
    changes, kinds = list[tuple[float, int, int]](), {CALL: 1, FREE: 2}
    for lane in lanes:
        for span in lane.spans:
            if span.state == "running":
                kind = kinds.get(span.what, 0)
                changes += [(span.start, kind, 1), (span.end, kind, -1)]
    times, running, now = [0.0], [(0, 0, 0)], [0, 0, 0]
    for time, kind, more in sorted(changes):
        now[kind] += more
        if time > times[-1]:
            times.append(time)
            running.append((0, 0, 0))
        running[-1] = (now[0], now[1], now[2])
    return times, running


def _reasons(
    spans: Iterable[Span], times: list[float], running: list[Many], longest: float
) -> Iterator[Span]:
    for span in spans:
        if span.state != "off":
            yield span
            continue
        first, end = bisect_right(times, span.start), bisect_left(times, span.end)
        stretches = pairwise([span.start, *times[first:end], span.end])
        pieces = list[Span]()
        for (start, until), (ticks, calls, free) in zip(stretches, running[first - 1 :], strict=False):
            reason: State = "gil" if ticks else "ready" if calls == 1 and not free else "off"
            pieces.append(Span(start, until, reason))
        if span.what == CALL and sum(p.end - p.start for p in pieces if p.state == "gil") > longest:
            pieces = [replace(p, state="ready") if p.state == "gil" else p for p in pieces]
        yield from _without_slivers(pieces)


def _without_slivers(pieces: list[Span]) -> list[Span]:
    """Return joined `pieces`; one too short to mean anything goes to its longer neighbour."""
    pieces = _joined(pieces)
    while len(pieces) > 1 and (least := min(pieces, key=lambda p: p.end - p.start)).end - least.start < PAUSE:
        place = pieces.index(least)
        beside = [pieces[n] for n in (place - 1, place + 1) if 0 <= n < len(pieces)]
        longest = max(beside, key=lambda p: p.end - p.start)
        pieces[place] = replace(least, state=longest.state)
        pieces = _joined(pieces)
    return pieces


def _joined(spans: Iterable[Span]) -> list[Span]:
    """Return `spans` with neighbours of the same kind as one; a call that ran has run."""
    found = list[Span]()
    for span in spans:
        what = "" if span.state in _TURN else span.what
        if found and (found[-1].state, found[-1].what, found[-1].end) == (span.state, what, span.start):
            found[-1] = replace(found[-1], end=span.end)
        else:
            found.append(replace(span, what=what))
    return found


def _seconds(spans: Iterable[Span]) -> float:
    """Return how long at least one of `spans` lasts."""
    total, until = 0.0, 0.0
    for span in sorted(spans, key=lambda s: s.start):
        total += max(0.0, span.end - max(span.start, until))
        until = max(until, span.end)
    return total
