import re
import threading
from concurrent.futures import ThreadPoolExecutor
from types import FunctionType, SimpleNamespace

import pytest

from threadlab.running.scaling import Scaling, Timing, Verdict
from threadlab.showing import cells, coordinating, measured, panels
from threadlab.showing.measured import Measured
from threadlab.showing.panels import Panel, try_workers
from threadlab.workloads.cpu import count_primes
from threadlab.workloads.downloads import Download, download_all
from threadlab.workloads.site import serve_site

LIMIT = 30.0  # seconds for any wait
calls = []


@pytest.fixture(autouse=True)
def _no_calls_yet():
    calls.clear()


def note(workers):
    calls.append(workers)


def share(workers):
    with ThreadPoolExecutor(workers) as pool:
        list(pool.map(note, range(workers)))


def note_work(work, workers):
    calls.append((work(), workers))


def primes():
    return "primes"


def waits():
    return "waits"


def panel_of(run, *, workers=(1, 2, 4), kinds=(), **more):
    """Return a panel that was not opened, so that nothing was measured yet."""
    work = {kind.__name__: kind for kind in kinds}
    return Panel(run, work, Measured(workers, tuple(work)), pause=0, **more)


def move(panel, workers):
    panel.workers.value = workers
    assert panel.coordinator.join(LIMIT)


def press(panel, button):
    button.click()
    assert panel.coordinator.join(LIMIT)


def headline(panel):
    return panel.picture.alt.splitlines()[0]


def test_a_new_panel_shows_a_picture_of_what_it_measured_without_a_click(monkeypatch):
    monkeypatch.setattr(panels, "BUDGET", LIMIT)
    panel = try_workers(note)
    assert calls == [8, 1, 2, 4]
    assert re.match(r"8 threads: \d+ ms(, as with 1| instead of \d+ ms)", headline(panel))


def test_a_new_panel_has_a_line_for_the_first_kind_of_work_however_slow_the_computer(monkeypatch):
    monkeypatch.setattr(panels, "BUDGET", 0.0)
    try_workers(note_work, work=[primes, waits], workers=(1, 2, 4))
    assert calls == [("primes", 1), ("primes", 4)]


def test_a_new_panel_leaves_out_what_would_take_too_long(monkeypatch):
    monkeypatch.setattr(panels, "BUDGET", 0.0)
    try_workers(note)
    assert calls == [8]


def test_a_new_panel_ends_a_function_that_does_not_come_back(monkeypatch):
    monkeypatch.setattr(panels, "FIRST_LIMIT", 0.2)
    panel = try_workers(lambda workers: threading.Event().wait())
    assert "Stopped after 0.2 s" in panel.note.value
    assert headline(panel) == "8 threads: not measured yet"


def test_run_measures_every_setting():
    panel = panel_of(note)
    press(panel, panel.run)
    assert calls == [1, 2, 4]
    assert sorted(panel.known.times()) == [1, 2, 4]


def test_a_second_run_leaves_the_first_as_a_ghost():
    panel = panel_of(note)
    press(panel, panel.run)
    press(panel, panel.run)
    assert [len(panel.known.times(past=past)[4]) for past in (False, True)] == [1, 1]


def test_run_compares_kinds_of_work_in_interleaved_rounds(monkeypatch):
    monkeypatch.setattr(measured, "ENOUGH", 0.0)
    panel = panel_of(note_work, workers=(1, 2), kinds=(primes, waits))
    press(panel, panel.run)
    assert calls == [("primes", 1), ("primes", 2), ("waits", 1), ("waits", 2)] * 3
    assert [each.rounds for each in panel.known.scalings()] == [3, 3]


def test_run_takes_rounds_until_the_verdicts_are_clear(monkeypatch):
    monkeypatch.setattr(measured, "ENOUGH", LIMIT)
    monkeypatch.setattr(Scaling, "verdict", lambda scaling, n: Verdict("gain", "a gain"))
    panel = panel_of(note_work, workers=(2,), kinds=(primes,))
    press(panel, panel.run)
    assert panel.known.scalings()[0].rounds == 5


