"""What lies on the value stack of a frame, as far as bytecode tells: Python shows no one the stack itself."""

import dis
import functools
from itertools import pairwise
from types import CodeType, FrameType


@functools.lru_cache(maxsize=512)
def _steps(code: CodeType) -> dict[int, dis.Instruction]:
    return {step.offset: step for step in dis.get_instructions(code)}


@functools.lru_cache(maxsize=512)
def depths(code: CodeType) -> dict[int, int]:
    """Return how many values lie on the value stack before each instruction of `code`, by its offset."""
    steps = _steps(code)
    following = dict(pairwise(steps))
    found: dict[int, int] = {}
    todo = [(0, 0)]
    for entry in dis._parse_exception_table(code):  # type: ignore[attr-defined]
        todo.append((entry.target, entry.depth + 1 + entry.lasti))
    while todo:
        offset, depth = todo.pop()
        while offset not in found:
            found[offset] = depth
            step = steps[offset]
            argument = step.arg if step.opcode >= dis.HAVE_ARGUMENT else None
            if step.opcode in dis.hasjrel or step.opcode in dis.hasjabs:
                todo.append((step.argval, depth + dis.stack_effect(step.opcode, argument, jump=True)))
            if step.opname in _NO_FALL_THROUGH or offset not in following:
                break
            # What a generator is sent first lies on its stack; before 3.13, `stack_effect` leaves it out.
            depth += step.opname == "RETURN_GENERATOR" or dis.stack_effect(step.opcode, argument, jump=False)
            offset = following[offset]
    return found


_NO_FALL_THROUGH = {
    "RETURN_VALUE", "RETURN_CONST", "RERAISE", "RAISE_VARARGS", "JUMP_FORWARD", "JUMP_BACKWARD",
    "JUMP_BACKWARD_NO_INTERRUPT",
}  # fmt: skip


def below(code: CodeType, offset: int) -> int | None:
    """Return how many values lie below those that the call at `offset` works on; None if it is no call."""
    step = step_at(code, offset)
    depth = depths(code).get(step.offset)
    if depth is not None and step.opname.startswith("CALL"):
        return depth + dis.stack_effect(step.opcode, step.arg) - 1
    return depth and depth - 1 if step.opname in _CALLS_TOO else None


_CALLS_TOO = ("BEFORE_WITH", "LOAD_ATTR")  # the latter of a property


def step_at(code: CodeType, offset: int) -> dis.Instruction:
    """Return the instruction that `offset` lies in: frames may point into its cache."""
    while offset not in _steps(code):
        offset -= 2
    return _steps(code)[offset]


def calls_directly(frame: FrameType, called: CodeType) -> bool:
    """Tell whether the call that `frame` waits for is a plain one of `called`, with no C code in between.

    C code that calls back (`sorted(..., key=…)`) has a state of its own, which nobody can see.
    """
    step = step_at(frame.f_code, frame.f_lasti)
    if not step.opname.startswith("CALL"):
        return step.opname in _CALLS_TOO
    loads, _ = call_steps(frame.f_code, step.offset)
    if not loads:
        return False
    name = loads[-1].argval
    value = frame.f_locals.get(name, frame.f_globals.get(name)) if len(loads) == 1 else None
    special = loads[-1].opname == "LOAD_SPECIAL"
    return special or name == called.co_name or getattr(value, "__code__", None) is called


@functools.lru_cache(maxsize=2048)
def call_steps(code: CodeType, offset: int) -> tuple[list[dis.Instruction], list[dis.Instruction]]:
    """Return the instructions with a name of the callable, and all of the arguments, of a call."""
    base, depth = below(code, offset) or 0, depths(code)
    before = [step for step in _steps(code).values() if step.offset < offset]
    plain = [each for step in before for each in _plain(step, depth)]
    start = next((at for at in range(len(plain) - 1, -1, -1) if plain[at][0] <= base), len(plain))
    end = max((at for at in range(start, len(plain)) if plain[at][0] <= base + 1), default=start - 1)
    named = [
        step
        for at, step in plain[start : end + 1]
        if step.opname == "LOAD_SPECIAL"
        or (step.opname.startswith("LOAD") and isinstance(step.argval, str) and step.opname != "LOAD_CONST")
    ]
    return named, [step for _, step in plain[end + 1 :] if step.opname not in _NO_ARGUMENTS]


_NO_ARGUMENTS = {"CACHE", "PRECALL", "KW_NAMES", "EXTENDED_ARG"}


def _plain(step: dis.Instruction, depth: dict[int, int]) -> list[tuple[int, dis.Instruction]]:
    """Return `step` with the number of values below it; of two loads or a store and a load in one, each."""
    at = depth.get(step.offset, 1 << 30)
    if not isinstance(step.argval, tuple) or "_FAST_" not in step.opname:
        return [(at, step)]
    first, second = (step._replace(opname="LOAD_FAST", argval=name) for name in step.argval)
    if step.opname.startswith("STORE"):
        return [(at - 1, second)] if "LOAD" in step.opname else []
    return [(at, first), (at + 1, second)]


@functools.lru_cache(maxsize=2048)
def start_of_line(code: CodeType, offset: int) -> int:
    """Return the first offset of the instructions around `offset` that belong to one line without a break."""
    first, before = 0, None
    for start, end, line in code.co_lines():
        first = first if line == before else start
        if start <= offset < end:
            break
        before = line
    return first


@functools.lru_cache(maxsize=512)
def hides(code: CodeType) -> bool:
    """Tell whether some line of `code` begins with something on the value stack."""
    labels = dis.findlabels(code.co_code)  # type: ignore[arg-type]  # it does want bytes
    starts = [start for start, _, line in code.co_lines() if line is not None]
    return any(depths(code).get(start, 0) > 0 for start in [*starts, *labels])
