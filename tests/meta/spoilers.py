"""Ways of spoiling a right operation, and ways of being odd and right: a table. Each row is tried with every solution.

    python -m tests.meta.spoilers [words of a name]     how many operations of each row the public tests and the hidden ones catch

What the wrappers do is in spoiling.py; what must come of them, in test_spoilers.py.
"""

import argparse
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from tests.harness.rows.spec import Operation
from tests.meta import spoiling, suspects
from tests.meta.spoiling import Spoil, in_gradients, in_gy, in_inputs, in_y, off
from tests.meta.test_mutants import OPERATIONS

Few = dict[str, str]


@dataclass(frozen=True)
class Spoiler:
    """A way of spoiling every operation. `caught`: `public` or `hidden`, the run that must tell; `fast`, if only large arrays do.

    `but`: operation -> why what comes of it is right, or cannot be told from what is right.
    """

    name: str
    spoil: Spoil
    caught: str = "public"
    but: Few = field(default_factory=dict)


def few(names: str, why: str) -> Few:
    """These operations, for one reason."""
    return dict.fromkeys(names.split(), why)


def unless(able: Callable[[Operation], bool], why: str) -> Few:
    """All operations but the able ones, for one reason."""
    return {op.name: why for op in OPERATIONS.values() if not able(op)}


NUMBER = (
    "tensor_sum feed_forward mean_square_error huber_loss hinge_loss binary_cross_entropy_with_logits cross_entropy "
    "kl_divergence info_nce_loss"
)
NOT_NEGATIVE = (
    "sigmoid relu square_error_loss feed_forward softplus softmax mean_square_error huber_loss hinge_loss "
    "binary_cross_entropy_with_logits cross_entropy info_nce_loss reduce_var"
)
BOUNDED = few("sigmoid tanh softmax cosine_similarity l2_normalize", "its y lies between -1 and 1")
A_NUMBER = few(NUMBER, "its y is one number")
ONE_VARIABLE = unless(lambda op: len(op.variables) > 1, "it has one gradient")
NEVER_BARE = unless(lambda op: set(op.shapes.values()) <= {"...", "~..."}, "its inputs are never numbers")
NEVER_DEEP = unless(lambda op: bool(op.runs), "its inputs have always as many dimensions")
NO_PAIR = unless(lambda op: len(op.shapes) > 1, "it has one array")
NO_LABELS = unless(lambda op: {"labels", "indices"} & set(op.inputs), "it has no labels")
NO_AXIS = unless(lambda op: "axis" in op.inputs, "it has no axis")
NO_MASK = unless(lambda op: {"mask", "condition"} & set(op.inputs), "it has no mask")
CONSTANT = few("tensor_sum", "all of its gradient is one number, and a sum has no order")


def through(dtype: str) -> spoiling.Change:
    """Rounded to what a narrower dtype has, and cast back; what is beyond its range stays."""
    limit = np.finfo(dtype).max
    return lambda a: np.where(abs(a) < limit, np.clip(a, -limit, limit).astype(dtype), a).astype(a.dtype)


def of_dtype(dtype: str) -> spoiling.Condition:
    """Whether the floats are of this dtype."""
    return lambda arrays: any(a.dtype == dtype for a in arrays)


def larger(size: int) -> spoiling.Condition:
    """Whether an input has more entries than that."""
    return lambda arrays: any(a.size > size for a in arrays)


def of_rank(rank: int) -> spoiling.Condition:
    """Whether the input of the most dimensions has so many."""
    return lambda arrays: max(a.ndim for a in arrays) == rank


def with_entry(such: Callable) -> spoiling.Condition:
    """Whether there is an entry such as this."""
    return lambda arrays: any(np.any(such(a)) for a in arrays)


def is_strided(a: np.ndarray) -> bool:
    """Whether an array lies in memory in another way than usual."""
    return not a.flags.c_contiguous


