"""Slips in what the code does: order, indices, variables, steps that are left out, arrays that are changed. Readable ones only.

They are of the form of those in formulas.py.
"""

import ast
import re
from collections.abc import Iterator

from tests.harness.planting.places import SIGNS, SIZES, Site, Slip, is_index, parsed


def orders(site: Site) -> Iterator[tuple[str, ast.expr]]:
    """Operands, arguments or results in another order."""
    match site.node:
        case ast.BinOp(left=left, op=ast.Sub() | ast.Div() | ast.MatMult() as op, right=right):
            if not is_index(site) and (isinstance(op, ast.Sub | ast.MatMult) or _are_short(left, right)):
                yield "order of operands", ast.BinOp(right, op, left)
        case ast.Call(func=ast.Attribute() as function, args=[condition, yes, no]) if _is_choice(function):
            yield "branches turned", ast.Call(site.node.func, [condition, no, yes], [])
        case ast.Call(args=[_, _, *_] as given) if not any(isinstance(one, ast.Starred) for one in given):
            for place in range(len(given) - 1):
                swapped = [*given[:place], given[place + 1], given[place], *given[place + 2 :]]
                yield "argument order", ast.Call(site.node.func, swapped, site.node.keywords)
        case ast.Tuple(elts=[_, _, *_] as given, ctx=context) if site.above and isinstance(
            site.above[0], ast.Return | ast.Assign
        ):
            for place in range(len(given) - 1):
                swapped = [*given[:place], given[place + 1], given[place], *given[place + 2 :]]
                if not any(re.search(r"grad$|^_$", ast.unparse(one)) for one in swapped):
                    yield "argument order", ast.Tuple(swapped, context)
        case ast.IfExp(test=test, body=yes, orelse=no):
            yield "branches turned", ast.IfExp(test, no, yes)


def indices(site: Site) -> Iterator[tuple[str, ast.expr]]:
    """One too many or too few, in an index, a slice or a range."""
    inside = is_index(site) or any(
        isinstance(n, ast.Call) and ast.unparse(n.func).rpartition(".")[2] in SIZES for n in site.above[:3]
    )
    if not inside:
        return
    match site.node:
        case ast.BinOp(left=left, op=ast.Add() | ast.Sub() as op, right=ast.Constant(value=1)):
            yield "off by one", left
            yield "off by one", ast.BinOp(left, SIGNS[type(op)](), ast.Constant(1))
        case ast.Call(func=ast.Name(id="len")):
            yield "off by one", ast.BinOp(site.node, ast.Sub(), ast.Constant(1))
        case ast.Name(id=name) if len(name) == 1 and site.names and not _in_axes(site) and not _is_key(site):
            yield "off by one", ast.BinOp(site.node, ast.Add(), ast.Constant(1))
            yield "off by one", ast.BinOp(site.node, ast.Sub(), ast.Constant(1))
        case ast.Slice(lower=None, upper=ast.UnaryOp() as last, step=None):
            yield "off by one", ast.Slice(last.operand, None, None)
        case ast.Slice(lower=lower, upper=None, step=None) if lower is not None:
            yield "off by one", ast.Slice(None, lower, None)
        case ast.Slice(lower=None, upper=upper, step=None) if upper is not None:
            yield "off by one", ast.Slice(upper, None, None)


def _is_key(site: Site) -> bool:
    """Whether it stands for an object, and not for a number: id(x)."""
    return bool(site.above) and isinstance(site.above[0], ast.Call) and ast.unparse(site.above[0].func) == "id"


def variables(site: Site) -> Iterator[tuple[str, ast.expr]]:
    """Another variable that can be seen from there."""
    if isinstance(site.node, ast.Name) and isinstance(site.node.ctx, ast.Load) and site.node.id in site.names:
        called = site.above and isinstance(site.above[0], ast.Call) and site.above[0].func is site.node
        is_grad = site.node.id.endswith("grad")
        of_gradient = _is_gradient(site.node.id)
        for name in site.names:
            alike = _is_gradient(name) == of_gradient or isinstance(site.above[0], ast.Compare)
            if name != site.node.id and alike and (bool(called) or is_grad) == name.endswith("grad"):
                yield "wrong variable", ast.Name(name, ast.Load())


