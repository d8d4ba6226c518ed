"""Ways of spoiling a right operation, and ways of being odd and right: a table. Each row is tried with every solution.

    python -m tests.meta.spoilers [words of a name]     how many operations of each row the public tests and the hidden ones catch

What the wrappers do is in spoiling.py; what must come of them, in test_spoilers.py.
"""

import argparse
import re
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from tests.meta import keeping, spoiling, suspects
from tests.meta.circumstances import (
    Only,
    has_entries,
    has_rows,
    has_runs,
    has_several,
    has_several_arrays,
    is_all,
    is_broadcast,
    is_frozen,
    is_int32,
    is_negative_zero,
    is_strided,
    larger,
    of_dtype,
    of_rank,
    takes,
    takes_numbers,
    with_entry,
)
from tests.meta.spoiling import Spoil, in_gradients, in_gy, in_inputs, in_y, off
from tests.meta.test_mutants import OPERATIONS

FUNCTIONS = {name: op for name, op in OPERATIONS.items() if not op.adapter}  # a class is spoilt in test_graphs.py
Few = dict[str, str]
HIDDEN = {"layout": suspects.caught_by_layout, "fast": suspects.caught_by_fast}
"""The hidden properties. All others are public: a candidate would want to know."""


@dataclass(frozen=True)
class Spoiler:
    """A way of spoiling an operation. `by`: the property that should tell first; any other of the public ones will do, too.

    `only`: where it means anything. `but`: operation -> why what comes of it is right, or cannot be told from what is right.
    """

    name: str
    spoil: Spoil
    by: str = "forward"
    only: Only = lambda op: True
    but: Few = field(default_factory=dict)

    @property
    def ops(self) -> list[str]:
        """The operations for which it must be told: of what spoils grad alone, those that have one."""
        of_grad = re.search(r"\bgrad|\bgy\b|\bclosure", self.name)
        of_float32 = self.name.startswith("y of float32")  # which y is not where it has a dtype of its own
        has_it = [op for op in FUNCTIONS.values() if (op.variables or not of_grad) and not (op.dtype and of_float32)]
        return [op.name for op in has_it if self.only(op) and op.name not in self.but]


def few(names: str, why: str) -> Few:
    """These operations, for one reason."""
    return dict.fromkeys(names.split(), why)


BOUNDED = few(
    "sigmoid tanh softmax cosine_similarity l2_normalize rnn_cell rnn lstm truncated_rnn", "its y lies between -1 and 1"
)
SHORT = {100: few("clip_grad_norm", "what it returns is no longer than max_norm, which is seldom so large")}
NUMBER = few(
    "tensor_sum feed_forward mean_square_error huber_loss hinge_loss binary_cross_entropy_with_logits cross_entropy "
    "kl_divergence info_nce_loss mlp "
    "smoothed_cross_entropy dpo_loss ppo_clip_loss",
    "its y is a number, which nobody can change, and the closure gives new arrays each time",
)
NOT_NEGATIVE = few(
    "mlp sigmoid relu square_error_loss feed_forward softplus softmax mean_square_error huber_loss hinge_loss "
    "binary_cross_entropy_with_logits cross_entropy info_nce_loss reduce_var "
    "smoothed_cross_entropy dpo_loss",
    "its y is never negative",
)
AWAY_FROM_0 = few("cosine_similarity", "its inputs are at least 0.1 in magnitude")
SELDOM_SMALL = few(
    "binary_cross_entropy_with_logits", "its y is seldom below 1e-3, where 1e-12 is within the tolerance"
)
OF_OTHER_RANKS = few("depthwise_conv2d", "no two of its arrays have as many axes")
ALIKE = few("add", "its gradients are alike where their shapes are") | OF_OTHER_RANKS
ROUNDED = few(
    "multi_head_attention", "where y is large its scores are 1e15, and a log-sum-exp of them rounds more than that"
)
CONSTANT = few("tensor_sum", "all of its gradient is one number, and a sum has no order")


def through(dtype: str) -> spoiling.Change:
    """Rounded to what a narrower dtype has, and cast back; what is beyond its range stays."""
    limit = np.finfo(dtype).max
    return lambda a: np.where(abs(a) < limit, np.clip(a, -limit, limit).astype(dtype), a).astype(a.dtype)


def without_little(a: np.ndarray) -> np.ndarray:
    """The array with 0 for what is small."""
    return np.where(abs(a) < 1e-9, a.dtype.type(0), a)


def in_memory(a: np.ndarray) -> np.ndarray:
    """The array as somebody reads it who takes its memory for that of an array in the usual order."""
    forward = a[tuple(slice(None, None, -1 if stride < 0 else 1) for stride in a.strides)]
    return forward.ravel(order="K").reshape(a.shape)


def _both(
    name: str, change: spoiling.Change, by: str = "", only: Only = lambda op: True, y: Few | None = None
) -> list[Spoiler]:
    """y and gradients, each alone."""
    return [
        Spoiler(f"y {name}", in_y(change), by or "forward", only, y or {}),
        Spoiler(f"gradients {name}", in_gradients(change), by or "gradient"),
    ]


