"""What is near enough to torch's: fewer digits never are, nor what no rounding explains; whatever an honest formula loses is."""

from collections.abc import Callable
from itertools import islice

import numpy as np
import pytest
from numpy.typing import NDArray

from tests import test_ops
from tests.harness.examples.examples import ORDINARY, Example, stream
from tests.harness.judgement import judge
from tests.harness.judgement.examiner import Examiner
from tests.harness.judgement.judge import UnsuitedExample, Wrong
from tests.harness.judgement.search import examine
from tests.harness.judgement.tolerance import at_kink, off_entries
from tests.harness.judgement.trial import Trial
from tests.harness.rows.catalogue import operations
from tests.harness.rows.late import torch
from tests.harness.rows.oracle import Truth
from tests.harness.rows.spec import Op
from tests.harness.submissions.here import Here
from tests.harness.worker.observation import Answer, Observation
from tests.meta.conventions import implementation
from tests.meta.flat import flat, written
from tests.meta.late import tensor
from tests.meta.share import share
from tests.mutants import normalization
from tests.specs import normalization as specs

ROWS = {op.name: op for ops in operations().values() for op in ops}
LEVEL = {op.name: level for level, ops in operations().items() for op in ops}
ARRAYS = [(name, number) for name, op in ROWS.items() if not op.adapter for number in range(1 + len(op.variables))]
DTYPES = [np.float64, np.float32]


def _to_bits(array: NDArray, bits: int) -> NDArray:
    """The array with so many binary digits in each number, whatever its size."""
    significand, exponent = np.frexp(array)
    return np.ldexp(np.rint(np.ldexp(significand, bits)), exponent - bits).astype(array.dtype)


def _rounded(name: str, number: int, bits: int, dtype: type) -> Here:
    """The solution, with y (0) or a gradient (from 1) rounded for inputs of this dtype."""
    op = ROWS[name]
    right = flat(op, implementation("solutions", LEVEL[name], name))

    def operation(*inputs):
        y, grad = right(*inputs)

        def rounded_grad(gy):
            gradients = grad(gy)
            several = isinstance(gradients, tuple)
            parts = [rounded(g, n) for n, g in enumerate(gradients if several else (gradients,), 1)]
            return tuple(parts) if several else parts[0]

        return rounded(y, 0), rounded_grad

    def rounded(array, n):
        return _to_bits(np.asarray(array), bits) if n == number and array.dtype == dtype else array

    return Here("rounded", {name: written(op, operation)}.get)


@pytest.mark.parametrize(("name", "number"), share(ARRAYS, 12))
def test_the_digits_of_float32_are_not_enough_for_float64(name, number):
    """The solution fails as soon as y, or one gradient, has only the 24 binary digits of float32."""
    spoilt = _rounded(name, number, 24, np.float64)
    test = test_ops.test_gradient if number else test_ops.test_forward
    assert examine(test.property, ROWS[name], spoilt, 1, shrink=False).status == "fail"


@pytest.mark.parametrize(("name", "number"), share([array for array in ARRAYS if not ROWS[array[0]].dtype], 20))
def test_the_digits_of_float16_are_not_enough_for_float32(name, number):
    """Likewise with the 11 of float16 (or TF32) for inputs in float32, in `stable`."""
    spoilt = _rounded(name, number, 11, np.float32)
    stable = test_ops.test_stable.property  # which comes after what holds: that is in float64
    assert Examiner(spoilt, 1, shrink=False).verdict(stable, ROWS[name]).status == "fail"


def _is_off(op: str, number: int, yours: NDArray, gy: NDArray, *inputs) -> NDArray:
    """Which entries of what should be y (0) or a gradient (from 1) are wrong."""
    return off_entries(np.asarray(yours), Truth(ROWS[op], inputs, gy), number, gy.dtype)[0]


