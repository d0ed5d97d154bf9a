"""Calls back, in the running thread, wherever a step of the learner's code begins."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import Context
from functools import partial
from types import CodeType, FrameType
from typing import Any

from threadlab.running.standins import world
from threadlab.schedules.learner import Learner, Page

BY_MONITORING = sys.version_info >= (3, 12)  # there `f_trace_opcodes` is not safe: it crashes 3.12.1


class Tracing:
    """Calls `reach(frame, page)` at each switch point."""

    def __init__(self, learner: Learner, reach: Callable[[FrameType, Page], None]) -> None:
        self._learner, self._reach = learner, reach
        self._watch: Callable[[CodeType], None] = lambda code: None
        self._watched: set[Page] = set()
        self.paused = False  # while it is not the learner's code that calls something (for _instruction)

    def call(self, body: Callable[[], Any]) -> None:
        """Call `body` in the thread that asks for it, with a fresh context."""
        sys.settrace(self._enter)
        try:
            Context().run(body)
        finally:
            sys.settrace(None)

    def _enter(self, frame: FrameType, event: str, argument: Any) -> Any:
        page = self._learner.page(frame)
        if page is None:
            return None
        if self._learner.micro and BY_MONITORING:
            if page not in self._watched:
                self._watched.add(page)
                self._watch(page.code)
            return None
        frame.f_trace_opcodes = self._learner.micro
        frame.f_trace_lines = not self._learner.micro
        return partial(self._go_on, page)

    def _go_on(self, page: Page, frame: FrameType, event: str, argument: Any) -> Any:
        if event == "opcode":
            begins = page.is_point(frame)
        else:
            begins = event == "line" and (page.outline is None or page.outline.begins_line(frame))
        if begins:
            self._reach(frame, page)
        if page.shares_names:
            # Up to 3.12 an `f_locals` read while this frame was parked would now be written back and undo
            # what others did to closures; reading it once more makes that the values of now.
            frame.f_locals  # noqa: B018

    def _instruction(self, scheduler: Any, code: CodeType, offset: int) -> None:
        if world() is scheduler and not self.paused:
            frame = sys._getframe(1)
            page = self._learner.page(frame)
            if page is not None and page.is_point(frame):
                self._reach(frame, page)

    @contextmanager
    def instructions(self, scheduler: Any) -> Iterator[None]:
        """Let instructions call back, if micro steps are asked for, for the time of a block."""
        if not (self._learner.micro and BY_MONITORING):
            yield
            return
        monitoring: Any = vars(sys)["monitoring"]
        event = monitoring.events.INSTRUCTION
        tool = next(tool for tool in range(6) if monitoring.get_tool(tool) is None)
        monitoring.use_tool_id(tool, "threadlab")
        monitoring.register_callback(tool, event, partial(self._instruction, scheduler))
        self._watch = lambda code: monitoring.set_local_events(tool, code, event)
        try:
            yield
        finally:
            for page in self._watched:
                monitoring.set_local_events(tool, page.code, 0)
            monitoring.free_tool_id(tool)
