"""One JupyterLab and one Chromium for the session; for each test a page of its own and no kernel left."""

import os
import secrets
import shutil
import socket
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import nbformat
import pytest
import requests
from lab import alike, new_page, open_notebook, run_all
from urllib3.util import Retry

from threadlab.__main__ import NOTEBOOKS, ROOT, jupyter_environment, jupyter_options

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
EMPTY = "empty.ipynb"
NOT_RUN = "The browser tests were not run: no Chromium found (install it, or name it in THREADLAB_CHROMIUM)."


def chromium():
    """Return the path of the browser, or None where there is none."""
    names = (os.environ.get("THREADLAB_CHROMIUM", ""), "chromium", "chromium-browser", "google-chrome")
    return next(filter(None, map(shutil.which, filter(None, names))), None)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config, items):
    ours = [item for item in items if Path(__file__).parent in item.path.parents]
    others = [item for item in items if item not in ours]
    for item in ours:
        item.add_marker("browser")
    if chromium() or "CI" in os.environ:
        items[:] = others + ours  # last, for Playwright leaves an event loop running in this thread
    else:
        items[:] = others
        config.hook.pytest_deselected(items=ours)


def pytest_terminal_summary(terminalreporter):
    if not chromium():
        terminalreporter.write_line(NOT_RUN, yellow=True)


@dataclass(frozen=True)
class Server:
    """A running JupyterLab: its address, its token, and the copy of the notebooks that it serves."""

    url: str
    token: str
    notebooks: Path

    def ask(self, method, path):
        """Send a request to Jupyter's own interface and return the answer."""
        with requests.Session() as session:
            session.trust_env = False  # never through a proxy
            patient = Retry(total=200, backoff_factor=0.1, backoff_max=0.5)
            session.mount("http://", requests.adapters.HTTPAdapter(max_retries=patient))
            headers = {"Authorization": f"token {self.token}"}
            answer = session.request(method, self.url + path, headers=headers, timeout=30)
            answer.raise_for_status()
            return answer

    def end_sessions(self):
        """Shut every kernel down."""
        for session in self.ask("GET", "/api/sessions").json():
            self.ask("DELETE", f"/api/sessions/{session['id']}")


def write_notebook(path, *sources):
    """Write a notebook of one code cell for each of the `sources`."""
    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in sources])
    book.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3"}
    nbformat.write(book, path)


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return probe.getsockname()[1]


@pytest.fixture(scope="session")
def server(tmp_path_factory):
    """Serve a copy of the notebooks, with the course's settings and none of the user's."""
    home = tmp_path_factory.mktemp("home")
    notebooks = shutil.copytree(
        NOTEBOOKS, home / "notebooks", ignore=shutil.ignore_patterns(".*", "*-fresh*")
    )
    write_notebook(notebooks / EMPTY, "pass")
    port, token = free_port(), secrets.token_hex()
    own = {f"JUPYTER_{kind}_DIR": str(home / kind) for kind in ("CONFIG", "DATA", "RUNTIME")}
    own |= {"IPYTHONDIR": str(home / "ipython"), "PYTHONPATH": str(ROOT)}
    own |= jupyter_environment() | {"JUPYTERLAB_WORKSPACES_DIR": str(home / "workspaces")}
    options = [option for option in jupyter_options() if "root_dir" not in option]
    options += [f"--ServerApp.root_dir={notebooks}", f"--ServerApp.port={port}", "--ServerApp.port_retries=0"]
    options += ["--ServerApp.ip=127.0.0.1", f"--IdentityProvider.token={token}", "--no-browser"]
    command = [sys.executable, "-m", "jupyterlab", *options]
    with (home / "log").open("wb") as log:
        process = subprocess.Popen(command, env=os.environ | own, cwd=home, stdout=log, stderr=log)
    try:
        running = Server(f"http://127.0.0.1:{port}", token, notebooks)
        running.ask("GET", "/api/status")
        yield running
        running.end_sessions()
    finally:
        process.terminate()
        try:
            process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(timeout=20)


@pytest.fixture
def notebook(server, request):
    """Give a function that writes a notebook of the sources it is called with and returns its name."""

    def write(*sources):
        path = server.notebooks / f"{request.node.name}.ipynb"
        write_notebook(path, *sources)
        return path.name

    return write


@pytest.fixture(scope="session")
def browser():
    """Start Chromium, without a window."""
    from playwright.sync_api import sync_playwright

    path = chromium()
    if not path:
        pytest.fail(NOT_RUN)
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield started
        started.close()


@pytest.fixture(scope="session")
def usual_complaints(browser, server):
    """Return what the console calls an error for an empty notebook: JupyterLab's own."""
    complaints = []
    page = new_page(browser, server, complaints)
    open_notebook(page, EMPTY)
    run_all(page)
    page.context.close()
    server.end_sessions()
    return {alike(complaint) for complaint in complaints}


@pytest.fixture
def page(browser, server, usual_complaints):
    """Give a page of 1280 by 720; then end its kernels, and fail if its console had errors of its own."""
    complaints = []
    page = new_page(browser, server, complaints)
    page.set_default_timeout(20_000)
    yield page
    page.context.close()
    server.end_sessions()
    assert [text for text in complaints if alike(text) not in usual_complaints] == [], "errors in the console"
