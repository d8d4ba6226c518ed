"""The rules by which one expression of a solution is changed: what is put in its place, as text."""

import ast
import re
from collections.abc import Iterator

from tests.harness.planting.rewriting import Place, Rule

_TRANSPOSED = re.compile("T|swapaxes|transpose|moveaxis")
_OTHER = {ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult}
_COMPARED = {ast.Gt: (">=", "<"), ast.GtE: (">", "<="), ast.Eq: ("!=", ">="), ast.Lt: ("<=", ">")}


def _negated(place: Place) -> Iterator[str]:
    if isinstance(place.node, ast.UnaryOp) and isinstance(place.node.op, ast.USub):
        yield ast.unparse(place.node.operand)
    elif not isinstance(place.node, ast.Constant):
        yield f"-({place.text})"


def _operands_swapped(place: Place) -> Iterator[str]:
    node = place.node
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Sub | ast.Div | ast.FloorDiv | ast.MatMult | ast.Pow):
        yield ast.unparse(ast.BinOp(node.right, node.op, node.left))


def _another_operator(place: Place) -> Iterator[str]:
    node = place.node
    if isinstance(node, ast.BinOp) and type(node.op) in _OTHER:
        yield ast.unparse(ast.BinOp(node.left, _OTHER[type(node.op)](), node.right))


def _compared(place: Place) -> Iterator[str]:
    node = place.node
    if isinstance(node, ast.Compare) and len(node.ops) == 1:
        for sign in _COMPARED.get(type(node.ops[0]), ()):
            yield f"{ast.unparse(node.left)} {sign} {ast.unparse(node.comparators[0])}"


def _step(place: Place) -> tuple[str, str]:
    """The name of the step that the expression takes, and what it takes it from; empty where it takes none."""
    node = place.node
    if isinstance(node, ast.Attribute):
        return node.attr, ast.unparse(node.value)
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
        return "", ""
    of_numpy = re.fullmatch(r"(np|math)(\.\w+)?", ast.unparse(node.func.value))
    return node.func.attr, ast.unparse(node.args[0] if of_numpy else node.func.value)


def _transpose_dropped(place: Place) -> Iterator[str]:
    name, of = _step(place)
    if _TRANSPOSED.fullmatch(name):
        yield of


def _step_dropped(place: Place) -> Iterator[str]:
    name, of = _step(place)
    if name and not _TRANSPOSED.fullmatch(name) and isinstance(place.node, ast.Call):
        yield of


def _another_axis(place: Place) -> Iterator[str]:
    if isinstance(place.parent, ast.keyword) and place.parent.arg == "axis":
        yield from ("0", "1", "-1", "-2", "None")


def _keepdims(place: Place) -> Iterator[str]:
    if isinstance(place.parent, ast.keyword) and place.parent.arg == "keepdims":
        yield "False" if place.text == "True" else "True"


def _another_name(place: Place) -> Iterator[str]:
    if isinstance(place.node, ast.Name) and place.node.id in place.names:
        yield from (name for name in place.names if name != place.node.id)


def _another_constant(place: Place) -> Iterator[str]:
    if isinstance(place.node, ast.Constant) and not isinstance(place.node.value, bool):
        yield from (str(n) for n in (0, 1, 2) if n != place.node.value)


RULES = (
    Rule("sign", _negated),
    Rule("operands swapped", _operands_swapped),
    Rule("another operator", _another_operator),
    Rule("another comparison", _compared),
    Rule("transpose dropped", _transpose_dropped),
    Rule("step dropped", _step_dropped),
    Rule("another axis", _another_axis),
    Rule("keepdims", _keepdims),
    Rule("another name", _another_name),
    Rule("another constant", _another_constant),
)
