"""A site: an expression or a statement of working code where a slip may happen, and what can be seen from there."""

import ast
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

SIGNS = {ast.Add: ast.Sub, ast.Sub: ast.Add}
_UPSTREAM = re.compile(r"g[yclL]")  # gy, gl, gL: what grad is given
SIZES = ("range", "ndindex", "arange")


@dataclass(frozen=True, eq=False)
class Site:
    """An expression or a statement. `names`: the variables that can stand there. `above`: what it stands in, the nearest first."""

    node: ast.expr | ast.stmt
    names: tuple[str, ...]
    above: tuple[ast.AST, ...]


Slip = Callable[[Site], Iterator[tuple[str, ast.expr | list[ast.stmt]]]]


def is_upstream(node: ast.expr) -> bool:
    """Whether it is what grad is given."""
    return bool(_UPSTREAM.fullmatch(ast.unparse(node)))


def is_backward(site: Site) -> bool:
    """Whether it is in a grad."""
    return any(_UPSTREAM.fullmatch(name) for name in site.names)


def is_module(node: ast.expr) -> bool:
    """Whether it is NumPy, or the library's math."""
    return isinstance(node, ast.Name) and node.id in ("np", "math")


def is_index(site: Site) -> bool:
    """Whether it stands in the brackets of a subscript, or in what a range counts."""
    inner: ast.AST = site.node
    for node in site.above:
        if isinstance(node, ast.stmt):
            return False
        if isinstance(node, ast.Subscript):
            return inner is node.slice
        if isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] in (*SIZES, "slice"):
            return True
        inner = node
    return False


def parsed(text: str) -> ast.expr:
    """The tree of an expression."""
    return ast.parse(text, mode="eval").body
