"""Level 7: recurrent networks. N batch, T time steps, D features, H features of a state, V words.

The rows spell out what torch has as one function, so that a diagnosis can change a step of it. tests/meta/test_oracles.py
holds them to torch's own functions.

T, N, D and H are drawn one by one, from 1 to 4, all alike, or all unequal; in their turn each is as large as 40. T = 1 has no
step before, and T = 2 none in the middle. D = H lets wx be taken for wh, and does so in one example of six; wh is square in
the rnn, so it fits transposed. N = 1 hides a sum over the batch, and H = 1 an order. With zeros for h, wh has no gradient at the
first step; most examples have other states. A window is drawn from 1 up to T + 1: it divides T, or does not, or is larger.
"""

from tests.harness.rows.called import called
from tests.harness.rows.kinds import among, calm, labels
from tests.harness.rows.late import torch
from tests.harness.rows.spec import Op


def rnn_cell(x, h, wx, wh, b):
    """torch.nn.RNNCell."""
    return torch.tanh(x @ wx + h @ wh + b)


def gru_cell(x, h, wx, wh, bx, bh):
    """torch.nn.GRUCell."""
    rx, zx, nx = _parts(x @ wx + bx, "rzn", "(x wx_{0} + bx_{0})")
    rh, zh, nh = _parts(h @ wh + bh, "rzn", "(h wh_{0} + bh_{0})")
    r, z = called(torch.sigmoid(rx + rh), "r"), called(torch.sigmoid(zx + zh), "z")
    n = called(torch.tanh(nx + r * nh), "n")
    return (1 - z) * n + z * h


def reset_before(x, h, wx, wh, bx, bh):
    """The gru of the paper by Cho et al.: r multiplies h."""
    size = h.shape[1]
    r, z = torch.chunk(torch.sigmoid((x @ wx + bx + h @ wh + bh)[:, : 2 * size]), 2, -1)
    n = torch.tanh((x @ wx + bx + bh)[:, 2 * size :] + (r * h) @ wh[:, 2 * size :])
    return (1 - z) * n + z * h


def reset_of_the_product(x, h, wx, wh, bx, bh):
    """A gru in which bh_n is added behind r."""
    size = h.shape[1]
    behind = torch.nn.functional.pad(bh[:, 2 * size :], (2 * size, 0))
    return gru_cell(x, h, wx, wh, bx + behind, bh - behind)


def exchanged(x, h, wx, wh, bx, bh):
    """A gru in which z says how much is new."""
    size = h.shape[1]
    turned = [torch.cat((a[:, :size], -a[:, size : 2 * size], a[:, 2 * size :]), 1) for a in (wx, wh, bx, bh)]
    return gru_cell(x, h, *turned)


def lstm_cell(x, h, c, wx, wh, b):
    """torch.nn.LSTMCell, its two states stacked."""
    return torch.stack(_after_gates(x @ wx + h @ wh + b, c))


def one_more(x, h, c, wx, wh, b):
    """An lstm_cell whose b is larger by 1 for f, which belongs into its first value."""
    size = h.shape[1]
    return lstm_cell(x, h, c, wx, wh, torch.cat((b[:, :size], b[:, size : 2 * size] + 1, b[:, 2 * size :]), 1))


def lstm(x, h, c, wx, wh, b, *, handed_out=0):
    """torch.nn.LSTM, the h of all steps."""
    states = []
    for step in x.unbind():
        h, c = _after_gates(called(step, "x[t]") @ wx + h @ wh + b, c)
        states.append((h, c)[handed_out])
    return torch.stack(states)


def rnn(begins=lambda t, steps, window: False, anew=torch.Tensor.detach):
    """torch.nn.RNN, whose state is made anew before step t where a window begins: by default it never is."""

    def states(x, h, wx, wh, b, window=0):
        found = []
        for t, step in enumerate(x.unbind()):
            if t and begins(t, len(x), window):
                h = anew(h)
            h = torch.tanh(called(step, "x[t]") @ wx + h @ wh + b)
            found.append(h)
        return torch.stack(found)

    return states


def each_by_itself(x, h, wx, wh, b, window):
    """Likewise, where each state's gradient goes back so many steps from that state."""
    every = [
        rnn(lambda t, steps, window, last=last: t == last + 1 - window)(x, h, wx, wh, b, window)
        for last in range(len(x))
    ]
    return torch.stack([states[t] for t, states in enumerate(every)])


