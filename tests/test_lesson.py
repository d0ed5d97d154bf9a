"""The readers of notebooks see what they must see: else no test of a notebook is worth anything."""

import subprocess
import sys

import lesson
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from plain import plain_program


def markdown(text, **kwargs):
    return new_markdown_cell(text, **kwargs)


def starter(source):
    return new_code_cell(source, metadata={"tags": ["exercise"]})


FOLDED = markdown("<details>\n\n```python\nprint('passed: both')\n```\n\n</details>")


def test_the_core_ends_above_the_heading_more():
    book = new_notebook(cells=[markdown("# A"), markdown("## More, at your own pace"), markdown("## B")])
    assert [cell.source for cell in lesson.core(book)] == ["# A"]


def test_words_are_counted_without_code_solutions_and_addresses():
    text = "Two words\n```python\nnot = these\n```\n[and a link](https://example.org/a/b)"
    assert lesson.words([markdown(text), FOLDED]) == 5


def test_minutes_come_from_the_headings():
    cells = [markdown("# Title\n## Eight at once · 6 min\ntext 3 min"), markdown("## Further reading")]
    assert lesson.sections(cells) == [("Eight at once", 6), ("Further reading", None)]
    assert lesson.minutes(new_notebook(cells=cells)) == 6


def test_a_solution_takes_the_place_of_its_starter():
    book = new_notebook(cells=[starter("print('not yet: one')"), markdown("A hint"), FOLDED])
    assert lesson.solved(book).cells[0].source == "print('passed: both')"
    assert book.cells[0].source == "print('not yet: one')"


def test_an_exercise_without_a_solution_is_noticed():
    with pytest.raises(StopIteration):
        lesson.solved(new_notebook(cells=[starter("1")]))


def test_a_run_shows_verdicts_and_faults_and_goes_nowhere_near_the_checkout(tmp_path):
    sources = ["print('not yet: one')", "import sys; print('oh', file=sys.stderr)", "1 / 0", "2"]
    ran = lesson.run(new_notebook(cells=[starter(sources[0]), *map(new_code_cell, sources[1:])]), tmp_path)
    assert lesson.verdicts(ran) == ["not yet"]
    oh, error = lesson.faults(ran)
    assert oh == "oh\n"
    assert "ZeroDivisionError" in error


def test_a_run_has_this_threadlab_and_no_internet(tmp_path):
    sources = ["import threadlab, requests; print(threadlab.__file__)", "requests.get('http://example.org')"]
    ran = lesson.run(new_notebook(cells=list(map(new_code_cell, sources))), tmp_path)
    assert str(lesson.ROOT) in lesson.texts(ran.cells[0])
    assert "ProxyError" in lesson.texts(ran.cells[1])


WATCHED = """
guess = predict("How long?", {"4 s": 4})
with watch(limit=2) as run:
    for order in orders:
        work(order)
run.lanes(
    before=one,
    guess=guess,
)
one = run.timeline
print(len(orders))
"""


def test_a_program_is_the_cells_without_the_aids():
    program = plain_program(["orders = [1]", WATCHED, "one.lanes()", "check_one(work)", "plot_timeline(one)"])
    assert [line for line in program.splitlines() if line] == [
        "orders = [1]",
        "for order in orders:",
        "    work(order)",
        "print(len(orders))",
    ]


def test_a_watch_beside_another_with_leaves_that():
    program = plain_program(["with ThreadPoolExecutor(2) as pool, watch() as run:\n    run.lanes()"])
    assert program == "with ThreadPoolExecutor(2) as pool:\n    pass\n"


def test_a_name_that_is_used_anew_is_plain_again():
    assert plain_program(["x = predict('?', [])", "x = 1\nprint(x)"]) == "\n\nx = 1\nprint(x)\n"


def test_a_function_that_needs_an_aid_is_no_plain_code():
    with pytest.raises(AssertionError, match="demo needs an aid"):
        plain_program(["def demo():\n    try_workers(1)"])


def test_a_program_that_awaits_is_one_coroutine():
    program = plain_program(
        ["from asyncio import sleep", "async def one():\n    return await sleep(0, 1)", "x = await one()"]
    )
    lines = [line for line in program.splitlines() if line]
    assert lines[:3] == ["import asyncio", "async def main():", "    from asyncio import sleep"]
    assert lines[-2:] == ["    x = await one()", "asyncio.run(main())"]
    exec(compile(program, "program", "exec"), {})


def test_only_an_await_outside_of_functions_needs_one():
    program = "async def one():\n    return await two()"
    assert plain_program([program]) == f"{program}\n"


def test_a_coroutine_that_needs_an_aid_is_no_plain_code():
    with pytest.raises(AssertionError, match="demo needs an aid"):
        plain_program(["async def demo():\n    explore([])"])


def test_a_program_with_a_process_runs_once(tmp_path):
    cells = [
        "from multiprocessing import get_context",
        "def work():\n    print('worked', flush=True)",
        "child = get_context('spawn').Process(target=work)\nchild.start()\nchild.join()",
        "print(child.exitcode)",
    ]
    (tmp_path / "program.py").write_text(plain_program(cells), "utf-8")
    command = [sys.executable, tmp_path / "program.py"]
    assert subprocess.check_output(command, text=True, timeout=60).split() == ["worked", "0"]
