"""Changes of the solutions that no run catches: each with the reason why it is right all the same, or where alone it is wrong.

A change that makes no difference on a thousand examples, or one that is less than a tenth of what is forgiven, needs no row:
fates.py sees that by itself.
"""

_LARGE_WINDOW = "seen only where a window is more than 10 wide; images are small, so that there can be many"
_ONE_OF_14 = "seen where these weights are large and the 13 other arrays ordinary, which is hardly ever drawn; multi_head_attention, whose line it is, is caught"
_NEXT_TO_0 = "seen only where all of a mean's entries are next to 0: every target 1, and every logit large"
_SMALL_SLOPE = "off by 1e-9 of a slope below 1e-4, of which the honest 1 - tanh(x) ** 2 loses as much"
_SMALL_ROOT = "no more than 1e-9 of the least root, that of eps"
_LARGE_CELL = (
    "seen only where a cell is above 100, and the next forget gates so little that soon it does not saturate tanh"
)
_SMALL_STEP = "off by 1e-12 of an argument, which is seen only where w and the step cancel to a thousandth"


def _clipped(w: str) -> list[str]:
    """Weights that are transposed, and clipped before that or after."""
    bounds = [f"-{most}, {most}" for most in (10, 12, 14, 100)]
    return [clipped for b in bounds for clipped in (f"np.clip({w}.T, {b})", f"np.clip({w}, {b}).T")]


