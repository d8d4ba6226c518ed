"""Where an array is wrong: for which dimensions and arguments, for which values, at which places.

A condition is named only if everything wrong satisfies it, most of what satisfies it is wrong, and enough was seen on
both sides. Of several, the one of which the largest share is wrong is named. Wrong is here whatever differs by more than
rounding, also where the tolerance lets it pass; and where all that differs is slight, the tolerance would draw the line:
nothing is named.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from itertools import combinations, permutations

import numpy as np
from numpy.typing import NDArray

from tests.harness.diagnosis.places import places
from tests.harness.diagnosis.samples import Sample
from tests.harness.diagnosis.ties import has_ties, tied_entries
from tests.harness.judgement.tolerance import ROUNDINGS
from tests.harness.rows.plain import Among
from tests.harness.rows.shapes import parsed

ENOUGH = 6  # cases on each side of a condition
MOSTLY = 0.5  # of what satisfies it is wrong: where there are zeros, a wrong formula may be right

LIMITS = (1, 2, 3, 6)  # where people cut a function off

ZERO = 1e-12  # what is less is what rounding leaves of 0
SLIGHT = 1e-4  # relative to the largest term: no more than what something small, added or clipped, changes
ROUNDED = 1e-11  # likewise, to the entry: what may be rounding
RUNS = 2  # of Monte-Carlo arithmetic, to tell it from rounding
BY_CHANCE = 8  # times less than is usual, so few runs may have found
NEARLY = 1e-9
TINY = 1e-150  # what is less has a square of 0
NEARLY_ALL = 0.9  # likewise, to say that it is wrong unless something holds


def of_dimensions(name: str, samples: Sequence[Sample], silent: Callable[[Sample], bool] = lambda s: False) -> str:
    """`only where N == K`: for which sizes an array is wrong; nothing where no such condition fits.

    Where an input has another shape than the array, so that none of its entries can tell: or for which inputs with a 0.
    `silent`: whether a sample would be right although what is wrong is at work there.
    """
    alike = [v for v in samples[0].arrays() if samples[0].inputs[v].shape == samples[0].right[name].shape]
    conditions = [(words, np.array([holds(s) for s in samples])) for words, holds in _sizes(samples[0])]
    wrong, zero = _whole(name, samples)
    zero |= np.array([silent(s) for s in samples])
    return _best(wrong, zero, iter([*conditions, *_holding_zero(samples, alike)]))


def of_zeros(name: str, samples: Sequence[Sample]) -> str:
    """`only where x holds a 0`: an input that has one somewhere; asked where no entry's own value tells it."""
    return _best(*_whole(name, samples), _holding_zero(samples))


def _holding_zero(samples: Sequence[Sample], but: Sequence[str] = ()) -> Iterator[tuple[str, NDArray]]:
    for v in samples[0].arrays():
        if v not in but:
            yield f"only where {v} holds a 0", np.array([bool(np.any(s.inputs[v] == 0)) for s in samples])


def of_values(name: str, samples: Sequence[Sample]) -> str:
    """`only where x < 0`: for which values of an input, entry by entry, an array is wrong; nothing where no such condition fits."""
    cases = [s for s in samples if s.wrong(name) is not None]
    if len(cases) < len(samples) / 2 or slight(name, cases):
        return ""
    wrong = np.concatenate([_differing(name, s).ravel() for s in cases])
    return _best(wrong, _zeros(name, cases), _values(name, cases))


def of_places(name: str, samples: Sequence[Sample]) -> str:
    """`only in the last column`: at which places an array is wrong; nothing where no such condition fits."""
    cases = [s for s in samples if s.wrong(name) is not None and s.right[name].ndim]
    if len(cases) < len(samples) or slight(name, cases):
        return ""
    wrong = np.concatenate([_differing(name, s).ravel() for s in cases])
    shapes = [s.right[name].shape for s in cases]
    ndim = len(shapes[0]) if len({len(shape) for shape in shapes}) == 1 else 0
    masks = ((words, np.concatenate([mask(n).ravel() for n in shapes])) for words, mask in places(ndim))
    return _best(wrong, _zeros(name, cases), masks)


