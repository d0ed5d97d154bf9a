"""Let learners download from real addresses: a text box, few connections, and the waterfall."""

from collections.abc import Sequence
from html import escape
from pathlib import Path
from threading import Event
from time import perf_counter
from typing import Any

import ipywidgets

from threadlab.running.arguments import some, thread_counts
from threadlab.showing import saying, style
from threadlab.showing.cells import RunPanel, close_widgets, slider, take_the_place
from threadlab.showing.style import LINE, Picture
from threadlab.showing.waterfall import ROOM, downloads_words, plot_downloads, stretch
from threadlab.workloads.downloads import Download, download_all

PLACES = (
    "https://docs.python.org/3/library/threading.html",
    "https://docs.python.org/3/library/asyncio.html",
    "https://peps.python.org/pep-0703/",
    "https://www.python.org/",
    "https://example.org/",
    "https://www.iana.org/",
    "https://en.wikipedia.org/wiki/Thread_(computing)",
    "https://www.rfc-editor.org/rfc/rfc9110.txt",
)
MOST = 50  # addresses; more would not be polite
# Kept while the kernel runs, by what the box said at first: a cell that is run again must not forget it.
_typed: dict[tuple[str, ...], list[str]] = {}
LIMITS: Any = {"retries": 1, "size_limit": 10_000_000, "time_limit": 20.0}


def try_urls(
    urls: Sequence[str] = PLACES, *, folder: str | Path = "downloads", workers: Sequence[int] = (1, 2, 4, 8)
) -> "Addresses":
    """Let a learner download what a text box says, by few threads; nothing is asked for before Run.

        >>> panel = try_urls(["https://example.org/"])
        >>> panel.picture.alt.splitlines()[0]
        'not asked yet'

    Args:
        urls: What the text box says at first; the same ones later bring back what was typed instead.
        folder: Where the files go.
        workers: The numbers of threads to choose from, at most 8 to be polite.

    Raises:
        TypeError: `urls` is no list of addresses, or `workers` are no whole numbers.
        ValueError: one of `workers` is too small or too large, or there is none of them.
    """
    many = thread_counts("workers", workers)
    if many[-1] > 8:
        raise ValueError(f"workers must be at most 8, to be polite to sites of others, not {many[-1]}")
    first = tuple(str(each) for each in some("urls", urls))
    panel = Addresses(_typed.get(first) or first, Path(folder), many)
    panel.text.observe(lambda change: _typed.update({first: change["new"].strip().splitlines()}), "value")
    take_the_place(panel, "try_urls")
    panel.show(panel.told)
    return panel


class Addresses(RunPanel):
    """The text box, and the waterfall of the last run."""

    def __init__(
        self, urls: Sequence[str], folder: Path, workers: Sequence[int], *, pause: float = 0.5
    ) -> None:
        self._folder, self._results = folder, list[Download]()
        self._cleared = False  # since the attempt under way began
        self.told = ipywidgets.HTML()  # what failed, and why
        self.workers = slider("workers", {str(n): n for n in workers}, workers[min(2, len(workers) - 1)])
        self.text = ipywidgets.Textarea("\n".join(urls), rows=8, layout={"width": "660px"})
        super().__init__(
            "Real addresses, one a line: press Run to ask them", [self.workers], pause, self.text
        )

    def close(self) -> None:
        """End what is under way and let go of everything."""
        super().close()
        close_widgets(self.workers, self.text, self.told)

    def paint(self) -> Picture:
        """Return the waterfall of the last run."""
        nothing = "not asked yet\npress Run to ask for what the box says"
        bad = [f"✗ {each.url}: {each.error}" for each in self._results if each.error]
        self.told.value = f'<div style="font-size:16px">{"<br>".join(map(escape, bad))}</div>'
        return _drawn(self._results, downloads_words(self._results) if self._results else nothing)

    def clear(self) -> None:
        """Forget what is known."""
        self._results, self._cleared = [], True
        self.say("")
        self.draw()

    def plan(self, wish: str) -> list[list[str]]:
        """Return the addresses, if somebody pressed Run."""
        urls = [line.strip() for line in self.text.value.splitlines() if line.strip()]
        if wish != "run":
            return []
        if not 1 <= len(urls) <= MOST:
            self.say(f"write 1 to {MOST} addresses, one a line, not {len(urls)}")
            return []
        self.run.disabled, self.stop.disabled = True, False
        return [urls]

    def attempt(self, job: list[str]) -> "Fetching":
        """Return an attempt to download `job`."""
        self.say(f"asking with {saying.count(self.workers.value)} …")
        self.growing, self._cleared = None, False
        return Fetching(job, self._folder, self.workers.value)

    def room_for(self, results: Sequence[Download], attempt: "Fetching") -> Picture:
        """Return the picture on which `results` can grow."""
        begin, _ = stretch(results)
        words = f"{saying.count(len(attempt.urls), 'download')}: under way"
        return _drawn([], words, rows=len(attempt.urls), reach=2 * (perf_counter() - begin))

    def take(self, attempt: "Fetching") -> bool:
        """Keep what came of `attempt`; return whether to go on."""
        self._results = [] if self._cleared else attempt.results
        offline = self._results and all("online" in (each.error or "") for each in self._results)
        self.say("no internet here: the site above needs none" if offline else attempt.error)
        self.draw()
        return not attempt.error


class Fetching:
    """One call of download_all; its results can be looked at meanwhile."""

    def __init__(self, urls: list[str], folder: Path, workers: int) -> None:
        self.urls, self.results, self.error = urls, list[Download](), ""
        self._folder, self._workers, self._stop = folder, workers, Event()

    def __call__(self) -> None:
        """Download until all is there or has failed, or until `stop`."""
        more: Any = {"stop": self._stop, "progress": self._keep}
        self._keep(download_all(self.urls, self._folder, workers=self._workers, **more, **LIMITS))
        self.error = "stopped" if self._stop.is_set() else ""

    def _keep(self, results: list[Download]) -> None:
        self.results = results

    def so_far(self) -> list[Download]:
        """Return what is known so far."""
        return self.results

    def stop(self) -> None:
        """End the call, from any thread."""
        self._stop.set()


def _drawn(results: Sequence[Download], words: str, *, reach: float = 0.0, rows: int = 8) -> Picture:
    axes = style.new_axes(ROOM - LINE, left=24)  # the text box is above
    plot_downloads(results, ax=axes, reach=max(1.0, reach), rows=rows)
    style.headline(axes, words.splitlines()[0])
    return Picture(axes.figure, words)
