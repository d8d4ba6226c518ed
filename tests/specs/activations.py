"""Level 2: activations. K the entries of a vector, `...` any dimensions."""

from math import pi, sqrt

from tests.harness.rows.kinds import choice
from tests.harness.rows.late import functional, torch
from tests.harness.rows.spec import Op


def gelu(x):
    """gelu's tanh form, written out: torch's own rounds to 0 inside where another formula gives 1e-50."""
    return 0.5 * x * (1 + torch.tanh(sqrt(2 / pi) * (x + 0.044715 * x**3)))


def elu(x, alpha):
    """elu, with exp(x) - 1 for a value on the way: 1 is lost in it where x is far below 0, so y + alpha is right too."""
    return torch.where(x > 0, x, alpha * torch.expm1(torch.where(x > 0, 0, x)))


def softmax(x):
    """softmax in its steps, so that each of the two paths from x to y has its term in the gradient."""
    e = torch.exp(x - x.detach().amax(-1, keepdim=True))
    return e / e.sum(-1, keepdim=True)


def softplus(x):
    """softplus, with the exponential for a value on the way: what is added to 1 may be lost in it."""
    return torch.where(x > 0, x, 0) + torch.log1p(torch.exp(torch.where(x > 0, -x, x)))


# fmt: off
OPS = [
    Op("tanh", x="...", par=4, torch=torch.tanh),
    Op("leaky_relu", x="...", slope=choice(0.01, 0.3, 0.2, beyond=(0.0, -0.5, 1.0, 1.7)), par=4, torch=functional.leaky_relu,
       also=lambda x, slope: torch.where(x >= 0, x, slope * x), why="at 0, torch takes slope and the other 1"),
    Op("elu", x="...", alpha=choice(1.0, 0.5, 2.0, beyond=(0.0, -0.7, 1 / 3)), par=6, torch=elu,
       also=lambda x, alpha: torch.where(x >= 0, x, elu(x, alpha)),
       why="at 0, torch takes alpha and the other 1"),
    Op("softplus", x="...", par=6, torch=softplus,
       why="F.softplus is x above its threshold, and as one function it shows no value on the way"),
    Op("silu", x="...", par=6, torch=lambda x: x * torch.sigmoid(x)),
    Op("gelu", x="...", par=10, torch=gelu,
       mistaken={"gelu's other form, with the error function": functional.gelu, "x * sigmoid(1.702 * x)": lambda x: x * torch.sigmoid(1.702 * x)},
       why="written out, so that what cancels in it is seen: 1 + tanh(-20) is 0 to torch, and 1e-17 is as right"),
    Op("softmax", x="... K", par=10, torch=softmax),
    Op("log_softmax", x="... K", par=10, torch=lambda x: x - torch.logsumexp(x, -1, keepdim=True)),
    Op("logsumexp", x="... K", par=8, torch=lambda x: torch.logsumexp(x, -1)),
]
