"""Changes of the solutions that no run catches: each with the reason why it is right all the same, or where alone it is wrong.

A change that makes no difference on a thousand examples, or one that is less than a tenth of what is forgiven, needs no row:
fates.py sees that by itself.
"""

_ONE_OF_14 = "seen where these weights are large and the 13 other arrays ordinary, which is hardly ever drawn; multi_head_attention, whose line it is, is caught"
_LARGE_WINDOW = "seen only where a window is more than 10 wide; images are small, so that there can be many"
_NEXT_TO_0 = "seen only where all of a mean's entries are next to 0: every target 1, and every logit large"
_SMALL_SLOPE = "off by 1e-9 of a slope below 1e-4, of which the honest 1 - tanh(x) ** 2 loses as much"
REVIEWED = {
    "avg_pool2d: for j, k in np.ndindex(np.clip(size, -10, 10), size):\n    gx[:, :, j:j + down:stride, k:k + right:stride] += part": _LARGE_WINDOW,
    "avg_pool2d: for j, k in np.ndindex(size, np.clip(size, -10, 10)):\n    gx[:, :, j:j + down:stride, k:k + right:stride] += part": _LARGE_WINDOW,
    "avg_pool2d: gx, part = (np.zeros_like(x), gy / np.clip(size ** 2, -100, 100))": _LARGE_WINDOW,
    "avg_pool2d: gx, part = (np.zeros_like(x), gy / np.clip(size, -10, 10) ** 2)": _LARGE_WINDOW,
    "avg_pool2d: gx[:, :, j:j + down:stride, np.clip(k, -10, 10):k + right:stride] += part": _LARGE_WINDOW,
    "avg_pool2d: gx[:, :, np.clip(j, -10, 10):j + down:stride, k:k + right:stride] += part": _LARGE_WINDOW,
    "avg_pool2d: u = sliding_window_view(x, (np.clip(size, -10, 10), size), axis=(2, 3))[:, :, ::stride, ::stride]": _LARGE_WINDOW,
    "avg_pool2d: u = sliding_window_view(x, (size, np.clip(size, -10, 10)), axis=(2, 3))[:, :, ::stride, ::stride]": _LARGE_WINDOW,
    "binary_cross_entropy_with_logits: return ((targets * (if_one + 1e-12) + (1 - targets) * if_zero).mean(), grad)": _NEXT_TO_0,
    "binary_cross_entropy_with_logits: return ((targets * if_one + (1 + 1e-12 - targets) * if_zero).mean(), grad)": _NEXT_TO_0,
    "binary_cross_entropy_with_logits: return ((targets * if_one + (1 - (targets + 1e-12)) * if_zero).mean(), grad)": _NEXT_TO_0,
    "binary_cross_entropy_with_logits: return ((targets * if_one + (1 - targets + 1e-12) * if_zero).mean(), grad)": _NEXT_TO_0,
    "tanh: e = np.exp(-np.abs(x)) + 1e-12": _SMALL_SLOPE,
    "tanh: return gy * (2 * e / (1 + e ** 2) + 1e-12) ** 2": _SMALL_SLOPE,
    "tanh: return gy * ((2 * e + 1e-12) / (1 + e ** 2)) ** 2": _SMALL_SLOPE,
    "tanh: return gy * (2 * (e + 1e-12) / (1 + e ** 2)) ** 2": _SMALL_SLOPE,
    "transformer_block: gx = gq @ np.clip(wq.T, -100, 100) + gk @ wk.T + gv @ wv.T": _ONE_OF_14,
    "transformer_block: gx = gq @ np.clip(wq, -100, 100).T + gk @ wk.T + gv @ wv.T": _ONE_OF_14,
    "transformer_block: gx = gq @ wq.T + gk @ np.clip(wk.T, -100, 100) + gv @ wv.T": _ONE_OF_14,
    "transformer_block: gx = gq @ wq.T + gk @ np.clip(wk, -100, 100).T + gv @ wv.T": _ONE_OF_14,
    "mixture_of_experts: chosen = gate + 1e-08 >= np.sort(gate, axis=1)[:, -k, None]": "seen only where the k-th gate and the next are less than 1e-8 apart, nearly a tie; ties there are not drawn",
    "ppo_clip_loss: change = log_p + 1e-12 - log_p_old": "seen only where the ratio is within 1e-12 of an edge of the clip, nearer than what is drawn beside it",
    "ppo_clip_loss: edge = 1 + np.copysign(clip, advantage + 1e-08)": "seen only where all advantages are as near to 0 as those that change their sign, 1e-8",
    "ppo_clip_loss: return -gl * counts * r * advantage / len(np.round(r, 8))": "the numbers are the same; only a ratio of 1e300 is too large to be rounded",
    "gru_cell: gr = gn * np.clip(nv, -100, 100) * r * (1 - r)": "seen only where nv is above 100, and r so little beside it that tanh is not saturated: a gate that is all but shut, by just so much",
}
"""Operation and changed statement -> why the answer is right all the same, or seen only where hardly anybody comes."""
