import ast
import asyncio
import linecache
import os
import socket
import ssl
import subprocess
import sys
import threading
from dataclasses import dataclass

import pytest

from threadlab import watch
from threadlab.running import ticking, ticks
from threadlab.running.machine import this_machine

early = threading.Lock()


def count_up(limit, step=1, *, start=0):
    """A docstring stays where it was."""
    total = start
    for number in range(0, limit, step):
        while total < number:
            total += 1
    return total


def fibonacci(n): return n if n < 2 else fibonacci(n - 1) + fibonacci(n - 2)  # fmt: skip


def squares(limit):
    for number in range(limit):
        yield number**2


def maker(factor):
    def inner(limit):
        for _ in range(limit):
            pass
        return factor * limit

    return inner


triple = maker(3)


class Till:
    def add(self, prices):
        total = 0
        for price in prices:
            total += price
        return total

    @classmethod
    def name(cls):
        return cls.__name__


class NewTill(Till):
    def add(self, prices):
        self.__prices = prices
        for _ in range(1):
            total = super().add(prices)
        return total, self._NewTill__prices


@dataclass
class Made:
    made: int = 0


def fails(limit):
    for number in range(limit):
        if number == 3:
            raise ValueError("three")


@pytest.fixture
def beats():
    pulse = ticks.Pulse()
    ticks.give_pulse(pulse)
    yield lambda: pulse.ticks
    ticks.give_pulse(None)


@pytest.mark.parametrize(
    ("call", "answer"),
    [
        (lambda: count_up(50, 2, start=1), 48),
        (lambda: fibonacci(10), 55),
        (lambda: sum(squares(4)), 14),
        (lambda: triple(5), 15),
        (lambda: Till().add([1, 2]), 3),
        (Till.name, "Till"),
        (lambda: NewTill().add([1, 2]), (3, [1, 2])),
    ],
)
def test_a_function_that_ticks_returns_what_it_returned(call, answer, beats):
    assert (call(), beats()) == (answer, 0)
    with ticking.ticking(globals()):
        assert call() == answer
        assert beats() > 0
    before = beats()
    assert (call(), beats()) == (answer, before)


def test_a_function_that_cannot_be_read_stays_as_it_is(beats):
    with ticking.ticking(globals()):
        assert Made(2) == Made(2)


def test_a_cell_that_awaits_ticks_too(beats):
    text = "async def nap(): pass\nawait nap()\ndef f():\n for _ in 'ab': pass"
    names, file = {"__name__": "__main__"}, "<a cell that awaits>"
    linecache.cache[file] = (len(text), None, text.splitlines(keepends=True), file)
    asyncio.run(eval(compile(text, file, "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT), names))
    with ticking.ticking(names):
        names["f"]()
    assert beats() > 0


def test_an_error_names_the_line_that_raised_it():
    with ticking.ticking(globals()):
        with pytest.raises(ValueError, match="three") as caught:
            fails(9)
    assert caught.traceback[-1].lineno + 1 == fails.__code__.co_firstlineno + 3


def test_code_is_put_back_also_after_an_error():
    code = fails.__code__
    with pytest.raises(ValueError, match="three"), ticking.ticking(globals()):
        fails(9)
    assert fails.__code__ is code


def test_of_two_blocks_at_once_the_first_puts_the_code_back():
    code = count_up.__code__
    with ticking.ticking(globals()):
        with ticking.ticking(globals()):
            assert count_up(5) == 4
        assert count_up.__code__ is not code
    assert count_up.__code__ is code


def test_a_learners_thread_ticks_and_its_lane_says_that_it_runs():
    with watch(gil=True) as run:
        threading.Thread(target=count_up, args=(200_000,), name="Ann").start()
    (ann,) = run.timeline.lanes
    assert ann.books()["running"] > 0
    assert set(ann.books()) <= {"running", "off"}
    assert run.timeline.ticks


def test_who_waits_for_a_lock_made_before_is_not_said_to_wait_for_the_gil():
    with early, watch(gil=True, limit=0.3) as run:
        threading.Thread(target=lambda: early.acquire(), name="Ann").start()
    assert run.timeline.lanes[0].end == "was still waiting for the lock early"
    assert run.timeline.lanes[0].books()["blocked"] > 0
    assert isinstance(early, type(threading.Lock()))
    assert not early.locked()


def waits_beside_a_computing_thread(wait, let_it_end, steps=200_000):
    """Return for what a thread in `wait` is said to wait, beside one that computes and lets it end."""

    def compute():
        count_up(steps)
        let_it_end()

    with watch(gil=True) as run:
        threading.Thread(target=wait, name="Ann").start()
        threading.Thread(target=compute, name="Bob").start()
    spans = [span for span in run.timeline.lanes[0].spans if span.state not in ("running", "off")]
    return {(span.state, span.what) for span in spans}  # without what it ran, or the system took


def test_who_waits_for_the_network_beside_a_computing_thread_is_not_said_to_wait_for_the_gil():
    near, far = socket.socketpair()
    near.settimeout(10)
    with near, far:
        waits = waits_beside_a_computing_thread(lambda: near.recv(1), lambda: far.sendall(b"!"))
    assert waits == {("waiting", "the network")}


def test_who_waits_for_an_encrypted_answer_waits_for_the_network():
    pair = [ssl.SSLContext(kind) for kind in (ssl.PROTOCOL_TLS_CLIENT, ssl.PROTOCOL_TLS_SERVER)]
    for context in pair:
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        context.set_ciphers("aNULL:@SECLEVEL=0")  # without a certificate
    near, far = (
        context.wrap_socket(end, server_side=bool(n), do_handshake_on_connect=False)
        for n, (context, end) in enumerate(zip(pair, socket.socketpair(), strict=True))
    )
    with near, far:
        waits = waits_beside_a_computing_thread(lambda: near.do_handshake(), lambda: far.do_handshake())
        assert waits == {("waiting", "the network")}
        waits = waits_beside_a_computing_thread(lambda: near.recv(1), lambda: far.send(b"!"))
        assert waits == {("waiting", "the network")}


def read_lines(file):
    for _ in range(2):
        file.readline()


def test_who_reads_from_a_pipe_for_long_is_not_said_to_wait_for_the_gil():
    reading, writing = os.pipe()
    with open(reading) as file, open(writing, "w") as other:
        other.write("first\n")
        other.flush()
        waits = waits_beside_a_computing_thread(lambda: read_lines(file), other.close, steps=5_000_000)
    assert (("ready", "") in waits) is this_machine().gil  # without a GIL nobody is said to wait at all


CHILD = [sys.executable, "-c", "import sys; sys.stdin.read()"]


@pytest.mark.parametrize("wait", ["wait", "communicate"])
def test_who_waits_for_a_child_process_is_not_said_to_wait_for_the_gil(wait):
    with subprocess.Popen(CHILD, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        stdin, child.stdin = child.stdin, None
        with stdin:
            waits = waits_beside_a_computing_thread(lambda: getattr(child, wait)(), stdin.close)
    assert waits == {("waiting", "the process")}
