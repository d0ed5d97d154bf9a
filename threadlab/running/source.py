"""Send a function to a Python of another version: by name, or as its source text, for bytecode differs.

What a module of the standard library or threadlab itself defines goes by name. Any other function goes as
source text, with what it names: modules, plain data, and other such functions.
"""

import ast
import dis
import inspect
import io
import pickle
import sys
from collections import ChainMap
from collections.abc import Callable, Iterator
from contextlib import suppress
from importlib import import_module
from textwrap import dedent
from types import CodeType, FunctionType, ModuleType
from typing import Any

# Annotations are then never evaluated: what they name need not be sent.
_FIRST = "from __future__ import annotations\n"


def dumps(value: object) -> bytes:
    """Return `value` as bytes for another Python, or raise an exception that says why not."""
    buffer = io.BytesIO()
    _Pickler(buffer).dump(value)
    return buffer.getvalue()


class _Pickler(pickle.Pickler):
    def reducer_override(self, value: Any) -> Any:
        if isinstance(value, ModuleType):
            _known(value.__name__, f"the module {value.__name__}")
            return import_module, (value.__name__,)
        inner = inspect.unwrap(value) if callable(value) and not isinstance(value, type) else value
        module = getattr(value, "__module__", None) or "builtins"
        if isinstance(inner, FunctionType) and not _is_known(module):
            return _by_source(inner, decorated=inner is not value)
        kind = value if isinstance(value, type) else type(value)
        _known(module, f"{kind.__name__} of {module}")
        return NotImplemented


def _is_known(module: str) -> bool:
    root = module.partition(".")[0]
    return root in sys.stdlib_module_names or root == "threadlab"


def _known(module: str, what: str) -> None:
    if not _is_known(module):
        raise TypeError(f"{what} is not there: only functions, plain data and the standard library are")


def _by_source(function: FunctionType, *, decorated: bool) -> Any:
    name = function.__name__
    try:
        text = dedent(inspect.getsource(function))
        definition = ast.parse(text).body[0]
        if not isinstance(definition, ast.FunctionDef) or definition.name != name:
            raise TypeError(f"{name} has no `def` of its own")
        if not decorated:
            text = "".join(text.splitlines(keepends=True)[definition.lineno - 1 :])
        code = compile(_FIRST + text, name, "exec", dont_inherit=True)
    except (OSError, SyntaxError) as why:
        raise TypeError(f"the source text of {name} is not enough: {why}") from None
    scope = dict(function.__globals__)
    for variable, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
        with suppress(ValueError):  # it has no value yet
            scope[variable] = cell.cell_contents

    first, *inner = ({each: scope[each] for each in names if each in scope} for names in _names(code))
    return define, (_FIRST + text, name, first), dict(ChainMap(*inner)), None, None, complete


def _names(code: CodeType) -> Iterator[list[str]]:
    """Return the global names that `code` looks up, then those of each function within."""
    looks = ("LOAD_GLOBAL", "LOAD_NAME", "LOAD_FROM_DICT_OR_GLOBALS")
    yield [each.argval for each in dis.get_instructions(code) if each.opname in looks]
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _names(constant)


def define(text: str, name: str, names: dict[str, Any]) -> Any:
    """Return the function `name` that `text` defines; its decorators and defaults may use `names`."""
    namespace = {"__name__": "__main__", **names}
    exec(compile(text, f"<{name}>", "exec", dont_inherit=True), namespace)
    return namespace[name]


def complete(function: Callable[..., Any], names: dict[str, Any]) -> None:
    """Give `function` the `names` that it uses when it runs: itself may be among what they use."""
    inspect.unwrap(function).__globals__.update(names)
