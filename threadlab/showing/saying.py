"""Say in words what a result shows: the headline of its picture, and the twin that is read aloud."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

from threadlab.running.timeline import Timeline

if TYPE_CHECKING:  # a picture of lanes has no need of what measures and downloads
    from threadlab.running.scaling import Scaling
    from threadlab.showing.times import Knee
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


def count(many: int, noun: str) -> str:
    """Return "1 thread" or "8 threads"."""
    return f"{many} {noun}" + ("s" if many != 1 else "")


def threads(many: int) -> str:
    """Return "1 thread" or "8 threads"."""
    return count(many, "thread")


def guess_words(guess: float | None, unit: str) -> list[str]:
    """Return the line about the guess, if there is one."""
    return [] if guess is None else [f"Your guess: {guess:g} {unit}."]


# Lanes.


def timeline_headline(now: Timeline, before: Timeline | None = None) -> str:
    """Return what the run `now` came to, compared with the run `before`."""
    bad = [lane for lane in now.lanes if lane.end != "done"]
    if bad:
        who = bad[0].name if len(bad) == 1 else f"{len(bad)} of {threads(len(now.lanes))}"
        after = f" after {seconds(now.seconds)}" if ending(bad[0].end) == "stuck" else ""
        return f"{who} {_VERBS.get(ending(bad[0].end), ('', ''))[len(bad) > 1]}{ending(bad[0].end)}{after}"
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


def manner(run: Timeline) -> str:
    """Return how `run` went: "one after the other" or "8 threads"."""
    return "one after the other" if one_by_one(run) else threads(len(run.lanes))


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


_VERBS = {"stuck": ("is ", "are "), "ended": ("was ", "were "), "still running": ("is ", "are ")}


def waits(what: str) -> str:
    """Return that somebody waits for `what`.

    >>> waits("the payment"), waits("lock"), waits("sleep")
    ('waits for the payment', 'waits for a lock', 'sleeps')
    """
    if what == "sleep":
        return "sleeps"
    article = ("an " if what[:1] in "aeiou" else "a ") if what.isalpha() else ""
    return f"waits for {article}{what}"


def _difference(now: Timeline, before: Timeline) -> str:
    """Return why `now` took another time than `before`, as far as the lanes show it."""
    if now.seconds > 0.8 * before.seconds:
        if one_by_one(now):
            return "still one after the other" if one_by_one(before) else "one after the other"
        alike = "no gain" if one_by_one(before) else "the same"
        return alike if now.seconds < 1.25 * before.seconds else "slower"
    waits = sum(span.end - span.start for lane in now.lanes for span in lane.spans if span.state == "waiting")
    return "the waits overlap" if waits > now.seconds else "faster"


# Speed-ups, and times against workers.


def scaling_headline(results: Sequence["Scaling"], workers: int | None = None) -> str:
    """Return what the first of `results` came to with so many `workers`, by default the most."""
    many = workers or max((n for result in results for n in result.timings), default=1)
    first = next((result for result in results if many in result.timings), None)
    one, kind = noun([first] if first else results)
    if first is None:
        return f"{many} {kind}: not measured yet" if results else "Nothing measured yet"
    if many == 1:
        return f"{one.capitalize()}: what more are compared with"
    ratio = first.speedup(many)
    gain = f"{ratio:.{1 if ratio >= 9.95 else 2}f} times {one}"
    return f"{first.name} on {many} {kind}: {gain}. {first.verdict(many).word.capitalize()}."


def scaling_words(
    results: Sequence["Scaling"], guess: float | None = None, workers: int | None = None
) -> str:
    """Return speed-ups as lines to read aloud."""
    lines = [scaling_headline(results, workers)]
    for result, name in zip(results, line_names(results), strict=True):
        said = [result.verdict(n).sentence for n in sorted(result.timings) if n > 1]
        lines.append(f"{name}: " + ("; ".join(said) or "not measured yet"))
    return "\n".join(lines + guess_words(guess, "times"))


def line_names(results: Sequence["Scaling"]) -> list[str]:
    """Return a name for each line: the function's, and where it runs if that is what differs."""
    names = [result.name for result in results]
    return [f"{r.name}, {r.executor}" if names.count(r.name) > 1 else r.name for r in results]


def noun(results: Sequence["Scaling"]) -> tuple[str, str]:
    """Return what to call one and many of the workers of `results`: threads, processes, or else workers."""
    kinds = {result.executor for result in results} or {"threads"}
    kind = kinds.pop() if len(kinds) == 1 else ""
    return {"threads": ("one thread", kind), "processes": ("one process", kind)}.get(
        kind, ("one worker", "workers")
    )


def times_headline(middle: Mapping[int, float], workers: int, knee: "Knee | None" = None) -> str:
    """Return the time of `workers` beside that of the fewest, and from where on no more is gained."""
    if workers not in middle:
        return f"{threads(workers)}: not measured yet"
    fewest, end = min(middle), f". From {knee.workers} on nothing is gained." if knee else ""
    other = "" if fewest == 1 else f" with {fewest}"
    beside = f" instead of {seconds(middle[fewest])}{other}" if workers > fewest else ""
    return f"{threads(workers)}: {seconds(middle[workers])}{beside}{end}"


def times_words(middle: Mapping[int, float], knee: "Knee | None", guess: float | None) -> list[str]:
    """Return the times and the knee as lines to read aloud."""
    lines = ["; ".join(f"{threads(n)} {seconds(t)}" for n, t in sorted(middle.items()))]
    lines += [f"The knee: from {threads(knee.workers)} on {knee.reason}."] if knee else []
    return lines + guess_words(guess, "s")


# Downloads.


def downloads_headline(results: Sequence["Download"]) -> str:
    """Return how many of `results` were under way at once, how long they took, and how many failed."""
    failed = sum(result.error is not None for result in results)
    bad = [f"{failed} failed"] if failed else []
    under_way = [(one.began, one.ended) for one in results if one.began is not None and one.ended is not None]
    if not under_way:
        return f"{count(len(results), 'download')}: " + ", ".join(bad or ["none began"])
    begin, end = stretch(results)
    most = max(sum(a <= moment < b for a, b in under_way) for moment, _ in under_way)
    return f"{count(len(results), 'download')}, {most} at a time: " + ", ".join([seconds(end - begin), *bad])


def downloads_words(results: Sequence["Download"]) -> str:
    """Return downloads as lines to read aloud."""
    lines, begin = [downloads_headline(results)], stretch(results)[0]
    for row, one in enumerate(results, 1):
        moments = {"began": one.began, "first byte": one.first_byte, "ended": one.ended}
        said = [f"{what} {moment - begin:.2f} s" for what, moment in moments.items() if moment is not None]
        lines.append(f"download {row}: " + ", ".join(said + ([f"failed: {one.error}"] if one.error else [])))
    return "\n".join(lines)


def stretch(results: Sequence["Download"]) -> tuple[float, float]:
    """Return when the first of `results` was handed in or began, and when the last ended."""
    moments = [m for one in results for m in (one.requested, one.began, one.ended) if m is not None]
    return (min(moments), max(moments)) if moments else (0.0, 1.0)
