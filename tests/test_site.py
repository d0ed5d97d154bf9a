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
        ({"jitter": None}, "jitter must be a number of seconds"),
        ({"bandwidth": 0}, "bandwidth must be at least 1, not 0"),
        ({"bandwidth_each": 1e6}, "bandwidth_each must be a whole number"),
        ({"retry_after": -1}, "retry_after must be at least 0"),
        ({"faults": ["503"]}, "faults must be a dict of shares such as"),
        ({"faults": {"404": 0.1, "teapot": 0.1}}, "faults must be among 404, 429, .*, not 'teapot'"),
        ({"faults": {"404": 2}}, "the share of the fault '404' must be from 0 to 1, not 2"),
        ({"faults": {"404": 0.6, "cut": 0.6}}, "the shares of all faults must be at most 1 in all, not 1.2"),
    ],
)
def test_wrong_settings_are_refused_and_change_nothing(site, bad, sentence):
    before = site.latency, site.at_once
    for refuses in (serve_site, site.set):
        with pytest.raises((TypeError, ValueError), match=sentence):
            refuses(**bad)
    assert (site.latency, site.at_once) == before


def test_an_unknown_setting_is_refused_with_all_that_there_are(site):
    with pytest.raises(TypeError, match="a site has no setting 'speed', only latency, at_once, jitter"):
        site.set(speed=3)


def test_settings_that_are_not_named_stay_as_they_are(site):
    site.set(jitter=0.001, bandwidth=10**9, bandwidth_each=10**8)
    site.set(jitter=0.0)
    assert (site.jitter, site.bandwidth, site.bandwidth_each) == (0, 10**9, 10**8)
    assert fetch(site.urls(1)[0])[0] == 200
    site.set(bandwidth=None, bandwidth_each=None)


def test_a_request_waits_for_its_jitter(site):
    site.set(jitter=0.2, faults=None)  # each of the eight waits up to so long: one of them more than half
    assert seconds_for(site.urls(8)) > 0.1
    site.set(jitter=0)


@pytest.mark.parametrize(
    ("line", "at_once", "least"),
    [({"bandwidth_each": 200_000}, 2, 0.2), ({"bandwidth": 200_000}, 4, 0.8)],
)
def test_each_connection_and_all_of_them_send_no_faster_than_the_line(site, line, at_once, least):
    site.set(**line)
    assert seconds_for(site.urls(at_once, size=40_000)) > 0.98 * least  # only ever longer
    site.set(bandwidth=None, bandwidth_each=None)


# Faults


@pytest.fixture
def faulty(site):
    yield site
    site.set(faults=None)


def raw(url):
    """Return all that the site says to one request, and whether it ends the connection by a reset."""
    heard, parts = b"", urlsplit(url)
    with socket.create_connection((parts.hostname, parts.port), timeout=10) as client:
        client.sendall(f"GET {parts.path}?{parts.query} HTTP/1.0\r\n\r\n".encode())
        try:
            while piece := client.recv(65536):
                heard += piece
        except ConnectionResetError:
            return heard, True
        return heard, False


@pytest.mark.parametrize("status", ["429", "503"])
def test_a_site_that_has_enough_says_when_to_ask_again(faulty, status):
    faulty.set(faults={status: 1}, retry_after=7)
    answered, headers, body = fetch(faulty.urls(1)[0])
    assert (str(answered), headers["Retry-After"], body) == (status, "7", b"")


@pytest.mark.parametrize(
    ("fault", "announced", "sent", "reset"),
    [
        ("200", b"1000", 1000, False),
        ("cut", b"1000", 500, False),
        ("wrong length", b"1010", 1000, False),
        ("reset", b"1000", 500, True),
    ],
)
def test_a_body_is_cut_reset_or_announced_wrongly(faulty, fault, announced, sent, reset):
    faulty.set(faults={} if fault == "200" else {fault: 1})
    heard, was_reset = raw(faulty.urls(1, size=1000)[0])
    head, _, body = heard.partition(b"\r\n\r\n")
    assert was_reset == reset
    assert len(body) == sent or was_reset  # what has not been read before a reset may be lost
    assert was_reset or b"Content-Length: " + announced in head
    assert faulty.served == {fault: 1}