@pytest.mark.parametrize(("limit", "rounds"), [("", 3), ("other programs keep one of 2 cores busy", 5)])
def test_run_ends_sooner_where_nothing_disturbs(monkeypatch, limit, rounds):
    monkeypatch.setattr(measured, "SOON", 0.0)
    monkeypatch.setattr(coordinating, "own_share", lambda: 1.0)
    monkeypatch.setattr(panels, "limits", lambda: limit)
    monkeypatch.setattr(Scaling, "verdict", lambda scaling, n: Verdict("gain", "a gain"))
    panel = panel_of(note_work, workers=(2,), kinds=(primes,))
    press(panel, panel.run)
    assert panel.known.scalings()[0].rounds == rounds


def test_every_value_of_the_first_round_is_drawn_and_then_every_round(monkeypatch):
    monkeypatch.setattr(measured, "ENOUGH", 0.0)
    panel, drawn = panel_of(note_work, workers=(1, 2), kinds=(primes,)), []
    panel.paint = lambda: drawn.append(len(calls))
    press(panel, panel.run)
    assert drawn == [0, 1, 2, 4, 6]


def test_stop_ends_a_run_between_its_rounds():
    panel = panel_of(note_work, workers=(2,), kinds=(primes,))
    go_on = panel.more
    panel.more = lambda: go_on() if panel.stop.click() is None else []
    press(panel, panel.run)
    assert (len(calls), panel.run.disabled) == (2, False)


RECORDED = SimpleNamespace(
    label="recorded: 8 cores", scaling=Scaling("primes", "threads", 4, {1: Timing((1.0,)), 2: Timing((0.5,))})
)


@pytest.mark.parametrize(("limit", "drawn"), [("", 0), ("only one core <may> be used", 1)])
def test_a_limited_server_is_said_before_the_run_with_what_was_recorded(monkeypatch, limit, drawn):
    monkeypatch.setattr(panels, "limits", lambda: limit)
    panel = try_workers(note_work, work=[primes], workers=(1, 2), recorded=RECORDED)
    assert ("Only one core &lt;may&gt; be used." in panel._title.value) == bool(limit)
    assert [line.get_label() for line in panel.picture.figure.axes[0].lines].count(RECORDED.label) == drawn


def test_every_run_looks_at_the_limits_anew(monkeypatch):
    panel = panel_of(note, workers=(1,))
    for said in ("only one core", ""):
        monkeypatch.setattr(panels, "limits", lambda said=said: said)
        press(panel, panel.run)
        assert ("Only one core" in panel._title.value) == bool(said)


def test_a_slider_at_rest_measures_a_setting_that_is_quick():
    panel = panel_of(note)
    panel.known.add(("", 4), 0.001, [])
    move(panel, 2)
    assert calls == [2]


def test_a_setting_that_may_take_long_is_left_to_run_which_lights_up():
    panel = panel_of(note)
    panel.known.add(("", 4), 0.6, [])
    move(panel, 2)
    assert calls == []
    assert (panel.run.button_style, "press Run" in panel.note.value) == ("success", True)


def test_what_is_measured_already_and_takes_long_asks_for_nothing():
    panel = panel_of(note)
    panel.known.begin(panel._condition(), anew=False)
    panel.known.add(("", 2), 2.0, [])
    move(panel, 1)
    assert "press Run" in panel.note.value
    move(panel, 2)
    assert (calls, panel.run.button_style, "press Run" in panel.note.value) == ([], "", False)


def test_moving_redraws_from_what_is_known():
    panel = panel_of(note)
    panel.known.add(("", 4), 2.0, [])
    move(panel, 1)
    assert headline(panel) == "1 thread: not measured yet"
    move(panel, 4)
    assert headline(panel) == "4 threads: 2.0 s"


def test_the_lanes_of_the_threads_that_ran_are_shown():
    panel = panel_of(share)
    press(panel, panel.run)
    assert len(panel.known.lanes[4].lanes) >= 1
    assert panel.picture.figure.axes[0].get_title("left") == "4 threads"


def test_downloads_are_shown_as_a_waterfall():
    one = Download("http://127.0.0.1/a", None, 0, "", 0.1, None, 1.0, 1.0, 1.1, 1.2)
    panel = panel_of(lambda workers: [one] * 24)
    press(panel, panel.run)
    assert panel.picture.figure.axes[0].get_title("left") == "24 downloads, 4 threads"


