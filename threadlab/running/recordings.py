"""Keep what `sweep` measured, for a machine that cannot measure it itself, and never without saying so."""

import json
import os
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Any

from threadlab.running.arguments import number, some, whole_number
from threadlab.running.machine import Machine, this_machine
from threadlab.running.scaling import Scaling, Timing

FORMAT = 1
DATA = Path(__file__).parents[2] / "notebooks" / "data"
HOW = "`python -m threadlab record` makes a new one"


@dataclass(frozen=True, slots=True)
class Recording:
    """A speed-up that was measured earlier, perhaps on another machine."""

    scaling: Scaling
    day: date
    lost: tuple[int, ...] = ()  # of a million updates, by each call of the textbook counter in 04

    @property
    def label(self) -> str:
        """When and on what it was measured, to stand beside every picture of it."""
        return f"recorded {self.day.day} {self.day:%b %Y}, {self.scaling.machine}"


def load_recording(name: str | os.PathLike[str]) -> Recording:
    """Load the recording `name` of the course, or the file at that path.

        >>> from threadlab import load_recording
        >>> load_recording("processes").scaling.executor
        'processes'

    The course has one for each `executor` of `sweep`, and one for each kind of work of notebook 04.

    Raises:
        FileNotFoundError: There is no such recording.
        TypeError: `name` is neither a name nor a path.
        ValueError: The file is broken, or of another format; the sentence says what is wrong.
    """
    if not isinstance(name, (str, os.PathLike)):
        raise TypeError(f"name must be that of a recording, such as 'processes', or a path, not {name!r}")
    path = Path(name) if Path(name).suffix else DATA / f"{name}.json"
    if not path.is_file():
        known = ", ".join(sorted(each.stem for each in DATA.glob("*.json"))) or "none"
        raise FileNotFoundError(f"there is no recording {str(name)!r} (there are: {known}); {HOW}")
    try:
        return _from_json(json.loads(path.read_text("utf-8")))
    except (AttributeError, KeyError, TypeError, ValueError) as why:
        what = f"{why} is missing" if isinstance(why, KeyError) else why
        raise ValueError(f"{path} is not a recording that can be read: {what}; {HOW}") from why


def recordings_of(names: Iterable[str]) -> dict[str, Recording]:
    """Return those of the recordings `names` that come with the course and can be read."""
    found = {}
    for name in names:
        with suppress(OSError, ValueError):
            found[name] = load_recording(name)
    return found


def save_recording(
    scaling: Scaling, name: str = "", *, lost: Iterable[int] = (), folder: Path | None = None
) -> Path:
    """Write `scaling` into `folder` as `name` or its executor; an older one stays until it is done."""
    path = (folder or DATA) / f"{name or scaling.executor}.json"
    part = path.with_suffix(".part")
    data = {
        "format": FORMAT,
        "recorded": date.today().isoformat(),
        "machine": asdict(scaling.machine or this_machine()),
        "function": scaling.name,
        "executor": scaling.executor,
        "tasks": scaling.tasks,
        "seconds": {n: timing.seconds for n, timing in scaling.timings.items()},  # by number of workers
        "startup": dict(scaling.startup),
        "lost": list(lost),
    }
    try:
        part.write_text(json.dumps(data, indent=1) + "\n", "utf-8")
        return part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def _from_json(data: dict[str, Any]) -> Recording:
    if not isinstance(data, dict):
        raise TypeError(f"it holds {str(data)[:40]}, and not the names and values of a recording")
    if data.get("format") != FORMAT:
        raise ValueError(f"its format is {data.get('format')!r} and not {FORMAT}")
    machine = Machine(**data["machine"])
    for name, kind in {"python": str, "gil": bool, "cores": int, "system": str}.items():
        if not isinstance(getattr(machine, name), kind):
            raise TypeError(f"its machine has {name} {getattr(machine, name)!r}")
    timings = {
        int(n): Timing(tuple(number(f"seconds of {n} workers", each) for each in some("seconds", values)))
        for n, values in data["seconds"].items()
    }
    startup = {int(n): number("startup", value) for n, value in data["startup"].items()}
    tasks = whole_number("tasks", data["tasks"])
    scaling = Scaling(str(data["function"]), str(data["executor"]), tasks, timings, startup, machine)
    lost = tuple(whole_number("lost", each, least=0) for each in data.get("lost", ()))
    return Recording(scaling, date.fromisoformat(data["recorded"]), lost)
