"""The helpers of lab.py see what they must see: else every test on top of them is worth nothing."""

import pytest
from lab import faults, new_page, open_notebook, pictures, prompts, run_all, run_cell, wait_for_new_picture

SLIDER = """
import ipywidgets
from IPython.display import HTML, display
from ipywidgets import IntSlider
slider, picture = IntSlider(min=1, max=8), ipywidgets.HTML('<img alt="1 lane">')
slider.observe(lambda change: setattr(picture, "value", f'<img alt="{change.new} lanes">'), "value")
display(slider, picture)
"""


def test_run_all_runs_every_cell_and_again(page, notebook):
    open_notebook(page, notebook("1", "2"))
    run_all(page)
    run_all(page)
    assert prompts(page) == ["[3]:", "[4]:"]


def test_one_cell_runs_alone(page, notebook):
    open_notebook(page, notebook("first = 1", "second = 2"))
    run_cell(page, "second")
    assert prompts(page) == ["[ ]:", "[1]:"]


def test_an_error_and_stderr_are_faults(page, notebook):
    open_notebook(page, notebook("import sys; print('oh', file=sys.stderr)", "1 / 0"))
    run_all(page)
    oh, error = faults(page)
    assert oh.strip() == "oh"
    assert "ZeroDivisionError" in error


def test_cells_after_an_error_are_missed(page, notebook):
    open_notebook(page, notebook("1 / 0", "2"))
    with pytest.raises(AssertionError, match="was not run"):
        run_all(page)


def test_a_key_moves_a_slider_and_gives_a_new_picture(page, notebook):
    open_notebook(page, notebook(SLIDER))
    run_all(page)
    before = pictures(page)
    page.get_by_role("slider").focus()
    page.keyboard.press("ArrowRight")
    assert (before, wait_for_new_picture(page, before)) == (["1 lane"], ["2 lanes"])


def test_an_error_in_the_console_is_seen(browser, server):
    complaints = []
    page = new_page(browser, server, complaints)
    page.evaluate("console.error('broken')")
    page.context.close()
    assert complaints == ["broken"]
