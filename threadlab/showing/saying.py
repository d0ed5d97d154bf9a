"""Say in words what a result shows: the headline of its picture and the twin that is read aloud."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

from threadlab.running.timeline import Timeline

if TYPE_CHECKING:  # a picture of lanes has no need of what downloads and measures
    from threadlab.running.scaling import Scaling
    from threadlab.workloads.downloads import Download


def seconds(value: float) -> str:
    """Return `value` seconds as a person says it.

    >>> seconds(4.02), seconds(0.14)
    ('4.0 s', '140 ms')
    """
    return f"{value:.1f} s" if value >= 0.195 else f"{1000 * value:.0f} ms"


def times(value: float) -> str:
    """Return a ratio as words: "0.98 times", "15.9 times"."""
    return f"{value:.{1 if value >= 9.95 else 2}f} times"


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


def scaling_headline(results: Sequence["Scaling"], workers: int | None = None) -> str:
    """Return what the first of `results` came to with so many `workers`, by default the most."""
    counts = sorted(results[0].timings) if results else []
    many = workers or max(counts, default=1)
    if many not in counts or many == 1:
        return f"{many} {kind_of(results)}: " + (
            "what the others are compared with" if counts else "not measured yet"
        )
    first = results[0]
    gain = f"{times(first.speedup(many))} {one_of(first.executor)}"
    return f"{first.name} on {many} {kind_of(results)}: {gain}. {first.verdict(many).word.capitalize()}."


def scaling_words(
    results: Sequence["Scaling"], guess: float | None = None, workers: int | None = None
) -> str:
    """Return speed-ups as lines to read aloud."""
    lines = [scaling_headline(results, workers)]
    for result, name in zip(results, line_names(results), strict=True):
        said = "; ".join(result.verdict(n).sentence for n in sorted(result.timings) if n > 1)
        lines.append(f"{name}: {said}")
    return "\n".join(lines + guess_words(guess, "times"))


def line_names(results: Sequence["Scaling"]) -> list[str]:
    """Return a name for each line: the function's, and where it runs if that is what differs."""
    names = [result.name for result in results]
    return [f"{r.name}, {r.executor}" if names.count(r.name) > 1 else r.name for r in results]


def kind_of(results: Sequence["Scaling"]) -> str:
    """Return the workers' common name: "threads", "processes" or "workers"."""
    kinds = {result.executor for result in results} or {"threads"}
    return kinds.pop() if len(kinds) == 1 and kinds <= {"threads", "processes"} else "workers"


def one_of(executor: str) -> str:
    """Return "one thread", "one process" or "one worker"."""
    return {"threads": "one thread", "processes": "one process"}.get(executor, "one worker")


def times_headline(middle: Mapping[int, float], workers: int, knee: int | None = None) -> str:
    """Return the time of so many `workers` beside that of the fewest, and from where on no more is gained."""
    threads = f"{workers} thread" + ("s" if workers > 1 else "")
    if workers not in middle:
        return f"{threads}: not measured yet"
    fewest, end = min(middle), f". From {knee} on nothing is gained." if knee else ""
    other = "" if fewest == 1 else f" with {fewest}"
    beside = f" instead of {seconds(middle[fewest])}{other}" if workers > fewest else ""
    return f"{threads}: {seconds(middle[workers])}{beside}{end}"


def downloads_headline(results: Sequence["Download"]) -> str:
    """Return how many of `results` were under way at once, how long they took, and how many failed."""
    count = f"{len(results)} download" + ("s" if len(results) != 1 else "")
    failed = sum(result.error is not None for result in results)
    bad = [f"{failed} failed"] if failed else []
    started = [(d.began, d.ended) for d in results if d.began is not None and d.ended is not None]
    if not started:
        return f"{count}: " + ", ".join(bad or ["none started"])
    begin, end = stretch(results)
    most = max(sum(a <= moment < b for a, b in started) for moment, _ in started)
    return f"{count}, {most} at a time: " + ", ".join([seconds(end - begin), *bad])


def downloads_words(results: Sequence["Download"]) -> str:
    """Return downloads as lines to read aloud."""
    lines, begin = [downloads_headline(results)], stretch(results)[0]
    for row, one in enumerate(results, 1):
        moments = {"began": one.began, "first byte": one.first_byte, "ended": one.ended}
        said = [f"{what} {moment - begin:.2f} s" for what, moment in moments.items() if moment is not None]
        lines.append(f"download {row}: " + ", ".join(said) + (f"; failed: {one.error}" if one.error else ""))
    return "\n".join(lines)


def stretch(results: Sequence["Download"]) -> tuple[float, float]:
    """Return when the first of `results` was handed in or began, and when the last ended."""
    moments = [m for d in results for m in (d.requested, d.began, d.ended) if m is not None]
    return (min(moments), max(moments)) if moments else (0.0, 1.0)


def _difference(now: Timeline, before: Timeline) -> str:
    """Return why `now` took another time than `before`, as far as the lanes show it."""
    if now.seconds > 0.8 * before.seconds:
        if one_by_one(now):
            return "still one after the other" if one_by_one(before) else "one after the other"
        return "no gain" if now.seconds < 1.25 * before.seconds else "slower"
    waits = sum(span.end - span.start for lane in now.lanes for span in lane.spans if span.state == "waiting")
    return "the waits overlap" if waits > now.seconds else "faster"
