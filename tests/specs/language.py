"""Level 9: what language models add. N batch, T steps, S keys, G groups of R heads, V words, E experts, D, K, M features.

Nothing hides behind a size: all letters are drawn from 1 to 4, three times of twelve one of them from 5 to 40, so that
heads and groups, experts and choices, words and features are told apart, and a group has more than one head in most
examples. Labels and indices repeat, because there are as many as there are classes, or more.
"""

from functools import partial

import numpy as np

from tests.harness.rows.kinds import among, choice, const, labels
from tests.harness.rows.late import functional, torch
from tests.harness.rows.spec import Op
from tests.specs.attention import attention, computed_again

_ROUNDED = 1e-13  # by how much a ratio may differ from an edge of the clip that it stands on, for its rounding
_APART = 1e-4  # of the terms that a gate is made of: gates that differ by more do so in float32 too


def tied_logits(w, indices):
    """The rows that are taken, times all rows."""
    return w[indices] @ w.T


def smoothed_cross_entropy(logits, labels, smoothing, ignore_index):
    """F.cross_entropy, but 0 where every row is ignored."""
    counts = labels != ignore_index
    log_p = logits - logits.logsumexp(-1, keepdim=True)
    given = log_p[torch.arange(len(labels)), torch.where(counts, labels, 0)]
    loss = -(1 - smoothing) * given - smoothing * log_p.mean(-1)
    return torch.where(counts, loss, 0.0).sum() / torch.clamp(counts.sum(), min=1)


def grouped_query_attention(q, k, v, attend=attention):
    """F.scaled_dot_product_attention(enable_gqa=True)."""
    heads = q.shape[1] // k.shape[1]
    return attend(q, k.repeat_interleave(heads, 1), v.repeat_interleave(heads, 1))


def linear_recurrence(a, b, h):
    """Each state from the one before."""
    states = []
    for at in range(len(a)):
        h = a[at] * h + b[at]
        states.append(h)
    return torch.stack(states)


def margin(chosen, rejected, chosen_ref, rejected_ref, beta):
    """By how much more than the reference the chosen answer is preferred."""
    return beta * ((chosen - chosen_ref) - (rejected - rejected_ref))


def dpo_loss(*given):
    """The loss in its steps: of a margin z, the mean of max(-z, 0) + log(1 + exp(-|z|))."""
    z = margin(*given)
    return (torch.where(z > 0, 0, -z) + torch.log1p(torch.exp(torch.where(z > 0, -z, z)))).mean()


def ppo_clip_loss(log_p, log_p_old, advantage, clip):
    """The clipped loss; at an edge of the clip, but for rounding, it is the ratio that counts."""
    r = ratio(log_p, log_p_old, advantage)
    low = torch.where(r < (1 - clip) * (1 - _ROUNDED), 1 - clip, r)
    clipped = torch.where(low > (1 + clip) * (1 + _ROUNDED), 1 + clip, low)
    return -torch.minimum(r * advantage, clipped * advantage).mean()


def clipped_at_the_edge(log_p, log_p_old, advantage, clip):
    """Likewise, but at an edge it is the edge that counts; right for the gradient alone."""
    r = ratio(log_p, log_p_old, advantage)
    clipped = torch.clamp(r, (1 - clip) * (1 + _ROUNDED), (1 + clip) * (1 - _ROUNDED))
    return -torch.minimum(r * advantage, clipped * advantage).mean()


def ratio(log_p, log_p_old, advantage):
    """The ratio of the probabilities; where it is clipped for sure, not so large that exp overflows.

    From 2^96 on it is infinite, though a small advantage may bring what overflows in float32 back: no formula is asked for that.
    """
    change = log_p - log_p_old
    r = torch.exp(torch.where(advantage < 0, change, torch.clamp(change, max=1)))
    return torch.where(r.detach() > 2.0**96, np.inf, r)


def at_the_clip(beside, log_p, log_p_old, advantage, clip):
    """The ratios are edges of the clip, in turns a little more and less; every third the edge that does not count for its advantage."""
    number = np.arange(log_p.size)
    sign = np.where(number % 3 == 2, -1, 1) * np.copysign(1, advantage)
    there = log_p_old + np.log1p(sign * clip) + np.log1p(np.where(number % 2, -beside, beside))
    return there, log_p_old, advantage, clip


def numbers_of_experts(x, w_gate):
    """Each k with which, in every row, the k-th and the next gate are apart by more than rounding; at last all of them."""
    gates, terms = x @ w_gate, abs(x) @ abs(w_gate)
    apart = np.diff(np.sort(gates, axis=1)[:, ::-1], axis=1) < -_APART * terms.max(1, keepdims=True)
    return [*(1 + np.flatnonzero(apart.all(0))).tolist(), w_gate.shape[1]]