def _wrong(
    name: str,
    such: spoiling.Condition,
    by: str = "",
    only: Only = lambda op: True,
    but: Few | None = None,
    y: Few | None = None,
) -> list[Spoiler]:
    """y and gradients, each alone, wrong in the last entry where the inputs are such. `y`: exceptions for y alone."""
    return [
        Spoiler(f"y wrong {name}", in_y(off, such), by or "forward", only, (but or {}) | (y or {})),
        Spoiler(f"gradients wrong {name}", in_gradients(off, such), by or "gradient", only, but or {}),
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
    Spoiler(
        "gradients in one buffer of the closure", spoiling.by_closure(lambda grad: keeping.buffered(grad, {})), "pure"
    ),
    Spoiler("gradients in one buffer of the operation", keeping.one_buffer_for_gradients, "pure"),
    Spoiler("y in one buffer of the operation", keeping.one_buffer_for_y, "pure"),
    Spoiler("y and a gradient in one memory", keeping.one_memory, "pure"),
    Spoiler("memo by id()", keeping.memo(keeping.ids), "pure"),
    Spoiler("memo by content", keeping.memo(keeping.contents), "pure", but=NUMBER),
    Spoiler("memo of grad, whatever gy", keeping.memo_of_grad(lambda gy: 0), "pure"),
    Spoiler("memo of grad by gy's shape", keeping.memo_of_grad(lambda gy: gy.shape), "pure"),
    Spoiler("memo of grad by gy's id()", keeping.memo_of_grad(id), "pure"),
    Spoiler("memo of grad by gy's content", keeping.memo_of_grad(lambda gy: keeping.contents((gy,))), "pure"),
    Spoiler("grad right the first time only", keeping.counting(lambda n: n == 1), "pure"),
    Spoiler("grad right twice only", keeping.counting(lambda n: n <= 2), "pure"),
    Spoiler("grad right from the third time on", keeping.counting(lambda n: n >= 3), "gradient"),
    Spoiler("gradients add up", spoiling.by_closure(keeping.adding_up), "pure"),
    Spoiler("closures answer for the latest call", keeping.the_latest, "pure"),
    Spoiler(
        "gradients wrong for one array given twice",
        _for_one_array_twice,
        "pure",
        only=has_several_arrays,
        but=OF_OTHER_RANKS,
    ),
    # What is changed in place.
    Spoiler("inputs changed", spoiling.changing_inputs(), "pure"),
    Spoiler("inputs changed in grad", spoiling.changing_inputs_in_grad(), "pure"),
    Spoiler("inputs changed, float32 only", spoiling.changing_inputs(lambda a: a.dtype == "f4"), "stable"),
    Spoiler(
        "inputs changed in grad, float32 only", spoiling.changing_inputs_in_grad(lambda a: a.dtype == "f4"), "stable"
    ),
    Spoiler("inputs changed where not C-contiguous", spoiling.changing_inputs(is_strided), "layout"),
    Spoiler("inputs changed where larger than 30", spoiling.changing_inputs(lambda a: a.size > 30), "gradient"),
    Spoiler("inputs changed and restored", spoiling.changing_inputs(restored=True), "layout"),
    Spoiler("gy changed", spoiling.changing_gy(), "pure"),
    Spoiler("gy changed, float32 only", spoiling.changing_gy(lambda a: a.dtype == "f4"), "stable"),
    Spoiler("gy changed where not C-contiguous", spoiling.changing_gy(is_strided), "layout", has_entries),
    # Precision.
    *_both("through float32", through("f4")),
    *_both("of float32 through float16", lambda a: through("f2")(a) if a.dtype == "f4" else a, "stable", y=ROUNDED),
    Spoiler("inputs through float32", in_inputs(through("f4")), "forward"),
    Spoiler("gy through float32", in_gy(through("f4")), "gradient"),
    *_both("plus 1e-8", lambda a: a + 1e-8),
    *_both("plus 1e-12", lambda a: a + 1e-12, y=SELDOM_SMALL),
    *_both("times 1 + 1e-8", lambda a: a * (1 + 1e-8)),
    *_both("rounded to 8 places", lambda a: np.round(a, 8)),
    Spoiler(
        "gradients without what is below 1e-9",
        in_gradients(without_little),
        "gradient",
        but=few(
            "smoothed_cross_entropy", "with smoothing, and where rows are ignored, few of its entries are so small"
        ),
    ),
    *_both("always float32", lambda a: a.astype("f4")),
    *_both("always float64", lambda a: a.astype("f8"), "stable", y=few("numeric_gradient", "it is float64 always")),
    # Values.
    *(
        row
        for c in (12, 100)
        for row in _both(f"clipped at {c}", lambda a, c=c: np.clip(a, -c, c), "stable", y=BOUNDED | SHORT.get(c, {}))
    ),
    *_both("floored", np.floor),
    *_both(
        "squeezed",
        np.squeeze,
        only=has_entries,
        y=few("momentum rmsprop adam adamw", "its values are spoilt as one row"),
    ),
    *_both("without sign", np.abs, y=NOT_NEGATIVE),
    Spoiler("gy without sign", in_gy(np.abs), "gradient"),
    Spoiler("gy's sign for gy", in_gy(np.sign), "gradient"),
    Spoiler(
        "gy's first entry for all of gy", in_gy(lambda a: np.full_like(a, a.flat[0])), "gradient", only=has_entries
    ),
    Spoiler(
        "0 for a gy of ones",
        in_gy(np.zeros_like, lambda gy: np.all(gy[0] == 1)),
        "gradient",
        but=few("softmax", "for it, its gradient is 0"),
    ),
    Spoiler("gy clipped at 100", in_gy(lambda a: np.clip(a, -100, 100)), "stable"),
    Spoiler(
        "gradients swapped where shapes agree", spoiling.around_grad(_swapped), "gradient", only=has_several, but=ALIKE
    ),
    Spoiler("each gradient in a tuple", in_gradients(lambda a: (a,)), "gradient"),
    Spoiler(
        "NaN in y where an input is 0",
        in_y(lambda a: a * np.nan, with_entry(lambda a: a == 0)),
        "forward",
        but=AWAY_FROM_0,
    ),
    *_both("with a warning", _warned, "stable"),
    # Only for some examples.
    *_wrong("in the last entry", spoiling.always),
    *(row for n in (16, 30) for row in _wrong(f"for more than {n} entries", larger(n))),
    *_wrong("for more than 256 entries", larger(256), "fast", y=few("numeric_gradient", "its `fast` is not asked")),
    *_wrong("for numbers", of_rank(0), only=takes_numbers),
    *_wrong("for 4 dimensions", of_rank(4), only=has_runs),
    *_wrong("for float32", of_dtype("f4"), "stable"),
    *_wrong("for -0.0", with_entry(is_negative_zero), but=AWAY_FROM_0),
    *_wrong(
        "for values above 1000",
        with_entry(lambda a: a > 1000),
        "stable",
    ),
    *_wrong(
        "for values between 0 and 1e-6", with_entry(lambda a: (abs(a) > 0) & (abs(a) < 1e-6)), "stable", but=AWAY_FROM_0
    ),
    *_wrong("where dimensions are unequal", lambda arrays: any(len({*a.shape, 1}) > 2 for a in arrays), only=has_rows),
    Spoiler("wrong for int32 labels", _wrong_for(is_int32), "forward", only=takes("labels", "indices")),
    Spoiler(
        "wrong for an axis that is NumPy's",
        _wrong_for(lambda i: isinstance(i, np.integer)),
        "forward",
        only=takes("axis"),
    ),
    Spoiler("wrong for a mask without True", _wrong_for(is_all(False)), "forward", only=takes("mask", "condition")),
    Spoiler("wrong for a mask that is all True", _wrong_for(is_all(True)), "forward", only=takes("mask", "condition")),
    # How arrays lie in memory.
    Spoiler("inputs read in the order of memory", in_inputs(in_memory), "layout", but=CONSTANT),
    Spoiler("gy read in the order of memory", in_gy(in_memory), "layout", has_entries),
    Spoiler("inputs wrong where they are views", in_inputs(lambda a: a if a.base is None else a**2 + 1), "layout"),
    Spoiler("wrong for a broadcast gy", in_gy(off, is_broadcast), "layout", has_entries),
    Spoiler("wrong for arrays that are read-only", in_y(off, is_frozen), "layout"),
]

