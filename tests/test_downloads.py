"""Downloads, from the local site and from servers that misbehave."""

import base64
import errno
import gc
import gzip
import hashlib
import os
import re
import select
import socket
import socketserver
import ssl
import subprocess
import sys
import threading
import weakref
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import ExitStack, contextmanager, suppress
from importlib.resources import files
from urllib.parse import urlsplit

import pytest
import requests

from threadlab.workloads import connections, downloading, downloads
from threadlab.workloads.answering import FAULTS
from threadlab.workloads.connections import Session, Ways
from threadlab.workloads.downloading import Job, Limits
from threadlab.workloads.downloads import Download, download, download_all
from threadlab.workloads.file_names import different, file_name
from threadlab.workloads.site import serve_site

LIMIT = 10  # seconds; nothing here takes so long unless it is broken


@pytest.fixture(scope="module")
def site():
    with serve_site(latency=0) as site:
        yield site


class Server(socketserver.ThreadingTCPServer):
    """Calls `talk(server, connection)` for each connection; keeps what it was asked."""

    allow_reuse_address = True

    def __init__(self, talk):
        self.talk, self.connections, self.asked = talk, [], []
        self.over, self.begun, self.go_on = threading.Event(), threading.Event(), threading.Event()
        super().__init__(("127.0.0.1", 0), None)
        self.url = f"http://127.0.0.1:{self.server_address[1]}/file.txt"

    def finish_request(self, request, client_address):
        self.connections.append(request)
        request.settimeout(LIMIT)
        self.talk(self, request)

    def read(self, connection):
        """Return one request, or nothing if the other side has closed the connection."""
        heard = b""
        while not heard.endswith(b"\r\n\r\n"):
            piece = connection.recv(65536)
            if not piece:
                return b""
            heard += piece
        self.asked.append(heard)
        return heard

    def handle_error(self, request, client_address):
        """Say nothing: who hangs up early is part of these tests."""


@contextmanager
def serving(talk):
    with Server(talk) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server
        finally:
            server.go_on.set()
            server.shutdown()
            thread.join(LIMIT)
            for connection in server.connections:  # else it lasts as long as this thread's session
                with suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)


def says(answer):
    """Return a conversation in which the server reads one request, answers and hangs up."""

    def talk(server, connection):
        server.read(connection)
        connection.sendall(answer)

    return talk


def answer(body, *headers, status="200 OK", length=None):
    announced = len(body) if length is None else length
    return (
        "\r\n".join([f"HTTP/1.1 {status}", f"Content-Length: {announced}", *headers, "", ""]).encode() + body
    )


def keep_alive(server, connection):
    while server.read(connection):
        connection.sendall(answer(b"ok"))
    server.over.set()


def error_from(talk, folder):
    with serving(talk) as server:
        result = download(server.url, folder, retries=0)
    assert (result.path, result.size, result.sha256) == (None, 0, "")
    assert list(folder.iterdir()) == []
    return result.error


# What goes right


def test_a_file_arrives_as_it_is_on_the_site(site, tmp_path):
    url = site.urls(3, size=300_000)[2]
    result = download(url, tmp_path)
    content = (b"This is file 3.\n" * 20_000)[:300_000]
    assert result.path == tmp_path / "3"
    assert result.path.read_bytes() == content
    assert (result.url, result.size, result.error) == (url, 300_000, None)
    assert result.sha256 == hashlib.sha256(content).hexdigest()


def test_an_empty_file_is_a_file(site, tmp_path):
    assert download(site.urls(1, size=0)[0], tmp_path).path.read_bytes() == b""


def test_a_missing_folder_is_made(site, tmp_path):
    assert download(site.urls(1)[0], str(tmp_path / "a" / "b")).path == tmp_path / "a" / "b" / "1"


def test_nothing_but_the_files_is_left_in_the_folder(site, tmp_path):
    download_all(site.urls(20), tmp_path)
    assert sorted(file.name for file in tmp_path.iterdir()) == sorted(map(str, range(1, 21)))


def test_results_come_in_the_order_of_the_urls_whatever_happens_to_some(site, tmp_path):
    good = site.urls(4)
    urls = [good[0], "file:///etc/passwd", good[1], None, good[2].replace("/file/", "/no/"), good[3]]
    results = download_all(iter(urls), tmp_path, workers=3)
    assert [result.url for result in results] == urls
    assert [result.error is None for result in results] == [True, False, True, False, False, True]


def test_no_urls_give_no_results(tmp_path):
    assert download_all([], tmp_path) == []


def test_the_moments_of_a_download_are_in_order(site, tmp_path):
    result = download_all(site.urls(1), tmp_path)[0]
    assert result.requested <= result.began <= result.first_byte <= result.ended
    assert result.seconds == result.ended - result.began


def test_a_moment_that_never_came_is_none(tmp_path):
    result = download("nonsense", tmp_path)
    assert (result.requested, result.first_byte) == (None, None)
    assert result.began <= result.ended


def test_a_result_can_be_built_by_hand():
    assert Download("http://example.org", error="no").path is None


def test_what_is_compressed_all_the_same_is_unpacked_and_complete(tmp_path):
    with serving(says(answer(gzip.compress(b"text" * 999), "Content-Encoding: gzip"))) as server:
        result = download(server.url, tmp_path)
    assert b"Accept-Encoding: identity" in server.asked[0]
    assert (result.error, result.size) == (None, 3996)


def test_a_file_without_announced_size_ends_with_its_connection(tmp_path):
    with serving(says(b"HTTP/1.0 200 OK\r\n\r\nall of it")) as server:
        assert download(server.url, tmp_path).size == 9


# Connections


def test_one_thread_uses_one_connection(tmp_path):
    with serving(keep_alive) as server:
        for _ in range(3):
            assert download(server.url, tmp_path).error is None
        assert (len(server.connections), len(server.asked)) == (1, 3)


