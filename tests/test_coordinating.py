import threading

import pytest

from threadlab.showing.coordinating import Coordinator

LIMIT = 20.0  # seconds for any wait


class Attempt:
    """A try at a job that ends when the test lets it."""

    def __init__(self, job):
        self.job, self.began, self.may_end, self.stopped = job, threading.Event(), threading.Event(), False

    def __call__(self):
        self.began.set()
        assert self.may_end.wait(LIMIT)

    def stop(self):
        self.stopped = True
        self.may_end.set()


class Panel:
    """Writes down what its coordinator asks; a run has the jobs 1, 2, 3, a slider at rest the job "one"."""

    def __init__(self, *, by_hand=()):
        self.asked, self.attempts, self.threads, self.rounds = [], {}, set(), []
        self._by_hand, self._changed = by_hand, threading.Condition()

    def _ask(self, what):
        self.threads.add(threading.current_thread().name)
        with self._changed:
            self.asked.append(what)
            self._changed.notify_all()

    def draw(self):
        self._ask("draw")

    def clear(self):
        self._ask("clear")

    def rest(self, *, stopped):
        self._ask("rest, stopped" if stopped else "rest")

    def plan(self, wish):
        self._ask(f"plan {wish}")
        return [1, 2, 3] if wish == "run" else ["one"]

    def more(self):
        return self.rounds.pop() if self.rounds else []

    def attempt(self, job):
        self._ask(f"attempt {job}")
        attempt = self.attempts[job] = Attempt(job)
        if job not in self._by_hand:
            attempt.may_end.set()
        return attempt

    def grow(self, attempt):
        self._ask(f"grow {attempt.job}")

    def take(self, attempt):
        self._ask(f"take {attempt.job}" + (" stopped" if attempt.stopped else ""))
        return not attempt.stopped

    def wait_for(self, what):
        with self._changed:
            assert self._changed.wait_for(lambda: what in self.asked, LIMIT), self.asked


class Clock:
    """A clock that stands still until the test moves it."""

    now = 100.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


def test_moving_the_slider_draws_at_once_and_measures_nothing(clock):
    panel = Panel()
    coordinator = Coordinator(panel, clock=clock)
    coordinator.moved()
    panel.wait_for("draw")
    coordinator.stop()
    coordinator.wish("draw")
    assert coordinator.join(LIMIT)
    assert set(panel.asked) == {"draw"}


def test_a_slider_at_rest_has_its_setting_measured():
    panel = Panel()
    coordinator = Coordinator(panel, pause=0)
    coordinator.moved()
    assert coordinator.join(LIMIT)
    assert panel.asked == ["draw", "plan rest", "attempt one", "take one", "rest"]


def test_a_button_has_its_setting_measured_at_once(clock):
    panel = Panel()
    coordinator = Coordinator(panel, pause=1e9, clock=clock)
    coordinator.moved(at_once=True)
    assert coordinator.join(LIMIT)
    assert panel.asked == ["draw", "plan rest", "attempt one", "take one", "rest"]


def test_every_move_starts_the_rest_anew(clock):
    panel = Panel()
    coordinator = Coordinator(panel, pause=0.5, clock=clock)
    coordinator.moved()
    clock.now += 0.4
    coordinator.moved()
    assert coordinator._rests_at == 100.9
    coordinator.stop()
    coordinator.wish("draw")
    assert coordinator.join(LIMIT)


def test_run_does_every_job_one_after_the_other_and_then_rests():
    panel = Panel()
    coordinator = Coordinator(panel)
    coordinator.wish("run")
    assert coordinator.join(LIMIT)
    jobs = [f"{what} {job}" for job in (1, 2, 3) for what in ("attempt", "take")]
    assert panel.asked == ["plan run", *jobs, "rest"]


def test_a_job_under_way_is_looked_at_again_and_again():
    panel = Panel(by_hand=[1])
    coordinator = Coordinator(panel)
    coordinator.wish("run")
    panel.wait_for("attempt 1")
    panel.wait_for("grow 1")
    panel.attempts[1].may_end.set()
    assert coordinator.join(LIMIT)
    assert panel.asked.index("grow 1") < panel.asked.index("take 1")


def test_a_run_goes_on_while_the_panel_has_more_jobs():
    panel = Panel()
    panel.rounds = [[5], [4]]
    coordinator = Coordinator(panel)
    coordinator.wish("run")
    assert coordinator.join(LIMIT)
    assert [word for word in panel.asked if "take" in word] == [f"take {n}" for n in (1, 2, 3, 4, 5)]
    assert panel.asked.count("rest") == 1


def test_a_slider_at_rest_has_no_more_jobs_than_planned():
    panel = Panel()
    panel.rounds = [[4]]
    coordinator = Coordinator(panel, pause=0)
    coordinator.moved()
    assert coordinator.join(LIMIT)
    assert "attempt 4" not in panel.asked


