"""Which code is the learner's, what data it shares beside the state, and what its lines keep out of sight."""

import dis
import functools
import linecache
import sys
import types
from collections.abc import Iterable, Iterator
from contextlib import suppress
from operator import attrgetter
from types import CodeType, FrameType
from typing import Any

from threadlab.schedules.outline import Outline
from threadlab.schedules.points import is_shared, points
from threadlab.schedules.stack import hides

NOT_OWN = {"<lambda>", "<listcomp>", "<setcomp>", "<dictcomp>", "<genexpr>", "<module>"}

_IMMUTABLE = 1 << 8  # the flag of classes that are written in C
_OF_OWNER = ("LOAD_ATTR", "LOAD_METHOD", "STORE_ATTR", "DELETE_ATTR")
_NOT_DATA = (
    types.FunctionType, classmethod, staticmethod, property, types.MemberDescriptorType,
    types.GetSetDescriptorType,
    types.BuiltinFunctionType,
)  # fmt: skip


class Learner:
    """The learner's code: every function, method and closure of the namespaces of the thread functions."""

    def __init__(
        self, functions: Iterable[Any], makers: Iterable[Any], micro: bool = False, given: Iterable[Any] = ()
    ) -> None:
        self.micro = micro
        own = [function for each in functions for function in functions_of(each)]
        self._files = {function.__code__.co_filename for function in own}
        self._own = {id(function.__globals__) for function in own if not _is_installed(function.__globals__)}
        theirs = own + [function for each in given for function in functions_of(each)]
        known = theirs + [function for each in makers for function in functions_of(each)]
        self.namespaces = list({id(each.__globals__): each.__globals__ for each in known}.values())
        self._pages: dict[int, Page] = {}
        # Global names that hold data, by their namespace, and a line.
        self._data: dict[tuple[int, str], tuple[dict[str, Any], int]] = {}
        self._classes: dict[type, tuple[int, list[str]]] = {}
        # Globals, closure variables and, with a dot before them, attributes that get a new value somewhere.
        self._stored: set[str] = set()
        self._codes: set[CodeType] = set()
        for function in theirs:
            self._find_data(function.__code__, function.__globals__)
        # What only `state` and `outcome` store does not change meanwhile.
        self._rebound = frozenset(self._stored)
        for function in known:
            self._find_data(function.__code__, function.__globals__)

    def page(self, frame: FrameType) -> "Page | None":
        """Return what is known about the code that `frame` runs, or None if it is not the learner's."""
        code = frame.f_code
        page = self._pages.get(id(code))  # by its id: the hash of code is slow; a page keeps its code alive
        if page is None:
            owned = (
                id(frame.f_globals) in self._own
                and code.co_name not in NOT_OWN
                and (code.co_filename in self._files or bool(linecache.getlines(code.co_filename)))
            )
            page = self._pages[id(code)] = Page(code, frame.f_globals, self._rebound, owned)
        return page if page.owned else None

    def pages(self) -> list["Page"]:
        """Return what is known about the learner's code that has run."""
        return [page for page in self._pages.values() if page.owned]

    def _find_data(self, code: CodeType, namespace: dict[str, Any]) -> None:
        if code in self._codes:
            return
        self._codes.add(code)
        for inner in code.co_consts:
            if isinstance(inner, CodeType):
                self._find_data(inner, namespace)
        line, owner = code.co_firstlineno, None
        for step in dis.get_instructions(code):
            line = (step.positions and step.positions.lineno) or line
            if step.opname in ("STORE_GLOBAL", "DELETE_GLOBAL") or (
                step.opname in ("STORE_DEREF", "DELETE_DEREF") and step.argval in code.co_freevars
            ):
                self._stored.add(step.argval)
            if step.opname in ("STORE_ATTR", "DELETE_ATTR"):
                self._stored.add(f".{step.argval}")
            if step.opname in ("LOAD_GLOBAL", "LOAD_NAME", "STORE_GLOBAL", "DELETE_GLOBAL"):
                self._look_at(step.argval, line, namespace, not step.opname.startswith("LOAD"))
                owner = namespace.get(step.argval)
            elif isinstance(owner, types.FunctionType | types.ModuleType) and step.opname in _OF_OWNER:
                plain = isinstance(owner, types.FunctionType)
                if plain or not _is_installed(vars(owner)):
                    self._look_at(step.argval, line, vars(owner), plain or step.opname == "STORE_ATTR")
                owner = vars(owner).get(step.argval)
            elif step.opname != "COPY":
                owner = None

    def _look_at(self, name: str, line: int, namespace: dict[str, Any], stored: bool) -> None:
        value = namespace.get(name)
        if "__name__" in namespace and all(known is not namespace for known in self.namespaces):
            self.namespaces.append(namespace)  # of a module that the learner's code imports
        is_data: Any = name in namespace and not isinstance(
            value, types.ModuleType | types.BuiltinFunctionType
        )
        if isinstance(value, types.FunctionType) and not stored:
            if value.__globals__ is namespace or not _is_installed(value.__globals__):
                self._find_data(value.__code__, value.__globals__)
            is_data = value.__closure__ or value.__dict__ or value.__defaults__
        elif isinstance(value, type) and not stored:
            self.add_class(value)
            is_data = False
        if stored or is_data:
            self._data.setdefault((id(namespace), name), (namespace, line))

    def add_class(self, kind: type) -> None:
        """Count the attributes of `kind`, if it is the learner's, among the shared data."""
        for each in kind.__mro__:
            homes = [space for space in self.namespaces if space.get("__name__") == each.__module__]
            if homes and each not in self._classes:
                if self.lasts(each):
                    self._classes[each] = 0, []
                for function in functions_of(each):
                    self._find_data(function.__code__, homes[0])

    def lasts(self, kind: type) -> bool:
        """Tell whether `kind` is the same class in every run: one that `state` makes is not."""
        if kind.__flags__ & _IMMUTABLE:
            return True
        with suppress(AttributeError, KeyError):
            return attrgetter(kind.__qualname__)(sys.modules[kind.__module__]) is kind
        return any(space.get(kind.__qualname__) is kind for space in self.namespaces)

    def shared_data(self) -> Iterator[tuple[Any, str, str]]:
        """Yield where data is shared beside the state: a namespace, a name in it, and how to speak of it."""
        for (_, name), (namespace, line) in self._data.items():
            yield namespace, name, f"line {line}: `{name}`"
        for kind, (size, names) in list(self._classes.items()):
            values = vars(kind)
            if len(values) != size:
                names = data_names(kind)
                self._classes[kind] = len(values), names
            for name in names:
                yield values, name, f"`{kind.__qualname__}.{name}`"