SLOPES: dict[str, Callable] = {
    "by tanh": lambda x: (1 + np.tanh(x / 2)) / 2,
    "1 - 1 / (1 + e)": lambda x: 1 - 1 / (1 + np.exp(x)),
    "1 - exp(-y)": lambda x: 1 - np.exp(-np.logaddexp(0, x)),
    "exp(x - y)": lambda x: np.exp(x - np.logaddexp(0, x)),
    "1 / (1 + e)": lambda x: 1 / (1 + np.exp(-x)),
}
MAGNITUDES = np.concatenate([[0], *(sign * np.geomspace(1e-9, 1e4, 300) for sign in (1, -1))])


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("way", SLOPES)
def test_a_right_slope_is_right_in_every_operation_that_has_it(way, dtype):
    """sigmoid, softplus, softmax of two and logsumexp of two: what 1 + tanh or 1 - exp rounds to 0 may be 0 in each of them."""
    x = MAGNITUDES.astype(dtype)
    with np.errstate(over="ignore"):
        slope, rest = SLOPES[way](x), SLOPES[way](-x)
    gy, pairs = np.ones_like(x), np.stack([x, 0 * x], -1)
    probabilities = np.stack([slope, rest], -1)
    assert slope.dtype == dtype
    assert not _is_off("sigmoid", 0, slope, gy, x).any()
    assert not _is_off("sigmoid", 1, slope * rest, gy, x).any()
    assert not _is_off("softplus", 1, slope, gy, x).any()
    assert not _is_off("logsumexp", 1, probabilities, gy, pairs).any()
    assert not _is_off("softmax", 0, probabilities, np.ones_like(pairs), pairs).any()


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", ["sigmoid", "softplus"])
def test_a_slope_that_is_off_by_more_than_its_roundings_is_wrong(name, dtype):
    """A hundred machine epsilons added where the slope is almost 0 are no rounding of 1, and are found at each such place."""
    x = np.linspace(-400, -60, 50).astype(dtype)
    off = _is_off(name, 1, np.full_like(x, 100 * np.finfo(dtype).eps), np.ones_like(x), x)
    assert off.all()


def test_where_nothing_has_a_scale_of_its_own_nothing_is_lost():
    """What is multiplied and added only is never 0 where torch's is not, nor the other way round, however small."""
    a, one = np.array([1e-9]), np.array([1.0])
    assert _is_off("multiply", 0, np.array([0.0]), one, a, a).all()
    x, gamma = np.array([[1.0], [2.0]]), np.zeros((1, 1))
    gy = np.array([[1.0], [3.0]])
    assert _is_off("batch_norm", 1, np.full((2, 1), 1e-17), gy, x, gamma, gamma, 0.5).all()
    assert not _is_off("batch_norm", 1, np.zeros((2, 1)), gy, x, gamma, gamma, 0.5).any()


@pytest.mark.parametrize("difference", [1, 3])
def test_a_square_multiplied_out_is_wrong(difference):
    """x x - 2 x y + y y is off by whole numbers in float32, where x - y is exact."""
    y = np.array([[12345.0]], np.float32)
    x = y + np.float32(difference)
    gl = np.ones(1, np.float32)
    out = (x * x - 2 * x * y + y * y).sum(-1)
    assert out.dtype == np.float32
    assert out[0] != difference**2
    assert _is_off("square_error_loss", 0, out, gl, x, y).all()
    assert not _is_off("square_error_loss", 0, ((x - y) ** 2).sum(-1), gl, x, y).any()


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("offset", [0, 0.1, 100, 1e4])
def test_what_is_zero_but_for_rounding_is_right_for_every_example(offset, dtype):
    """The mean's part in the variance's derivative, with whatever factor: a channel's deviations add up to rounding."""
    rng, right = np.random.default_rng(3), normalization.batch_norm()
    for _ in range(50):
        rows = rng.integers(1, 6)
        x = (offset + rng.integers(0, 256, (rows, 3)) / 64).astype(dtype)
        gamma, beta, gy = (rng.normal(size=shape).astype(dtype) for shape in ((1, 3), (1, 3), (rows, 3)))
        gx = right(x, gamma, beta, 1e-5)[1](gy)[0]
        xc = x - x.mean(0)
        s = np.sqrt((xc * xc).mean(0) + dtype(1e-5))
        slip = (gy * gamma * xc).sum(0) / s**3 / len(x) ** 2 * xc.sum(0)
        assert not _is_off("batch_norm", 1, gx + slip, gy, x, gamma, beta, 1e-5).any()


@pytest.mark.parametrize("seed", range(20))
def test_no_entry_of_many_is_refused_by_chance(seed):
    """Of a thousand entries about 1e4, all of which lose the same digits of the mean, the noise is found for each."""
    rng = np.random.default_rng(seed)
    x = (1e4 + rng.integers(0, 256, 1000) / 64).astype(np.float32)
    gy = np.array(-395, np.float32)
    mean = x.mean() + 4 * np.finfo(np.float32).eps * np.float32(1e4)
    assert not _is_off("reduce_var", 1, 2 / np.float32(1000) * gy * (x - mean), gy, x, None, False).any()


RELU = Op("network", x="N", w="N", par=3, torch=lambda x, w: torch.relu(x * w) * 3)
BESIDE = {np.float64: 1e-9, np.float32: 1e-4}  # far for rounding


