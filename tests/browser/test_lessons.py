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
    lab.run_notebook(page, request.param)
    return page


@pytest.fixture(params=WITH_PANEL)
def panel(request, page):
    """Open a notebook, run all of it, and return its page and the cell of its panel."""
    return page, lab.run_notebook(page, request.param, "try_workers(")


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


def test_run_measures_and_stop_or_an_interrupt_ends_it(panel):
    page, cell = panel
    before = picture(cell)
    run, stop = cell.get_by_role("button", name="Run"), cell.get_by_role("button", name="Stop")
    run.click()
    stop.click()  # waits until it can be pressed: a run is under way
    cell.locator("button:enabled", has_text="Run").wait_for(timeout=MINUTES)
    run.click()
    cell.get_by_text("measuring").wait_for(timeout=MINUTES)
    lab.menu(page, "Kernel", "kernelmenu:interrupt")
    cell.get_by_text("stopped", exact=True).wait_for(timeout=MINUTES)
    run.click()
    assert wait_for_another(page, cell, before) != before
    cell.locator("button:enabled", has_text="Run").wait_for(timeout=4 * MINUTES)
    assert lab.faults(page) == []


def test_an_order_is_walked_through_and_the_class_can_be_the_scheduler(page):
    cell = lab.run_notebook(page, "02_sync_primitives.ipynb", "explore([sell_at_once, sell_at_once]")
    cell.get_by_role("button", name="B steps").click()
    cell.get_by_text("B ran if shop.mugs > 0:").wait_for()
    for name in ("A steps", "B steps", "A steps"):
        cell.get_by_role("button", name=name).click()
    cell.get_by_text("The simplest wrong order is ABBA").wait_for()
    cell.get_by_placeholder("type an order").fill("AAA")
    page.keyboard.press("Enter")
    cell.get_by_text("A has ended").first.wait_for()
    assert lab.faults(page) == []


def test_the_switch_of_a_fair_lock_gives_a_picture_of_other_turns(page):
    cell = lab.run_notebook(page, "03_deadlock_and_debugging.ipynb", "try_fairness(open_cafe")
    before = picture(cell)
    cell.get_by_role("button", name="fair lock").click()  # draws at once, and again after its run
    changed = "([cell, before]) => (cell.querySelector('img[alt]')?.alt ?? before) !== before"
    page.wait_for_function(changed, arg=[cell.element_handle(), before], timeout=MINUTES)
    assert lab.faults(page) == []


def test_a_click_on_a_kind_of_work_shows_who_held_the_gil_beside_its_speed_up(page):
    cell = lab.run_notebook(page, "04_gil_impact.ipynb", "try_workers(run_all")
    cell.locator(".threadlab-choice button", has_text="count_primes_once").click()
    seen = "cell => (cell.querySelector('img[alt]')?.alt ?? '').includes('thread 1: running')"
    page.wait_for_function(seen, arg=cell.element_handle(), timeout=MINUTES)
    assert "count_primes_once: " in picture(cell)
    assert lab.faults(page) == []


def test_downloads_grow_on_the_screen_and_addresses_can_be_typed(page):
    cell = lab.run_notebook(page, "05_io_speedup.ipynb", "try_workers(fetch_all")
    cell.get_by_role("button", name="Run").click()
    cell.locator(".jp-OutputArea svg > rect").first.wait_for(timeout=MINUTES)  # a bar, no pattern
    cell.locator("button:enabled", has_text="Run").wait_for(timeout=4 * MINUTES)
    assert "The knee: " in picture(cell)
    cell = lab.cell(page, "try_urls()")
    cell.scroll_into_view_if_needed()
    cell.locator("textarea").fill("http://127.0.0.1:9/a")
    cell.get_by_role("button", name="Run").click()
    page.wait_for_function("cell => cell.querySelector('img[alt]')?.alt.includes('1 failed')",
                           arg=cell.element_handle(), timeout=MINUTES)  # fmt: skip
    assert lab.faults(page) == []