class Page:
    """What is known about one function of the learner's."""

    def __init__(
        self, code: CodeType, namespace: dict[str, Any], rebound: frozenset[str], owned: bool
    ) -> None:
        self.code, self.owned = code, owned
        self._known = code, namespace, rebound
        self.shares_names = bool(code.co_cellvars or code.co_freevars)

    @functools.cached_property
    def outline(self) -> Outline | None:
        """The outline, or None if nothing ever lies on the value stack where a line begins."""
        return Outline(self.code) if hides(self.code) else None

    @functools.cached_property
    def _points(self) -> dict[int, str]:
        return points(*self._known)

    def is_point(self, frame: FrameType) -> bool:
        """Tell whether `frame` stands at a switch point inside a line."""
        name = self._points.get(frame.f_lasti)
        return name is not None and is_shared(frame, name)


def data_names(kind: type) -> list[str]:
    """Return the names of the attributes of the class `kind` that hold data."""
    return [
        name
        for name, value in vars(kind).items()
        if not name.startswith("__") and not isinstance(value, _NOT_DATA)
    ]


def functions_of(given: Any) -> Iterator[types.FunctionType]:
    """Yield the plain functions behind a callable: a partial, method, decorated function, class or object."""
    if isinstance(given, functools.partial):
        yield from functions_of(given.func)
    elif isinstance(given, types.MethodType):
        yield from functions_of(given.__func__)
    elif isinstance(given, types.FunctionType):
        yield given
        if hasattr(given, "__wrapped__"):
            yield from functions_of(given.__wrapped__)
    elif isinstance(given, type):
        for member in list(vars(given).values()):
            member = getattr(member, "__func__", member)
            for function in (getattr(member, "fget", member), getattr(member, "fset", None)):
                if isinstance(function, types.FunctionType):
                    yield function
    elif callable(given) and isinstance(vars(type(given)).get("__call__"), types.FunctionType):
        yield vars(type(given))["__call__"]


def _is_installed(namespace: dict[str, Any]) -> bool:
    name = str(namespace.get("__name__", "")).partition(".")[0]
    file = str(namespace.get("__file__", ""))
    return name in sys.stdlib_module_names or name == "threadlab" or "site-packages" in file