def _both(
    name: str, change: spoiling.Change, caught: str = "public", y: Few = {}, gradients: Few = {}
) -> list[Spoiler]:  # noqa: B006
    return [
        Spoiler(f"y {name}", in_y(change), caught, y),
        Spoiler(f"gradients {name}", in_gradients(change), caught, gradients),
    ]


def _wrong(name: str, only: spoiling.Condition, caught: str = "public", but: Few = {}) -> list[Spoiler]:  # noqa: B006
    return [
        Spoiler(f"y wrong {name}", in_y(off, only), caught, but),
        Spoiler(f"gradients wrong {name}", in_gradients(off, only), caught, but),
    ]


def _same_object(inputs: tuple) -> bool:
    arrays = [i for i in inputs if isinstance(i, np.ndarray)]
    return len({id(a) for a in arrays}) < len(arrays)


def _for_one_array_twice(operation):
    def spoilt(*inputs):
        y, grad = operation(*inputs)
        return y, (lambda gy: spoiling.each(off, grad(gy))) if _same_object(inputs) else grad

    return spoilt


def _wrong_for(such: Callable[[object], bool]) -> Spoil:
    """y is wrong where an input, array or not, is such."""

    def spoil(operation):
        def spoilt(*inputs):
            y, grad = operation(*inputs)
            return off(np.asarray(y)) if any(map(such, inputs)) else y, grad

        return spoilt

    return spoil


def _swapped(grad, gy, _):
    gradients = list(grad(gy)) if isinstance(answer := grad(gy), tuple) else [answer]
    for one in range(len(gradients)):
        for other in range(one):
            if gradients[one].shape == gradients[other].shape:
                gradients[one], gradients[other] = gradients[other], gradients[one]
    return tuple(gradients) if isinstance(answer, tuple) else answer


def _warned(a):
    np.exp(a.dtype.type(1e6))
    return a


