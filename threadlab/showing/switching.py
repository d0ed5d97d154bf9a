"""Let learners try how long a turn with the GIL may last: a slider, and the turns that came of it."""

from collections.abc import Callable, Sequence
from typing import Any

from threadlab.running.arguments import function, name_of, some
from threadlab.running.gil import switch_interval, turns
from threadlab.running.timeline import Timeline
from threadlab.showing import saying, style
from threadlab.showing.cells import RunPanel, marks, slider, take_the_place
from threadlab.showing.comparing import none_yet
from threadlab.showing.coordinating import Attempt, newest
from threadlab.showing.style import Picture
from threadlab.showing.timelines import plot_timeline

LIMIT = 10.0  # seconds for one run
TURNS = 48.5  # as many as a whole picture has room for
MOST = 1000.0  # milliseconds
_FOLLOWS = 1.5  # times the interval; a turn that is longer did not follow it


def try_switch_interval(
    run: Callable[[], Any], *, milliseconds: Sequence[float] = (1, 2, 5, 10, 20, 50, 100)
) -> "Switching":
    """Let a learner try `run` with another switch interval, which is put back after every run.

        >>> panel = try_switch_interval(lambda: None)
        >>> panel.picture.alt.splitlines()[0]
        'asked for 5 ms: nobody had to wait for the GIL'

    Args:
        run: Called without arguments, always its newest version; it starts and joins threads that compute.
        milliseconds: What the slider offers.

    Raises:
        TypeError: `run` is no function, or one of `milliseconds` is no number.
        ValueError: one of `milliseconds` is below 0.1 or above 1,000.
    """
    choices = [_interval(each) for each in some("milliseconds", milliseconds)]
    panel = Switching(function("run", run), choices)
    take_the_place(panel, name_of(run))
    panel.open()
    return panel


def _interval(value: Any) -> float:
    """Return `value` if it is a switch interval in milliseconds."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise TypeError(f"milliseconds must be numbers such as 5, not {value!r}")
    if not 0.1 <= value <= MOST:
        raise ValueError(f"milliseconds must be from 0.1 to {MOST:g}, not {value}")
    return float(value)


class Switching(RunPanel):
    """The slider, and the strip of the last run."""

    def __init__(self, run: Callable[[], Any], choices: Sequence[float], *, pause: float = 0.5) -> None:
        self._function, self._seen = run, dict[float, Timeline]()
        usual = min(choices, key=lambda each: abs(each - 5))
        self.interval = slider("turn", {f"{each:g} ms": each for each in choices}, usual)
        self.interval.layout.width = "400px"
        question = f"{name_of(run)}(): how long does a turn with the GIL last?"
        super().__init__(question, [self.interval], pause, marks(self.interval, "5 ms", "20 ms", "50 ms"))

    def paint(self) -> Picture:
        """Return the run with the interval that the slider says."""
        run, asked = self._seen.get(self.interval.value, none_yet(1)), self.interval.value
        told = turns(run)
        words = switching_words(run, asked)
        left = style.margin([lane.name for lane in run.lanes])
        axes = plot_timeline(
            run, ax=style.new_axes(300, left=left), reach=0.1, until=TURNS * told.turn or 10.0
        )
        style.headline(axes, words.splitlines()[0])
        return Picture(axes.figure, words)

    def open(self) -> None:
        """Show the panel with a first run."""
        attempt = self.attempt(self.interval.value)
        attempt()
        self.take(attempt)
        self.show()

    def clear(self) -> None:
        """Forget what is known."""
        self._seen.clear()
        self.draw()

    def plan(self, wish: str) -> list[float]:
        """Return the one setting that a run measures."""
        self.run.disabled, self.stop.disabled = True, False
        return [self.interval.value]

    def attempt(self, job: float) -> Attempt:
        """Return an attempt with the switch interval `job`, in milliseconds."""
        self.say(f"turns of {job:g} ms …")
        around = switch_interval(job / 1000)
        return Attempt(newest(self._function), job=job, limit=LIMIT, gil=True, around=around)

    def take(self, attempt: Attempt) -> bool:
        """Keep what came of `attempt`; return whether to go on."""
        self.say(attempt.error)
        if not attempt.error:
            self._seen[attempt.job] = attempt.lanes
        self.draw()
        return not attempt.error


def switching_words(run: Timeline, asked: float) -> str:
    """Return how long the turns of `run` were beside the milliseconds `asked` for, and why if they differ."""
    told = turns(run)
    if not run.seconds:
        return f"asked for {asked:g} ms: not watched yet"
    if run.machine and not run.machine.gil:
        return f"asked for {asked:g} ms: this Python has no GIL to hand over\n{run.text()}"
    if not told.hand_offs:
        return f"asked for {asked:g} ms: nobody had to wait for the GIL\n{run.text()}"
    busy = told.system > 0.1 * told.covered
    why = "other programs interrupt it" if busy else "this system wakes a thread later than asked"
    late = f": {why}" if 1000 * told.turn > _FOLLOWS * asked else ""
    turn = saying.milliseconds(told.turn)
    first = f"asked for {asked:g} ms: {turn} a turn, {saying.count(told.hand_offs, 'hand-off')}{late}"
    return f"{first}\n{run.text()}"
