"""Level 5: normalization. N batch, C channels, D features, L length; G groups of K channels."""

import torch
from torch.nn import functional

from tests.harness.kinds import choice, mask, size
from tests.harness.spec import Op

EPS = choice(1e-5, 0.5, 2.0)


def normalized(x, dim, eps):
    """x with mean 0 and, but for eps, variance 1 along one dimension."""
    centred = x - x.mean(dim, keepdim=True)
    return centred / torch.sqrt((centred**2).mean(dim, keepdim=True) + eps)


def group_norm(x, gamma, beta, groups, eps):
    """The channels of a group, and their length, are normalized together."""
    together = normalized(x.reshape(len(x), groups, -1), -1, eps).reshape(x.shape)
    return together * gamma[:, None] + beta[:, None]


def smaller_norm(x, eps):
    """F.normalize, but where the norm equals eps it is eps that counts."""
    norm = torch.linalg.vector_norm(x, dim=-1, keepdim=True)
    return x / torch.where(norm > eps, norm, eps)


# fmt: off
OPS = [
    Op("batch_norm", x="N C", gamma="1 C", beta="1 C", eps=EPS, par=25,
       torch=lambda x, gamma, beta, eps: normalized(x, 0, eps) * gamma + beta,
       why="F.batch_norm refuses a single value per channel"),
    Op("layer_norm", x="... D", gamma="D", beta="D", eps=EPS, par=25,
       torch=lambda x, gamma, beta, eps: functional.layer_norm(x, gamma.shape, gamma, beta, eps)),
    Op("rms_norm", x="... D", gamma="D", eps=EPS, par=18,
       torch=lambda x, gamma, eps: functional.rms_norm(x, gamma.shape, gamma, eps)),
    Op("group_norm", x="N G*K L", gamma="G*K", beta="G*K", groups=size("G"), eps=EPS, par=30, torch=group_norm,
       why="F.group_norm refuses a single value per group, and rounds worse than this where the mean is large"),
    Op("l2_normalize", x="... D", eps=choice(1e-12, 0.5, 3.0), par=15,
       torch=lambda x, eps: functional.normalize(x, dim=-1, eps=eps), also=smaller_norm),
    Op("dropout", x="...", mask=mask("..."), p=choice(0.5, 0.25, 0.1), par=5, torch=lambda x, mask, p: x * mask / (1 - p)),
]
