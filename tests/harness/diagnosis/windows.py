"""Edits where an expression takes windows: how far they are apart, what pads them, which way they lie, how what overlaps adds up.

An expression takes windows where torch unfolds an axis, or folds one.
"""

from __future__ import annotations

from collections.abc import Callable
from math import prod

import numpy as np
from numpy.typing import NDArray

from tests.harness.diagnosis.calls import edit
from tests.harness.diagnosis.edit import Edit, Edits, times
from tests.harness.diagnosis.expression import Change, recorded
from tests.harness.diagnosis.samples import Sample, close
from tests.harness.rows.imports import torch
from tests.harness.rows.oracle import Truth, output_shape

_UNFOLD, _FOLD = torch.Tensor.unfold.__name__, torch.nn.functional.fold.__name__

_NUMBERS: tuple[tuple[str, Callable[[int], int]], ...] = (
    ("{v} = 0", lambda value: 0),
    ("{v} = 1", lambda value: 1),
    ("{v} + 1", lambda value: value + 1),
    ("{v} - 1", lambda value: value - 1),
    ("2 * {v}", lambda value: 2 * value),
)


def other_numbers(g: str, sample: Sample) -> Edits:
    """Another whole number among the arguments, also where only grad has it: then gy is cut or continued with zeros to fit."""
    for v in _whole_numbers(sample):
        for words, change in _NUMBERS:
            words = words.format(v=v)
            why = f": {v} is not used" if "=" in words else ""
            place = words if why else f"{words} in place of {v}"
            text = f"{{g}} {{is}} what {place} would give{why}"
            yield Edit(text, after=_with(g, {v: change}))
            for w in _whole_numbers(sample) if g != "y" else ():
                if w != v:
                    yield Edit(text, after=_with(g, {v: change, w: lambda pad: 0}, padded_by=w))
        for w in _whole_numbers(sample):
            if w != v:
                yield Edit(f"{{g}} {{is}} what {w} in place of {v} would give", after=_with(g, {}, {v: w}))


def turned(g: str, sample: Sample) -> Edits:
    """An array lies the other way round, or with two axes exchanged, in the expression or in what comes out."""
    for v in sample.arrays() if _windows(sample) else ():
        for words, turn in _TURNS if sample.inputs[v].ndim > 2 else ():
            change = {v: lambda array, turn=turn: _alike(turn(array), array)}
            yield Edit(f"{{g}} {{is}} what {v} {words} would give", _KERNEL, after=_with(g, change))
    for words, turn in _TURNS if _windows(sample) and sample.right[g].ndim > 2 else ():
        yield Edit(f"{{g}} {{is}} right, but {words}", after=lambda s, right, turn=turn: turn(right))


_KERNEL = "which entry of the kernel meets which entry of the window?"
_TURNS: tuple[tuple[str, Callable[[NDArray], NDArray]], ...] = (
    ("reversed along its last axis", lambda a: a[..., ::-1]),
    ("reversed along its last two axes", lambda a: a[..., ::-1, ::-1]),
    ("with its first two axes exchanged", lambda a: a.swapaxes(0, 1)),
    ("with its last two axes exchanged", lambda a: a.swapaxes(-1, -2)),
)


def sent_back(g: str, sample: Sample) -> Edits:
    """Windows go back, or are put, where they overwrite each other, or elsewhere than they were taken from."""
    nodes = [node for node in recorded(sample) if node.name in (_UNFOLD, _FOLD)]
    for which, last in (("last", True), ("first", False)) if nodes else ():
        changes = {n.number: _unfolding(last=last) if n.name == _UNFOLD else _folding(last) for n in nodes}
        text = f"in {{g}}, what overlapping windows bring should add up, but only that of the {which} one stays"
        yield edit(text, sample, changes, "+= in place of =")
    nodes = [node for node in nodes if node.name == _UNFOLD]
    for words, start in _STARTS if nodes and g != "y" else ():
        yield edit(f"in {{g}}, {words}", sample, {n.number: _unfolding(start) for n in nodes})
    for words, turn in _TURNED if len(nodes) > 1 and g != "y" else ():
        yield edit(f"in {{g}}, {words}", sample, {nodes[-1].number: _turned_on_the_way_back(turn)})


_STARTS: tuple[tuple[str, Callable[[int, int], int]], ...] = (
    (
        "all windows send what they send to where the first one lies: where a window starts is left out",
        lambda n, size: 0,
    ),
    (
        "windows send what they send to places their own size apart, as if they lay side by side",
        lambda n, size: n * size,
    ),
)
_TURNED: tuple[tuple[str, Callable], ...] = (
    ("rows and columns of each window are exchanged", lambda gradient: gradient.transpose(-1, -2)),
    ("each window is reversed", lambda gradient: gradient.flip((-1, -2))),
)


