"""Let a learner's own functions tick, at their loops and calls, while their source stays as it is.

Of each function, a copy of its code with a tick at the head of every loop stands in for its code for a while.
A loop counts down to its next tick in a variable of its own: tracing every line would cost ten times as much.
"""

import ast
import inspect
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import CodeType, FunctionType
from typing import Any

from threadlab.running import ticks

_HERE = "\0ticks"  # stands in the copied source where the code then finds the module


@contextmanager
def ticking(namespace: dict[str, Any]) -> Iterator[None]:
    """Let the functions and methods that were defined in `namespace` tick, for the time of a block."""
    before = dict[FunctionType, CodeType]()
    for function in _own_functions(namespace):
        with suppress(
            OSError, SyntaxError, StopIteration, IndexError, ValueError
        ):  # no source: it does not tick
            if ticks not in function.__code__.co_consts:  # another block has seen to it
                code = _with_ticks(function)
                before[function] = function.__code__
                function.__code__ = code
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


def _with_ticks(function: FunctionType) -> CodeType:
    """Return the code of `function` with ticks, made from its source."""
    lines, first = inspect.getsourcelines(function)
    tree = ast.parse(textwrap.dedent("".join(lines)))
    definition: Any = tree.body[0]  # of a lambda this is the whole statement
    if not isinstance(definition, (ast.FunctionDef, ast.AsyncFunctionDef)):
        raise SyntaxError("no function of its own")
    AddTicks().visit(definition)
    *_, owner, name = ["<locals>", *function.__qualname__.split(".")]
    is_method, free = owner != "<locals>", function.__code__.co_freevars
    # Its closure's names come from around it, and a method has its class: for super() and private names.
    outer: Any = ast.parse(f"def outer({', '.join({*free} - {'__class__'})}): pass")
    around = outer.body[0]
    if is_method:
        around.body = ast.parse(f"class {owner}: pass").body
        around.body[0].body = [definition]
    else:  # a call of itself must not look for it in `outer`
        around.body = [definition] if name in free else [ast.Global([name]), definition]
    ast.increment_lineno(ast.fix_missing_locations(outer), first - 1)
    code = _named(compile(outer, function.__code__.co_filename, "exec", dont_inherit=True), "outer")
    code = _named(_named(code, owner) if is_method else code, name)
    if code.co_freevars != free:
        raise SyntaxError("its names cannot be had here")
    return _put_ticks(code)


def _named(code: CodeType, name: str) -> CodeType:
    return next(each for each in code.co_consts if isinstance(each, CodeType) and each.co_name == name)


def _put_ticks(code: CodeType) -> CodeType:
    constants = [_put_ticks(each) if isinstance(each, CodeType) else each for each in code.co_consts]
    return code.replace(co_consts=tuple(ticks if each == _HERE else each for each in constants))


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
