"""Say in words what a result shows: the headline of its picture and the twin that is read aloud."""

from itertools import pairwise

from threadlab.running.timeline import Timeline


def seconds(value: float) -> str:
    """Return `value` seconds as a person says it.

    >>> seconds(4.02), seconds(0.14)
    ('4.0 s', '140 ms')
    """
    return f"{value:.1f} s" if value >= 0.195 else f"{1000 * value:.0f} ms"


def number(value: float) -> str:
    """Return `value` without needless zeros and with a true minus sign."""
    return f"{value:g}".replace("-", "−")


def timeline_headline(now: Timeline, before: Timeline | None = None) -> str:
    """Return what the run `now` came to, compared with the run `before`."""
    unfinished = [lane for lane in now.lanes if lane.end != "done"]
    if unfinished:
        what = {"stuck": f"stuck after {seconds(now.seconds)}"}.get(how := ending(unfinished[0].end), how)
        return f"{len(unfinished)} of {many(now)} {what}"
    if now.changes:
        return f"{now.changes[-1].entry} ends at {number(now.changes[-1].value)}"
    if before:
        return f"{seconds(now.seconds)} instead of {seconds(before.seconds)}: {_difference(now, before)}"
    return f"{manner(now).capitalize()}: {seconds(now.seconds)}"


def timeline_words(now: Timeline, before: Timeline | None = None, guess: float | None = None) -> str:
    """Return the picture of `now` and `before` as lines to read aloud."""
    lines = [timeline_headline(now, before), now.text()]
    lines += [f"Before: {manner(before)}, {seconds(before.seconds)}."] if before else []
    return "\n".join(lines + guess_words(guess, "s"))


def guess_words(guess: float | None, unit: str) -> list[str]:
    """Return the line about the guess, if there is one."""
    return [] if guess is None else [f"Your guess: {guess:g} {unit}."]


def manner(run: Timeline) -> str:
    """Return how `run` went: "one after the other" or "8 threads"."""
    return "one after the other" if one_by_one(run) else many(run)


def many(run: Timeline) -> str:
    """Return how many lanes `run` has, as words."""
    kind = "thread" if all(lane.own_thread for lane in run.lanes) else "lane"
    return f"{len(run.lanes)} {kind}" + ("s" if len(run.lanes) != 1 else "")


def one_by_one(run: Timeline) -> bool:
    """Say whether no two of the lanes overlap by more than one part in fifty of the run."""
    stretches = sorted((lane.spans[0].start, lane.spans[-1].end) for lane in run.lanes if lane.spans)
    slack = run.seconds / 50
    return len(stretches) > 1 and all(left[1] <= right[0] + slack for left, right in pairwise(stretches))


def ending(end: str) -> str:
    """Return a lane's `end` in two words.

    >>> ending("died of ValueError: no such order"), ending("was still waiting for a lock")
    ('died: ValueError', 'stuck')
    """
    if end.startswith("died of "):
        return "died: " + end.removeprefix("died of ").split(":")[0]
    return "stuck" if end.startswith("was still waiting") else end.removeprefix("was ")


def _difference(now: Timeline, before: Timeline) -> str:
    """Return why `now` took another time than `before`, as far as the lanes show it."""
    if now.seconds > 0.8 * before.seconds:
        if one_by_one(now):
            return "still one after the other" if one_by_one(before) else "one after the other"
        return "no gain" if now.seconds < 1.25 * before.seconds else "slower"
    waits = sum(span.end - span.start for lane in now.lanes for span in lane.spans if span.state == "waiting")
    return "the waits overlap" if waits > now.seconds else "faster"
