"""Blocks of random graphs that change shapes: products, reductions, reshaping, and entries by their indices. See blocks.py."""

from __future__ import annotations

from math import prod

from tests.harness.rows.sketch import DISTINCT, ZEROS, Shape, Sketch, Term, joint


def product(left: int, right: int, constant: str, s: Sketch) -> None:
    """x @ y, of so many axes each; one of them may be an array, and stacks may be broadcast."""
    n, k, m, stack = (1 + s.source.byte() % 3 for _ in range(4))
    first = (k,) if left == 1 else (*((stack,) if left == 3 else ()), n, k)
    second = (k,) if right == 1 else (*(((stack, 1)[s.source.case(2, 2)],) if right == 3 else ()), k, m)
    x = s.constant(first) if constant == "left" else s.leaf(first)
    y = s.constant(second) if constant == "right" else s.leaf(second)
    if x is None or y is None:
        x = s.operand(2)
        turned = [*range(len(x.shape) - 2), len(x.shape) - 1, len(x.shape) - 2]
        y = s.node(".transpose", [x], tuple(x.shape[n] for n in turned), axes=turned)
    x, y = s.product(x, y)
    stacked = joint(x.shape[:-2], y.shape[:-2])
    s.node(
        "@", [x, y], stacked + x.shape[-2:-1] + (y.shape[-1:] if len(y.shape) > 1 else ()), size=x.size + y.size + 0.5
    )


