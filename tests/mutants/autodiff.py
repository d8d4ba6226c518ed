"""Level 11: known wrong and known right classes of tensors.

`engine` makes a class out of its parts, each the right one unless a row gives another. The parts of an operator get gy, both
values and the result. The right ones below are written in other styles, from the first line on.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable
from types import SimpleNamespace

import numpy as np

from tests.mutants import Alternative, Mutant, Stateful

BINARY = tuple((name, "truediv" if name == "div" else name) for name in ("add", "sub", "mul", "div", "pow", "matmul"))
"""Operators, and what their methods are called between the underscores."""


def unbroadcast(g, shape):
    """g, summed over what an array of this shape was repeated along."""
    while g.ndim > len(shape):
        g = g.sum(0)
    for axis, n in enumerate(shape):
        if n == 1:
            g = g.sum(axis, keepdims=True)
    return g


def spread(gy, x, axis, keepdims):
    """gy with the axes that were reduced, for each entry of x."""
    if axis is not None and not keepdims:
        axes = axis if isinstance(axis, tuple) else (axis,)
        gy = np.expand_dims(gy, tuple(a % x.ndim for a in axes))
    return np.broadcast_to(gy, x.shape)


def matmul_left(gy, x, z):
    """The gradient of x in x @ z."""
    if z.ndim == 1:
        return np.expand_dims(gy, -1) * z
    gy = np.expand_dims(gy, -2) if x.ndim == 1 else gy
    g = gy @ np.swapaxes(z, -1, -2)
    return g[..., 0, :] if x.ndim == 1 else g


def matmul_right(gy, x, z):
    """The gradient of z in x @ z."""
    if x.ndim == 1:
        return np.expand_dims(gy, -1) * x if z.ndim == 1 else x[:, None] * np.expand_dims(gy, -2)
    gy = np.expand_dims(gy, -1) if z.ndim == 1 else gy
    g = np.swapaxes(x, -1, -2) @ gy
    return g[..., 0] if z.ndim == 1 else g


def added_at(gy, x, index):
    """gy, added up where an index comes again."""
    g = np.zeros_like(x)
    np.add.at(g, index, gy)
    return g


def assigned_at(gy, x, index):
    """gy, of which one stays where an index comes again."""
    g = np.zeros_like(x)
    g[index] = gy
    return g


def added_to_a_product(gy, x, index):
    """gy, added to 0 x, which is no array where x has no axis."""
    g = 0 * x
    np.add.at(g, index, gy)
    return g


def shares(x, axis):
    """For each entry, its share of the gradient of the largest."""
    winners = x == x.max(axis=axis, keepdims=True)
    return winners / winners.sum(axis=axis, keepdims=True, dtype=x.dtype)


def in_order(root):
    """The nodes in the order in which they send back: one after all that use it."""
    order, seen, stack = [], {id(root)}, [(root, iter(root.parents))]
    while stack:
        for parent in stack[-1][1]:
            if id(parent) not in seen:
                seen.add(id(parent))
                stack.append((parent, iter(parent.parents)))
                break
        else:
            order.append(stack.pop()[0])
    return order[::-1]


def kept(leaf, g):
    """Add g to the gradient of a leaf."""
    leaf.grad = np.array(g) if leaf.grad is None else leaf.grad + g


def of_number(number, x):
    """A number beside the array x."""
    return np.asarray(number, x.dtype)


PARTS = {
    "add": (np.add, lambda gy, x, z, y: gy, lambda gy, x, z, y: gy),
    "sub": (np.subtract, lambda gy, x, z, y: gy, lambda gy, x, z, y: -gy),
    "mul": (np.multiply, lambda gy, x, z, y: gy * z, lambda gy, x, z, y: gy * x),
    "div": (np.divide, lambda gy, x, z, y: gy / z, lambda gy, x, z, y: -gy * x / z**2),
    "pow": (np.power, lambda gy, x, z, y: gy * z * x ** (z - 1), lambda gy, x, z, y: gy * y * np.log(x)),
    "matmul": (np.matmul, lambda gy, x, z, y: matmul_left(gy, x, z), lambda gy, x, z, y: matmul_right(gy, x, z)),
    "exp": (np.exp, lambda gy, x, y: gy * y),
    "log": (np.log, lambda gy, x, y: gy / x),
    "tanh": (np.tanh, lambda gy, x, y: gy * (1 - y**2)),
    "relu": (lambda x: np.maximum(x, 0), lambda gy, x, y: gy * (x > 0)),
    "neg": (np.negative, lambda gy, x, y: -gy),
    "sum": (np.sum, lambda gy, x, y, axis, keepdims: spread(gy, x, axis, keepdims)),
    "mean": (np.mean, lambda gy, x, y, axis, keepdims: spread(gy, x, axis, keepdims) * (y.size / x.size)),
    "max": (np.max, lambda gy, x, y, axis, keepdims: spread(gy, x, axis, keepdims) * shares(x, axis)),
    "reshape": lambda gy, x, shape: gy.reshape(x.shape),
    "transpose": lambda gy, x, axes: gy.transpose(np.argsort(axes)),
    "take": added_at,
    "unbroadcast": unbroadcast,
    "order": in_order,
    "keep": kept,
    "merge": lambda before, g: before + g,
    "number": of_number,
    "ufunc": {"__array_ufunc__": None},
    "reflected": {},
    "begin": lambda nodes: None,
    "data": np.asarray,
    "made": lambda tensor: None,
}
"""Each part of the engine, right."""


def engine(**changed) -> type:
    """A class of tensors made of its right parts and these."""
    part = SimpleNamespace(**(PARTS | changed))

    class Tensor:
        vars().update(part.ufunc)

        def __init__(self, data, parents=(), back=None):
            self.data, self.grad, self.parents, self.back = part.data(data), None, parents, back
            part.made(self)

        def backward(self):
            nodes = part.order(self)
            part.begin(nodes)
            grads = {id(self): np.ones_like(self.data)}
            for node in nodes:
                if id(node) not in grads:
                    continue
                g = grads.pop(id(node))
                if not node.parents:
                    part.keep(node, g)
                for parent, more in zip(node.parents, node.back(g) if node.back else (), strict=False):
                    grads[id(parent)] = part.merge(grads[id(parent)], more) if id(parent) in grads else more

        def _two(self, name, other, swap=False):
            function, to_left, to_right = getattr(part, name)
            if isinstance(other, int | float):
                other = part.number(other, self.data)
            left, right = (other, self) if swap else (self, other)
            x, z = (v.data if isinstance(v, Tensor) else v for v in (left, right))
            y = function(x, z)
            sides = [(v, to) for v, to in ((left, to_left), (right, to_right)) if isinstance(v, Tensor)]

            def back(gy):
                return [part.unbroadcast(to(gy, x, z, y), v.data.shape) for v, to in sides]

            return Tensor(y, tuple(v for v, _ in sides), back)

        def _one(self, name, **options):
            function, to = getattr(part, name)
            x = self.data
            y = np.asarray(function(x, **options))
            return Tensor(y, (self,), lambda gy: [to(gy, x, y, **options)])

        def __neg__(self):
            return self._one("neg")

        def sum(self, axis=None, keepdims=False):
            return self._one("sum", axis=axis, keepdims=keepdims)

        def mean(self, axis=None, keepdims=False):
            return self._one("mean", axis=axis, keepdims=keepdims)

        def max(self, axis=None, keepdims=False):
            return self._one("max", axis=axis, keepdims=keepdims)

        def reshape(self, *shape):
            x, shape = self.data, shape[0] if shape and isinstance(shape[0], tuple) else shape
            return Tensor(x.reshape(shape), (self,), lambda gy: [part.reshape(gy, x, shape)])

        def transpose(self, *axes):
            x, axes = self.data, axes[0] if axes and isinstance(axes[0], tuple) else axes
            axes = axes or tuple(range(x.ndim))[::-1]
            return Tensor(x.transpose(axes), (self,), lambda gy: [part.transpose(gy, x, axes)])

        def __getitem__(self, index):
            x = self.data
            return Tensor(np.asarray(x[index]), (self,), lambda gy: [part.take(gy, x, index)])

    def of_two(name, swap):
        return lambda self, other: self._two(name, other, swap)

    def of_one(name):
        return lambda self: self._one(name)

    for name, method in BINARY:
        setattr(Tensor, f"__{method}__", of_two(name, False))
        setattr(Tensor, f"__r{method}__", of_two(name, True))
    for name in ("exp", "log", "tanh", "relu"):
        setattr(Tensor, name, of_one(name))
    for method, replaced in part.reflected.items():
        setattr(Tensor, method, replaced)
    return Tensor


def _with(name: str, number: int, part: Callable) -> dict:
    """One of the parts of an operator replaced: 0 its function, from 1 on what it sends back."""
    parts = list(PARTS[name])
    parts[number] = part
    return {name: tuple(parts)}


def breadth_first(root):
    """Nodes in the order in which they are met: a node may come before another that uses it."""
    order, seen = [root], {id(root)}
    for node in order:
        for parent in node.parents:
            if id(parent) not in seen:
                seen.add(id(parent))
                order.append(parent)
    return order


def depth_first(root):
    """Likewise, one way to its end after another."""
    order, seen, stack = [], set(), [root]
    while stack:
        node = stack.pop()
        if id(node) not in seen:
            seen.add(id(node))
            order.append(node)
            stack += node.parents
    return order


def replaced(leaf, g):
    """Only what came last."""
    leaf.grad = np.array(g)


def taken_over(leaf, g):
    """The first gradient as it is, whoever else has it."""
    leaf.grad = g if leaf.grad is None else leaf.grad + g


def zeroed(nodes):
    """All gradients begin anew with every pass."""
    for node in nodes:
        node.grad = None


def first_axes_alone(g, shape):
    """Axes of length 1 are left as they are."""
    while g.ndim > len(shape):
        g = g.sum(0)
    return g


def ones_alone(g, shape):
    """Axes in front are left as they are."""
    for axis, n in enumerate(shape):
        if n == 1 and g.ndim == len(shape):
            g = g.sum(axis, keepdims=True)
    return g


def averaged(g, shape):
    """A mean where a sum is due."""
    size = g.size
    g = unbroadcast(g, shape)
    return g * (g.size / size) if g.size else g


def summed_in_front(gy, x, y, axis, keepdims):
    """gy repeated along the front, wherever it was reduced."""
    return np.broadcast_to(gy, x.shape) if axis is None or keepdims else np.broadcast_to(np.expand_dims(gy, 0), x.shape)


def one_axis_spread(gy, x, y, axis, keepdims):
    """Of several axes, only the first is put back."""
    if isinstance(axis, tuple) and not keepdims:
        gy = np.expand_dims(gy, axis[0])
    elif axis is not None and not keepdims:
        gy = np.expand_dims(gy, axis)
    return np.broadcast_to(gy, x.shape)


def stepped(leaf, g):
    """A step of gradient descent, before anybody asked for it."""
    kept(leaf, g)
    leaf.data -= 0.1 * g


class Micrograd:
    """Gradients of all nodes are kept, and added to by closures: with every pass, those of inner nodes grow."""

    __array_ufunc__ = None

    @staticmethod
    def of(*, fresh: bool) -> type:
        base = engine()

        class Tensor(base):
            def backward(self):
                nodes = in_order(self)
                for node in nodes:
                    if node.parents and fresh:
                        node.grad = None
                for node in nodes:
                    node.grad = node.grad if node.grad is not None else np.zeros_like(node.data)
                self.grad = self.grad + np.ones_like(self.data)
                for node in nodes:
                    for parent, g in zip(node.parents, node.back(node.grad) if node.back else (), strict=False):
                        parent.grad = parent.grad + g

        return _closed(Tensor)


def _closed(kind: type) -> type:
    """The class, of which its own operators make more."""
    two, one = kind._two, kind._one

    def again(made):
        made.__class__ = kind
        return made

    kind._two = lambda self, *given: again(two(self, *given))
    kind._one = lambda self, *given, **named: again(one(self, *given, **named))
    for name in ("reshape", "transpose", "__getitem__"):
        method = getattr(kind, name)
        setattr(kind, name, lambda self, *given, method=method: again(method(self, *given)))
    return kind


def _remembering() -> type:
    """Leaves of one shape get one gradient, kept in the class."""
    grads = {}

    def keep(leaf, g):
        grads[leaf.data.shape] = grads.get(leaf.data.shape, 0) + g
        leaf.grad = np.array(grads[leaf.data.shape])

    return engine(keep=keep)


def _wrong(name: str, caught_by: str, diagnosis: str = "", **changed) -> Mutant:
    return Mutant("Tensor", name, caught_by, engine(**changed), diagnosis)


def is_negative(index):
    """Whether one number alone stands in the brackets, and is negative."""
    return isinstance(index, int) and index < 0


def forward(index):
    """The index, with a slice that goes backward turned round."""
    return slice(None, None, abs(index.step)) if isinstance(index, slice) and index.step else index


def unless_negative(index, gy):
    """1 for each row of gy but those that a negative number in an array of indices stands for."""
    if not (isinstance(index, np.ndarray) and index.dtype != bool):
        return 1
    return (index >= 0).reshape(index.shape + (1,) * (gy.ndim - index.ndim))


class Named(engine()):
    """Reductions whose axis may only be given as `axis=`."""

    def sum(self, *, axis=None, keepdims=False):
        return super().sum(axis, keepdims)

    def mean(self, *, axis=None, keepdims=False):
        return super().mean(axis, keepdims)

    def max(self, *, axis=None, keepdims=False):
        return super().max(axis, keepdims)


def with_known_numbers(*known):
    """A class that takes numbers of these types beside arrays and tensors, and no scalars of NumPy's but those."""
    base = engine()

    class Tensor(base):
        def _two(self, name, other, swap=False):
            if isinstance(other, np.generic) and not isinstance(other, known):
                raise TypeError(f"a tensor and {type(other).__name__}")
            return super()._two(name, other, swap)

    return Tensor


