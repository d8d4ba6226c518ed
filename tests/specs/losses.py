"""Level 3: losses. N batch, C classes, D features."""

from functools import partial

import numpy as np

from tests.harness.rows.kinds import choice, const, fractions, halves, labels, nonzero, probabilities
from tests.harness.rows.late import functional, torch
from tests.harness.rows.spec import Op


def hinges(yours, gl, scores, labels, margin):
    """The nearest gradient in which each wrong class at its hinge takes any share of its weight, and the label minus their sum."""
    n, classes = scores.shape
    rows, given = np.arange(n), scores[np.arange(n), labels][:, None]
    above = margin - given + scores
    near = 8 * np.finfo(scores.dtype).eps * (margin + abs(given) + abs(scores))
    weight = gl / (n * classes)
    share = np.where(abs(above) <= near, np.clip(yours / weight if weight else 0 * yours, 0, 1), above > 0)
    share[rows, labels] = 0
    share[rows, labels] = -share.sum(-1)
    return weight * share


def at_hinge(beside, scores, labels, margin):
    """Every second of the scores is where its hinge is."""
    given = scores[np.arange(len(labels)), labels][:, None]
    moved = np.where(np.arange(scores.size).reshape(scores.shape) % 2, scores, given - margin * (1 + beside))
    moved[np.arange(len(labels)), labels] = given[:, 0]
    return moved, labels, margin


def at_delta(beside, x, y, delta):
    """Every second of the differences is delta, or -delta."""
    there = y + np.copysign(delta * (1 + beside), x - y)
    return np.where(np.arange(x.size).reshape(x.shape) % 2, x, there), y, delta


def cross_entropy(logits, labels):
    """Cross entropy in its steps, with log sum exp as a value on the way: what rounds in it may round in yours."""
    return functional.nll_loss(logits - logits.logsumexp(-1, keepdim=True), labels)


def by_differences(logits, labels):
    """Likewise, of the differences to the label's logit: where that is far from the largest, they round what the others do not."""
    return (logits - logits.gather(-1, labels[:, None])).logsumexp(-1).mean()


def binary_cross_entropy_with_logits(logits, targets):
    """The loss in its steps: for a logit z and a target t, the mean of max(z, 0) - z t + log(1 + exp(-|z|))."""
    spread = torch.log1p(torch.exp(torch.where(logits > 0, -logits, logits)))
    return (torch.where(logits > 0, logits, 0) - logits * targets + spread).mean()


def info_nce_loss(x, y, temperature, loss=cross_entropy):
    """The cross entropy of all pairs, each row's label its own number."""
    return loss(x @ y.T / temperature, torch.arange(len(x), device=x.device))


def cosine_similarity(x, y):
    """torch's, written out without the least length that it allows, so that each length has its term in the gradient."""
    return (x * y).sum(-1) / (x.norm(dim=-1) * y.norm(dim=-1))


def of_probabilities(logits, targets):
    """The binary cross entropy of numbers that are taken for probabilities."""
    p, q = (torch.clamp(a, 1e-12, 1) for a in (logits, 1 - logits))
    return -(targets * torch.log(p) + (1 - targets) * torch.log(q)).mean()


def kl_divergence(log_q, p):
    """torch's, of which each row of p is a distribution."""
    return functional.kl_div(log_q, p, reduction="batchmean")


def other_direction(log_q, p):
    """The divergence of p from q: q weighs the logarithms."""
    return (torch.exp(log_q) * (log_q - torch.log(p))).sum() / len(p)


# fmt: off
OPS = [
    Op("mean_square_error", x="...", y=const("..."), par=4, output="l", torch=functional.mse_loss),
    Op("huber_loss", x="...", y=const("..."), delta=choice(1.0, 0.5, 3.0, beyond=(0.1, 1 / 3, 10.0)), par=8, output="l",
       torch=lambda x, y, delta: functional.huber_loss(x, y, delta=delta), border=at_delta),
    Op("hinge_loss", scores=halves("N C"), labels=labels("N", below="C"), margin=choice(1.0, 0.5, 2.0, beyond=(0.0, 0.75, 10.0)), par=14, output="l",
       torch=lambda scores, labels, margin: functional.multi_margin_loss(scores, labels, margin=margin), ties=hinges,
       border=at_hinge,
       why="at a hinge the label's entry must go with the others', so an interval for each entry would not do; "
       "margins are quarters, so that float32 does not round them beside scores of 1e4, which the fused oracle would not see"),
    Op("binary_cross_entropy_with_logits", logits="...", targets=fractions("..."), par=12, output="l",
       torch=binary_cross_entropy_with_logits,
       mistaken={"probabilities, but these are logits": of_probabilities, "the square error of the sigmoid": lambda logits, targets: ((torch.sigmoid(logits) - targets) ** 2).mean(),
                 "the logarithm with the wrong sign in its second term": lambda logits, targets: (targets * functional.softplus(-logits) - (1 - targets) * functional.softplus(logits)).mean(),
                 "the first term alone, without 1 - t": lambda logits, targets: (targets * functional.softplus(-logits)).mean(),
                 "both terms, with 1 - t left out": lambda logits, targets: (targets * functional.softplus(-logits) + functional.softplus(logits)).mean()}),
    Op("cross_entropy", logits="N C", labels=labels("N", below="C"), par=12, output="l", torch=cross_entropy, otherwise=(by_differences,),
       mistaken={"the label's probability: its logarithm is missing": lambda logits, labels: functional.nll_loss(torch.softmax(logits, -1), labels),
                 "the likeliest class: labels is not used": lambda logits, labels: cross_entropy(logits, logits.argmax(-1)),
                 "labels as weights, but they are classes": lambda logits, labels: -(torch.log_softmax(logits, -1) * labels[:, None]).sum() / len(logits)}),
    Op("kl_divergence", log_q="N C", p=probabilities("N C"), par=7, output="l",
       torch=kl_divergence,
       mistaken={"the other direction, of p from q": other_direction, "both directions, half of each": lambda log_q, p: (kl_divergence(log_q, p) + other_direction(log_q, p)) / 2,
                 "log_q normalized first": lambda log_q, p: kl_divergence(torch.log_softmax(log_q, -1), p),
                 "exp(log_q), but log_q is a logarithm already": lambda log_q, p: kl_divergence(torch.exp(log_q), p),
                 "the logarithm of log_q, but it is one already": lambda log_q, p: kl_divergence(torch.log(abs(log_q)), p)}),
    Op("cosine_similarity", x=nonzero("N D"), y=nonzero("N D"), par=15, output="c", torch=cosine_similarity),
    Op("info_nce_loss", x="N D", y="N D", temperature=choice(1.0, 0.5, 0.1, beyond=(2.0, 1 / 3), extreme=(0.01, 0.03, 10.0)), par=15, output="l",
       torch=info_nce_loss, otherwise=(partial(info_nce_loss, loss=by_differences),),
       mistaken={"the rows' squared distances, where their products are due":
                 lambda x, y, temperature: cross_entropy(-((x[:, None] - y) ** 2).sum(-1) / temperature, torch.arange(len(x)))}),
]
