"""Slips in a formula: a sign, a factor, a term, an axis, a reduction, a comparison. Readable ones only.

A slip takes a site and yields a kind (see kinds.py), and what stands there instead. Whether that is any mistake is tried
elsewhere, and how it is written out is in splicing.py.
"""

import ast
import copy
import re
from collections.abc import Iterator

from tests.harness.planting.places import SIGNS, Site, Slip, is_backward, is_index, is_module, is_upstream, parsed

_REDUCED = {"mean": "sum", "sum": "mean"}
_ALIKE = dict(
    re.findall(
        r"(\w+):(\w+)",
        "maximum:minimum minimum:maximum sin:cos cos:sin zeros_like:ones_like max:min argmax:argmin "
        "empty_like:zeros_like tanh:exp logaddexp:maximum",
    )
)
_CANCELLING = {"expm1": "exp", "log1p": "log"}
_TURNED = {
    ast.Gt: (ast.Lt, ast.LtE),
    ast.GtE: (ast.LtE, ast.Lt),
    ast.Lt: (ast.GtE, ast.Gt),
    ast.LtE: (ast.Gt, ast.GtE),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
}
_BORDERS = {ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Lt: ast.LtE, ast.LtE: ast.Lt}
_TRANSPOSED = re.compile("T|swapaxes|transpose|moveaxis|_transposed")
_NUMBERS = (
    "scale",
    "alpha",
    "delta",
    "beta",
    "beta1",
    "beta2",
    "lr",
    "weight_decay",
    "temperature",
    "factor",
    "_ROOT",
)


def transposed(site: Site) -> Iterator[tuple[str, ast.expr]]:
    """x for x.T, x.swapaxes(-1, -2), np.moveaxis(x, ...)."""
    match site.node:
        case ast.Attribute(value=of, attr="T"):
            yield "transpose lost", of
        case ast.Call(func=ast.Attribute(value=of, attr=name)) if _TRANSPOSED.fullmatch(name) and not is_module(of):
            yield "transpose lost", of
        case ast.Call(func=ast.Name(id=name), args=[of]) if _TRANSPOSED.fullmatch(name):
            yield "transpose lost", of


def axes(site: Site) -> Iterator[tuple[str, ast.expr]]:
    """Another axis in axis=0, axis=(0, 2), swapaxes(-1, -2)."""
    if not (site.above and isinstance(site.above[0], ast.keyword) and site.above[0].arg in ("axis", "axes")):
        return
    match site.node:
        case ast.Constant(value=int(n)):
            yield from (("another axis", ast.Constant(m)) for m in {0: (1, -1), 1: (0,)}.get(n, ()))
        case ast.UnaryOp(operand=ast.Constant(value=1)):
            yield from (("another axis", new) for new in (ast.Constant(0), parsed("-2")))
        case ast.Tuple(elts=[*given]) if all(isinstance(one, ast.Constant) for one in given):
            values = [one.value for one in given]
            for place, value in enumerate(values):
                others = [n for n in range(max(values) + 2) if n not in values][:1]
                changed = [[*values[:place], n, *values[place + 1 :]] for n in others]
                changed += [[v for v in values if v != value]] if len(values) > 1 else []
                yield from (("another axis", parsed(repr(tuple(new)))) for new in changed)


def keepdims(site: Site) -> Iterator[tuple[str, ast.expr]]:
    """x.sum(axis=0) for x.sum(axis=0, keepdims=True)."""
    match site.node:
        case ast.Call(keywords=[*keywords]) if any(
            k.arg == "keepdims" and isinstance(k.value, ast.Constant) for k in keywords
        ):
            new = copy.copy(site.node)
            new.keywords = [k for k in keywords if k.arg != "keepdims"]
            yield "keepdims", new


def signs(site: Site) -> Iterator[tuple[str, ast.expr | list[ast.stmt]]]:
    """a + b for a - b, x for -x, and the other way."""
    match site.node:
        case ast.BinOp(op=ast.Add() | ast.Sub() as sign) if not is_index(site):
            yield "sign", ast.BinOp(site.node.left, SIGNS[type(sign)](), site.node.right)
        case ast.UnaryOp(op=ast.USub(), operand=of) if not isinstance(of, ast.Constant):
            yield "sign", of
        case ast.AugAssign(op=ast.Add() | ast.Sub() as sign):
            yield "sign", [ast.AugAssign(site.node.target, SIGNS[type(sign)](), site.node.value)]
        case ast.Return(value=ast.BinOp(op=ast.Mult() | ast.Div()) as value) if "gy" in site.names:
            yield "sign", [ast.Return(_first_negated(value))]


