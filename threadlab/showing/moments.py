"""Show one moment of a replay: where each thread stands, the shared state, and who waits for whom."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from html import escape
from itertools import pairwise
from math import cos, pi, sin

from threadlab.schedules import Crash, Replay
from threadlab.schedules.results import Place, Step, Wait
from threadlab.showing.saying import count
from threadlab.showing.style import GREY, INK, RED
from threadlab.showing.tiles import colour_of, tile

_CODE = "font:16px/1.5 monospace;white-space:pre-wrap;margin:0"
_SMALL = _CODE.replace("16px", "15px")  # where three or more stand side by side
_WHOLE = f"color:{INK};font-size:17px;line-height:1.45;width:0;min-width:100%"  # long lines widen nothing
_SEEN = 14  # lines of a function that fit beside a picture


def moment(replay: Replay, place: int) -> str:
    """Return, in HTML, how things stand after `place` steps of `replay`."""
    steps = [replay.start, *replay.steps]
    now, circle = steps[place], cycle(steps[place].waits)
    names = sorted(replay.start.places)
    narrow = len(names) > 2
    cards = "".join(_card(replay, steps[: place + 1], name, circle, narrow) for name in names)
    before = steps[max(0, place - 1)].state
    printed = f'<pre style="font-size:16px">printed: {escape(now.printed)}</pre>' if now.printed else ""
    state, held = _state(now, before, replay.start.state), any(wait.holder for wait in now.waits)
    graph = _graph(names, now.waits, circle) if held else ""
    return (
        f'<div style="{_WHOLE}"><div style="display:flex;gap:8px">{cards}</div>'
        f'<div style="display:flex;gap:24px;padding-top:8px;align-items:center"><div>{state}'
        f"{printed}</div><div>{graph}</div></div>"
        f"<details><summary>this order in words</summary><pre>{escape(words(replay))}</pre></details></div>"
    )


def words(replay: Replay) -> str:
    """Return a whole walk as text to read aloud: who did what, what changed, who waits."""
    lines = [", ".join(f"{name} is {plain(value)}" for name, value in replay.start.state.items())]
    for place, (before, now) in enumerate(pairwise([replay.start, *replay.steps]), 1):
        said = [did(replay, place) if now.ran else f"{now.thread}: {now.source.rstrip(':')}"]
        said += [f"{name} is {plain(v)}" for name, v in now.state.items() if v != before.state.get(name)]
        said += [f"{w.thread} waits for {w.wants}{_by(w)}" for w in now.waits if w not in before.waits]
        lines.append("; ".join(said))
    return "\n".join([*lines, "" if replay.outcome is None else f"outcome: {replay.outcome}"]).strip()


def did(replay: Replay, place: int, write: Callable[[str], str] = str) -> str:
    """Say what the step before `place` was: of a thread its line, of a task from where to where it ran."""
    *before, now = replay.steps[:place]
    waits, stands = any(wait.thread == now.thread for wait in now.waits), now.places.get(now.thread)
    if not now.ran:
        return f"{now.thread} {'must wait at' if waits else 'ran'} {write(now.source)}"
    again = any(step.thread == now.thread for step in before)
    went = f"went on after {write(now.source.rstrip(':'))}" if again else "ran"
    if stands:
        first, lines = replay.sources.get(stands.function, (stands.line, ("(no source)",)))
        line = write(lines[stands.line - first].strip().rstrip(":"))
        return f"{now.thread} {went} to {line}{', where it must wait' if waits else ''}"
    died = isinstance(replay.outcome, Crash) and replay.outcome.thread == now.thread
    return f"{now.thread} {went} {'until it died' if died else 'to its end'}"


def cycle(waits: Sequence[Wait]) -> list[str]:
    """Return the threads each of which waits for what the next one holds, and the last for the first.

    >>> ann, bob = Wait("A", 3, "till", "B", 2), Wait("B", 3, "ladder", "A", 2)
    >>> cycle([ann, bob]), cycle([ann])
    (['A', 'B'], [])
    """
    holders = {wait.thread: wait.holder for wait in waits}
    for first in holders:
        way = [first]
        while (following := holders.get(way[-1])) and following not in way:
            way.append(following)
        if holders.get(way[-1]) == first:
            return way
    return []


def _card(replay: Replay, steps: Sequence[Step], name: str, circle: Sequence[str], narrow: bool) -> str:
    """Return the source of the thread `name` with the line that it executes next."""
    now, colour = steps[-1], colour_of(name)
    last = next(step.places[name] for step in reversed(steps) if name in step.places)
    wait = next((wait for wait in now.waits if wait.thread == name), None)
    alive = name in now.places
    died = not alive and isinstance(replay.outcome, Crash) and replay.outcome.thread == name
    ended = f"died of {escape(replay.fault.partition(' at ')[0])}" if died else "has ended"
    says = ("can go on" if last.line else "starts") if alive else ended
    if wait:
        says = f"waits for {code(wait.wants)}{_by(wait)}"
    held = {wait.holder_line: wait.wants for wait in now.waits if wait.holder == name}
    marks = dict.fromkeys(now.ran if now.thread == name else (), "↓")
    if alive:
        marks[last.line] = "‖" if wait else "▶"
    lines = "".join(_lines(replay, last, marks, held, narrow))
    edge, faded = RED if died or name in circle else colour, "" if alive or marks else ";opacity:0.55"
    box = f"flex:1 1 0;min-width:0;border:2px solid {edge};border-radius:5px;overflow:hidden{faded}"
    return (
        f'<div style="{box}">'
        f'<div style="background:{colour};color:white;padding:1px 10px"><b>{name}</b> {says}</div>'
        f'<div style="{_SMALL if narrow else _CODE};padding:4px 0;overflow-wrap:anywhere">{lines}</div></div>'
    )


def _lines(
    replay: Replay, place: Place, marks: Mapping[int, str], held: Mapping[int, str], narrow: bool
) -> Iterator[str]:
    first, source = replay.sources.get(place.function, (place.line, ("(no source)",)))
    indent = len(source[0]) - len(source[0].lstrip())
    begin = max(0, min(place.line - first - _SEEN // 2, len(source) - _SEEN))
    for line, text in enumerate(source[begin : begin + _SEEN], first + begin):
        sign = marks.get(line, marks.get(0, "") if line == first else "")
        back = {"‖": "#FBE3D6", "▶": "#FFF3C4", "↓": "#E3EEF7", "": "transparent"}[sign]
        code_line = text.rstrip()[indent:]
        if narrow:  # half the indentation leaves room for the code
            code_line = code_line[(len(code_line) - len(code_line.lstrip())) // 2 :]
        note = f'<span style="color:{RED}">  ← holds {code(held[line])}</span>' if line in held else ""
        column = f"(26px + {len(code_line) - len(code_line.lstrip()) + 4}ch)"  # where a long line goes on
        yield (
            f'<div style="background:{back};padding-left:calc{column};text-indent:calc(-1*{column})">'
            f'<span style="display:inline-block;width:26px;text-indent:0;text-align:center">{sign}</span>'
            f"{escape(code_line)}{note} </div>"
        )


def _state(now: Step, before: Mapping[str, str], start: Mapping[str, str]) -> str:
    """Return the shared state; what the last step changed is marked, and who waits stands in a queue."""
    rows = []
    for name, value in now.state.items():
        first = start.get(name, "")
        back, told = "", escape(plain(value, first))
        if (was := before.get(name, value)) != value:
            back = "background:#FFF3C4"
            told = f'<span style="color:{GREY}">{escape(plain(was, first))} → </span><b>{told}</b>'
        if waiting := [wait.thread for wait in now.waits if wait.wants == name]:
            queue = "".join(tile(thread, thread, "width:24px") for thread in waiting)
            told += f"; {queue} wait{'s' * (len(waiting) == 1)}"
        rows.append(
            f'<tr style="{back}"><td style="text-align:left;padding:1px 14px 1px 4px">{escape(name)}</td>'
            f'<td style="text-align:left;padding:1px 8px">{told}</td></tr>'
        )
    return f'<table style="font:17px monospace;margin:0">{"".join(rows)}</table>'


def plain(value: str, start: str = "") -> str:
    """Return the text of a lock, semaphore and so on as a person says it, given its text at the `start`.

    >>> plain("<Lock held by A>"), plain("<Semaphore: value=1>", "<Semaphore: value=2>"), plain("3")
    ('held by A', '●○ 1 token', '3')
    """
    if condition := re.match(r"<Condition\((.+), \d+\)>$", value):
        return plain(condition[1])
    if tokens := re.match(r"<\w*Semaphore: value=(\d+)", value):
        left, whole = int(tokens[1]), re.search(r"value=(\d+)", start)
        taken = int(whole[1]) - left if whole else 0
        return f"{'●' * left}{'○' * taken} {count(left, 'token')}".strip()
    return re.sub(r"^<\w+:? (.+)>$", lambda found: found[1].replace("=", " "), value)


def code(text: str) -> str:
    """Return `text` in the letters of source code."""
    return f'<code style="font-size:inherit;background:none;color:inherit">{escape(text)}</code>'


def _by(wait: Wait) -> str:
    return f", held by {wait.holder}" if wait.holder else ""


def _graph(names: Sequence[str], waits: Sequence[Wait], circle: Sequence[str]) -> str:
    """Return the wait-for graph as SVG: an arrow from each thread that waits to the one that holds."""
    turn = {name: 2 * pi * place / len(names) + pi for place, name in enumerate(names)}
    at = {name: complex(160 + 105 * cos(angle), 70 + 44 * sin(angle)) for name, angle in turn.items()}
    inside = set(pairwise([*circle, *circle[:1]]))
    arrows = ""
    for wait in waits:
        if wait.holder:
            colour = RED if (wait.thread, wait.holder) in inside else GREY
            arrows += _arrow(at[wait.thread], at[wait.holder], wait.wants, colour)
    middle = 'text-anchor="middle" fill="white" font-weight="bold" font-size="18"'
    dots = "".join(
        f'<circle cx="{dot.real:.0f}" cy="{dot.imag:.0f}" r="20" fill="{colour_of(name)}"/>'
        f'<text x="{dot.real:.0f}" y="{dot.imag + 6:.0f}" {middle}>{name}</text>'
        for name, dot in at.items()
    )
    told = "; ".join(f"{w.thread} waits for {w.wants}{_by(w)}" for w in waits)
    return f'<svg role="img" aria-label="{escape(told)}" width="320" height="140">{arrows}{dots}</svg>'


def _arrow(start: complex, end: complex, text: str, colour: str) -> str:
    """Return a bent arrow with `text` at its middle."""
    far = abs(end - start) or 1.0

    def at(along: float, aside: float) -> str:
        """Return the point so many pixels from `start` towards `end`, and beside that line."""
        point = start + complex(along, aside) * (end - start) / far
        return f"{point.real:.0f},{point.imag:.0f}"

    curve = f"M{at(18, 10)} Q{at(far / 2, 42)} {at(far - 20, 8)}"
    tip = f"{at(far - 20, 8)} {at(far - 34, 8)} {at(far - 26, 22)}"
    looks = f'text-anchor="middle" dy="5" font-size="17" fill="{INK}"'
    x, y = at(far / 2, 40).split(",")
    return (
        f'<path d="{curve}" fill="none" stroke="{colour}" stroke-width="3"/>'
        f'<polygon points="{tip}" fill="{colour}"/>'
        f'<text x="{x}" y="{y}" {looks}>{escape(text)}</text>'
    )
