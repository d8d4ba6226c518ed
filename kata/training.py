"""Level 10: training. A network of any depth, the steps of the optimisers, and the checker of gradients.

N batch size, D features in, C classes, H hidden units. `mlp` returns (L, grad) as always. All others return new
values, and no grad. They change nothing in place, what is given in lists neither; what need not change may be returned as
it is. Several values come as a tuple or a list.
"""

from collections.abc import Callable

import numpy as np  # noqa: F401 (for the candidate)
from numpy.typing import NDArray


def mlp(x: NDArray, labels: NDArray, params: list[NDArray]) -> tuple[NDArray, Callable]:
    """L = mean cross entropy of logits = relu(... relu(x w1 + b1) w2 + b2 ...) wn + bn and labels, a scalar.

    params is the list [w1, b1, w2, b2, ..., wn, bn] of one layer or more. There is a relu between two layers, and none
    behind the last: with one layer there is none at all. Shapes: x (N, D), labels (N,) integers; of one layer w1 (D, C) and
    b1 (1, C); of two w1 (D, H), b1 (1, H), w2 (H, C), b2 (1, C), and so on. x and labels are constant. gparams is a list or
    tuple like params, [gw1, gb1, gw2, gb2, ...]. grad(gL) -> gparams.
    """
    # TODO
    raise NotImplementedError("mlp")


def sgd(w: NDArray, gw: NDArray, lr: float, weight_decay: float) -> NDArray:
    """A step of gradient descent on the loss + weight_decay / 2 * sum w^2: shapes (...), (...) -> (...).

    As torch.optim.SGD. Returns the new w.
    """
    # TODO
    raise NotImplementedError("sgd")


def momentum(w: NDArray, gw: NDArray, v: NDArray, lr: float, beta: float, nesterov: bool) -> tuple[NDArray, NDArray]:
    """v = beta v + gw, and a step of lr along v, or along gw + beta v if nesterov: shapes (...) -> (...).

    As torch.optim.SGD with momentum=beta and dampening=0; v is its momentum_buffer, and 0 at first. Returns the new w, v.
    """
    # TODO
    raise NotImplementedError("momentum")


def rmsprop(w: NDArray, gw: NDArray, s: NDArray, lr: float, alpha: float, eps: float) -> tuple[NDArray, NDArray]:
    """s = the running mean of gw^2, and a step of lr gw / (sqrt(s) + eps): shapes (...) -> (...).

    As torch.optim.RMSprop; s is its square_avg, whose old value counts alpha. Returns the new w, s.
    """
    # TODO
    raise NotImplementedError("rmsprop")


def adam(
    w: NDArray, gw: NDArray, m: NDArray, v: NDArray, t: int, lr: float, beta1: float, beta2: float, eps: float
) -> tuple[NDArray, NDArray, NDArray]:
    """m, v = running means of gw and gw^2, and a step along m / (sqrt(v) + eps), both without bias: shapes (...) -> (...).

    As torch.optim.Adam; m is its exp_avg and v its exp_avg_sq, both without the correction. t is the number of this step,
    from 1. Returns the new w, m, v.
    """
    # TODO
    raise NotImplementedError("adam")


def adamw(
    w: NDArray,
    gw: NDArray,
    m: NDArray,
    v: NDArray,
    t: int,
    lr: float,
    beta1: float,
    beta2: float,
    eps: float,
    weight_decay: float,
) -> tuple[NDArray, NDArray, NDArray]:
    """The step of adam with weight decay that is apart from the gradient: shapes (...) -> (...).

    As torch.optim.AdamW: w shrinks by lr weight_decay w, and no other value knows of it. Returns the new w, m, v.
    """
    # TODO
    raise NotImplementedError("adamw")


def clip_grad_norm(grads: list[NDArray], max_norm: float) -> list[NDArray]:
    """The gradients, made shorter together if the norm of all their entries is above max_norm: any shapes, and the same again.

    As torch.nn.utils.clip_grad_norm_: all of them times min(1, max_norm / (norm + 1e-6)), with one norm for the whole list.
    max_norm is above 0. Returns the clipped grads.
    """
    # TODO
    raise NotImplementedError("clip_grad_norm")


def numeric_gradient(f: Callable, x: NDArray, gy: NDArray, eps: float) -> NDArray:
    """gx[i] = sum_j gy[j] (f(x + eps e_i)[j] - f(x - eps e_i)[j]) / (2 eps), e_i being 1 at i and 0 elsewhere; shape of x.

    f takes one array of x's shape and returns one of gy's: softmax or cumsum, (..., K) -> (..., K), tanh or a sum, say. x is of
    any shape and any dtype of numbers, may be read-only, and is left as it was. What is computed, what f is given, and gx are float64, whatever x and gy are. Returns gx.
    """
    # TODO
    raise NotImplementedError("numeric_gradient")