def test_each_thread_has_its_own_connection_and_reuses_it(tmp_path):
    both = threading.Barrier(2)

    def talk(server, connection):
        while server.read(connection):
            both.wait(LIMIT)  # nobody is answered before two are asking
            connection.sendall(answer(b"ok"))

    with serving(talk) as server:
        results = download_all([server.url] * 4, tmp_path, workers=2)
        assert [result.error for result in results] == [None] * 4
        assert (len(server.connections), len(server.asked)) == (2, 4)


def test_the_connection_of_a_thread_ends_with_the_thread(tmp_path):
    with serving(keep_alive) as server:
        with ThreadPoolExecutor(1) as pool:
            assert pool.submit(download, server.url, tmp_path).result(LIMIT).error is None
        assert server.over.wait(LIMIT)


def test_who_is_past_its_limit_does_not_cut_the_connection_that_another_one_uses_now(tmp_path):
    session, limits = Session(), Limits(3, 1000, 60)
    late, other = (Job("", tmp_path / name, limits, threading.Event(), session) for name in "ab")

    def talk(server, connection):
        while server.read(connection):
            if len(server.asked) == 2:
                late.cut_if_due()
            connection.sendall(answer(b"ok"))

    with serving(talk) as server, session:
        late.url = other.url = server.url
        late.run()
        del late.known["ended"]  # as if it were just about to end
        late.stop.set()
        other.run()
        assert (other.now().error, other.now().tries, len(server.connections)) == (None, 1, 1)


def test_who_looks_up_where_it_is_sent_does_not_cut_the_connection_it_left(tmp_path, no_proxies):
    session, limits, look_up = Session(), Limits(3, 1000, 60), socket.getaddrinfo
    late, other = (Job("", tmp_path / name, limits, threading.Event(), session) for name in "ab")

    def talk(server, connection):
        server.read(connection)
        connection.sendall(answer(b"", "Location: http://shop.invalid/", status="302 Found"))
        server.read(connection)
        late.stop.set()
        late.cut_if_due()
        connection.sendall(answer(b"ok"))

    def slow(host, *args, **options):
        if host == "shop.invalid":
            with ThreadPoolExecutor(1) as pool:
                pool.submit(other.run).result(LIMIT)
        return look_up("127.0.0.1", *args, **options)

    no_proxies.setattr(socket, "getaddrinfo", slow)
    with serving(talk) as server, session:
        late.url = other.url = server.url
        late.run()
    assert (other.now().error, other.now().tries, len(server.connections)) == (None, 1, 1)


def test_an_error_that_somebody_keeps_keeps_no_connection_open(tmp_path):
    def progress(results):
        raise RuntimeError

    with serving(keep_alive) as server:
        with pytest.raises(RuntimeError) as kept:
            download_all([server.url], tmp_path, progress=progress)
        assert server.over.wait(LIMIT)
    assert kept.value


def test_an_answer_that_never_came_keeps_no_connection_open(tmp_path, monkeypatch):
    def talk(server, connection):
        first = connection is server.connections[0]
        keep_alive(server, connection) if first else server.go_on.wait(LIMIT)

    monkeypatch.setattr(downloading, "TIME_LIMITS", (5, 0.2))
    gc.disable()
    with serving(talk) as server:
        download_all([server.url] * 2, tmp_path, workers=2, retries=0)
        closed = server.over.wait(LIMIT)
    gc.enable()
    assert closed


@pytest.mark.parametrize(("workers", "hosts"), [(64, 4), (8, 32)])
def test_of_very_many_hosts_the_connections_are_kept_to_a_few(workers, hosts):
    session, ways = Session(workers), Ways()
    pools = [
        weakref.ref(ways.find(host, host, session)[3])
        for host in (f"http://127.0.0.1:{port}" for port in range(1000, 1100))
    ]
    assert hosts <= sum(pool() is not None for pool in pools) <= hosts + 2  # requests keeps two itself


def test_the_end_of_python_is_silent_about_open_connections(site, tmp_path):
    script = f"from threadlab import download; print(download({site.urls(1)[0]!r}, {str(tmp_path)!r}).error)"
    command = [sys.executable, "-X", "dev", "-W", "error", "-c", script]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert (done.stdout, done.stderr) == ("None\n", "")


def test_every_request_says_who_asks(tmp_path):
    with serving(says(answer(b"x"))) as server:
        download(server.url, tmp_path)
    assert b"\r\nUser-Agent: threadlab/" in server.asked[0]


def test_each_address_is_asked_with_its_own_name_and_password(tmp_path):
    with serving(keep_alive) as server:
        urls = [server.url.replace("//", f"//{who}@") for who in ("ann:a", "bob:b")] + [server.url]
        download_all(urls, tmp_path, workers=1)
    said = [re.findall(rb"Authorization: Basic (.*)\r", heard) for heard in server.asked]
    assert said == [[base64.b64encode(b"ann:a")], [base64.b64encode(b"bob:b")], []]


@pytest.mark.parametrize(
    ("path", "asked"),
    [("/a/../b/./c", "/b/c"), ("//a/b", "//a/b"), ("?a/../b", "/?a/../b"), ("/a b#c", "/a%20b")],
)
def test_a_path_is_asked_for_as_a_browser_does(path, asked, tmp_path):
    with serving(keep_alive) as server:
        assert download(server.url.replace("/file.txt", path), tmp_path).error is None
    assert server.asked[0].startswith(f"GET {asked} HTTP/1.1\r\n".encode())


# https


@pytest.fixture
def serving_safely(no_proxies):
    """Return what serves over TLS, by the certificate that tornado brings along for its own tests."""
    folder, look_up = files("tornado") / "test", socket.getaddrinfo
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "test.crt", folder / "test.key")
    no_proxies.setenv("REQUESTS_CA_BUNDLE", str(folder / "test.crt"))
    no_proxies.setattr(socket, "getaddrinfo", lambda host, *more: look_up("127.0.0.1", *more))

    @contextmanager
    def serve(talk):
        def talk_safely(server, connection):
            with context.wrap_socket(connection, server_side=True) as safe:
                talk(server, safe)

        with serving(talk_safely) as server:
            server.url = server.url.replace("http://127.0.0.1", "https://foo.example.com")
            yield server

    return serve


