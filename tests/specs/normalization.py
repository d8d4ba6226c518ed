"""Level 5: normalization. N batch, C channels, D features, L positions; G groups of K channels.

The rows spell out what torch has as one function, so that a diagnosis can change a step of it. tests/meta/test_oracles.py
holds them to torch's own functions.
"""

from functools import partial

import numpy as np

from tests.harness.rows.kinds import choice, mask, off_centre, size
from tests.harness.rows.late import torch
from tests.harness.rows.spec import Op

EPS = choice(1e-5, 0.5, 2.0, beyond=(2.0**-10, 0.125))
_ROUNDED = 1e-13  # by how much two norms that are the same may differ, for their rounding


def normalized(x, dim, eps):
    """x with mean 0 and, but for eps, variance 1 along one dimension."""
    return (x - x.mean(dim, keepdim=True)) / torch.sqrt(x.var(dim, correction=0, keepdim=True) + eps)


def by_the_formula(x, dim, eps):
    """Likewise, with the slope of the books, (gz - mean(gz) - z mean(gz z)) / s.

    It takes the entries of z to add up to 0. What rounding takes from the mean is in all of them, and so it is left in the
    slope, whose entries then do not add up to 0 either. Backward through what is spelt out in `normalized`, they do.
    """
    c = x - x.mean(dim, keepdim=True)
    s = torch.sqrt(torch.square(c).mean(dim, keepdim=True) + eps)
    z, s = (c / s).detach(), s.detach()
    slope = (x - x.mean(dim, keepdim=True) - z * (x * z).mean(dim, keepdim=True)) / s
    return z + (slope - slope.detach())


def batch_norm(x, gamma, beta, eps, normalized=normalized):
    """F.batch_norm, of this batch alone."""
    return normalized(x, 0, eps) * gamma + beta


def layer_norm(x, gamma, beta, eps, normalized=normalized):
    """F.layer_norm."""
    return normalized(x, -1, eps) * gamma + beta


def rms_norm(x, gamma, eps):
    """F.rms_norm."""
    return x / torch.sqrt(torch.square(x).mean(-1, keepdim=True) + eps) * gamma


def group_norm(x, gamma, beta, groups, eps, normalized=normalized):
    """F.group_norm: the channels of a group, and their positions, are normalized together."""
    together = normalized(x.reshape(len(x), groups, -1), -1, eps).reshape(x.shape)
    return together * gamma[:, None] + beta[:, None]


def l2_normalize(x, eps):
    """F.normalize; where the norm equals eps, but for rounding, it is the norm that counts."""
    return x / torch.clamp(torch.linalg.vector_norm(x, dim=-1, keepdim=True), min=eps * (1 - _ROUNDED))


def constant_at_eps(x, eps):
    """F.normalize; where the norm equals eps, but for rounding, it is eps that counts."""
    return x / torch.clamp(torch.linalg.vector_norm(x, dim=-1, keepdim=True), min=eps * (1 + _ROUNDED))


def at_eps(beside, x, eps):
    """Every vector that is not zero has the length eps."""
    length = np.sqrt((x * x).sum(-1, keepdims=True))
    return x * np.where(length > 0, eps * (1 + beside) / np.where(length > 0, length, 1), 1), eps


# fmt: off
OPS = [
    Op("batch_norm", x=off_centre("N C"), gamma="1 C", beta="1 C", eps=EPS, par=20,
       torch=batch_norm, otherwise=(partial(batch_norm, normalized=by_the_formula),),
       why="F.batch_norm refuses a batch of one, for which the formula has a value"),
    Op("layer_norm", x=off_centre("... D"), gamma="D", beta="D", eps=EPS, par=20, torch=layer_norm,
       otherwise=(partial(layer_norm, normalized=by_the_formula),)),
    Op("rms_norm", x="... D", gamma="D", eps=EPS, par=12, torch=rms_norm),
    Op("group_norm", x=off_centre("N G*K L"), gamma="G*K", beta="G*K", groups=size("G"), eps=EPS, par=25, torch=group_norm,
       otherwise=(partial(group_norm, normalized=by_the_formula),),
       words={"G*K": "C", "G": "groups", "K": "(C / groups)"},
       why="F.group_norm refuses a group of one value, and rounds worse than this where the mean is large"),
    Op("l2_normalize", x="... D", eps=choice(1e-12, 0.5, 3.0, beyond=(0.25, 1.5)), par=12, torch=l2_normalize,
       also=constant_at_eps, border=at_eps,
       why="the two give the ends of the subdifferential where the norm equals eps; float32 has these eps, for it rounds 0.1 to more"),
    Op("dropout", x="...", mask=mask("..."), p=choice(0.5, 0.25, 0.1, beyond=(0.0, 1 / 3, 0.9)), par=4,
       torch=lambda x, mask, p: x * mask / (1 - p),
       mistaken={"x * (1 - p), what is kept on average: mask is not used": lambda x, mask, p: x * (1 - p),
                 "x * mask, divided by the share that the mask keeps": lambda x, mask, p: x * mask / mask.double().mean()}),
]
