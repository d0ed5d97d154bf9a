"""Ways to download, each in a process of its own, which downloads what it reads on standard input.

`benchmarks/downloads.py` starts them. Only the import of its library is needed in a way's Python. Each way is
the shortest and quickest that its library allows: no proxies, nothing hashed, nothing checked.
"""

import asyncio
import json
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from time import perf_counter


def threadlab():
    from threadlab import download_all

    def run(urls, folder, workers):
        results = download_all(urls, folder, workers=workers)
        return {"errors": [each.error for each in results], "digests": [each.sha256 for each in results]}

    return run


def in_a_pool(one, urls, folder, workers):
    with ThreadPoolExecutor(workers) as pool:
        list(pool.map(one, urls, [Path(folder, str(place)) for place in range(len(urls))]))


def requests():
    import requests

    def run(urls, folder, workers):
        mine = threading.local()

        def one(url, path):
            if not hasattr(mine, "session"):
                mine.session = requests.Session()
                mine.session.trust_env = False
            path.write_bytes(mine.session.get(url, timeout=10).content)

        in_a_pool(one, urls, folder, workers)

    return run


def httpx():
    import httpx

    def run(urls, folder, workers):
        limits = httpx.Limits(max_connections=workers, max_keepalive_connections=workers)
        with httpx.Client(limits=limits, trust_env=False, verify=False, timeout=10) as client:
            in_a_pool(lambda url, path: path.write_bytes(client.get(url).content), urls, folder, workers)

    return run


def aiohttp():
    import aiohttp

    async def all_of(urls, folder, workers):
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=workers)) as session:

            async def one(url, path):
                async with session.get(url) as answer:
                    with open(path, "wb") as file:
                        async for piece in answer.content.iter_chunked(65_536):
                            file.write(piece)

            await asyncio.gather(*(one(url, Path(folder, str(place))) for place, url in enumerate(urls)))

    return lambda *what: asyncio.run(all_of(*what))


def curl():
    def run(urls, folder, workers):
        listed = "\n".join(f'url = "{url}"\noutput = "{folder}/{place}"' for place, url in enumerate(urls))
        options = ["--parallel", "--parallel-max", str(workers), "--no-progress-meter", "--noproxy", "*"]
        subprocess.run(["curl", *options, "--config", "-"], input=listed, text=True, check=True)

    return run


WAYS = {way.__name__: way for way in (threadlab, requests, httpx, aiohttp, curl)}


def peak():
    """Return the most memory that this process has had so far, in bytes; None where nobody counts it."""
    try:
        from resource import RUSAGE_SELF, getrusage
    except ImportError:  # Windows
        return None
    return getrusage(RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def main():
    run = WAYS[sys.argv[1]]()
    print(json.dumps({"peak": peak(), "python": sys.version.split()[0]}), flush=True)
    for line in sys.stdin:
        what = json.loads(line)
        began = perf_counter()
        told = run(what["urls"], what["folder"], what["workers"]) or {}
        print(json.dumps(told | {"seconds": perf_counter() - began, "peak": peak()}), flush=True)


if __name__ == "__main__":
    main()