def mixture_of_experts(x, w_gate, w, k):
    """Of each row's experts, the k with the largest gates, weighed by the softmax of these gates."""
    gates = (x @ w_gate).topk(k, -1)
    each = torch.einsum("nd,edm->nem", x, w)
    chosen = each[torch.arange(len(x))[:, None], gates.indices]
    return torch.einsum("nk,nkm->nm", torch.softmax(gates.values, -1), chosen)


def matrix_products(x):
    """Each prefix from the one before."""
    prefixes = [x[0]]
    for at in range(1, len(x)):
        prefixes.append(prefixes[-1] @ x[at])
    return torch.stack(prefixes)


def zeros_in_a(beside, a, b, h):
    """Every second of a is zero."""
    return np.where(np.arange(a.size).reshape(a.shape) % 2, a, beside), b, h


def singular(beside, x):
    """Every second matrix has no inverse: its last row is its first, or its one entry is zero."""
    x = x.copy()
    x[::2, -1] = x[::2, 0] * (1 + beside) if x.shape[-1] > 1 else beside
    return (x,)


def smoothed_otherwise(
    label=lambda s, c: 1 - s + s / c, others=lambda s, c: s / c, *, over_all=False, adds_all=False, ignores=True
):
    """Likewise with other weights, of the smoothing and the number of classes, for the label and each other class.

    `over_all`, `adds_all`: whether the mean is over all rows, and whether all are added up. `ignores`: whether ignore_index is used.
    """

    def loss(logits, labels, smoothing, ignore_index):
        counts, classes = labels != (ignore_index if ignores else -100), logits.shape[-1]
        log_p = logits - logits.logsumexp(-1, keepdim=True)
        given = log_p[torch.arange(len(labels)), torch.where(counts, labels, 0)]
        rest = log_p.sum(-1) - given
        losses = -label(smoothing, classes) * given - others(smoothing, classes) * rest
        total = (losses if adds_all else torch.where(counts, losses, 0.0)).sum()
        return total / (len(labels) if over_all else torch.clamp(counts.sum(), min=1))

    return loss


def attending(copied):
    """Attention in which `copied(k, heads)` gives each head its keys and values."""

    def attend(q, k, v):
        heads = q.shape[1] // k.shape[1]
        return attention(q, copied(k, heads), copied(v, heads))

    return attend


def only_backward(value, gradient):
    """A tensor that has one value, and the gradient of another."""
    return value.detach() + (gradient - gradient.detach())


def by_turns(k, heads):
    """Head h has group h % G."""
    return k.repeat(1, heads, 1, 1)


def first_head_alone(k, heads):
    """Likewise, each its own group, but the gradient comes from a group's first head alone."""
    first = torch.arange(k.shape[1] * heads) % heads == 0
    copies = k.repeat_interleave(heads, 1)
    return torch.where(first[:, None, None], copies, copies.detach())


def sent_back(slope, state=lambda before, after: before, start=lambda a, h: a * h):
    """The recurrence, with other slopes: `slope(a, at)` in the place of a, `state(before, after)` of the state before."""

    def states(a, b, h):
        found = []
        for at in range(len(a)):
            now = a[at] * h + b[at]
            back = slope(a, at).detach() * h if at else start(a[0].detach(), h)
            found.append(only_backward(now, a[at] * state(h, now).detach() + back + b[at]))
            h = found[-1]
        return torch.stack(found)

    return states


def last_only(function):
    """Of what a function returns, only the last has a gradient."""

    def last(*inputs):
        y = function(*inputs)
        return torch.cat([y[:-1].detach(), y[-1:]])

    return last


def products_back(left=lambda y, at: y[at - 1], right=lambda x, at: x[at], product=torch.matmul):
    """The products, whose gradients are those of `product(left, x[t])` and y[t-1] @ right, with left for y[t-1], right for x[t]."""

    def products(x):
        values = matrix_products(x).detach()
        y = [x[0]]
        for at in range(1, len(x)):
            back = product(left(values, at), x[at]) + y[-1] @ right(x, at).detach()
            y.append(only_backward(values[at], back))
        return torch.stack(y)

    return products


def weighed(weights):
    """All experts, weighed by what `weights(gates, chosen, k)` makes of all gates, and of the k largest among them."""

    def mixture(x, w_gate, w, k):
        gates = x @ w_gate
        chosen = gates >= gates.topk(k, -1).values[:, -1:]
        return torch.einsum("ne,nem->nm", weights(gates, chosen, k), torch.einsum("nd,edm->nem", x, w))

    return mixture


def surrogate(reward):
    """The negative mean of `reward(r, c, advantage, clip)`, of the ratio, and of it clipped."""

    def loss(log_p, log_p_old, advantage, clip):
        r = torch.exp(log_p - log_p_old)
        return -reward(r, torch.clamp(r, 1 - clip, 1 + clip), advantage, clip).mean()

    return loss


