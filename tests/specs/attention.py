"""Level 8: attention. T queries, S keys, D their features, E features of a value, G heads of K features, H hidden features.

T, S, D and E are letters of their own, so a transposition, an axis or a scale that is taken from the wrong one shows; where
all are equal, as examples of the schedule are by turns, so does what only fits there. Masks are mixed, all True and all
False: rows that see nothing turn up in every other example. With two heads or more of two features or more, which is in
every third example, interleaved heads differ from consecutive ones; with two pairs or more, so do the pairs of a rotation.
"""

from functools import partial
from math import inf, pi, sqrt

from tests.harness.rows.kinds import among, choice, mask, size
from tests.harness.rows.late import functional, torch
from tests.harness.rows.spec import Op
from tests.specs.activations import gelu
from tests.specs.normalization import by_the_formula, layer_norm

HIDDEN = -1e30  # in the place of minus infinity, which cannot be moved a little


def scores(q, k):
    """The products of all queries and keys, scaled."""
    return q @ k.transpose(-1, -2) / sqrt(q.shape[-1])


def attention(q, k, v):
    """F.scaled_dot_product_attention, in its steps."""
    return torch.softmax(scores(q, k), -1) @ v


def masked_attention(q, k, v, mask):
    """F.scaled_dot_product_attention with attn_mask; where nothing is seen, all is, and gets no weight afterwards."""
    seen = mask.any(-1, keepdim=True)
    return torch.where(seen, torch.softmax(torch.where(mask | ~seen, scores(q, k), HIDDEN), -1), 0) @ v


def weights_masked(q, k, v, mask):
    """The weights of all keys, of which those that are not seen are set to 0."""
    return torch.where(mask, torch.softmax(scores(q, k), -1), 0) @ v


def scores_with(change):
    """The attention whose scores are changed with the mask as a number."""
    return lambda q, k, v, mask: torch.softmax(change(scores(q, k), mask.double()), -1) @ v


MISTAKEN = {
    "a mask after the softmax: the weights that are left do not add up to 1": weights_masked,
    "scores that are 0 where the mask is False: exp(0) is 1": scores_with(lambda s, mask: s * mask),
    "scores to which the mask is added as 0 and 1": scores_with(lambda s, mask: s + mask),
}


def _seen(q, k, mask):
    """The scores, of which those that are not seen are hidden, and where a query sees something."""
    seen = torch.ones(q.shape[-2], k.shape[-2]).bool() if mask is None else mask
    some = seen.any(-1, keepdim=True)
    return torch.where(seen | ~some, scores(q, k), HIDDEN), some


def _weights(s):
    """Their softmax by the log-sum-exp: what that rounds is off in all weights of a row.

    The exponent, never above 0, is kept from overflowing where it is moved.
    """
    return torch.exp(torch.clamp(s - torch.logsumexp(s, -1, keepdim=True), max=1.0))


def computed_again(q, k, v, mask=None):
    """Likewise, as in a flash attention: backward from weights that are computed again.

    What is lost in the scores, or in the sum of the weights, is then off in y alone or in the slope alone, and does not cancel in
    what backward adds up: p (gp - sum(gy y)).
    """
    s, some = _seen(q, k, mask)
    y = (_weights(s) @ v).detach()
    p = _weights(_seen(q, k, mask)[0]).detach()
    again = scores(q, k)  # without what is hidden, whose smallest move would be more than all of y
    change, pv = p * (again - again.detach()), p @ v  # of which only the slope counts
    return torch.where(some, y + change @ v.detach() - y * change.sum(-1, keepdim=True) + (pv - pv.detach()), 0)


def causal_attention(q, k, v):
    """F.scaled_dot_product_attention with is_causal."""
    return masked_attention(q, k, v, triangle(q))


def triangle(q):
    """What each position sees: itself, and those before it."""
    at = torch.arange(q.shape[-2])
    return at <= at[:, None]


def seeing(near, far):
    """The attention that sees the keys from `near` to `far` positions before a query."""

    def attend(q, k, v):
        at = torch.arange(q.shape[-2])
        apart = at[:, None] - at
        return masked_attention(q, k, v, (apart >= near) & (apart <= far))

    return attend


def masked_by_triangle(attend):
    """Attention with a mask, and the triangle for it."""
    return lambda q, k, v: attend(q, k, v, triangle(q))


CAUSAL_MISTAKEN = {
    "a triangle without its diagonal: a position sees those before it, but not itself": seeing(1, inf),
    "a triangle with one diagonal more: a position sees the next one too": seeing(-1, inf),
    "the other triangle: a position sees itself and those after it": seeing(-inf, 0),
    "the diagonal: a position sees itself alone": seeing(0, 0),
    "no mask": attention,
}


def rotary_embedding(x, base):
    """Each pair of features as a point that is turned."""
    return turned(x, positions(x) * speeds(x, base))


