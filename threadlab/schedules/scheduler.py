"""Runs a few real threads one step at a time, in the order that a `decide` function asks for.

Each thread has a baton of its own; whoever got it runs. `sys.settrace` calls back at each line of the
learner's code: there, in the running thread, `decide` picks the thread of the next step, and the baton is
handed over only if that is another thread.
"""

import dis
import os
import sys
import threading
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from queue import SimpleQueue
from types import FrameType
from typing import Any, NoReturn

from threadlab.running.standins import inside
from threadlab.schedules.baton import Baton
from threadlab.schedules.ending import LOOK, await_end
from threadlab.schedules.learner import Learner, Page
from threadlab.schedules.primitives import Abandon, Lock, UnsupportedError, name_of
from threadlab.schedules.run import Run
from threadlab.schedules.tracing import Tracing
from threadlab.schedules.world import StandIns

_HANDLER = dis.opmap["PUSH_EXC_INFO"]
PATIENCE = 10.0  # seconds for a thread to end: it does at once, but a computer may be busy


class Scheduler(StandIns):
    """Owns the threads A, B, … and plays runs on them."""

    def __init__(self, count: int, learner: Learner) -> None:
        super().__init__()
        self._learner, self._count = learner, count
        self._tracing = Tracing(learner, self._reach)
        self._batons: list[Baton] = []
        self._done: SimpleQueue[None] = SimpleQueue()  # no lock: see Baton
        self._closed = False
        self._threads: list[threading.Thread] = []
        self.run = Run(count, lambda run: None)

    def open(self, stack: ExitStack) -> None:
        """Make the threads; they end with `stack`."""
        stack.enter_context(self._tracing.instructions(self))
        stack.callback(self._end_threads)
        self._stay_on_one_core(stack)
        self.renew_threads()

    def _stay_on_one_core(self, stack: ExitStack) -> None:
        """Run on one core where the system lets us: one thread runs at a time, and a core wakes slowly."""
        if hasattr(os, "sched_setaffinity"):
            cores = sorted(os.sched_getaffinity(0))
            with suppress(OSError):  # new threads inherit it
                os.sched_setaffinity(0, {cores[os.getpid() % len(cores)]})
                stack.callback(os.sched_setaffinity, 0, cores)

    def renew_threads(self) -> None:
        """Put new threads in the place of the old ones: thread-locals start afresh."""
        self._end_threads()
        self._closed = False
        self._batons = [Baton() for _ in range(self._count + 1)]
        with inside(None):
            for me in range(self._count + 1):
                work, name = (self._work, name_of(me)) if me < self._count else (self._keep_tracing, "keeper")
                thread = threading.Thread(target=work, args=(me,), name=name, daemon=True)
                self._threads.append(thread)
                thread.start()

    def _end_threads(self) -> None:
        self._closed = self.run.over = True
        patience = PATIENCE if self.run.current is None else LOOK
        with inside(None):
            for baton, thread in zip(self._batons, self._threads, strict=False):
                baton.pass_on()
                thread.join(patience)
        self._threads, self._batons = [], []

    # --- what the caller's thread does

    def play(self, bodies: Sequence[Callable[[], Any]]) -> Run:
        """Run `bodies` on threads A, B, … until they end or `decide` returns None."""
        run = self.run
        run.bodies = bodies
        first = run.decide(run)
        if first is not None:
            try:
                self._hand_over(run, first)
            except KeyboardInterrupt:  # it came just here, where the GIL is let go of
                run.over = True
                raise
            finally:
                await_end(run, self._done, self._threads)
        if run.failure is not None:
            raise run.failure
        return run

    # --- what threads A, B, … do

    def _work(self, me: int) -> None:
        with inside(self):
            while not self._closed:
                self._batons[me].wait()
                if not self._closed:
                    self._live(me, self.run)

    def _keep_tracing(self, me: int) -> None:
        """Trace in one thread all the time.

        From 3.12 on, the first thread that begins to trace and the last one that ends change all code that
        runs, which takes its time.
        """
        sys.settrace(lambda frame, event, argument: None)
        self._batons[me].wait()

    def _live(self, me: int, run: Run) -> None:
        try:
            self._tracing.call(run.bodies[me])
        except BaseException as error:
            if not run.over and not isinstance(error, SystemExit):
                run.crash = run.crash or (me, error)
        run.alive[me] = False
        run.waiting[me] = run.frames[me] = run.handled[me] = None
        following = None if run.over else self._decide(run)
        if following is None:  # every thread that has begun leaves by itself, one after the other
            run.over = True
            following = next((each for each, frame in enumerate(run.frames) if frame is not None), None)
        if following is None:
            run.current = None  # an interrupt may come just after this was got: it tells nothing then
            self._done.put(None)
        else:
            self._hand_over(run, following)

    def _hand_over(self, run: Run, thread: int) -> None:
        run.current = thread
        self._batons[thread].pass_on()

    def _decide(self, run: Run) -> int | None:
        run.steps += 1
        self._tracing.paused, tracer = True, sys.gettrace()
        sys.settrace(None)  # tracing what is ours would cost a call each time
        try:
            chosen = run.decide(run)
        except Exception as error:
            run.failure, chosen = error, None
        self._tracing.paused = False
        sys.settrace(tracer)
        run.stuck = chosen is None and any(run.alive)
        return chosen

    def _reach(self, frame: FrameType, page: Page) -> None:
        """End a step where the next one begins."""
        run, me = self.run, self.run.current
        if me is None:  # `state` or `outcome` runs on the caller's thread
            return
        self._arrive(run, me, frame, frame.f_lineno)
        if not run.over:
            if page.outline is not None and not self._learner.micro:
                page.outline.note(frame, run.held.setdefault(frame, {}))
        # What `with` and `finally` do on the way out is no step. Where a handler begins, an exception would
        # spoil what Python remembers of the one being handled, so there the thread goes on.
        elif not run.told[me] and frame.f_code.co_code[frame.f_lasti] != _HANDLER:
            self._leave(run, me)

    def _arrive(self, run: Run, me: int, frame: FrameType, line: int) -> None:
        if not run.over:
            run.places[me] = line, frame.f_code
            if run.frames[me] is None:  # it was chosen at its start, and starting is not a step
                run.frames[me], run.first[me] = frame, run.places[me]
            else:
                self._step_ends(run, me, frame)

    def end_step(self, frame: FrameType, line: int, wait: Any = None) -> None:
        """End the step of a task that stands at `line` and may `wait`; return when it is chosen to go on."""
        run, me = self.run, self.run.current
        assert me is not None
        run.tasks, run.waiting[me] = True, wait and (wait, False)
        self._arrive(run, me, frame, line)
        run.waiting[me] = None
        if run.over:
            self._leave(run, me)

    def _step_ends(self, run: Run, me: int, frame: FrameType) -> None:
        run.frames[me], run.handled[me] = frame, sys.exc_info()[1]
        chosen = self._decide(run)
        if chosen is None:
            run.over = True
        elif chosen != me:
            self._hand_over(run, chosen)
            self._batons[me].wait()

    def _leave(self, run: Run, me: int) -> NoReturn:
        """Let the running thread leave a run that is over, by an exception, once."""
        run.told[me] = True
        raise Abandon

    # --- what the primitives ask

    def wait(self, lock: Lock, seconds: float | None) -> None:
        """End the step of the running thread; return when it is chosen to go on."""
        run, me = self.run, self.run.current
        if me is None:
            raise UnsupportedError("`state` and `outcome` must not wait: nobody is there to end the wait")
        if run.over:
            raise Abandon
        if run.tasks:
            self.give_up(
                "waits for a lock of threads, which would stop every task; take asyncio.Lock or the like"
            )
        run.waiting[me] = lock, seconds is not None
        self._step_ends(run, me, sys._getframe(2))
        if run.over:
            self._leave(run, me)
        run.waiting[me] = None
        if lock.depth:  # it was chosen although the lock is not there: its time is up
            self.pass_time(seconds or 0)
            run.clocks[me] += 1e-9  # beyond the end of the wait, whatever was rounded