def test_downloads_grow_on_the_screen_while_they_run(tmp_path, monkeypatch):
    monkeypatch.setattr(coordinating, "BEAT", 0.01)
    frames, go_on = [], threading.Event()

    def update(shown, raw=False):
        frames.append(shown)
        if raw:
            go_on.set()

    def fetch(workers):
        with serve_site(latency=0.0, faults={"hang": 1.0}) as site:
            download_all(site.urls(1), tmp_path, stop=go_on)

    panel = panel_of(fetch, workers=(1,))
    panel._handle = SimpleNamespace(update=update)
    press(panel, panel.run)
    assert any("<rect" in frame["text/html"] for frame in frames if isinstance(frame, dict))


def test_the_knee_knows_the_limit_of_the_site():
    site = SimpleNamespace(latency=0.1, at_once=2, set=lambda latency: None)
    panel = panel_of(note, site=site)
    for n, seconds in ((1, 4.0), (2, 2.0), (4, 2.0)):
        panel.known.add(("", n), seconds, [])
    panel.draw()
    assert "the server is full (2 at once)" in panel.picture.alt


def test_stop_ends_a_function_that_waits_and_a_function_that_computes():
    started = threading.Event()

    def wait_or_compute(workers):
        started.set()
        if workers == 1:
            threading.Event().wait()
        while True:
            pass

    for workers in ((1,), (2,)):
        panel = panel_of(wait_or_compute, workers=workers)
        panel.run.click()
        assert started.wait(LIMIT)
        press(panel, panel.stop)
        assert "stopped" in panel.note.value
        assert (panel.run.disabled, panel.stop.disabled) == (False, True)
        started.clear()


def test_a_stop_that_comes_before_the_function_was_called_keeps_it_from_being_called():
    attempt = panel_of(note).attempt(("", 4))
    attempt.stop()
    attempt()
    assert (calls, attempt.error) == ([], "stopped")


def test_a_stop_while_a_picture_is_drawn_is_said_too():
    panel = panel_of(note)
    draw = panel.draw

    def draw_meanwhile():
        if calls:
            panel.stop.click()
        draw()

    panel.draw = draw_meanwhile
    press(panel, panel.run)
    assert len(calls) == 1
    assert "stopped" in panel.note.value


def test_after_stop_the_panel_runs_again():
    panel = panel_of(note)
    press(panel, panel.stop)
    press(panel, panel.run)
    assert calls == [1, 2, 4]


def test_an_exception_is_one_line_in_the_panel_which_stays_usable():
    broken = True

    def fail(workers):
        if broken:
            raise ValueError("no such order <b>")

    panel = panel_of(fail)
    press(panel, panel.run)
    assert "fail: ValueError: no such order &lt;b&gt;" in panel.note.value
    broken = False
    press(panel, panel.run)
    assert sorted(panel.known.times()) == [1, 2, 4]


def test_a_function_that_exits_does_not_end_anything_but_its_run():
    panel = panel_of(lambda workers: exit("enough"))
    press(panel, panel.run)
    assert "SystemExit: enough" in panel.note.value


def test_printed_text_goes_to_the_panel():
    panel = panel_of(lambda workers: print("by", workers), workers=(2,))
    press(panel, panel.run)
    assert [output["text"] for output in panel.printed.outputs] == ["by 2\n"]


def test_clear_forgets_points_lanes_and_printed_text():
    panel = panel_of(lambda workers: print("by", workers))
    press(panel, panel.run)
    press(panel, panel.clear_all)
    assert (panel.known.times(), panel.known.lanes, panel.printed.outputs) == ({}, {}, ())
    assert headline(panel) == "4 threads: not measured yet"


def cell(source, namespace):
    """Run `source` as a cell of a notebook whose names are `namespace`."""
    exec(source, namespace)


def test_a_panel_runs_the_newest_version_of_the_function():
    notebook = {"calls": calls}
    cell("def run(workers): calls.append('old')", notebook)
    panel = panel_of(notebook["run"], workers=(1,))
    cell("def run(workers): calls.append('new')", notebook)
    press(panel, panel.run)
    assert calls == ["new"]