def positions(x):
    """From 0, in a column."""
    return torch.arange(x.shape[-2]).double()[:, None]


def speeds(x, base):
    """The angle from a position to the next, of each pair."""
    half = x.shape[-1] // 2
    return base ** (-torch.arange(half).double() / half)


def turned(x, angle):
    """The first half of the features with the second, turned by an angle."""
    half = x.shape[-1] // 2
    one, other = x[..., :half], x[..., half:]
    return torch.cat(
        (one * torch.cos(angle) - other * torch.sin(angle), one * torch.sin(angle) + other * torch.cos(angle)), -1
    )


def interleaved(x):
    """The two halves of the features entry by entry."""
    return torch.stack(x.chunk(2, -1), -1).reshape(x.shape)


def neighbours(x, base):
    """The rotation of features 2 i and 2 i + 1."""
    return interleaved(rotary_embedding(torch.cat((x[..., ::2], x[..., 1::2]), -1), base))


TURNED = {
    "pairs of neighbours, features 2 i and 2 i + 1": neighbours,
    "a rotation by the opposite angles": lambda x, base: turned(x, -positions(x) * speeds(x, base)),
    "sin in the place of cos, and cos in that of sin": lambda x, base: turned(
        x, pi / 2 - positions(x) * speeds(x, base)
    ),
    "positions that count from 1": lambda x, base: turned(x, (positions(x) + 1) * speeds(x, base)),
    "exponents that count from 1": lambda x, base: turned(
        x, positions(x) * speeds(x, base) / base ** (2 / x.shape[-1])
    ),
    "halves that are put together entry by entry": lambda x, base: interleaved(rotary_embedding(x, base)),
}


def multi_head_attention(x, wq, wk, wv, wo, heads, attend=attention):
    """torch.nn.MultiheadAttention without biases, of heads that attend in this way."""
    q, k, v = split(x @ wq, heads), split(x @ wk, heads), split(x @ wv, heads)
    return attend(q, k, v).transpose(1, 2).reshape(x.shape) @ wo


def split(x, heads):
    """Heads of consecutive features, beside the batch."""
    return x.reshape(*x.shape[:2], heads, -1).transpose(1, 2)


def swiglu(x, w_gate, w_up, w_down):
    """silu of one product, times the other, times the last weights."""
    gate = x @ w_gate
    return (gate * torch.sigmoid(gate) * (x @ w_up)) @ w_down


def without_block(attend):
    """Attention in which block plays no part: the answers are the same."""
    return lambda q, k, v, block: attend(q, k, v)


