"""Servers not written here, each started for one block: nginx from the system, httpbin of the peers."""

import hashlib
import os
import random
import shutil
import socket
import subprocess
import tempfile
from contextlib import contextmanager, suppress
from pathlib import Path
from time import perf_counter, sleep

HOW = "python -m venv peers; peers/bin/pip install aiohttp httpx httpbin gunicorn; --peers peers/bin/python"
CONFIG = """
daemon off; pid {folder}/pid; error_log {folder}/errors; worker_processes auto;
events {{ worker_connections 1024; }}
http {{
    log_format connections $connection; access_log {folder}/connections connections;
    client_body_temp_path {folder}/a; proxy_temp_path {folder}/b; fastcgi_temp_path {folder}/c;
    uwsgi_temp_path {folder}/d; scgi_temp_path {folder}/e;
    sendfile on; keepalive_requests 100000;
    server {{ listen 127.0.0.1:{port}; root {folder}/files; }}
}}
"""


def digest(file):
    return hashlib.sha256(file.read_bytes()).hexdigest()


def answers(port, process):
    """Wait until the server at `port` takes connections."""
    until = perf_counter() + 20
    while process.poll() is None and perf_counter() < until:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        sleep(0.05)
    raise SystemExit(f"{process.args[0]} does not answer")


@contextmanager
def serving(call):
    """Run what `call` says for a free port; end it with the block."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen(call(port))
    try:
        answers(port, process)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(20)


@contextmanager
def nginx(count, size):
    """Serve so many different files; yield their addresses, their digests and a folder.

    In the folder, `connections` has a line for each answer: the number of its connection.
    """
    program = shutil.which("nginx", path=os.environ["PATH"] + ":/usr/sbin")
    if not program:
        raise SystemExit("missing: nginx. apt install nginx-light")
    with tempfile.TemporaryDirectory() as name:
        folder, names = Path(name), [str(place) for place in range(count)]
        folder.chmod(0o755)  # its workers are another user if it is started by root
        (folder / "files").mkdir()
        for each in names:
            (folder / "files" / each).write_bytes(random.Random(each).randbytes(size))

        def call(port):
            (folder / "config").write_text(CONFIG.format(folder=folder, port=port))
            return [program, "-c", str(folder / "config"), "-e", str(folder / "errors")]

        with serving(call) as address:
            digests = [digest(folder / "files" / each) for each in names]
            yield [f"{address}/{each}" for each in names], digests, folder


@contextmanager
def httpbin(peers):
    """Serve httpbin by a Python that has it and gunicorn; yield its address."""
    if not peers or subprocess.run([peers, "-c", "import httpbin, gunicorn"], check=False).returncode:
        raise SystemExit(f"missing: httpbin or gunicorn. {HOW}")
    options = ["-m", "gunicorn", "--log-level", "error", "-k", "gthread", "--threads", "32"]
    with serving(lambda port: [peers, *options, "-b", f"127.0.0.1:{port}", "httpbin:app"]) as address:
        yield address
