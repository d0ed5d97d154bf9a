import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent


def outcome_of(test, folder):
    shutil.copy(HERE / "conftest.py", folder)
    shutil.copy(HERE.parent / "pyproject.toml", folder)
    (folder / "test_it.py").write_text("import threading\n" + test, "utf-8")
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-o", "testpaths=."]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60).stdout


def test_a_test_that_leaves_a_thread_fails(tmp_path):
    test = """
def test_it():
    threading.Thread(target=threading.Event().wait, args=(30,), name="sleeper", daemon=True).start()
"""
    assert "threads left over" in outcome_of(test, tmp_path)


def test_an_exception_that_dies_in_a_thread_fails_its_test(tmp_path):
    test = """
def test_it():
    thread = threading.Thread(target=lambda: 1 / 0)
    thread.start()
    thread.join()
"""
    assert "PytestUnhandledThreadExceptionWarning" in outcome_of(test, tmp_path)
    assert "1 failed" in outcome_of(test, tmp_path)


def test_a_thread_that_has_ended_is_no_fault(tmp_path):
    test = """
def test_it():
    thread = threading.Thread(target=int)
    thread.start()
    thread.join()
"""
    assert "1 passed" in outcome_of(test, tmp_path)
