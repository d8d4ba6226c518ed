"""How a right operation is spoilt: wrappers that work for every operation, whatever its arguments. The table is spoilers.py.

A wrapper takes an operation and returns another: `spoilt(*inputs) -> (y, grad)`. Nothing here knows which operation it is.
"""

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

Operation = Callable[..., tuple[NDArray, Callable]]
Spoil = Callable[[Operation], Operation]
Change = Callable[[NDArray], NDArray]
Condition = Callable[[list[NDArray]], bool]


def always(_: list[NDArray]) -> bool:
    """Whatever the arrays."""
    return True


def in_y(change: Change, only: Condition = always) -> Spoil:
    """The output is changed, where the inputs are such."""

    def spoil(operation: Operation) -> Operation:
        def spoilt(*inputs):
            y, grad = operation(*inputs)
            return (change(np.asarray(y)) if only(_arrays(inputs)) else y), grad

        return spoilt

    return spoil


def in_gradients(change: Change, only: Condition = always) -> Spoil:
    """Each gradient is changed, where the inputs are such."""
    return around_grad(
        lambda grad, gy, inputs: each(change, grad(gy)) if only(_arrays(inputs)) else grad(gy),
    )


def in_both(change: Change) -> Spoil:
    """The output and each gradient are changed."""
    return lambda operation: in_gradients(change)(in_y(change)(operation))


def in_inputs(change: Change) -> Spoil:
    """The operation computes with other inputs than it is given."""

    def spoil(operation: Operation) -> Operation:
        return lambda *inputs: operation(*(change(i) if _is_float(i) else i for i in inputs))

    return spoil


def in_gy(change: Change, only: Condition = always) -> Spoil:
    """The backward pass computes with another gy than it is given, where gy is such."""
    return around_grad(lambda grad, gy, _: grad(change(gy) if only([gy]) else gy))


def around_grad(answer: Callable) -> Spoil:
    """`answer(grad, gy, inputs)` stands for `grad(gy)`."""

    def spoil(operation: Operation) -> Operation:
        def spoilt(*inputs):
            y, grad = operation(*inputs)
            return y, lambda gy: answer(grad, gy, inputs)

        return spoilt

    return spoil


def by_closure(keeping: Callable[[Callable], Callable]) -> Spoil:
    """`keeping(grad)` makes a grad that keeps something from one gy to the next."""

    def spoil(operation: Operation) -> Operation:
        def spoilt(*inputs):
            y, grad = operation(*inputs)
            return y, keeping(grad)

        return spoilt

    return spoil


def each(change: Change, gradients: NDArray | tuple) -> NDArray | tuple:
    """The gradients, each changed: a tuple of several, or one array."""
    if isinstance(gradients, tuple):
        return tuple(change(np.asarray(g)) for g in gradients)
    return change(np.asarray(gradients))


def off(array: NDArray) -> NDArray:
    """A copy whose last entry is wrong by 1."""
    wrong = np.array(array, order="C")
    wrong.reshape(-1)[-1:] += 1
    return wrong


# Buffers.


def into(rooms: dict, array: NDArray, place: int = 0) -> NDArray:
    """The array, written into the one that was returned for this shape before."""
    room = rooms.setdefault((place, array.shape, array.dtype), np.empty(array.shape, array.dtype))
    room[...] = array
    return room


def buffered(grad: Callable, rooms: dict) -> Callable:
    """A grad that writes its answers where the answers before stand."""

    def spoilt(gy):
        gradients = grad(gy)
        if isinstance(gradients, tuple):
            return tuple(into(rooms, np.asarray(g), place) for place, g in enumerate(gradients))
        return into(rooms, np.asarray(gradients))

    return spoilt


def one_buffer_for_gradients(operation: Operation) -> Operation:
    """All closures of the operation write into the same arrays."""
    rooms: dict = {}

    def spoilt(*inputs):
        y, grad = operation(*inputs)
        return y, buffered(grad, rooms)

    return spoilt


def one_buffer_for_y(operation: Operation) -> Operation:
    """All outputs of one shape are the same array."""
    rooms: dict = {}

    def spoilt(*inputs):
        y, grad = operation(*inputs)
        return into(rooms, np.asarray(y)), grad

    return spoilt


def one_memory(operation: Operation) -> Operation:
    """The first gradient is written over y."""

    def spoilt(*inputs):
        y, grad = operation(*inputs)
        y = np.asarray(y)
        memory = np.empty(max(a.size for a in (y, *_arrays(inputs))), y.dtype)

        def over(a):
            return into({(0, a.shape, a.dtype): memory[: a.size].reshape(a.shape)}, a)

        def spoilt_grad(gy):
            gradients = grad(gy)
            if isinstance(gradients, tuple):
                return over(gradients[0]), *gradients[1:]
            return over(np.asarray(gradients))

        return over(y), spoilt_grad

    return spoilt


# Memory of earlier calls.


