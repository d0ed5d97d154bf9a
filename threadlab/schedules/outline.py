"""What a line keeps out of sight: iterators of loops, exits of `with` blocks, a value on its way out."""

import ast
import functools
import linecache
import sys
from collections import deque
from collections.abc import Callable
from types import CodeType, FrameType
from typing import Any

from threadlab.schedules.stack import depths, start_of_line

# Stands for a value that cannot be found out without running the learner's code twice.
UNKNOWN = type("value out of sight", (), {})()
WITH_WIDTH = 2 if sys.version_info >= (3, 14) else 1  # what an open `with` keeps on the value stack
_LAZY_CALLS = (range, enumerate, zip, reversed)
_SAFE_CALLS = (*_LAZY_CALLS, list, tuple, sorted, len)
_INDEXED: Any = (list, tuple, range, str)  # where a loop over it stands is a number and nothing else
_SAFE_TYPES = (*_INDEXED, dict, set, frozenset, deque)
_NOTICING = [each.__iter__ for each in (dict, set, frozenset)]  # a loop ends if these change their size
_ITERATORS: Any = (enumerate, zip, reversed, type(reversed([0])), type(reversed(range(0))))
_COUNTED = [each.__iter__ for each in (*_INDEXED, *_ITERATORS)]


_UNKNOWN_LINE = None, 0, None


class Outline:
    """The `for` and `with` blocks of a function, by line; without its source, none."""

    def __init__(self, code: CodeType) -> None:
        self._code, self._depths = code, depths(code)
        self._around: dict[int, tuple[ast.stmt, ...] | None] = {}  # None: something here is not understood
        self._heads: dict[int, ast.stmt] = {}
        function = node_of(code)
        if function is not None:
            self._walk(function.body, ())
        # By line: the blocks around it, their width on the stack, and what begins there.
        self._at: dict[int, tuple[tuple[ast.stmt, ...] | None, int, ast.stmt | None]] = {
            line: (blocks, sum(map(_width, blocks or ())), self._heads.get(line))
            for line, blocks in self._around.items()
        }

    def _walk(self, body: list[ast.stmt], around: tuple[ast.stmt, ...] | None) -> None:
        for node in body:
            simple = not hasattr(node, "body") and not isinstance(node, ast.Match)
            understood = simple or isinstance(node, ast.For | ast.With | ast.If | ast.While)
            for line in range(node.lineno, (node.end_lineno or node.lineno) + 1):
                self._around[line] = around if understood else None
            if isinstance(node, ast.For | ast.With | ast.Return):
                self._heads[node.lineno] = node
            inner = around
            if isinstance(node, ast.For | ast.With) and around is not None:
                inner = None if node.body[0].lineno == node.lineno else (*around, node)
            if isinstance(node, ast.For | ast.With | ast.If | ast.While | ast.Try):
                self._walk(node.body, inner)
                self._walk(getattr(node, "orelse", []), around)
            for case in getattr(node, "cases", []):
                self._walk(case.body, around)
                self._around[case.body[0].lineno] = None  # from 3.14 on, the subject lies on the stack

    def begins_line(self, frame: FrameType) -> bool:
        """Tell whether `frame` stands where a line begins, and not inside an expression.

        Comprehensions and statements over several lines call back in the middle, on some versions only.
        """
        depth = self._depths.get(frame.f_lasti, 0)
        around, expected, head = self._at.get(frame.f_lineno, _UNKNOWN_LINE)
        if not depth:
            return True
        if around is None:  # a loop's own iterator lies there; those of comprehensions lie higher
            return depth <= self._depths.get(start_of_line(self._code, frame.f_lasti), 0) + 1
        if isinstance(head, ast.With):
            return depth == expected or depth >= expected + _width(head)
        return depth == expected or (isinstance(head, ast.For) and depth == expected + 1)

    def note(self, frame: FrameType, held: dict[Any, Any]) -> None:
        """Note in `held` what the line that begins now will push on the value stack."""
        around, expected, node = self._at.get(frame.f_lineno, _UNKNOWN_LINE)
        if around is None:
            return
        fresh = self._depths.get(frame.f_lasti) == expected
        if isinstance(node, ast.For):
            held[node] = (_walked(node.iter, frame), 0) if fresh else (held[node][0], held[node][1] + 1)
        elif isinstance(node, ast.With) and fresh:
            held[node] = tuple(_value(item.context_expr, frame) for item in node.items)
        elif isinstance(node, ast.Return):
            held["return"] = _value(node.value, frame) if node.value else None

    def hidden(self, frame: FrameType, depth: int, held: dict[Any, Any]) -> Any:
        """Return what the lowest `depth` places of the value stack of `frame` hold, or UNKNOWN."""
        blocks, expected, head = self._at.get(frame.f_lineno, _UNKNOWN_LINE)
        if blocks is None:
            return UNKNOWN
        if isinstance(head, ast.For | ast.With) and depth >= expected + _width(head) and head in held:
            blocks = *blocks, head
            expected += _width(head)
        values = tuple([held.get(block, UNKNOWN) for block in blocks])
        if depth == expected + 1 and "return" in held and not isinstance(head, ast.For):
            return *values, held["return"]
        return values if depth == expected else UNKNOWN


