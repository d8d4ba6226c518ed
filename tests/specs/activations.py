"""Level 2: activations. K the entries of a vector, `...` any dimensions."""

from math import pi, sqrt

import torch
from torch.nn import functional

from tests.harness.kinds import choice
from tests.harness.spec import Op


def gelu(x):
    """gelu's tanh form, written out: torch's own rounds to 0 inside where another formula gives 1e-50."""
    return 0.5 * x * (1 + torch.tanh(sqrt(2 / pi) * (x + 0.044715 * x**3)))


# fmt: off
OPS = [
    Op("tanh", x="...", par=4, torch=torch.tanh),
    Op("leaky_relu", x="...", slope=choice(0.01, 0.3, 0.2), par=4, torch=functional.leaky_relu,
       also=lambda x, slope: torch.where(x >= 0, x, slope * x), why="at 0, torch takes slope and the other 1"),
    Op("elu", x="...", alpha=choice(1.0, 0.5, 2.0), par=6, torch=functional.elu,
       also=lambda x, alpha: torch.where(x >= 0, x, functional.elu(x, alpha)),
       why="at 0, torch takes alpha and the other 1"),
    Op("softplus", x="...", par=6, torch=lambda x: torch.logaddexp(x, torch.zeros_like(x)),
       why="F.softplus is x above its threshold, and this is exact"),
    Op("silu", x="...", par=6, torch=lambda x: x * torch.sigmoid(x)),
    Op("gelu", x="...", par=10, torch=gelu,
       why="written out, so that what cancels in it is seen: 1 + tanh(-20) is 0 to torch, and 1e-17 is as right"),
    Op("softmax", x="... K", par=10, torch=lambda x: torch.softmax(x, -1)),
    Op("log_softmax", x="... K", par=10, torch=lambda x: torch.log_softmax(x, -1)),
    Op("logsumexp", x="... K", par=8, torch=lambda x: torch.logsumexp(x, -1)),
]
