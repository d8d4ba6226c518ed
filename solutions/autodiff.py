"""Level 11: a class of tensors that remember what they were computed from, and send gradients back through it.

It stands on NumPy alone, not on the operations of the other levels: a Tensor is an array, its gradient, and the way back.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray


class Tensor:
    """An array of any shape (...) with its gradient: `.data`, `.grad`, `.backward()`, and the operators below.

    A graph computes one scalar L from its leaves, node by node. By the chain rule the gradient of L with respect to a node
    h is a sum over the nodes y that h was put into: each sends back the vector-Jacobian product of its own gradient.

        gh[a] = sum over the uses y of h, and over i, of gy[i] J_h[i | a]        (1)

    So gh is complete only when all uses of h have sent theirs. In the order of computation, turned round, a node comes
    before everything that it was computed from. Nodes are collected by a walk from L in a loop, not by calls inside calls,
    which Python ends at a depth of 1000: a node is put on the list once all that it was computed from is there.   (2)

    What a node sends back, where y is its value and gy its gradient (i and a are whole index tuples):

        x + z             gx = gy, gz = gy                                       (3)
        x - z             gx = gy, gz = -gy
        x * z             gx = gy z, gz = gy x                                   (4)
        x / z             gx = gy / z, gz = -gy y / z                            (5)
        x ** z            gx = gy z x^(z - 1), gz = gy y log(x)                  (6)
        exp, log, tanh    gx = gy y, gy / x, gy (1 - y^2)                        (7)
        relu              gx = gy [x > 0]                                        (8)
        x @ z             gx = gy z^T, gz = x^T gy, in the last two axes         (9)
        sum, mean         gx[a] = gy[i], over n, where a is summed into i        (10)
        max               gx[a] = gy[i] [x[a] = y[i]] / (how many there are)     (11)
        reshape           gx = gy in the shape of x
        transpose         gx = gy with the axes put back                         (12)
        x[index]          gx[a] = sum of all gy[i] with y[i] = x[a]              (13)

    Where x was repeated to fit z, each entry of x was used once for every repetition, and (1) sums over those uses: over
    the axes that were put in front, and those where x has one entry.            (14)

    Hints:
    1. What must a node remember of the moment when it was computed, and when is its own gradient complete?
    2. Give each new Tensor the tensors it was made of, and for each of them a function from gy to the gradient. backward()
       sorts the nodes so that uses come first, starts with 1, and adds up. What was broadcast is summed back.
    3. gh = the sum of (1), for every node h in the order of (2); each of its terms is a line from (3) to (13).
    """

    __array_ufunc__ = None  # so that array * tensor comes to __rmul__, and is not computed entry by entry

    def __init__(self, data: ArrayLike) -> None:
        self.data: NDArray = np.asarray(data)
        self.grad: NDArray | None = None
        self._made_of: tuple[tuple[Tensor, Callable], ...] = ()

    def backward(self) -> None:
        """Add the gradient of this tensor, a scalar, to the `.grad` of all leaves that it was computed from."""
        grads = {id(self): np.ones_like(self.data)}
        for node in reversed(_in_order(self)):  # (2)
            gy = grads.pop(id(node))
            if not node._made_of:
                node.grad = gy.copy() if node.grad is None else node.grad + gy
            for x, vjp in node._made_of:
                gx = vjp(gy)
                grads[id(x)] = grads[id(x)] + gx if id(x) in grads else gx  # (1)

    def __add__(self, other: Tensor | ArrayLike) -> Tensor:
        return _of_two(np.add, self, other, lambda gy, x, z, y: gy, lambda gy, x, z, y: gy)  # (3)

    def __sub__(self, other: Tensor | ArrayLike) -> Tensor:
        return _of_two(np.subtract, self, other, lambda gy, x, z, y: gy, lambda gy, x, z, y: -gy)

    def __mul__(self, other: Tensor | ArrayLike) -> Tensor:
        return _of_two(np.multiply, self, other, lambda gy, x, z, y: gy * z, lambda gy, x, z, y: gy * x)  # (4)

    def __truediv__(self, other: Tensor | ArrayLike) -> Tensor:
        return _of_two(np.divide, self, other, lambda gy, x, z, y: gy / z, lambda gy, x, z, y: -gy * y / z)  # (5)

    def __pow__(self, other: Tensor | ArrayLike) -> Tensor:
        def to_base(gy, x, z, y):
            return gy * z * x ** (z - 1)  # (6)

        return _of_two(np.power, self, other, to_base, lambda gy, x, z, y: gy * y * np.log(x))

    def __matmul__(self, other: Tensor | ArrayLike) -> Tensor:
        return _of_two(np.matmul, self, other, _to_left, _to_right)

    def __radd__(self, other: ArrayLike) -> Tensor:
        return self + other

    def __rsub__(self, other: ArrayLike) -> Tensor:
        return self._constant(other) - self

    def __rmul__(self, other: ArrayLike) -> Tensor:
        return self * other

    def __rtruediv__(self, other: ArrayLike) -> Tensor:
        return self._constant(other) / self

    def __rpow__(self, other: ArrayLike) -> Tensor:
        return self._constant(other) ** self

    def __rmatmul__(self, other: ArrayLike) -> Tensor:
        return self._constant(other) @ self

    def __neg__(self) -> Tensor:
        return _of_one(-self.data, self, lambda gy: -gy)

    def sum(self, axis: int | tuple[int, ...] | None = None, keepdims: bool = False) -> Tensor:
        y = self.data.sum(axis=axis, keepdims=keepdims)
        return _of_one(y, self, lambda gy: _repeated(gy, self.data, axis))  # (10)

    def mean(self, axis: int | tuple[int, ...] | None = None, keepdims: bool = False) -> Tensor:
        y = self.data.mean(axis=axis, keepdims=keepdims)
        return _of_one(y, self, lambda gy: _repeated(gy, self.data, axis) * (y.size / self.data.size))

    def max(self, axis: int | tuple[int, ...] | None = None, keepdims: bool = False) -> Tensor:
        top = self.data.max(axis=axis, keepdims=True)
        winners = self.data == top
        share = winners / winners.sum(axis=axis, keepdims=True, dtype=self.data.dtype)
        y = top if keepdims else self.data.max(axis=axis)
        return _of_one(y, self, lambda gy: _repeated(gy, self.data, axis) * share)  # (11)

    def exp(self) -> Tensor:
        y = np.exp(self.data)
        return _of_one(y, self, lambda gy: gy * y)  # (7)

    def log(self) -> Tensor:
        return _of_one(np.log(self.data), self, lambda gy: gy / self.data)

    def tanh(self) -> Tensor:
        y = np.tanh(self.data)
        return _of_one(y, self, lambda gy: gy * (1 - y * y))

    def relu(self) -> Tensor:
        return _of_one(np.maximum(self.data, 0), self, lambda gy: gy * (self.data > 0))  # (8)

    def reshape(self, *shape: int | tuple[int, ...]) -> Tensor:
        return _of_one(self.data.reshape(*shape), self, lambda gy: gy.reshape(self.data.shape))

    def transpose(self, *axes: int | tuple[int, ...]) -> Tensor:
        order = np.ravel(axes) if axes else np.arange(self.data.ndim)[::-1]
        return _of_one(self.data.transpose(order), self, lambda gy: gy.transpose(np.argsort(order)))  # (12)

    def __getitem__(self, index: object) -> Tensor:
        def to_entries(gy):
            gx = np.zeros_like(self.data)
            np.add.at(gx, index, gy)  # (13)
            return gx

        return _of_one(self.data[index], self, to_entries)

    def _constant(self, value: ArrayLike) -> Tensor:
        """A number or an array as a tensor: a number in the dtype of this one, so that float32 stays float32."""
        return Tensor(np.asarray(value, self.data.dtype) if isinstance(value, int | float) else value)


def _of_one(y: NDArray, x: Tensor, vjp: Callable) -> Tensor:
    made = Tensor(y)
    made._made_of = ((x, vjp),)
    return made


def _of_two(
    function: Callable, left: Tensor, right: Tensor | ArrayLike, to_left: Callable, to_right: Callable
) -> Tensor:
    """y = function(x, z); what goes back to each is summed over what was repeated. What is no Tensor gets nothing."""
    x, z = left.data, right.data if isinstance(right, Tensor) else right
    y = function(x, z)
    made = Tensor(y)
    made._made_of = ((left, lambda gy: _unbroadcast(to_left(gy, x, z, y), x.shape)),)
    if isinstance(right, Tensor):
        made._made_of += ((right, lambda gy: _unbroadcast(to_right(gy, x, z, y), z.shape)),)
    return made


def _unbroadcast(g: NDArray, shape: tuple[int, ...]) -> NDArray:
    """Sum the axes over which an array of this shape was repeated.  (14)"""
    g = g.sum(axis=tuple(range(g.ndim - len(shape))))
    ones = tuple(axis for axis, n in enumerate(shape) if n == 1 and g.shape[axis] != 1)
    return g.sum(axis=ones, keepdims=True)


def _repeated(gy: NDArray, x: NDArray, axis: int | tuple[int, ...] | None) -> NDArray:
    """gy, for each of the entries that were reduced to one."""
    axes = tuple(range(x.ndim)) if axis is None else axis if isinstance(axis, tuple) else (axis,)
    axes = {n % x.ndim for n in axes} if x.ndim else set()
    return np.broadcast_to(np.reshape(gy, [1 if n in axes else size for n, size in enumerate(x.shape)]), x.shape)


def _to_left(gy: NDArray, x: NDArray, z: NDArray, y: NDArray) -> NDArray:
    gy, z = _with_axes(gy, x, z), z[:, None] if z.ndim == 1 else z
    g = gy @ z.swapaxes(-1, -2)  # (9)
    return g[..., 0, :] if x.ndim == 1 else g


def _to_right(gy: NDArray, x: NDArray, z: NDArray, y: NDArray) -> NDArray:
    gy, x = _with_axes(gy, x, z), x[None, :] if x.ndim == 1 else x
    g = x.swapaxes(-1, -2) @ gy
    return g[..., 0] if z.ndim == 1 else g


def _with_axes(gy: NDArray, x: NDArray, z: NDArray) -> NDArray:
    """gy with the axes that `x @ z` has not where one of them is a vector."""
    gy = gy[..., None] if z.ndim == 1 else gy
    return gy[..., None, :] if x.ndim == 1 else gy


def _in_order(root: Tensor) -> list[Tensor]:
    """All nodes that the root was computed from, each behind those that it was computed from, the root last."""
    order: list[Tensor] = []
    seen: set[int] = set()
    stack = [(root, False)]
    while stack:
        node, done = stack.pop()
        if done:
            order.append(node)
        elif id(node) not in seen:
            seen.add(id(node))
            stack.append((node, True))
            stack += [(x, False) for x, _ in node._made_of]
    return order