SPOILERS = [
    # What is kept between calls.
    Spoiler("gradients in one buffer of the closure", spoiling.by_closure(lambda grad: spoiling.buffered(grad, {}))),
    Spoiler("gradients in one buffer of the operation", spoiling.one_buffer_for_gradients),
    Spoiler("y in one buffer of the operation", spoiling.one_buffer_for_y),
    Spoiler("y and a gradient in one memory", spoiling.one_memory),
    Spoiler("memo by id()", spoiling.memo(spoiling.ids)),
    Spoiler("memo by content", spoiling.memo(spoiling.contents)),
    Spoiler("memo of grad, whatever gy", spoiling.memo_of_grad(lambda gy: 0)),
    Spoiler("memo of grad by gy's shape", spoiling.memo_of_grad(lambda gy: gy.shape)),
    Spoiler("memo of grad by gy's id()", spoiling.memo_of_grad(id)),
    Spoiler("memo of grad by gy's content", spoiling.memo_of_grad(lambda gy: spoiling.contents((gy,)))),
    Spoiler("grad right the first time only", spoiling.counting(lambda n: n == 1)),
    Spoiler("grad right twice only", spoiling.counting(lambda n: n <= 2)),
    Spoiler("grad right from the third time on", spoiling.counting(lambda n: n >= 3)),
    Spoiler("gradients add up", spoiling.by_closure(spoiling.adding_up)),
    Spoiler("closures answer for the latest call", spoiling.the_latest),
    Spoiler("wrong for one array given twice", _for_one_array_twice, but=NO_PAIR),
    # What is changed in place.
    Spoiler("inputs changed", spoiling.changing_inputs()),
    Spoiler("inputs changed in grad", spoiling.changing_inputs_in_grad()),
    Spoiler("inputs changed, float32 only", spoiling.changing_inputs(lambda a: a.dtype == "f4")),
    Spoiler("inputs changed in grad, float32 only", spoiling.changing_inputs_in_grad(lambda a: a.dtype == "f4")),
    Spoiler("inputs changed where not C-contiguous", spoiling.changing_inputs(is_strided), "hidden"),
    Spoiler("inputs changed where larger than 50", spoiling.changing_inputs(lambda a: a.size > 50)),
    Spoiler("inputs changed and restored", spoiling.changing_inputs(restored=True), "hidden"),
    Spoiler("gy changed", spoiling.changing_gy()),
    Spoiler("gy changed, float32 only", spoiling.changing_gy(lambda a: a.dtype == "f4")),
    Spoiler("gy changed where not C-contiguous", spoiling.changing_gy(is_strided), "hidden", A_NUMBER),
    # Precision.
    *_both("through float32", through("f4")),
    *_both("of float32 through float16", lambda a: through("f2")(a) if a.dtype == "f4" else a),
    Spoiler("inputs through float32", in_inputs(through("f4"))),
    Spoiler("gy through float32", in_gy(through("f4"))),
    *_both("plus 1e-8", lambda a: a + 1e-8),
    *_both("plus 1e-12", lambda a: a + 1e-12),
    *_both("times 1 + 1e-8", lambda a: a * (1 + 1e-8)),
    *_both("rounded to 8 places", lambda a: np.round(a, 8)),
    *_both("with less than 1e-9 cut off", lambda a: np.where(abs(a) < 1e-9, 0, a)),
    *_both("always float32", lambda a: a.astype("f4")),
    *_both("always float64", lambda a: a.astype("f8")),
    # Values.
    *(row for c in (10, 12, 14, 100) for row in _both(f"clipped at {c}", lambda a, c=c: np.clip(a, -c, c), y=BOUNDED)),
    *_both("floored", np.floor),
    *_both("squeezed", np.squeeze, y=A_NUMBER),
    *_both("without sign", np.abs, y=few(NOT_NEGATIVE, "its y is never negative")),
    Spoiler("gy without sign", in_gy(np.abs)),
    Spoiler("gy's sign for gy", in_gy(np.sign)),
    Spoiler("gy's first entry for all of gy", in_gy(lambda a: np.full_like(a, a.flat[0])), but=A_NUMBER),
    Spoiler("0 for a gy of ones", in_gy(np.zeros_like, lambda gy: np.all(gy[0] == 1))),
    Spoiler("gy clipped at 100", in_gy(lambda a: np.clip(a, -100, 100))),
    Spoiler("gradients in the wrong order where shapes agree", spoiling.around_grad(_swapped), but=ONE_VARIABLE | few("add", "they are alike")),
    Spoiler("one gradient in a tuple", in_gradients(lambda a: (a,))),
    Spoiler("NaN in y where an input is 0", in_y(lambda a: a * np.nan, with_entry(lambda a: a == 0))),
    Spoiler("NaN in y where an input is above 1000", in_y(lambda a: a * np.nan, with_entry(lambda a: a > 1000))),
    Spoiler("NaN in gradients where an input is above 1000", in_gradients(lambda a: a * np.nan, with_entry(lambda a: a > 1000))),
    *_both("with a warning", _warned),
    # Only for some examples.
    *_wrong("in the last entry", spoiling.always),
    *(row for n in (4, 16, 50) for row in _wrong(f"for more than {n} entries", larger(n))),
    *_wrong("for more than 256 entries", larger(256), "fast"),
    *_wrong("for numbers", of_rank(0), but=NEVER_BARE),
    *_wrong("for 4 dimensions", of_rank(4), but=NEVER_DEEP),
    *_wrong("for float32", of_dtype("f4")),
    *_wrong("for -0.0", with_entry(lambda a: (a == 0) & np.signbit(a) if a.dtype.kind == "f" else False)),
    *_wrong("where an input is 1", with_entry(lambda a: a == 1)),
    *_wrong("for values above 1000", with_entry(lambda a: a > 1000)),
    *_wrong("for values between 0 and 1e-6", with_entry(lambda a: (abs(a) > 0) & (abs(a) < 1e-6))),
    *_wrong("where dimensions are unequal", lambda arrays: any(len({*a.shape, 1}) > 2 for a in arrays)),
    Spoiler("wrong for int32 labels", _wrong_for(lambda i: getattr(i, "dtype", None) == "i4"), but=NO_LABELS),
    Spoiler("wrong for an axis that is NumPy's", _wrong_for(lambda i: isinstance(i, np.integer)), but=NO_AXIS),
    Spoiler("wrong for a mask without True", _wrong_for(lambda i: getattr(i, "dtype", None) == bool and i.size > 1 and not i.any()), but=NO_MASK),
    Spoiler("wrong for a mask that is all True", _wrong_for(lambda i: getattr(i, "dtype", None) == bool and i.size > 1 and i.all()), but=NO_MASK),
    # How arrays lie in memory.
    Spoiler("inputs read in the order of memory", in_inputs(lambda a: a.ravel(order="K").reshape(a.shape)), "hidden", CONSTANT),
    Spoiler("gy read in the order of memory", in_gy(lambda a: a.ravel(order="K").reshape(a.shape)), "hidden", A_NUMBER),
    Spoiler("inputs wrong where they are views", in_inputs(lambda a: a if a.base is None else off(a)), "hidden"),
    Spoiler("wrong for a broadcast gy", in_gy(off, lambda gy: 0 in gy[0].strides and gy[0].size > 1), "hidden", A_NUMBER),
    Spoiler("wrong for arrays that are read-only", in_y(off, lambda arrays: not all(a.flags.writeable for a in arrays)), "hidden"),
]  # fmt: skip

