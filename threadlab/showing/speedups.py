"""Draw speed-up against workers: one line for each kind of work, all from one point, and the ideal."""

from collections.abc import Sequence
from typing import Any

from matplotlib.axes import Axes

from threadlab.running.scaling import ONE_ROUND, Scaling
from threadlab.showing import saying, style
from threadlab.showing.style import COLOURS, GHOST, GREY, PURPLE, write

MARKERS = ("o", "^", "s", "D", "v")
LEFT, VERDICT = 62.0, 28.0  # pixels: left of the axes, and for the verdict below them
MANY = 8  # workers; beyond, every doubling is as wide as the one before


def plot_scaling(
    result: Scaling | Sequence[Scaling],
    *,
    ax: Axes | None = None,
    guess: Any = None,
    before: Scaling | Sequence[Scaling] = (),
    recorded: Sequence[Any] = (),
    workers: int | None = None,
    first: str = "",
    reach: int = 1,
    executors: Sequence[str] = (),
) -> Axes:
    """Draw how many times as fast as one worker each of `result` is, with its interval.

        >>> from threadlab.running.scaling import Scaling, Timing
        >>> waiting = Scaling("wait", "threads", 8, {1: Timing((1.0, 1.0)), 2: Timing((0.5, 0.5))})
        >>> plot_scaling(waiting).get_title("left")
        'wait on 2 threads: 2.00 times as fast as one. Gain.'

    Args:
        result: What `sweep` returned, or several of these.
        ax: Where to draw; by default a picture of its own, shown under the cell.
        guess: The speed-up somebody expects of the most workers, also as a Guess; drawn dashed.
        before: What was measured before, drawn in grey.
        recorded: Each with a `scaling` from another computer and its `label`; dashed, with hollow markers.
        workers: The number of workers that the words are about; by default the most.
        first: The name of the function that the words are about; by default the first of `result`.
        reach: The number of workers that the axes reach to at least.
        executors: Those that keep their colours, whichever of them are drawn and in whatever order.

    Returns:
        The axes.
    """
    right = "what sweep() returned, or a list of it"
    results = style.each_is("result", result, "speedup", right)
    ghosts = [each for each in style.each_is("before", before, "speedup", right) if len(each.timings) > 1]
    others, ways = [each.scaling for each in recorded], [(each.name, each.executor) for each in results]
    strangers = [each for each in others if (each.name, each.executor) not in ways]
    expected, names = style.guessed(guess), line_names([*results, *strangers])[: len(results)]
    axes = ax or axes_for(300, names)
    most = max([reach, *(n for each in (*results, *ghosts, *others) for n in each.timings)])
    _set_axes(axes, results, most, max(most, expected or 0))
    if workers:
        axes.axvline(workers, **style.SHOWN)
    for ghost in ghosts:
        _draw_line(axes, ghost, color=GHOST, linewidth=2, label=f"{ghost.name} before")
    axes.plot([1, most], [1, most], ":", color=GREY, linewidth=2.5, zorder=4, label="ideal")
    ends: list[tuple[float, float, str, Any]] = [(most, most, "ideal", GREY)]
    if expected is not None:
        axes.plot([1, most], [1, expected], **style.GUESS)
        ends.append((most, expected, "your guess", style.deep(PURPLE)))
    looks: Any = {"linestyle": "--", "marker": "o", "markersize": 11, "markerfacecolor": "white"}
    for each, place, name in zip(recorded, *_twins(results, others), strict=True):
        colour = (COLOURS * 9)[_place(each.scaling, place, executors)]
        counts = _draw_line(axes, each.scaling, color=colour, linewidth=2, label=each.label, **looks)
        if counts and name:
            ends.append((counts[-1], each.scaling.speedup(counts[-1]), name, style.deep(colour)))
    for number, (each, name) in enumerate(zip(results, names, strict=True)):
        place = _place(each, number, executors)
        colour, marker = (COLOURS * 9)[place], (MARKERS * 9)[place]
        counts = _draw_line(axes, each, color=colour, linewidth=3.5, marker=marker, markersize=11, label=name)
        if counts:
            lows, highs = zip(*map(each.interval, counts), strict=True)
            axes.vlines(counts, lows, highs, color=colour, linewidth=6, alpha=0.5)
            ends.append((counts[-1], each.speedup(counts[-1]), name, style.deep(colour)))
    _name_ends(axes, ends)
    notes = ["times as fast as one", *["grey: before"] * bool(ghosts)]
    dashed = sorted({f"dashed: {each.label}" for each in recorded})
    note, short = ("      ".join([*notes, *more]) for more in (dashed, ["dashed: recorded"] * bool(dashed)))
    note = note if style.width_of(note) <= style.width(axes) else short
    write(axes, 0, 1, note, shift=(6, -2), xycoords="axes fraction", va="top", color=GREY)
    machine = next((each.machine for each in results if each.machine), None)
    rounds = max((each.rounds for each in results if len(each.timings) > 1), default=0)
    aside = f"{machine or ''}" + f" · {saying.count(rounds, 'round')}" * bool(machine and rounds)
    told = sorted(results, key=lambda each: each.name != first)
    words = scaling_words(told, expected, workers)
    if said := verdict_line(told, workers):
        size = style.TEXT * min(1, (style.WIDTH - 8) / style.width_of(said))
        write(axes, 0, 0, said, shift=(-0.75 * LEFT + 3, -54), xycoords="axes fraction", fontsize=size)
    return style.finish(axes, words, kind(results), aside, shown=ax is None)


