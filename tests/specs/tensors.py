"""Level 4: tensors. N rows, K columns and M, V dimensions of their own; `...` any dimensions, `~...` what broadcasts to them."""

import numpy as np

from tests.harness.rows.kinds import axes, axis, choice, labels, mask, nonzero, off_centre, permutation, reshaping, size
from tests.harness.rows.late import torch
from tests.harness.rows.spec import Op


def reduce_max(x, axis, keepdims):
    """The maximum over axes, whose gradient goes to one winner."""
    gone = range(x.ndim) if axis is None else sorted(a % x.ndim for a in (axis if isinstance(axis, tuple) else (axis,)))
    stay = [a for a in range(x.ndim) if a not in gone]
    y = x.permute((*stay, *gone)).reshape(*(x.shape[a] for a in stay), -1).max(-1).values
    return y.reshape([1 if a in gone else n for a, n in enumerate(x.shape)]) if keepdims else y


def shares(yours, gy, x, axis, keepdims):
    """The nearest gradient that shares gy out among the tied maxima: no share below 0, and all of them 1 together."""
    tied = x == x.max(axis=axis, keepdims=True)
    gy = gy.reshape(x.max(axis=axis, keepdims=True).shape)
    share = np.where(tied, np.clip(np.divide(yours, gy, out=np.zeros(x.shape), where=gy != 0), 0, 1), 0)
    total = share.sum(axis=axis, keepdims=True)
    share = np.where(total > 0, share / np.where(total > 0, total, 1), tied / tied.sum(axis=axis, keepdims=True))
    return gy * share


LAST = {"K": "the length of x's last axis"}


def running_mean(x, axis):
    """The mean of the entries so far, along an axis."""
    places = [-1 if a == axis % x.ndim else 1 for a in range(x.ndim)]
    return x.cumsum(axis) / torch.arange(1, x.shape[axis] + 1).reshape(places)


# fmt: off
OPS = [
    Op("add", a="~...", b="~...", par=10, torch=torch.add),
    Op("multiply", a="~...", b="~...", par=6, torch=torch.mul),
    Op("divide", a="~...", b=nonzero("~..."), par=6, torch=torch.div),
    Op("matmul", a="~... N K", b="~... K M", par=12, torch=torch.matmul),
    Op("reduce_sum", x="...", axis=axes("x"), keepdims=choice(False, True), par=10,
       torch=lambda x, axis, keepdims: x.sum(axis, keepdim=keepdims)),
    Op("reduce_mean", x="...", axis=axes("x"), keepdims=choice(False, True), par=6,
       torch=lambda x, axis, keepdims: x.mean(axis, keepdim=keepdims)),
    Op("reduce_max", x="...", axis=axes("x"), keepdims=choice(False, True), par=10, torch=reduce_max, ties=shares,
       why="torch.amax compares floats again in its backward pass, so its rounding cannot be measured"),
    Op("reduce_var", x=off_centre("..."), axis=axes("x"), keepdims=choice(False, True), par=10,
       torch=lambda x, axis, keepdims: x.var(axis, correction=0, keepdim=keepdims)),
    Op("transpose", x="... K", axes=permutation("x"), par=5, torch=torch.permute, words=LAST),
    Op("reshape", x="...", shape=reshaping("x"), par=3, torch=torch.reshape),
    Op("broadcast_to", x="~...", shape=size("..."), par=8, torch=torch.broadcast_to),
    Op("concatenate", a="...A M ...B", b="...A K ...B", axis=axis("a", at="M"), par=5,
       torch=lambda a, b, axis: torch.cat((a, b), axis)),
    Op("take", x="V ...", indices=labels("...I", below="V"), par=8, torch=lambda x, indices: x[indices]),
    Op("where", condition=mask("~..."), a="~...", b="~...", par=8, torch=torch.where),
    Op("cumsum", x="... K", axis=axis("x"), par=6, mistaken={"the mean of the entries so far": running_mean}, torch=torch.cumsum, words=LAST),
]
