"""Rows that spell an operation out in steps, so that a diagnosis can change one, say what torch's own function says."""

from collections.abc import Callable

import pytest

from tests.harness.diagnosis.samples import close, generic, mixed
from tests.harness.rows.catalogue import operations
from tests.harness.rows.late import functional, torch

_ONE_LAYER = (True, 1, 0.0, False, False, False)  # with biases; one direction, no dropout, time first


def _weights(wx, wh, b) -> list:
    return [wx.T, wh.T, b[0], torch.zeros_like(b[0])]


def _in_windows(x, h, weights: list, window: int):
    """Each window by itself, from the state that the one before has left, which is detached."""
    states, h = [], h[None]
    for part in x.split(window):
        found, h = torch.rnn_tanh(part, h, weights, *_ONE_LAYER)
        states.append(found)
        h = h.detach()
    return torch.cat(states)


ROWS = {op.name: op for ops in operations().values() for op in ops}
OWN: dict[str, Callable] = {
    "batch_norm": lambda x, gamma, beta, eps: functional.batch_norm(
        x, None, None, gamma[0], beta[0], training=True, eps=eps
    ),
    "layer_norm": lambda x, gamma, beta, eps: functional.layer_norm(x, gamma.shape, gamma, beta, eps),
    "rms_norm": lambda x, gamma, eps: functional.rms_norm(x, gamma.shape, gamma, eps),
    "group_norm": lambda x, gamma, beta, groups, eps: functional.group_norm(x, groups, gamma, beta, eps),
    "l2_normalize": lambda x, eps: functional.normalize(x, dim=-1, eps=eps),
    "softplus": lambda x: torch.logaddexp(x, torch.zeros_like(x)),
    "cross_entropy": functional.cross_entropy,
    "binary_cross_entropy_with_logits": functional.binary_cross_entropy_with_logits,
    "conv1d": functional.conv1d,
    "conv2d": functional.conv2d,
    "depthwise_conv2d": lambda x, w, b, stride, padding: functional.conv2d(
        x, w[:, None], b, stride, padding, groups=len(w)
    ),
    "conv_transpose2d": functional.conv_transpose2d,
    "max_pool2d": functional.max_pool2d,
    "avg_pool2d": functional.avg_pool2d,
    "embedding": lambda w, indices: functional.embedding(indices, w),
    "rnn_cell": lambda x, h, wx, wh, b: torch.rnn_tanh_cell(x, h, wx.T, wh.T, b[0]),
    "gru_cell": lambda x, h, wx, wh, bx, bh: torch.gru_cell(x, h, wx.T, wh.T, bx[0], bh[0]),
    "lstm_cell": lambda x, h, c, wx, wh, b: torch.stack(torch.lstm_cell(x, (h, c), wx.T, wh.T, b[0])),
    "rnn": lambda x, h, *weights: torch.rnn_tanh(x, h[None], _weights(*weights), *_ONE_LAYER)[0],
    "lstm": lambda x, h, c, *weights: torch.lstm(x, (h[None], c[None]), _weights(*weights), *_ONE_LAYER)[0],
    "truncated_rnn": lambda x, h, wx, wh, b, window: _in_windows(x, h, _weights(wx, wh, b), window),
}
REFUSED = "Expected more than 1 value per channel"  # by torch, of an example that the formula allows


@pytest.mark.parametrize("name", OWN)
def test_a_row_in_steps_says_what_torch_says(name):
    """Output and gradients are those of torch's own function, on examples of all sizes, with zeros among them."""
    compared = 0
    for sample in (*generic(ROWS[name]), *mixed(ROWS[name])):
        try:
            own = sample.with_torch(OWN[name])
        except ValueError as refusal:
            if REFUSED not in str(refusal):
                raise
            continue
        compared += 1
        for array, value in own.items():
            assert close(sample.right[array], value, least=1e-12), f"{array} of {name}"
    assert compared >= 40


@pytest.mark.parametrize(("name", "number"), [(op.name, n) for op in ROWS.values() for n in range(len(op.otherwise))])
def test_a_row_written_otherwise_says_the_same(name, number):
    """What is written in another right way, for its rounding, has the row's own output and gradients."""
    for sample in (*generic(ROWS[name]), *mixed(ROWS[name], 20)):
        for array, value in sample.with_torch(ROWS[name].otherwise[number]).items():
            assert close(sample.right[array], value, least=1e-9), f"{array} of {name}"