def zero_there(name: str, samples: Sequence[Sample]) -> bool:
    """Whether all that is wrong is 0."""
    pairs = [(s.yours[name], s.wrong(name)) for s in samples if s.wrong(name) is not None]
    return any(wrong.any() for _, wrong in pairs) and not any(np.any(yours[wrong]) for yours, wrong in pairs)


def holds(words: str, name: str, sample: Sample) -> NDArray | None:
    """For which entries of what is right a condition holds, of its words; None where this sample does not tell."""
    shape = sample.right[name].shape
    for said, holding in _sizes(sample):
        if said == words:
            return np.full(shape, holding(sample))
    entrywise = (*_holding_zero([sample]), *_values(name, [sample]))
    masks = ((said, mask(shape)) for said, mask in places(len(shape)))
    found = next((mask for said, mask in (*entrywise, *masks) if said == words), None)
    return None if found is None else np.broadcast_to(found.reshape(shape if found.size > 1 else ()), shape)


def slight(name: str, samples: Sequence[Sample]) -> bool:
    """Whether all that differs, differs by next to nothing."""
    for s in samples:
        if s.wrong(name) is None:
            return False
        error, terms = _error(name, s)
        if not np.all(error <= SLIGHT * terms):
            return False
    return True


def _whole(name: str, samples: Sequence[Sample]) -> tuple[NDArray, NDArray]:
    """Of each sample, whether the array is wrong, and whether what is right is 0 throughout."""
    zero = [abs(s.right[name]).max(initial=0) <= ZERO for s in samples]
    if slight(name, samples):
        return np.zeros(len(samples), bool), np.array(zero)
    wrong = [s.wrong(name) is None or bool(_differing(name, s).any()) for s in samples]
    return np.array(wrong), np.array(zero)


def _differing(name: str, sample: Sample) -> NDArray:
    """Which entries of an array of the right shape differ by more than rounding; those that the tolerance lets pass as well."""
    error, terms = _error(name, sample)
    return sample.wrong(name) | ~(error <= BY_CHANCE * ROUNDINGS * np.finfo(np.float64).eps * terms)


@lru_cache(maxsize=512)
def _error(name: str, sample: Sample) -> tuple[NDArray, NDArray]:
    """How far each entry is from the nearest right one, and the largest term of the sum that makes it.

    That is asked only where it matters: the error is 0 where it is no more than a rounding of the entry itself.
    """
    nearest = sample.nearest(name)
    error = abs(sample.yours[name] - nearest)
    error = np.where(error <= ROUNDED * abs(nearest), 0, error)
    return error, abs(nearest) + (sample.truth.noise(RUNS)[sample.number(name)] if error.any() else 0)


def _zeros(name: str, cases: Sequence[Sample]) -> NDArray:
    return np.concatenate([(abs(s.right[name]) <= ZERO).ravel() for s in cases])


def _best(wrong: NDArray, zero: NDArray, conditions: Iterator[tuple[str, NDArray]]) -> str:
    """The condition that everything wrong satisfies, and of which most is wrong. `zero`: where what is right is 0."""
    found, share = "", MOSTLY
    telling = wrong | ~zero  # where 0 is right, so is a wrong factor
    wrong = wrong[telling]
    for words, everywhere in conditions:
        holds = everywhere[telling]
        if min(int(holds.sum()), int((~holds).sum()), int(wrong.sum())) < ENOUGH or wrong[~holds].any():
            continue
        if wrong[holds].mean() > (max(share, NEARLY_ALL) if words.startswith("unless") else share):
            found, share = words, wrong[holds].mean()
    return found