WRONG = [
    _wrong(
        "a second use of a tensor replaces the gradient of the first",
        "gradient",
        "several times does not get the sum",
        merge=lambda before, g: g,
    ),
    _wrong(
        "of several uses only the first counts",
        "gradient",
        "several times does not get the sum",
        merge=lambda before, g: before,
    ),
    _wrong(
        "uses are averaged", "gradient", "several times does not get the sum", merge=lambda before, g: (before + g) / 2
    ),
    _wrong(
        "nodes are gone through breadth first", "gradient", "a node sends its gradient on before", order=breadth_first
    ),
    _wrong(
        "nodes are gone through depth first, from the root",
        "gradient",
        "a node sends its gradient on before",
        order=depth_first,
    ),
    _wrong(
        "what was broadcast is not summed back",
        "gradient",
        "not summed back to the shape",
        unbroadcast=lambda g, shape: g,
    ),
    _wrong("axes of length 1 are not summed", "gradient", "not summed back to the shape", unbroadcast=first_axes_alone),
    _wrong("axes in front are not summed", "gradient", "not summed back to the shape", unbroadcast=ones_alone),
    _wrong("what was broadcast is averaged", "gradient", "not summed back to the shape", unbroadcast=averaged),
    _wrong(
        "the right of - has the sign of the left",
        "gradient",
        "in a - b, b.grad is negated",
        **_with("sub", 2, lambda gy, x, z, y: gy),
    ),
    _wrong(
        "the right of / has the wrong sign",
        "gradient",
        "in a / b, b.grad is negated",
        **_with("div", 2, lambda gy, x, z, y: gy * x / z**2),
    ),
    _wrong(
        "the right of / is not squared",
        "gradient",
        "in a / b, b.grad is wrong",
        **_with("div", 2, lambda gy, x, z, y: -gy * x / z),
    ),
    _wrong(
        "the right of / gets nothing",
        "gradient",
        "in a / b, b.grad is 0",
        **_with("div", 2, lambda gy, x, z, y: gy * 0),
    ),
    _wrong(
        "* sends each its own value",
        "gradient",
        "in a * ",
        mul=(np.multiply, lambda gy, x, z, y: gy * x, lambda gy, x, z, y: gy * z),
    ),
    _wrong(
        "+ sends the right nothing", "gradient", "in a + b, b.grad is 0", **_with("add", 2, lambda gy, x, z, y: gy * 0)
    ),
    _wrong(
        "** keeps the exponent",
        "gradient",
        "in a ** b, a.grad is wrong",
        **_with("pow", 1, lambda gy, x, z, y: gy * z * x**z),
    ),
    _wrong(
        "** does not multiply by the exponent",
        "gradient",
        "in a ** b, a.grad is wrong",
        **_with("pow", 1, lambda gy, x, z, y: gy * x ** (z - 1)),
    ),
    _wrong(
        "the exponent of ** has no logarithm",
        "gradient",
        "in a ** b, b.grad is wrong",
        **_with("pow", 2, lambda gy, x, z, y: gy * y),
    ),
    _wrong(
        "** by the logarithm of the base",
        "gradient",
        "in a ** 2",
        **_with("pow", 1, lambda gy, x, z, y: gy * y * z * np.exp(-np.log(x))),
    ),
    _wrong(
        "@ does not transpose the right",
        "gradient",
        "in a @ b",
        **_with(
            "matmul",
            1,
            lambda gy, x, z, y: gy @ z if z.ndim > 1 and z.shape[-1] == z.shape[-2] else matmul_left(gy, x, z) * 2,
        ),
    ),
    _wrong(
        "@ is wrong of vectors on the left",
        "gradient",
        "of vectors",
        **_with("matmul", 2, lambda gy, x, z, y: matmul_right(gy, x, z) * (1 + (x.ndim == 1))),
    ),
    _wrong(
        "@ transposes all axes of a stack",
        "gradient",
        "of stacks",
        **_with("matmul", 1, lambda gy, x, z, y: gy @ z.T if x.ndim > 1 < z.ndim else matmul_left(gy, x, z)),
    ),
    _wrong("@ multiplies entry by entry", "forward", "in a @ b", **_with("matmul", 0, lambda x, z: x * z)),
    _wrong(
        "2 - t is t - 2",
        "forward",
        "in 3.0 - a, the value is wrong",
        reflected={"__rsub__": lambda self, other: self - other},
    ),
    _wrong(
        "2 / t is t / 2",
        "forward",
        "in 3.0 / a, the value is wrong",
        reflected={"__rtruediv__": lambda self, other: self / other},
    ),
    _wrong(
        "2 ** t is t ** 2",
        "forward",
        "in 3.0 ** a, the value is wrong",
        reflected={"__rpow__": lambda self, other: self**other},
    ),
    _wrong(
        "array @ t is t @ array", "forward", "in p @ a", reflected={"__rmatmul__": lambda self, other: self @ other}
    ),
    _wrong("there is no __rsub__", "forward", "in 3.0 - a", reflected={"__rsub__": None}),
    _wrong("array * t is computed by NumPy, entry by entry", "forward", "array", ufunc={}),
    _wrong("the slope of exp is 1", "gradient", "in a.exp(), a.grad is wrong", **_with("exp", 1, lambda gy, x, y: gy)),
    _wrong(
        "the slope of log is that of its result",
        "gradient",
        "in a.log(), a.grad is wrong",
        **_with("log", 1, lambda gy, x, y: gy / y),
    ),
    _wrong(
        "the slope of tanh is not squared",
        "gradient",
        "in a.tanh(), a.grad is wrong",
        **_with("tanh", 1, lambda gy, x, y: gy * (1 - y)),
    ),
    _wrong(
        "relu lets all gradients through",
        "gradient",
        "in a.relu(), a.grad is wrong",
        **_with("relu", 1, lambda gy, x, y: gy),
    ),
    _wrong(
        "relu asks the gradient for its sign",
        "gradient",
        "in a.relu(), a.grad is wrong",
        **_with("relu", 1, lambda gy, x, y: gy * (gy > 0)),
    ),
    _wrong(
        "relu of float32 is float64",
        "stable",
        "in a.relu(), the value has dtype float64, though all is float32",
        **_with("relu", 0, lambda x: np.maximum(x, np.float64(0))),
    ),
    _wrong("relu is the absolute value", "forward", "in a.relu(), the value is wrong", **_with("relu", 0, abs)),
    _wrong("-t sends gy as it is", "gradient", "in -a, a.grad is negated", **_with("neg", 1, lambda gy, x, y: gy)),
    _wrong(
        "the gradient of a sum is not put back on its axis",
        "gradient",
        "a.sum(axis=",
        **_with("sum", 1, summed_in_front),
    ),
    _wrong("of several axes only one is put back", "gradient", "a.sum(axis=", **_with("sum", 1, one_axis_spread)),
    _wrong(
        "mean does not divide the gradient",
        "gradient",
        "in a.mean(), a.grad is 24 times too large",
        **_with("mean", 1, lambda gy, x, y, axis, keepdims: spread(gy, x, axis, keepdims)),
    ),
    _wrong(
        "mean divides by the number of all entries",
        "gradient",
        "a.mean(axis=",
        **_with("mean", 1, lambda gy, x, y, axis, keepdims: spread(gy, x, axis, keepdims) / x.size),
    ),
    _wrong(
        "max sends every winner the whole gradient",
        "gradient",
        "where entries tie",
        **_with(
            "max",
            1,
            lambda gy, x, y, axis, keepdims: spread(gy, x, axis, keepdims) * (x == x.max(axis=axis, keepdims=True)),
        ),
    ),
    _wrong(
        "max sends all entries the gradient",
        "gradient",
        "a.max()",
        **_with("max", 1, lambda gy, x, y, axis, keepdims: spread(gy, x, axis, keepdims)),
    ),
    _wrong(
        "max finds the winners of all entries, whatever the axis",
        "gradient",
        "a.max(axis=",
        **_with("max", 1, lambda gy, x, y, axis, keepdims: spread(gy, x, axis, keepdims) * shares(x, None)),
    ),
    _wrong(
        "axis=0 is taken for None",
        "forward",
        "a.sum(axis=0)",
        **_with("sum", 0, lambda x, axis, keepdims: np.sum(x, axis=axis or None, keepdims=keepdims)),
    ),
    _wrong(
        "keepdims is forgotten",
        "forward",
        "keepdims=True",
        **_with("sum", 0, lambda x, axis, keepdims: np.sum(x, axis=axis)),
    ),
    _wrong(
        "reshape sends gy back in the order of columns",
        "gradient",
        "a.reshape(",
        reshape=lambda gy, x, shape: gy.reshape(x.shape, order="F"),
    ),
    _wrong(
        "transpose turns gy with the same axes",
        "gradient",
        "a.transpose(1, 2, 0)",
        transpose=lambda gy, x, axes: (
            gy.transpose(axes) if gy.transpose(axes).shape == x.shape else gy.transpose(np.argsort(axes)) * 2
        ),
    ),
    _wrong(
        "transpose sends gy back turned round",
        "gradient",
        "a.transpose(",
        transpose=lambda gy, x, axes: np.resize(gy.T, x.shape),
    ),
    _wrong(
        "x[index] sends only one gradient where an index is repeated",
        "gradient",
        "where an index is repeated",
        take=assigned_at,
    ),
    _wrong("x[None] of no axis cannot be gone back through", "gradient", "TypeError", take=added_to_a_product),
    _wrong(
        "x[index] sends the gradient to all entries",
        "gradient",
        "in a[",
        take=lambda gy, x, index: np.full_like(x, gy.sum()),
    ),
    _wrong(
        "x[mask] sends nothing",
        "gradient",
        "in a[np.array([True",
        take=lambda gy, x, index: (
            added_at(gy, x, index) * (not (isinstance(index, np.ndarray) and index.dtype == bool))
        ),
    ),
    _wrong(
        "x[-1] sends its gradient to x[0]",
        "gradient",
        "in a[-1]",
        take=lambda gy, x, index: added_at(gy, x, -index - 1 if is_negative(index) else index),
    ),
    _wrong(
        "x[::-1] sends its gradient back in the order of x",
        "gradient",
        "in a[::-1]",
        take=lambda gy, x, index: added_at(gy, x, forward(index)),
    ),
    _wrong(
        "entries with a negative number get nothing",
        "gradient",
        "in a[np.array([-1",
        take=lambda gy, x, index: added_at(gy * unless_negative(index, gy), x, index),
    ),
    _wrong(
        "x ** 0 is taken for x ** 1",
        "gradient",
        "in a ** 0",
        **_with("pow", 1, lambda gy, x, z, y: gy * np.where(z == 0, 1, z * x ** (z - 1))),
    ),
    Mutant("Tensor", "the axis only by its name", "forward", Named, "in a.sum(0)"),
    Mutant(
        "Tensor", "a number of NumPy's is no number", "stable", with_known_numbers(int, float), "a tensor and float32"
    ),
    Mutant(
        "Tensor",
        "a number of NumPy's is none, whatever its type",
        "forward",
        with_known_numbers(),
        "in a + np.float64(3.0), of a number of NumPy's",
    ),
    _wrong("a second backward replaces", "pure", "a second backward() replaces", keep=replaced),
    _wrong("a second backward begins with zeros", "pure", "a second backward() replaces", begin=zeroed),
    Mutant(
        "Tensor",
        "inner nodes keep their gradients from pass to pass",
        "pure",
        Micrograd.of(fresh=False),
        "a second backward() adds something else",
    ),
    _wrong("two leaves have one gradient array", "pure", "is the same array as another leaf's", keep=taken_over),
    _wrong("leaves make a step along their gradients at once", "pure", "a.data is changed in place", keep=stepped),
    Mutant(
        "Tensor",
        "gradients are kept by shape, in the class",
        "gradient",
        Stateful(_remembering),
        "a graph's gradients depend on what was computed before it",
    ),
    _wrong(
        "a number is an array of float64",
        "stable",
        "though all is float32",
        number=lambda number, x: np.asarray(number, np.float64),
    ),
    _wrong("all is float64", "stable", "float64", data=lambda data: np.asarray(data, np.float64)),
    _wrong(
        "tanh by exp overflows in float32",
        "stable",
        "overflow",
        **_with("tanh", 0, lambda x: np.sinh(np.clip(x, -300, 300)) / np.cosh(np.clip(x, -300, 300))),
    ),
]


