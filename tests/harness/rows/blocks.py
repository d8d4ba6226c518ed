"""What random graphs are put together from: each operator in each of its forms, and each way in which nodes are shared.

A block takes what it needs of a sketch, new or there already, and leaves what it made open. All of them come in their turn.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from tests.harness.rows.shape_blocks import indexed, product, reduced, reshaped, tied, transposed
from tests.harness.rows.sketch import (
    BASES,
    EXPONENTS,
    LARGE,
    LARGEST,
    MODEST,
    NONZERO,
    POSITIVE,
    Shape,
    Sketch,
    Term,
    joint,
)

Block = Callable[[Sketch], object]
NUMBERS = (2, 0.5, -1, 3.0, 1.5, -2)


def broadcast(sketch: Sketch, shape: Shape) -> Shape:
    """Another shape that broadcasts to this one, or with it to a larger one, in one way of several."""
    way = sketch.source.case(4, 4)
    if not shape:
        return (2,) if way % 2 else (3, 2)
    if way == 0:
        return shape[1:]
    if way == 1:
        return (*shape[:-1], 1)
    if way == 2:
        return (1, *shape[1:])
    return ()


def numbered(value: float, scalar: bool) -> list:
    """A number of Python's, or a scalar of NumPy's."""
    return [value, "scalar"] if scalar else [value]


def _elementwise(what: str, x: Term, y: Term, s: Sketch) -> Term:
    """x what y, each kept to what the operator takes."""
    if what == "*":
        x, y = s.product(x, y)
        size = x.size + y.size
    elif what == "/":
        x, size = s.below(x, LARGEST - 2), max(x.size, 0) + 1
    elif what == "**":
        size = 3.0
    else:
        size = max(x.size, y.size) + 0.3
    shape = joint(x.shape, y.shape)
    positive = (what in "+*/" and x.positive and y.positive) or what == "**"
    return s.node(what, [x, y], shape, size=size, positive=positive)


def _kinds(what: str) -> tuple[str, str]:
    """What the left and the right of an operator may be."""
    return {"/": ("any", NONZERO), "**": (BASES, MODEST)}.get(what, ("any", "any"))


def of_two(what: str, s: Sketch) -> None:
    """Two tensors of one shape."""
    left, right = _kinds(what)
    x = s.operand(holds=left)
    _elementwise(what, x, s.alike(x.shape, right), s)


def of_two_broadcast(what: str, wide_first: bool, s: Sketch) -> None:
    """Two tensors, of which one is broadcast."""
    left, right = _kinds(what)
    x = s.operand(1, holds=left if wide_first else right)
    y = s.alike(broadcast(s, x.shape), right if wide_first else left)
    _elementwise(what, *((x, y) if wide_first else (y, x)), s)


def with_number(what: str, scalar: bool, s: Sketch) -> None:
    """A tensor, and a number behind it."""
    x, number = s.operand(), NUMBERS[s.source.case(len(NUMBERS), len(NUMBERS))]
    s.node(
        what,
        [x, numbered(number, scalar)],
        x.shape,
        size=x.size + 0.5,
        positive=x.positive and number > 0,
        apart=x.apart and what in "*/",
    )


def number_with(what: str, scalar: bool, s: Sketch) -> None:
    """A number, and a tensor behind it."""
    x, number = s.operand(holds=NONZERO if what == "/" else "any"), NUMBERS[s.source.case(len(NUMBERS), len(NUMBERS))]
    s.node(what, [numbered(number, scalar), x], x.shape, size=x.size + 0.5 if what != "/" else 1.5)


def with_array(what: str, s: Sketch) -> None:
    """A tensor, and an array behind it."""
    x = s.operand(holds="any")
    if y := s.constant(broadcast(s, x.shape) if s.source.byte() % 2 else x.shape, NONZERO if what == "/" else MODEST):
        _elementwise(what, x, y, s)


def array_with(what: str, s: Sketch) -> None:
    """An array, and a tensor behind it."""
    x = s.operand(holds=NONZERO if what == "/" else "any")
    if y := s.constant(broadcast(s, x.shape) if s.source.byte() % 2 else x.shape, MODEST):
        _elementwise(what, y, x, s)


def power(exponent: float, scalar: bool, s: Sketch) -> None:
    """A tensor to a number, which says what the base may be."""
    holds = POSITIVE if exponent % 1 else "any" if exponent > 0 else NONZERO
    x = s.operand(holds=holds)
    x = s.below(x, LARGEST / max(exponent, 1))
    size = x.size * exponent if exponent > 0 else 2.0
    s.node("**", [x, numbered(exponent, scalar)], x.shape, size=size, positive=x.positive)


def power_of_array(s: Sketch) -> None:
    """A tensor of any sign to an array of exponents."""
    x = s.below(s.operand(), LARGEST / 3)
    if y := s.constant(x.shape, EXPONENTS):
        s.node("**", [x, y], x.shape, size=3 * max(x.size, 0))


def number_to_power(scalar: bool, s: Sketch) -> None:
    """A number to a tensor."""
    x = s.operand(holds=MODEST)
    s.node(
        "**", [numbered((2, 0.5, 3.0)[s.source.case(3, 3)], scalar), x], x.shape, size=2.0, positive=True, apart=False
    )


def array_to_power(s: Sketch) -> None:
    """An array to a tensor."""
    x = s.operand(holds=MODEST)
    if y := s.constant(x.shape, BASES):
        s.node("**", [y, x], x.shape, size=3.0, positive=True)


def function(what: str, holds: str, s: Sketch) -> None:
    """A function of each entry, of what it takes."""
    x = (s.leaf(s.shape(), holds) if holds == LARGE else None) or s.operand(holds=holds)
    sizes = {".exp": 1.8, ".log": 1.0, ".tanh": 0.0}
    s.node(what, [x], x.shape, size=sizes.get(what, x.size), positive=what == ".exp", apart=what == ".exp")


def negative(s: Sketch) -> None:
    """-x."""
    x = s.operand()
    s.node("neg", [x], x.shape, apart=x.apart)


def itself(what: str, s: Sketch) -> None:
    """A node with itself: x * x."""
    x = s.operand(holds=NONZERO if what == "/" else "any")
    _elementwise(what, x, x, s)


def diamond(s: Sketch) -> None:
    """Two ways from one node to another."""
    x = s.operand()
    one, other = s.node(".tanh", [x], x.shape, size=0.0), s.node("*", [x, 0.5], x.shape)
    _elementwise("*", one, other, s)


def used_again(first: bool, s: Sketch) -> None:
    """A node that is used early and late: who does not wait for the late use sends on too little."""
    x = s.operand()
    h = s.node("*", [x, 0.5], x.shape)
    g = s.node(".tanh", [h], x.shape, size=0.0)
    f = s.node("*", [g, 3.0], x.shape, size=0.5)
    s.node("+", [h, f] if first else [f, h], x.shape, size=h.size + 0.3)


def unused(s: Sketch) -> None:
    """A node that nothing comes of."""
    x = s.operand()
    s.open.remove(s.node("*", [x, 2], x.shape, size=x.size + 0.3))
    s.node("neg", [x], x.shape, apart=x.apart)


_OPERATORS = ("+", "-", "*", "/")
BLOCKS: tuple[Block, ...] = (
    *(partial(of_two, what) for what in (*_OPERATORS, "**")),
    *(partial(of_two_broadcast, what, first) for what in (*_OPERATORS, "**") for first in (True, False)),
    *(partial(with_number, what, scalar) for what in _OPERATORS for scalar in (False, True)),
    *(partial(number_with, what, scalar) for what in _OPERATORS for scalar in (False, True)),
    *(partial(with_array, what) for what in _OPERATORS),
    *(partial(array_with, what) for what in _OPERATORS),
    *(partial(power, exponent, False) for exponent in (2, 3.0, -1, 0.5, 1, 0)),
    *(partial(power, 2.0, True), partial(number_to_power, False), partial(number_to_power, True)),
    *(power_of_array, array_to_power),
    *(partial(product, *axes, "") for axes in ((2, 2), (2, 1), (1, 2), (1, 1), (3, 3), (3, 2), (2, 3), (3, 1), (1, 3))),
    *(partial(product, *axes, side) for axes in ((2, 2), (3, 2)) for side in ("left", "right")),
    *(
        partial(reduced, what, how, keepdims)
        for what in (".sum", ".mean", ".max")
        for how in ("none", "first", "last", "negative", "tuple")
        for keepdims in (False, True)
    ),
    *(partial(tied, how) for how in ("axis", "all")),
    *(negative, partial(reshaped, True), partial(reshaped, False)),
    *(partial(transposed, how) for how in ("all", "ints", "tuple")),
    *(
        partial(indexed, how)
        for how in (
            "int",
            "negative int",
            "slice",
            "negative slice",
            "backward",
            "step",
            "new axis",
            "ellipsis",
            "int and slice",
            "array",
            "array of two axes",
        )
    ),
    *(partial(indexed, how) for how in ("array behind", "pair", "mask of rows", "mask", "no axis")),
    *(partial(itself, what) for what in "+*"),
    *(diamond, partial(used_again, True), partial(used_again, False), unused),
)