def _sizes(sample: Sample) -> Iterator[tuple[str, object]]:
    for a in sample.op.letters:
        yield f"only where {a} == 1", lambda sample, a=a: sample.sizes[a] == 1
        yield f"only where {a} > 1", lambda sample, a=a: sample.sizes[a] > 1
    for a, b in combinations(sample.op.letters, 2):
        yield f"only where {a} == {b}", lambda sample, a=a, b=b: sample.sizes[a] == sample.sizes[b]
        yield f"unless {a} == {b}", lambda sample, a=a, b=b: sample.sizes[a] != sample.sizes[b]
    if sample.op.ties and not any(hasattr(kind, "several") for kind in sample.op.kinds.values()):
        beside = any(kind.is_array and not kind.differentiated for kind in sample.op.kinds.values())
        tie = "several gradients are right" if beside else f"entries of {sample.op.variables[0]} tie"
        yield f"only where {tie}", has_ties
    for v, w in permutations([v for v, value in sample.inputs.items() if type(value) is int], 2):
        yield f"only where {v} < {w}", lambda sample, v=v, w=w: sample.inputs[v] < sample.inputs[w]
    for v, shape in sample.op.shapes.items():
        if any(token.run for token in parsed(shape)):
            yield (
                f"only where {v} is a single number, of shape ()",
                lambda sample, variable=v: sample.inputs[variable].ndim == 0,
            )
            yield f"only where {v} has a single entry", lambda sample, variable=v: sample.inputs[variable].size == 1
            yield (
                f"unless {v} is a single number, of shape ()",
                lambda sample, variable=v: sample.inputs[variable].ndim > 0,
            )
            yield f"unless {v} has a single entry", lambda sample, variable=v: sample.inputs[variable].size > 1
            for ndim in (1, 2):
                yield (
                    f"only where {v} has {ndim} dimension{'s'[: ndim > 1]}",
                    lambda sample, variable=v, ndim=ndim: sample.inputs[variable].ndim == ndim,
                )
                yield (
                    f"only where {v} has more than {ndim} dimension{'s'[: ndim > 1]}",
                    lambda sample, variable=v, ndim=ndim: sample.inputs[variable].ndim > ndim,
                )
    for v, kind in sample.op.kinds.items():
        for words, holds in kind.conditions():
            yield words.format(v=v), lambda sample, variable=v, holds=holds: holds(sample.inputs[variable])
        for a in sample.op.letters if isinstance(kind, Among) else ():
            yield f"only where {v} < {a}", lambda sample, v=v, a=a: sample.inputs[v] < sample.sizes[a]
            yield (
                f"only where {a} is more than {v}, and no multiple of it",
                lambda sample, v=v, a=a: (
                    0 < sample.inputs[v] < sample.sizes[a] and sample.sizes[a] % sample.inputs[v] > 0
                ),
            )


def _values(name: str, cases: Sequence[Sample]) -> Iterator[tuple[str, NDArray]]:
    alike = [v for v in cases[0].arrays() if all(s.inputs[v].shape == s.right[name].shape for s in cases)]
    known = {v: np.concatenate([np.ravel(s.inputs[v]) for s in cases]) for v in alike}
    if name != "y" and all(s.gy.shape == s.right[name].shape for s in cases):
        known["gy"] = np.concatenate([s.gy.ravel() for s in cases])
    yield from _flags(name, cases)  # before what follows from them
    for v, values in known.items():
        yield f"only where {v} == 0", values == 0
        yield f"only where {v} < 0", values < 0
        yield f"only where {v} > 0", values > 0
        yield f"only where {v} <= 0", values <= 0
        yield f"only where {v} >= 0", values >= 0
        yield from _beyond(v, values, name, cases)
    pairs = [(v, w) for v, w in combinations(alike, 2) if known[v].dtype.kind == known[w].dtype.kind == "f"]
    for c in cases[0].numbers:
        limit = np.concatenate([np.full(s.right[name].size, s.inputs[c]) for s in cases])
        for v, w in pairs:
            yield f"only where abs({v} - {w}) > {c}", abs(known[v] - known[w]) > limit
            yield f"only where {v} - {w} < -{c}", known[v] - known[w] < -limit
            yield f"only where {v} - {w} > {c}", known[v] - known[w] > limit
    for v in alike:
        along = [a for a, kind in cases[0].op.kinds.items() if getattr(kind, "of", None) == v]
        if along:
            tied = np.concatenate([tied_entries(s.inputs[v], s.inputs[along[0]]).ravel() for s in cases])
            yield f"only where entries of {v} tie for the largest", tied
    yield from _rows(alike, cases)
    yield from _chosen(name, cases)
    if name == "y":
        y = np.concatenate([s.right["y"].ravel() for s in cases])
        yield "only where y < 0", y < 0
        yield "only where y > 0", y > 0