def padded(g: str, sample: Sample) -> Edits:
    """The gradient of what was padded, not cut, or cut elsewhere; or y, where padding is what is cut off it."""
    for v in _whole_numbers(sample):
        if g == "y":
            hint = f"y[..., {v} : -{v}], but where {v} is 0 all of it"
            for end, start in _ENDS:
                text = f"in y, what belongs to the padding is cut off at the {end} only, but should be at both ends"
                whole = lambda s, v=v: s.with_inputs(**{v: 0})["y"]  # noqa: E731
                yield Edit(text, hint, after=lambda s, right, f=start, w=whole, v=v: _cut(w(s), right, f(s.inputs[v])))
            continue
        for sides in (1, 2):
            hint = f"{g}[{'..., ' if sides else ''}{v} : {v} + n], n the length of {g[1:]}"
            whole = lambda s, v=v, sides=sides: _of_padded(s, g, v, sides)  # noqa: E731
            text = f"{{g}} {{is}} the gradient of the padded {g[1:]}: what belongs to the padding is not cut off"
            yield Edit(text, hint, after=lambda s, right, whole=whole: whole(s))
            for end, start in _ENDS:
                text = f"in {{g}}, what belongs to the padding is cut off at the {end} only, but should be at both ends"
                yield Edit(text, hint, after=lambda s, right, f=start, w=whole, v=v: _cut(w(s), right, f(s.inputs[v])))


_ENDS: tuple[tuple[str, Callable[[int], int]], ...] = (("end", lambda pad: 0), ("beginning", lambda pad: 2 * pad))


def mixed(g: str, sample: Sample) -> Edits:
    """Channels, along axis 1, are added up where each should stay by itself."""
    if not _windows(sample):
        return
    for v in sample.arrays() if g == "y" else ():
        if sample.inputs[v].ndim > 2:
            text = f"{{g}} {{is}} what {v} summed over axis 1 would give: its channels are mixed"
            yield Edit(text, after=_with(g, {v: _mixed}))
    if g != "y" and sample.right[g].ndim > 2:
        text = "{g} {is} what gy summed over axis 1 would give: channels are mixed"
        yield Edit(text, gy=lambda s: _mixed(s.gy))
        yield Edit("{g} {is} summed over axis 1: channels are mixed", after=lambda s, right: _mixed(right))


def _mixed(array: NDArray) -> NDArray:
    return np.broadcast_to(array.sum(1, keepdims=True), array.shape)


def left_out(g: str, sample: Sample) -> Edits:
    """The last window is not there; or what no window reaches is not."""
    if not _windows(sample) or sample.yours[g].ndim != sample.right[g].ndim:
        return
    if g == "y":
        hint = "windows along an axis: (length + 2 padding - kernel) // stride + 1"
        for words, sides in (("the last window", 1), ("the last window along each of its last two axes", 2)):
            last = (..., *[slice(-1)] * sides)
            yield Edit(f"y lacks {words}", hint, after=lambda s, right, last=last: right[last])
    else:
        text = "{g} {is} right, but ends too early where stride leaves a rest behind the last window"
        hint = f"{g} has the shape of {g[1:]}; it is 0 where no window reaches"
        yield Edit(text, hint, after=lambda s, right: right[tuple(map(slice, s.yours[g].shape))])


def miscounted(g: str, sample: Sample) -> Edits:
    """Averaged over a channel's entries or its windows, or summed where the mean is due; a whole number as a factor."""
    if not _windows(sample):
        return
    if g != "y" and sample.gy.ndim > 2:
        for what, count in _COUNTS:
            for power, size, question in ((-1, "small", "mean instead of sum?"), (1, "large", "sum instead of mean?")):
                text = f"{{g}} {{is}} n times too {size}, n the number of {what}: {question}"
                yield times(text, lambda s, count=count, power=power: float(count(s)) ** power)
    for v in _whole_numbers(sample):
        for often, power in (("once", 1), ("twice", 2)):
            for verb, sense in (("multiplied", 1), ("divided", -1)):
                factor = lambda s, v=v, power=sense * power: float(s.inputs[v]) ** power  # noqa: E731
                yield times(f"{{g}} {{is}} {verb} by {v} {often} too often", factor)


