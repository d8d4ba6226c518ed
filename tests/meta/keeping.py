"""Operations that keep what they should not: arrays that are written again, and answers to earlier questions. The table is spoilers.py."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from tests.meta.spoiling import Operation, Spoil, arrays_of, by_closure, each, off


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
        memory = np.empty(max(a.size for a in (y, *arrays_of(inputs))), y.dtype)

        def over(a):
            return into({(0, a.shape, a.dtype): memory[: a.size].reshape(a.shape)}, a)

        def spoilt_grad(gy):
            gradients = grad(gy)
            if isinstance(gradients, tuple):
                return over(gradients[0]), *gradients[1:]
            return over(np.asarray(gradients))

        return over(y), spoilt_grad

    return spoilt


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
    """What was answered to the same contents is answered again, each time in arrays of its own, in Fortran order."""
    remembered = memo(contents)(operation)

    def copy(array):
        return np.array(array, order="F")

    def fresh(*inputs):
        y, grad = remembered(*(np.array(i) if isinstance(i, np.ndarray) else i for i in inputs))
        return copy(y), lambda gy: each(copy, grad(gy))

    return fresh