@pytest.mark.parametrize("dtype", DTYPES)
def test_a_kink_is_where_a_gradient_jumps_however_small_the_step(dtype):
    """On it, and within rounding of it, another subgradient is no mistake; a little beside it, it is."""
    network = Op("network", x="N", w="N", par=3, torch=lambda x, w: torch.relu(x * w - 1) * 3)
    w, gy = np.ones(3, dtype), np.ones(3, dtype)
    x = np.array([1, 1 + 2 * np.finfo(dtype).eps, 1 + BESIDE[dtype]], dtype)
    truth = Truth(network, (x, w), gy)
    other = 3 - truth.gradients[0]  # the slope on the other side
    for at, there in enumerate([True, True, False]):
        assert at_kink(abs(other - truth.gradients[0]), np.arange(3) == at, truth, 1) is there


def test_zeros_stand_on_kinks():
    """An input that is exactly 0 is on a kink at 0; one that is small is not."""
    truth = Truth(RELU, (np.array([0, 1e-8]), np.array([2.0, 2.0])), np.ones(2))
    wrong = np.array([6.0, 6.0])
    assert [at_kink(wrong, np.arange(2) == at, truth, 1) for at in range(2)] == [True, False]


def test_what_is_off_everywhere_is_no_kink_of_a_network():
    """A mask that is forgotten is wrong where the network is smooth, also where a gradient is 0 because of it."""
    truth = Truth(RELU, (np.array([-1.0, 2.0]), np.array([2.0, 2.0])), np.ones(2))
    assert not at_kink(np.array([6.0, 0.0]), np.array([True, False]), truth, 1)


SMOOTH = {
    "clipped at 10": ("tanh", lambda gx: np.clip(gx, -10, 10), (np.array([0.01, 0.3]),), np.array([300.0, 20.0])),
    "off by a billionth": ("tanh", lambda gx: gx * (1 + 2e-9), (np.array([0.01, 0.3]),), np.array([300.0, 20.0])),
    "a constant": ("reduce_sum", lambda gx: gx + 1e-12, (np.ones(2), None, False), np.array(0.0)),
}


@pytest.mark.parametrize("what", SMOOTH)
def test_no_error_at_a_smooth_point_is_a_kink(what):
    """What is wrong there is wrong, and no reason to drop the example."""
    name, spoil, inputs, gy = SMOOTH[what]
    right = Truth(ROWS[name], inputs, gy).gradients[0]
    with pytest.raises(Wrong):
        _hold(ROWS[name], inputs, gy, spoil(right))


def _logistic(x):
    """Forty rounds of what doubles each difference: a gradient in float64 has lost its last digits by then."""
    for _ in range(40):
        x = 4 * x * (1 - x)
    return x


def _rounded_otherwise(x):
    """Its derivative, of 4 x - 4 x^2 in the place of 4 x (1 - x)."""
    slope = np.ones(x.shape)
    for _ in range(40):
        slope, x = slope * (4 - 8 * x), 4 * x - 4 * x * x
    return slope


LOGISTIC = Op("logistic", x="N", par=3, torch=_logistic)
APART = np.array([0.3, 0.41, 0.77])


def test_what_is_wrong_by_far_more_than_chaos_makes_is_wrong():
    """A gradient that is one percent too large is so where the last digits of the right one mean nothing, too."""
    right = Truth(LOGISTIC, (APART,), np.ones(3)).gradients[0]
    with pytest.raises(Wrong):
        _hold(LOGISTIC, (APART,), np.ones(3), right * 1.01)


def _shifted(normalized: Callable) -> Callable:
    return lambda x, b: normalized(x + b, -1, 1e-5)


@pytest.mark.parametrize("seed", range(20))
def test_what_the_mean_loses_is_forgiven_in_the_slope_of_a_normalization(seed):
    """Where a block adds up the slope over the features, that is all that is left of it: spelt out in steps, they cancel."""
    shifted = Op(
        "shifted",
        x="N D",
        b="N 1",
        par=3,
        torch=_shifted(specs.normalized),
        otherwise=(_shifted(specs.by_the_formula),),
    )
    rng = np.random.default_rng(seed)
    x = (rng.choice([3.0, 30.0, 300.0]) + rng.uniform(-1, 1, (1, 2))).astype(np.float32)
    _, grad = implementation("solutions", "normalization", "layer_norm")(
        x, np.ones(2, x.dtype), np.zeros(2, x.dtype), 1e-5
    )
    gy = np.array([[1, -1]], np.float32)
    gx, *_ = grad(gy)
    _hold(shifted, (x, np.zeros((1, 1), np.float32)), gy, gx, gx.sum(-1, keepdims=True))


def _larger(x, b):
    """The larger of two large numbers, smoothly: b decides, which is lost in them in float32."""
    return torch.logsumexp(x * 3e9 + b, -1)


