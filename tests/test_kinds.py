"""Which way fits which kind of task: the table of answers, and tasks that do what they are said to."""

import asyncio

import pytest

from threadlab.workloads import kinds
from threadlab.workloads.kinds import (
    AWAITS,
    BLOCKS,
    COMPLEX,
    HARDLY,
    IN_C,
    IN_PYTHON,
    NOTHING,
    SIMPLE,
    SOMETHING,
    Kind,
    choose,
    perform,
    perform_awaiting,
    tasks,
)

LAPTOP = {"gil": True, "cores": 4}
TABLE = [
    (NOTHING, HARDLY, "serial", "handing a task over costs more"),
    (NOTHING, IN_PYTHON, "processes", "each process has its own GIL"),
    (NOTHING, IN_C, "threads", "C code lets go of the GIL"),
    (BLOCKS, HARDLY, "threads", "a thread that waits lets go of the GIL"),
    (BLOCKS, IN_PYTHON, "processes", "each process has its own GIL"),
    (BLOCKS, IN_C, "threads", "C code lets go of the GIL"),
    (AWAITS, HARDLY, "asyncio", "only an await switches"),
    (AWAITS, IN_PYTHON, "processes", "each process has its own GIL"),
    (AWAITS, IN_C, "threads", "C code lets go of the GIL"),
]


@pytest.mark.parametrize(("waits", "computes", "way", "reason"), TABLE)
def test_what_a_task_waits_for_and_computes_decides(waits, computes, way, reason):
    choice = choose(Kind(waits, computes), **LAPTOP)
    assert (choice.way, choice.timed) == (way, True)
    assert reason in choice.reason


@pytest.mark.parametrize(("waits", "way"), [(NOTHING, "serial"), (BLOCKS, "serial"), (AWAITS, "asyncio")])
@pytest.mark.parametrize("computes", [HARDLY, IN_PYTHON, IN_C])
def test_complex_logic_on_what_is_shared_is_answered_by_a_reason_that_no_clock_shows(waits, way, computes):
    choice = choose(Kind(waits, computes, SOMETHING, COMPLEX), **LAPTOP)
    assert (choice.way, choice.timed) == (way, False)


@pytest.mark.parametrize(("waits", "computes", "way", "reason"), TABLE)
@pytest.mark.parametrize(("shares", "logic"), [(NOTHING, COMPLEX), (SOMETHING, SIMPLE)])
def test_complex_logic_or_sharing_alone_changes_nothing(waits, computes, way, reason, shares, logic):
    assert choose(Kind(waits, computes, shares, logic), **LAPTOP).way == way


def test_processes_are_said_to_get_copies_of_what_is_shared():
    assert "a copy of what is shared" in choose(Kind(NOTHING, IN_PYTHON, SOMETHING), **LAPTOP).reason


def test_without_a_gil_threads_compute_in_python():
    choice = choose(Kind(NOTHING, IN_PYTHON), gil=False, cores=4)
    assert (choice.way, "no GIL" in choice.reason) == ("threads", True)


@pytest.mark.parametrize(("waits", "way"), [(NOTHING, "serial"), (BLOCKS, "threads"), (AWAITS, "asyncio")])
@pytest.mark.parametrize("computes", [IN_PYTHON, IN_C])
def test_on_one_core_only_waiting_can_overlap(waits, computes, way):
    assert choose(Kind(waits, computes), gil=True, cores=1).way == way


def test_tiny_tasks_are_many():
    assert (len(tasks(Kind(NOTHING, HARDLY))), len(tasks(Kind(BLOCKS, HARDLY)))) == (500, 4)


@pytest.mark.parametrize(("waits", "slept", "awaited"), [(NOTHING, 0, 0), (BLOCKS, 1, 0), (AWAITS, 0, 1)])
def test_the_coroutine_awaits_only_what_has_an_await(monkeypatch, waits, slept, awaited):
    calls = {"sleep": 0, "await": 0}

    async def note(seconds):
        calls["await"] += 1

    monkeypatch.setattr(kinds.time, "sleep", lambda seconds: calls.update(sleep=calls["sleep"] + 1))
    monkeypatch.setattr(kinds.asyncio, "sleep", note)
    asyncio.run(perform_awaiting(Kind(waits)))
    assert calls == {"sleep": slept, "await": awaited}


@pytest.mark.parametrize(("computes", "called"), [(HARDLY, "primes"), (IN_PYTHON, "primes"), (IN_C, "hash")])
def test_the_task_computes_what_was_answered(monkeypatch, computes, called):
    calls = []
    monkeypatch.setattr(kinds, "count_primes", lambda limit: calls.append("primes"))
    monkeypatch.setattr(kinds, "hash_buffer", lambda *, rounds: calls.append("hash"))
    perform(Kind(NOTHING, computes))
    assert calls == [called]
