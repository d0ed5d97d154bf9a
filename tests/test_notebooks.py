"""The shape of each notebook (CONTRIBUTING.md), and that it runs: as it is, solved, and as plain Python."""

import ast
import re
import statistics
import subprocess
import sys

import lesson
import pytest
from plain import plain_program

pytestmark = pytest.mark.timeout(600)
LESSONS = lesson.lessons()
HEADLINES = {  # of each show_orders(), plot_orders() and walk()
    "02_sync_primitives": [
        "4 of 6 orders are wrong",
        "All 1,068 orders are right",
        "3,840 of 65,708 orders are wrong",
        "18 of 42 orders are wrong",
        "4 of 6 orders are wrong",
    ],
    "03_deadlock_and_debugging": [
        "18 of 42 orders are wrong",
        "All 66 orders are right",
        "Some orders never end; wrong: LIVELOCK",
        "4 of 6 orders are wrong",
        "18 of 20 orders are wrong",
        "4 of 22 orders are wrong",
        "1 of 5 orders is wrong",
        "36 of 70 orders are wrong",
        "18 of 30 orders are wrong",
        "3,840 of 65,708 orders are wrong",
        "63 of 593 orders are wrong",
    ],
    "06_beyond_threads": [
        "4 of 6 orders are wrong; beside: Both orders are right",
        "4 of 6 orders are wrong",
        "All 4 orders are right",
    ],
}
HOME = (lesson.FOLDER / "HOME.md").read_text("utf-8")


@pytest.fixture(params=LESSONS, ids=lambda path: path.stem, scope="module")
def path(request):
    return request.param


@pytest.fixture(scope="module")
def book(path):
    return lesson.read(path)


@pytest.fixture(scope="module")
def core(book):
    return lesson.core(book)


@pytest.fixture(scope="module")
def untouched(book, tmp_path_factory):
    return lesson.run(book, tmp_path_factory.mktemp("untouched"))


@pytest.fixture(scope="module")
def solved(book, tmp_path_factory):
    return lesson.run(lesson.solved(book), tmp_path_factory.mktemp("solved"))


def test_it_holds_no_outputs_and_no_execution_counts(book):
    assert not [cell for cell in lesson.code(book.cells) if cell.outputs or cell.execution_count]


def test_it_names_its_kernel_so_that_nobody_is_asked_for_one(book):
    assert book.metadata.kernelspec.name == "python3"


def test_it_begins_with_a_title_and_what_you_will_do_learn_and_need(book):
    title, opening = book.cells[0].source, lesson.prose(book.cells[:2]).lower()
    assert re.match(r"# \S", title)
    assert [word for word in ("do", "learn", "need") if not re.search(rf"\b{word}\b", opening)] == []


def test_its_core_is_short(core):
    assert len(core) <= 24
    assert lesson.words(core) <= 700


def test_the_whole_is_not_long(book):
    assert len(book.cells) <= 50


def test_its_code_cells_are_short(book):
    lengths = sorted(lesson.lines(cell) for cell in lesson.code(book.cells))
    assert statistics.median(lengths) <= 3, lengths
    assert sum(length <= 8 for length in lengths) >= 0.9 * len(lengths), lengths
    assert lengths[-1] <= 15


def test_all_imports_stand_in_one_short_cell(book):
    imports = (ast.Import, ast.ImportFrom)
    cells = lesson.code(book.cells)
    those = [cell for cell in cells if any(isinstance(line, imports) for line in ast.parse(cell.source).body)]
    assert len(those) == 1
    assert lesson.lines(those[0]) <= 8


def test_each_section_of_the_core_says_how_long_it_takes(core):
    sections = [(title, minutes) for title, minutes in lesson.sections(core) if title not in lesson.LATER]
    assert [title for title, minutes in sections if minutes is None] == []
    assert 20 <= sum(minutes for _, minutes in sections) <= 27


def test_the_minutes_at_the_top_are_the_sum(book):
    said = lesson.MINUTES.search("\n".join(cell.source for cell in book.cells[:2]))
    assert said
    assert int(said[1]) == lesson.minutes(book)


def test_it_ends_as_every_lesson_does(book):
    titles = [title for title, _ in lesson.sections(book.cells)]
    assert [title for title in ("What we have seen", *lesson.LATER) if title not in titles] == []


def test_the_core_has_one_exercise(core):
    assert len(lesson.tagged(core, "exercise")) == 1


def test_what_unfolds_in_one_line_marks_code_as_html_does(book):
    folded = re.findall(r"<details>.+</details>", "\n".join(cell.source for cell in book.cells))
    assert [line for line in folded if re.search("[`*]", line)] == []


def test_the_course_home_lists_it_with_its_minutes(path, book):
    (row,) = [line for line in HOME.splitlines() if f"]({path.name})" in line]
    assert int(lesson.MINUTES.search(row)[1]) == lesson.minutes(book)


def test_it_runs_untouched_without_a_person_and_without_internet(untouched):
    assert lesson.faults(untouched) == []


def test_its_explorations_count_the_same_orders_on_every_python(path, untouched):
    said = "\n".join(lesson.texts(cell) for cell in lesson.code(untouched.cells))
    headlines = re.findall(r'alt="([^"\n]*\borders\b[^"\n]*)', said)
    assert headlines == HEADLINES.get(path.stem, [])


def test_each_exercise_waits_to_be_solved(untouched):
    assert set(lesson.verdicts(untouched)) == {"not yet"}


def test_with_its_solutions_every_exercise_passes(solved):
    assert lesson.faults(solved) == []
    assert set(lesson.verdicts(solved)) == {"passed"}


def child(source, folder):
    """Start the program `source` in a copy of the notebooks' folder."""
    place = lesson.working_copy(folder)
    (place / "lesson_as_a_program.py").write_text(source, "utf-8")
    return subprocess.Popen(
        [sys.executable, "lesson_as_a_program.py"],
        cwd=place,
        env=lesson.environment(folder),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_its_core_is_a_plain_program(core, tmp_path):
    cells = [cell.source for cell in lesson.code(core) if "hangs" not in cell.metadata.get("tags", ())]
    with child(plain_program(cells), tmp_path) as process:
        try:
            _, errors = process.communicate(timeout=120)
        finally:
            process.kill()
    assert (process.returncode, errors) == (0, "")


def test_what_is_meant_to_hang_hangs_as_a_plain_program(core, tmp_path):
    cells, hanging = lesson.code(core), lesson.tagged(core, "hangs")
    for cell in hanging:
        before = [each.source for each in cells[: cells.index(cell)] if each not in hanging]
        with child(plain_program(before, hangs=cell.source), tmp_path / cell.id) as process:
            try:
                assert "reached\n" in iter(process.stdout.readline, "")
                with pytest.raises(subprocess.TimeoutExpired):
                    process.wait(timeout=2)
            finally:
                process.kill()


def test_every_link_between_the_pages_of_the_course_leads_somewhere():
    pages = [*LESSONS, *lesson.FOLDER.glob("*.md")]
    links = {link for page in pages for link in re.findall(r"\]\(([^):#]+)\)", page.read_text("utf-8"))}
    assert sorted(link for link in links if not (lesson.FOLDER / link).exists()) == []