def by_creation(root):
    """The nodes, the last made first: none is made before what it is computed from."""
    found, left = {id(root): root}, [root]
    while left:
        for parent in left.pop().parents:
            if id(parent) not in found:
                found[id(parent)] = parent
                left.append(parent)
    return sorted(found.values(), key=lambda node: -node.number)


def numbered() -> Callable:
    """Gives every tensor the next number."""
    numbers = iter(range(10**9))

    def made(tensor):
        tensor.number = next(numbers)

    return made


def by_uses(root):
    """Kahn's algorithm: a node is next when all its uses are done."""
    uses, left, seen = defaultdict(int), [root], {id(root)}
    while left:
        for parent in left.pop().parents:
            uses[id(parent)] += 1
            if id(parent) not in seen:
                seen.add(id(parent))
                left.append(parent)
    order, ready = [], [root]
    while ready:
        order.append(ready.pop())
        for parent in order[-1].parents:
            uses[id(parent)] -= 1
            if not uses[id(parent)]:
                ready.append(parent)
    return order


def by_calls(root):
    """The usual depth-first search, by a function that calls itself."""
    order, seen = [], set()

    def visit(node):
        if id(node) not in seen:
            seen.add(id(node))
            for parent in node.parents:
                visit(parent)
            order.append(node)

    visit(root)
    return order[::-1]


