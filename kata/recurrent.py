"""Level 7: embeddings, and recurrent networks. The rules are in kata/__init__.py.

N batch size, T time steps, D features that go in, H features of a state. V words. sigmoid and tanh are elementwise.
"""

from collections.abc import Callable

import numpy as np  # noqa: F401 (for the candidate)
from numpy.typing import NDArray


def embedding(w: NDArray, indices: NDArray) -> tuple[NDArray, Callable]:
    """y[i] = w[indices[i]], i an index tuple: shapes (V, D), any shape of integers -> indices.shape + (D,).

    An index may come several times. None is negative. indices, integers of any width, is constant. grad(gy) -> gw.
    """
    # TODO
    raise NotImplementedError("embedding")


def rnn_cell(x: NDArray, h: NDArray, wx: NDArray, wh: NDArray, b: NDArray) -> tuple[NDArray, Callable]:
    """y = tanh(x wx + h wh + b), shapes (N, D), (N, H), (D, H), (H, H), (1, H) -> (N, H).

    grad(gy) -> gx, gh, gwx, gwh, gb.
    """
    # TODO
    raise NotImplementedError("rnn_cell")


def gru_cell(x: NDArray, h: NDArray, wx: NDArray, wh: NDArray, bx: NDArray, bh: NDArray) -> tuple[NDArray, Callable]:
    """y = (1 - z) n + z h, the products elementwise, with three gates that have H columns each:

    r = sigmoid(x wx_r + bx_r + h wh_r + bh_r), z = sigmoid(x wx_z + bx_z + h wh_z + bh_z) and
    n = tanh(x wx_n + bx_n + r (h wh_n + bh_n)): r multiplies after h is multiplied by its weights.
    Side by side in this order, r z n, they are the columns of wx (D, 3H), wh (H, 3H), bx (1, 3H) and bh (1, 3H).
    x (N, D), h (N, H) -> (N, H). grad(gy) -> gx, gh, gwx, gwh, gbx, gbh.
    """
    # TODO
    raise NotImplementedError("gru_cell")


def lstm_cell(x: NDArray, h: NDArray, c: NDArray, wx: NDArray, wh: NDArray, b: NDArray) -> tuple[NDArray, Callable]:
    """y stacks the new h and the new c: y[1] = f c + i g, y[0] = o tanh(y[1]), the products elementwise.

    x wx + h wh + b holds four gates of H columns each, side by side in the order i f g o: sigmoid is taken of i, f and
    o, tanh of g. Shapes (N, D), (N, H), (N, H), (D, 4H), (H, 4H), (1, 4H) -> (2, N, H).
    grad(gy) -> gx, gh, gc, gwx, gwh, gb.
    """
    # TODO
    raise NotImplementedError("lstm_cell")


def rnn(x: NDArray, h: NDArray, wx: NDArray, wh: NDArray, b: NDArray) -> tuple[NDArray, Callable]:
    """y[t] = tanh(x[t] wx + y[t-1] wh + b), and y[-1] means h, the initial state, for t = 0.

    All states, shapes (T, N, D), (N, H), (D, H), (H, H), (1, H) -> (T, N, H). grad(gy) -> gx, gh, gwx, gwh, gb.
    """
    # TODO
    raise NotImplementedError("rnn")


def lstm(x: NDArray, h: NDArray, c: NDArray, wx: NDArray, wh: NDArray, b: NDArray) -> tuple[NDArray, Callable]:
    """y[t] is the h, and only the h, of lstm_cell after step t: each step goes on from the h and the c of the one before.

    h and c are those before the first step. Shapes (T, N, D), (N, H), (N, H), (D, 4H), (H, 4H), (1, 4H) -> (T, N, H).
    grad(gy) -> gx, gh, gc, gwx, gwh, gb.
    """
    # TODO
    raise NotImplementedError("lstm")


def truncated_rnn(
    x: NDArray, h: NDArray, wx: NDArray, wh: NDArray, b: NDArray, window: int
) -> tuple[NDArray, Callable]:
    """y is rnn's: y[t] = tanh(x[t] wx + y[t-1] wh + b), shapes (T, N, D), (N, H), (D, H), (H, H), (1, H) -> (T, N, H).

    Backward, time is cut into windows: from step t nothing flows to step t - 1 where t is a multiple of window, t > 0,
    as if y[t-1] were constant there. The initial h gets what the first window sends it. window is at least 1, need not
    divide T, may be larger than T, and is constant. grad(gy) -> gx, gh, gwx, gwh, gb.
    """
    # TODO
    raise NotImplementedError("truncated_rnn")
