"""Who did what when: the plain numbers that a picture of lanes is drawn from."""

from dataclasses import dataclass
from typing import Literal

from threadlab.running.machine import Machine

State = Literal["running", "ready", "waiting", "blocked", "gil", "off"]


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of one lane. Times are seconds since the run began.

    *running*: the thread runs, or is ready to. *waiting*: its own work waits for the outside (a payment, a
    download, a sleep). *blocked*: it waits for another thread (a lock, a queue, a thread to end).
    A run watched with ticks tells more. *running* then means that it runs. *gil*: it waits for the GIL.
    *off*: the operating system did not let it run. *ready*: it runs or is ready to, nobody can tell.
    """

    start: float
    end: float
    state: State
    what: str = ""  # for what it waits, such as "the payment" or "lock"


@dataclass(frozen=True, slots=True)
class Mark:
    """What a lane did to the shared object, and when."""

    time: float
    text: str  # such as "looks: 1" or "takes"


@dataclass(frozen=True, slots=True)
class Lane:
    """One worker: its name, its spans in order of time, and how it ended."""

    name: str
    spans: tuple[Span, ...]
    marks: tuple[Mark, ...] = ()
    end: str = "done"  # or what happened, such as "died of ValueError: no such item"

    def books(self) -> dict[State, float]:
        """Return how many seconds the lane was in each state, in the order in which it came to them."""
        books: dict[State, float] = {}
        for span in self.spans:
            books[span.state] = books.get(span.state, 0.0) + span.end - span.start
        return books


@dataclass(frozen=True, slots=True)
class Change:
    """The value of one entry of the shared object from `time` on."""

    time: float
    entry: str  # such as 'stock["mug"]'
    value: float


@dataclass(frozen=True, slots=True)
class Timeline:
    """All lanes of one run, in the order in which they started."""

    lanes: tuple[Lane, ...]
    seconds: float
    changes: tuple[Change, ...] = ()
    report: str = ""  # what ended the run early, in one sentence
    machine: Machine | None = None
    unit: str = "s"  # or "steps": then it is one order of steps, and all times count steps
    ticks: bool = False  # whether running was told from waiting for the GIL

    def text(self) -> str:
        """Return the run as lines to read aloud: the twin of the picture."""
        digits, unit = (2, "s") if self.unit == "s" else (0, self.unit)
        several = "s" * (len(self.lanes) != 1)
        lines = [f"{self.seconds:.{digits}f} {unit} in all, {len(self.lanes)} lane{several}"]
        for lane in self.lanes:
            spans = [
                f"{span.state}{span.what and f' for {span.what}'} "
                f"{span.start:.{digits}f}–{span.end:.{digits}f} {unit}"
                for span in lane.spans
            ]
            if self.ticks:  # too many to be read aloud
                spans = [f"{state} {1000 * time:.0f} ms" for state, time in lane.books().items()]
            lines.append(f"{lane.name}: {', '.join(spans)}" + ("" if lane.end == "done" else f"; {lane.end}"))
            lines += [f"  {mark.time:.2f} s: {lane.name} {mark.text}" for mark in lane.marks]
        lines += [f"{change.time:.2f} s: {change.entry} is {change.value:g}" for change in self.changes]
        return "\n".join([*lines, self.report] if self.report else lines)
