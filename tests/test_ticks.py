import pytest

from threadlab.running import ticks
from threadlab.running.gil import switch_interval
from threadlab.running.lanes import Recording
from threadlab.running.ticks import CALL, FREE, NETWORK, Pulse, tick, tick_after


class Clock:
    """The two clocks of a thread, moved by hand."""

    def __init__(self):
        self.now = self.cpu = 100.0

    def work(self, seconds):
        self.now, self.cpu = self.now + seconds, self.cpu + seconds

    def wait(self, seconds):
        self.now += seconds


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(ticks, "perf_counter", lambda: clock.now)
    monkeypatch.setattr(ticks, "thread_time", lambda: clock.cpu)
    return clock


@pytest.fixture
def pulse(clock):
    pulse = Pulse()
    ticks.give_pulse(pulse)
    yield pulse
    ticks.give_pulse(None)


def spans(pulse, clock, *, own_thread=True):
    """Return what the pulse says of the time since the clock began: milliseconds, state, what."""
    found = pulse.spans(100.0, 0.0, clock.now - 100.0, own_thread=own_thread)
    return [(round(1000 * (span.end - span.start), 1), span.state, span.what) for span in found]


def test_short_work_between_ticks_is_one_stretch(clock, pulse):
    for _ in range(100):
        clock.work(0.0001)
        tick()
    assert spans(pulse, clock) == [(10.0, "running", "")]
    assert (pulse.ticks, pulse.pauses) == (100, [])


def test_a_pause_without_processor_time_is_off(clock, pulse):
    clock.work(0.0003)
    tick()
    clock.wait(0.005)
    clock.work(0.0001)
    tick()
    assert spans(pulse, clock) == [(0.3, "running", ""), (0.1, "running", ""), (5.0, "off", "")]


def test_what_waiting_for_the_gil_itself_takes_of_a_core_is_no_part_of_a_turn(clock, pulse):
    for _ in range(50):
        clock.work(0.0001)
        tick()
    clock.work(0.0001)
    clock.wait(0.015)
    clock.cpu += 0.00017  # asked for it three times
    tick()
    with switch_interval(0.005):
        found = spans(pulse, clock)
    assert found == [(5.0, "running", ""), (0.1, "running", ""), (15.0, "off", "")]


@pytest.mark.parametrize("since", [CALL, FREE])
def test_a_pause_with_processor_time_was_a_long_call(clock, pulse, since):
    clock.work(0.0001)
    tick()
    clock.work(0.008)
    tick(since)
    assert spans(pulse, clock) == [(0.1, "running", ""), (8.0, "running", since)]


def test_a_pause_in_a_call_of_the_network_is_a_wait_for_it(clock, pulse):
    tick()
    clock.wait(0.05)
    tick(NETWORK)
    assert spans(pulse, clock) == [(50.0, "waiting", "the network")]


def test_without_a_tick_a_thread_that_had_a_core_all_the_time_ran(clock, pulse):
    clock.work(0.05)
    assert spans(pulse, clock) == [(50.0, "running", CALL)] or spans(pulse, clock) == [(50.0, "running", "")]


def test_without_a_tick_a_thread_that_had_a_core_at_times_is_not_guessed_at(clock, pulse):
    clock.work(0.02)
    clock.wait(0.03)
    assert spans(pulse, clock) == [(50.0, "ready", "")]


def test_of_the_pause_under_way_another_thread_knows_nothing(clock, pulse):
    clock.work(0.0001)
    tick()
    clock.work(0.05)
    assert spans(pulse, clock, own_thread=False) == [(0.1, "running", ""), (50.0, "ready", "")]


def test_where_processor_time_is_too_coarse_the_usual_work_between_ticks_stands_for_it(
    monkeypatch, clock, pulse
):
    monkeypatch.setattr(ticks, "_CAN_TELL", False)
    monkeypatch.setattr(ticks, "thread_time", lambda: 100.0)
    for _ in range(50):
        clock.work(0.0002)
        tick()
    clock.wait(0.005)
    clock.work(0.0002)
    tick()
    assert spans(pulse, clock)[-1] == (5.0, "off", "")


def test_the_next_tick_of_a_loop_is_due_sooner_where_its_rounds_take_long(clock, pulse):
    tick()
    clock.work(0.00001)
    assert tick_after(8) == 16
    clock.work(0.0001)
    assert tick_after(16) == 16
    clock.work(0.01)
    assert tick_after(16) == 8


def test_ticks_of_a_thread_that_nobody_watches_go_nowhere():
    tick()
    assert tick_after(4) == 8


def test_who_wakes_late_was_not_asleep_to_the_end(clock, pulse):
    lane = Recording("Ann", lambda: clock.now - 100.0, pulse=pulse)
    lane.enter("waiting", "sleep")
    clock.wait(0.012)
    lane.be_due(0.010)
    lane.enter("running")
    assert [(round(1000 * (s.end - s.start)), s.state) for s in lane.spans] == [(2, "waiting"), (10, "off")]
