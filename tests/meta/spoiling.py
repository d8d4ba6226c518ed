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
            return (change(np.asarray(y)) if only(arrays_of(inputs)) else y), grad

        return spoilt

    return spoil


def in_gradients(change: Change, only: Condition = always) -> Spoil:
    """Each gradient is changed, where the inputs are such."""
    return around_grad(
        lambda grad, gy, inputs: each(change, grad(gy)) if only(arrays_of(inputs)) else grad(gy),
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


def handing_back(operation: Operation) -> Operation:
    """Whatever equals an input or gy, entry by entry, is that input or gy itself, or a view of it."""

    def spoilt(*inputs):
        y, grad = operation(*inputs)
        return (
            _or_one_of(arrays_of(inputs), y),
            lambda gy: each(lambda g: _or_one_of([gy, *arrays_of(inputs)], g), grad(gy)),
        )

    return spoilt


def listed(operation: Operation) -> Operation:
    """Several gradients come in a list, and all is computed from copies."""

    def spoilt(*inputs):
        y, grad = operation(*_copies(inputs))

        def spoilt_grad(gy):
            gradients = grad(np.array(gy))
            return list(gradients) if isinstance(gradients, tuple) else gradients

        return y, spoilt_grad

    return spoilt


def frozen(array: NDArray) -> NDArray:
    """A read-only view of every other entry of something."""
    view = np.repeat(array[..., None], 2, -1)[..., 0]
    view.flags.writeable = False
    return view


def _or_one_of(given: list[NDArray], array: NDArray) -> NDArray:
    array = np.asarray(array)
    for a in given:
        if a.dtype == array.dtype and a.size == array.size and np.array_equal(a.ravel(), array.ravel()):
            return a if a.shape == array.shape else a.reshape(array.shape)
    return array


def changing_inputs(only: Callable[[NDArray], bool] = lambda a: True, *, restored: bool = False) -> Spoil:
    """The inputs that are such are changed in the forward pass. The operation works on copies, so its answers stay right."""

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


def arrays_of(inputs: tuple) -> list[NDArray]:
    """Those of the inputs that are arrays."""
    return [i for i in inputs if isinstance(i, np.ndarray)]


def _is_float(value: object) -> bool:
    return isinstance(value, np.ndarray) and value.dtype.kind == "f"
