"""The local web site."""

import gc
import http.client
import os
import socket
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import pytest

from threadlab.workloads import site as site_module
from threadlab.workloads.site import serve_site


@pytest.fixture(scope="module")
def site():
    with serve_site(latency=0) as site:
        yield site


def fetch(url):
    """Return the status, the headers and the body of `url`, asked for without any library's proxies."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=10)
    try:
        connection.request("GET", f"{parts.path}?{parts.query}")
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read()
    finally:
        connection.close()


def is_gone(url):
    with socket.socket() as client:
        client.settimeout(10)
        return client.connect_ex((urlsplit(url).hostname, urlsplit(url).port)) != 0


def test_a_file_has_the_size_asked_for_and_announces_it(site):
    for size in (0, 1, 20_000, 1_000_000):
        status, headers, body = fetch(site.urls(1, size=size)[0])
        assert (status, len(body), headers["Content-Length"]) == (200, size, str(size))


def test_a_file_is_the_same_every_time_and_differs_from_its_neighbour(site):
    first, second = site.urls(2)
    assert fetch(first)[2] == fetch(first)[2] != fetch(second)[2]
    assert fetch(second)[2].startswith(b"This is file 2.\n")


def test_another_path_is_not_found(site):
    assert fetch(site.urls(1)[0].replace("/file/", "/shop/"))[0] == 404


def test_the_site_is_on_loopback_and_tells_so(site):
    assert site.urls(1)[0].startswith("http://127.0.0.1:")
    assert repr(site).startswith("local web site at http://127.0.0.1:")
    assert "\n" not in repr(site)


def seconds_for(urls):
    began = time.perf_counter()
    with ThreadPoolExecutor(len(urls)) as pool:
        assert [status for status, *_ in pool.map(fetch, urls)] == [200] * len(urls)
    return time.perf_counter() - began


def test_a_request_waits_for_the_latency(site):
    site.set(latency=0.2)
    assert seconds_for(site.urls(1)) > 0.15  # only ever longer, however busy the machine is
    site.set(latency=0)


def test_requests_over_the_limit_queue(site):
    site.set(latency=0.1, at_once=2)
    assert seconds_for(site.urls(6)) > 0.25  # three times two
    site.set(latency=0, at_once=None)


def test_new_settings_are_in_force_when_set_returns(site):
    site.set(latency=0.01, at_once=2)
    assert (site.latency, site.at_once) == (0.01, 2)
    site.set(latency=0)
    assert (site.latency, site.at_once) == (0, 2)
    site.set(at_once=None)
    assert (site.latency, site.at_once) == (0, None)


def test_many_threads_may_change_the_settings(site):
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda place: site.set(at_once=place), range(1, 33)))
    assert site.at_once in range(1, 33)
    site.set(at_once=None)


@pytest.mark.parametrize(
    ("bad", "sentence"),
    [
        ({"latency": -1}, "latency must be at least 0 seconds"),
        ({"latency": "fast"}, "latency must be a number of seconds"),
        ({"at_once": 0}, "at_once must be at least 1"),
        ({"at_once": 1.5}, "at_once must be a whole number"),
    ],
)
def test_wrong_settings_are_refused_and_change_nothing(site, bad, sentence):
    before = site.latency, site.at_once
    for refuses in (serve_site, site.set):
        with pytest.raises((TypeError, ValueError), match=sentence):
            refuses(**bad)
    assert (site.latency, site.at_once) == before


def test_wrong_counts_and_sizes_are_refused(site):
    with pytest.raises(ValueError, match="count must be at least 1, not 0"):
        site.urls(0)
    with pytest.raises(ValueError, match="size must be at most 100000000, not 100000001, because the site"):
        site.urls(1, size=100_000_001)


def test_the_site_is_gone_after_its_with():
    with serve_site(latency=0) as site:
        url = site.urls(1)[0]
    assert is_gone(url)
    assert repr(site).endswith(": closed")
    site.close()
    with pytest.raises(ValueError, match="this site is closed"):
        site.set(latency=1)


def test_a_site_that_nobody_keeps_is_gone():
    site = serve_site(latency=0)
    url = site.urls(1)[0]
    site = serve_site(latency=0)  # what running the cell again does
    gc.collect()
    assert is_gone(url)
    site.close()


CHILD = "from threadlab import serve_site; site = serve_site(); print(site.urls(1)[0], flush=True); input()"


@pytest.mark.parametrize("end", ["killed", "finished"])
def test_the_site_is_gone_with_the_python_that_made_it(end):
    with subprocess.Popen(
        [sys.executable, "-c", CHILD], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as child:
        url = child.stdout.readline().strip()
        assert fetch(url)[0] == 200
        child.kill() if end == "killed" else child.stdin.write("\n")
    for _ in range(1000):  # its standard input closes as the last thing
        if is_gone(url):
            break
        threading.Event().wait(0.01)
    assert is_gone(url)


@pytest.mark.skipif(os.name == "nt", reason="a process group is a thing of POSIX")
def test_an_interrupt_of_the_kernel_is_not_sent_to_the_site(site):
    assert os.getpgid(site._process.pid) != os.getpgid(0)  # Jupyter interrupts the kernel's group


def test_a_site_that_was_ended_from_outside_says_so():
    with serve_site(latency=0) as site:
        site._process.kill()
        site._process.wait(timeout=10)
        with pytest.raises(RuntimeError, match=r"the site has ended; serve_site\(\) starts a new one"):
            site.set(latency=1)


def test_a_site_that_cannot_start_gives_the_reason(monkeypatch, tmp_path):
    (tmp_path / "tornado.py").write_text("raise ImportError('no tornado on this machine')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with pytest.raises(RuntimeError, match="no tornado on this machine"):
        serve_site()


def test_a_site_that_does_not_answer_is_given_up(monkeypatch, tmp_path):
    (tmp_path / "tornado.py").write_text("import threading; threading.Event().wait(60)")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setattr(site_module, "_ANSWER_LIMIT", 0.2)
    with pytest.raises(RuntimeError, match="the site has ended"):
        serve_site()


def test_modules_of_the_folder_do_not_get_in_the_way(monkeypatch, tmp_path):
    (tmp_path / "tornado.py").write_text("raise ImportError")
    (tmp_path / "json.py").write_text("raise ImportError")
    monkeypatch.chdir(tmp_path)
    with serve_site(latency=0) as site:
        assert fetch(site.urls(1)[0])[0] == 200