def memo(key_of: Callable[[tuple], object]) -> Spoil:
    """What was answered to inputs of the same key is answered again: the same array, the same closure."""

    def spoil(operation: Operation) -> Operation:
        known: dict = {}

        def spoilt(*inputs):
            # The inputs are kept, so that no other array ever gets the id of one of them.
            return known.setdefault(key_of(inputs), (operation(*inputs), inputs))[0]

        return spoilt

    return spoil


def memo_of_grad(key_of: Callable[[NDArray], object]) -> Spoil:
    """What a closure answered to a gy of the same key it answers again: the same arrays."""

    def keeping(grad: Callable) -> Callable:
        known: dict = {}
        return lambda gy: known.setdefault(key_of(gy), (grad(gy), gy))[0]

    return by_closure(keeping)


def ids(inputs: tuple) -> tuple:
    """Which objects they are."""
    return tuple(id(i) if isinstance(i, np.ndarray) else repr(i) for i in inputs)


def contents(inputs: tuple) -> tuple:
    """What they hold."""
    return tuple((i.shape, i.dtype, i.tobytes()) if isinstance(i, np.ndarray) else repr(i) for i in inputs)


def counting(is_right: Callable[[int], bool]) -> Spoil:
    """The closure's answer of this number, from 1, is right or not."""

    def keeping(grad: Callable) -> Callable:
        asked = iter(range(1, 10**9))
        return lambda gy: grad(gy) if is_right(next(asked)) else each(off, grad(gy))

    return by_closure(keeping)


def adding_up(grad: Callable) -> Callable:
    """A grad that adds to what it answered before."""
    total = None

    def spoilt(gy):
        nonlocal total
        gradients = grad(gy)
        if total is not None:
            parts = iter(total if isinstance(total, tuple) else (total,))
            gradients = each(lambda g: g + next(parts), gradients)
        total = gradients
        return each(np.array, gradients)

    return spoilt


def the_latest(operation: Operation) -> Operation:
    """Each closure answers for the latest call."""
    latest = []

    def spoilt(*inputs):
        y, grad = operation(*inputs)
        latest[:] = [grad]
        return y, lambda gy: latest[0](gy)

    return spoilt


def memo_of_copies(operation: Operation) -> Operation:
    """What was answered to the same contents is answered again, each time in arrays of its own."""
    remembered = memo(contents)(operation)

    def fresh(*inputs):
        y, grad = remembered(*inputs)
        return np.array(y), lambda gy: each(np.array, grad(gy))

    return fresh


# Ways to hand out what is right.


def handing_back(operation: Operation) -> Operation:
    """Whatever equals an input or gy, entry by entry, is that input or gy itself, or a view of it."""

    def spoilt(*inputs):
        y, grad = operation(*inputs)
        return (
            _or_one_of(_arrays(inputs), y),
            lambda gy: each(lambda g: _or_one_of([gy, *_arrays(inputs)], g), grad(gy)),
        )

    return spoilt


def frozen(array: NDArray) -> NDArray:
    """A copy that is read-only."""
    copy = np.array(array)
    copy.flags.writeable = False
    return copy


def _or_one_of(given: list[NDArray], array: NDArray) -> NDArray:
    array = np.asarray(array)
    for a in given:
        if a.dtype == array.dtype and a.size == array.size and np.array_equal(a.ravel(), array.ravel()):
            return a if a.shape == array.shape else a.reshape(array.shape)
    return array


# Changes in place. The operation works on copies, so that its answers stay right.


def changing_inputs(only: Callable[[NDArray], bool] = lambda a: True, *, restored: bool = False) -> Spoil:
    """The inputs are changed in the forward pass, those that are such."""

    def spoil(operation: Operation) -> Operation:
        def spoilt(*inputs):
            answer = operation(*_copies(inputs))
            _change(inputs, only, restored)
            return answer

        return spoilt

    return spoil


def changing_inputs_in_grad(only: Callable[[NDArray], bool] = lambda a: True) -> Spoil:
    """The inputs are changed in the backward pass, those that are such."""

    def spoil(operation: Operation) -> Operation:
        def spoilt(*inputs):
            y, grad = operation(*_copies(inputs))

            def spoilt_grad(gy):
                _change(inputs, only, False)
                return grad(gy)

            return y, spoilt_grad

        return spoilt

    return spoil


def changing_gy(only: Callable[[NDArray], bool] = lambda a: True) -> Spoil:
    """gy is changed, where it is such."""

    def answer(grad, gy, _):
        gradients = grad(np.array(gy))
        _change((gy,), only, False)
        return gradients

    return around_grad(answer)


def _change(inputs: tuple, only: Callable[[NDArray], bool], restored: bool) -> None:
    for a in filter(_is_float, inputs):
        if only(a):
            before = np.array(a)
            np.add(a, 1, out=a)
            if restored:
                a[...] = before


def _copies(inputs: tuple) -> Iterator:
    return (np.array(i) if isinstance(i, np.ndarray) else i for i in inputs)


def _arrays(inputs: tuple) -> list[NDArray]:
    return [i for i in inputs if isinstance(i, np.ndarray)]


def _is_float(value: object) -> bool:
    return isinstance(value, np.ndarray) and value.dtype.kind == "f"
