import threading
import time

import pytest

from threadlab.showing.addresses import Addresses, try_urls
from threadlab.workloads.site import serve_site

LIMIT = 30.0  # seconds for any wait


def press(panel):
    panel.run.click()
    assert panel.coordinator.join(LIMIT)


@pytest.fixture
def panel(tmp_path):
    return Addresses([], tmp_path, (1, 2, 4), pause=0)


def test_nothing_is_asked_for_before_run(tmp_path):
    with serve_site(latency=0.0) as site:
        panel = try_urls(site.urls(3), folder=tmp_path)
        panel.workers.value = 2
        assert panel.coordinator.join(LIMIT)
        assert (site.served, panel.picture.alt.splitlines()[0]) == ({}, "not asked yet")


def test_what_was_typed_is_kept_when_the_cell_is_run_again(tmp_path):
    try_urls(["https://kept.example/"], folder=tmp_path).text.value = "https://mine.example/\nhttp"
    assert try_urls(["https://kept.example/"], folder=tmp_path).text.value == "https://mine.example/\nhttp"
    assert try_urls(["https://other.example/"], folder=tmp_path).text.value == "https://other.example/"


def test_an_emptied_box_says_again_what_it_said_at_first(tmp_path):
    try_urls(["https://first.example/"], folder=tmp_path).text.value = "\n"
    assert try_urls(["https://first.example/"], folder=tmp_path).text.value == "https://first.example/"


def test_run_downloads_what_the_text_box_says(panel, tmp_path):
    with serve_site(latency=0.0) as site:
        panel.text.value = "\n".join(site.urls(3))
        press(panel)
        assert site.served == {"200": 3}
    assert panel.picture.alt.startswith("3 downloads, ")
    assert len(list(tmp_path.iterdir())) == 3


def test_an_address_that_fails_is_one_row_and_the_others_come(panel):
    with serve_site(latency=0.0) as site:
        panel.text.value = "\n".join([*site.urls(1), "ftp://127.0.0.1/x"])
        press(panel)
    assert "1 failed" in panel.picture.alt
    assert "internet" not in panel.note.value


def test_what_failed_is_told_below_with_its_address(panel):
    panel.text.value = "hello world\n\nftp://127.0.0.1/x"
    press(panel)
    assert panel.picture.alt.startswith("2 downloads")
    assert "✗ hello world: the URL must begin with http" in panel.told.value
    assert "✗ ftp://127.0.0.1/x: " in panel.told.value


def test_without_internet_the_panel_says_so(panel):
    panel.text.value = "http://no-such-host.invalid/\nhttp://nor-this.invalid/"
    press(panel)
    assert "no internet here" in panel.note.value


@pytest.mark.parametrize("text", ["", "http://127.0.0.1:9/\n" * 51])
def test_no_address_and_too_many_are_said(panel, text):
    panel.text.value = text
    press(panel)
    assert f"write 1 to 50 addresses, one a line, not {len(text.splitlines())}" in panel.note.value


def press_while_it_hangs(panel, button):
    with serve_site(latency=0.0, faults={"hang": 1.0}) as site:
        panel.text.value = site.urls(1)[0]
        panel.run.click()
        until = time.monotonic() + LIMIT
        while not site.served:
            assert time.monotonic() < until
        button.click()
        assert panel.coordinator.join(LIMIT)


def test_stop_ends_what_hangs_and_is_said(panel):
    press_while_it_hangs(panel, panel.stop)
    assert "stopped" in panel.note.value
    assert threading.active_count() == 1


def test_clear_also_forgets_what_is_under_way(panel):
    press_while_it_hangs(panel, panel.clear_all)
    assert panel.picture.alt.startswith("not asked yet")


def test_downloads_grow_on_their_own_axes(panel):
    with serve_site(latency=0.0) as site:
        attempt = panel.attempt(site.urls(3))
        attempt()
    picture = panel.room_for(attempt.so_far(), attempt)
    assert picture.alt == "3 downloads: under way"
    assert picture.figure.axes[0].get_xlim()[1] >= 1.0


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (
            {"workers": (1, 16)},
            ValueError,
            "workers must be at most 8, to be polite to sites of others, not 16",
        ),
        ({"urls": []}, ValueError, "urls must"),
        ({"urls": 3}, TypeError, "urls must"),
    ],
)
def test_bad_arguments_are_named(arguments, error, message):
    with pytest.raises(error, match=message):
        try_urls(**arguments)
