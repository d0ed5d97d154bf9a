"""Send a task to another process, interpreter or Python, and its answer back.

By value: plain pickle sends a function by name, which means nothing in a process that is not the notebook.
cloudpickle sends what `__main__` defines as code, closure and globals, and knows its classes again when they
come back. By source: bytecode differs between versions of Python. What a module of the standard library or
threadlab itself defines goes by name, any other function as its text, with the modules, plain data and other
such functions that it names.
"""

import ast
import copyreg
import dis
import inspect
import io
import pickle
import sys
from collections import ChainMap
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module
from reprlib import repr as short
from textwrap import dedent
from types import CodeType, FunctionType, ModuleType
from typing import Any

from threadlab.running.arguments import name_of

Dumps = Callable[[Any], bytes]
# Annotations are then never evaluated: what they name need not be sent.
_FIRST = "from __future__ import annotations\n"


def by_value(value: object) -> bytes:
    """Return `value` as bytes for another process or interpreter of this Python."""
    try:
        import cloudpickle as pickler  # here, so that only who sends something pays for it
    except ImportError:
        pickler = pickle  # a bare Python sends what a module defines, by name
    return bytes(pickler.dumps(value))


def pack(function: Any, args: tuple[Any, ...] = (), kwargs: Any = None, *, dumps: Dumps = by_value) -> bytes:
    """Return `function` and what it is called with as bytes, or raise a TypeError."""
    call = ", ".join(map(short, (*args, *(kwargs or {}).values()))) or "nothing"
    what = f"the function {name_of(function)}, called with {call},"
    return _as_bytes((function, args, kwargs or {}), what, dumps)


def perform(task: bytes, dumps: Dumps = by_value) -> tuple[bytes, BaseException | None]:
    """Do a `task` that was packed; return its answer or its exception as bytes, and the exception itself."""
    try:
        function, args, kwargs = pickle.loads(task)
        return _as_bytes(function(*args, **kwargs), f"the result of {name_of(function)}", dumps), None
    except BaseException as error:
        try:
            data = bytes(dumps(error))
            pickle.loads(data)  # an exception whose __init__ takes more than the message fails only here
        except Exception:
            data = pickle.dumps(RuntimeError(f"{type(error).__name__}: {error}"))
        return data, error


def _as_bytes(value: object, what: str, dumps: Dumps) -> bytes:
    try:
        return bytes(dumps(value))
    except Exception as why:
        near = dumps is by_value  # threads are no way into another Python
        place = "process or interpreter" if near else "Python"
        remedy = "make such a thing inside the function" + ', or use executor="threads"' * near
        raise TypeError(f"{what} cannot be sent to another {place} ({why}): {remedy}") from why


@dataclass(frozen=True, slots=True)
class ByValue:
    """Comes out of the pool's own pickle as the value itself."""

    data: bytes

    def __reduce__(self) -> Any:
        return pickle.loads, (self.data,)


def work(task: bytes) -> ByValue:
    """Do the task in the other process or interpreter; its answer or its exception goes back by value."""
    data, error = perform(task)
    if error is not None:
        copyreg.pickle(type(error), lambda _: (pickle.loads, (data,)))
        raise error
    return ByValue(data)


def by_source(value: object) -> bytes:
    """Return `value` as bytes for a Python of another version, or raise an exception that says why not."""
    buffer = io.BytesIO()
    _SourcePickler(buffer).dump(value)
    return buffer.getvalue()


class _SourcePickler(pickle.Pickler):
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
