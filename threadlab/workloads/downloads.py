"""Download files from the web: one at a time, or by many threads."""

import os
import re
import socket
import unicodedata
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path, PurePosixPath
from secrets import token_hex
from threading import Event, local
from time import perf_counter
from typing import Any, BinaryIO
from urllib.parse import unquote

import requests
from requests.exceptions import ChunkedEncodingError, ProxyError, SSLError
from urllib3.exceptions import NewConnectionError

from threadlab.running.arguments import MOST_WORKERS, WHY_MOST_WORKERS, whole_number
from threadlab.running.watching import waiting

_URL = re.compile(r"https?://([^/?#]*@)?(?P<host>[^/?#]*)(?P<path>[^?#]*)", re.IGNORECASE)
_TIME_LIMITS = (5.0, 10.0)  # seconds: to connect, and between two pieces


@dataclass(frozen=True, slots=True)
class Download:
    """What became of one URL. If it failed, `path` is None and `error` says why and what to do."""

    url: str
    path: Path | None = None
    size: int = 0
    sha256: str = ""
    seconds: float = 0.0
    error: str | None = None
    requested: float | None = None  # the moments by time.perf_counter; None if it never came so far
    began: float | None = None
    first_byte: float | None = None
    ended: float | None = None


class _OfThisThread(local):
    def __init__(self) -> None:
        self.session = requests.Session()
        self.session.headers["Accept-Encoding"] = "identity"  # the announced size is that of the file
        for scheme in ("http://", "https://"):  # a site that was started anew leaves no connection behind
            self.session.mount(scheme, requests.adapters.HTTPAdapter(pool_connections=2))
        for host in ("127.0.0.1", "localhost"):
            self.session.proxies[f"http://{host}"] = ""  # this computer is never asked through a proxy


_mine = _OfThisThread()  # kept between calls to reuse connections; a thread's session ends with the thread


def download(url: str, folder: str | Path) -> Download:
    """Download `url` into `folder`, where the last name in its path is the name of the file.

    >>> print(download("example.org", "pictures").error)
    the URL must begin with http:// or https://, not 'example.org'
    """
    return _download(url, Path(folder) / _file_name(url), Event())


def download_all(urls: Iterable[str], folder: str | Path, *, workers: int = 8) -> list[Download]:
    """Download `urls` into `folder` by so many `workers`; return one result for each URL, in their order.

    Of files with equal names the second is called `name (2)`.
    """
    if isinstance(urls, (str, bytes)) or not isinstance(urls, Iterable):
        raise TypeError(f"urls must be a list of URLs such as ['https://example.org'], not {urls!r}")
    whole_number("workers", workers, most=MOST_WORKERS, why=WHY_MOST_WORKERS)
    urls, folder, stop = list(urls), Path(folder), Event()
    pool = ThreadPoolExecutor(workers)
    jobs = []
    try:
        for url, name in zip(urls, _different([_file_name(url) for url in urls]), strict=True):
            jobs.append(pool.submit(_download, url, folder / name, stop, requested=perf_counter()))
        while wait(jobs, timeout=0.1).not_done:
            pass  # in slices, because Windows cannot interrupt a wait
    except BaseException:  # most likely "Interrupt the kernel"
        stop.set()
        pool.shutdown(wait=False, cancel_futures=True)
        # Who hangs longer than this ends by its own time limit, and removes its file then.
        wait([job for job in jobs if not job.cancelled()], timeout=0.5)
        raise
    pool.shutdown()
    return [job.result() for job in jobs]


