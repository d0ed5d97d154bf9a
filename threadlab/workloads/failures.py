"""Say what went wrong with a download, and what to do."""

import errno
import socket
from pathlib import Path

from requests import RequestException, TooManyRedirects
from urllib3 import BaseHTTPResponse, exceptions

from threadlab.workloads.file_names import URL

_SENTENCES: dict[type[Exception], str] = {  # the first that fits the error or one of its causes is said
    TooManyRedirects: "redirects for ever: check the address in a browser",
    exceptions.ProxyError: "no way through the proxy: check HTTP_PROXY and HTTPS_PROXY",
    exceptions.SSLError: "no safe connection to {host}: check the address, and the clock of this computer",
    socket.gaierror: "unknown host {host}: check the spelling, and that this computer is online",
    ConnectionRefusedError: "{host} refuses the connection: check the port, and that the server runs",
    exceptions.ConnectTimeoutError: "no connection to {host} in time: check that this computer is online",
    TimeoutError: "{host} did not answer in time: try again later",
    exceptions.NewConnectionError: "no connection to {host}: check that this computer is online",
    exceptions.ProtocolError: "{host} closed the connection before everything had come: try again",
    RequestException: "this is not the address of a file: {error}",
    exceptions.HTTPError: "{host} sent a damaged file: try again",
    OSError: "the folder {folder} cannot be written ({error}): choose another one",
}


class RefusedError(Exception):
    """The server answered, but not with a file."""

    def __init__(self, response: BaseHTTPResponse) -> None:
        super().__init__(response.status)
        self.response = response


def sentence_for(error: Exception, url: str, folder: Path) -> str:
    """Say what went wrong and what to do; what says "try again" is tried again."""
    if isinstance(error, RefusedError):
        status, advice = error.response.status, "check the address"
        if status == 429:
            advice = "too many requests, try again later with fewer workers"
        elif status >= 500:
            advice = "its fault, try again later"
        return f"the server answered {status} {error.response.reason}: {advice}"
    causes: list[BaseException] = [error]
    while cause := causes[-1].__cause__ or causes[-1].__context__:
        causes.append(cause)
    if any(getattr(cause, "errno", None) == errno.EMFILE for cause in causes):
        return "too many files are open: take fewer workers"
    fitting = (text for kind, text in _SENTENCES.items() for cause in causes if isinstance(cause, kind))
    parts, why = URL.match(str(url)), getattr(error, "strerror", None) or error
    return next(fitting, "{error}").format(host=parts and parts["host"], folder=folder, error=why)