REVIEWED = {
    "adam: m_hat, v_hat = (m / (1 - beta1 ** (t + 1e-12)), v / (1 - beta2 ** t))": _SMALL_STEP,
    "adam: m_hat, v_hat = (m / (1 - beta1 ** t), v / (1 - beta2 ** (t + 1e-12)))": _SMALL_STEP,
    "adam: v = (beta2 + 1e-12) * v + (1 - beta2) * gw ** 2": _SMALL_STEP,
    "avg_pool2d: for j, k in np.ndindex(np.clip(size, -10, 10), size):\n    gx[:, :, j:j + down:stride, k:k + right:stride] += part": _LARGE_WINDOW,
    "avg_pool2d: for j, k in np.ndindex(size, np.clip(size, -10, 10)):\n    gx[:, :, j:j + down:stride, k:k + right:stride] += part": _LARGE_WINDOW,
    "avg_pool2d: gx, part = (np.zeros_like(x), gy / np.clip(size ** 2, -100, 100))": _LARGE_WINDOW,
    "avg_pool2d: gx, part = (np.zeros_like(x), gy / np.clip(size, -10, 10) ** 2)": _LARGE_WINDOW,
    "avg_pool2d: gx[:, :, j:j + down:stride, np.clip(k, -10, 10):k + right:stride] += part": _LARGE_WINDOW,
    "avg_pool2d: gx[:, :, np.clip(j, -10, 10):j + down:stride, k:k + right:stride] += part": _LARGE_WINDOW,
    "avg_pool2d: u = sliding_window_view(x, (np.clip(size, -10, 10), size), axis=(2, 3))[:, :, ::stride, ::stride]": _LARGE_WINDOW,
    "avg_pool2d: u = sliding_window_view(x, (size, np.clip(size, -10, 10)), axis=(2, 3))[:, :, ::stride, ::stride]": _LARGE_WINDOW,
    "batch_norm: gx = (gz - through_mu - through_s) / (s + 1e-12)": _SMALL_ROOT,
    "binary_cross_entropy_with_logits: return ((targets * (if_one + 1e-12) + (1 - targets) * if_zero).mean(), grad)": _NEXT_TO_0,
    "binary_cross_entropy_with_logits: return ((targets * if_one + (1 + 1e-12 - targets) * if_zero).mean(), grad)": _NEXT_TO_0,
    "binary_cross_entropy_with_logits: return ((targets * if_one + (1 - (targets + 1e-12)) * if_zero).mean(), grad)": _NEXT_TO_0,
    "binary_cross_entropy_with_logits: return ((targets * if_one + (1 - targets + 1e-12) * if_zero).mean(), grad)": _NEXT_TO_0,
    "group_norm: gx = ((gz - through_mu - through_s) / (s + 1e-12)).reshape(x.shape)": _SMALL_ROOT,
    "gru_cell: gr = gn * np.clip(nv, -100, 100) * r * (1 - r)": "seen only where nv is above 100, and r so little beside it that tanh is not saturated: a gate that is all but shut, by just so much",
    "layer_norm: gx = (gz - through_mu - through_var) / (s + 1e-12)": _SMALL_ROOT,
    "lstm: cell = np.clip(c, -100, 100)": _LARGE_CELL,
    "lstm: ga = np.hstack([p * g * i * (1 - i), p * np.clip(c, -100, 100) * f * (1 - f), p * i * (1 - g ** 2), gh * s * o * (1 - o)])": _LARGE_CELL,
    "lstm: new_c = f * np.clip(c, -100, 100) + i * g": _LARGE_CELL,
    "lstm: new_c = np.clip(f * c + i * g, -100, 100)": _LARGE_CELL,
    "lstm: new_c = np.clip(f * c, -100, 100) + i * g": _LARGE_CELL,
    "lstm: return (o * s, np.clip(new_c, -100, 100), s)": _LARGE_CELL,
    "lstm: state, new_cell, s = _states(gates, np.clip(cell, -100, 100))": _LARGE_CELL,
    "lstm: state, new_cell, s = np.clip(_states(gates, cell), -100, 100)": _LARGE_CELL,
    "lstm: steps.append((gates, np.clip(cell, -100, 100), s))": _LARGE_CELL,
    "lstm: y[t], cell = (state, np.clip(new_cell, -100, 100))": _LARGE_CELL,
    "mixture_of_experts: chosen = gate + 1e-08 >= np.sort(gate, axis=1)[:, -k, None]": "seen only where the k-th gate and the next are less than 1e-8 apart, nearly a tie; ties there are not drawn",
    "ppo_clip_loss: change = log_p + 1e-12 - log_p_old": "seen only where the ratio is within 1e-12 of an edge of the clip, nearer than what is drawn beside it",
    "ppo_clip_loss: edge = 1 + np.copysign(clip, advantage + 1e-08)": "seen only where all advantages are as near to 0 as those that change their sign, 1e-8",
    "ppo_clip_loss: return -gl * counts * r * advantage / len(np.round(r, 8))": "the numbers are the same; only a ratio of 1e300 is too large to be rounded",
    "rms_norm: gx = (gz - z * (gz * z).mean(axis=-1, keepdims=True)) / (r + 1e-12)": _SMALL_ROOT,
    "tanh: e = np.exp(-np.abs(x)) + 1e-12": _SMALL_SLOPE,
    "tanh: return gy * ((2 * e + 1e-12) / (1 + e ** 2)) ** 2": _SMALL_SLOPE,
    "tanh: return gy * (2 * (e + 1e-12) / (1 + e ** 2)) ** 2": _SMALL_SLOPE,
    "tanh: return gy * (2 * e / (1 + e ** 2) + 1e-12) ** 2": _SMALL_SLOPE,
    "transformer_block: return (gx, _summed(x, gq), _summed(np.clip(x, -100, 100), gk), _summed(x, gv), _summed(o, gy))": "seen only where gamma1 is above 100 and all weights are ordinary; multi_head_attention, whose line it is, is caught",
    **{f"transformer_block: gx = gq @ {wq} + gk @ wk.T + gv @ wv.T": _ONE_OF_14 for wq in _clipped("wq")},
    **{f"transformer_block: gx = gq @ wq.T + gk @ {wk} + gv @ wv.T": _ONE_OF_14 for wk in _clipped("wk")},
}
"""Operation and changed statement -> why the answer is right all the same, or seen only where hardly anybody comes."""
