"""Claims: downloads by threads are as fast as the machine and the site allow, in little memory.

    python benchmarks/downloads.py speedup                            # of the ideal, with 2 to 64 workers
    python benchmarks/downloads.py small --peers peers/bin/python     # 200 files of 100 KB at 20 ms
    python benchmarks/downloads.py nginx --peers peers/bin/python     # 500 files of 1 MB from nginx
    python benchmarks/downloads.py memory                             # 64 workers, files of 5 and 50 MB
    python benchmarks/downloads.py many                               # 1,000 files, 64 workers
    python benchmarks/downloads.py httpbin --peers peers/bin/python   # answers of a server not written here

The peers are a Python (`python -m venv peers`) with `pip install aiohttp httpx httpbin gunicorn`, and curl
and nginx from the system. Each way to download is a process of its own (downloaders.py), the rounds are
interleaved, no value is dropped. Files go where TMPDIR says, else into memory if there is /dev/shm: on ext4
without a journal a new file takes longer the more were deleted lately, and every round deletes its files.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path
from statistics import median

from servers import HOW, digest, httpbin, nginx

from threadlab import download_all, serve_site, this_machine
from threadlab.installing import ROOT

HERE = Path(__file__).parent
if "TMPDIR" not in os.environ and os.path.isdir("/dev/shm"):
    tempfile.tempdir = "/dev/shm"
ALL = ("threadlab", "requests", "httpx", "aiohttp", "curl")
OF_PYTHON = ("aiohttp", "httpx")  # the ways that --peers has


class Way:
    """A way to download, in a process of its own."""

    def __init__(self, name, peers=None, limit=""):
        self.name, python = name, peers if name in OF_PYTHON else sys.executable
        if not shutil.which("curl" if name == "curl" else python or ""):
            raise SystemExit(f"missing: {name}. {'apt install curl' if name == 'curl' else HOW}")
        call = [python, str(HERE / "downloaders.py"), name]
        if limit:
            call = ["sh", "-c", f'ulimit -n {limit} && exec "$@"', "sh", *call]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
        self.process = subprocess.Popen(call, **pipes, env={**os.environ, "PYTHONPATH": str(ROOT)})
        self.imported = self.answer()

    def answer(self):
        """Return what the process tells next."""
        if not (line := self.process.stdout.readline()):
            raise SystemExit(f"missing: {self.name}, or it failed: see above. {HOW}")
        return json.loads(line)

    def download(self, urls, workers, size, digests=None):
        """Download into a new folder, and return what the process tells; all files are there and whole."""
        with tempfile.TemporaryDirectory() as folder:
            what = json.dumps({"urls": urls, "folder": folder, "workers": workers})
            print(what, file=self.process.stdin, flush=True)
            told, files = self.answer(), list(Path(folder).iterdir())
            sizes = [file.stat().st_size for file in files]
            assert sizes == [size] * len(urls), f"{self.name}: {len(files)} of {len(urls)}, {set(sizes)}"
            if digests:
                assert sorted(map(digest, files)) == sorted(digests), f"{self.name}: another content"
                assert told.get("digests", digests) == digests, f"{self.name}: another digest"
        return told

    def close(self):
        """End the process."""
        self.process.stdin.close()
        self.process.stdout.close()
        self.process.wait(10)


@contextmanager
def ways_of(names, peers=None):
    ways = [Way(name, peers) for name in names]
    try:
        yield ways
    finally:
        for way in ways:
            way.close()


def spread(values, unit="", digits=2):
    return f"{median(values):.{digits}f}{unit} ({min(values):.{digits}f} to {max(values):.{digits}f})"


def verdict(what, holds):
    print(f"{what}: {'kept' if holds else 'NOT kept'}.")


def in_turn(ways, rounds, urls, workers, size, digests=None):
    """Return the seconds of each way in each round, after one round that does not count."""
    seconds = {way.name: [] for way in ways}
    for number in range(-1, rounds):
        for way in ways[number % len(ways) :] + ways[: number % len(ways)]:  # no way is always the first
            took = way.download(urls, workers, size, digests)["seconds"]
            if number >= 0:
                seconds[way.name].append(took)
    return seconds


def compare(seconds):
    """Print the seconds of each way, and return how many times the others' Threadlab's are in the median."""
    print("| | seconds, median (range) | threadlab, times that |\n|---|---|---|")
    times = {}
    for name, values in seconds.items():
        ratios = [ours / theirs for ours, theirs in zip(seconds["threadlab"], values, strict=True)]
        times[name] = median(ratios)
        print(f"| {name} | {spread(values, digits=3)} | {spread(ratios)} |")
    print()
    return times


def speedup(_):
    """Ten files of 20 KB for each worker, at 100 ms: the time of one worker with 10 ÷ that of n with 10 n."""
    rounds, counts = 7, (1, 2, 4, 8, 16, 32, 64)
    with serve_site(latency=0.1) as site, ways_of(("threadlab", "requests")) as ways:
        seconds = {(way.name, count): [] for way in ways for count in counts}
        for way in ways:
            way.download(site.urls(10), 1, 20_000)  # not counted
        for _ in range(rounds):
            for count in counts:
                for way in ways:
                    told = way.download(site.urls(10 * count), count, 20_000)
                    seconds[way.name, count].append(told["seconds"])
    print(f"{rounds} rounds; one worker, 10 downloads: {spread(seconds['threadlab', 1], ' s', 3)}\n")
    print("| workers | threadlab, of the ideal speed-up | plain requests | at least |\n|---|---|---|---|")
    kept = True
    for count in counts[1:]:
        shares = {
            way.name: [
                100 * one / many
                for one, many in zip(seconds[way.name, 1], seconds[way.name, count], strict=True)
            ]
            for way in ways
        }
        ours, plain = shares["threadlab"], shares["requests"]
        least = 95 if count <= 16 else median(plain) - 3
        kept &= median(ours) >= least
        print(f"| {count} | {spread(ours, ' %', 1)} | {spread(plain, ' %', 1)} | {least:.1f} % |")
    verdict("\nat least 95 % to 16 workers, then plain requests less 3 points", kept)


def small(peers):
    """200 files of 100 KB at 20 ms, 16 connections."""
    with serve_site(latency=0.02) as site, ways_of(ALL, peers) as ways:
        seconds = in_turn(ways, 15, site.urls(200, size=100_000), 16, 100_000)
    print(f"{len(seconds['curl'])} rounds; the latency alone takes 0.26 s\n")
    times = compare(seconds)
    verdict(f"at most 1.1 times the best peer (now {max(times.values()):.2f})", max(times.values()) <= 1.1)


def from_nginx(peers):
    """500 files of 1 MB, 16 connections."""
    with nginx(500, 1_000_000) as (urls, digests, _), ways_of(ALL, peers) as ways:
        seconds = in_turn(ways, 7, urls, 16, 1_000_000, digests)
    print(f"{len(seconds['curl'])} rounds; the digests are those of the files on the server\n")
    times = compare(seconds)
    verdict(f"at most 1.6 times aiohttp (now {times['aiohttp']:.2f})", times["aiohttp"] <= 1.6)
    verdict(f"not slower than plain requests (now {times['requests']:.2f})", times["requests"] <= 1)


def memory(_):
    """64 workers, one file each: the most memory the process ever had, over that after its import."""
    rounds, most = 3, []
    print("| 64 files of | peak over the import, median (range) |\n|---|---|")
    with serve_site(latency=0) as site:
        for size in (5_000_000, 50_000_000):
            over = []
            for _ in range(rounds):
                with ways_of(("threadlab",)) as (way,):
                    told = way.download(site.urls(64, size=size), 64, size)
                    over.append((told["peak"] - way.imported["peak"]) / 1e6)
            print(f"| {size / 1e6:.0f} MB | {spread(over, ' MB', 1)} |", flush=True)
            most += over
    verdict("\nunder 60 MB, always", max(most) < 60)


def many(_):
    """1,000 files from nginx by 64 workers that may open 192 files in all."""
    with nginx(1000, 20_000) as (urls, digests, folder):
        way = Way("threadlab", limit="192")
        told = way.download(urls, 64, 20_000, digests)
        way.close()
        opened = set((folder / "connections").read_text().split())
    print(f"1,000 files in {told['seconds']:.2f} s over {len(opened)} connections, at most 192 open files")
    verdict("no error, and at most 64 connections", not any(told["errors"]) and len(opened) <= 64)


SAID = {  # what httpbin is asked for, and a word of what is to be said; None for a file
    "/bytes/100000?seed=1": None,
    "/stream-bytes/100000?seed=1": None,
    "/gzip": None,
    "/deflate": None,
    "/image/png": None,
    "/redirect/3": None,
    "/absolute-redirect/2": None,
    "/drip?duration=0.5&numbytes=20": None,
    "/delay/1": None,
    "/status/404": "404 NOT FOUND: check the address",
    "/status/418": "418",
    "/status/429": "429 TOO MANY REQUESTS: too many requests",
    "/status/503": "503 SERVICE UNAVAILABLE: its fault",
    "/redirect/20": "redirects for ever",
    "/basic-auth/ann/secret": "401 UNAUTHORIZED: check the address",
    "/drip?duration=60&numbytes=60": "not complete after 3 s",
}


def from_httpbin(peers):
    """Each of the addresses of httpbin, four times, by 16 workers."""
    with tempfile.TemporaryDirectory() as folder, httpbin(peers) as address:
        urls = [address + path for path in SAID] * 4
        results = download_all(urls, folder, workers=16, retries=1, time_limit=3)
        left = {file.name for file in Path(folder).iterdir()}
    wrong = [each for each in results if (word := SAID[each.url.removeprefix(address)]) != each.error
             and (not word or word not in (each.error or ""))]  # fmt: skip
    for each in wrong:
        print(f"{each.url}: {each.error}")
    sizes = {each.size for each in results if "bytes/" in each.url}  # in one piece, and in chunks
    pictures = {each.sha256 for each in results if "png" in each.url}
    whole = [each.path.name for each in results if each.path]
    print(f"{len(results)} downloads of {len(SAID)} addresses: {len(whole)} files")
    verdict(
        "files and sentences as expected",
        not wrong and sizes == {100_000} and len(pictures) == 1 and set(whole) == left,
    )


PARTS = {each.__name__: each for each in (speedup, small, memory, many)}
PARTS |= {"nginx": from_nginx, "httpbin": from_httpbin}


def main():
    words = argparse.ArgumentParser()
    words.add_argument("part", choices=PARTS)
    words.add_argument("--peers", help="a Python that has aiohttp, httpx, httpbin and gunicorn")
    asked = words.parse_args()
    print(f"{this_machine()}; {PARTS[asked.part].__doc__} No value dropped.\n")
    PARTS[asked.part](asked.peers)


if __name__ == "__main__":
    main()
