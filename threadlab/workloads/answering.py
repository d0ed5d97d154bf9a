"""Answer requests for files slowly and unreliably: what the process of a local web site runs."""

import asyncio
import faulthandler
import json
import logging
import os
import random
import re
import socket
import struct
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

FAULTS = ("404", "429", "503", "reset", "cut", "wrong length", "hang", "drip", "redirects", "no length")
_WITHOUT_FILE = {
    "404": "404 Not Found",
    "429": "429 Too Many Requests\r\nRetry-After: {}",
    "503": "503 Service Unavailable\r\nRetry-After: {}",
    "redirects": "302 Found\r\nLocation: /around",
}
_DRIP = 10  # bytes per second
_RESET = struct.pack("hh" if os.name == "nt" else "ii", 1, 0)  # linger for no time: closing is a reset


async def serve() -> None:
    """Serve files until standard input ends; each of its lines is changes, answered by what was served."""
    logging.disable()  # standard output is for answers
    site = _Answering()
    server = await asyncio.start_server(site.talk, "127.0.0.1", 0, backlog=1024)
    while line := await asyncio.to_thread(sys.stdin.readline):
        faulthandler.cancel_dump_traceback_later()
        site.change(json.loads(line))
        answer = {"port": server.sockets[0].getsockname()[1], "served": site.served}
        print(json.dumps(answer), flush=True)  # noqa: T201


class _Answering:
    """The settings in force, and what was asked and served since the faults were set."""

    def __init__(self) -> None:
        self.settings: dict[str, Any] = {}
        self.asked: Counter[str] = Counter()
        self.served: Counter[str] = Counter()
        self.line_free = 0.0  # when the line that all connections share has sent what it was given

    def change(self, changes: dict[str, Any]) -> None:
        self.settings |= changes
        if "at_once" in changes:
            self.slots = asyncio.Semaphore(changes["at_once"] or 1_000_000)
        if changes.keys() & {"faults", "seed"}:
            self.asked.clear()
            self.served.clear()

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one request after the other until either side ends the connection."""
        goes_on = True
        with suppress(OSError, IndexError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            while goes_on:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
                path = head.split(" ", 2)[1]
                last = " HTTP/1.0\r\n" in head or "connection: close" in head.lower()
                async with self.slots:
                    goes_on = await self.answer(path, reader, writer) and not last
        writer.close()

    async def answer(self, path: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Answer one request; return whether the connection can go on."""
        chance = random.Random(f"{self.settings['seed']} {path} {self.asked[path]}")
        file = re.fullmatch(r"/file/(\d+)\?size=(\d+)(&.*)?", path)
        fault = self.fault(chance.random()) if file else "redirects" if path.startswith("/around") else "404"
        self.asked[path] += 1
        self.served[fault] += 1
        await asyncio.sleep(self.settings["latency"] + chance.random() * self.settings["jitter"])
        if fault == "hang":
            await reader.read()  # until the other side goes away
            return False
        if fault in _WITHOUT_FILE or not file:
            status = _WITHOUT_FILE[fault].format(self.settings["retry_after"])
            writer.write(f"HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n".encode())
            return True
        await self.send(writer, file[1], int(file[2]), fault)
        return fault not in ("reset", "cut", "wrong length")

    def fault(self, chance: float) -> str:
        """Return the fault whose share `chance` (from 0 to 1) falls into, or "200"."""
        for fault, share in self.settings["faults"].items():
            if chance < share:
                return str(fault)
            chance -= share
        return "200"

    async def send(self, writer: asyncio.StreamWriter, name: str, size: int, fault: str) -> None:
        length = f"Content-Length: {size + 10 * (fault == 'wrong length')}"
        chunked = fault == "no length"
        if chunked:
            length = "Transfer-Encoding: chunked"
        head = f"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n{length}\r\n\r\n".encode()
        each = _DRIP if fault == "drip" else self.settings["bandwidth_each"]
        step = 1 if fault == "drip" else 65_536
        if each or self.settings["bandwidth"]:  # else the head goes along with the first piece
            writer.write(head)
            head, step = b"", min(step, 16_384)
        own_free = asyncio.get_running_loop().time()
        for piece in _pieces(name, size // 2 if fault in ("reset", "cut") else size, step):
            own_free = await self.pause(own_free, len(piece), each)
            writer.write(head + (b"%x\r\n%s\r\n" % (len(piece), piece) if chunked else piece))
            head = b""
            await writer.drain()
        writer.write(head + b"0\r\n\r\n" * chunked)
        if fault == "reset":
            writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)

    async def pause(self, own_free: float, size: int, each: int | None) -> float:
        """Wait while `size` bytes take their time on the connection and on the line that all share."""
        now, shared = asyncio.get_running_loop().time(), self.settings["bandwidth"]
        if each:
            own_free += size / each
        if shared:
            self.line_free = max(self.line_free, now) + size / shared
            own_free = max(own_free, self.line_free)
        if own_free > now:
            await asyncio.sleep(own_free - now)
        return own_free


def _pieces(name: str, size: int, step: int) -> Iterator[bytes]:
    """Yield the `size` bytes of the file `name`, a line again and again, in pieces of about `step` bytes."""
    line = f"This is file {name}.\n".encode()
    whole = line * max(1, step // len(line))
    step = min(step, len(whole))
    for begin in range(0, size, step):
        yield whole[begin % len(whole) :][: min(step, size - begin)]