def _twins(results: Sequence[Scaling], recorded: Sequence[Scaling]) -> tuple[list[int], list[str]]:
    """Return each's colour and name: a twin among `results` lends its colour, and if drawn its name."""
    mine = [(result.name, result.executor) for result in results]
    places, names, more = [], [], len(mine)
    for each in recorded:
        twin = (each.name, each.executor)
        places.append(mine.index(twin) if twin in mine else more)
        more += twin not in mine
        drawn = twin in mine and len(results[mine.index(twin)].timings) > 1
        same_work = {each.name} == {name for name, _ in [*mine, *((r.name, 0) for r in recorded)]}
        names.append("" if drawn else f"{each.executor if same_work else each.name}, recorded")
    return places, names


def _place(result: Scaling, number: int, executors: Sequence[str]) -> int:
    return executors.index(result.executor) if result.executor in executors else number


def axes_for(height: float, names: Sequence[str]) -> Axes:
    """Return axes of `height` pixels with room for `names` at the ends of lines."""
    right = 12 + style.margin([*names, "your guess"], bold=True)
    return style.new_axes(height, left=LEFT, right=right, below=style.BELOW + VERDICT)


def _set_axes(ax: Axes, results: Sequence[Scaling], most: int, top: float) -> None:
    """Give `ax` its limits, ticks at the numbers of workers, and a line at the usable cores."""
    style.tidy(ax, grid="both")
    counts = sorted({n for each in results for n in each.timings} | {2**k for k in range(most.bit_length())})
    if most > MANY:
        ax.set(xscale="log", yscale="log", xlim=(0.93, 1.06 * most), ylim=(0.5, 1.9 * top))
    else:
        ax.set(xlim=(1 - 0.04 * most, 1.025 * most), ylim=(0, 1.2 * top))
    style.ticks(ax.xaxis, counts)
    style.ticks(ax.yaxis, counts if most > MANY else range(1 + int(top)))
    cores = next((each.machine.cores for each in results if each.machine), 1)
    if 1 < cores < most:
        ax.axhline(cores, color=GREY, linewidth=1, label="usable cores")
        write(ax, 1, cores, f"{cores} cores", shift=(0, 9), color=GREY)


def _draw_line(ax: Axes, result: Scaling, **looks: Any) -> list[int]:
    """Draw the speed-ups of `result`, if it has any, and return its numbers of workers."""
    counts = sorted(result.timings) if len(result.timings) > 1 else []
    if counts:
        ax.plot(counts, [result.speedup(n) for n in counts], **looks)
    return counts


