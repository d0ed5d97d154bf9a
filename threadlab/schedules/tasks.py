"""Runs coroutines in the place of threads: a step goes on to the next `await` at which others may go on.

Each task has the thread of its letter and runs there when it is chosen; its lines are no switch points. What
asyncio's own locks, events, queues and `sleep` await is a future, of which the driver here asks only
whether it is done.
"""

import asyncio
import inspect
import sys
from collections.abc import Callable, Sequence
from functools import partial
from types import CodeType, CoroutineType, FrameType
from typing import Any


def are_tasks(functions: Sequence[Callable[..., Any]]) -> bool:
    """Tell whether `functions` are coroutine functions."""
    kinds = {inspect.iscoroutinefunction(function) for function in functions}
    if len(kinds) > 1:
        raise ValueError("threads must be all functions or all coroutine functions, not some of each")
    return kinds == {True}


class _Loop:
    """What asyncio's locks, events, queues and `sleep` ask of an event loop, and no more."""

    def __init__(self, scheduler: Any) -> None:
        self._scheduler, self._run = scheduler, scheduler.run
        self.alarms: list[asyncio.Handle] = []  # set by the step under way; time promises no order

    def create_future(self) -> Any:
        return asyncio.Future(loop=self)  # type: ignore[arg-type]

    def call_later(self, delay: float, callback: Any, *args: Any, context: Any = None) -> Any:
        self.alarms.append(asyncio.Handle(callback, args, self, context))  # type: ignore[arg-type]
        return self.alarms[-1]

    def get_debug(self) -> bool:
        return False

    def __reduce__(self) -> Any:
        if self._run is not self._scheduler.run:
            self._scheduler.give_up("meets a lock of asyncio that was not made by `state` for this run")
        raise TypeError("an event loop")  # a lock keeps it, and a state's key must not look behind it

    def __getattr__(self, name: str) -> Any:
        self._scheduler.give_up(f"needs `{name}` of an event loop; take asyncio's locks, queues and sleep")


class _Pending:
    """A future, as the scheduler asks of a lock that somebody holds."""

    holder, depth, line = None, 0, 0

    def __init__(self, future: Any, task: Any) -> None:
        self.can_go_on = lambda timed: future.done()
        while isinstance(task.cr_await, CoroutineType):
            task = task.cr_await
        self.thing = task.cr_frame.f_locals.get("self", future)  # the lock or queue that made it


def bodies(scheduler: Any, calls: Sequence[Callable[[], Any]]) -> list[Callable[[], Any]]:
    """Return what each thread calls to run its task."""
    loop = _Loop(scheduler)
    return [partial(_drive, scheduler, loop, call) for call in calls]


def _drive(scheduler: Any, loop: _Loop, call: Callable[[], Any]) -> None:
    """Send a task from one suspension to the next, each time it is chosen."""
    sys.settrace(None)
    asyncio._set_running_loop(loop)  # type: ignore[arg-type]
    task = call()
    code = task.cr_code
    lines = [line for *_, line in code.co_lines() if line and line > code.co_firstlineno]
    try:
        scheduler.end_step(task.cr_frame, min(lines, default=code.co_firstlineno))
        if scheduler.is_replay:
            sys.settrace(partial(_note_line, scheduler, code))
        while True:
            future = task.send(None)
            alarms, loop.alarms = loop.alarms, []
            wait = _Pending(future, task) if future is not None and not alarms else None
            scheduler.end_step(task.cr_frame, task.cr_frame.f_lineno, wait)
            for alarm in alarms:
                alarm._run()
    except StopIteration:
        pass
    finally:
        task.close()
        asyncio._set_running_loop(None)


def _note_line(scheduler: Any, code: CodeType, frame: FrameType, event: str, argument: Any) -> Any:
    """Write down each line that a task runs in its own code, as a trace function."""
    if frame.f_code is not code:
        return None
    if event == "line":
        scheduler.ran.append(frame.f_lineno)
    return partial(_note_line, scheduler, code)
