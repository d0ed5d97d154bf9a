"""Draw a predicted way to run tasks beside the truth: one bar for each way, and whether it was right."""

from collections.abc import Mapping
from typing import Any

from threadlab.running.scaling import CALM, GAIN, NOISY, Scaling, Timing
from threadlab.showing import saying, style
from threadlab.showing.style import BLUE, GREY, PURPLE, Picture, write
from threadlab.workloads.kinds import WAYS, Choice

ROW = 38.0  # pixels
UNKNOWN = "not measured yet"
_SMALL = 0.001  # seconds; a task that takes less is not worth handing over


def draw_choice(
    predicted: Choice, known: Mapping[str, Scaling], problems: Mapping[str, str] | None = None
) -> Picture:
    """Draw what the ways that are `known` took, mark the `predicted` one, and say whether it was right.

        >>> draw_choice(Choice("threads", "it waits"), {}).alt.splitlines()[0]
        'Predicted: threads. Press Run to see whether that is true.'

    Args:
        predicted: What choose() returned.
        known: What sweep() returned, for each way that was measured.
        problems: Why the other ways cannot be.
    """
    problems = problems or {}
    times = _times(known)
    complete = all(way in times or way in problems for way in WAYS)
    notes = [f"Predicted: {predicted.way}, because {predicted.reason}."]
    notes += [_seen(known)] if complete and "serial" in known else []
    title = headline(predicted, known) if complete else ""
    title = title or f"Predicted: {predicted.way}. Press Run to see whether that is true."
    names = {way: f"{way} (predicted)" if way == predicted.way else way for way in WAYS}
    left = style.margin([f"{way} (predicted)" for way in WAYS], bold=True)
    rows = len(WAYS) + len(notes)
    ax = style.new_axes(ROW * rows, left=left)
    style.tidy(ax)
    labels = {way: _label(way, known) if way in times else problems.get(way, UNKNOWN) for way in WAYS}
    room = style.width(ax) - max(style.width_of(labels[way]) for way in times or WAYS) - 24
    longest = max([1e-9, *(max(timing.seconds) for timing in times.values())])
    reach = longest * style.width(ax) / room if times else 1.0
    ax.set(ylim=(len(WAYS) - 0.4, -0.6 - len(notes)), xlim=(0, reach), yticks=())
    for place, note in enumerate(notes):
        size = style.TEXT * min(1, (style.WIDTH - 8) / style.width_of(note))
        write(ax, 0, place - len(notes), note, shift=(-0.75 * (left - 4), 0), fontsize=size)
    for place, way in enumerate(WAYS):
        mine: Any = {"color": style.deep(PURPLE), "weight": "bold"} if way == predicted.way else {}
        write(ax, 0, place, names[way], shift=(-8, 0), ha="right", **mine)
        end = 0.0
        if way in times:
            end = times[way].median
            edge: Any = {"edgecolor": PURPLE, "linewidth": 3, "linestyle": "--"} if mine else {}
            ax.barh(place, end, height=0.62, color=BLUE, label=way, **edge)
            low, high = min(times[way].seconds), max(times[way].seconds)
            ax.hlines(place, low, high, color=style.INK, linewidth=3, label="spread")
            end = max(end, high)
        write(ax, end, place, labels[way], shift=(10, 0), color=style.INK if way in times else GREY)
    first = next(iter(known.values()), None)
    axis = f"seconds for {saying.count(first.tasks, 'task')}" if first else "seconds"
    aside = f"{first.machine} · {saying.count(first.rounds, 'round')}" if first else ""
    style.finish(ax, title, axis, aside, shown=False)
    said = [f"{way}: {label}" for way, label in labels.items()]
    return Picture(ax.figure, "\n".join([title, *notes, *said]))


def headline(predicted: Choice, known: Mapping[str, Scaling]) -> str:
    """Return whether the `predicted` way was right by what is `known`; nothing if that does not tell.

    Whether a way gains is told by one of its workers in the same rounds, for what slows the computer slows
    both. Two ways are as fast if their medians differ by less than two runs of the same thing may; one of
    them is slower if none of its rounds was as fast.
    """
    way, times = predicted.way, _times(known)
    if way not in times or "serial" not in times:
        return ""
    gains = {each: _word(known[each]) for each in times}
    gaining = [each for each in times if gains[each] == "gain"]
    best = min(gaining, key=lambda each: times[each].median, default="serial")
    if gains[way] == "gain" and times[way].median <= GAIN * times[best].median:
        best = way
    slowest = max(times[best].seconds)
    beaten = [each for each in times if min(times[each].seconds) > slowest]
    beside = way if way != best else "threads" if best == "serial" and "threads" in times else "serial"
    verb = "are" if best.endswith("s") else "is"
    how = "fastest" if len(beaten) == len(times) - 1 else "as fast as any"
    truth = f"{best} {verb} {how} ({_time(times[best])}; {beside} {_time(times[beside])})"
    measured = "measured" if known[way].rounds > 1 else "measured once"
    if not predicted.timed:
        return f"Predicted: {way}, for a reason that no clock shows; {measured}: {truth}"
    if way == best and not (way == "serial" and any(gains[e] == NOISY and e not in beaten for e in gains)):
        return f"Predicted: {way}; {measured}: {truth}"
    calm = min(known[way].share, known[best].share) > CALM  # or they had different times of it
    if way in beaten and calm:
        return f"Predicted: {way}, and that was wrong: {truth}"
    if gains[way] in ("no gain", "loss"):
        return f"Predicted: {way}, and that was wrong: no faster than one at a time ({_time(times[way])})"
    return f"Predicted: {way}; {measured}: too noisy to tell. Close other programs and run again"


def _word(scaling: Scaling) -> str:
    """Return whether the most workers of `scaling` gained; nothing for serial."""
    most = max(scaling.timings)
    return scaling.verdict(most).word if most > 1 else ""


def _times(known: Mapping[str, Scaling]) -> dict[str, Timing]:
    """Return the times of the most workers of each way."""
    return {way: known[way].timings[max(known[way].timings)] for way in WAYS if way in known}


def _seen(known: Mapping[str, Scaling]) -> str:
    """Return what the tasks did when they were run one at a time, which explains the truth."""
    serial = known["serial"]
    timing = serial.timings[1]
    busy = sum(timing.cpu or timing.seconds) / max(sum(timing.seconds), 1e-9)
    does = "it computes" if busy > 0.8 else "it waits" if busy < 0.2 else "it waits and computes"
    said = f"Measured one at a time: a core was busy {100 * min(busy, 1):.0f} % of the time: {does}."
    if (each := timing.median / serial.tasks) < _SMALL:
        said = f"Measured one at a time: a task takes {1e6 * each:.0f} µs, less than handing it to a worker."
    return said


def _label(way: str, known: Mapping[str, Scaling]) -> str:
    scaling, most = known[way], max(known[way].timings)
    label = _time(scaling.timings[most])
    if most == 1:
        return label
    return f"{label}, {scaling.speedup(most):.1f} times as fast as one at a time: {_word(scaling)}"


def _time(timing: Timing) -> str:
    return saying.seconds(timing.median) if timing.median > 0.01 else saying.milliseconds(timing.median)
