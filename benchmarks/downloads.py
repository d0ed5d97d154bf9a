"""Claim: ten downloads per worker of 100 ms latency reach, with 8 workers, 95 % of the ideal speed-up.

Ideal is that 8 workers take for 80 downloads the time that one takes for 10. The peer is the shortest
thing that works: requests in a pool, a session per thread, nothing checked.
Run it with `python benchmarks/downloads.py`.
"""

import shutil
import tempfile
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import median
from time import perf_counter

import requests

from threadlab import download_all, serve_site, this_machine

ROUNDS = 9
PER_WORKER = 10
WORKERS = (1, 8)
mine = threading.local()


def plain_download(url, path):
    if not hasattr(mine, "session"):
        mine.session = requests.Session()
        mine.session.trust_env = False
    path.write_bytes(mine.session.get(url, timeout=10).content)


def plain(urls, folder, *, workers):
    with ThreadPoolExecutor(workers) as pool:
        list(pool.map(plain_download, urls, [Path(folder, str(place)) for place in range(len(urls))]))


def seconds_of(download_them, site, workers):
    """Return how long it takes to download the files into a new folder, all of them whole."""
    folder = tempfile.mkdtemp()
    urls = site.urls(PER_WORKER * workers)
    began = perf_counter()
    download_them(urls, folder, workers=workers)
    seconds = perf_counter() - began
    sizes = [file.stat().st_size for file in Path(folder).iterdir()]
    assert sizes == [20_000] * len(urls), f"{len(sizes)} files of {len(urls)}"
    shutil.rmtree(folder)
    return seconds


def spread(values, unit="", digits=3):
    return f"{median(values):.{digits}f}{unit} ({min(values):.{digits}f} to {max(values):.{digits}f})"


def main():
    ways = {"threadlab.download_all": download_all, "plain requests in a pool": plain}
    times = {(name, workers): [] for name in ways for workers in WORKERS}
    with serve_site(latency=0.1) as site:
        for download_them in ways.values():  # warm-up, not counted
            seconds_of(download_them, site, 1)
        for _ in range(ROUNDS):
            for (name, workers), values in times.items():
                values.append(seconds_of(ways[name], site, workers))
    print(f"{this_machine()}. {ROUNDS} interleaved rounds, median (smallest to largest), no value dropped.\n")
    print("| | 1 worker, 10 downloads | 8 workers, 80 downloads | of the ideal speed-up |")
    print("|---|---|---|---|")
    for name in ways:
        one, many = (times[name, workers] for workers in WORKERS)
        share = [100 * a / b for a, b in zip(one, many, strict=True)]
        print(f"| {name} | {spread(one, ' s')} | {spread(many, ' s')} | {spread(share, ' %', 1)} |")
        if name.startswith("threadlab"):
            verdict = "holds" if median(share) >= 95 else "does not hold"
    print(f"\nThe claim (median at least 95 %) {verdict}.")


if __name__ == "__main__":
    main()