def _width(node: ast.stmt) -> int:
    return WITH_WIDTH * len(node.items) if isinstance(node, ast.With) else 1


@functools.lru_cache(maxsize=64)
def _tree(text: str) -> ast.Module | None:
    try:
        return ast.parse(text)
    except SyntaxError:
        return None


def node_of(code: CodeType) -> ast.FunctionDef | None:
    """Return the syntax tree of the function whose code is `code`; None without its source."""
    tree = _tree("".join(linecache.getlines(code.co_filename)))
    for node in ast.walk(tree) if tree else ():
        if isinstance(node, ast.FunctionDef) and node.name == code.co_name:
            first = min([node.lineno, *(each.lineno for each in node.decorator_list)])
            if first == code.co_firstlineno:
                return node
    return None


def _value(node: ast.expr, frame: FrameType) -> Any:
    """Return what `node` will give, without running any of the learner's code; else UNKNOWN."""
    try:
        return _find(node, frame)
    except Exception:
        return UNKNOWN


def _walked(node: ast.expr, frame: FrameType) -> Any:
    """Return what a loop over `node` depends on besides the number of its turns; else UNKNOWN."""
    value = _value(node, frame)
    walk = getattr(type(value), "__iter__", None)
    return (value, list(value)) if walk in _NOTICING else value if walk in _COUNTED else UNKNOWN


def _find(node: ast.expr, frame: FrameType) -> Any:
    find: Callable[[ast.expr], Any] = lambda each: _find(each, frame)  # noqa: E731
    match node:
        case ast.Constant():
            return node.value
        case ast.Name():
            for names in (frame.f_locals, frame.f_globals, frame.f_builtins):
                if node.id in names:
                    return names[node.id]
        case ast.Attribute():
            whole = find(node.value)
            if node.attr in getattr(whole, "__dict__", {}) and not hasattr(type(whole), node.attr):
                return vars(whole)[node.attr]
        case ast.Subscript():
            whole = find(node.value)
            if type(whole) in (list, tuple, dict, str, deque):
                return whole[find(node.slice)]
        case ast.Tuple() | ast.List():
            return [find(each) for each in node.elts]
        case ast.BinOp() | ast.UnaryOp():
            parts = {name: find(part) for name, part in ast.iter_fields(node) if isinstance(part, ast.expr)}
            if all(type(value) in (int, str, bool) for value in parts.values()):
                kinds: Any = type(node), type(node.op)
                return eval(_operation(*kinds, tuple(parts)), {}, parts)
        case ast.Call(keywords=[]):
            function, values = find(node.func), [find(each) for each in node.args]
            safe = _INDEXED if function in _LAZY_CALLS else _SAFE_TYPES
            if function in _SAFE_CALLS and all(type(value) in (int, *safe) for value in values):
                return function(*values)
    raise LookupError


@functools.lru_cache(maxsize=64)
def _operation(kind: Any, operator: Any, names: tuple[str, ...]) -> CodeType:
    """Compile an operation on the values of `names`: compiling it anew for each line would be slow."""
    whole = kind(op=operator(), **{name: ast.Name(name, ast.Load()) for name in names})
    return compile(ast.fix_missing_locations(ast.Expression(whole)), "", "eval")
