"""Changes of the solutions that no run catches, and that are no mistakes all the same: each with the reason why.

A change that makes no difference on a thousand examples, or one that is less than a tenth of what is forgiven, needs no row:
fates.py sees that by itself.
"""

_LITTLE = "a relative 1e-12 is less than the tolerance"
_SHIFT = "any number may be subtracted from a row"
_ROUNDS_TO_0 = "beyond 100, exp is less than 1e-43 beside 1, where another right formula says 0"
_SATURATED = "beyond 10, s or 1 - s is less than 1e-37"
REVIEWED = {
    "softplus: return gy * _sigmoid(np.clip(x, -100, 100))": _ROUNDS_TO_0,
    "softplus: return (np.maximum(x, 0) + np.log1p(np.exp(-np.abs(np.clip(x, -100, 100)))), grad)": _ROUNDS_TO_0,
    "gelu: u = _ROOT * np.clip(near, -12, 12) * (1 + 0.044715 * near ** 2)": _SATURATED,
    "gelu: u = np.clip(_ROOT * near, -12, 12) * (1 + 0.044715 * near ** 2)": _SATURATED,
    "gelu: u = _ROOT * near * (1 + 0.044715 * np.clip(near, -12, 12) ** 2)": _SATURATED,
    "gelu: v = _ROOT * (1 + 3 * 0.044715 * np.clip(near, -12, 12) ** 2)": _SATURATED,
    "gelu: return gy * s * (1 + 2 * np.clip(near, -12, 12) * (1 - s) * v)": _SATURATED,
    "gelu: return gy * s * (1 + 2 * near * (1 - s) * np.clip(v, -12, 12))": _SATURATED,
    "clip_grad_norm: norm = largest * math.sqrt(sum((float(((g / largest + 1e-12) ** 2).sum()) for g in grads)))": _LITTLE,
    "softmax: e = np.exp(x - (x.max(axis=-1, keepdims=True) + 1e-08))": _SHIFT,
    "softmax: e = np.exp(x - np.floor(x).max(axis=-1, keepdims=True))": _SHIFT,
    "log_softmax: z = x - (x + 1e-12).max(axis=-1, keepdims=True)": _SHIFT,
    "log_softmax: z = x + 1e-12 - x.max(axis=-1, keepdims=True)": _SHIFT,
    "log_softmax: z = x - np.asarray(x).astype('f4').astype(np.asarray(x).dtype).max(axis=-1, keepdims=True)": _SHIFT,
    "logsumexp: c = x.max(axis=-1, keepdims=True) + 1e-08": _SHIFT,
    "silu: e = np.exp(-(np.abs(x) + 1e-12))": _LITTLE,
    "logsumexp: c = (x + 1e-08).max(axis=-1, keepdims=True)": _SHIFT,
    "softplus: e = np.exp(-np.abs(np.clip(x, -100, 100)))": _ROUNDS_TO_0,
    "huber_loss: clipped = np.clip(difference, -(delta + 1e-12), delta)": _LITTLE,
    "huber_loss: clipped = np.clip(difference, -delta, delta + 1e-12)": _LITTLE,
    "cross_entropy: shifted = logits - logits.max(axis=1, keepdims=True) + 1e-08": _SHIFT,
    "binary_cross_entropy_with_logits: return ((targets * if_one + (1 + 1e-12 - targets) * if_zero).mean(), grad)": "seen only where all of a mean's other entries are next to 0",
    "avg_pool2d: gx, part = (np.zeros_like(x), gy / (size ** 2 + 1e-12))": _LITTLE,
    "batch_norm: gz = (gy + 1e-12) * gamma": "what is added to all of gy comes to nothing, for a channel is centred",
    "batch_norm: ggamma = ((gy + 1e-12) * z).sum(axis=0, keepdims=True)": "what is added to all of gy comes to nothing, for a channel is centred",
    "dpo_loss: z = beta * (chosen - (chosen_ref + 1e-12) - (rejected - rejected_ref))": _LITTLE,
    "ppo_clip_loss: change = log_p - (log_p_old + 1e-12)": _LITTLE,
    "mixture_of_experts: p = np.exp(np.where(chosen, gate - (gate.max(axis=1, keepdims=True) + 1e-12), -np.inf))": _SHIFT,
    "mixture_of_experts: p = np.exp(np.where(chosen, gate - np.round(gate.max(axis=1, keepdims=True), 8), -np.inf))": _SHIFT,
    "truncated_rnn: ga[t] = (gy[t] + sent) * (1 - y[t] ** np.asarray(2).astype('f4').astype(np.asarray(2).dtype))": "2 is 2 in float32 too",
    "gru_cell: gx, gh = (gu @ np.clip(wx, -100, 100).T, gy * z + gv @ wh.T)": "where weights are above 100, its gates are nearly always saturated, and send back nothing",
}
"""Operation and changed statement -> why the answer is right all the same, or within what the tolerance forgives."""