def _beyond(v: str, values: NDArray, name: str, cases: Sequence[Sample]) -> Iterator[tuple[str, NDArray]]:
    """Entries on one side of a number among the arguments, or of a usual one, or between it and 0."""
    limits: list[tuple[str, object]] = [(f"{n}", n) for n in LIMITS]
    limits += [(c, np.concatenate([np.full(s.right[name].size, s.inputs[c]) for s in cases])) for c in cases[0].numbers]
    for c, limit in limits:
        yield f"only where 0 < {v} <= {c}", (values > 0) & (values <= limit)
        yield f"only where -{c} <= {v} < 0", (values < 0) & (values >= -limit)
        yield f"only where {v} > {c}", values > limit
        yield f"only where {v} < {c}", values < limit
        yield f"only where {v} < -{c}", values < -limit


def _rows(alike: Sequence[str], cases: Sequence[Sample]) -> Iterator[tuple[str, NDArray]]:
    """Entries whose row, along the last axis, is zero, or is shorter than a number among the arguments."""
    for v in (v for v in alike if all(s.inputs[v].ndim for s in cases)):
        lengths = [np.linalg.norm(s.inputs[v], axis=-1, keepdims=True) for s in cases]
        each = np.concatenate(
            [np.broadcast_to(r, s.inputs[v].shape).ravel() for r, s in zip(lengths, cases, strict=True)]
        )
        yield f"only where all of {v} along the last axis is 0", each <= TINY
        for c in cases[0].numbers:
            limit = np.concatenate([np.full(s.inputs[v].size, s.inputs[c]) for s in cases])
            same = abs(each - limit) <= NEARLY * limit  # on either side of it, for its rounding
            yield f"only where the length of {v} along the last axis is below {c}", (each < limit) | same
            yield f"only where the length of {v} along the last axis is above {c}", (each > limit) | same


def _flags(name: str, cases: Sequence[Sample]) -> Iterator[tuple[str, NDArray]]:
    """Entries for which an array of bool is True, or False."""
    for v in cases[0].inputs:
        flags = [np.asarray(s.inputs[v]) for s in cases]
        if all(f.dtype == bool and f.shape == s.right[name].shape for f, s in zip(flags, cases, strict=True)):
            held = np.concatenate([f.ravel() for f in flags])
            yield f"only where {v} is True", held
            yield f"only where {v} is False", ~held


def _chosen(name: str, cases: Sequence[Sample]) -> Iterator[tuple[str, NDArray]]:
    """The entry of each row that an integer names."""
    for v in cases[0].inputs:
        chosen = [s.inputs[v] for s in cases]
        integers = all(isinstance(c, np.ndarray) and c.dtype.kind in "iu" for c in chosen)
        if integers and all(c.shape == s.right[name].shape[:-1] for c, s in zip(chosen, cases, strict=True)):
            masks = [np.arange(s.right[name].shape[-1]) == c[..., None] for c, s in zip(chosen, cases, strict=True)]
            there = np.concatenate([mask.ravel() for mask in masks])
            yield f"only in the entry of each row that {v} names", there
            yield f"except in the entry of each row that {v} names", ~there