def test_a_safe_connection_is_kept_for_the_next_file(serving_safely, tmp_path):
    with serving_safely(keep_alive) as server:
        results = download_all([server.url] * 3, tmp_path, workers=1)
    assert ([result.size for result in results], len(server.connections)) == ([2, 2, 2], 1)


def test_a_file_that_breaks_off_over_https_is_tried_again(serving_safely, tmp_path):
    with serving_safely(answers_in_turn(answer(b"half", length=9), answer(b"ok"))) as server:
        assert (download(server.url, tmp_path).tries, len(server.asked)) == (2, 2)


@pytest.mark.parametrize("begins", [b"", b"HTTP/1.1 200 OK\r\nX: ", b"HTTP/1.1 200 OK\r\n\r\nha"])
def test_a_stop_ends_what_waits_over_https(begins, serving_safely, tmp_path):
    def talk(server, connection):
        server.read(connection)
        connection.sendall(begins)
        stop.set()
        server.go_on.wait(LIMIT)

    stop, before = threading.Event(), set(threading.enumerate())
    with serving_safely(talk) as server:
        result = download_all([server.url], tmp_path, stop=stop)[0]
        left = {each for each in threading.enumerate() if "Pool" in each.name} - before
    assert (result.error[:7], left, list(tmp_path.iterdir())) == ("stopped", set(), [])


@pytest.mark.parametrize("begins", [b"", b"HTTP/1.1 200 OK\r\nX: ", b"HTTP/1.1 200 OK\r\n\r\nha"])
@pytest.mark.parametrize("safe_proxy", [False, True])
def test_a_proxy_passes_https_on_and_a_stop_ends_it(safe_proxy, begins, serving_safely, no_proxies, tmp_path):
    def tunnel(proxy, connection):
        port = proxy.read(connection).split()[1].rpartition(b":")[2]
        with socket.create_connection(("127.0.0.1", int(port))) as onwards:
            connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
            while True:  # one thread for both ways: TLS is not made for two
                ready, _, _ = select.select([connection, onwards], [], [])
                for source, target in ((connection, onwards), (onwards, connection)):
                    if source in ready:
                        if not (piece := source.recv(65536)):
                            return
                        target.sendall(piece)

    def talk(server, connection):
        server.read(connection)
        connection.sendall(answer(b"ok"))
        server.read(connection)
        connection.sendall(begins)
        stop.set()
        server.go_on.wait(LIMIT)

    stop = threading.Event()
    with serving_safely(talk) as server, (serving_safely if safe_proxy else serving)(tunnel) as proxy:
        no_proxies.setenv("https_proxy", proxy.url)
        first, second = download_all([server.url] * 2, tmp_path, workers=1, stop=stop)
        workers = [each.name for each in threading.enumerate() if each.name.startswith("ThreadPoolExecutor")]
    assert (first.error, second.error[:22], workers) == (None, "stopped before its end", [])
    assert len(proxy.connections) == 1


def test_a_stop_ends_a_handshake_that_never_comes(tmp_path):
    stop = threading.Event()

    def talk(server, connection):
        connection.recv(1)
        stop.set()
        server.go_on.wait(LIMIT)

    with serving(talk) as server:
        result = download_all([server.url.replace("http:", "https:")], tmp_path, stop=stop)[0]
        workers = [each.name for each in threading.enumerate() if each.name.startswith("ThreadPoolExecutor")]
    assert (result.error[:22], workers) == ("stopped before its end", [])


@pytest.fixture
def full(monkeypatch):
    """Yield the address of a server that takes no more connections, and does not say so."""
    if sys.platform == "win32":  # there it says so
        monkeypatch.setattr(connections, "wait_for_write", lambda _, seconds: threading.Event().wait(seconds))
    with socket.create_server(("127.0.0.1", 0), backlog=0) as server, ExitStack() as waiting:
        for _ in range(20):  # how many wait in line until it is full differs
            connection = waiting.enter_context(socket.socket())
            connection.setblocking(False)
            with suppress(BlockingIOError):
                connection.connect(server.getsockname())
        yield "http://127.0.0.1:{1}/".format(*server.getsockname())


@pytest.mark.parametrize("scheme", ["http:", "https:"])
def test_a_stop_ends_who_still_connects(scheme, full, tmp_path):
    def stop_who_began(results):
        if results[0].began:
            stop.set()

    stop, url = threading.Event(), full.replace("http:", scheme)
    result = download_all([url], tmp_path, stop=stop, progress=stop_who_began)[0]
    workers = [each.name for each in threading.enumerate() if each.name.startswith("ThreadPoolExecutor")]
    assert (result.error[:22], workers) == ("stopped before its end", [])


def test_who_never_connects_is_given_up(full, tmp_path, monkeypatch):
    assert download(full, tmp_path, time_limit=0.2).error[:24] == "not complete after 0.2 s"
    monkeypatch.setattr(downloading, "TIME_LIMITS", (0.2, 5))
    assert re.match(r"no connection to 127\.0\.0\.1:\d+ in time", download(full, tmp_path).error)


def test_every_address_of_a_host_is_tried(site, tmp_path, monkeypatch):
    dead = (socket.AF_INET, socket.SOCK_STREAM, 0, "", ("127.0.0.1", refused_port()))
    url, real = site.urls(1)[0], socket.getaddrinfo
    monkeypatch.setattr(socket, "getaddrinfo", lambda *asked: [dead, *real(*asked)])
    assert download(url, tmp_path).error is None
    monkeypatch.setattr(socket, "getaddrinfo", lambda *asked: [dead, dead])
    assert "refuses the connection" in download(url.replace("127.0.0.1", "localhost"), tmp_path).error
    monkeypatch.setattr(socket, "getaddrinfo", lambda *asked: [])
    assert "unknown host" in download("http://nobody.test/", tmp_path, retries=0).error