def the_last_window(x, h, wx, wh, b, window):
    """Likewise, where only the states of the last window have a gradient."""
    states = rnn(lambda t, steps, window: t % window == 0)(x, h, wx, wh, b, window)
    start = (len(x) - 1) // window * window
    return torch.cat((states[:start].detach(), states[start:]))


def _after_gates(a, c):
    """The new h and the new c."""
    i, f, g, o = _parts(a, "ifgo", "what goes into {0}")
    i, f, o = called(torch.sigmoid(i), "i"), called(torch.sigmoid(f), "f"), called(torch.sigmoid(o), "o")
    g = called(torch.tanh(g), "g")
    c = called(f * c + i * g, "new_c")
    return o * torch.tanh(c), c


def _parts(a, gates, words):
    """The columns of each gate."""
    parts = torch.chunk(a, len(gates), -1)
    return [called(part, words.format(gate), gate) for part, gate in zip(parts, gates, strict=True)]


WINDOW = among(lambda x: range(1, len(x) + 2))

# fmt: off
OPS = [
    Op("embedding", w="V D", indices=labels("...", below="V"), par=5, torch=lambda w, indices: w[indices],
       mistaken={"w[indices] * sqrt(D)": lambda w, indices: w[indices] * w.shape[1] ** 0.5,
                 "the mean over all places, but they add up": lambda w, indices: w[indices] / indices.numel()}),
    Op("rnn_cell", x="N D", h="N H", wx="D H", wh="H H", b="1 H", par=8, torch=rnn_cell),
    Op("gru_cell", x="N D", h="N H", wx="D 3H", wh="H 3H", bx="1 3H", bh="1 3H", par=25, torch=gru_cell,
       mistaken={"r multiplying h before its weights": reset_before,
                 "r multiplying h wh_n alone, without bh_n": reset_of_the_product,
                 "z n + (1 - z) h": exchanged}),
    Op("lstm_cell", x="N D", h="N H", c="N H", wx="D 4H", wh="H 4H", b="1 4H", par=20, torch=lstm_cell,
       mistaken={"1 added to what goes into f": one_more}),
    Op("rnn", x="T N D", h="N H", wx="D H", wh=calm("H H"), b="1 H", par=20, torch=rnn(),
       mistaken={"an rnn over x[::-1]": lambda x, *rest: rnn()(x.flip(0), *rest),
                 "the states before each step, h first": lambda x, h, *rest: torch.cat((h[None], rnn()(x, h, *rest)[:-1])),
                 "an rnn in which each y goes back two steps and no more": lambda *inputs: each_by_itself(*inputs, 2)}),
    Op("lstm", x="T N D", h="N H", c="N H", wx="D 4H", wh=calm("H 4H"), b="1 4H", par=35, torch=lstm,
       mistaken={"the c of all steps, in the place of h": lambda *inputs: lstm(*inputs, handed_out=1)}),
    Op("truncated_rnn", x="T N D", h="N H", wx="D H", wh=calm("H H"), b="1 H", window=WINDOW, par=25, torch=rnn(lambda t, steps, window: t % window == 0),
       mistaken={"an rnn that is not cut: window is not used": rnn(),
                 "an rnn that is cut one step too early": rnn(lambda t, steps, window: (t + 1) % window == 0),
                 "an rnn that is cut one step too late": rnn(lambda t, steps, window: (t - 1) % window == 0),
                 "an rnn whose windows are counted from the last step": rnn(lambda t, steps, window: (steps - t) % window == 0),
                 "an rnn whose state is 0 at the start of each window": rnn(lambda t, steps, window: t % window == 0, torch.zeros_like),
                 "an rnn whose windows have a step more": rnn(lambda t, steps, window: t % (window + 1) == 0),
                 "an rnn that is cut at one place, window steps before the end": rnn(lambda t, steps, window: t == steps - window),
                 "an rnn that is cut at one place, after the first window": rnn(lambda t, steps, window: t == window),
                 "an rnn of which the last window alone goes back": the_last_window,
                 "an rnn in which each y goes back window steps of its own": each_by_itself}),
]
