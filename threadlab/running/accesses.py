"""See the reads and changes of one shared object, in the learner's own lines only."""

import ast
import linecache
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from types import FrameType
from typing import Any, NamedTuple

from threadlab.running.timeline import Change, Mark


class Access(NamedTuple):
    """One mention of an entry in a line: `shop.stock["mug"]` has the path (shop, stock) and the key "mug"."""

    can_change: bool
    path: tuple[str, ...]
    key: str | None  # None: only known when the line runs


class Accesses:
    """The marks and changes of one run, for the numbers in a dict or in the fields of an object."""

    def __init__(self, shared: object, namespace: dict[str, Any], clock: Callable[[], float]) -> None:
        if not isinstance(shared, Mapping) and not hasattr(shared, "__dict__"):
            raise TypeError(f"shared must be a dict or an object with fields, not {shared!r}")
        self._shared, self._namespace, self._clock = shared, namespace, clock
        name = next((name for name, value in list(namespace.items()) if value is shared), "shared")
        self._entry = f'{name}["%s"]' if isinstance(shared, Mapping) else f"{name}.%s"
        self.changes = [Change(0.0, self._entry % key, value) for key, value in self._values().items()]

    @contextmanager
    def traced(self, marks: list[Mark]) -> Iterator[None]:
        """Add to `marks` what the calling thread does, for the time of a block."""
        sys.settrace(lambda frame, event, _: self._follow(frame, marks))
        try:
            yield
        finally:
            sys.settrace(None)

    def _values(self) -> dict[str, float]:
        fields = self._shared if isinstance(self._shared, Mapping) else vars(self._shared)
        return {str(k): v for k, v in list(fields.items()) if isinstance(v, (int, float))}

    def _follow(self, frame: FrameType, marks: list[Mark]) -> Callable[..., Any] | None:
        """Return a trace function for a frame of the learner's code, and none for any other."""
        if frame.f_globals is not self._namespace:
            return None
        accesses = _accesses_by_line(frame.f_code.co_filename)
        pending: list[tuple[Access, float, dict[str, float]]] = []  # the line that runs, and before it ran

        def on_line(frame: FrameType, event: str, _: object) -> Callable[..., Any]:
            while pending:
                self._settle(marks, *pending.pop())
            here = [a for a in accesses.get(frame.f_lineno, ()) if self._means_shared(a, frame)]
            if event == "line" and here:
                pending.append((max(here, key=lambda a: a.can_change), self._clock(), self._values()))
            return on_line

        return on_line

    def _means_shared(self, access: Access, frame: FrameType) -> bool:
        (root, *fields), code = access.path, frame.f_code
        is_local = root in code.co_varnames + code.co_cellvars + code.co_freevars
        value = (frame.f_locals if is_local else frame.f_globals).get(root)
        for field in fields:
            value = value if value is self._shared else getattr(value, "__dict__", {}).get(field)
        return value is self._shared and (access.key is None or access.key in self._values())

    def _settle(self, marks: list[Mark], access: Access, time: float, before: dict[str, float]) -> None:
        """Say what the line did, by what was there before and is there now."""
        now = self._values()
        changed = [key for key in now if now[key] != before.get(key)] if access.can_change else []
        for key in changed:
            self.changes.append(Change(self._clock(), self._entry % key, now[key]))
            verb = "takes" if now[key] < before.get(key, now[key]) else "adds"
            marks.append(Mark(self._clock(), verb))
        if not changed:
            keys = [access.key] if access.key else list(before)
            seen = f": {before[keys[0]]:g}" if len(keys) == 1 else ""
            marks.append(Mark(time, f"looks{seen}"))


@cache
def _accesses_by_line(filename: str) -> dict[int, list[Access]]:
    """Find every mention of an entry in a file or notebook cell."""
    try:
        nodes = list(ast.walk(ast.parse("".join(linecache.getlines(filename)))))
    except SyntaxError:  # a cell with magics
        return {}
    called = {id(node.func) for node in nodes if isinstance(node, ast.Call)}
    found: dict[int, list[Access]] = {}
    for node in nodes:
        if not isinstance(node, (ast.Subscript, ast.Attribute)):
            continue
        is_call, can_change = id(node) in called, not isinstance(node.ctx, ast.Load)
        if isinstance(node, ast.Attribute):
            key = None if is_call else node.attr
        else:
            key = str(node.slice.value) if isinstance(node.slice, ast.Constant) else None
        path = tuple(ast.unparse(node.value).split("."))
        if all(map(str.isidentifier, path)):
            found.setdefault(node.lineno, []).append(Access(is_call or can_change, path, key))
    return found