LARGER = Op("larger", x="N", b="N", par=3, torch=_larger)
LARGE_ONES = (np.ones(2, np.float32), np.array([33, 0], np.float32))


CHOSEN = Op("chosen", x="N", v="N", par=3, torch=lambda x, v: (torch.softmax(x * 1e16, -1) * v).sum(-1))


UNSUITED = {
    "chaotic": (LOGISTIC, (APART,), np.ones(3), lambda _: [_rounded_otherwise(APART)]),
    "at a kink, where rounding makes the scores of a softmax equal": (
        *(CHOSEN, (np.array([1, 1 + 2**-23], np.float32), np.array([3, 5], np.float32)), np.ones((), np.float32)),
        lambda _: [np.array([-5e15, 5e15], np.float32), np.array([0.5, 0.5], np.float32)],
    ),
    "at a kink, where large ones differ by little": (
        *(LARGER, LARGE_ONES, np.ones((), np.float32)),
        lambda _: [np.array([1.5e9, 1.5e9], np.float32), np.array([0.5, 0.5], np.float32)],
    ),
    "at a kink, beside which a row has one end": (
        *(ROWS["l2_normalize"], (np.array([[0.3, 0.4]], np.float32), 0.5), np.array([[1, 2]], np.float32)),
        lambda _: [np.array([[2, 4]], np.float32)],  # of a norm that is 0.5 at most; it is 1e-8 more
    ),
    "at a kink": (RELU, (np.zeros(2), np.ones(2)), np.ones(2), lambda gradients: [g + 3 for g in gradients]),
    "not finite": (Op("quotient", x="N", par=3, torch=lambda x: 1 / x), (np.zeros(2),), np.ones(2), lambda gradients: gradients),
}  # fmt: skip


@pytest.mark.parametrize("reason", UNSUITED)
def test_a_dropped_example_has_a_reason(reason):
    """So that it can be counted which rows drop more than a few, and why."""
    op, inputs, gy, spoil = UNSUITED[reason]
    gradients = [np.array(g) for g in spoil(Truth(op, inputs, gy).gradients)]
    with pytest.raises(UnsuitedExample) as dropped:
        _hold(op, inputs, gy, *gradients)
    assert dropped.value.reason == reason.partition(",")[0]


def _hold(op, inputs: tuple, gy: NDArray, *gradients: NDArray) -> None:
    truth = Truth(op, inputs, gy)
    container = "tuple" if len(gradients) > 1 else ""
    seen = Observation((Answer((truth.y,)), Answer(tuple(gradients), container)))
    judge.gradient(Trial(op, (Example(inputs, gy),), lambda *_: seen), seen, truth)


PLAIN = """
    __eq__ __get__ __getitem__ __invert__ __len__ __or__ __rdiv__ __rpow__ __rsub__ add amax any arange broadcast_to called cat chunk clamp cumsum detach div double
    einsum eye flatten fold gt huber_loss kl_div le leaky_relu linalg_vector_norm lt matmul max mean minimum mse_loss mul multi_margin_loss ne neg
    nll_loss norm pad permute pow relu repeat_interleave reshape sqrt square squeeze stack sub sum tensor topk transpose unbind unfold var where
"""
"""What the rows call that is homogeneous: a product, a sum, a root."""


def called(work: Callable[[], object]) -> set[str]:
    """The names of the functions of torch that are called."""
    import torch

    class Called(torch.overrides.TorchFunctionMode):
        def __torch_function__(self, func, types, args=(), kwargs=None):
            names.add(func.__name__)
            return func(*args, **(kwargs or {}))

    names: set[str] = set()
    with Called():
        work()
    return names


@pytest.mark.parametrize("name", ROWS)
def test_no_function_of_a_row_hides_a_scale(name):
    """torch.softplus, say, adds 1 inside, where nobody sees what rounds: a row spells it out, or noise.py knows it."""
    from tests.harness.rows import noise

    for (example,) in islice(stream(ROWS[name], ORDINARY, seed=1), 10):
        names = called(lambda inputs=example.inputs: ROWS[name].torch(*map(tensor, inputs)))
        assert names <= {*PLAIN.split(), *noise.NATURAL, *noise.IN_STEPS}


def test_each_run_of_large_arrays_moves_otherwise():
    """After an array of more entries than there are random numbers, two runs move the next one by other amounts."""
    from tests.harness.rows import noise

    moves = []
    for seed in (0, 2):
        jitter = noise.Jitter(seed, noise.Move(relative=1.0), noise.Move())
        jitter.input(torch.ones(20_000))
        moves.append(jitter.input(torch.ones(5)))
    assert not torch.equal(*moves)
