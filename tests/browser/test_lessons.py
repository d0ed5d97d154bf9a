"""Every notebook of the course in a real browser: it runs, its pictures come, its panel obeys."""

import lab
import pytest

from threadlab.__main__ import NOTEBOOKS

LESSONS = sorted(path.name for path in NOTEBOOKS.glob("[0-9][0-9]_*.ipynb") if "-fresh" not in path.name)
WITH_PANEL = [name for name in LESSONS if "try_workers(" in (NOTEBOOKS / name).read_text("utf-8")]
MINUTES = 60_000  # milliseconds

pytestmark = pytest.mark.timeout(600)


@pytest.fixture(params=LESSONS)
def lesson(request, page):
    """Open a notebook and run all of it."""
    lab.open_notebook(page, request.param)
    lab.run_all(page, limit=4 * MINUTES)
    return page


@pytest.fixture(params=WITH_PANEL)
def panel(request, page):
    """Open a notebook, run all of it, and return its page and the cell of its panel."""
    lab.open_notebook(page, request.param)
    lab.run_all(page, limit=4 * MINUTES)
    cell = page.locator(".jp-CodeCell").filter(has=page.get_by_role("slider"))
    cell.scroll_into_view_if_needed()
    return page, cell


def picture(cell):
    return cell.locator("img[alt]").get_attribute("alt")


def wait_for_another(page, cell, before, *, limit=MINUTES):
    image = cell.locator("img[alt]").element_handle()
    page.wait_for_function("([image, before]) => image.isConnected ? image.alt !== before : true",
                           arg=[image, before], timeout=limit)  # fmt: skip
    return picture(cell)


def test_a_notebook_runs_without_an_error_and_every_picture_has_words(lesson):
    assert lab.faults(lesson) == []
    alts = lab.pictures(lesson)
    assert len(alts) >= 3
    assert all(len(alt.splitlines()) > 1 for alt in alts)


def test_a_key_on_the_slider_gives_a_picture_of_other_data(panel):
    page, cell = panel
    before = picture(cell)
    cell.get_by_role("slider").first.focus()
    page.keyboard.press("ArrowLeft")
    after = wait_for_another(page, cell, before)
    assert after.splitlines()[0] != before.splitlines()[0]
    assert lab.faults(page) == []


def test_run_measures_and_stop_ends_it(panel):
    page, cell = panel
    before = picture(cell)
    run, stop = cell.get_by_role("button", name="Run"), cell.get_by_role("button", name="Stop")
    run.click()
    stop.click()  # waits until it can be pressed: a run is under way
    cell.locator("button:enabled", has_text="Run").wait_for(timeout=MINUTES)
    run.click()
    assert wait_for_another(page, cell, before) != before
    cell.locator("button:enabled", has_text="Run").wait_for(timeout=4 * MINUTES)
    assert lab.faults(page) == []
