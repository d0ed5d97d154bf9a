"""Say in words what a result shows. The first line is the headline of its picture, all are its twin."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

from threadlab.running.timeline import Timeline

if TYPE_CHECKING:  # a picture of lanes has no need of what measures and downloads
    from threadlab.running.measuring import Scaling
    from threadlab.showing.comparing import Knee
    from threadlab.workloads.downloads import Download


def seconds(value: float) -> str:
    """Return `value` seconds as a person says it.

    >>> seconds(4.02), seconds(0.14)
    ('4.0 s', '140 ms')
    """
    return f"{value:.1f} s" if value >= 0.195 else f"{1000 * value:.0f} ms"


def number(value: float) -> str:
    """Return `value` without needless zeros and with a true minus sign."""
    return f"{value:g}".replace("-", "−")


def count(many: int, noun: str = "thread") -> str:
    """Return "1 thread" or "8 threads"."""
    return f"{many:,} {noun}" + ("s" if many != 1 else "")


def _guess(guess: float | None, unit: str) -> list[str]:
    return [] if guess is None else [f"Your guess: {guess:g} {unit}."]


def timeline_words(now: Timeline, before: Timeline | None = None, guess: float | None = None) -> str:
    """Return what the run `now` came to, its lanes, and what they are compared with."""
    past = [f"Before: {manner(before)}, {seconds(before.seconds)}."] if before else []
    return "\n".join([_came_to(now, before), now.text(), *past, *_guess(guess, "s")])


def _came_to(now: Timeline, before: Timeline | None) -> str:
    bad = [lane for lane in now.lanes if lane.end != "done"]
    if bad:
        one = len(bad) == 1
        who = bad[0].name if one else f"{len(bad)} of {count(len(now.lanes))}"
        how = ending(bad[0].end) if one else ending(bad[0].end).replace("was", "were", 1)
        return f"{who} {how}" + (f" after {seconds(now.seconds)}" if "stuck" in how else "")
    if now.changes:
        entry, last = now.changes[-1].entry, now.changes[-1].value
        first = next(change.value for change in now.changes if change.entry == entry)
        below = f"{entry}: {number(first)} at first, {number(last)} at the end"
        return below if last < 0 else f"{entry} ends at {number(last)}"
    if before:
        return f"{seconds(now.seconds)} instead of {seconds(before.seconds)}: {_difference(now, before)}"
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


def scaling_words(
    results: Sequence["Scaling"], guess: float | None = None, workers: int | None = None
) -> str:
    """Return what the first of `results` came to with so many `workers` (by default the most), and all."""
    many = workers or max((n for result in results for n in result.timings), default=1)
    first = next((result for result in results if many in result.timings), None)
    if first is None or many == 1:
        lines = [f"{many} {kind(results)}: {'what more are compared with' if first else 'not measured yet'}"]
    else:
        ratio, word = first.speedup(many), first.verdict(many).word.capitalize()
        gain = f"{ratio:.{1 if ratio >= 9.95 else 2}f} times as fast as one"
        lines = [f"{first.name} on {many} {kind([first])}: {gain}. {word}."]
    for result, name in zip(results, line_names(results), strict=True):
        said = [result.verdict(n).sentence for n in sorted(result.timings) if n > 1]
        lines.append(f"{name}: " + ("; ".join(said) or "not measured yet"))
    return "\n".join(lines + _guess(guess, "times"))


def line_names(results: Sequence["Scaling"]) -> list[str]:
    """Return a name for each line: the function's, and where it runs if that is what differs."""
    names = [result.name for result in results]
    return [f"{r.name}, {r.executor}" if names.count(r.name) > 1 else r.name for r in results]


def kind(results: Sequence["Scaling"]) -> str:
    """Return what to call the workers of `results`: threads, processes, or else workers."""
    kinds = {result.executor for result in results}
    return kinds.pop() if kinds in ({"threads"}, {"processes"}) else "workers"


def times_words(
    middle: Mapping[int, float], workers: int, knee: "Knee | None" = None, guess: float | None = None
) -> str:
    """Return the time of `workers` beside that of the fewest, then the times of all, and the knee."""
    fewest, said = min(middle, default=0), f"{count(workers)}: not measured yet"
    if workers in middle:
        other = "" if fewest == 1 else f" with {fewest}"
        beside = f" instead of {seconds(middle[fewest])}{other}" if workers > fewest else ""
        end = f". From {knee.workers} on nothing is gained." if knee else ""
        said = f"{count(workers)}: {seconds(middle[workers])}{beside}{end}"
    lines = [said, "; ".join(f"{count(n)} {seconds(t)}" for n, t in sorted(middle.items()))]
    lines += [f"The knee: from {count(knee.workers)} on {knee.reason}."] if knee else []
    return "\n".join(lines + _guess(guess, "s"))


def downloads_words(results: Sequence["Download"]) -> str:
    """Return how many of `results` were under way at once, how long they took, how many failed, and each."""
    begin, end = stretch(results)
    under_way = [(one.began, one.ended) for one in results if one.began is not None and one.ended is not None]
    most = max((sum(a <= moment < b for a, b in under_way) for moment, _ in under_way), default=0)
    failed = sum(one.error is not None for one in results)
    lines = [f"{count(len(results), 'download')}, {most} at a time: {seconds(end - begin)}"]
    lines[0] += f", {failed} failed" if failed else ""
    for row, one in enumerate(results, 1):
        moments = {"began": one.began, "first byte": one.first_byte, "ended": one.ended}
        said = [f"{what} {moment - begin:.2f} s" for what, moment in moments.items() if moment is not None]
        lines.append(f"download {row}: " + ", ".join(said + ([f"failed: {one.error}"] if one.error else [])))
    return "\n".join(lines)


def stretch(results: Sequence["Download"]) -> tuple[float, float]:
    """Return when the first of `results` was handed in or began, and when the last ended."""
    moments = [m for one in results for m in (one.requested, one.began, one.ended) if m is not None]
    return min(moments, default=0.0), max(moments, default=0.0)
