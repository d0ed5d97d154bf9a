"""Waits for the end of a run, and brings it about if a step never ends."""

import sys
from collections.abc import Sequence
from queue import Empty, SimpleQueue
from threading import Thread
from time import process_time

from threadlab.running.standins import raise_in_thread
from threadlab.schedules.primitives import Abandon, UnsupportedError, name_of
from threadlab.schedules.run import Run

# Where an exception from outside would be lost or do harm; nobody stays there for long.
_NOT_NOW = ("threadlab.", "weakref", "_weakrefset")
# A step takes microseconds; a blocking call or an endless loop never ends. So a step that is still under way
# after so many looks, in seconds, is asked to end, so many times. (Together below a second.)
LOOKS, LOOK = 12, 0.05
BLOCKED = 0.02  # seconds of the processor that a process takes meanwhile if its thread is blocked, at most
TRIES, TRY = 10, 0.02
COMPUTES = 0.002  # seconds of the processor that a process takes meanwhile if its thread computes, at least


def await_end(run: Run, done: SimpleQueue[None], threads: Sequence[Thread]) -> None:
    """Wait until `done` has something; if a step of `run` goes on for ever, end it from outside.

    Raises:
        UnsupportedError: Nothing can end it; it is left behind.
    """
    steps, looks, began = 0, 0, process_time()
    try:
        while not _came(done, LOOK):  # short: an interrupt gets through on Windows, too
            looks += 1
            if run.steps != steps:
                steps, looks, began = run.steps, 0, process_time()
            if looks >= LOOKS and not (looks < 6 * LOOKS and _is_only_slow(process_time() - began, threads)):
                break
    finally:
        if run.current is not None:  # or it is interrupted, and the step under way may only be slow
            _force_out(run, done, threads, TRIES if looks >= LOOKS else 4 * TRIES)


def _is_only_slow(computed: float, threads: Sequence[Thread]) -> bool:
    """Tell whether a step may have got too little of the processor, on a busy machine."""
    if computed >= LOOK * LOOKS / 2:
        return False
    return computed > BLOCKED or any(waits_for_a_core(thread) for thread in threads)


def waits_for_a_core(thread: Thread) -> bool:
    """Tell whether `thread` could go on if it had a core, as far as the system says (Linux)."""
    try:
        with open(f"/proc/self/task/{thread.native_id}/stat", "rb", buffering=0) as stat:
            return stat.read(100).rpartition(b") ")[2].startswith(b"R")
    except OSError:
        return False


def _came(done: SimpleQueue[None], seconds: float) -> bool:
    try:
        done.get(timeout=seconds)
    except Empty:
        return False
    return True


def _force_out(run: Run, done: SimpleQueue[None], threads: Sequence[Thread], tries: int) -> None:
    """End the run from outside: by a mark where threads look, and by an exception where they compute."""
    where = f"thread {name_of(run.current or 0)} did not get out of line {run.places[run.current or 0][0]}"
    if run.over:
        why = "it catches even the exception that ends a run. Write `except Exception` instead"
    else:
        why = (
            "a loop or a call that never ends. Blocking calls (files, sockets, subprocess, asyncio.run) "
            "cannot be explored: use queue.Queue, locks and time.sleep, or give coroutines as threads"
        )
    run.over, run.failure = True, run.failure or UnsupportedError(f"{where}: {why}")
    began = process_time()
    for _ in range(tries):
        if _came(done, TRY):
            return
        ident = threads[run.current or 0].ident or 0
        frame = sys._current_frames().get(ident)
        # A thread that is blocked sees the mark when it comes back, if ever. An exception that waits for it
        # until then would make every other traced thread spin for ever on 3.11.
        computes = process_time() - began > COMPUTES
        if computes and frame and not frame.f_globals.get("__name__", "").startswith(_NOT_NOW):
            raise_in_thread(ident, Abandon)
    raise UnsupportedError(f"{where}: {why}. It still runs, and nothing can end it")  # as a call into C
