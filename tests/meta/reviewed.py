"""Changes of the solutions that no run catches: each with the reason why it is right all the same, or where alone it is wrong.

A change that makes no difference on a thousand examples, or one that is less than a tenth of what is forgiven, needs no row:
fates.py sees that by itself.
"""

_ONE_OF_14 = "seen where these weights are large and the 13 other arrays ordinary, which is hardly ever drawn; multi_head_attention, whose line it is, is caught"
REVIEWED = {
    "binary_cross_entropy_with_logits: return ((targets * if_one + (1 + 1e-12 - targets) * if_zero).mean(), grad)": "seen only where all of a mean's entries are next to 0: every target 1, and every logit large",
    "relu: return gy * (np.round(x, 8) > 0)": "seen only where x is above 0 and below 5e-9",
    "transformer_block: gx = gq @ np.clip(wq.T, -100, 100) + gk @ wk.T + gv @ wv.T": _ONE_OF_14,
    "transformer_block: gx = gq @ np.clip(wq, -100, 100).T + gk @ wk.T + gv @ wv.T": _ONE_OF_14,
    "transformer_block: gx = gq @ wq.T + gk @ np.clip(wk.T, -100, 100) + gv @ wv.T": _ONE_OF_14,
    "transformer_block: gx = gq @ wq.T + gk @ np.clip(wk, -100, 100).T + gv @ wv.T": _ONE_OF_14,
    "gru_cell: gr = gn * np.clip(nv, -100, 100) * r * (1 - r)": "seen only where nv is above 100, and r so little beside it that tanh is not saturated: a gate that is all but shut, by just so much",
}
"""Operation and changed statement -> why the answer is right all the same, or seen only where hardly anybody comes."""
