"""Say which lines of the learner's code make counts depend on the Python version."""

import ast
import platform
from collections.abc import Iterator

from threadlab.schedules.learner import Learner
from threadlab.schedules.outline import node_of


def notes(learner: Learner) -> Iterator[str]:
    """Yield one sentence for each line whose steps differ between Python versions."""
    if learner.micro:
        yield f"micro steps of CPython {platform.python_version()}; other versions may have others"
    for page in learner.pages():
        function = node_of(page.code)
        for node in ast.walk(function) if function else ():
            if isinstance(node, ast.For | ast.While) and node.body[0].lineno == node.lineno:
                yield f"line {node.lineno}: a loop on one line depends on the Python version"
            elif isinstance(node, ast.stmt) and _head_end(node) > node.lineno and node is not function:
                yield f"line {node.lineno}: a statement over several lines depends on the Python version"


def _head_end(node: ast.stmt) -> int:
    """Return the last line of a statement without the block that it opens."""
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        return node.lineno  # a docstring
    if not hasattr(node, "body") and not isinstance(node, ast.Match):
        return node.end_lineno or 0
    parts = [*ast.iter_child_nodes(node), *(item.context_expr for item in getattr(node, "items", ()))]
    return max((part.end_lineno or 0 for part in parts if isinstance(part, ast.expr)), default=0)