def test_stop_counts_also_while_the_panel_looks_for_more_jobs():
    panel = Panel()
    coordinator = Coordinator(panel)
    panel.more = lambda: [4] if coordinator.stop() is None else []
    coordinator.wish("run")
    assert coordinator.join(LIMIT)
    assert panel.asked[-2:] == ["take 3", "rest, stopped"]


def test_stop_counts_also_while_the_panel_plans():
    panel = Panel()
    coordinator = Coordinator(panel)
    panel.plan = lambda wish: [1] if coordinator.stop() is None else []
    coordinator.wish("run")
    assert coordinator.join(LIMIT)
    assert panel.asked == ["rest, stopped"]


def test_stop_ends_the_job_under_way_and_forgets_the_others():
    panel = Panel(by_hand=(1,))
    coordinator = Coordinator(panel)
    coordinator.wish("run")
    panel.wait_for("attempt 1")
    coordinator.stop()
    assert coordinator.join(LIMIT)
    assert panel.asked == ["plan run", "attempt 1", "take 1 stopped", "rest, stopped"]


def test_stop_counts_also_when_the_job_has_just_ended_well():
    panel = Panel()
    coordinator = Coordinator(panel)
    panel.take = lambda attempt: coordinator.stop() is None
    coordinator.wish("run")
    assert coordinator.join(LIMIT)
    assert panel.asked == ["plan run", "attempt 1", "rest, stopped"]


def test_run_takes_the_place_of_a_slider_that_has_not_rested_yet(clock):
    panel = Panel()
    coordinator = Coordinator(panel, clock=clock)
    coordinator.moved()
    coordinator.wish("run")
    assert coordinator.join(LIMIT)
    assert "plan rest" not in panel.asked


def test_a_move_drops_what_an_earlier_position_had_still_to_measure():
    panel = Panel(by_hand=("one",))
    panel.plan = lambda wish: ["one", "two"] if not panel.attempts else []
    coordinator = Coordinator(panel, pause=0)
    coordinator.moved()
    panel.wait_for("attempt one")
    coordinator.moved()
    panel.attempts["one"].may_end.set()
    assert coordinator.join(LIMIT)
    assert "attempt two" not in panel.asked


def test_a_move_during_a_run_draws_at_once_and_lets_the_run_go_on():
    panel = Panel(by_hand=(2,))
    coordinator = Coordinator(panel, pause=0)
    coordinator.wish("run")
    panel.wait_for("attempt 2")
    coordinator.moved()
    panel.wait_for("draw")
    panel.attempts[2].may_end.set()
    assert coordinator.join(LIMIT)
    assert panel.asked[-3:] == ["attempt 3", "take 3", "rest"]
    assert "plan rest" not in panel.asked


def test_a_second_click_on_run_is_swallowed():
    panel = Panel(by_hand=(1,))
    coordinator = Coordinator(panel)
    coordinator.wish("run")
    panel.wait_for("attempt 1")
    coordinator.wish("run")
    panel.attempts[1].may_end.set()
    assert coordinator.join(LIMIT)
    assert panel.asked.count("plan run") == 1


def test_run_waits_for_the_setting_that_is_being_measured():
    panel = Panel(by_hand=("one",))
    coordinator = Coordinator(panel, pause=0)
    coordinator.moved()
    panel.wait_for("attempt one")
    coordinator.wish("run")
    panel.attempts["one"].may_end.set()
    assert coordinator.join(LIMIT)
    assert panel.asked.index("plan run") > panel.asked.index("take one")


def test_clear_stops_and_comes_before_everything_else():
    panel = Panel(by_hand=(1,))
    coordinator = Coordinator(panel)
    coordinator.wish("run")
    panel.wait_for("attempt 1")
    coordinator.wish("clear")
    assert coordinator.join(LIMIT)
    assert "clear" in panel.asked
    assert "attempt 2" not in panel.asked


def test_one_thread_alone_calls_the_panel_and_it_ends_by_itself():
    panel = Panel()
    coordinator = Coordinator(panel)
    coordinator.wish("run")
    assert coordinator.join(LIMIT)
    assert panel.threads == {"panel"}


def test_a_wish_after_the_end_starts_a_new_coordinator():
    panel = Panel()
    coordinator = Coordinator(panel)
    for _ in range(50):
        coordinator.wish("draw")
        assert coordinator.join(LIMIT)
    assert panel.asked == ["draw"] * 50


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_an_error_in_drawing_does_not_leave_the_panel_dead():
    panel = Panel()
    coordinator = Coordinator(panel)
    panel.draw = lambda: 1 / 0
    coordinator.wish("draw")
    assert coordinator.join(LIMIT)
    del panel.draw
    coordinator.wish("draw")
    assert coordinator.join(LIMIT)
    assert panel.asked == ["draw"]