def factors(site: Site) -> Iterator[tuple[str, ast.expr]]:
    """A factor, a divisor, a term, a power or a complement is left out."""
    match site.node:
        case ast.BinOp(left=ast.Constant(value=1), op=ast.Sub(), right=of) if not is_index(site):
            yield "complement", of
        case ast.BinOp(left=of, op=ast.Sub(), right=right) if "max" in ast.unparse(right):
            yield "maximum not subtracted", of
        case ast.BinOp(left=left, op=ast.Mult(), right=right):
            for kept, lost in ((left, right), (right, left)):
                if "@" not in ast.unparse(lost) and (_is_number(lost) or not _is_number(kept)):
                    yield _factor(site, lost), kept
            if isinstance(left, ast.Constant) and left.value == 2:
                yield "factor", ast.BinOp(right, ast.Div(), ast.Constant(2))
        case ast.BinOp(left=left, op=ast.Div(), right=right):
            is_count = re.search(r"\blen|size|shape|\bn\b|count", ast.unparse(right))
            yield ("reduction" if is_count else _factor(site, right)), left
        case ast.BinOp(left=left, op=ast.Add(), right=right) if not is_index(site):
            if len(ast.unparse(left)) >= len(ast.unparse(right)):
                yield _term(site, right), left
            if len(ast.unparse(left)) <= len(ast.unparse(right)):
                yield _term(site, left), right
        case ast.BinOp(left=left, op=ast.Sub(), right=right) if not is_index(site):
            yield _term(site, right), left
        case ast.BinOp(left=left, op=ast.Pow()):
            yield "power", left


def reductions(site: Site) -> Iterator[tuple[str, ast.expr]]:
    """mean for sum, minimum for maximum, exp for expm1: the method or function beside the right one."""
    match site.node:
        case ast.Call(func=ast.Attribute(value=of, attr=name)) if name in _REDUCED and not is_module(of):
            yield "reduction", _called(site.node, _REDUCED[name])
        case ast.Call(func=ast.Attribute(attr=name)) if name in _ALIKE:
            yield "another function", _called(site.node, _ALIKE[name])
        case ast.Call(func=ast.Attribute(attr=name), args=[of]) if name in _CANCELLING:
            yield "another function", _called(site.node, _CANCELLING[name])
            if name == "log1p":
                inside = ast.BinOp(ast.Constant(1), ast.Add(), of)
                yield "cancellation", ast.Call(_called(site.node, "log").func, [inside], [])
            else:
                yield "cancellation", ast.BinOp(_called(site.node, "exp"), ast.Sub(), ast.Constant(1))


def comparisons(site: Site) -> Iterator[tuple[str, ast.expr]]:
    """A mask turned, or a border that belongs to the other side."""
    match site.node:
        case ast.Compare(left=left, ops=[sign], comparators=[right]):
            if type(sign) in _BORDERS:
                yield "boundary", ast.Compare(left, [_BORDERS[type(sign)]()], [right])
            for other in _TURNED.get(type(sign), ()):
                yield "mask turned", ast.Compare(left, [other()], [right])
        case ast.UnaryOp(op=ast.Invert(), operand=of):
            yield "mask turned", of


FORMULAS: tuple[Slip, ...] = (transposed, axes, keepdims, signs, factors, reductions, comparisons)


def _factor(site: Site, lost: ast.expr) -> str:
    """The kind of a factor that is left out."""
    if is_upstream(lost):
        return "upstream lost"
    if isinstance(lost, ast.Compare) or "mask" in ast.unparse(lost):
        return "term dropped"
    if _is_number(lost):
        return "factor"
    return "slope dropped" if is_backward(site) else "term dropped"


def _is_number(node: ast.expr) -> bool:
    """Whether it is no array."""
    return isinstance(node, ast.Constant) or ast.unparse(node) in _NUMBERS


def _term(site: Site, lost: ast.expr) -> str:
    """The kind of a term that is left out."""
    return "path dropped" if is_backward(site) and not isinstance(lost, ast.Constant) else "term dropped"


def _called(call: ast.Call, name: str) -> ast.Call:
    """The same call of the function or method beside it."""
    return ast.Call(ast.Attribute(call.func.value, name, ast.Load()), call.args, call.keywords)


def _first_negated(value: ast.expr) -> ast.expr:
    """A minus in front of the first factor, or none where there was one."""
    if isinstance(value, ast.BinOp) and isinstance(value.op, ast.Mult | ast.Div):
        return ast.BinOp(_first_negated(value.left), value.op, value.right)
    if isinstance(value, ast.UnaryOp) and isinstance(value.op, ast.USub):
        return value.operand
    return ast.UnaryOp(ast.USub(), value)