def first_winner(gy, x, y, axis, keepdims):
    """The first of those that tie gets it all."""
    axes = (
        tuple(range(x.ndim))
        if axis is None
        else tuple(a % x.ndim for a in (axis if isinstance(axis, tuple) else (axis,)))
    )
    rest = [a for a in range(x.ndim) if a not in axes]
    turned = x.transpose(*rest, *axes)
    rows = turned.reshape(math.prod(turned.shape[: len(rest)]), -1)
    g = np.zeros_like(rows)
    g[np.arange(len(rows)), rows.argmax(1)] = np.ravel(gy)
    return g.reshape(turned.shape).transpose(np.argsort([*rest, *axes]))


def counted_at(gy, x, index):
    """By the numbers of the entries, which are taken like the entries themselves."""
    numbers = np.arange(x.size).reshape(x.shape)[index]
    return np.bincount(np.ravel(numbers), np.ravel(gy), x.size).reshape(x.shape).astype(x.dtype)


def at_once(g, shape):
    """All axes in one sum."""
    padded = (1,) * (g.ndim - len(shape)) + shape
    return g.sum(tuple(n for n, size in enumerate(padded) if size == 1), keepdims=True).reshape(shape)


class Closures:
    """micrograd: every tensor has a function that adds to the gradients of its parents, which are arrays from the start."""

    __array_priority__ = 1000

    def __init__(self, data, parents=()):
        self.data = np.array(data)
        self.grad = np.zeros_like(self.data)
        self._parents, self._backward = parents, lambda: None

    @staticmethod
    def lift(value, like):
        """A number or an array as a tensor."""
        if isinstance(value, Closures):
            return value
        return Closures(np.asarray(value, like.data.dtype if isinstance(value, int | float) else None))

    def backward(self):
        order, seen, stack = [], set(), [(self, 0)]
        while stack:
            node, at = stack.pop()
            if at == 0 and node in seen:
                continue
            seen.add(node)
            if at < len(node._parents):
                stack += [(node, at + 1), (node._parents[at], 0)]
            else:
                order.append(node)
        for node in order:
            if node._parents:
                node.grad = np.zeros_like(node.data)
        self.grad = self.grad + np.ones_like(self.data)
        for node in reversed(order):
            node._backward()


