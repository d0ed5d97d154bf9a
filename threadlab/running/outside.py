"""Waits for what is outside this Python: the network, and other processes. No tick can come out of them."""

import os
import select
import socket
import subprocess
from collections.abc import Callable
from contextlib import suppress
from functools import partialmethod
from multiprocessing.process import BaseProcess
from typing import Any

from threadlab.running.standins import Place, inside, stand_in
from threadlab.running.ticks import CALL, NETWORK, PROCESS, tick


class Outside:
    """The stand-ins of one run that tell such waits; else they would look like waiting for the GIL."""

    def _outside(self, what: str, real: Callable[..., Any], *args: Any, **named: Any) -> Any:
        tick(CALL)
        try:
            with inside(None):  # where the library sleeps or locks meanwhile, that is the same wait
                return real(*args, **named)
        finally:
            tick(what)

    _network, _process = partialmethod(_outside, NETWORK), partialmethod(_outside, PROCESS)


OUTSIDE: list[Place] = [
    (select, "select", stand_in("_network")),
    *((socket.socket, name, stand_in("_network")) for name in ("connect", "recv", "recv_into", "sendall")),
    *((os, name, stand_in("_process")) for name in ("system", "waitpid")),
    *((subprocess.Popen, name, stand_in("_process")) for name in ("__init__", "communicate", "wait")),
    *((BaseProcess, name, stand_in("_process")) for name in ("start", "join")),
]
with suppress(ImportError):  # a Python may have been built without it
    import ssl

    OUTSIDE += [(ssl.SSLSocket, name, stand_in("_network")) for name in ("do_handshake", "read", "send")]