def test_an_answer_without_length_is_complete(faulty):
    url = faulty.urls(1, size=100_000)[0]
    right = fetch(url)[2]
    faulty.set(faults={"no length": 1})
    _, headers, body = fetch(url)
    assert (headers["Content-Length"], headers["Transfer-Encoding"]) == (None, "chunked")
    assert body == right


@pytest.mark.parametrize(("fault", "heard"), [("hang", b""), ("drip", b"HTTP/1.1 200 OK")])
def test_who_hangs_or_drips_ends_when_the_other_side_goes_away(faulty, fault, heard):
    faulty.set(faults={fault: 1}, at_once=1)
    parts = urlsplit(faulty.urls(1)[0])
    with socket.create_connection((parts.hostname, parts.port), timeout=10) as client:
        client.sendall(f"GET {parts.path}?{parts.query} HTTP/1.1\r\n\r\n".encode())
        if heard:
            assert client.recv(65536).startswith(heard)
    faulty.set(faults=None)
    assert fetch(faulty.urls(2)[1])[0] == 200  # its only place is free again
    faulty.set(at_once=None)


def test_a_drip_is_right_as_far_as_it_comes(faulty):
    url = faulty.urls(1, size=3)[0]
    faulty.set(faults={"drip": 1})
    assert fetch(url)[2] == b"Thi"


def test_redirects_go_on_for_ever(faulty):
    faulty.set(faults={"redirects": 1})
    url = faulty.urls(1)[0]
    status, headers, _ = fetch(url)
    assert (status, headers["Location"]) == (302, "/around")
    again = raw(url.partition("/file/")[0] + "/around")[0]
    assert b"302 Found\r\nLocation: /around" in again


def test_the_same_requests_go_wrong_for_the_same_seed_and_others_for_another(faulty):
    def statuses(seed):
        faulty.set(faults={"404": 0.5}, seed=seed)
        return [fetch(url)[0] for url in faulty.urls(30) * 2]

    first = statuses(1)
    assert statuses(1) == first != statuses(2)
    assert first[:30] != first[30:]  # another chance each time


def test_what_was_served_is_counted_by_fault_since_the_faults_were_set(faulty):
    faulty.set(faults={"404": 0.3, "503": 0.3, "no length": 0.4})
    statuses = [fetch(url)[0] for url in faulty.urls(40)]
    served = faulty.served
    assert (served["404"], served["503"]) == (statuses.count(404), statuses.count(503))
    assert served["no length"] == statuses.count(200)
    faulty.set(faults=None)
    assert faulty.served == {}


def test_what_is_no_request_is_hung_up_on(site):
    parts = urlsplit(site.urls(1)[0])
    with socket.create_connection((parts.hostname, parts.port), timeout=10) as client:
        client.sendall(b"hello\r\n\r\n")
        assert client.recv(100) == b""


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
    (tmp_path / "asyncio.py").write_text("raise ImportError('no asyncio on this machine')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with pytest.raises(RuntimeError, match="no asyncio on this machine"):
        serve_site()


def test_a_site_that_does_not_answer_is_given_up(monkeypatch, tmp_path):
    (tmp_path / "asyncio.py").write_text("import threading; threading.Event().wait(60)")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setattr(site_module, "_ANSWER_LIMIT", 0.2)
    with pytest.raises(RuntimeError, match="the site has ended"):
        serve_site()


def test_modules_of_the_folder_do_not_get_in_the_way(monkeypatch, tmp_path):
    (tmp_path / "asyncio.py").write_text("raise ImportError")
    (tmp_path / "json.py").write_text("raise ImportError")
    monkeypatch.chdir(tmp_path)
    with serve_site(latency=0) as site:
        assert fetch(site.urls(1)[0])[0] == 200
