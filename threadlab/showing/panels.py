"""Let learners try numbers of workers on their own function: a slider, Run, Stop, Clear and one picture."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext, suppress
from itertools import chain
from typing import Any

import ipywidgets as widgets

from threadlab.running.arguments import function, name_of, some, thread_counts
from threadlab.running.machine import limits
from threadlab.running.recordings import recordings_of
from threadlab.showing import saying, style
from threadlab.showing.cells import RunPanel, choice, close_widgets, slider, take_the_place
from threadlab.showing.comparing import compare, none_yet
from threadlab.showing.coordinating import Attempt, newest, version
from threadlab.showing.growing import Growing
from threadlab.showing.measured import QUICK, STRIP, Job, Measured
from threadlab.showing.style import Picture

BUDGET = 2.0  # seconds for the picture that a new panel opens with
FIRST_LIMIT, LIMIT = 5.0, 60.0  # seconds for one setting of that picture, and of any other
LATENCIES = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5)


def try_workers(
    run: Callable[..., Any],
    *,
    workers: Sequence[int] = (1, 2, 4, 8),
    work: Sequence[Callable[..., Any]] | None = None,
    site: Any = None,
    guess: Any = None,
    recorded: Any = None,
) -> "Panel":
    """Let a learner try `run` with as many `workers` as a slider says.

        >>> import time
        >>> panel = try_workers(lambda workers: time.sleep(0.4 / workers), workers=(1, 2))
        >>> panel.picture.alt.splitlines()[0]
        '2 threads: 0.2 s instead of 0.4 s'

    Args:
        run: Called as run(workers), or as run(work, workers) with kinds of work; always its newest version. A
            list of downloads that it returns is drawn as a waterfall, else the lanes of its threads.
        workers: The numbers of workers to choose from.
        work: Functions to compare; each becomes a line of speed-ups.
        site: What serve_site() returned; the panel then has a slider for its latency.
        guess: What predict() returned, drawn dashed: seconds, or with kinds of work a speed-up.
        recorded: What load_recording() returned, or several: speed-ups from another computer, drawn first
            where this one is shared, limited or busy; the panel then says so. By default what the course
            has recorded of `work`.

    Raises:
        TypeError: `run` or one of `work` is no function, or `workers` are no whole numbers.
        ValueError: one of `workers` is too small or too large, or there is no kind of work.
    """
    functions = [] if work is None else [function("work", each) for each in some("work", work)]
    kinds = {name_of(each): each for each in functions}
    if len(kinds) < len(functions):
        names = ", ".join(map(name_of, functions))
        raise ValueError(f"work must be functions with different names, not {names}")
    known = Measured(thread_counts("workers", workers), tuple(kinds))
    several = list(recordings_of(kinds).values()) if recorded is None else recorded
    many = style.each_is("recorded", several, "scaling", "what load_recording() returned, or a list of it")
    panel = Panel(function("run", run), kinds, known, site=site, guess=guess, recorded=many)
    take_the_place(panel, name_of(run), *kinds)
    panel.open()
    return panel


class Panel(RunPanel):
    """The widgets and the picture around a learner's function, and what their coordinator calls."""

    def __init__(
        self,
        run: Callable[..., Any],
        kinds: dict[str, Callable[..., Any]],
        known: Measured,
        *,
        site: Any = None,
        guess: Any = None,
        recorded: Sequence[Any] = (),
        pause: float = 0.5,
    ) -> None:
        self.known, self._function, self._kinds, self._site, self._guess = known, run, kinds, site, guess
        self._recorded, self._began = recorded, 0.0  # when the run began
        self._last: list[Job] = []  # of the run, once there are enough rounds
        self._limits = ""  # what will falsify the times, as seen before the last run
        self._lines: list[str] = []  # printed by the learner's threads; the coordinator shows them
        self.printed = widgets.Output()
        self.workers = slider("workers", {str(n): n for n in known.workers}, known.workers[-1])
        latency = getattr(site, "latency", 0.0)
        choices = {f"{1000 * s:g} ms": s for s in sorted({*LATENCIES, latency})}
        self.latency = slider("latency", choices, latency)
        call = f"{name_of(run)}({'work, ' if kinds else ''}workers)"
        question = "which work gains from more workers?" if kinds else "how many workers are enough?"
        sliders = [self.workers] if site is None else [self.workers, self.latency]
        self.strip = choice("Who held the GIL?", {"(times only)": "", **{name: name for name in kinds}})
        super().__init__(f"{call}: {question}", sliders, pause, *([self.strip] if kinds else []))

    def open(self) -> None:
        """Show the panel, with a picture of what can be measured at once: something, then what is quick."""
        self._see_limits()
        self.show(self.printed)
        self.known.begin(self._condition(), anew=False)
        until = time.monotonic() + BUDGET
        *fewer, most = self.known.counts
        counts, needed = ((1, most), 2) if self._kinds else ((most, *fewer), 1)
        for place, job in enumerate((work, n) for work in self._kinds or ("",) for n in counts):
            expected = self.known.expected(job) if self.known.times(job[0]) else 0.0
            if place < needed or expected < until - time.monotonic():
                attempt = self.attempt(job, FIRST_LIMIT)
                attempt()
                if not self.take(attempt):
                    break

    def close(self) -> None:
        """End what is under way and let go of everything."""
        super().close()
        close_widgets(self.latency, self.strip, self.printed)
        self.known.clear()

    def paint(self) -> Picture:
        """Return the picture of what is known."""
        strip, n = self.strip.value, self.workers.value
        shown = (strip, self.known.strips.get((strip, n)) or none_yet(n, ticks=True)) if strip else None
        more: Any = {"strip": shown, "recorded": self._recorded if self._limits else ()}
        more |= {"site": self._site, "latency": self._measured_latency}
        return compare(self.known, n, guess=self._guess, **more)

    @property
    def _measured_latency(self) -> float:
        """The latency with which the times that are shown were measured: the slider may have moved on."""
        *_, latency = (self.known.rounds and self.known.condition) or (self.latency.value,)
        return latency  # type: ignore[no-any-return]

    def draw(self) -> None:
        """Draw what is known, and show what was printed."""
        super().draw()
        if self._lines:
            text, self._lines[:] = "".join(self._lines), []
            self.printed.append_stdout(text)

    def clear(self) -> None:
        """Forget what is known."""
        self.known.clear()
        self.printed.outputs = ()
        self.say("")
        self.draw()

    def plan(self, wish: str) -> list[Job]:
        """Return the jobs of a run, or of the one setting that the slider rests at if it is quick."""
        strip: list[Job] = [(self.strip.value, self.workers.value, STRIP)] if self.strip.value else []
        if wish == "rest" and strip:
            same = self.known.condition == self._condition()
            jobs = [] if same and strip[0][:2] in self.known.strips else strip
        else:
            jobs = self.known.all_settings() if wish == "run" else self.known.one_setting(self.workers.value)
            self._last = strip
        *_, was = self.known.condition or (0.0,)
        slower = max(1.0, self.latency.value / was) if was else 1.0  # the site answers later than it did
        expected = (
            self.known.expected(*jobs) if not strip or wish == "run" else 0.0
        )  # one run: let it be seen
        if wish == "rest" and expected * slower > QUICK:
            seen = self.known.condition == self._condition() and {*jobs} <= {*chain(*self.known.rounds)}
            self.run.button_style = "" if seen else "success"
            self.say("" if seen else "press Run to measure this")
            return []
        self.run.disabled, self.stop.disabled, self.run.button_style = True, False, ""  # a sign of life
        self.known.begin(self._condition(), anew=wish == "run")
        if wish == "run":
            self._began = time.monotonic()
            self._see_limits()
        return jobs

    def more(self) -> list[Job]:
        """Return one more round until the verdicts are clear or the time is over, then what is watched."""
        if jobs := self.known.another_round(time.monotonic() - self._began, idle=not self._limits):
            return jobs
        last, self._last = self._last, []
        return last

    def attempt(self, job: Job, limit: float = LIMIT) -> Attempt:
        """Return an attempt at `job` with the functions as they are by now."""
        work, workers, *strip = job
        self.say(f"measuring {work} {saying.count(workers)} …")
        kind = [newest(self._kinds[work])] if work else []
        around = _latency(self._site, self.latency.value) if self._site else nullcontext()
        more: Any = {"job": job, "limit": limit, "write": self._lines.append, "gil": bool(strip)}
        more["around"] = around
        attempt = Attempt(newest(self._function), *kind, workers, **more)
        waterfall = self._handle and self.known.downloads
        self.growing = Growing(self.room_for([], attempt)) if waterfall else None  # now: no clock runs yet
        return attempt

    def room_for(self, results: Sequence[Any], attempt: Attempt) -> Picture:
        """Return the picture on which `results`, the downloads of `attempt`, can grow."""
        more: Any = {"site": self._site, "latency": self.latency.value, "growing": results}
        return compare(self.known, attempt.job[1], guess=self._guess, **more)

    def take(self, attempt: Attempt) -> bool:
        """Keep what came of `attempt`; return whether to go on."""
        self.say(attempt.error)
        work, workers, *strip = attempt.job
        if not attempt.error and strip:
            self.known.strips[work, workers] = attempt.lanes
        elif not attempt.error:
            more = {"cpu": attempt.cpu, "share": attempt.share}
            self.known.add((work, workers), attempt.seconds, attempt.lanes, **more)
        if attempt.error or strip or self.known.worth_drawing:
            self.draw()
        return not attempt.error

    def _see_limits(self) -> None:
        """Say above the picture, before anything runs, what will falsify the times."""
        self._limits = limits()
        labels = sorted({each.label for each in self._recorded})
        dashed = f". Dashed: {', '.join(labels)}" if self._limits and labels else ""
        self.warn(self._limits + dashed)
        self.draw()

    def _condition(self) -> tuple[Any, ...]:
        functions = [version(newest(each)) for each in (self._function, *self._kinds.values())]
        return (*functions, self.latency.value)


@contextmanager
def _latency(site: Any, seconds: float) -> Iterator[None]:
    """Have `site` answer after so many seconds, for the time of a block."""
    before = site.latency
    site.set(latency=seconds)
    try:
        yield
    finally:
        with suppress(ValueError, RuntimeError):  # it was closed meanwhile
            site.set(latency=before)
