"""Say in words what a run shows, and numbers as a person says them.

The words of a picture are its twin: the first line is its headline, all are read aloud.
"""

from itertools import pairwise

from threadlab.running.gil import turns
from threadlab.running.timeline import Timeline


def seconds(value: float) -> str:
    """Return `value` seconds as a person says it.

    >>> seconds(4.02), seconds(0.14)
    ('4.0 s', '140 ms')
    """
    return f"{value:.1f} s" if value >= 0.195 else f"{1000 * value:.0f} ms"


def milliseconds(value: float) -> str:
    """Return `value` seconds in milliseconds, with a digit more where they are few.

    >>> milliseconds(0.0051), milliseconds(0.082)
    ('5.1 ms', '82 ms')
    """
    return f"{1000 * value:.{1 if value < 0.01 else 0}f} ms"


def number(value: float) -> str:
    """Return `value` without needless zeros and with a true minus sign."""
    return f"{value:g}".replace("-", "−")


def count(many: int, noun: str = "thread") -> str:
    """Return "1 thread" or "8 threads"."""
    return f"{many:,} {noun}" + ("s" if many != 1 else "")


def guess_words(guess: float | None, unit: str) -> list[str]:
    """Return the line about the `guess`, if there is one."""
    return [] if guess is None else [f"Your guess: {guess:g} {unit}."]


def timeline_words(now: Timeline, before: Timeline | None = None, guess: float | None = None) -> str:
    """Return what the run `now` came to, its lanes, and what they are compared with."""
    past = [f"Before: {manner(before)}, {seconds(before.seconds)}."] if before else []
    return "\n".join([_came_to(now, before), now.text(), *past, *guess_words(guess, "s")])


def _came_to(now: Timeline, before: Timeline | None) -> str:
    if now.unit == "steps":
        waits = {
            lane.name: sum(span.end - span.start for span in lane.spans if span.state == "blocked")
            for lane in now.lanes
        }
        longest = max(waits, key=lambda name: waits[name])
        return f"{longest} waits for {waits[longest]:.0f} of {now.seconds:.0f} steps"
    bad = [lane for lane in now.lanes if lane.end != "done"]
    if now.ticks and not bad:
        return _took_turns(now)
    if bad:
        one = len(bad) == 1
        who = bad[0].name if one else f"{len(bad)} of {count(len(now.lanes))}"
        how = ending(bad[0].end) if one else ending(bad[0].end).replace("was", "were", 1)
        return f"{who} {how}" + (
            f" after {seconds(now.seconds)}" if how.split()[-1] in ("stuck", "busy") else ""
        )
    if now.changes:
        entry, last = now.changes[-1].entry, now.changes[-1].value
        first = next(change.value for change in now.changes if change.entry == entry)
        below = f"{entry}: {number(first)} at first, {number(last)} at the end"
        return below if last < 0 else f"{entry} ends at {number(last)}"
    if before:
        return f"{seconds(now.seconds)} instead of {seconds(before.seconds)}: {_difference(now, before)}"
    return f"{manner(now).capitalize()}: {seconds(now.seconds)}"


def _took_turns(now: Timeline) -> str:
    """Return how the threads shared the GIL and the cores."""
    told = turns(now)
    if told.hand_offs:
        return f"One at a time: {told.hand_offs} hand-offs, {milliseconds(told.turn)} a turn"
    if told.at_once >= 1.2:
        free = "" if now.machine and now.machine.gil else ", without a GIL"
        return f"{told.at_once:.1f} threads run at once{free}"
    waits = sum(lane.books().get("waiting", 0.0) for lane in now.lanes)
    if waits > 1.2 * now.seconds:
        return f"{len(now.lanes)} threads wait at once: no GIL needed"
    return f"{manner(now).capitalize()}: {seconds(now.seconds)}"


def _difference(now: Timeline, before: Timeline) -> str:
    """Return why `now` took another time than `before`, as far as the lanes show it."""
    if one_by_one(now):
        return "still one after the other" if one_by_one(before) else "one after the other"
    if now.seconds > 0.8 * before.seconds:
        return "no faster"
    waits = sum(span.end - span.start for lane in now.lanes for span in lane.spans if span.state == "waiting")
    return "the waits overlap" if waits > now.seconds else "faster"


def manner(run: Timeline) -> str:
    """Return how `run` went: "one after the other" or "8 threads"."""
    return "one after the other" if one_by_one(run) else count(len(run.lanes))


def one_by_one(run: Timeline) -> bool:
    """Say whether no two of the lanes overlap by more than one part in fifty of the run."""
    stretches = sorted((lane.spans[0].start, lane.spans[-1].end) for lane in run.lanes if lane.spans)
    slack = run.seconds / 50
    return len(stretches) > 1 and all(left[1] <= right[0] + slack for left, right in pairwise(stretches))


def ending(end: str) -> str:
    """Return a lane's `end` in a few words.

    >>> ending("died of ValueError: no such order"), ending("was still waiting for the lock till")
    ('died of ValueError', 'was stuck')
    """
    return "was stuck" if end.startswith("was still waiting") else end.split(":")[0]


def waits(what: str) -> str:
    """Return that somebody waits for `what`; a kind of thing gets its article.

    >>> waits("the payment"), waits("lock"), waits("sleep")
    ('waits for the payment', 'waits for the lock', 'sleeps')
    """
    return "sleeps" if what == "sleep" else f"waits for {'the ' if what.isalpha() else ''}{what}"
