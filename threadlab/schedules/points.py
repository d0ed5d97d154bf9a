"""Switch points inside a line: before each read and each write of data that threads may share."""

import dis
import types
from collections.abc import Iterator
from types import CodeType, FrameType
from typing import Any

from threadlab.schedules.stack import call_steps

_ACCESSES = {
    "STORE_ATTR", "DELETE_ATTR", "BINARY_SUBSCR", "STORE_SUBSCR", "DELETE_SUBSCR", "BINARY_SLICE",
    "STORE_SLICE", "STORE_GLOBAL", "DELETE_GLOBAL", "BEFORE_WITH", "WITH_EXCEPT_START",
}  # fmt: skip
_DEREFERENCES = {"LOAD_DEREF", "STORE_DEREF", "DELETE_DEREF"}
_READERS = {
    "all", "any", "dict", "enumerate", "frozenset", "iter", "len", "list", "max", "min", "next",
    "reversed", "set", "sorted", "sum", "tuple", "zip",
}  # fmt: skip
_ITERATING = {"UNPACK_SEQUENCE", "UNPACK_EX", "LIST_EXTEND", "SET_UPDATE", "DICT_UPDATE", "DICT_MERGE"}
_VIEWS = {"items", "keys", "values"}
_NOT_SHARED = (
    int, float, str, bytes, bool, tuple, frozenset, range, type(None), types.ModuleType, type,
    types.FunctionType,
)  # fmt: skip
_SIMPLE = ("LOAD_FAST", "LOAD_CONST", "LOAD_SMALL_INT")
_NO_STEPS = {"CACHE", "EXTENDED_ARG", "PRECALL"}
_SKIPPED = {"COPY", "PUSH_NULL", "SWAP", "NOT_TAKEN", "TO_BOOL"}


def points(code: CodeType, namespace: dict[str, Any], rebound: frozenset[str]) -> dict[int, str]:
    """Return the offsets of the switch points of `code`.

    Each comes with the name of a local variable: it is a point only while that holds something that can be
    shared; an empty name makes it a point always. `rebound` are globals and closure variables that change.
    """
    return dict(_points(code, namespace, rebound))


def _points(code: CodeType, namespace: dict[str, Any], rebound: frozenset[str]) -> Iterator[tuple[int, str]]:
    whole = [step for step in dis.get_instructions(code) if step.opname not in _NO_STEPS]
    ends = {step.offset for place, step in enumerate(whole) if _leaves_with(whole, place)}
    steps = [step for step in whole if step.opname not in _SKIPPED]
    shared_loop, inlined = False, 0  # where a comprehension ends, which runs inside the step that meets it
    for place, step in enumerate(steps):
        if step.offset < inlined:
            continue
        before = steps[place - 1] if place else step
        name = step.opname
        if name in ("LOAD_GLOBAL", "LOAD_NAME", *_DEREFERENCES):
            if step.argval in rebound:
                yield step.offset, ""
        elif name == "LOAD_ATTR":
            if not _is_method(step) and not _names_no_data(before, namespace, rebound, step.argval):
                yield step.offset, ""
        elif (
            name in _ACCESSES
            or (name == "BINARY_OP" and step.argrepr == "[]")
            or (name == "LOAD_SPECIAL" and step.argrepr == "__exit__")
            or step.offset in ends
        ):
            yield step.offset, ""
        elif name == "GET_ITER":
            shared_loop = before.opname not in ("LOAD_CONST", "BUILD_LIST", "BUILD_TUPLE") and not (
                before.opname.startswith("CALL") and _called(code, before) not in _READERS | _VIEWS
            )
            if shared_loop:
                yield step.offset, _local(before)
        elif (name == "CONTAINS_OP" and before.opname not in ("LOAD_CONST", "BUILD_TUPLE")) or (
            name in _ITERATING and _local(before)
        ):
            yield step.offset, _local(before)
        elif name == "FOR_ITER" and shared_loop and before.opname == "GET_ITER":
            yield step.offset, ""
        elif name == "LOAD_FAST_AND_CLEAR":
            inlined = next(later.argval for later in steps[place:] if later.opname == "FOR_ITER")
        elif name.startswith("CALL") and name != "CALL_INTRINSIC_1":
            yield from _call(code, step, namespace)


def _call(code: CodeType, step: dis.Instruction, namespace: dict[str, Any]) -> Iterator[tuple[int, str]]:
    """Yield the call if it works on an object: a method of it, or a builtin that reads it."""
    loads, arguments = call_steps(code, step.offset)
    if loads and _is_method(loads[-1]):
        if len(loads) < 2 or not _names_no_data(loads[-2], namespace):
            yield step.offset, _local(loads[-2]) if len(loads) == 2 else ""
    elif (
        loads
        and loads[-1].argval in _READERS - namespace.keys()
        and arguments
        and arguments[0].opname != "LOAD_CONST"
    ):
        simple = all(each.opname.startswith(_SIMPLE) for each in arguments)
        yield step.offset, _local(arguments[0]) if simple else ""


def _leaves_with(steps: list[dis.Instruction], place: int) -> bool:
    """Tell whether the step at `place` leaves a `with` block: by a call of its exit with three times None."""
    step, (before, *nones) = steps[place], steps[max(0, place - 4) : place] or [steps[0]]
    if not step.opname.startswith("CALL") or any(
        each.opname != "LOAD_CONST" or each.argval is not None for each in nones
    ):
        return False
    called = before.opname.startswith("LOAD") or before.opname == "PUSH_NULL"  # else what ends the block
    return len(nones) == 3 and (step.arg == 2 or (step.arg == 3 and not called))


def _called(code: CodeType, step: dis.Instruction) -> str:
    loads, _ = call_steps(code, step.offset)
    return str(loads[-1].argval) if loads else ""


def _is_method(step: dis.Instruction) -> bool:
    return step.opname == "LOAD_METHOD" or (
        step.opname == "LOAD_ATTR" and dis.stack_effect(step.opcode, step.arg) == 1
    )


def _names_no_data(
    step: dis.Instruction, namespace: dict[str, Any], rebound: frozenset[str] = frozenset(), name: str = ""
) -> bool:
    value = namespace.get(step.argval) if step.opname in ("LOAD_GLOBAL", "LOAD_NAME") else None
    return isinstance(value, types.ModuleType | type | types.FunctionType) and f".{name}" not in rebound


def _local(step: dis.Instruction) -> str:
    name = step.argval[-1] if isinstance(step.argval, tuple) else step.argval
    return name if "LOAD_FAST" in step.opname else ""


def is_shared(frame: FrameType, name: str) -> bool:
    """Tell whether the local variable `name` of `frame` holds something that threads may share."""
    return not name or not isinstance(frame.f_locals.get(name), _NOT_SHARED)
