from dataclasses import replace

import pytest

from threadlab.showing import style
from threadlab.showing.style import RED
from threadlab.showing.waterfall import bars_of, downloads_words, plot_downloads
from threadlab.workloads.downloads import Download


def one(began, *, requested=10.0, error=None):
    """Return a download that waits 0.1 s and receives for 0.02 s, or fails instead."""
    first = None if error else began + 0.1
    return Download("http://127.0.0.1/a", None, 0, "", 0.12, error, requested, began, first, began + 0.12)


THREE = [one(10.0), one(10.0), one(10.12)]
FAILED = [*THREE, one(10.12, error="refused: nobody listens on port 9")]


def groups(ax, label):
    return [group for group in ax.collections if group.get_label() == label]


def boxes(ax, label):
    return [path.get_extents() for group in groups(ax, label) for path in group.get_paths()]


def bars(ax, label):
    return [(round(box.x0, 2), round(box.width, 2)) for box in boxes(ax, label)]


def test_a_download_queues_waits_for_the_first_byte_and_receives():
    ax = plot_downloads(THREE)
    assert bars(ax, "queues") == [(0.0, 0.12)]
    assert bars(ax, "waits")[2] == (0.12, 0.1)
    assert bars(ax, "receives")[2] == (0.22, 0.02)


def test_queueing_is_thin_and_waiting_is_hatched():
    ax = plot_downloads(THREE)
    assert boxes(ax, "queues")[0].height < boxes(ax, "receives")[0].height / 4
    assert {group.get_hatch() for group in groups(ax, "waits")} == {"///"}


def test_rows_keep_the_order_given_from_the_top():
    ax = plot_downloads(THREE)
    assert ax.get_ylim()[0] > ax.get_ylim()[1]
    assert [round((box.y0 + box.y1) / 2) for box in boxes(ax, "receives")] == [0, 1, 2]


def test_a_download_that_nobody_handed_in_is_taken_to_queue_from_the_start():
    assert bars(plot_downloads([one(10.0), one(10.5, requested=None)]), "queues") == [(0.0, 0.5)]


def test_a_new_connection_is_green_and_wide_enough_to_see():
    (box,) = boxes(plot_downloads([replace(THREE[0], connected=10.0001), *THREE[1:]]), "connects")
    assert box.x0 == 0.0
    assert 0.0001 < box.width < 0.01


def test_a_try_in_vain_is_hatched_red_and_marked_then_come_the_pause_and_the_next_try():
    ax = plot_downloads([replace(one(10.0), earlier=((10.02, 10.04),)), THREE[1]])
    assert bars(ax, "in vain") == [(0.0, 0.02)]
    assert bars(ax, "pauses") == [(0.02, 0.02)]
    assert (0.04, 0.06) in bars(ax, "waits")
    assert [text.xy for text in ax.texts if text.get_text() == "↻"] == [(pytest.approx(0.02), 0)]
    assert ax.get_title("left") == "2 downloads, 2 at a time: 120 ms, 1 tried again"


def test_a_try_in_vain_and_a_failed_download_are_seen_however_fine_the_rows():
    ax = plot_downloads([replace(one(10.0), earlier=((10.02, 10.04),)), *FAILED, *THREE * 60])
    (again,) = (text for text in ax.texts if text.get_text() == "↻")
    (cross,) = (line for line in ax.lines if line.get_label() == "failed")
    (vain,) = (each for each in ax.collections if each.get_label() == "in vain")
    assert (again.get_fontsize(), cross.get_markersize(), vain.get_alpha()) == (11, 7, 1)


def test_the_legend_tells_only_what_is_there_in_order_of_time():
    legend = plot_downloads(THREE).texts[0].get_text()
    assert legend.split("       ") == ["line: queues", "hatched: waits for first byte", "solid: receives"]


def test_what_is_under_way_reaches_to_now():
    unfinished = replace(THREE[2], first_byte=None, ended=None)
    assert [(bar.kind, round(bar.end, 2)) for bar in bars_of([unfinished], 10.3)] == [
        ("queues", 0.12),
        ("waits", 0.3),
    ]


def test_what_is_not_there_yet_has_its_axes_and_a_legend():
    ax = plot_downloads([], reach=3.0, rows=32)
    assert (ax.get_xlim(), round(ax.get_ylim()[0])) == ((0, 3.0), 32)
    assert "green: connects" in ax.texts[0].get_text()


def test_many_rows_get_a_higher_picture():
    assert style.height(plot_downloads(THREE * 30)) > 90 * 4 > style.height(plot_downloads(THREE))


def test_a_failed_download_is_red_and_crossed_and_says_why():
    ax = plot_downloads(FAILED)
    (cross,) = (line for line in ax.lines if line.get_label() == "failed")
    assert (cross.get_marker(), cross.get_color(), list(cross.get_ydata())) == ("X", RED, [3])
    assert "✗ refused: nobody listens on port 9" in [text.get_text() for text in ax.texts]


def test_the_cross_of_a_download_is_as_large_however_few_there_are():
    crosses = [
        line for n in (1, 2) for line in plot_downloads(FAILED[-n:]).lines if line.get_label() == "failed"
    ]
    assert [cross.get_markersize() for cross in crosses] == [9, 9]


def test_in_fine_rows_who_waits_is_pale_without_hatches_that_would_fill_the_bar():
    ax = plot_downloads(THREE * 20)
    (waits,) = (each for each in ax.collections if each.get_label() == "waits")
    assert (waits.get_hatch(), list(waits.get_linewidth())) == (None, [0])
    assert "pale: waits for first byte" in ax.texts[0].get_text()


def test_rows_are_fine_where_the_lines_above_them_leave_little_room():
    few, many = (
        plot_downloads(results, ax=style.new_axes(270, left=30)) for results in (THREE * 11, FAILED * 11)
    )
    assert ["pale" in ax.texts[0].get_text() for ax in (few, many)] == [False, True]


def test_the_headline_tells_how_many_how_many_at_a_time_and_how_long():
    assert plot_downloads(THREE).get_title("left") == "3 downloads, 2 at a time: 0.2 s"
    assert plot_downloads(FAILED).get_title("left") == "4 downloads, 2 at a time: 0.2 s, 1 failed"


def test_a_url_that_was_refused_at_once_has_no_bars():
    ax = plot_downloads([Download("file:x", error="only http and https")])
    assert ax.get_title("left") == "1 download, 0 at a time: 0 ms, 1 failed"
    assert bars(ax, "receives") == []


def test_what_is_no_download_is_named():
    with pytest.raises(
        TypeError, match=r"results must be a list of what download\(\) returned, not 'http://a'"
    ):
        plot_downloads(["http://a"])


def test_no_downloads_are_drawn_empty():
    assert plot_downloads([]).get_title("left") == "0 downloads, 0 at a time: 0 ms"


def test_the_words_tell_the_moments_of_every_download():
    words = downloads_words(FAILED).splitlines()
    assert words[1] == "download 1: began 0.00 s, first byte 0.10 s, ended 0.12 s"
    assert words[4] == "download 4: began 0.12 s, ended 0.24 s, failed: refused: nobody listens on port 9"


def test_other_work_beside_the_downloads_is_called_by_its_name_and_is_not_counted_among_them():
    results = [replace(THREE[0], url="the order"), *THREE]
    ax = plot_downloads(results)
    assert ax.get_title("left") == "3 downloads and the order, 3 at a time: 0.2 s"
    (name,) = (text for text in ax.texts if text.get_text() == "the order")
    assert name.xy == pytest.approx((0.06, 0))
    assert downloads_words(results).splitlines()[1].startswith("the order: began")
