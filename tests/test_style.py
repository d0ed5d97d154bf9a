import base64
import io
import re
import subprocess
import sys
import xml.etree.ElementTree as ElementTree

import nbformat
import pytest
from fontTools.ttLib import TTFont
from IPython.core.formatters import DisplayFormatter
from nbclient import NotebookClient

from threadlab.running.timeline import Lane, Span, Timeline
from threadlab.showing import style
from threadlab.showing.timelines import plot_timeline

ONE_BY_ONE = Timeline(tuple(Lane(f"order {n}", (Span(n, n + 1, "waiting"),)) for n in range(8)), 8.0)
TOGETHER = Timeline(tuple(Lane(f"order {n}", (Span(0, 1, "waiting"),)) for n in range(8)), 1.0)


def bundle(ax, alt="eight threads"):
    return style.Picture(ax.figure, alt)._repr_mimebundle_()


def test_a_picture_is_an_image_with_its_words_beside_it():
    shown = bundle(plot_timeline(TOGETHER), 'stock["mug"] < 0')
    assert 'alt="stock[&quot;mug&quot;] &lt; 0"' in shown["text/html"]
    assert shown["text/plain"] == 'stock["mug"] < 0'


def test_a_picture_brings_its_letters_so_that_they_look_the_same_everywhere():
    source = bundle(plot_timeline(TOGETHER))["text/html"].split("base64,")[1].split('"')[0]
    drawn = base64.b64decode(source)
    words = ElementTree.fromstring(drawn).iter("{http://www.w3.org/2000/svg}text")
    fonts = [
        TTFont(io.BytesIO(base64.b64decode(font))) for font in re.findall(rb"woff;base64,([^)]*)", drawn)
    ]
    letters = {ord(letter) for each in words for letter in each.text}
    assert letters
    assert [letters - font.getBestCmap().keys() for font in fonts] == [set(), set()]


def test_no_words_leave_the_picture_at_its_edges():
    figure = plot_timeline(TOGETHER, before=ONE_BY_ONE, guess=7.9).figure
    figure.canvas.draw()
    for text in [*figure.axes[0].texts, figure.axes[0]._left_title]:
        box = text.get_window_extent()
        assert figure.bbox.fully_contains(box.x0, box.y0), text
        assert figure.bbox.fully_contains(box.x1, box.y1), text


def test_letters_are_at_least_fourteen_points_apart_from_the_machine():
    sizes = [text.get_fontsize() for text in plot_timeline(TOGETHER, before=ONE_BY_ONE).texts]
    assert sorted(set(sizes)) == [12, 14, 18]


def test_a_picture_fits_a_projector_below_a_code_cell():
    figure = plot_timeline(TOGETHER, before=ONE_BY_ONE, guess=1.0).figure
    assert figure.get_figheight() * 96 <= 420


def test_a_long_headline_gets_smaller_letters():
    ax = style.new_axes(100, left=50)
    style.headline(ax, "a headline that goes on and on " * 4)
    assert ax._left_title.get_fontsize() < style.HEADLINE


def test_width_of_agrees_with_what_is_drawn():
    ax = style.new_axes(100, left=50)
    text = style.write(ax, 0, 0, "waits for the payment")
    drawn = text.get_window_extent().width / ax.figure.dpi * 96
    assert style.width_of("waits for the payment") == pytest.approx(drawn, rel=0.05)


def test_a_dollar_sign_of_the_learner_is_no_formula():
    ax = style.new_axes(100, left=50)
    style.write(ax, 0, 0, r"it costs $\frac$")
    style.headline(ax, r"it costs $\frac$")
    assert bundle(ax)["text/html"]


def test_drawing_does_not_load_pyplot_which_keeps_figures_and_is_for_one_thread():
    code = "import sys, threadlab.showing.timelines; sys.exit('matplotlib.pyplot' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], timeout=60).returncode == 0


def test_a_name_in_letters_that_the_font_lacks_gives_no_warning():
    code = """
from threadlab.showing import style
ax = style.new_axes(100, left=style.width_of("小明"))
style.write(ax, 0, 0, "小明")
style.Picture(ax.figure, "小明")._repr_mimebundle_()
"""
    assert (
        subprocess.run([sys.executable, "-W", "error", "-X", "utf8", "-c", code], timeout=60).returncode == 0
    )


def test_outside_jupyter_nothing_is_shown(capsys):
    plot_timeline(TOGETHER)
    assert capsys.readouterr().out == ""


def test_a_picture_that_was_shown_is_not_shown_again_as_the_value_of_the_cell():
    assert DisplayFormatter().format(plot_timeline(TOGETHER)) == ({}, {})


def test_a_picture_that_is_the_value_of_a_cell_is_not_kept_by_the_kernel():
    draw = "from threadlab import plot_downloads\nax = plot_downloads([])\n"
    look = (
        "from gc import collect, get_objects\nfrom threadlab.showing.style import ShownAxes\n_ = collect()\n"
    )
    look += "print([type(ax) is ShownAxes, sum(type(each) is ShownAxes for each in get_objects())])"
    sources = [draw, "ax", "plot_downloads([])", "plot_downloads([])", "0", look]
    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in sources])
    NotebookClient(book, timeout=60, kernel_name="python3").execute()
    assert book.cells[-1].outputs[0].text == "[True, 1]\n"


def test_a_guess_is_a_number_or_carries_one():
    class Guess:
        value = 0.5

    assert [style.guessed(guess) for guess in (2, Guess(), None, "2")] == [2.0, 0.5, None, None]
