"""Let a learner's own functions tick, at their loops and calls, while their source stays as it is.

The file or cell that defines a function is compiled anew, with a tick at the head of every loop, and the code
of the copy stands in for the function's own for a while.
A loop counts down to its next tick in a variable of its own: tracing every line would cost ten times as much.
"""

import ast
import inspect
import linecache
from collections.abc import Iterator
from contextlib import contextmanager
from types import CodeType, FunctionType
from typing import Any

from threadlab.running import ticks

_HERE = "\0ticks"  # stands in the copied source where the code then finds the module


@contextmanager
def ticking(namespace: dict[str, Any]) -> Iterator[None]:
    """Let the functions and methods that were defined in `namespace` tick, for the time of a block."""
    before, own = dict[FunctionType, CodeType](), _own_functions(namespace)
    codes = {name: _with_ticks(name) for name in {function.__code__.co_filename for function in own}}
    for function in own:
        code = function.__code__
        other = codes[code.co_filename].get((code.co_qualname, code.co_firstlineno))
        if other and other.co_freevars == code.co_freevars and ticks not in code.co_consts:
            before[function], function.__code__ = code, other
    try:
        yield
    finally:
        for function, code in before.items():
            function.__code__ = code


def _own_functions(namespace: dict[str, Any]) -> set[FunctionType]:
    values = list(namespace.values())
    own = [value for value in values if isinstance(value, type) and value.__module__ == namespace["__name__"]]
    methods = [inspect.unwrap(getattr(m, "__func__", m)) for each in own for m in vars(each).values()]
    functions = [value for value in (*values, *methods) if isinstance(value, FunctionType)]
    return {function for function in functions if function.__globals__ is namespace}


def _with_ticks(filename: str) -> dict[tuple[str, int], CodeType]:
    """Return the code of what a file or cell defines, with ticks, by name and first line."""
    awaits = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT  # as a cell may
    source = "".join(linecache.getlines(filename))
    try:
        tree = compile(source, filename, "exec", awaits | ast.PyCF_ONLY_AST, dont_inherit=True)
        whole = compile(AddTicks().visit(tree), filename, "exec", awaits, dont_inherit=True)
    except SyntaxError:
        return {}
    ticking = (code for code in _inner(_put_ticks(whole)) if ticks in code.co_consts)
    return {(code.co_qualname, code.co_firstlineno): code for code in ticking}


def _put_ticks(code: CodeType) -> CodeType:
    constants = [_put_ticks(each) if isinstance(each, CodeType) else each for each in code.co_consts]
    return code.replace(co_consts=tuple(ticks if each == _HERE else each for each in constants))


def _inner(code: CodeType) -> Iterator[CodeType]:
    for each in code.co_consts:
        if isinstance(each, CodeType):
            yield each
            yield from _inner(each)


class AddTicks(ast.NodeTransformer):
    """Adds to each loop its countdown, and to a function without a loop one tick for each call."""

    def __init__(self) -> None:
        self._loops = 0

    def visit_FunctionDef(self, node: Any) -> Any:
        """Add the countdowns at the head, below the docstring."""
        outer, self._loops = self._loops, 0
        self.generic_visit(node)
        names = [f"_tick_{number}" for number in range(1, self._loops + 1)]
        head = "; ".join(f"{name} = {name}_step = 1" for name in names) or f"{_HERE!r}.tick({ticks.CALL!r})"
        place = 1 if ast.get_docstring(node) is not None else 0
        node.body[place:place] = self._at(node.body[0], head)
        self._loops = outer
        return node

    visit_AsyncFunctionDef = visit_FunctionDef  # noqa: N815

    def visit_For(self, node: Any) -> Any:
        """Count down at the head of the loop."""
        self._loops += 1
        name = f"_tick_{self._loops}"
        self.generic_visit(node)
        next_one = f"{name} = {name}_step = {_HERE!r}.tick_after({name}_step)"
        node.body[:0] = self._at(node.body[0], f"{name} -= 1\nif not {name}: {next_one}")
        return node

    visit_While = visit_AsyncFor = visit_For  # noqa: N815

    @staticmethod
    def _at(place: ast.stmt, source: str) -> list[ast.stmt]:
        body = ast.parse(source).body
        for node in (each for statement in body for each in ast.walk(statement)):
            if "lineno" in node._attributes:
                ast.copy_location(node, place)
        return body
