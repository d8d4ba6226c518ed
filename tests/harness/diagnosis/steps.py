"""What torch computes in one function, in steps that can be changed one by one. None is an operation of the kata; each is torch's."""

from __future__ import annotations

from collections.abc import Callable

from tests.harness.rows.imports import torch


def _logsumexp(x, dim, keepdim=False):
    top = x.amax(dim, keepdim=True)
    y = top + torch.exp(x - top).sum(dim, keepdim=True).log()
    return y if keepdim else y.squeeze(dim)


def _softmax(x, dim):
    e = torch.exp(x - x.detach().amax(dim, keepdim=True))
    return e / e.sum(dim, keepdim=True)


def _norm(x, p=2, dim=None, keepdim=False, dtype=None):
    return torch.sqrt(torch.square(x).sum(dim, keepdim=keepdim))


def _mse_loss(x, y, **_):
    return ((x - y) ** 2).mean()


def _huber_loss(x, y, delta=1.0, **_):
    apart = x - y
    near, far = 0.5 * apart**2, delta * (abs(apart) - 0.5 * delta)
    return torch.where(abs(apart) <= delta, near, far).mean()


def _nll_loss(log_p, labels, **_):
    return -log_p[torch.arange(len(labels)), labels].mean()


def _kl_div(log_q, p, **_):
    return (torch.xlogy(p, p) - p * log_q).sum() / len(p)


def _multi_margin_loss(scores, labels, margin=1.0, **_):
    given = scores[torch.arange(len(labels)), labels]
    above = torch.relu(margin - given[:, None] + scores)
    return torch.where(torch.arange(scores.shape[-1]) == labels[:, None], 0.0, above).sum(-1).mean() / scores.shape[-1]


def _leaky_relu(x, negative_slope=0.01, inplace=False):
    return torch.where(x > 0, x, negative_slope * x)


def _var(x, dim, correction=1, keepdim=False):
    apart = x - x.mean(dim, keepdim=True)
    y = torch.square(apart).mean(dim, keepdim=keepdim)
    return y * (apart.numel() / (apart.numel() - correction * y.numel())) if correction else y


_F = torch.nn.functional
STEPS: dict[str, Callable] = {
    torch.logsumexp.__name__: _logsumexp,
    torch.softmax.__name__: _softmax,
    torch.norm.__name__: _norm,
    torch.linalg.vector_norm.__name__: _norm,
    torch.var.__name__: _var,
    _F.leaky_relu.__name__: _leaky_relu,
    torch.expm1.__name__: lambda x: torch.exp(x) - 1,
    _F.mse_loss.__name__: _mse_loss,
    _F.huber_loss.__name__: _huber_loss,
    _F.nll_loss.__name__: _nll_loss,
    _F.kl_div.__name__: _kl_div,
    _F.multi_margin_loss.__name__: _multi_margin_loss,
}
UNSPOKEN = tuple(
    f.__name__ for f in (_F.mse_loss, _F.huber_loss, _F.nll_loss, _F.kl_div, _F.multi_margin_loss, _F.leaky_relu)
)
"""Those of which nobody thinks as one function: only their steps are spoken of."""