def _name_ends(ax: Axes, ends: list[tuple[float, float, str, Any]]) -> None:
    """Write each name right of the end of its line, moved up where it would cover the one below."""
    last = float("-inf")
    for x, y, text, colour in sorted(ends, key=lambda end: end[1]):
        true = ax.transData.transform((x, y))[1] / ax.figure.dpi / style.PIXEL
        last = max(true, last + 20)
        write(ax, x, y, text, shift=(12, 0.75 * (last - true)), weight="bold", color=colour)


def _first(results: Sequence[Scaling], workers: int | None) -> tuple[int, Scaling | None]:
    """Return the number of workers that the words are about (by default the most), and whose speed-up."""
    many = workers or max((n for result in results for n in result.timings), default=1)
    return many, next((result for result in results if many in result.timings), None)


def verdict_line(results: Sequence[Scaling], workers: int | None = None) -> str:
    """Return the verdict about the first of `results` with so many `workers`, or nothing."""
    many, first = _first(results, workers)
    return first.verdict(many).sentence if first and many > 1 else ""


def scaling_words(results: Sequence[Scaling], guess: float | None = None, workers: int | None = None) -> str:
    """Return what the first of `results` came to with so many `workers` (by default the most), and all."""
    many, first = _first(results, workers)
    if not results:
        lines = ["Not measured here yet"]
    elif first is None or many == 1:
        alone = {"threads": "1 thread", "processes": "1 process"}.get(kind(results), "1 worker")
        who = alone if many == 1 else f"{many} {kind(results)}"
        lines = [f"{who}: {'what more are compared with' if first else 'not measured yet'}"]
    elif len(results) > 1 and len({result.name for result in results}) == 1:
        lines = [f"{first.name}, {many} workers: {_ways(results, many)}"]
    else:
        ratio = first.speedup(many)
        gain = f"{ratio:.{1 if ratio >= 9.95 else 2}f} times as fast as one"
        lines = [f"{first.name} on {many} {kind([first])}: {gain}. {_word(first, many).capitalize()}."]
    for result, name in zip(results, line_names(results), strict=True):
        said = [result.verdict(n).sentence for n in sorted(result.timings) if n > 1]
        lines.append(f"{name}: " + ("; ".join(said) or "not measured yet"))
    return "\n".join(lines + saying.guess_words(guess, "times"))


def _word(result: Scaling, workers: int) -> str:
    return result.verdict(workers).word if result.rounds > 1 else ONE_ROUND


def _ways(results: Sequence[Scaling], workers: int) -> str:
    """Return which ways to run one function gain from so many `workers`, and which do not."""
    ways = dict[str, list[str]]()
    for result in results:
        if workers in result.timings:
            ways.setdefault(_word(result, workers), []).append(result.executor)
    said = sorted(ways.items(), key=lambda way: way[0] != "gain")
    return ", ".join(f"{word} with {_listed(names)}" for word, names in said)


def _listed(names: Sequence[str]) -> str:
    """Return `names` as a person lists them.

    >>> _listed(["threads", "processes", "interpreters"])
    'threads, processes and interpreters'
    """
    *most, last = names
    return f"{', '.join(most)} and {last}" if most else last


def line_names(results: Sequence[Scaling]) -> list[str]:
    """Return a name for each line: the function's, where it runs if that alone differs, or both."""
    names = [result.name for result in results]
    if len(names) > 1 and len(set(names)) == 1:
        return [result.executor for result in results]
    return [f"{r.name}, {r.executor}" if names.count(r.name) > 1 else r.name for r in results]


def kind(results: Sequence[Scaling]) -> str:
    """Return what to call the workers of `results`: threads, processes, or else workers."""
    kinds = {result.executor for result in results}
    return kinds.pop() if kinds in ({"threads"}, {"processes"}) else "workers"