def test_points_of_the_old_version_become_the_ghost():
    notebook = {"calls": calls}
    cell("def run(workers): calls.append('old')", notebook)
    panel = panel_of(notebook["run"], workers=(1,))
    press(panel, panel.run)
    cell("def run(workers): calls.append('new')", notebook)
    panel.coordinator.moved()
    assert panel.coordinator.join(LIMIT)
    assert (len(panel.known.times()[1]), len(panel.known.times(past=True)[1])) == (1, 1)


def test_the_same_cell_run_again_is_the_same_version():
    notebook = {"calls": calls}
    cell("def run(workers): calls.append(1)", notebook)
    panel = panel_of(notebook["run"], workers=(1,))
    press(panel, panel.run)
    cell("def run(workers): calls.append(1)", notebook)
    panel.coordinator.moved()
    assert panel.coordinator.join(LIMIT)
    assert len(panel.known.times()[1]) == 2


def test_a_function_made_inside_another_is_not_taken_for_a_global_of_its_name():
    def note(workers):
        calls.append("inner")

    panel = panel_of(note, workers=(1,))
    press(panel, panel.run)
    assert calls == ["inner"]


def test_the_latency_slider_sets_the_site_before_the_clock_starts_and_puts_it_back():
    site = SimpleNamespace(latency=0.1, at_once=None, set=lambda latency: calls.append(latency))
    panel = panel_of(note, workers=(2,), site=site)
    panel.known.begin(panel._condition(), anew=False)
    panel.known.add(("", 2), 0.001, [])
    panel.latency.value = 0.05
    assert panel.coordinator.join(LIMIT)
    assert calls == [0.05, 2, 0.1]


def test_times_are_compared_with_the_ideal_of_the_latency_that_they_were_measured_with():
    site = SimpleNamespace(latency=0.1, at_once=None, set=lambda latency: None)
    panel = panel_of(note, workers=(1, 2), site=site)
    panel.known.begin(panel._condition(), anew=False)
    panel.known.add(("", 1), 5.0, [Download("http://127.0.0.1/a", size=1)] * 2)
    panel.latency.value = 0.5
    assert panel.coordinator.join(LIMIT)
    (ideal,) = (line for line in panel.picture.figure.axes[1].lines if line.get_label() == "ideal")
    assert list(ideal.get_ydata()) == [0.2, 0.1]


def test_a_later_answer_of_the_site_is_expected_to_take_longer():
    site = SimpleNamespace(latency=0.1, at_once=None, set=lambda latency: None)
    panel = panel_of(note, workers=(2,), site=site)
    panel.known.begin(panel._condition(), anew=False)
    panel.known.add(("", 2), 0.4, [])
    panel.latency.value = 0.5
    assert panel.coordinator.join(LIMIT)
    assert calls == []


def test_a_site_that_has_ended_is_said_in_the_panel():
    def ended(latency):
        raise ValueError("this site is closed")

    panel = panel_of(note, site=SimpleNamespace(latency=0.1, at_once=None, set=ended))
    press(panel, panel.run)
    assert "this site is closed" in panel.note.value


def test_a_cell_run_again_ends_what_its_old_panel_does():
    old = try_workers(note)
    started = threading.Event()

    def slow(workers):
        started.set()
        threading.Event().wait()

    old._function = slow
    old.run.click()
    assert started.wait(LIMIT)
    try_workers(note)
    assert old.coordinator.join(LIMIT)
    assert (old.picture, old.known.lanes, old.workers.comm) == (None, {}, None)


def test_a_panel_of_the_same_function_in_another_cell_stays(monkeypatch):
    first = try_workers(note)
    monkeypatch.setattr(cells, "_cell", lambda: "another cell")
    try_workers(note)
    assert first.picture is not None


def test_two_panels_never_run_at_the_same_time():
    first, second = threading.Event(), threading.Event()

    def hold(workers):
        first.set()
        assert not second.wait(0.2)

    one, two = panel_of(hold, workers=(1,)), panel_of(lambda workers: second.set(), workers=(1,))
    one.run.click()
    assert first.wait(LIMIT)
    two.run.click()
    assert one.coordinator.join(LIMIT)
    assert two.coordinator.join(LIMIT)
    assert (one.known.times()[1] != [], second.is_set()) == (True, True)