def _closures() -> type:
    def of_two(name, swap):
        function, *to = PARTS[name]

        def operator(self, other):
            left, right = (Closures.lift(other, self), self) if swap else (self, Closures.lift(other, self))
            out = Closures(function(left.data, right.data), (left, right))

            def _backward():
                with np.errstate(all="ignore"):
                    for tensor, back in zip((left, right), to, strict=True):
                        g = unbroadcast(back(out.grad, left.data, right.data, out.data), tensor.data.shape)
                        tensor.grad += np.where(np.isfinite(g), g, 0) if name == "pow" else g

            out._backward = _backward
            return out

        return operator

    def of_one(forward, back):
        def method(self, *given, **named):
            out = Closures(forward(self.data, *given, **named), (self,))

            def _backward():
                self.grad += back(out.grad, self.data, out.data, *given, **named)

            out._backward = _backward
            return out

        return method

    kind = type("Tensor", (Closures,), {})
    for name, method in BINARY:
        setattr(Closures, f"__{method}__", of_two(name, False))
        setattr(Closures, f"__r{method}__", of_two(name, True))
    for name in ("exp", "log", "tanh", "relu", "neg"):
        setattr(Closures, "__neg__" if name == "neg" else name, of_one(*PARTS[name]))
    for name in ("sum", "mean", "max"):
        function, back = PARTS[name]

        def reduced(x, axis=None, keepdims=False, function=function):
            return function(x, axis=axis, keepdims=keepdims)

        def spread_back(g, x, y, axis=None, keepdims=False, back=back):
            return back(g, x, y, axis, keepdims)

        setattr(Closures, name, of_one(reduced, spread_back))
    Closures.reshape = of_one(lambda x, *shape: x.reshape(*shape), lambda g, x, y, *shape: g.reshape(x.shape))
    Closures.transpose = of_one(
        lambda x, *axes: x.transpose(*axes),
        lambda g, x, y, *axes: g.transpose(*np.argsort(np.ravel(axes))) if axes else g.transpose(),
    )
    Closures.__getitem__ = of_one(lambda x, index: x[index], lambda g, x, y, index: added_at(g, x, index))
    return kind