def steps(site: Site) -> Iterator[tuple[str, ast.expr]]:
    """A step that is left out: a copy, an absolute value, a cast; an eps that has moved."""
    match site.node:
        case ast.Call(func=ast.Attribute(value=of, attr="copy"), args=[]):
            yield "copy lost", of
        case ast.Call(func=ast.Attribute(value=ast.Name(id="np"), attr="array"), args=[of], keywords=[]):
            yield "copy lost", of
        case ast.Call(func=ast.Attribute(attr="abs"), args=[of]):
            yield "overflow", of
        case ast.Call(func=ast.Attribute(value=of, attr="astype")):
            yield "digits lost", of
        case ast.Call(func=ast.Attribute(value=ast.Name(id="np"), attr="zeros_like"), args=[of]):
            yield "digits lost", parsed(f"np.zeros({ast.unparse(of)}.shape)")
        case ast.Call(func=ast.Attribute(value=ast.Name(id="np"), attr="clip"), args=[of, *_]):
            yield "overflow", of
        case ast.Call(
            func=ast.Attribute(attr="sqrt") as root, args=[ast.BinOp(left=left, op=ast.Add(), right=ast.Name(id="eps"))]
        ):
            yield "eps moved", ast.BinOp(ast.Call(root, [left], []), ast.Add(), ast.Name("eps", ast.Load()))
        case ast.BinOp(
            left=ast.Call(func=ast.Attribute(attr="sqrt") as root, args=[of]), op=ast.Add(), right=ast.Name(id="eps")
        ):
            inside = ast.BinOp(of, ast.Add(), ast.Name("eps", ast.Load()))
            yield "eps moved", ast.Call(root, [inside], [])
        case ast.Call(func=ast.Name(id=name), args=[of, *_]) if re.search(r"unbroadcast|repeated", name):
            yield "broadcast lost", of


def statements(site: Site) -> Iterator[tuple[str, list[ast.stmt]]]:
    """np.add.at as an assignment, += as =, and what works on the caller's array."""
    match site.node:
        case ast.Expr(value=ast.Call(func=func, args=[array, index, value])) if ast.unparse(func) == "np.add.at":
            place = ast.Subscript(array, index, ast.Store())
            yield "scatter", [ast.AugAssign(place, ast.Add(), value)]
            yield "scatter", [ast.Assign([place], value, lineno=0)]
        case ast.AugAssign(target=target, op=ast.Add() | ast.Sub(), value=value):
            yield "overwritten", [ast.Assign([target], value, lineno=0)]
        case ast.Assign(targets=[ast.Name() as new], value=ast.BinOp(left=ast.Name(id=given), op=op, right=value)):
            if (
                given in site.names
                and given != new.id
                and not re.search(rf"\b({given}|{new.id})\b", ast.unparse(value))
            ):
                start = ast.Assign([new], ast.Name(given, ast.Load()), lineno=0)
                yield "in place", [start, ast.AugAssign(new, op, value)]
            elif given == new.id:
                yield "in place", [ast.AugAssign(new, op, value)]
        case ast.Return(value=ast.BinOp(left=ast.Name(id=given), op=ast.Sub() as op, right=value)):
            changed = ast.AugAssign(ast.Name(given, ast.Store()), op, value)
            yield "in place", [changed, ast.Return(ast.Name(given, ast.Load()))]


CODE: tuple[Slip, ...] = (orders, indices, variables, steps, statements)


def _is_gradient(name: str) -> bool:
    return name[0] == "g" and name not in ("gate", "gates", "gamma", "gamma1", "gamma2", "groups", "g")


def _are_short(left: ast.expr, right: ast.expr) -> bool:
    return all(isinstance(one, ast.Name | ast.Attribute | ast.Constant) for one in (left, right))


def _is_choice(function: ast.expr) -> bool:
    return ast.unparse(function) == "np.where"


def _in_axes(site: Site) -> bool:
    return any(isinstance(node, ast.keyword) for node in site.above[:2])