_COUNTS: tuple[tuple[str, Callable[[Sample], int]], ...] = (
    ("y's entries in a channel", lambda s: s.gy.size // s.gy.shape[1]),
    ("windows in an image", lambda s: prod(s.gy.shape[2:])),
)


def _windows(sample: Sample) -> bool:
    return any(node.name in (_UNFOLD, _FOLD) for node in recorded(sample))


def _whole_numbers(sample: Sample) -> list[str]:
    return [v for v, value in sample.inputs.items() if type(value) is int] if _windows(sample) else []


def _alike(array: NDArray, like: NDArray) -> NDArray:
    """The array itself. Raises ValueError where it has another shape, and so cannot stand there."""
    if array.shape != like.shape:
        raise ValueError("of another shape")
    return array


def _with(g: str, changes: dict[str, Callable], instead: dict[str, str] | None = None, padded_by: str = "") -> Callable:
    """What is right for other inputs; where y has another shape for these, gy is cut or continued with zeros.

    `instead`: which input stands in the place of which. `padded_by`: the argument that cuts y's borders off, and is 0 now: so before, gy has zeros around it.
    """

    def after(s: Sample, right: NDArray) -> NDArray | None:
        given = s.gy
        if padded_by:
            given = np.pad(s.gy, [(0, 0)] * 2 + [(s.inputs[padded_by],) * 2] * (s.gy.ndim - 2))
            whole = Truth(s.op, tuple((s.inputs | {padded_by: 0}).values()), given)
            if whole.y.shape != given.shape or not close(whole.gradients[s.number(g) - 1], right):
                return None
        others = {v: s.inputs[w] for v, w in (instead or {}).items()}
        changed = {v: _fresh(change(s.inputs[v])) for v, change in changes.items()}
        inputs = tuple((s.inputs | others | changed).values())
        gy = np.zeros(output_shape(s.op, inputs))
        both = tuple(slice(min(n, m)) for n, m in zip(gy.shape, given.shape, strict=True))
        gy[both] = given[both]
        truth = Truth(s.op, inputs, gy)
        return truth.y if g == "y" else truth.gradients[s.number(g) - 1]

    return after


def _fresh(value: object) -> object:
    return np.array(value, order="C") if isinstance(value, np.ndarray) else value


def _of_padded(s: Sample, g: str, v: str, sides: int) -> NDArray | None:
    """The gradient for an input that is padded beforehand; None where that does not give the same y."""
    value, pad = s.inputs[g[1:]], s.inputs[v]
    if value.ndim <= sides:
        return None
    large = np.pad(value, [(0, 0)] * (value.ndim - sides) + [(pad, pad)] * sides)
    found = s.edited(inputs={g[1:]: large, v: 0})
    return found[g] if close(found["y"], s.right["y"]) else None


def _cut(large: NDArray | None, right: NDArray, start: int) -> NDArray | None:
    if large is None:
        return None
    cut = tuple(
        slice(start, start + n) if n < m else slice(None) for n, m in zip(right.shape, large.shape, strict=True)
    )
    return large[cut]


def _unfolding(start: Callable[[int, int], int] | None = None, last: bool = True) -> Change:
    """Taking windows along an axis, where the way back overwrites, or adds elsewhere: where window n of a size starts."""

    class Otherwise(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x, axis, size, step):
            ctx.given = x.shape, axis, size, step
            return x.unfold(axis, size, step)

        @staticmethod
        def backward(ctx, gradient):
            shape, axis, size, step = ctx.given
            back, numbers = gradient.new_zeros(shape), range(gradient.shape[axis])
            for number in numbers if last else reversed(numbers):
                part = gradient.select(axis, number).movedim(-1, axis)
                first = number * step if start is None else start(number, size)
                fits = min(size, shape[axis] - first)
                if fits > 0:
                    place = back.narrow(axis, first, fits)
                    place.copy_(part.narrow(axis, 0, fits) + (0 if start is None else place))
            return back, None, None, None

    return lambda func, args, kwargs: Otherwise.apply(*args, **kwargs)


def _turned_on_the_way_back(turn: Callable) -> Change:
    def change(func, args, kwargs):
        value = func(*args, **kwargs) * 1
        if value.requires_grad:
            value.register_hook(turn)
        return value

    return change


def _folding(last: bool) -> Change:
    """Putting windows back, where they overwrite; the way back takes what is left of each."""

    def change(func, args, kwargs):
        columns = args[0]
        order = torch.arange(1, columns.shape[2] + 1, dtype=columns.dtype).expand(1, columns.shape[1], -1)
        ones = (order if last else columns.shape[2] + 1 - order).contiguous()
        top = torch.zeros_like(func(ones, *args[1:], **kwargs))
        for window in range(columns.shape[2]):  # which one is on top in each place
            alone = torch.zeros_like(ones)
            alone[..., window] = ones[..., window]
            top = torch.maximum(top, func(alone, *args[1:], **kwargs))
        size, how = args[1], {n: kwargs[n] for n in ("stride", "padding") if n in kwargs}
        kernel = args[2] if len(args) > 2 else kwargs["kernel_size"]
        taken = torch.nn.functional.unfold(top.reshape(1, -1, *size), kernel, **how)
        return func(columns * (taken == ones), *args[1:], **kwargs)

    return change
