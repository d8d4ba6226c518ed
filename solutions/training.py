"""Level 10: training. A network of any depth, the steps of the optimisers, and the checker of gradients.

N batch size, D features in, C classes, H hidden units. The optimisers are given by their formulas, so nothing is
derived there; what a step needs is said, and where it comes from.
"""

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray


def mlp(x: NDArray, labels: NDArray, params: list[NDArray]) -> tuple[NDArray, Callable]:
    """L = mean cross entropy of logits = relu(... relu(x w1 + b1) w2 + b2 ...) wn + bn and labels, a scalar.

    Shapes: x (N, D), labels (N,); of two layers w1 (D, H), b1 (1, H), w2 (H, C), b2 (1, C), and so on.

    Layer l takes h[l-1] to z[l] = h[l-1] wl + bl, and all but the last are followed by h[l] = max(z[l], 0); h[0] is x.
    The logits are the last z, and end in the cross entropy, as in losses.py. By the chain rule the gradient d[l] of z[l]
    comes from that of the layer behind it, and each layer's parameters stand beside what came in.

    Written out for one layer, whose logits are z:

        z[i,j] = sum_k x[i,k] w1[k,j] + b1[0,j]                                  (1)
        log_p[i,j] = z[i,j] - max_k z[i,k] - log(sum_k exp(z[i,k] - max_m z[i,m]))           (2)
        L = -sum_i log_p[i,labels[i]] / N                                        (3)
        d[i,j] = (exp(log_p[i,j]) - [j = labels[i]]) / N                         (4)
        J_w1[ | a,b] = sum_i x[i,a] d[i,b]                                       (5)
        J_b1[ | a,b] = sum_i d[i,b]                                              (6)

    With more of them (5) and (6) hold for each layer with its own h and d, where d goes back through w and the relu:

        d[l] = [z[l] > 0] (d[l+1] w(l+1)^T), elementwise                         (7)

    Where h[l] = max(z[l], 0) is 0, z[l] was not positive, so the h are all that is to be kept.

    Hints:
    1. What does a layer's gradient need from the forward pass, and in which order are the layers asked for it?
    2. Keep what goes into each layer in a list, while you go forward. Go back from the last layer to the first with one
       array, the gradient of what the layer put out: it gives both gradients of the layer, then it goes through w and
       through the relu before that. The first relu that it meets is behind the last layer but one.
    3. d = gL (softmax(logits) - onehot(labels)) / N as in (4); for each layer from the last, h^T d for w and the sum of d
       over the batch for b, (5) and (6), and then (d w^T) [h > 0] for the d of the layer before, (7).
    """
    weights, biases = params[::2], params[1::2]
    h = [x]
    for w, b in zip(weights[:-1], biases[:-1], strict=True):
        h.append(np.maximum(h[-1] @ w + b, 0))
    z = h[-1] @ weights[-1] + biases[-1]  # (1)
    z = z - z.max(axis=1, keepdims=True)
    log_p = z - np.log(np.exp(z).sum(axis=1, keepdims=True))  # (2)
    rows = np.arange(len(x))

    def grad(gL):
        d = np.exp(log_p)  # (4)
        d[rows, labels] -= 1
        d *= gL / len(x)
        gparams = []
        for layer in reversed(range(len(weights))):
            gparams = [h[layer].T @ d, d.sum(axis=0, keepdims=True), *gparams]  # (5) (6)
            if layer:
                d = np.where(h[layer] > 0, d @ weights[layer].T, 0)  # (7)
        return gparams

    return -log_p[rows, labels].mean(), grad  # (3)


def sgd(w: NDArray, gw: NDArray, lr: float, weight_decay: float) -> NDArray:
    """A step of gradient descent on the loss + weight_decay / 2 * sum w^2: shapes (...), (...) -> (...).

    The penalty's gradient is weight_decay w, and adds to that of the loss (torch.optim.SGD):

        w = w - lr (gw + weight_decay w)                                         (1)

    Hints:
    1. What is the gradient of weight_decay / 2 * sum w^2?
    2. Add it to gw, and go down by lr times the sum, into a new array.
    3. w - lr (gw + weight_decay w), as in (1).
    """
    return w - lr * (gw + weight_decay * w)  # (1)