HARMLESS = [
    Spoiler("a list of gradients, from copies", spoiling.listed),
    Spoiler("-0.0 for 0, read-only and strided", spoiling.in_both(lambda a: spoiling.frozen(np.where(a == 0, -a, a)))),
    Spoiler("numbers, off by one unit in the last place", spoiling.in_both(lambda a: (a * (1 + np.finfo(a.dtype).eps))[()])),
    Spoiler("inputs, gy and views of them", spoiling.handing_back),
    Spoiler("memo that hands out copies in Fortran order", keeping.memo_of_copies),
]  # fmt: skip


def told(row: Spoiler, op: str) -> str:
    """Which property tells that the operation is spoilt, and what it says; empty where none does that should."""
    how = HIDDEN[row.by](op, row.spoil(suspects.solution(op))) if row.by in HIDDEN else ""
    return how or suspects.caught_in_public(op, row.spoil(suspects.solution(op)), first=row.by)


def main() -> None:
    """Try the rows, and print how many operations are caught, and which are not."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("words", nargs="*", help="of the names of rows")
    parser.add_argument("--jobs", type=int, default=1)
    options = parser.parse_args()
    rows = [row for row in [*SPOILERS, *HARMLESS] if " ".join(options.words) in row.name]
    for row in rows:
        pairs = [(row.name, op) for op in row.ops]
        unseen = [op for op, how in suspects.tried(_tried, pairs, options.jobs) if not how]
        print(f"{len(pairs) - len(unseen):2} of {len(pairs):2} {row.by:8}", row.name, ":", *sorted(unseen), flush=True)


def _tried(pair: tuple[str, str]) -> tuple[str, str]:
    name, op = pair
    return op, told(next(row for row in [*SPOILERS, *HARMLESS] if row.name == name), op)


if __name__ == "__main__":
    main()
