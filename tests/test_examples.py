"""The example in every docstring runs and says what stands there, as if a learner had typed it."""

import doctest
import importlib
import pkgutil

import pytest

import threadlab


def examples():
    """Yield every docstring of the package that has an example."""
    for module in pkgutil.walk_packages(threadlab.__path__, "threadlab."):
        if not module.name.endswith("__main__"):
            found = doctest.DocTestFinder().find(importlib.import_module(module.name))
            yield from (test for test in found if test.examples)


@pytest.mark.parametrize("example", list(examples()), ids=lambda test: test.name)
def test_the_example_runs(example):
    example.globs["__name__"] = "typed by a learner"  # the course's own functions are no learner's code
    told = []
    doctest.DocTestRunner().run(example, out=told.append)
    assert "".join(told) == ""


@pytest.mark.parametrize("name", sorted({*threadlab.__all__} - {"DEADLOCK", "LIVELOCK"}))
def test_every_public_name_has_an_example(name):
    assert ">>>" in getattr(threadlab, name).__doc__
