"""Try demos one after the other, within a time limit, and tell what came of each."""

import _thread
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from textwrap import wrap

from threadlab.running.measuring import Clock

LIMIT = 26.0  # seconds after which no demo goes on: what ends then has ended before 30 s are over
SHOWS, WEAKLY, CANNOT, NOT_TRIED = "shows its point", "weakly", "cannot", "not tried"
_LATE = "the time was over"
Judged = tuple[str, str]  # one of these verdicts, and why in a few words
# A notebook and a name, what runs the demo and judges it, and what is shown where that is not enough.
Demo = tuple[str, str, Callable[[], Judged], str]


@dataclass(frozen=True, slots=True)
class Row:
    """What came of one demo."""

    notebook: str
    name: str
    verdict: str
    why: str
    instead: str = ""  # of what is weak, cannot be shown, or was not tried


def judged(why: str, shows: object, weakly: object = False) -> Judged:
    """Return what `why` comes to: it `shows` its point, or `weakly`, or cannot."""
    return SHOWS if shows else WEAKLY if weakly else CANNOT, why


def try_demos(
    demos: Iterable[Demo], *, limit: float = LIMIT, clock: Clock = time.perf_counter
) -> Iterator[Row]:
    """Try `demos` one after the other; after `limit` seconds or an interrupt, the rest is not tried.

    >>> [row.verdict for row in try_demos([("01", "luck", lambda: ("weakly", "once"), "a proof")])]
    ['weakly']
    """
    until, over = clock() + limit, ""
    for notebook, name, run, instead in demos:
        left = until - clock()
        over = over or ("" if left > 0 else _LATE)
        try:
            verdict, why = (NOT_TRIED, over) if over else _in_time(run, left)
        except KeyboardInterrupt:
            over = "stopped" if clock() < until else _LATE
            verdict, why = NOT_TRIED, over
        except Exception as error:
            kind = "" if type(error) is RuntimeError else type(error).__name__  # that is a sentence of ours
            said = f"{kind}: {error}".strip(": ").splitlines() or [repr(error)]
            verdict, why = CANNOT, " … ".join([said[0], *said[1:][-1:]])  # a traceback's end says most
        yield Row(notebook, name, verdict, why, "" if verdict == SHOWS else instead)


def _in_time(run: Callable[[], Judged], limit: float) -> Judged:
    """Return run(), or interrupt it after `limit` seconds as Ctrl-C does; for the main thread."""
    timer = threading.Timer(limit, _thread.interrupt_main)
    timer.daemon = True
    timer.start()
    try:
        return run()
    finally:
        timer.cancel()
        timer.join()


def is_ready(rows: Iterable[Row]) -> bool:
    """Return whether every demo shows its point, or weakly with something else to show, or was recorded."""
    enough = {SHOWS: "", WEAKLY: "", CANNOT: "recorded", NOT_TRIED: "never"}
    return all(
        row.verdict == SHOWS or (row.instead != "" and row.instead.startswith(enough[row.verdict]))
        for row in rows
    )


def as_text(row: Row) -> str:
    """Return `row` as lines of a table that fits 100 columns."""
    first, *rest = wrap(row.why, 52) or [""]
    lines = [f"{row.notebook}  {row.name:26} {row.verdict:16} {first}", *(" " * 48 + each for each in rest)]
    return "\n".join(
        [*lines, *wrap(row.instead, 96, initial_indent="    instead: ", subsequent_indent=" " * 13)]
    )


def summary(rows: list[Row]) -> str:
    """Return in one line how many demos show their point.

    >>> summary([Row("01", "waits", SHOWS, "0.5 s"), Row("04", "primes", CANNOT, "no GIL")])
    '1 of 2 demos show their point here; 1 cannot'
    """
    counts = Counter(row.verdict for row in rows)
    others = [f"{counts[each]} {each}" for each in (WEAKLY, CANNOT, NOT_TRIED) if counts[each]]
    return "; ".join([f"{counts[SHOWS]} of {len(rows)} demos show their point here", *others])
