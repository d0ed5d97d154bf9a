"""Keep the lines whole that several threads print at once."""

from typing import Any

from threadlab.running.standins import world


class WholeLines:
    """Stands in for `sys.stdout`: what a thread of a run writes goes on line by line."""

    def __init__(self, real: Any) -> None:
        self._real = real

    def write(self, text: str) -> int:
        """Write `text`; in a run, keep what follows the last line end until its line is complete."""
        act = getattr(world(), "_write_text", None)
        if act:
            act(self._real, text)
        else:
            self._real.write(text)
        return len(text)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)