# fmt: off
OPS = [
    Op("tied_logits", w="V D", indices=labels("...", below="V"), par=10, torch=tied_logits,
       mistaken={"logits divided by sqrt(D)": lambda w, indices: w[indices] @ w.T / w.shape[1] ** 0.5,
                 "probabilities, but these are logits": lambda w, indices: torch.softmax(w[indices] @ w.T, -1),
                 "the output layer's use alone, taken twice": lambda w, indices: w[indices].detach() @ (2 * w).T}),
    Op("smoothed_cross_entropy", logits="N C", labels=labels("N", below="C", ignored=-100), smoothing=choice(0.0, 0.5, 0.1, 1.0),
       ignore_index=among(lambda logits, labels: (-100,) if -100 in labels else (-100, *range(logits.shape[1]))), par=18, output="l",
       torch=smoothed_cross_entropy,
       mistaken={"smoothing spread over the C - 1 other classes": smoothed_otherwise(lambda s, c: 1 - s, lambda s, c: s / max(c - 1, 1)),
                 "1 - smoothing for the label, without its share of smoothing": smoothed_otherwise(lambda s, c: 1 - s),
                 "a mean over all rows, those that are ignored too": smoothed_otherwise(over_all=True),
                 "all rows, those that are ignored too, in the sum": smoothed_otherwise(adds_all=True),
                 "ignore_index = -100, whatever it is": smoothed_otherwise(ignores=False)},
       why="where every row is ignored, the mean of nothing is nan in torch, and 0 here"),
    Op("grouped_query_attention", q="N G*R T D", k="N G S D", v="N G S E", par=25, torch=grouped_query_attention,
       otherwise=(partial(grouped_query_attention, attend=computed_again),),
       mistaken={"heads that take the groups by turns, h % G: head h reads group h // R": attending(by_turns),
                 "heads that read group h // R, and give its gradient to group h % G": attending(
                     lambda k, heads: only_backward(k.repeat_interleave(heads, 1), by_turns(k, heads))),
                 "a group's first head alone, but all its heads read these": attending(first_head_alone)}),
    Op("lora_linear", x="... K", w=const("K M"), a="K R", b="R M", scale=choice(1.0, 0.5, 2.0, beyond=(0.0, -0.5, 16.0)), par=10,
       torch=lambda x, w, a, b, scale: x @ w + scale * (x @ a) @ b,
       mistaken={"scale / R": lambda x, w, a, b, scale: x @ w + scale / a.shape[1] * (x @ a) @ b,
                 "scale on both terms": lambda x, w, a, b, scale: scale * (x @ w + (x @ a) @ b)}),
    Op("linear_recurrence", a="T N", b="T N", h="N", par=12, torch=linear_recurrence, border=zeros_in_a,
       mistaken={"the states before each step, h first": lambda a, b, h: torch.cat([h[None], linear_recurrence(a, b, h)[:-1]]),
                 "a * (y + b)": lambda a, b, h: linear_recurrence(a, a * b, h),
                 "a * y + (1 - a) * b": lambda a, b, h: linear_recurrence(a, (1 - a) * b, h),
                 "the last state at every step: are all of them one array?": lambda a, b, h: linear_recurrence(a, b, h)[-1:].expand(a.shape),
                 "states that are constants for the next step: nothing flows back through time": sent_back(lambda a, at: 0 * a[at]),
                 "a[t] where a[t+1] is due, which leads to the next state": sent_back(lambda a, at: a[at - 1]),
                 "sums from the end: a, by which the next state goes back, is missing": sent_back(lambda a, at: a[at] ** 0),
                 "the state itself where the state before is due": sent_back(lambda a, at: a[at], lambda before, after: after),
                 "h without its factor a[0]": sent_back(lambda a, at: a[at], start=lambda a, h: h),
                 "a scan from the start, but it must come from the end":
                 lambda a, b, h: torch.flip(linear_recurrence(torch.flip(a.roll(-1, 0), (0,)), torch.flip(b, (0,)), 0 * h), (0,)),
                 "the last state alone, but all of them have a gradient": last_only(linear_recurrence)}),
    Op("dpo_loss", chosen="N", rejected="N", chosen_ref=const("N"), rejected_ref=const("N"), beta=choice(1.0, 0.5, 0.1, beyond=(2.0, 1 / 3)), par=10,
       output="l", torch=dpo_loss,
       mistaken={"chosen - rejected alone: the reference is not used": lambda c, r, cr, rr, beta: functional.softplus(-beta * (c - r)).mean(),
                 "log(sigmoid(-z)), z being the margin": lambda *given: -functional.softplus(margin(*given)).mean(),
                 "-sigmoid(z), z being the margin: the logarithm is missing": lambda *given: -torch.sigmoid(margin(*given)).mean(),
                 "the mean margin": lambda *given: functional.softplus(-margin(*given).mean()),
                 "the hinge max(1 - z, 0), z being the margin": lambda *given: torch.relu(1 - margin(*given)).mean()}),
    Op("ppo_clip_loss", log_p="N", log_p_old=const("N"), advantage=const("N"), clip=choice(0.5, 0.2, 0.1, beyond=(1 / 3, 0.75)), par=15, output="l",
       torch=ppo_clip_loss, also=clipped_at_the_edge, border=at_the_clip,
       mistaken={"r A alone, c being r clipped and A the advantage: nothing is clipped": surrogate(lambda r, c, a, clip: r * a),
                 "c A alone, c being r clipped and A the advantage: the minimum with r A is missing": surrogate(lambda r, c, a, clip: c * a),
                 "max(r A, c A), c being r clipped and A the advantage: a minimum is due": surrogate(lambda r, c, a, clip: torch.maximum(r * a, c * a)),
                 "min(r, c) A, c being r clipped and A the advantage: A comes first": surrogate(lambda r, c, a, clip: torch.minimum(r, c) * a),
                 "c A where r A and c A are alike, so nothing is left inside the clip": surrogate(
                     lambda r, c, a, clip: torch.where(r * a < c * a, r * a, (c * a).detach())),
                 "log r clipped to [-clip, clip]": surrogate(
                     lambda r, c, a, clip: torch.minimum(r * a, torch.exp(torch.clamp(torch.log(r), -clip, clip)) * a)),
                 "log r where r is due": lambda log_p, old, a, clip: -torch.minimum((log_p - old) * a, torch.clamp(log_p - old, 1 - clip, 1 + clip) * a).mean(),
                 "advantages with mean 0 and variance 1": lambda log_p, old, a, clip: ppo_clip_loss(
                     log_p, old, (a - a.mean()) / (a.std(correction=0) + 1e-8), clip)},
       why="the two give the ends of the subdifferential at an edge; a ratio whose advantage is not negative is cut off at e, because it is clipped "
       "below that, and where it overflows torch says nan"),
    Op("mixture_of_experts", x="N D", w_gate="D E", w="E D M", k=among(numbers_of_experts), par=30, torch=mixture_of_experts,
       mistaken={"the softmax over all experts: its k largest are not normalized again": weighed(lambda g, chosen, k: torch.softmax(g, -1) * chosen),
                 "the softmax over all experts: k is not used": weighed(lambda g, chosen, k: torch.softmax(g, -1)),
                 "the k smallest gates": weighed(
                     lambda g, chosen, k: torch.softmax(torch.where(g <= g.topk(k, -1, largest=False).values[:, -1:], g, -np.inf), -1)),
                 "the k experts' mean, not weighed": weighed(lambda g, chosen, k: chosen.to(g) / k),
                 "the k experts' sum, not weighed": weighed(lambda g, chosen, k: chosen.to(g)),
                 "sigmoids of the gates": weighed(lambda g, chosen, k: torch.sigmoid(g) * chosen),
                 "the gates themselves as weights: their softmax is missing": weighed(lambda g, chosen, k: g * chosen),
                 "the softmax over all experts, in the gates' gradient": weighed(
                     lambda g, chosen, k: only_backward(torch.softmax(torch.where(chosen, g, -np.inf), -1), torch.softmax(g, -1)))}),
    Op("matrix_products", x="T N N", par=15, torch=matrix_products, border=singular,
       mistaken={"x[t] @ ... @ x[0]: the factors stand the other way round": lambda x: matrix_products(x.mT).mT,
                 "products entry by entry": lambda x: torch.cumprod(x, 0),
                 "the products of what comes before x[t], without it": lambda x: torch.cat([torch.eye(x.shape[-1], dtype=x.dtype)[None], matrix_products(x)[:-1]]),
                 "x[t] @ ... @ x[T-1], from the other end": lambda x: torch.flip(matrix_products(torch.flip(x, (0,)).mT).mT, (0,)),
                 "y[t] alone, of those that x[t] is in: nothing comes from later products": products_back(right=lambda x, at: 0 * x[at]),
                 "the last product alone, but all of them have a gradient": last_only(matrix_products),
                 "y[t-1] where y[t-1].T is due": products_back(lambda y, at: y[at - 1].mT),
                 "x[t+1] where x[t+1].T is due": products_back(right=lambda x, at: x[at].mT),
                 "matrices that are not transposed": products_back(lambda y, at: y[at - 1].mT, lambda x, at: x[at].mT),
                 "x[t] where x[t+1] is due": products_back(right=lambda x, at: x[at - 1]),
                 "y[t] where y[t-1] is due: x[t] itself is not among the factors before it": products_back(lambda y, at: y[at]),
                 "a product whose two factors are exchanged": products_back(product=lambda left, x: x @ left)}),
]
# fmt: on