def reduced(what: str, how: str, keepdims: bool, s: Sketch) -> None:
    """A sum, mean or maximum, over axes that are given in one way of several."""
    least = {"none": 0, "negative": 1, "tuple": 3}.get(how, 2)
    x = _apart(least, s) if what == ".max" else s.operand(least, ones=False)
    axes = len(x.shape)
    at = s.source.byte()
    if how == "none":
        gone, options = set(range(axes)), {}
    elif how == "tuple":
        left_out = at % 4  # one of three, or none
        chosen = [n - axes * (at // 8 % 2 and n == axes - 1) for n in range(axes) if n != left_out or axes < 3]
        gone, options = {n % axes for n in chosen}, {"axis": chosen[::-1] if at // 16 % 2 else chosen}
    else:
        axis = 0 if how == "first" else axes - 1 if how == "last" else at % axes
        gone, options = {axis}, {"axis": axis - axes if how == "negative" else axis}
    shape = tuple(1 if n in gone else size for n, size in enumerate(x.shape) if keepdims or n not in gone)
    positional = "axis" in options and s.source.byte() % 3 == 0
    size = x.size + 0.6 if what == ".sum" else x.size
    s.node(
        what,
        [x],
        shape,
        size=size,
        positive=x.positive,
        apart=x.apart and what != ".mean",
        **options,
        **{"keepdims": True} if keepdims else {},
        **{"positional": True} if positional else {},
    )


def _apart(least: int, s: Sketch) -> Term:
    """A value with so many axes, no two entries alike: where many tie, no single gradient is the right one."""
    x = s.leaf(s.shape(least, ones=False), DISTINCT)
    if x is None:
        x = s.operand(least)
        if moves := s.constant(x.shape, DISTINCT):
            x = s.node("+", [x, moves], x.shape, size=x.size + 0.3)
    return x


def tied(how: str, s: Sketch) -> None:
    """A maximum of entries that are one entry of a leaf: whatever share each of them gets, the leaf gets all of it."""
    x = s.leaf((2, 1) if how == "axis" else (1,))
    if x is None:
        return
    if zeros := s.constant((*x.shape[:-1], 3), ZEROS):
        wide = s.node("+", [x, zeros], zeros.shape)
        s.node(".max", [wide], x.shape[:-1], **{"axis": -1} if how == "axis" else {})


def reshaped(as_tuple: bool, s: Sketch) -> None:
    """Another shape, never the same one where there are several."""
    x = s.operand(2, ones=False)
    size = prod(x.shape)
    halves = [(n, size // n) for n in range(1, size + 1) if size % n == 0]
    shapes = [shape for shape in ((size,), *halves, (1, *x.shape), x.shape[::-1]) if shape != x.shape] or [x.shape]
    shape = shapes[s.source.byte() % len(shapes)]
    s.node(
        ".reshape",
        [x],
        shape,
        positive=x.positive,
        apart=x.apart,
        shape=list(shape),
        **{"tuple": True} if as_tuple else {},
    )


def transposed(how: str, s: Sketch) -> None:
    """The axes in another order: turned round, or one that is not its own inverse where there are three."""
    x = s.operand(3 if how != "all" else 2, ones=False)
    axes = (
        [*range(len(x.shape))][::-1]
        if how == "all" or len(x.shape) < 3
        else [[1, 2, 0], [2, 0, 1], [0, 2, 1]][s.source.case(3, 3)]
    )
    options = {"all": {}, "ints": {"axes": axes}, "tuple": {"axes": axes, "tuple": True}}[how]
    s.node(".transpose", [x], tuple(x.shape[n] for n in axes), positive=x.positive, apart=x.apart, **options)


def indexed(how: str, s: Sketch) -> None:
    """x[...], in one way of several."""
    if how == "no axis":
        x = s.operand(0, 0)
        s.node("[]", [x], (1,), positive=x.positive, apart=x.apart, index=[None])
        return
    x = s.operand(2 if how in ("pair", "int and slice", "array behind", "ellipsis") else 1, ones=False)
    n, draw = x.shape[0], s.source.integers
    last = x.shape[-1]
    if how in ("int", "negative int"):
        parts, shape = [s.source.byte() % n - n * (how != "int")], x.shape[1:]
    elif how == "slice":
        start = s.source.byte() % n
        parts, shape = [["slice", start, None, None]], (n - start, *x.shape[1:])
    elif how == "negative slice":
        start = 1 + s.source.byte() % n
        parts, shape = [["slice", -start, None, None]], (start, *x.shape[1:])
    elif how in ("step", "backward"):
        step = 2 if how == "step" else -1 - s.source.byte() % 2
        parts, shape = [["slice", None, None, step]], (-(-n // abs(step)), *x.shape[1:])
    elif how == "new axis":
        parts, shape = [["slice", None, None, None], None], (n, 1, *x.shape[1:])
    elif how == "ellipsis":
        parts, shape = [["..."], s.source.byte() % last], x.shape[:-1]
    elif how == "int and slice":
        parts, shape = [s.source.byte() % n, ["slice", 0, 1, None]], (1, *x.shape[2:])
    elif how == "array":
        parts, shape = [["array", [0, *(draw((2,), 2 * n) - n).tolist(), 0]]], (4, *x.shape[1:])
    elif how == "array of two axes":
        parts, shape = [["array", [[0, int(draw((1,), n)[0])], [0, n - 1]]]], (2, 2, *x.shape[1:])
    elif how == "array behind":
        parts, shape = [["..."], ["array", [0, 0, last - 1]]], (*x.shape[:-1], 3)
    elif how == "pair":
        rows, columns = draw((2,), n).tolist(), (draw((2,), 2 * x.shape[1]) - x.shape[1]).tolist()
        parts, shape = [["array", [*rows, rows[0]]], ["array", [*columns, columns[0]]]], (3, *x.shape[2:])
    elif how == "mask of rows":
        kept = [True, *(bool(b) for b in draw((n - 1,), 2))]
        parts, shape = [["mask", kept]], (sum(kept), *x.shape[1:])
    else:
        flat = [True, *(bool(b) for b in draw((prod(x.shape) - 1,), 2))]
        parts, shape = [["mask", _nested(flat, x.shape)]], (sum(flat),)
    s.node("[]", [x], shape, positive=x.positive, apart=x.apart, index=parts)


def _nested(flat: list, shape: Shape) -> list:
    if len(shape) < 2:
        return flat
    step = len(flat) // shape[0]
    return [_nested(flat[n * step : (n + 1) * step], shape[1:]) for n in range(shape[0])]