def test_the_guess_of_a_later_click_is_in_the_next_picture():
    guess = SimpleNamespace(value=None)
    panel = panel_of(note, guess=guess)
    panel.known.add(("", 4), 2.0, [])
    guess.value = 0.5
    panel.draw()
    assert "Your guess: 0.5 s." in panel.picture.alt


def test_axes_grow_and_never_shrink():
    panel = panel_of(note)
    panel.known.add(("", 1), 40.0, [])
    panel.draw()
    before = panel.known.limits
    panel.known.begin(("another version", 0.1), anew=True)
    panel.known.add(("", 4), 0.01, [])
    panel.draw()
    assert panel.known.limits[0] <= before[0]
    assert panel.known.limits[1] >= before[1]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"run": 3}, "run must be a function"),
        ({"run": note, "workers": (0,)}, "workers must be at least 1, not 0"),
        ({"run": note, "workers": 4}, "workers must be whole numbers"),
        ({"run": note, "work": []}, "work must"),
        ({"run": note, "recorded": "8 cores"}, "recorded must be what load_recording"),
        ({"run": note, "work": ["primes"]}, "work must be a function"),
        (
            {"run": note, "work": [primes, primes]},
            "work must be functions with different names, not primes, primes",
        ),
    ],
)
def test_bad_arguments_are_named(arguments, message):
    with pytest.raises((TypeError, ValueError), match=message):
        try_workers(**arguments)


def test_version_tells_functions_apart_by_their_code():
    assert isinstance(note, FunctionType)
    assert panels.version(note) != panels.version(share)


def work_then(work, workers):
    calls.append((work(), workers))
    with ThreadPoolExecutor(workers) as pool:
        list(pool.map(count_primes, [2_000] * workers))


def strip_panel(workers=(1, 2)):
    panel = panel_of(work_then, workers=workers, kinds=(primes, waits))
    panel.known.begin(panel._condition(), anew=False)
    panel.known.add(("primes", 1), 0.001, [])
    return panel


def choose(panel, name):
    panel.strip.value = name
    assert panel.coordinator.join(LIMIT)


def test_a_click_on_a_kind_of_work_watches_one_run_of_it_and_times_nothing():
    panel = strip_panel()
    choose(panel, "primes")
    assert calls == [("primes", 2)]
    assert list(panel.known.strips) == [("primes", 2)]
    assert panel.known.times("primes") == {1: [0.001]}
    assert len(panel.picture.figure.axes) == 2
    assert "thread 1: running" in panel.picture.alt


def test_what_was_watched_once_is_shown_again_without_another_run():
    panel = strip_panel()
    for name in ("primes", "", "primes"):
        choose(panel, name)
    assert calls == [("primes", 2)]


def test_a_moved_slider_watches_the_new_number_of_threads():
    panel = strip_panel()
    choose(panel, "waits")
    move(panel, 1)
    assert calls == [("waits", 2), ("waits", 1)]


def test_run_measures_first_and_watches_last():
    panel = strip_panel()
    choose(panel, "primes")
    calls.clear()
    press(panel, panel.run)
    assert calls[-1] == ("primes", 2)
    assert len(calls) == 1 + sum(
        len(t) for each in ("primes", "waits") for t in panel.known.times(each).values()
    )


def test_a_strip_of_an_old_version_of_the_function_is_made_anew():
    panel = strip_panel()
    choose(panel, "primes")
    panel.known.begin(("another", 0.0), anew=False)
    choose(panel, "")
    choose(panel, "primes")
    assert calls == [("primes", 2)] * 2


def test_clear_forgets_what_was_watched():
    panel = strip_panel()
    choose(panel, "primes")
    press(panel, panel.clear_all)
    assert panel.known.strips == {}
    assert "not watched yet" in panel.picture.alt
    strip = panel.picture.figure.axes[1]
    assert (strip.get_xlabel(), strip.xaxis.get_major_formatter()(0.02)) == ("milliseconds", "20")
