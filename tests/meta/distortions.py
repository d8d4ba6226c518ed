"""Known ways to spoil what is right, as data: the wrong arrays, and the words that are due for them. What is said is tried in test_diagnosis.py."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np

from tests.harness.diagnosis.samples import Sample, generic, square
from tests.harness.rows.catalogue import operations
from tests.harness.rows.kinds import const
from tests.harness.rows.late import torch
from tests.harness.rows.spec import Op
from tests.specs import recurrent

# Operations of kinds that the catalogue may not have yet.
EXTRA = [
    Op("row_softmax", x="N K", par=9, torch=lambda x: torch.softmax(x, -1)),
    Op("centre", x="N K", par=9, torch=lambda x: x**2 - (x**2).mean(-1, keepdim=True)),
    Op("gather", x="N K", par=9, torch=lambda x: x[[0, 1, 0, 0]]),
    Op("ratio", x="N K", w="N K", par=9, torch=lambda x, w: torch.tanh(x / w)),
    Op("nested", x="N K", par=9, torch=lambda x: torch.tanh(torch.exp(x))),
    Op("copied", x="N K", par=9, torch=lambda x: x.repeat_interleave(2, 1) ** 2),
    Op("bilinear", x="N K", w="K N", par=9, torch=lambda x, w: torch.softmax(x, -1) @ w),
    Op("weighted", x="N K", w="N K", c=const("N K"), par=9, torch=lambda x, w, c: (x.exp() * w * c).sum(-1)),
]
ROWS = {op.name: op for op in [*(op for level in operations().values() for op in level if not op.adapter), *EXTRA]}


@dataclass(frozen=True)
class Distortion:
    """A known way to spoil what is right: `spoil(sample, name)` is the wrong array, `said` is part of what is said of it.

    `where`: the rows it makes sense for, by default all, and after a colon the array; without one, every gradient.
    """

    name: str
    said: str
    spoil: Callable[[Sample, str], np.ndarray]
    where: tuple[str, ...] = tuple(ROWS)
    samples: Callable = generic


def _softmax_diagonal(s: Sample, g: str) -> np.ndarray:
    y = s.right["y"]
    return s.gy * y * (1 - y)


def _softmax_of_columns(s: Sample, g: str) -> np.ndarray:
    e = np.exp(s.inputs["x"])
    y = e / e.sum(0)
    return y * (s.gy - (s.gy * y).sum(0))


def _softmax_over_the_batch(s: Sample, g: str) -> np.ndarray:
    e = np.exp(s.inputs["logits"])
    one_hot = np.eye(e.shape[1])[s.inputs["labels"]]
    return s.gy * (e / e.sum(0) * one_hot.sum(0) - one_hot) / len(e)


def _half_exchanged(s: Sample, g: str) -> np.ndarray:
    other = {"gx": "gy", "gy": "gx"}[g]
    return (s.right[g] + s.with_inputs(x=s.inputs["y"], y=s.inputs["x"])[other]) / 2


def _lengths(rows: np.ndarray) -> np.ndarray:
    return np.linalg.norm(rows, axis=-1, keepdims=True)


def _normalized(s: Sample) -> tuple[np.ndarray, np.ndarray]:
    """z and what it was divided by."""
    scale = np.sqrt(s.inputs["x"].var(-1, keepdims=True) + s.inputs["eps"])
    return (s.inputs["x"] - s.inputs["x"].mean(-1, keepdims=True)) / scale, scale


def _with_factors(of_mean: float, of_variance: float) -> Callable[[Sample, str], np.ndarray]:
    """The gradient of rows that are normalized, with factors for the terms of the mean and the variance."""

    def spoil(s: Sample, g: str) -> np.ndarray:
        z, scale = _normalized(s)
        gz = s.gy * s.inputs["gamma"]
        mean, product = (a.mean(-1, keepdims=True) for a in (gz, gz * z))
        return (gz - of_mean * mean - of_variance * z * product) / scale

    return spoil


def _eps_outside_the_root(s: Sample, g: str) -> np.ndarray:
    x, gz, eps = s.inputs["x"], s.gy * s.inputs["gamma"], s.inputs["eps"]
    centred, deviation = x - x.mean(-1, keepdims=True), x.std(-1, keepdims=True)
    mean, product = (a.mean(-1, keepdims=True) for a in (gz, gz * centred))
    return (gz - mean - centred * product / (deviation * (deviation + eps))) / (deviation + eps)


def _gather_assigned(s: Sample, g: str) -> np.ndarray:
    return _gathered(s, range(4))


def _gathered(s: Sample, order: Iterable[int]) -> np.ndarray:
    """One row of gy for each row of x: the last in this order."""
    gx = np.zeros(s.inputs["x"].shape)
    for at in order:
        gx[[0, 1, 0, 0][at]] = s.gy[at]
    return gx


def _by_use(s: Sample, g: str) -> np.ndarray:
    return s.with_inputs(**{g[1:]: np.broadcast_to(s.inputs[g[1:]], s.gy.shape)})[g] if g != "gx" else s.gy


def _first_use(s: Sample, g: str) -> np.ndarray:
    uses, shape = _by_use(s, g), s.right[g].shape
    return uses[(0,) * (uses.ndim - len(shape))][tuple(slice(n) for n in shape)]


def _kept(s: Sample) -> np.ndarray:
    return s.gy.reshape(np.sum(s.inputs["x"], s.inputs["axis"], keepdims=True).shape)


def _made_of(s: Sample) -> int:
    return s.inputs["x"].size // s.gy.size


def _as(function: Callable) -> Callable[[Sample, str], np.ndarray]:
    """What would be right for another expression."""
    return lambda s, name: s.with_torch(function)[name]


def _gates_exchanged(s: Sample, y: str) -> np.ndarray:
    """The first gate's columns in the place of the second's."""
    halves = {v: np.split(s.inputs[v], 3, 1) for v in ("wx", "wh", "bx", "bh")}
    return s.with_inputs(**{v: np.hstack([z, r, n]) for v, (r, z, n) in halves.items()})[y]


def _without_the_gate(s: Sample, g: str) -> np.ndarray:
    """The gradient of c, not multiplied by f."""
    given, size = s.inputs, s.inputs["c"].shape[1]
    return s.right[g] / _sigmoid(given["x"] @ given["wx"] + given["h"] @ given["wh"] + given["b"])[:, size : 2 * size]


def _past_tanh(s: Sample) -> np.ndarray:
    return s.gy * (1 - s.right["y"] ** 2)


def _sigmoid(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))


def _huber_turned_round(x, y, delta):
    apart = abs(x - y)
    return torch.where(apart <= delta, delta * (apart - 0.5 * delta), 0.5 * apart**2).mean()


def _layers(one: Callable, two: Callable) -> Callable:
    """The network of feed_forward with other functions between its layers."""

    def loss(x, y, w1, b1, w2, b2, w3, b3):
        return torch.square(two(one(x @ w1 + b1) @ w2 + b2) @ w3 + b3 - y).sum()

    return loss


def _gelu_with_slope(cube: Callable) -> Callable[[Sample, str], np.ndarray]:
    """The gradient of gelu with another derivative of the cube inside."""

    def spoil(s: Sample, g: str) -> np.ndarray:
        x, root = s.inputs["x"], np.sqrt(2 / np.pi)
        t = np.tanh(root * (x + 0.044715 * x**3))
        return s.gy * (0.5 * (1 + t) + 0.5 * x * (1 - t * t) * root * (1 + 0.044715 * cube(x)))

    return spoil


def _cross_entropies(s: Sample, name: str) -> np.ndarray:
    """The loss of each row, not averaged."""
    logits, labels = s.inputs["logits"], s.inputs["labels"]
    return np.log(np.exp(logits).sum(-1)) - logits[np.arange(len(labels)), labels]


def _labels_of_all_rows(s: Sample, g: str) -> np.ndarray:
    e, labels = np.exp(s.inputs["logits"]), s.inputs["labels"]
    gx = e / e.sum(-1, keepdims=True)
    gx[:, labels] -= 1
    return s.gy * gx / len(labels)


def _all_pairs(s: Sample, name: str) -> np.ndarray:
    x, y = (rows / _lengths(rows) for rows in s.inputs.values() if np.ndim(rows) == 2)
    return x @ y.T


def _exp_in_the_sum(s: Sample, g: str) -> np.ndarray:
    p = np.exp(s.right["y"])
    return s.gy - p * (s.gy * p).sum(-1, keepdims=True)


BROADCAST = ("add", "multiply", "where", "broadcast_to")
REDUCTIONS = ("reduce_mean", "reduce_max", "reduce_var")
ELEMENTWISE = ("sigmoid", "relu")
MATRICES = ("affine", "square_error_loss", "feed_forward", "weighted", "row_softmax", "centre")
DISTORTIONS = [
    Distortion("negated", "negated", lambda s, g: -s.right[g]),
    Distortion("doubled", "twice what it should be", lambda s, g: 2 * s.right[g]),
    Distortion("halved", "half of what it should be", lambda s, g: s.right[g] / 2),
    Distortion("off by a millionth", "1.000001 times", lambda s, g: s.right[g] * (1 + 1e-6)),
    Distortion("zeroed", "zero everywhere", lambda s, g: np.zeros_like(s.right[g])),
    Distortion("transposed", "transposed", lambda s, g: s.right[g].T, MATRICES),
    Distortion("mean over N", "N times too small", lambda s, g: s.right[g] / s.sizes["N"], MATRICES),
    Distortion("minus mean over N", "-1/N times", lambda s, g: -s.right[g] / s.sizes["N"], MATRICES),
    Distortion("sum for mean", "K times too large", lambda s, g: s.right[g] * s.sizes["K"], ("affine", "centre")),
    Distortion("gy ignored", "gy is ignored", lambda s, g: s.with_gy(np.ones(()))[g]),
    Distortion("gy squared", "gy**2 in place of gy", lambda s, g: s.with_gy(s.gy**2)[g]),
    Distortion("gy averaged", "gy's mean in place of gy", lambda s, g: s.with_gy(s.gy.mean())[g], (*MATRICES[:2], *ELEMENTWISE)),
    Distortion("derivative forgotten", "gy itself", lambda s, g: s.gy, ELEMENTWISE),
    Distortion("an axis lost", "axis of length 1 is lost", lambda s, g: s.right[g][0], ("affine:gb", "feed_forward:gb1")),
    Distortion("summed away", "summed over axis 0, which should stay", lambda s, g: s.right[g].sum(0), MATRICES[:1]),
    Distortion("gy along the features", "gy[:, None]", lambda s, g: s.with_gy(np.ones(()))[g] * s.gy, ("square_error_loss",), square),
    Distortion("diagonal only", "only the diagonal of the Jacobian", _softmax_diagonal, ("row_softmax",)),
    Distortion("row term lost", "constant along axis -1", lambda s, g: s.right[g] + s.right[g].sum(-1, keepdims=True), ("square_error_loss",)),
    Distortion("assigned, not added", "overwrite each other", _gather_assigned, ("gather",)),
    Distortion("an input left out", "w is not used", lambda s, g: s.with_inputs(w=np.zeros_like(s.inputs["w"]))[g], ("weighted:gx",)),
    Distortion("inputs exchanged", "x and w exchanged", lambda s, g: s.with_inputs(x=s.inputs["w"], w=s.inputs["x"])[g], ("weighted:gx",)),
    Distortion("(1 - y) forgotten", "the factor (1 - y) is missing", lambda s, g: s.right[g] / (1 - s.right["y"]), ("sigmoid",)),
    Distortion("a path cut", "sigmoid(x) is treated as a constant", lambda s, g: s.gy * s.right["y"] / s.inputs["x"], ("silu",)),
    Distortion("a path turned", "sigmoid(x) has the wrong sign", lambda s, g: 2 * s.gy * s.right["y"] / s.inputs["x"] - s.right[g], ("silu",)),
    Distortion("another number", "alpha = 1 would give", lambda s, g: s.with_inputs(alpha=1.0)[g], ("elu",)),
    Distortion("a number squared", "slope**2 in place of slope", lambda s, g: s.with_inputs(slope=s.inputs["slope"] ** 2)[g], ("leaky_relu",)),
    Distortion("another axis", "computed along axis 0", _softmax_of_columns, ("row_softmax",)),
    Distortion("another input", "2 * x in place of x", lambda s, g: s.with_inputs(x=2 * s.inputs["x"])[g], ("sigmoid", "silu")),
    Distortion("another derivative", "gy * y", lambda s, g: s.gy * s.right["y"], ("silu",)),
    Distortion("a factor a row", "a factor that is constant along axis -1", lambda s, g: s.right[g] * np.exp(s.gy[:, :1]), ("affine:gx", "centre")),
    Distortion("a factor an example", "the same for all entries", lambda s, g: s.right[g] * np.exp(s.gy.flat[0]), ("affine:gx", "centre")),
    Distortion("uses not added up", "not summed over the axes along which", lambda s, g: _by_use(s, g), BROADCAST),
    Distortion("uses averaged", "averaged over the axes along which", lambda s, g: s.right[g] * s.right[g].size / s.gy.size, BROADCAST),
    Distortion("one use", "the gradient of one use", lambda s, g: _first_use(s, g), BROADCAST),
    Distortion("another factor inside", "there is a factor a where b should be", lambda s, g: s.with_gy(s.gy * s.inputs["a"] / s.inputs["b"])[g], ("multiply:ga",)),
    Distortion("n - 1 for n", "n - 1 instead of n", lambda s, g: s.right[g] * _made_of(s) / (_made_of(s) - 1), REDUCTIONS),
    Distortion("divided by all", "m times too small", lambda s, g: s.right[g] / s.gy.size, REDUCTIONS),
    Distortion("gy to all", "gy, spread over the reduced axes", lambda s, g: _kept(s) + 0 * s.right[g], ("reduce_max", "reduce_var")),
    Distortion("the mean's term lost", "the same for all entries that make one of y", lambda s, g: _kept(s) * 2 * s.inputs["x"] / _made_of(s), ("reduce_var",)),
    Distortion("mask turned round", "True and False are exchanged", lambda s, g: s.with_inputs(condition=~s.inputs["condition"])[g], ("where",)),
    Distortion("turned once too often", "reversed along axis", lambda s, g: np.flip(s.right[g], s.inputs["axis"]), ("cumsum",)),
    Distortion("forward again", "forward once more", lambda s, g: np.cumsum(s.gy, s.inputs["axis"]), ("cumsum",)),
    Distortion("own place left out", "gy is subtracted from gx", lambda s, g: s.right[g] - s.gy, ("cumsum",)),
    Distortion("as if elementwise", "right for elementwise operations only", lambda s, g: s.gy * s.with_gy(np.ones(()))[g], ("cumsum",)),
    Distortion("the last axis", "axis = -1 would give", lambda s, g: s.with_inputs(axis=-1)[g], ("cumsum",)),
    Distortion("gy in another shape", "in their order, in the shape of x", lambda s, g: s.gy.reshape(s.right[g].shape), ("transpose",)),
    Distortion("elsewhere", "stand at other places", lambda s, g: np.roll(s.right[g], 1), ("reshape", "transpose")),
    Distortion("the first alone", "only the first of several", lambda s, g: _gathered(s, range(3, -1, -1)), ("gather",)),
    Distortion("the mean of several", "contributions are averaged", lambda s, g: s.right[g] / np.array([3, 1, *[1] * 9])[: len(s.right[g]), None], ("gather",)),
    Distortion("copies apart", "not summed over those that share an entry of x", lambda s, g: 2 * s.gy * np.repeat(s.inputs["x"], 2, 1), ("copied",)),
    Distortion("a length left out", "not divided by the length of x's rows", lambda s, g: s.right[g] * _lengths(s.inputs["x"]), ("cosine_similarity:gx",)),
    Distortion("a length's derivative", "off by a multiple of x in each row", lambda s, g: s.right[g] + s.gy[:, None] * s.inputs["x"], ("cosine_similarity:gx",)),
    Distortion("rows of length 1", "x and y with rows of length 1", lambda s, g: s.with_inputs(**{v: s.inputs[v] / _lengths(s.inputs[v]) for v in "xy"})[g], ("info_nce_loss",)),
    Distortion("half exchanged", "the mean of what it should be and of what you get with x and y exchanged", _half_exchanged, ("info_nce_loss",)),
    Distortion("targets rounded", "targets rounded to whole numbers", lambda s, g: s.with_inputs(targets=np.rint(s.inputs["targets"]))[g], ("binary_cross_entropy_with_logits",)),
    Distortion("an argument once more", "multiplied by delta once too often", lambda s, g: s.right[g] * s.inputs["delta"], ("huber_loss",)),
    Distortion("an argument added", "margin / C is added", lambda s, g: s.right[g] + s.inputs["margin"] / s.sizes["C"], ("hinge_loss",)),
    Distortion("a size less one", "divided by C - 1, but should be by C", lambda s, g: s.right[g] * s.sizes["C"] / (s.sizes["C"] - 1), ("cross_entropy", "kl_divergence")),
    Distortion("a function's factor", "a factor exp(log_q) too many", lambda s, g: s.right[g] * np.exp(s.inputs["log_q"]), ("kl_divergence",)),
    Distortion("spread", "is the sum of what the entries should be", lambda s, g: np.full(s.right[g].shape, s.right[g].sum()), ("kl_divergence", "mean_square_error")),
    Distortion("an axis inside", "what logsumexp along axis 0 would give", _softmax_over_the_batch, ("cross_entropy",)),
    Distortion("something small added", "right to a few digits only", lambda s, g: s.right[g] / (1 + 1e-6 * s.inputs["x"] ** 2), ("cosine_similarity:gx",)),
    Distortion("mean constant", "the mean is treated as a constant", _with_factors(0, 1), ("layer_norm:gx",)),
    Distortion("variance constant", "the variance is treated as a constant", _with_factors(1, 0), ("layer_norm:gx",)),
    Distortion("both constant", "the mean and the variance are treated as constants", _with_factors(0, 0), ("layer_norm:gx",)),
    Distortion("variance's sign", "through the variance has the wrong sign", _with_factors(1, -1), ("layer_norm:gx",)),
    Distortion("variance's factor", "through the variance has a wrong factor", _with_factors(1, 1.7), ("layer_norm:gx",)),
    Distortion("no division", "not divided by sqrt(var(x) + eps), as y is", lambda s, g: s.right[g] * _normalized(s)[1], ("layer_norm:gx",)),
    Distortion("a factor of ones", "gamma = 1 would give", lambda s, g: s.with_inputs(gamma=np.ones_like(s.inputs["gamma"]))[g], ("layer_norm:gx",)),
    Distortion("a factor outside", "gamma multiplies at the end", lambda s, g: s.with_inputs(gamma=np.ones_like(s.inputs["gamma"]))[g] * s.inputs["gamma"], ("layer_norm:gx",)),
    Distortion("other axis", "with the mean and the variance over axis 1", _with_factors(1, 1), ("batch_norm:gx",)),
    Distortion("eps outside", "what sqrt before the addition would give", _eps_outside_the_root, ("layer_norm:gx",)),
    Distortion("one group", "groups = 1 would give", lambda s, g: s.with_inputs(groups=1)[g], ("group_norm:gx",)),
    Distortion("another array", "x stands where (x - mean(x)) / sqrt(var(x) + eps) should be", lambda s, g: (s.gy * s.inputs["x"]).sum(0, keepdims=True), ("batch_norm:ggamma",)),
    Distortion("all kept", "mask = True everywhere", lambda s, g: s.gy / (1 - s.inputs["p"]), ("dropout",)),
    Distortion("columns summed", "reduced over axis 0, but should be over the last axis", _as(lambda x, y: torch.square(x - y).sum(0)), ("square_error_loss:y",)),
    Distortion("sum of a row", "the mean times n would give", _as(lambda x: x**2 - (x**2).sum(-1, keepdim=True)), ("centre:y", "centre:gx")),
    Distortion("a function left out", "exp is missing", _as(lambda x, w, c: (x * w * c).sum(-1)), ("weighted:y", "weighted:gw")),
    Distortion("a slope left out", "the derivative of sigmoid is missing", lambda s, g: s.gy * (_sigmoid(s.inputs["x"]) + s.inputs["x"]), ("silu",)),
    Distortion("a slope cut short", "is s, but should be s * (1 - s)", lambda s, g: s.gy * _sigmoid(s.inputs["x"]) * (1 + s.inputs["x"]), ("silu",)),
    Distortion("the other order", "tanh before exp would give", _as(lambda x: torch.exp(torch.tanh(x))), ("nested:y", "nested:gx")),
    Distortion("digits lost", "0.044715 rounded to 3 digits", _as(lambda x: 0.5 * x * (1 + torch.tanh((2 / np.pi) ** 0.5 * (x + 0.0447 * x**3)))), ("gelu:y", "gelu:gx")),
    Distortion("pieces exchanged", "exchanging", _as(_huber_turned_round), ("huber_loss:y", "huber_loss:gx")),
    Distortion("a side left out", "leaving out mean(x**2)", _as(lambda x: x**2), ("centre:y",)),
    Distortion("another factor summed", "x stands in the place of the derivative", lambda s, g: (s.gy * s.inputs["x"]).sum(0, keepdims=True), ("batch_norm:gbeta",)),
    Distortion("not averaged", "not averaged over axis 0", _cross_entropies, ("cross_entropy:y",)),
    Distortion("labels of all", "[:, labels] stands where [rows, labels] should", _labels_of_all_rows, ("cross_entropy",)),
    Distortion("another squashing", "tanh(logits) stands where sigmoid(logits) should", lambda s, g: s.gy * (np.tanh(s.inputs["logits"]) - s.inputs["targets"]) / s.inputs["logits"].size, ("binary_cross_entropy_with_logits:glogits",)),
    Distortion("one winner", "only the largest entry of all of x", lambda s, g: s.right[g] * (s.inputs["x"] == s.inputs["x"].max()), ("reduce_max",)),
    Distortion("all pairs", "computed for all pairs of rows", _all_pairs, ("cosine_similarity:y",)),
    Distortion("a log missing", "exp of what it should be", lambda s, y: np.exp(s.right[y]), ("logsumexp:y",)),
    Distortion("a mean added", "y is too large by the mean of x along the last axis", lambda s, y: s.right[y] + s.inputs["x"].mean(-1), ("logsumexp:y",)),
    Distortion("another operation", "that of gelu's other form", _as(torch.nn.functional.gelu), ("gelu:y", "gelu:gx")),
    Distortion("largest for mean", "the largest would give, in place of the mean", _as(lambda x: x**2 - (x**2).amax(-1, keepdim=True)), ("centre:y", "centre:gx")),
    Distortion("another function", "tanh in place of exp", _as(lambda x, w, c: (x.tanh() * w * c).sum(-1)), ("weighted:y", "weighted:gw", "weighted:gx")),
    Distortion("functions exchanged", "sigmoid and relu exchanged", _as(_layers(torch.relu, torch.sigmoid)), ("feed_forward:y", "feed_forward:gw2")),
    Distortion("a function too many", "one relu too many", _as(lambda x, w, b: torch.relu(x @ w + b)), ("affine:y", "affine:gx")),
    Distortion("a factor in the sum", "has a factor exp(y) too many", _exp_in_the_sum, ("log_softmax",)),
    Distortion("sum for product", "exp(x) + w in place of exp(x) * w", _as(lambda x, w, c: ((x.exp() + w) * c).sum(-1)), ("weighted:y",)),
    Distortion("a number inside", "* alpha inside expm1 would give", _as(lambda x, alpha: torch.where(x > 0, x, alpha * (torch.exp(alpha * torch.clamp(x, max=0)) - 1))), ("elu:y",)),
    Distortion("lengths by magnitudes", "the sum of the magnitudes would give, in place of the length, everywhere", _as(lambda x, y: (x * y).sum(-1) / (abs(x).sum(-1) * abs(y).sum(-1))), ("cosine_similarity:y",)),
    Distortion("the middle alone", "/ sqrt(var(x) + eps) alone", lambda s, y: _normalized(s)[0], ("layer_norm:y",)),
    Distortion("slope of the square", "is what 2 in place of 3 in x**3 would give", _gelu_with_slope(lambda x: 2 * x), ("gelu",)),
    Distortion("slope of the other quotient", "is what exchanging x and w in x / w would give", lambda s, g: s.right[g] * -((s.inputs["w"] / s.inputs["x"]) ** 2), ("ratio:gx",)),
    Distortion("slope of a part", "is what leaving out x in x / w would give", lambda s, g: s.gy * (1 - s.right["y"] ** 2), ("ratio:gw",)),
    Distortion("slope of another function", "is what tanh in place of exp in exp(x) would give", lambda s, g: s.gy * (1 - s.right["y"] ** 2) * (1 - np.tanh(s.inputs["x"]) ** 2), ("nested",)),
    Distortion("slope of a product", "is what x * w in place of x / w would give", lambda s, g: s.right[g] * s.inputs["w"] ** 2, ("ratio:gx",)),
    Distortion("cut at each step", "h is held constant from one step to the next", _as(recurrent.rnn(lambda t, steps, window: True)), ("rnn:gx", "rnn:gwh")),
    Distortion("one step's use", "only the last step's use of b counts", lambda s, g: _past_tanh(s)[-1].sum(0, keepdims=True), ("rnn:gb",)),
    Distortion("gates exchanged", "with the parts in the order z r n", _gates_exchanged, ("gru_cell:y",)),
    Distortion("not sent back", "is not sent back from there to h", lambda s, g: _past_tanh(s), ("rnn_cell:gh",)),
    Distortion("the state after", "y stands where h should be in h @ wh", lambda s, g: s.right["y"].T @ _past_tanh(s), ("rnn_cell:gwh",)),
    Distortion("a factor of a product", "the factor f is missing in the gradient of c in f * c", _without_the_gate, ("lstm_cell:gc",)),
    Distortion("a factor not transposed", "softmax(x) is not transposed", lambda s, g: np.exp(s.inputs["x"]) / np.exp(s.inputs["x"]).sum(-1, keepdims=True) @ s.gy, ("bilinear:gw",), square),
    Distortion("the sum without weights", "its sum is of the gradients alone", lambda s, g: s.right["y"] * (s.gy - s.gy.sum(-1, keepdims=True)), ("row_softmax",)),
    Distortion("another size's root", "sqrt(E) in place of sqrt(D)", _as(lambda q, k, v: torch.softmax(q @ k.mT / v.shape[-1] ** 0.5, -1) @ v), ("scaled_dot_product_attention:y",)),
    Distortion("single precision", "computed in float32", lambda s, g: s.right[g].astype(np.float32).astype(np.float64)),
]  # fmt: skip
