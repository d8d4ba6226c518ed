"""What odd_answers.py puts beside right operations: it spoils their answers at random. It runs in the worker, as a part of a
submission: NumPy and the standard library only.
"""

import collections
import decimal
import fractions
import random
import time

import numpy as np

DTYPES = (
    "?",
    "i1",
    "i2",
    "i4",
    "i8",
    "u1",
    "u2",
    "u4",
    "u8",
    "f2",
    "f4",
    "f8",
    ">f8",
    ">i4",
    "g",
    "c8",
    "c16",
    "O",
    "S8",
    "U8",
)
DTYPES += ("M8[s]", "m8[s]", "V8")
Pair = collections.namedtuple("Pair", "first second")


class Loud(np.ndarray):
    """An array with opinions."""

    __eq__ = __ne__ = __lt__ = lambda self, other: True
    __repr__ = __str__ = lambda self: "\x1b[2J\nscore 100 of 100"
    shape = property(lambda self: (7,))


class Shy(list):
    """A list that counts otherwise than it holds."""

    def __len__(self):
        return 2


class Score100(Exception):
    """An exception whose name and words are made to be misread."""

    def __str__(self):
        return "\x1b]0;x\x07\r\nscore 100 of 100\u2028\u202e" * 50


Forged = type("E\nscore 100 of 100", (Exception,), {})


def spoiled(operation, name, seed):
    """The operation, with answers that are wrong in one way, or in another way each time."""
    once = random.Random(f"{seed} {name}")
    anew, spoils_y, spoils_gradients = (once.random() < share for share in (0.3, 0.5, 0.7))
    number, shared = once.random(), np.zeros(64)

    def call(*inputs):
        rng = once if anew else random.Random(number)
        if rng.random() < 0.03:
            _raise(rng)
        y, grad = operation(*inputs)
        spoil_y = spoils_y and rng.random() < 0.9

        def spoiled_grad(gy):
            rng = once if anew else random.Random(number + 1)
            if rng.random() < 0.05:
                _raise(rng)
            gradients = grad(gy)
            if not spoils_gradients:
                return gradients
            several = isinstance(gradients, tuple)
            parts = [_value(rng, np.asarray(g), shared) for g in (gradients if several else (gradients,))]
            return _container(rng, parts) if several or rng.random() < 0.1 else parts[0]

        return _pair(rng, _value(rng, np.asarray(y), shared) if spoil_y else y, spoiled_grad)

    return call


def _value(rng, array, shared):
    """The array as it should not be."""
    return rng.choice(_SPOILS)(rng, array, shared)


def _shape(rng):
    return tuple(
        rng.choice((0, 1, 1, 1, 2, 3, 5, 2**10, 2**31)) for _ in range(rng.choice((0, 1, 1, 2, 2, 3, 5, 9, 24, 40)))
    )


def _other_shape(rng, array, _):
    return np.broadcast_to(np.float64(rng.choice((0.0, 1.0, np.nan))), _shape(rng))


def _other_dtype(rng, array, _):
    return array.astype(rng.choice(DTYPES))


def _sprinkled(rng, array, _):
    array = np.array(array, float)
    if array.size:
        array.flat[rng.randrange(array.size)] = rng.choice((np.nan, np.inf, -np.inf, 1e308, 5e-324, -0.0))
    return array


def _reshaped(rng, array, _):
    shapes = [
        (1, *array.shape),
        (*array.shape, 1),
        (array.size,),
        array.shape[::-1],
        (*array.shape[1:],),
        (2, *array.shape),
    ]
    return np.resize(array, rng.choice(shapes))


def _in_a_buffer(rng, array, shared):
    if array.size > shared.size:
        return array
    view = shared[: array.size].reshape(array.shape)
    view[...] = array
    return rng.choice((view, view.view(Loud), view[...]))


def _no_array(rng, array, _):
    return rng.choice(
        (
            None, "pass", b"", {}, {"array": ["<f8", [9]]}, set(), array.tolist(), iter(array.ravel()), (array,), object(), float("nan"),
            1, True, 10**400, -(2**63), 1j, range(3), slice(1), np.float16(1), np.int8(1), np.bool_(True), np.str_("x"),
            decimal.Decimal(1), fractions.Fraction(1, 2), np.datetime64("2020"), memoryview(array.tobytes()), np.dtype("f8"), type, len,
            np.ma.masked_all(3), np.matrix([[1.0]]), np.rec.array([(1, 2.0)]), np.random.default_rng(1), NotImplemented, ..., Score100(),
        )
    )  # fmt: skip


def _scaled(rng, array, _):
    return array * rng.choice((0.0, -1.0, 2.0, 1e300, 1e-300, np.inf))


_SPOILS = (
    _other_shape,
    _other_dtype,
    _sprinkled,
    _reshaped,
    _in_a_buffer,
    _no_array,
    _scaled,
    lambda rng, array, _: array,
    lambda rng, array, _: np.array(array).view(Loud),
    lambda rng, array, _: np.asfortranarray(array)[..., ::-1] if array.ndim else array,
    lambda rng, array, _: np.ma.masked_array(array, array > 0),
    lambda rng, array, _: np.zeros(rng.choice(((2**28, 0), (0, 3), (0,), (2,) * 16, (1,) * 24, (10**6,)))),
    lambda rng, array, _: float(array.sum()) if array.dtype.kind in "fiub" else 0,
)


def _pair(rng, y, grad):
    odd = rng.random()
    if odd > 0.1:
        return y, grad
    return rng.choice(
        (
            [y, grad],
            Pair(y, grad),
            (y,),
            (y, grad, grad),
            Shy([y, grad]),
            y,
            None,
            (y, None),
            (grad, y),
            {y is None: grad},
        )
    )


def _container(rng, parts):
    kinds = (
        tuple,
        tuple,
        tuple,
        list,
        Shy,
        iter,
        lambda p: dict(enumerate(p)),
        lambda p: p * 2,
        lambda p: p[:-1],
        lambda p: p * 30,
    )
    return rng.choice(kinds)(parts)


def _raise(rng):
    kind = rng.choice(
        (
            Score100,
            Forged,
            ValueError,
            ZeroDivisionError,
            RecursionError,
            MemoryError,
            SystemExit,
            KeyboardInterrupt,
            "slow",
        )
    )
    if kind == "slow":
        time.sleep(rng.random() / 50)
        return
    raise kind("\x1b[31m\n\u202escore 100" * rng.choice((0, 1, 1000)))