HARMLESS = [
    Spoiler("a list of gradients", spoiling.around_grad(lambda grad, gy, _: list(g) if isinstance(g := grad(gy), tuple) else g)),
    Spoiler("arrays for numbers", spoiling.in_both(np.asarray)),
    Spoiler("numbers for arrays without dimensions", spoiling.in_both(lambda a: a[()])),
    Spoiler("inputs, gy and views of them", spoiling.handing_back),
    Spoiler("-0.0 for 0", spoiling.in_both(lambda a: np.where(a == 0, a.dtype.type(-0.0), a))),
    Spoiler("off by one unit in the last place", spoiling.in_both(lambda a: a * (1 + np.finfo(a.dtype).eps))),
    Spoiler("answers that are read-only", spoiling.in_both(spoiling.frozen)),
    Spoiler("answers in Fortran order", spoiling.in_both(np.asfortranarray)),
    Spoiler("answers that are strided", spoiling.in_both(lambda a: np.repeat(a[..., None], 2, -1)[..., 0])),
    Spoiler("copies of what is given", in_inputs(np.array)),
    Spoiler("gy in a copy", in_gy(np.array)),
    Spoiler("memo that hands out copies", spoiling.memo_of_copies),
]  # fmt: skip


def main() -> None:
    """Try the rows, and print how many operations are caught."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("words", nargs="*", help="of the names of rows")
    parser.add_argument("--jobs", type=int, default=1)
    options = parser.parse_args()
    rows = [row for row in [*SPOILERS, *HARMLESS] if " ".join(options.words) in row.name]
    print("public hidden of")
    for row in rows:
        pairs = [(row.name, op) for op in OPERATIONS if op not in row.but]
        left = [found for found in suspects.tried(_tried, pairs, options.jobs) if found[1] != "public"]
        unseen = [op for op, run in left if not run]
        print(f"{len(pairs) - len(left):6} {len(left) - len(unseen):6} {len(pairs):2} {row.name}", *unseen, flush=True)


def _tried(pair: tuple[str, str]) -> tuple[str, str]:
    """The operation, and the first run that catches it."""
    name, op = pair
    row = next(row for row in [*SPOILERS, *HARMLESS] if row.name == name)
    function = lambda: row.spoil(suspects.solution(op))  # noqa: E731 (a new one, that has seen no call)
    if suspects.caught_in_public(op, function()):
        return op, "public"
    if suspects.caught_in_hidden(op, function()):
        return op, "hidden"
    return op, "fast" if row.caught == "fast" and suspects.caught_by_fast(op, function()) else ""


if __name__ == "__main__":
    main()
