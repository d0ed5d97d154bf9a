from types import SimpleNamespace

import pytest

from threadlab.showing.knees import Knee, Limits, find_knee, limits_of

MIDDLE = {1: 2.9, 8: 0.4, 16: 0.2, 32: 0.2}
FILES = (100_000,) * 24


def test_the_knee_is_where_the_server_is_full():
    assert find_knee(MIDDLE, tasks=24, at_once=16) == Knee(16, "the server is full (16 at once)")


def test_the_knee_is_where_there_are_no_more_tasks():
    assert find_knee(MIDDLE, tasks=12) == Knee(16, "there are only 12 tasks")


def test_a_knee_without_a_known_reason_says_only_what_was_measured():
    assert find_knee(MIDDLE, tasks=100, at_once=50) == Knee(16, "more threads gain nothing")


def test_there_is_no_knee_while_the_most_workers_are_a_gain():
    assert find_knee({1: 3.0, 8: 0.4, 16: 0.2}) is None


def test_a_small_gain_after_the_knee_is_no_gain():
    assert find_knee({1: 3.0, 2: 2.9, 4: 2.8}).workers == 1


def test_one_more_worker_that_is_slower_still_leaves_a_later_gain_before_the_knee():
    assert find_knee({1: 3.0, 2: 3.1, 4: 1.0, 8: 1.0}).workers == 4


def test_where_nobody_has_seen_a_gain_before_it_there_is_no_knee():
    assert find_knee({16: 0.2, 32: 0.2, 64: 0.2}, tasks=32, at_once=16) is None


def test_one_number_of_workers_has_no_knee():
    assert find_knee({4: 1.0}) is None


def test_the_knee_is_where_the_line_is_full():
    assert find_knee(MIDDLE, tasks=24, at_once=16, line=0.19) == Knee(
        16, "the line is full (190 ms at least)"
    )


def test_the_knee_is_where_this_python_computes_all_the_time():
    knee = find_knee(MIDDLE, tasks=100, busy={8: 0.5, 16: 0.97})
    assert knee == Knee(16, "this Python is full (97 % busy)")


def test_a_line_and_a_python_that_have_room_are_no_reason():
    knee = find_knee(MIDDLE, tasks=100, line=0.1, busy={16: 0.5})
    assert knee == Knee(16, "more threads gain nothing")


def test_the_ideal_of_a_site_comes_in_rounds():
    limits = Limits(FILES, latency=0.1)
    assert [limits.seconds(n) for n in (1, 12, 13, 24, 64)] == pytest.approx([2.4, 0.2, 0.2, 0.1, 0.1])


def test_the_ideal_of_a_site_ends_at_what_it_serves_at_once():
    limits = Limits(FILES, latency=0.1, at_once=8)
    assert [limits.seconds(n) for n in (8, 64)] == pytest.approx([0.3, 0.3])


def test_the_ideal_of_a_site_ends_at_its_line():
    limits = Limits(FILES, latency=0.1, bandwidth=2_400_000)
    assert limits.line == pytest.approx(1.0)
    assert [limits.seconds(n) for n in (1, 24, 64)] == pytest.approx([3.4, 1.1, 1.1])


def test_the_line_of_each_connection_is_slow_for_all():
    limits = Limits(FILES, latency=0.1, bandwidth_each=100_000)
    assert [limits.seconds(n) for n in (1, 24)] == pytest.approx([26.4, 1.1])


def test_one_large_file_takes_its_time_whoever_helps():
    assert Limits((100, 1_000_000), bandwidth_each=1_000_000).seconds(8) == pytest.approx(1.0)


def test_what_a_site_does_not_say_is_no_limit():
    site, files = SimpleNamespace(at_once=4), [SimpleNamespace(size=5)]
    assert limits_of(site, files, 0.2) == Limits((5,), latency=0.2, at_once=4)


@pytest.mark.parametrize("downloads", [None, []])
def test_without_a_site_or_its_downloads_there_are_no_limits(downloads):
    assert limits_of(SimpleNamespace(), downloads, 0.1) is None
    assert limits_of(None, [SimpleNamespace(size=5)], 0.1) is None