def momentum(w: NDArray, gw: NDArray, v: NDArray, lr: float, beta: float, nesterov: bool) -> tuple[NDArray, NDArray]:
    """v = beta v + gw, and a step of lr along v, or along gw + beta v if nesterov: shapes (...) -> (...).

    The velocity keeps a share of itself, and lr is outside of it (torch.optim.SGD with dampening 0; Sutskever et al., On
    the importance of initialization and momentum in deep learning, 2013, have lr inside):

        v = beta v + gw                                                          (1)
        w = w - lr v                                                             (2)

    Nesterov looks a step ahead, where the velocity will have been multiplied once more:

        w = w - lr (gw + beta v), with the new v                                 (3)

    Hints:
    1. Is lr a part of the velocity that is kept, or not?
    2. Make the new v first, from the old one and gw. The step goes along it; with nesterov along gw and a share of it.
    3. v = beta v + gw, then w - lr v as in (2), or w - lr (gw + beta v) as in (3).
    """
    v = beta * v + gw  # (1)
    return w - lr * (gw + beta * v if nesterov else v), v  # (3) (2)


def rmsprop(w: NDArray, gw: NDArray, s: NDArray, lr: float, alpha: float, eps: float) -> tuple[NDArray, NDArray]:
    """s = the running mean of gw^2, and a step of lr gw / (sqrt(s) + eps): shapes (...) -> (...).

    Each entry's step is divided by the root of its mean square (Tieleman and Hinton, lecture 6.5, 2012; torch.optim.RMSprop):

        s = alpha s + (1 - alpha) gw^2                                           (1)
        w = w - lr gw / (sqrt(s) + eps)                                          (2)

    eps is outside of the root, and s has no correction at the start.

    Hints:
    1. Which of the two shares, alpha and 1 - alpha, does the old mean keep?
    2. Make the new s first, and divide by its root. eps keeps 0 from being divided by 0, so it adds to the root itself.
    3. s = alpha s + (1 - alpha) gw^2, then w - lr gw / (sqrt(s) + eps), as in (1) and (2).
    """
    s = alpha * s + (1 - alpha) * gw**2  # (1)
    return w - lr * gw / (np.sqrt(s) + eps), s  # (2)


