"""Level 1: a feed-forward network. N batch, K/D features in, M/C features out, H and G hidden units."""

from tests.harness.rows.kinds import const
from tests.harness.rows.late import torch
from tests.harness.rows.spec import Op


def feed_forward(x, y, w1, b1, w2, b2, w3, b3):
    """The network of the kata, as torch sees it."""
    hidden = torch.relu(torch.sigmoid(x @ w1 + b1) @ w2 + b2)
    return ((hidden @ w3 + b3 - y) ** 2).sum()


# fmt: off
OPS = [
    Op("affine", x="N K", w="K M", b="1 M", par=6, torch=lambda x, w, b: x @ w + b),
    Op("sigmoid", x="...", par=4, torch=torch.sigmoid),
    Op("relu", x="...", par=3, torch=torch.relu, also=lambda x: torch.where(x >= 0, x, 0 * x),
       why="the two give the ends of the subdifferential at 0, 0 and 1; what torch.clamp gives there depends on its version"),
    Op("square_error_loss", x="N K", y=const("N K"), par=5, output="l", torch=lambda x, y: ((x - y) ** 2).sum(-1)),
    Op("tensor_sum", x="...", par=3, torch=torch.sum),
    Op("feed_forward", x=const("N D"), y=const("N C"), w1="D H", b1="1 H", w2="H G", b2="1 G", w3="G C", b3="1 C",
       par=20, output="L", torch=feed_forward),
]
