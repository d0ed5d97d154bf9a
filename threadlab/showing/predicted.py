"""Draw a predicted way to run tasks beside the truth: one bar for each way, and whether it was right."""

from collections.abc import Mapping
from typing import Any

from threadlab.running.scaling import CALM, GAIN, NOISY, Scaling, Timing
from threadlab.showing import saying, style
from threadlab.showing.style import BLUE, GREY, PURPLE, Picture, write
from threadlab.workloads.kinds import WAYS, Choice

ROW = 34.0  # pixels
UNKNOWN = "not measured yet"
_NO_FASTER = ("no gain", "loss")
_UNCLEAR = f"{NOISY}. Close other programs and run again"
_BOTH = "it waits and computes"
_SHORT = 0.1  # seconds; in less, what the system takes to wake a thread looks like waiting
_SMALL = 0.001  # seconds; a task that takes less is not worth handing over


def draw_choice(
    predicted: Choice, known: Mapping[str, Scaling], problems: Mapping[str, str] | None = None
) -> Picture:
    """Draw what the ways that are `known` took, mark the `predicted` one, and say whether it was right.

        >>> draw_choice(Choice("threads", "it waits"), {}).alt.splitlines()[0]
        'Predicted: threads. Press Run to see whether that is true.'

    Args:
        predicted: What choose() returned.
        known: What race() returned, for each way that was measured.
        problems: Why the other ways cannot be.
    """
    problems = problems or {}
    times = _times(known)
    complete = all(way in times or way in problems for way in WAYS)
    notes = [f"Predicted: {predicted.way}, because {predicted.reason}."]
    notes += [_seen(known)] if complete and "serial" in known else []
    so = (
        ". Press Run to see whether that is true."
        if predicted.timed
        else ", for a reason that no clock shows."
    )
    title = headline(predicted, known) if complete else f"Predicted: {predicted.way}{so}"
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
    """Return whether the `predicted` way was right by what is `known`, as far as that tells.

    Two ways are compared by their ratios in the same rounds, for what slows the computer slows both: one is
    faster than the other, or it is not, or it is too noisy to tell.
    """
    way, times = predicted.way, _times(known)
    begin = f"Predicted: {way}"
    if not times or way not in times or "serial" not in times:
        missing = "no way could" if not times else f"{way if way not in times else 'serial'} could not"
        return f"{begin}; {missing} be measured"
    measured = "measured" if known[way].rounds > 1 else "measured once"
    if not predicted.timed:
        return f"{begin}, for a reason that no clock shows; {measured}: {_truth(next(iter(times)), known)}"
    wrong = f"{begin}, and that was wrong" if known[way].rounds > 1 else f"{begin}; {measured}"
    if faster := [each for each in times if _word(known, way, each) == "gain"]:
        how = "fastest" if _beats_all(faster[0], known) else "faster"
        return f"{wrong}: {_is(faster[0])} {how} ({_time(times[faster[0]])}; {way} {_time(times[way])})"
    if way == "serial":
        return f"{begin}; {measured}: {_truth(way, known)}"
    both, gain = f"({_time(times[way])}; serial {_time(times['serial'])})", _word(known, "serial", way)
    if gain in _NO_FASTER:
        return f"{wrong}: no faster than one at a time {both}"
    truth = _truth(way, known) if gain == "gain" else _UNCLEAR
    if gain == "gain" and truth == _UNCLEAR:
        truth = f"faster than one at a time {both}; {NOISY} which is fastest"
    return f"{begin}; {measured}: {truth}"


def _truth(way: str, known: Mapping[str, Scaling]) -> str:
    """Return whether `way` is the fastest, or as good as that."""
    times = _times(known)
    others = [each for each in times if each != way]
    beside = others[0] if others else ""
    if _beats_all(way, known):
        beside = "serial" if way != "serial" else beside
        said = f"{_is(way)} fastest"
    elif any(_word(known, way, each) not in _NO_FASTER for each in others):
        return _UNCLEAR
    elif times[beside].median < times[way].median:
        said = f"{_is(way)} within {100 * (GAIN - 1):.0f} % of the fastest"
    else:
        said = f"no way is faster than {way}"
    return f"{said} ({_time(times[way])}" + (f"; {beside} {_time(times[beside])})" if beside else ")")


def _beats_all(way: str, known: Mapping[str, Scaling]) -> bool:
    return all(_word(known, each, way) == "gain" for each in known if each != way)


def _is(way: str) -> str:
    return f"{way} {'are' if way.endswith('s') else 'is'}"


def _word(known: Mapping[str, Scaling], one: str, other: str) -> str:
    """Return whether the `other` way is a gain over `one`, by the rounds of both."""
    if one == other:
        return "no gain"
    times = _times(known)
    pair, share = {1: times[one], 2: times[other]}, min(known[one].share, known[other].share)
    return Scaling("", "", known[one].tasks, pair, share=share).verdict(2).word


def _times(known: Mapping[str, Scaling]) -> dict[str, Timing]:
    """Return the times of the most workers of each way, the fastest first."""
    times = {way: scaling.timings[max(scaling.timings)] for way, scaling in known.items()}
    return dict(sorted(times.items(), key=lambda item: item[1].median))


def _seen(known: Mapping[str, Scaling]) -> str:
    """Return what the tasks did when they were run one at a time, which explains the truth."""
    serial = known["serial"]
    timing = serial.timings[1]
    if (each := timing.median / serial.tasks) < _SMALL:
        return f"Measured one at a time: a task takes {1e6 * each:.0f} µs, less than handing it to a worker."
    if sum(timing.seconds) < _SHORT:
        return f"Measured one at a time: a run took only {_time(timing)}: {NOISY} what a task does."
    busy = sum(timing.cpu or timing.seconds) / max(sum(timing.seconds), 1e-9)
    most = min(1.0, busy / serial.share)  # had other programs taken nothing
    said = f"Measured one at a time: a core was busy {100 * min(busy, 1):.0f} % of the time"
    if _does(busy) == _does(most) and (serial.share > CALM or _does(busy) != _BOTH):
        return f"{said}: {_does(busy)}."
    return f"{said}, other programs took {100 * (1 - serial.share):.0f} %: {NOISY} more."


def _does(busy: float) -> str:
    return "it computes" if busy > 0.8 else "it waits" if busy < 0.2 else _BOTH


def _label(way: str, known: Mapping[str, Scaling]) -> str:
    """Return the time that is drawn, and how it compares with the one that is drawn for serial."""
    times = _times(known)
    label = _time(times[way])
    if way == "serial" or "serial" not in times:
        return label
    ratio = times["serial"].median / max(times[way].median, 1e-9)
    times_as_fast = f"{ratio:.{1 if ratio >= 1 else 2}f} times as fast as one at a time"
    word = f": {_word(known, 'serial', way)}" if known[way].rounds > 1 else ""
    return f"{label}, {times_as_fast}{word}"


def _time(timing: Timing) -> str:
    """Return the middle value with so many digits that ratios can be seen by them."""
    if timing.median < 0.001:
        return f"{1e6 * timing.median:.0f} µs"
    return saying.milliseconds(timing.median) if timing.median < 0.9995 else f"{timing.median:.2f} s"