def _by_ways() -> type:
    """Every way from the root to a leaf by itself."""

    class Tensor(engine()):
        def backward(self):
            def send(node, g):
                if not node.parents:
                    kept(node, g)
                for parent, more in zip(node.parents, node.back(g) if node.back else (), strict=False):
                    send(parent, more)

            send(self, np.ones_like(self.data))

    return _closed(Tensor)


def _by_calls() -> type:
    return engine(order=by_calls)


def _keeping() -> type:
    """All that was ever made is kept in a list of the class."""
    made = []
    return engine(made=made.append)


def _handed_over(tensor, ufunc, given):
    names = {
        "add": "add",
        "subtract": "sub",
        "multiply": "mul",
        "divide": "truediv",
        "power": "pow",
        "matmul": "matmul",
    }
    return getattr(tensor, f"__r{names[ufunc.__name__]}__")(given[0])


def _entry_by_entry(g, shape):
    found = np.zeros(shape, g.dtype)
    for at in np.ndindex(g.shape):
        found[tuple(0 if n == 1 else i for i, n in zip(at[len(at) - len(shape) :], shape, strict=True))] += g[at]
    return found


RIGHT = [
    Alternative(
        "Tensor",
        "numbers stay numbers",
        engine(
            number=lambda number, x: number,
            **_with("pow", 2, lambda gy, x, z, y: gy * y * np.log(np.asarray(x, y.dtype))),
        ),
    ),
    Alternative("Tensor", "what has no axis stays a number of NumPy's", engine(data=lambda data: data)),
    Alternative("Tensor", "the parts as they are", engine()),
    Alternative("Tensor", "gradients of all nodes, inner ones begun anew", Micrograd.of(fresh=True)),
    Alternative("Tensor", "micrograd's closures, constants as tensors, gradients that begin as zeros", _closures()),
    Alternative("Tensor", "the nodes in the order in which they were made", engine(order=by_creation, made=numbered())),
    Alternative("Tensor", "Kahn's algorithm", engine(order=by_uses)),
    Alternative("Tensor", "the first of tied entries gets all", engine(max=(np.max, first_winner))),
    Alternative(
        "Tensor",
        "x[index] by numbers of entries, and one sum over all axes",
        engine(take=counted_at, unbroadcast=at_once),
    ),
    Alternative(
        "Tensor",
        "the slope of tanh by cosh, of / by **",
        engine(
            **_with("tanh", 1, lambda gy, x, y: gy / np.cosh(np.clip(x, -40, 40)) ** 2)
            | _with("div", 2, lambda gy, x, z, y: gy * -x * (1 / z) ** 2)
        ),
    ),
    Alternative(
        "Tensor",
        "an array priority in the place of an array ufunc, data that is copied",
        engine(ufunc={"__array_priority__": 1}, data=np.array),
    ),
    Alternative(
        "Tensor",
        "an array ufunc that hands over to the reflected method",
        engine(
            ufunc={"__array_ufunc__": lambda self, ufunc, method, *given, **named: _handed_over(self, ufunc, given)}
        ),
    ),
    Alternative("Tensor", "a function that calls itself for each node", _by_calls(), slow=True),
    Alternative("Tensor", "every way to a leaf by itself", _by_ways(), slow=True),
    Alternative("Tensor", "all that was made is kept in the class", _keeping(), slow=True),
    Alternative(
        "Tensor",
        "unbroadcast by a loop over the entries",
        engine(unbroadcast=lambda g, shape: _entry_by_entry(g, shape)),
        slow=True,
    ),
]
SLOW = []