def _download(url: str, path: Path, stop: Event, requested: float | None = None) -> Download:
    done: dict[str, Any] = {"requested": requested, "began": perf_counter()}
    part = path.with_name(f".{token_hex(8)}.part")
    try:
        if not _URL.match(str(url)):
            raise ValueError(f"the URL must begin with http:// or https://, not {url!r}")
        path.parent.mkdir(parents=True, exist_ok=True)
        with waiting("the first byte"):
            response = _mine.session.get(url, stream=True, timeout=_TIME_LIMITS)
        done["first_byte"] = perf_counter()
        with response, open(part, "xb") as file:
            fingerprint, size = _save(response, file, stop)
        part.replace(path)
        done |= {"path": path, "size": size, "sha256": fingerprint}
    except Exception as error:
        done["error"] = _sentence(error, url, path.parent)
    finally:  # also when it is interrupted
        with suppress(OSError):
            part.unlink()
    done["ended"] = perf_counter()
    return Download(url, seconds=done["ended"] - done["began"], **done)


def _save(response: requests.Response, file: BinaryIO, stop: Event) -> tuple[str, int]:
    if response.status_code != 200:
        advice = "check the address" if response.status_code < 500 else "its fault, try again later"
        raise ValueError(f"the server answered {response.status_code} {response.reason}: {advice}")
    fingerprint = sha256()
    for piece in response.iter_content(64 * 1024):  # bytes: hashing so many releases the GIL
        if stop.is_set():
            raise RuntimeError("stopped before its end")
        file.write(piece)
        fingerprint.update(piece)
    if response.raw.length_remaining:  # urllib3 before 2.0 leaves this check to us
        raise ChunkedEncodingError
    return fingerprint.hexdigest(), file.tell()


def _file_name(url: str) -> str:
    parts = _URL.match(str(url))
    path = unquote(parts["path"]) if parts else ""
    name = re.sub(r'[\x00-\x1f\x7f\ud800-\udfff<>:"|?*\\]', "_", PurePosixPath(path).name)
    stem, ending = os.path.splitext(unicodedata.normalize("NFC", name).strip(". "))
    ending = ending if len(ending) < 12 else ""
    name = stem.encode()[:80].decode(errors="ignore").strip(". ") + ending or "download"
    reserved = re.match(r"(con|prn|aux|nul|(com|lpt)[\d¹²³]|con(in|out)\$)\s*(\.|$)", name, re.IGNORECASE)
    return f"_{name}" if reserved else name


def _different(names: list[str]) -> list[str]:
    different: dict[str, str] = {}  # keys: equal is what Windows and macOS hold for equal
    for name in names:
        (stem, ending), new, place = os.path.splitext(name), name, 2
        while new.casefold() in different:
            new, place = f"{stem} ({place}){ending}", place + 1
        different[new.casefold()] = new
    return list(different.values())


_SENTENCES: dict[type[Exception], str] = {  # the first that fits the error or one of its causes is said
    requests.TooManyRedirects: "redirects for ever: check the address in a browser",
    ProxyError: "the proxy does not answer: check HTTP_PROXY and HTTPS_PROXY",
    SSLError: "no safe connection to {host}: check the address, and the clock of this computer",
    socket.gaierror: "unknown host {host}: check the spelling, and that this computer is online",
    ConnectionRefusedError: "{host} refuses the connection: check the port, and that the server runs",
    requests.ConnectTimeout: "no connection to {host} in time: check that this computer is online",
    TimeoutError: "{host} did not answer in time: try again later",
    NewConnectionError: "no connection to {host}: check that this computer is online",
    requests.ConnectionError: "{host} closed the connection too early: try again",
    ChunkedEncodingError: "{host} closed the connection before everything announced had come: try again",
    requests.RequestException: "this is not the address of a file: {error}",
    OSError: "the folder {folder} cannot be written ({error}): choose another one",
}


def _sentence(error: Exception, url: str, folder: Path) -> str:
    causes: list[BaseException] = [error]
    while cause := causes[-1].__cause__ or causes[-1].__context__:
        causes.append(cause)
    fitting = (text for kind, text in _SENTENCES.items() for cause in causes if isinstance(cause, kind))
    parts, why = _URL.match(str(url)), getattr(error, "strerror", None) or error
    return next(fitting, "{error}").format(host=parts and parts["host"], folder=folder, error=why)
