"""Download files from the web: one at a time, or by many threads."""

from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from pathlib import Path
from threading import Event
from time import perf_counter

from threadlab.running.arguments import MOST_WORKERS, WHY_MOST_WORKERS, function, whole_number
from threadlab.workloads.connections import Session, mine
from threadlab.workloads.downloading import GRACE, Job, Limits
from threadlab.workloads.downloading import Download as Download
from threadlab.workloads.file_names import different, file_name


def download(
    url: str,
    folder: str | Path,
    *,
    retries: int = 3,
    size_limit: int = 1_000_000_000,
    time_limit: float = 300.0,
) -> Download:
    """Download `url` into `folder`, where the last name in its path is the name of the file.

        >>> print(download("example.org", "pictures").error)
        the URL must begin with http:// or https://, not 'example.org'

    Args:
        url: An address that begins with http:// or https://.
        folder: Made if it is missing.
        retries: How often what may pass by itself (a broken connection, "429", "503", ...) is tried once
            more: after a pause that grows, or when the server asks for it (Retry-After).
        size_limit: Bytes above which the download is given up.
        time_limit: Seconds after which it is given up, all tries and pauses included.

    Raises:
        TypeError: A limit is of the wrong kind.
        ValueError: A limit is too small.
    """
    limits = Limits(retries, size_limit, time_limit)
    job = Job(url, Path(folder) / file_name(url), limits, Event(), mine.session)
    job.run()
    return job.now()


def download_all(
    urls: Iterable[str],
    folder: str | Path,
    *,
    workers: int = 8,
    retries: int = 3,
    size_limit: int = 1_000_000_000,
    time_limit: float = 300.0,
    stop: Event | None = None,
    progress: Callable[[list[Download]], object] | None = None,
) -> list[Download]:
    """Download `urls` into `folder` by so many `workers`; return one result for each URL, in their order.

        >>> [result.path for result in download_all(["example.org", "example.com"], "pictures")]
        [None, None]

    Of files with equal names the second is called `name (2)`. A file has its name only once it is complete.

    Args:
        urls: Addresses that begin with http:// or https://.
        folder: Made if it is missing.
        workers: How many threads download at the same time.
        retries: As for `download`; so are the limits, which hold for each URL.
        size_limit: Bytes.
        time_limit: Seconds, from the moment a worker begins with the URL.
        stop: Set this event in another thread to end all within half a second; what is complete stays.
        progress: Called in this thread ten times a second, and at the end, with all results as they are.

    Raises:
        TypeError: An argument is of the wrong kind.
        ValueError: An argument is too small or too large.
    """
    if isinstance(urls, (str, bytes)) or not isinstance(urls, Iterable):
        raise TypeError(f"urls must be a list of URLs such as ['https://example.org'], not {urls!r}")
    whole_number("workers", workers, most=MOST_WORKERS, why=WHY_MOST_WORKERS)
    limits, stop, urls = Limits(retries, size_limit, time_limit), stop or Event(), list(urls)
    if not hasattr(stop, "set"):
        raise TypeError(f"stop must be a threading.Event, not {stop!r}")
    if progress is not None:
        function("progress", progress)
    session, folder = Session(workers), Path(folder)
    names = different([file_name(url) for url in urls])
    jobs = [Job(url, folder / name, limits, stop, session) for url, name in zip(urls, names, strict=True)]
    for job in jobs:
        job.known["requested"] = perf_counter()
    left = deque([*jobs, *[None] * workers])  # each worker takes one after the other until it gets None
    pool, tasks = ThreadPoolExecutor(workers), list[Future[None]]()

    def work() -> None:
        while (job := left.popleft()) and not stop.is_set():
            job.run()

    try:
        tasks += [pool.submit(work) for _ in jobs[:workers]]  # not one for each URL: it costs time
        pool.shutdown(wait=False)  # each thread ends as soon as there is nothing left for it
        while wait(tasks, timeout=0.1).not_done:  # in slices: Windows cannot interrupt a wait
            if stop.is_set() or all(job.over() for job in jobs):
                break
            if progress:
                progress([job.now() for job in jobs])
            for job in jobs:
                job.cut_if_due()
    except BaseException:  # most likely "Interrupt the kernel"
        stop.set()
        raise
    finally:
        pool.shutdown(wait=False)
        until = perf_counter() + GRACE
        # Who hangs longer than this is not connected yet; it ends by its own time limit, and leaves no file.
        while wait(tasks, timeout=0.05).not_done:
            for job in jobs:
                job.cut_if_due()
            if perf_counter() > until:
                break
        else:
            pool.shutdown()  # its threads have nothing left to do
        limits.ways.close()
        session.close()
    results = [job.now() for job in jobs]
    if progress:
        progress(results)
    return results
