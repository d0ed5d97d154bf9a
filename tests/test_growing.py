import re
from time import perf_counter

import pytest
from matplotlib.figure import Figure

from threadlab.showing.growing import Growing
from threadlab.showing.style import PIXEL, WIDTH, Picture
from threadlab.showing.waterfall import plot_downloads
from threadlab.workloads.downloads import Download

HEIGHT = 400


@pytest.fixture
def growing():
    figure = Figure(figsize=(WIDTH * PIXEL, HEIGHT * PIXEL))
    ax = figure.add_axes((0.1, 0.2, 0.5, 0.6))
    plot_downloads([], ax=ax, reach=10.0, rows=8)
    return Growing(Picture(figure, "under way"))


def begun(seconds_ago, **more):
    began = perf_counter() - seconds_ago
    return Download("http://127.0.0.1/a", requested=began, began=began, **more)


def rectangles(growing, results):
    html = growing.draw(results)["text/html"]
    found = re.findall(r'<rect x="([\d.]+)" y="([\d.]+)" width="([\d.]+)" height="([\d.]+)"', html)
    return [tuple(map(float, each)) for each in found]


def test_a_bar_lies_where_the_axes_of_the_picture_have_its_time(growing):
    ((left, _, width, _),) = rectangles(growing, [begun(4.0)])
    assert left == 0.1 * WIDTH
    assert width == pytest.approx(0.4 * 0.5 * WIDTH, rel=0.1)


def test_every_row_has_its_place_inside_the_axes_from_the_top(growing):
    tops = [top for _, top, _, _ in rectangles(growing, [begun(4.0)] * 8)]
    assert tops == sorted(tops)
    assert 0.2 * HEIGHT < tops[0] < tops[-1] < 0.8 * HEIGHT


def test_in_fine_rows_nothing_is_hatched_as_in_the_picture_that_follows():
    figure = Figure(figsize=(WIDTH * PIXEL, HEIGHT * PIXEL))
    plot_downloads([], ax=figure.add_axes((0.1, 0.2, 0.5, 0.6)), reach=10.0, rows=64)
    html = Growing(Picture(figure, "")).draw(
        [begun(1.0, earlier=((perf_counter() - 0.9, perf_counter() - 0.8),))]
    )["text/html"]
    assert "url(#" not in html


def test_the_picture_below_is_the_one_that_was_given(growing):
    assert 'alt="under way"' in growing.draw([begun(1.0)])["text/html"]


def test_more_rows_or_a_longer_time_than_there_is_room_for_do_not_fit(growing):
    assert growing.fits([begun(1.0)] * 8)
    assert not growing.fits([begun(1.0)] * 9)
    assert not growing.fits([begun(11.0)])
