"""Read a notebook of the course as a lesson: its core, sections, minutes, exercises; run it."""

import copy
import os
import re
import shutil
from contextlib import suppress

import nbformat

from threadlab.installing import ROOT

FOLDER = ROOT / "notebooks"
MORE = "## More, at your own pace"
LATER = ("In practice", "Further reading")  # to be read later: they take no minutes
MINUTES = re.compile(r"(\d+) min")
NO_INTERNET = dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"), "http://127.0.0.1:9")


def lessons():
    """Return the paths of the course's notebooks, without a learner's copies."""
    return [path for path in sorted(FOLDER.glob("[0-9][0-9]_*.ipynb")) if "-fresh" not in path.name]


def core(book):
    """Return the cells above the heading More."""
    more = [number for number, cell in enumerate(book.cells) if cell.source.startswith(MORE)]
    return book.cells[: more[0]] if more else book.cells


def code(cells):
    """Return the code cells among the `cells`."""
    return [cell for cell in cells if cell.cell_type == "code"]


def prose(cells):
    """Return what the Markdown `cells` give to read, without folded solutions, code blocks and tags."""
    text = "\n\n".join(cell.source for cell in cells if cell.cell_type == "markdown")
    return re.sub(r"(?s)```.*?```|<details.*?</details>|<[^>]+>|\]\([^)]*\)", " ", text)


def words(cells):
    """Count the words in the Markdown `cells`."""
    return len(re.findall(r"\w[\w'’.-]*", prose(cells)))


def sections(cells):
    """Return (title, minutes) for each heading of the second level, minutes None where it names none."""
    headings = re.findall(r"(?m)^## +(.+?)\s*$", prose(cells))
    found = (re.fullmatch(r"(.+?) · (\d+) min", heading) or heading for heading in headings)
    return [(each, None) if isinstance(each, str) else (each[1], int(each[2])) for each in found]


def minutes(book):
    """Return the sum of the minutes at the headings of the core."""
    return sum(each or 0 for _, each in sections(core(book)))


def lines(cell):
    """Count the lines of a code `cell` that are not empty."""
    return sum(1 for line in cell.source.splitlines() if line.strip())


def tagged(cells, tag):
    """Return the code cells with this `tag` ("exercise", "hangs")."""
    return [cell for cell in code(cells) if tag in cell.metadata.get("tags", ())]


def solution(book, exercise):
    """Return the Python block in the first folded cell after the `exercise`."""
    after = book.cells[book.cells.index(exercise) + 1 :]
    folded = next(cell.source for cell in after if "<details" in cell.source)
    (block,) = re.findall(r"(?s)```python\n(.*?)\n```", folded)
    return block


def solved(book):
    """Return a copy of the `book` with each solution in place of its starter."""
    solved = copy.deepcopy(book)
    for exercise in tagged(solved.cells, "exercise"):
        exercise.source = solution(book, next(cell for cell in book.cells if cell.id == exercise.id))
    return solved


def run(book, folder, *, limit=120):
    """Run all cells of a copy of the `book` in a copy of the notebooks' folder, without internet.

    Args:
        book: The notebook.
        folder: An empty folder to work in.
        limit: How many seconds one cell may take.

    Returns:
        The copy, with outputs, as far as it ran.
    """
    from nbclient import NotebookClient  # not where only the text is read, as on a free-threaded Python
    from nbclient.exceptions import CellExecutionError

    ran, place = copy.deepcopy(book), {"metadata": {"path": working_copy(folder)}}
    client = NotebookClient(ran, timeout=limit, kernel_name="python3", resources=place)
    with suppress(CellExecutionError):  # it is in the outputs
        client.execute(env=environment(folder))
    return ran


def working_copy(folder):
    """Copy the notebooks' folder into `folder`, so that a run writes nothing into the checkout."""
    ignore = shutil.ignore_patterns(".*", "downloads", "*-fresh*")
    return shutil.copytree(FOLDER, folder / "notebooks", ignore=ignore)


def environment(folder):
    """Return the variables for a run that finds this threadlab, nobody's settings and no internet."""
    own = {"PYTHONPATH": str(ROOT), "IPYTHONDIR": str(folder), "NO_PROXY": "", "no_proxy": ""}
    return {**os.environ, **own, **NO_INTERNET}


def texts(cell):
    """Return everything that the outputs of a `cell` say."""
    parts = []
    for output in cell.get("outputs", ()):
        parts += [output.get("text", ""), *output.get("traceback", ())]
        parts += [value for kind, value in output.get("data", {}).items() if kind.startswith("text/")]
    return "\n".join(parts)


def faults(book):
    """Return what cells wrote to stderr and the errors they ended in: for a sound notebook none."""
    outputs = [output for cell in code(book.cells) for output in cell.outputs]
    bad = [output for output in outputs if output.output_type == "error" or output.get("name") == "stderr"]
    return [output.get("text") or "\n".join(output.traceback) for output in bad]


def verdicts(book):
    """Return for each exercise what its check says: "not yet", "passed", or "" for nothing."""
    answers = [re.search("not yet|passed", texts(cell)) for cell in tagged(book.cells, "exercise")]
    return [answer[0] if answer else "" for answer in answers]


def read(path):
    """Read the notebook at `path`."""
    return nbformat.read(path, as_version=4)
