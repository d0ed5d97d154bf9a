"""Take everything away from a lesson's code that is not plain Python: `watch()`, panels, checks, pictures."""

import ast
import re

AIDS = ("watch", "predict", "try_", "check_", "plot_", "explore", "show_orders", "replay")
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
AWAITS = (ast.Await, ast.AsyncFor, ast.AsyncWith)
STARTS_PROCESSES = re.compile(r"\b(Process|ProcessPoolExecutor|processes)\b")


def plain_program(sources, *, hangs=""):
    """Return the cells' `sources` as one program without the aids; with `hangs`, it ends in that cell."""
    keep, guarded, parts = WithoutAids(), False, []
    for source in sources:
        cell = keep.visit(ast.parse(source))
        guarded = guarded or bool(STARTS_PROCESSES.search(source))
        parts.append(with_guard(cell) if guarded else ast.unparse(cell))
    if hangs:
        parts += ["print('reached', flush=True)", ast.unparse(keep.visit(ast.parse(hangs)))]
    program = "\n\n".join(parts) + "\n"
    return as_main(program) if awaits(ast.parse(program)) else program


def awaits(node):
    """Tell whether `node` awaits outside of a function, as only a notebook can."""
    inner = [each for each in ast.iter_child_nodes(node) if not isinstance(each, FUNCTIONS)]
    return isinstance(node, AWAITS) or any(map(awaits, inner))


def as_main(program):
    """Return the `program` as one coroutine, for in a file `await` stands in an `async def`."""
    main = ast.parse("import asyncio\nasync def main(): pass\nasyncio.run(main())")
    main.body[1].body = ast.parse(program).body
    return ast.unparse(ast.fix_missing_locations(main)) + "\n"


def with_guard(cell):
    """Return the source of a `cell` that starts processes, or comes after one: a child must not run it."""
    stays = (ast.FunctionDef, ast.ClassDef, ast.Import, ast.ImportFrom)
    outside = [statement for statement in cell.body if isinstance(statement, stays)]
    inside = [statement for statement in cell.body if not isinstance(statement, stays)]
    guard = [ast.If(ast.parse("__name__ == '__main__'", mode="eval").body, inside, [])] if inside else []
    return ast.unparse(ast.fix_missing_locations(ast.Module(outside + guard, [])))


class WithoutAids(ast.NodeTransformer):
    """Drop each statement that needs an aid or a name that came from one; keep the body of `with watch()`."""

    def __init__(self):
        self.gone = set()

    def visit_With(self, node):
        mine = [item for item in node.items if called(item.context_expr) == "watch"]
        self.gone |= {item.optional_vars.id for item in mine if item.optional_vars}
        node.items = [item for item in node.items if item not in mine]
        self.generic_visit(node)
        return node if node.items else node.body

    def generic_visit(self, node):
        super().generic_visit(node)
        if getattr(node, "body", None) == [] and not isinstance(node, ast.Module):
            node.body = [ast.Pass()]
        return node

    def visit_Expr(self, node):
        return None if self.needs_an_aid(node) else node

    def visit_For(self, node):
        return None if self.needs_an_aid(node.iter) else self.generic_visit(node)

    def visit_Assign(self, node):
        leaves = (leaf for target in node.targets for leaf in ast.walk(target))
        names = {leaf.id for leaf in leaves if isinstance(leaf, ast.Name)}
        if self.needs_an_aid(node.value):
            self.gone |= names
            return None
        self.gone -= names
        return node

    def visit_FunctionDef(self, node):
        assert not self.needs_an_aid(node), f"{node.name} needs an aid: it does not run as a plain program"
        return node

    visit_AsyncFunctionDef = visit_FunctionDef  # noqa: N815

    def needs_an_aid(self, node):
        names = {leaf.id for leaf in ast.walk(node) if isinstance(leaf, ast.Name)}
        calls = (called(leaf) for leaf in ast.walk(node) if isinstance(leaf, ast.Call))
        return bool(names & self.gone) or any(call.startswith(AIDS) for call in calls)


def called(node):
    """Return the name that a call calls, "" for anything else."""
    function = node.func if isinstance(node, ast.Call) else None
    return function.id if isinstance(function, ast.Name) else ""