def blocks(q, k):
    """The sizes of a block: of small arrays, each up to one more than the keys.

    Of large ones, which only `fast` has: where one of both is long, half of that, so that also a loop over blocks of queries has
    two rounds; where both are, few, so that all scores are much more than those of a block.
    """
    queries, keys = q.shape[-2], k.shape[-2]
    if queries * keys <= 120:
        return range(1, keys + 2)
    return range(max(queries, keys) // 2 + 1, max(queries, keys)) if queries * keys < 10_000 else (5, 7, 11)


def transformer_block(x, gamma1, beta1, wq, wk, wv, wo, gamma2, beta2, w1, b1, w2, b2, heads):
    """A block of GPT-2, without dropout and without biases in the attention."""
    r = x + multi_head_attention(layer_norm(x, gamma1, beta1, 1e-5), wq, wk, wv, wo, heads, causal_attention)
    return r + gelu(layer_norm(r, gamma2, beta2, 1e-5) @ w1 + b1) @ w2 + b2


def transformer(
    norm=layer_norm,
    act=gelu,
    attend=causal_attention,
    attention=multi_head_attention,
    post=False,
    second="r",
    first=True,
):
    """The block with another part, as people take it."""

    def block(x, gamma1, beta1, wq, wk, wv, wo, gamma2, beta2, w1, b1, w2, b2, heads):
        one, two = (partial(norm, gamma=g, beta=b, eps=1e-5) for g, b in ((gamma1, beta1), (gamma2, beta2)))
        a = attention(x if post else one(x), wq, wk, wv, wo, heads, attend)
        r = a + x if first else a
        r = one(r) if post else r
        y = act((r if post else two(r)) @ w1 + b1) @ w2 + b2 + {"r": r, "x": x, "": 0}[second]
        return two(y) if post else y

    return block


def mixed_heads(x, wq, wk, wv, wo, heads, attend=attention):
    """Heads of every heads-th feature."""
    q, k, v = ((x @ w).reshape(*x.shape[:2], -1, heads).permute(0, 3, 1, 2) for w in (wq, wk, wv))
    return attend(q, k, v).transpose(1, 2).reshape(x.shape) @ wo


def cut_heads(x, wq, wk, wv, wo, heads, attend=attention):
    """Heads that are cut in the order of memory."""
    q, k, v = ((x @ w).reshape(len(x), heads, x.shape[1], -1) for w in (wq, wk, wv))
    return attend(q, k, v).transpose(1, 2).reshape(x.shape) @ wo


SPLIT = {
    "heads of every heads-th feature, but a head's features follow each other": mixed_heads,
    "heads made by reshape alone: the axes of heads and positions must be exchanged too": cut_heads,
    "weights that are transposed, as torch.nn.Linear has them": lambda x, wq, wk, wv, wo, heads: multi_head_attention(
        x, wq.mT, wk.mT, wv.mT, wo.mT, heads
    ),
    "attention without wo": lambda x, wq, wk, wv, wo, heads: multi_head_attention(
        x, wq, wk, wv, torch.eye(x.shape[-1]).double(), heads
    ),
    "a softmax over the heads, but it is over the keys": lambda *inputs: multi_head_attention(
        *inputs, lambda q, k, v: torch.softmax(scores(q, k), -3) @ v
    ),
    "causal attention": lambda *inputs: multi_head_attention(*inputs, causal_attention),
}
BLOCKS = {
    "a block that normalizes after each residual, not before attention and layer": transformer(post=True),
    "a block without the causal mask": transformer(attend=attention),
    "a block with gelu's other form, with the error function": transformer(act=lambda x: functional.gelu(x)),
    "a block with relu": transformer(act=torch.relu),
    "a block whose first residual is missing: r = attention": transformer(first=False),
    "a block whose second residual is missing": transformer(second=""),
    "a block whose second residual adds x, not r": transformer(second="x"),
    "a block without heads: heads is not used": transformer(
        attention=lambda x, wq, wk, wv, wo, heads, attend: multi_head_attention(x, wq, wk, wv, wo, 1, attend)
    ),
    "a block with heads of every heads-th feature": transformer(attention=mixed_heads),
}
GATES = {
    "a gate with sigmoid for silu": lambda x, w_gate, w_up, w_down: (torch.sigmoid(x @ w_gate) * (x @ w_up)) @ w_down,
    "a gate with relu for silu": lambda x, w_gate, w_up, w_down: (torch.relu(x @ w_gate) * (x @ w_up)) @ w_down,
    "a gate with gelu for silu": lambda x, w_gate, w_up, w_down: (gelu(x @ w_gate) * (x @ w_up)) @ w_down,
    "silu of the product": lambda x, w_gate, w_up, w_down: functional.silu((x @ w_gate) * (x @ w_up)) @ w_down,
    "silu of both": lambda x, w_gate, w_up, w_down: (functional.silu(x @ w_gate) * functional.silu(x @ w_up)) @ w_down,
}
HEADS = {"G*K": "D", "G": "heads", "K": "(D / heads)"}

# fmt: off
OPS = [
    Op("scaled_dot_product_attention", q="... T D", k="... S D", v="... S E", par=20, torch=attention, otherwise=(computed_again,)),
    Op("masked_attention", q="... T D", k="... S D", v="... S E", mask=mask("T S"), par=20, torch=masked_attention,
       mistaken=MISTAKEN, otherwise=(computed_again,)),
    Op("causal_attention", q="... T D", k="... T D", v="... T E", par=12, torch=causal_attention,
       mistaken={**{words: masked_by_triangle(f) for words, f in MISTAKEN.items()}, **CAUSAL_MISTAKEN},
       otherwise=(masked_by_triangle(computed_again),)),
    Op("rotary_embedding", x="... T 2H", base=choice(10000.0, 10.0, 2.0, beyond=(1.5, 500000.0)), par=15, torch=rotary_embedding,
       mistaken=TURNED, words={"2H": "D", "H": "(D / 2)"}),
    Op("multi_head_attention", x="N T G*K", wq="G*K G*K", wk="G*K G*K", wv="G*K G*K", wo="G*K G*K", heads=size("G"), par=30,
       torch=multi_head_attention, mistaken=SPLIT, words=HEADS,
       otherwise=(partial(multi_head_attention, attend=computed_again),)),
    Op("swiglu", x="... D", w_gate="D H", w_up="D H", w_down="H D", par=15, torch=swiglu, mistaken=GATES),
    Op("blockwise_attention", q="... T D", k="... S D", v="... S E", block=among(blocks), par=40,
       torch=without_block(attention), otherwise=(without_block(computed_again),)),
    Op("transformer_block", x="N T G*K", gamma1="G*K", beta1="G*K", wq="G*K G*K", wk="G*K G*K", wv="G*K G*K", wo="G*K G*K",
       gamma2="G*K", beta2="G*K", w1="G*K H", b1="1 H", w2="H G*K", b2="1 G*K", heads=size("G"), par=45,
       torch=transformer_block, mistaken=BLOCKS, words=HEADS,
       otherwise=(transformer(attend=masked_by_triangle(computed_again)),
                  transformer(norm=partial(layer_norm, normalized=by_the_formula)))),
]