def test_bytes_that_drip_over_https_are_ended_by_the_time_limit(serving_safely, tmp_path):
    def talk(server, connection):
        server.read(connection)
        while not server.go_on.wait(0.02):
            connection.sendall(b"H")

    with serving_safely(talk) as server:
        assert download(server.url, tmp_path, time_limit=0.3).error[:24] == "not complete after 0.3 s"


def test_who_shows_no_certificate_that_is_known_is_named(serving_safely, no_proxies, tmp_path):
    no_proxies.delenv("REQUESTS_CA_BUNDLE")
    with serving_safely(keep_alive) as server:
        error = download(server.url, tmp_path).error
    assert re.fullmatch(r"no safe connection to foo\.example\.com:\d+: check the address, .*", error)


# Proxies


def refused_port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


@pytest.fixture
def no_proxies(monkeypatch):
    for name in list(os.environ):
        if name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    return monkeypatch


def test_this_computer_is_never_asked_through_a_proxy(site, tmp_path, no_proxies):
    for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "ALL_PROXY"):
        no_proxies.setenv(name, f"http://127.0.0.1:{refused_port()}")
    url = site.urls(1)[0]
    assert download(url, tmp_path).error is None
    assert download(url.replace("127.0.0.1", "localhost"), tmp_path).error is None
    error = download(f"https://127.0.0.1:{refused_port()}/", tmp_path, retries=0).error
    assert re.match(r"127\.0\.0\.1:\d+ refuses the connection", error)


def test_another_host_is_asked_through_the_proxy(tmp_path, no_proxies):
    with serving(keep_alive) as proxy:
        no_proxies.setenv("http_proxy", proxy.url)
        assert download("http://example.org/page", tmp_path).error is None
    assert proxy.asked[0].startswith(b"GET http://example.org/page HTTP/1.1")


def test_a_redirect_to_this_computer_leaves_the_proxy(site, tmp_path, no_proxies):
    with serving(says(answer(b"", f"Location: {site.urls(1)[0]}", status="302 Found"))) as proxy:
        no_proxies.setenv("http_proxy", proxy.url)
        assert download("http://example.org/page", tmp_path).error is None


def test_a_redirect_from_this_computer_takes_the_proxy(tmp_path, no_proxies):
    away = says(answer(b"", "Location: http://example.org/page", status="302 Found"))
    with serving(keep_alive) as proxy, serving(away) as server:
        no_proxies.setenv("http_proxy", proxy.url)
        assert download(server.url, tmp_path).error is None
    assert proxy.asked[0].startswith(b"GET http://example.org/page HTTP/1.1")


def test_the_environment_is_read_once_a_call_for_each_host(site, tmp_path, monkeypatch):
    asked, usual = [], requests.Session.merge_environment_settings

    def read(session, url, *settings):
        asked.append(url)
        return usual(session, url, *settings)

    monkeypatch.setattr(requests.Session, "merge_environment_settings", read)
    for calls in (1, 2):
        assert not any(result.error for result in download_all(site.urls(20), tmp_path, workers=8))
        assert len(asked) == calls


def test_a_proxy_that_is_not_there_is_named(tmp_path, no_proxies):
    no_proxies.setenv("http_proxy", f"http://127.0.0.1:{refused_port()}")
    assert "check HTTP_PROXY" in download("http://example.org/page", tmp_path).error


# What goes wrong


@pytest.mark.parametrize(
    "url", ["example.org/a", "file:///etc/passwd", "ftp://example.org/a", "", None, 5, b"http://a"]
)
def test_what_is_no_web_address_is_refused(url, tmp_path):
    error = download(url, tmp_path).error
    assert error == f"the URL must begin with http:// or https://, not {url!r}"


@pytest.mark.parametrize("url", ["http://", "http:///a", "http://[::1", "http://127.0.0.1:99999/a"])
def test_a_mangled_address_is_refused(url, tmp_path):
    assert download(url, tmp_path).error.startswith("this is not the address of a file: ")


def test_an_unknown_host_is_named(tmp_path, no_proxies):
    def unknown(*args, **options):
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    no_proxies.setattr(socket, "getaddrinfo", unknown)
    error = download("http://ann:secret@shop.invalid/a", tmp_path).error
    assert error == "unknown host shop.invalid: check the spelling, and that this computer is online"


def test_a_refused_port_is_named(tmp_path):
    port = refused_port()
    error = download(f"http://127.0.0.1:{port}/a", tmp_path).error
    assert error == f"127.0.0.1:{port} refuses the connection: check the port, and that the server runs"