def adam(
    w: NDArray, gw: NDArray, m: NDArray, v: NDArray, t: int, lr: float, beta1: float, beta2: float, eps: float
) -> tuple[NDArray, NDArray, NDArray]:
    """m, v = running means of gw and gw^2, and a step along m / (sqrt(v) + eps), both without bias: shapes (...) -> (...).

    Algorithm 1 of Kingma and Ba, Adam (2015), as torch.optim.Adam has it:

        m = beta1 m + (1 - beta1) gw                                             (1)
        v = beta2 v + (1 - beta2) gw^2                                           (2)
        w = w - lr m / (1 - beta1^t) / (sqrt(v / (1 - beta2^t)) + eps)           (3)

    Why the correction: m starts at 0, so after t steps with the same gw it is not gw but

        m = (1 - beta1) (1 + beta1 + ... + beta1^(t-1)) gw = (1 - beta1^t) gw

    and likewise v. What is divided is for this step alone; m and v are kept as they are. At t = 1 the step is lr
    gw / (|gw| + eps): lr in every direction.

    Hints:
    1. If m starts at 0 and gw is 1 at every step, what is m after one step, and what should a mean be?
    2. Make the new m and v. Divide each by what it lacks, which is a power of its own beta and t from 1, but keep what you
       return undivided. eps adds to the root.
    3. w - lr m_hat / (sqrt(v_hat) + eps) with m_hat = m / (1 - beta1^t) and v_hat = v / (1 - beta2^t), as in (3).
    """
    m = beta1 * m + (1 - beta1) * gw  # (1)
    v = beta2 * v + (1 - beta2) * gw**2  # (2)
    m_hat, v_hat = m / (1 - beta1**t), v / (1 - beta2**t)
    return w - lr * m_hat / (np.sqrt(v_hat) + eps), m, v  # (3)


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

    Algorithm 2 of Loshchilov and Hutter, Decoupled Weight Decay Regularization (2019), as torch.optim.AdamW has it. A
    penalty in the loss, as in sgd, would add to gw, and be divided by sqrt(v) with it: weights with large gradients would
    be held back less. So w shrinks first, and the step of adam goes on from there:

        w = w - lr weight_decay w                                                (1)
        w, m, v = the step of adam from this w                                   (2)

    Hints:
    1. What would become of a penalty's gradient inside of gw, when the step divides by the root of v?
    2. Leave gw alone. Let w shrink by a share of itself, lr times weight_decay, beside a plain step of adam.
    3. adam's step from (1 - lr weight_decay) w, as in (1) and (2).
    """
    return adam(w - lr * weight_decay * w, gw, m, v, t, lr, beta1, beta2, eps)  # (1) (2)


def clip_grad_norm(grads: list[NDArray], max_norm: float) -> list[NDArray]:
    """The gradients, made shorter together if the norm of all their entries is above max_norm: any shapes, and the same again.

    One factor for all keeps the direction of the step (Pascanu et al., On the difficulty of training recurrent neural
    networks, 2013; torch.nn.utils.clip_grad_norm_, which adds 1e-6):

        norm = sqrt(sum over all entries of all arrays of g^2)                   (1)
        factor = min(1, max_norm / (norm + 1e-6))                                (2)

    In (1) the largest entry is divided out first, so that no square overflows.

    Hints:
    1. What would become of the direction of the whole step, if each array were clipped by itself?
    2. Add up the squares of all arrays, and take one root. One factor is for all, never above 1.
    3. g min(1, max_norm / (norm + 1e-6)) for each g, with the norm of (1).
    """
    largest = max(float(abs(g).max()) for g in grads) or 1.0
    norm = largest * math.sqrt(sum(float(((g / largest) ** 2).sum()) for g in grads))  # (1)
    factor = min(1.0, max_norm / (norm + 1e-6))  # (2)
    return [g * factor for g in grads]


def numeric_gradient(f: Callable, x: NDArray, gy: NDArray, eps: float) -> NDArray:
    """gx[i] = sum_j gy[j] (f(x + eps e_i)[j] - f(x - eps e_i)[j]) / (2 eps), e_i being 1 at i and 0 elsewhere; shape of x.

    The difference of two points at either side of x, over their distance. What is odd in eps stays: by Taylor's formula

        (f(x + eps) - f(x - eps)) / (2 eps) = f'(x) + eps^2 / 6 f'''(x) + ...

    where a difference from one side alone would be off by eps / 2 f''(x). Rounding costs as much as the machine epsilon
    over eps, so all is float64.

        up, down = x + eps e_i, x - eps e_i, copies in float64                   (1)
        gx[i] = sum_j gy[j] (f(up)[j] - f(down)[j]) / (2 eps)                    (2)

    Hints:
    1. Which entries of f(x) may change when a single entry of x does?
    2. Take a copy of x in float64. For each index move its entry up, then down, call f on each, and put it back. All of
       f's output counts, weighted by gy.
    3. gx[i] = sum_j gy[j] (f(up)[j] - f(down)[j]) / (2 eps), as in (2), over np.ndindex(x.shape).
    """
    gx = np.zeros(x.shape)
    for i in np.ndindex(x.shape):
        up, down = x.astype(np.float64), x.astype(np.float64)
        up[i] += eps
        down[i] -= eps  # (1)
        gx[i] = (gy * (f(up) - f(down))).sum() / (2 * eps)  # (2)
    return gx
