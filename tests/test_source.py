import pickle
import threading
from functools import partial

import pytest
from cell import run_cell

from threadlab.running.another_python import AnotherPython
from threadlab.running.sending import by_source
from threadlab.workloads.cpu import count_primes


def there(value):
    """What arrives in the other Python."""
    return pickle.loads(by_source(value))


@pytest.mark.parametrize("known", [abs, count_primes, threading.Thread, partial(int, base=2), threading])
def test_what_a_module_of_ours_or_the_library_defines_goes_by_name(known):
    assert repr(there(known)) == repr(known)


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("def f(x): return x + 1", 4),
        ("k = 5\ndef f(x): return x * k", 15),
        ("import math\ndef f(x): return math.floor(x + 0.5)", 3),
        ("from math import sqrt as root\ndef f(x): return root(x + 1)", 2),
        ("def twice(x): return 2 * x\ndef f(x): return [twice(y) for y in range(x)]", [0, 2, 4]),
        ("def f(x): return x * f(x - 1) if x else 1", 6),
        ("def odd(x): return x > 0 and f(x - 1)\ndef f(x): return x == 0 or odd(x - 1)", False),
        ("def make(k):\n    def f(x):\n        return x + k\n    return f\nf = make(7)", 10),
        ("k = 8\ndef f(x, y=k): return x + y", 11),
        ("class Mug: pass\ndef f(x: Mug) -> Mug: return x", 3),
        ("from functools import cache\n@cache\ndef f(x): return x * f(x - 1) if x else 1", 6),
        (
            "def more(g):\n    def h(x):\n        return g(x) + 10\n    return h\n@more\ndef f(x): return x",
            13,
        ),
        ("price = 1\nlock = __import__('threading').Lock()\ndef f(x): return x.real + price", 4),
    ],
)
def test_a_function_of_a_cell_goes_as_its_text_with_what_it_names(text, answer):
    function = run_cell(text)["f"]
    assert function(3) == answer
    assert there(function)(3) == answer


def test_a_function_among_the_arguments_goes_too():
    names = run_cell("def apply(f, x): return f(x)\ndef twice(x): return 2 * x")
    function, args = there((names["apply"], (names["twice"], 4)))
    assert function(*args) == 8


def test_no_bytecode_is_sent():
    sent = by_source(run_cell("def f(x): return x + 1")["f"])
    assert b"def f(x): return x + 1" in sent
    assert b"code" not in sent


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("f = lambda x: x", r"<lambda> has no `def` of its own"),
        ("import threading\nlock = threading.Lock()\ndef f(x): return lock", "cannot pickle .*lock"),
        ("import pytest\ndef f(x): return pytest", "the module pytest is not there: only functions"),
        ("class Mug: pass\ndef f(x): return Mug", "Mug of __main__ is not there"),
        ("class Mug: pass\nmug = Mug()\ndef f(x): return mug", "Mug of __main__ is not there"),
        (
            "def make():\n n = 0\n def f(x):\n  nonlocal n\n  n += x\n return f\nf = make()",
            "the source text of f is not enough: no binding for nonlocal",
        ),
    ],
)
def test_what_cannot_be_sent_is_named_with_the_reason_and_a_way_out(text, said):
    with pytest.raises(
        TypeError, match=rf"called with 3, cannot be sent to another Python \({said}.*\): make"
    ):
        AnotherPython.pack(run_cell(text)["f"], (3,))


def test_a_function_without_source_text_is_told_where_to_stand():
    names = {"__name__": "__main__"}
    exec("def f(): pass", names)
    with pytest.raises(TypeError, match="the source text of f is not enough"):
        AnotherPython.pack(names["f"])
