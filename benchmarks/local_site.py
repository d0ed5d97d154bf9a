"""Claims: the local site gives 2,000 small answers a second, and keeps to its latency within 3 ms.

64 connections ask for files of 100 bytes, each for one after the other. The latency error is what the site
sees: the time from a request to its answer, less the latency. Beside it nginx, so that one sees how much the
asking side could take.

    python benchmarks/local_site.py
"""

import asyncio
import json
import subprocess
import sys
from statistics import median
from time import perf_counter
from urllib.parse import urlsplit

from downloads import spread, verdict
from servers import nginx

from threadlab import serve_site, this_machine
from threadlab.workloads import answering

ROUNDS, CONNECTIONS, SIZE, LATENCY = 9, 64, 100, 0.1


class Timed(answering._Answering):
    """The site, which keeps how many seconds each answer came too late."""

    def __init__(self):
        super().__init__()
        self.began = {}

    async def answer(self, path, reader, writer):
        """Answer as usual, and keep when it began."""
        self.began[writer] = perf_counter()
        return await super().answer(path, reader, writer)

    async def send(self, writer, *what):
        """Send as usual, and keep how late it is."""
        late.append(perf_counter() - self.began[writer] - self.settings["latency"])
        await super().send(writer, *what)


late = []


def timed():
    """Be the site until standard input ends; then print the errors."""
    answering._Answering = Timed
    asyncio.run(answering.serve())
    print(json.dumps(late))


async def ask(address, path, times):
    reader, writer = await asyncio.open_connection(address.hostname, address.port)
    for _ in range(times):
        writer.write(f"GET {path} HTTP/1.1\r\nHost: here\r\n\r\n".encode())
        await reader.readuntil(b"\r\n\r\n")
        await reader.readexactly(SIZE)
    writer.close()
    await writer.wait_closed()


async def ask_all(url, times):
    """Ask by all connections at once; return the answers in a second."""
    address = urlsplit(url)
    path, began = url.partition(address.netloc)[2], perf_counter()
    await asyncio.gather(*(ask(address, path, times) for _ in range(CONNECTIONS)))
    return CONNECTIONS * times / (perf_counter() - began)


def errors():
    """Return how late the answers of one site were, in milliseconds."""
    call = [sys.executable, __file__, "timed"]
    settings = {"latency": LATENCY, "jitter": 0, "at_once": None, "faults": {}, "seed": 0}
    settings |= {"bandwidth": None, "bandwidth_each": None}
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen(call, **pipes) as site:
        print(json.dumps(settings), file=site.stdin, flush=True)
        port = json.loads(site.stdout.readline())["port"]
        asyncio.run(ask_all(f"http://127.0.0.1:{port}/file/1?size={SIZE}", 20))
        told, _ = site.communicate(timeout=20)
    return [1000 * seconds for seconds in json.loads(told)]


def main():
    rates, peers, medians, worst = [], [], [], []
    with serve_site(latency=0) as site, nginx(1, SIZE) as (urls, _, _):
        for _ in range(ROUNDS):
            rates.append(asyncio.run(ask_all(site.urls(1, size=SIZE)[0], 100)))
            peers.append(asyncio.run(ask_all(urls[0], 100)))
            found = sorted(errors())
            assert len(found) == 20 * CONNECTIONS
            medians.append(median(found))
            worst.append(found[-len(found) // 20])
    print(f"{this_machine()}; {CONNECTIONS} connections, {ROUNDS} rounds, no value dropped\n")
    print(f"answers in a second: {spread(rates, digits=0)}; nginx: {spread(peers, digits=0)}")
    print(f"latency error, median of a round: {spread(medians, ' ms')}; 95 % below {spread(worst, ' ms')}\n")
    verdict("at least 2,000 answers a second", median(rates) >= 2000)
    verdict("latency error at most 3 ms at the median", median(medians) <= 3)


if __name__ == "__main__":
    timed() if sys.argv[1:] == ["timed"] else main()