@pytest.mark.parametrize("begins", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhal"])
def test_a_server_that_hangs_is_left(begins, tmp_path, monkeypatch):
    def talk(server, connection):
        server.read(connection)
        connection.sendall(begins)
        server.go_on.wait(LIMIT)

    monkeypatch.setattr(downloading, "TIME_LIMITS", (0.2, 0.2))
    assert error_from(talk, tmp_path).endswith(" did not answer in time: try again later")


def test_a_server_that_takes_no_connection_is_left(tmp_path, monkeypatch):
    def never(*args, **options):
        raise TimeoutError

    monkeypatch.setattr(socket.socket, "connect", never)
    error = download("http://127.0.0.1/a", tmp_path).error
    assert error == "no connection to 127.0.0.1 in time: check that this computer is online"


@pytest.mark.parametrize("length", [6, 10**8])
def test_a_size_that_is_announced_and_does_not_come_is_an_error(length, tmp_path):
    error = error_from(says(answer(b"short", length=length)), tmp_path)
    assert error.endswith(" closed the connection before everything had come: try again")


def test_a_chunked_answer_that_breaks_off_is_an_error(tmp_path):
    error = error_from(says(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhal"), tmp_path)
    assert error.endswith(" closed the connection before everything had come: try again")


def test_no_more_than_the_announced_size_is_taken(tmp_path):
    with serving(says(answer(b"right and wrong", length=5))) as server:
        assert download(server.url, tmp_path).path.read_bytes() == b"right"


def test_a_server_that_hangs_up_is_named(tmp_path):
    assert error_from(says(b""), tmp_path).endswith(
        " closed the connection before everything had come: try again"
    )


def test_redirects_for_ever_are_cut_off(tmp_path):
    def talk(server, connection):
        while server.read(connection):
            connection.sendall(answer(b"", "Location: /again", status="302 Found"))

    assert error_from(talk, tmp_path) == "redirects for ever: check the address in a browser"


@pytest.mark.parametrize("length", ["Content-Length: 1000000000", "Transfer-Encoding: chunked"])
def test_what_a_redirect_brings_along_is_not_read(length, tmp_path, monkeypatch):
    head = f"HTTP/1.1 302 Found\r\nLocation: /file.txt\r\n{length}\r\n\r\n".encode()

    def talk(server, connection):
        server.read(connection)
        if len(server.asked) == 3:
            connection.sendall(answer(b"ok"))
        else:
            connection.sendall(head)
            server.go_on.wait(LIMIT)

    monkeypatch.setattr(downloading, "TIME_LIMITS", (5, 5))
    with serving(talk) as server:
        assert download(server.url, tmp_path, retries=0).error is None


def test_a_redirect_to_a_file_of_this_computer_is_refused(tmp_path):
    error = error_from(says(answer(b"", "Location: file:///etc/passwd", status="302 Found")), tmp_path)
    assert error.startswith("this is not the address of a file: ")
    assert "'file:///etc/passwd'" in error


@pytest.mark.parametrize(
    ("status", "sentence"),
    [
        ("404 Not Found", "the server answered 404 Not Found: check the address"),
        (
            "503 Service Unavailable",
            "the server answered 503 Service Unavailable: its fault, try again later",
        ),
        ("204 No Content", "the server answered 204 No Content: check the address"),
        ("304 Not Modified", "the server answered 304 Not Modified: check the address"),
    ],
)
def test_an_answer_that_is_no_file_is_an_error(status, sentence, tmp_path):
    body = b"" if status.startswith(("204", "304")) else b"sorry"
    assert error_from(says(answer(body, status=status)), tmp_path) == sentence


def test_a_folder_that_cannot_be_written_is_named(site, tmp_path):
    (tmp_path / "file").write_text("in the way")
    error = download(site.urls(1)[0], tmp_path / "file").error
    assert error.startswith(f"the folder {tmp_path / 'file'} cannot be written (")


def test_a_folder_in_the_way_of_the_file_is_named(site, tmp_path):
    (tmp_path / "1").mkdir()
    assert "cannot be written" in download(site.urls(1)[0], tmp_path).error
    assert [file.name for file in tmp_path.iterdir()] == ["1"]


def test_an_older_file_stays_when_the_new_one_breaks_off(tmp_path):
    (tmp_path / "file.txt").write_text("old")
    with serving(says(answer(b"ne", length=3))) as server:
        assert download(server.url, tmp_path, retries=0).error
    assert (tmp_path / "file.txt").read_text() == "old"


@pytest.mark.parametrize(
    ("bad", "sentence"),
    [
        ({"workers": 0}, "workers must be at least 1, not 0"),
        ({"workers": -1}, "workers must be at least 1, not -1"),
        ({"workers": 10_000}, "workers must be at most 256, not 10000, because "),
        ({"workers": 2.5}, "workers must be a whole number such as 1, not 2.5"),
        ({"workers": "8"}, "workers must be a whole number such as 1, not '8'"),
        (
            {"urls": "http://a"},
            r"urls must be a list of URLs such as \['https://example.org'\], not 'http://a'",
        ),
        ({"stop": 1}, "stop must be a threading.Event, not 1"),
        ({"progress": 1}, "progress must be a function"),
        ({"urls": None}, r"urls must be a list of URLs such as \['https://example.org'\], not None"),
    ],
)
def test_wrong_arguments_are_refused_at_once(bad, sentence, tmp_path):
    with pytest.raises((TypeError, ValueError), match=sentence):
        download_all(**{"urls": [], "folder": tmp_path} | bad)


@pytest.mark.parametrize(
    ("bad", "sentence"),
    [
        ({"retries": -1}, "retries must be at least 0, not -1"),
        ({"size_limit": 0}, "size_limit must be at least 1, not 0"),
        ({"time_limit": 0}, "time_limit must be at least 0.1 seconds"),
        ({"time_limit": None}, "time_limit must be a number of seconds such as 0.5, not None"),
    ],
)
def test_wrong_limits_are_refused_at_once(bad, sentence, tmp_path):
    for refuses in (download_all, download):
        with pytest.raises((TypeError, ValueError), match=sentence):
            refuses([], tmp_path, **bad)


# Tried again


def answers_in_turn(*answers):
    """Return a conversation in which each connection gets the next of `answers`, and then the end."""
    left = list(answers)

    def talk(server, connection):
        server.read(connection)
        connection.sendall(left.pop(0) if len(left) > 1 else left[0])

    return talk


def test_a_packed_file_is_whole_also_if_its_last_bytes_hold_no_text(tmp_path):
    whole = answer(gzip.compress(b"text" * 999), "Content-Encoding: gzip")

    def talk(server, connection):
        server.read(connection)
        connection.sendall(whole[:-8])
        server.go_on.wait(LIMIT)
        connection.sendall(whole[-8:])

    with serving(talk) as server:
        look = lambda results: results[0].size and server.go_on.set()  # noqa: E731
        result = download_all([server.url], tmp_path, progress=look)[0]
    assert result.path.read_bytes() == b"text" * 999


def test_a_packed_file_behind_a_redirect_is_unpacked(tmp_path):
    there = answer(b"", "Location: /file.txt", "Connection: close", status="302 Found")
    packed = answer(gzip.compress(b"text" * 999), "Content-Encoding: gzip")
    with serving(answers_in_turn(there, packed)) as server:
        assert download(server.url, tmp_path).path.read_bytes() == b"text" * 999


BROKEN = [
    b"",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhal",
    answer(b"short", length=6),
    answer(b"", "Connection: close", status="503 Service Unavailable"),
    answer(b"", "Connection: close", status="429 Too Many Requests"),
    answer(b"no gzip", "Connection: close", "Content-Encoding: gzip"),
]


@pytest.mark.parametrize("broken", BROKEN)
def test_what_may_pass_by_itself_is_tried_again(broken, tmp_path):
    with serving(answers_in_turn(broken, answer(b"whole"))) as server:
        result = download(server.url, tmp_path)
    assert (result.path.read_bytes(), result.error, result.tries, len(server.asked)) == (b"whole", None, 2, 2)


@pytest.mark.parametrize("status", ["404 Not Found", "403 Forbidden", "204 No Content"])
def test_what_stays_wrong_is_not_tried_again(status, tmp_path):
    with serving(answers_in_turn(answer(b"", status=status))) as server:
        assert download(server.url, tmp_path).tries == len(server.asked) == 1


def test_the_last_error_is_told_when_no_try_is_left(tmp_path):
    with serving(answers_in_turn(b"", answer(b"", status="503 Service Unavailable"))) as server:
        result = download(server.url, tmp_path, retries=1)
    assert (result.tries, len(server.asked)) == (2, 2)
    assert result.error == "the server answered 503 Service Unavailable: its fault, try again later"


@pytest.mark.parametrize(
    ("header", "seconds"),
    [("Retry-After: 7", [7, 7, 7]), ("X: y", [0, 0.5, 1]), ("Retry-After: soon", [0, 0.5, 1])],
)
def test_the_pause_is_what_the_server_asks_for_or_grows(header, seconds, tmp_path, monkeypatch):
    pauses = []
    monkeypatch.setattr(downloading, "rest", lambda pause, stop: pauses.append(pause))
    with serving(
        answers_in_turn(answer(b"", header, "Connection: close", status="503 Service Unavailable"))
    ) as server:
        assert download_all([server.url], tmp_path)[0].tries == 4
    assert pauses == seconds


def test_a_pause_beyond_the_time_limit_is_not_begun(tmp_path):
    busy = answer(b"", "Retry-After: 3600", status="429 Too Many Requests")
    with serving(answers_in_turn(busy)) as server:
        result = download(server.url, tmp_path)
    assert result.tries == 1
    assert result.error.endswith(
        "429 Too Many Requests: too many requests, try again later with fewer workers"
    )


# Limits


@pytest.mark.parametrize("faults", [{}, {"no length": 1}])
def test_a_file_over_the_size_limit_is_given_up(site, faults, tmp_path):
    site.set(faults=faults)
    result = download(site.urls(1, size=200_001)[0], tmp_path, size_limit=200_000)
    assert result.error == "larger than 200,000 bytes: allow more by size_limit"
    assert (result.size, list(tmp_path.iterdir())) == (0, [])
    assert download(site.urls(1, size=200_000)[0], tmp_path, size_limit=200_000).error is None
    site.set(faults=None)


@pytest.mark.parametrize("fault", ["hang", "drip"])
def test_a_download_over_the_time_limit_is_given_up(site, fault, tmp_path):
    site.set(faults={fault: 1})
    for result in (
        download_all(site.urls(1), tmp_path, time_limit=0.3)[0],
        download(site.urls(1)[0], tmp_path, time_limit=0.3),
    ):
        assert result.error.startswith("not complete after 0.3 s: allow more by time_limit")
    assert list(tmp_path.iterdir()) == []
    site.set(faults=None)


def test_the_time_limit_holds_also_while_a_host_is_looked_up(tmp_path, no_proxies):
    answer, asked, answered = (threading.Event() for _ in range(3))

    def slow(*args, **options):
        asked.set()
        answer.wait(LIMIT)
        answered.set()
        raise socket.gaierror(socket.EAI_NONAME, "name unknown")

    no_proxies.setattr(socket, "getaddrinfo", slow)
    result = download_all(["http://shop.invalid/1"], tmp_path, time_limit=0.3)[0]
    assert (asked.is_set(), answered.is_set()) == (True, False)
    assert result.error.startswith("not complete after 0.3 s: allow more by time_limit")
    answer.set()


def test_a_header_that_drips_is_ended_by_the_time_limit(tmp_path):
    def talk(server, connection):
        server.read(connection)
        with suppress(OSError):
            while not server.go_on.wait(0.01):
                connection.sendall(b"H")

    with serving(talk) as server:
        results = [download(server.url, tmp_path, time_limit=0.3)]
        results += download_all([server.url], tmp_path, time_limit=0.3)
    assert [result.error[:24] for result in results] == ["not complete after 0.3 s"] * 2


def test_without_free_file_numbers_it_says_so(site, tmp_path, monkeypatch):
    def full(*args, **options):
        raise OSError(errno.EMFILE, "Too many open files")

    monkeypatch.setattr(socket, "socket", full)
    url = site.urls(1)[0]
    with ThreadPoolExecutor(1) as pool:  # with a connection of its own
        assert pool.submit(download, url, tmp_path).result(LIMIT).error.startswith("too many files are open")


# Progress and stop


def test_progress_tells_the_bytes_of_each_so_far(tmp_path):
    def talk(server, connection):
        server.read(connection)
        connection.sendall(answer(b"x" * 500, length=1000))
        server.go_on.wait(LIMIT)
        connection.sendall(b"x" * 500)

    told = []
    with serving(talk) as server:

        def progress(results):
            told.append([(result.size, result.announced, result.ended is None) for result in results])
            if results[0].size == 500:
                server.go_on.set()

        download_all([server.url, server.url], tmp_path, workers=1, progress=progress)
    assert [(500, 1000, True), (0, None, True)] in told
    assert told[-1] == [(1000, 1000, False)] * 2


def test_progress_is_called_in_the_thread_that_waits_and_its_error_ends_all(site, tmp_path):
    def progress(results):
        raise RuntimeError(threading.current_thread().name)

    with pytest.raises(RuntimeError, match=threading.current_thread().name):
        download_all(site.urls(3), tmp_path, progress=progress)


STATES = [
    ("hang", {"faults": {"hang": 1}}),
    ("drip", {"faults": {"drip": 1}}),
    ("pause", {"faults": {"503": 1}, "retry_after": 60}),
    ("latency", {"latency": 30}),
    ("receiving", {"bandwidth": 20_000}),
]


@pytest.mark.parametrize(("state", "settings"), STATES)
def test_a_stop_ends_every_state_and_leaves_no_file_and_no_thread(site, state, settings, tmp_path):
    stop, before = threading.Event(), set(threading.enumerate())
    site.set(**settings)

    def progress(results):
        if site.served:
            stop.set()

    results = download_all(site.urls(20, size=100_000), tmp_path, workers=4, stop=stop, progress=progress)
    assert set(threading.enumerate()) <= before
    assert {result.error for result in results} == {"stopped before its end: start it anew to have it"}
    assert list(tmp_path.iterdir()) == []
    site.set(faults=None, latency=0, bandwidth=None)


def test_what_is_complete_when_it_is_stopped_stays(site, tmp_path):
    stop = threading.Event()
    good = site.urls(3)
    site.set(faults=None)
    with serving(lambda server, connection: server.go_on.wait(LIMIT)) as server:

        def progress(results):
            if all(result.path for result in results[:3]):
                stop.set()

        results = download_all([*good, server.url], tmp_path, stop=stop, progress=progress)
    assert [result.error is None for result in results] == [True, True, True, False]
    assert sorted(file.name for file in tmp_path.iterdir()) == ["1", "2", "3"]


def test_a_file_without_length_that_was_cut_is_not_taken_for_complete(tmp_path):
    def talk(server, connection):
        server.read(connection)
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\nhalf")
        server.go_on.wait(LIMIT)

    with serving(talk) as server:
        result = download_all([server.url], tmp_path, time_limit=0.3)[0]
    assert result.error.startswith("not complete after 0.3 s")
    assert list(tmp_path.iterdir()) == []


def test_a_stop_before_the_start_downloads_nothing(site, tmp_path):
    stop = threading.Event()
    stop.set()
    results = download_all(site.urls(3), tmp_path, stop=stop)
    assert [result.error for result in results] == ["stopped before its end: start it anew to have it"] * 3


def test_who_waits_for_an_answer_can_be_ended_by_another_thread(tmp_path):
    job = Job("", tmp_path / "a", Limits(3, 1000, 60), threading.Event(), Session())

    def talk(server, connection):
        server.read(connection)
        job.end()
        server.go_on.wait(LIMIT)

    with serving(talk) as server:
        job.url = server.url
        job.run()
    assert (job.now().error, job.now().tries) == ("stopped before its end: start it anew to have it", 1)


def test_what_has_ended_cannot_be_ended(site, tmp_path):
    job = Job(site.urls(1)[0], tmp_path / "a", Limits(3, 100_000, 60), threading.Event(), Session())
    job.run()
    job.end()
    assert (job.now().error, job.stop.is_set()) == (None, False)


# All of it together

SAID = {
    "404": "check the address",
    "429": "with fewer workers",
    "503": "try again later",
    "reset": "try again",
    "cut": "try again",
    "wrong length": "try again",
    "hang": "did not answer in time: try again later",
    "drip": "allow more by time_limit",
    "redirects": "check the address in a browser",
}


def content(url):
    line, size = (
        f"This is file {urlsplit(url).path.rpartition('/')[2]}.\n".encode(),
        int(url.partition("=")[2]),
    )
    return (line * (size // len(line) + 1))[:size]


def assert_right(urls, results, folder):
    assert [result.url for result in results] == urls
    whole = [result for result in results if result.error is None]
    for result in whole:
        right = content(result.url)
        assert result.path.read_bytes() == right
        assert (result.size, result.sha256) == (len(right), hashlib.sha256(right).hexdigest())
    assert set(folder.iterdir()) == {result.path for result in whole}
    assert all(result.path is None and result.size == 0 for result in results if result.error)


@pytest.mark.parametrize("fault", SAID)
def test_each_fault_alone_is_an_error_that_says_what_to_do(site, fault, tmp_path, monkeypatch):
    monkeypatch.setattr(downloading, "TIME_LIMITS", (5, 0.2))
    site.set(faults={fault: 1}, retry_after=0)
    results = download_all(site.urls(4), tmp_path, workers=2, retries=1, time_limit=0.9)
    assert_right(site.urls(4), results, tmp_path)
    assert all(SAID[fault] in result.error for result in results)
    tries = sum(result.tries for result in results)
    assert tries == (4 if fault in ("404", "redirects", "drip") else 8)
    assert site.served == {fault: tries * 11 if fault == "redirects" else tries}
    site.set(faults=None)


@pytest.mark.parametrize(("workers", "count"), [(8, 80), (64, 240)])
def test_all_faults_together_under_load_leave_whole_files_and_clear_errors(
    site, workers, count, tmp_path, monkeypatch
):
    monkeypatch.setattr(downloading, "TIME_LIMITS", (10, 3))
    site.set(faults=dict.fromkeys(FAULTS, 0.05), retry_after=0, latency=0.005, jitter=0.01, at_once=None)
    threads, urls = set(threading.enumerate()), site.urls(count, size=30_000)
    results = download_all(urls, tmp_path, workers=workers, retries=2, time_limit=12)
    assert set(threading.enumerate()) == threads
    assert_right(urls, results, tmp_path)
    served, tries = site.served, sum(result.tries for result in results)
    assert (
        sum(count for fault, count in served.items() if fault != "redirects") + served["redirects"] / 11
        == tries
    )
    assert served["200"] + served["no length"] == sum(result.error is None for result in results)
    assert all(any(said in result.error for said in SAID.values()) for result in results if result.error)
    assert set(served) == {"200", *FAULTS}
    site.set(faults=None, latency=0, jitter=0)


def test_a_thousand_files_by_64_workers_need_few_connections(site, tmp_path):
    with serving(keep_alive) as server:
        results = download_all([server.url] * 1000, tmp_path, workers=64)
        assert len(server.connections) <= 64
    assert [result.error for result in results] == [None] * 1000
    assert len({result.path for result in results}) == len(list(tmp_path.iterdir())) == 1000


def test_hostile_names_stay_in_the_folder(tmp_path):
    names = ["..%2F..%2Fx", "a%00b", "NUL", "CON.txt", "n" * 300, "Name", "name", "%2e%2e", "a%0Db"]
    with serving(keep_alive) as server:
        urls = [server.url.replace("file.txt", name) for name in names * 3]
        first = download_all(urls, tmp_path / "in", workers=8)
        again = download_all(urls, tmp_path / "in", workers=8)
    assert {result.error for result in first} == {None}
    assert [result.path for result in first] == [result.path for result in again]
    assert (
        len({str(result.path).casefold() for result in first}) == len(list((tmp_path / "in").iterdir())) == 27
    )
    assert [path.name for path in tmp_path.iterdir()] == ["in"]


MEMORY = """
import sys, tracemalloc
from threadlab import download_all
tracemalloc.start()
assert not any(result.error for result in download_all(sys.argv[2:], sys.argv[1], workers=8))
print(tracemalloc.get_traced_memory()[1])
"""


def test_memory_does_not_grow_with_the_size_of_the_files(site, tmp_path):
    command = [sys.executable, "-c", MEMORY, tmp_path, *site.urls(8, size=20_000_000)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=110)
    assert int(done.stdout) < 10_000_000  # eight at a time, of 20,000,000 bytes each


# Interrupts


def test_an_interrupt_leaves_nothing_half_written(site, tmp_path, monkeypatch):
    class Interrupted:
        def update(self, piece):
            raise KeyboardInterrupt

    monkeypatch.setattr(downloading, "sha256", Interrupted)
    with pytest.raises(KeyboardInterrupt):
        download(site.urls(1)[0], tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_an_interrupt_ends_the_running_downloads_and_begins_no_other(tmp_path, monkeypatch):
    def talk(server, connection):
        server.read(connection)
        connection.sendall(answer(b"x" * 500_000, length=1_000_000))
        server.begun.set()
        server.go_on.wait(LIMIT)
        connection.sendall(b"x" * 500_000)

    with serving(talk) as server:

        def wait_for_the_last(jobs, timeout):
            server.go_on.set()
            return wait(jobs, LIMIT)

        def interrupted_wait(jobs, timeout):
            monkeypatch.setattr(downloads, "wait", wait_for_the_last)
            assert server.begun.wait(LIMIT)
            raise KeyboardInterrupt

        monkeypatch.setattr(downloads, "wait", interrupted_wait)
        with pytest.raises(KeyboardInterrupt):
            download_all([server.url] * 5, tmp_path, workers=1)
        assert (list(tmp_path.iterdir()), len(server.connections)) == ([], 1)


# Names


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("", "download"),
        ("/", "download"),
        ("/a/b.txt?c=d/e#f/g", "b.txt"),
        ("?x=/a/b", "download"),
        ("/folder/", "folder"),
        ("/..", "download"),
        ("/a/../../etc/passwd", "passwd"),
        ("/%2e%2e%2f%2e%2e%2fpasswd", "passwd"),
        ("/..%5C..%5Cboot.ini", "_.._boot.ini"),
        ("/C:%5Cboot.ini", "C__boot.ini"),
        ("/a%00b", "a_b"),
        ("/a%0Ab", "a_b"),
        ("/a\nb", "a_b"),
        ('/<a>:"|?*', "_a____"),
        ("/CON", "_CON"),
        ("/nul.txt", "_nul.txt"),
        ("/Com1.tar.gz", "_Com1.tar.gz"),
        ("/console.txt", "console.txt"),
        ("/trailing. . ", "trailing"),
        ("/.hidden", "hidden"),
        ("/%E4%BD%A0.txt", "你.txt"),
        ("/e%CC%81", "é"),
        ("/%ff", "\ufffd"),
        ("/\ud800", "_"),
        ("/" + "a" * 999 + ".txt", "a" * 80 + ".txt"),
        ("/" + "%C3%A9" * 999 + ".txt", "é" * 40 + ".txt"),
        ("/a." + "b" * 999, "a"),
    ],
)
def test_the_name_of_the_file_is_safe_whatever_the_url_says(path, name):
    assert file_name(f"http://example.org{path}") == name


def test_a_file_with_a_strange_name_lands_in_the_folder(tmp_path):
    with serving(keep_alive) as server:
        result = download(server.url.replace("file.txt", "..%2F..%2Fnul%00?a=b"), tmp_path)
    assert result.path == tmp_path / "nul_"
    assert [file.name for file in tmp_path.iterdir()] == ["nul_"]


@pytest.mark.parametrize(
    ("names", "numbered"),
    [
        (["a", "b"], ["a", "b"]),
        (["a.txt"] * 3, ["a.txt", "a (2).txt", "a (3).txt"]),
        (["a.txt", "A.TXT"], ["a.txt", "A (2).TXT"]),
        (["a", "a", "a (2)"], ["a", "a (2)", "a (2) (2)"]),
        (["a (2)", "a", "a"], ["a (2)", "a", "a (3)"]),
    ],
)
def test_equal_names_are_numbered_in_the_order_of_the_urls(names, numbered):
    assert different(names) == numbered


def test_files_with_equal_names_do_not_overwrite_each_other(site, tmp_path):
    one, two = site.urls(2)
    results = download_all([one, two, one + "&again"], tmp_path)
    assert [result.path.name for result in results] == ["1", "2", "1 (2)"]
