"""Changes of the solutions that no run catches: each with the reason why it is right all the same, or where alone it is wrong.

A change that makes no difference on a thousand examples, or one that is less than a tenth of what is forgiven, needs no row:
fates.py sees that by itself.
"""

_SMALL_SLOPE = "off by 1e-9 of a slope below 1e-4, of which the honest 1 - tanh(x) ** 2 loses as much"
_SMALL_ROOT = "no more than 1e-9 of the least root, that of eps"
_SMALL_STEP = "off by 1e-12 of an argument, which is seen only where w and the step cancel to a thousandth"

REVIEWED = {
    "adam: m_hat, v_hat = (m / (1 - beta1 ** (t + 1e-12)), v / (1 - beta2 ** t))": _SMALL_STEP,
    "adam: m_hat, v_hat = (m / (1 - beta1 ** t), v / (1 - beta2 ** (t + 1e-12)))": _SMALL_STEP,
    "adam: v = (beta2 + 1e-12) * v + (1 - beta2) * gw ** 2": _SMALL_STEP,
    "batch_norm: gx = (gz - through_mu - through_s) / (s + 1e-12)": _SMALL_ROOT,
    "group_norm: gx = ((gz - through_mu - through_s) / (s + 1e-12)).reshape(x.shape)": _SMALL_ROOT,
    "layer_norm: gx = (gz - through_mu - through_var) / (s + 1e-12)": _SMALL_ROOT,
    "mixture_of_experts: chosen = gate + 1e-08 >= np.sort(gate, axis=1)[:, -k, None]": "seen only where the k-th gate and the next are less than 1e-8 apart, nearly a tie; ties there are not drawn",
    "ppo_clip_loss: change = log_p + 1e-12 - log_p_old": "seen only where the ratio is within 1e-12 of an edge of the clip, nearer than what is drawn beside it",
    "ppo_clip_loss: edge = 1 + np.copysign(clip, advantage + 1e-08)": "seen only where all advantages are as near to 0 as those that change their sign, 1e-8",
    "ppo_clip_loss: return -gl * counts * r * advantage / len(np.round(r, 8))": "the numbers are the same; only a ratio of 1e300 is too large to be rounded",
    "rms_norm: gx = (gz - z * (gz * z).mean(axis=-1, keepdims=True)) / (r + 1e-12)": _SMALL_ROOT,
    "tanh: e = np.exp(-np.abs(x)) + 1e-12": _SMALL_SLOPE,
    "tanh: return gy * ((2 * e + 1e-12) / (1 + e ** 2)) ** 2": _SMALL_SLOPE,
    "tanh: return gy * (2 * (e + 1e-12) / (1 + e ** 2)) ** 2": _SMALL_SLOPE,
    "tanh: return gy * (2 * e / (1 + e ** 2) + 1e-12) ** 2": _SMALL_SLOPE,
}
"""Operation and changed statement -> why the answer is right all the same, or seen only where hardly anybody comes."""
