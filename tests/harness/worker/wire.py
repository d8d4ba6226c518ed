"""Messages between the grader and a worker: data, never objects. No pickle, nothing that runs on arrival.

A frame is `KATA`, the header's length (4 bytes, big endian), the body's length (8 bytes), the header (JSON in UTF-8), and
the body: the raw bytes of the arrays, one after another. In the header an array is `{"array": [dtype, shape]}`, a tuple
that is to stay one is `{"tuple": [...]}`, a NumPy integer `{"integer": [dtype, value]}`; all else is plain JSON. Lengths
are checked before anything is allocated.

Runs on both sides: NumPy and the standard library only. Little of it is Python, which is counted where a cost is (counting.py).
"""

import json
import struct
from functools import lru_cache
from math import prod
from typing import NamedTuple

import numpy as np

HEADER = 2**20  # bytes at most
BODY = 256 * 2**20
PREFIX = struct.Struct("!4sIQ")
MAGIC = b"KATA"
_DTYPES = {
    np.dtype(t): np.dtype(t).str for t in ("f2", "f4", "f8", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "?")
}
_BY_NAME = {name: dtype for dtype, name in _DTYPES.items()}
_INTEGERS = frozenset(np.dtype(t).str for t in ("i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8"))
_DEEPEST = 32  # dimensions of an array
_OPENING = 2**16  # bytes of a header that its number takes, and where an operation is, at most


class ProtocolError(Exception):
    """What arrived is not a message; says why."""


class Content(NamedTuple):
    """A message without its number: the header's text, but for the brace that opens it, and the arrays' bytes."""

    header: bytes
    body: bytes

    def numbered(self, number: int, **first: str) -> bytes:
        """The frame of this message under a number. `first`: what else stands there, before all the rest."""
        opening = opened(number, **first)
        return b"".join((PREFIX.pack(MAGIC, len(opening) + len(self.header), len(self.body)), opening, *self))


def opened(number: int, **first: str) -> bytes:
    """How the header of a message with this number begins, and with these texts."""
    return b'{"id":%d,%b' % (number, _opening(**first) if first else b"")


@lru_cache(2**8)  # questions about one operation begin alike
def _opening(**first: str) -> bytes:
    return json.dumps(first, separators=(",", ":")).encode()[1:-1] + b","


def content(message: dict) -> Content:
    """A message made of dicts, lists, arrays and JSON's values; a tuple arrives as a list, unless it is `kept`.

    Raises ProtocolError beyond the caps.
    """
    arrays: list[bytes] = []

    def plain(value):
        if isinstance(value, np.ndarray):
            dtype = _DTYPES.get(value.dtype)
            if dtype is None:
                raise ProtocolError(f"an array of dtype {value.dtype} cannot be sent")
            arrays.append(value.tobytes())
            return {"array": (dtype, value.shape)}
        if isinstance(value, np.integer):
            return {"integer": (value.dtype.str, int(value))}
        raise TypeError(f"a {type(value).__name__} cannot be sent")

    header = json.dumps(message, separators=(",", ":"), default=plain).encode()
    body = b"".join(arrays)
    if len(header) > HEADER - _OPENING or len(body) > BODY:
        raise ProtocolError(f"a message of {len(header)} + {len(body)} bytes is over {HEADER} + {BODY}")
    return Content(header[1:], body)


def pack(number: int, **message) -> bytes:
    """The frame of a message. Raises ProtocolError beyond the caps."""
    return content(message).numbered(number)


def kept(value):
    """A value whose tuples arrive as such."""
    return {"tuple": list(map(kept, value))} if isinstance(value, tuple) else value


def lengths(prefix: bytes) -> tuple[int, int]:
    """Header and body length that a frame's first bytes announce. Raises ProtocolError beyond the caps."""
    magic, header, body = PREFIX.unpack(prefix)
    if magic != MAGIC or header > HEADER or body > BODY:
        raise ProtocolError("not a frame")
    return header, body


def unpack(header: bytes, body: bytes):
    """The message of a frame. Arrays are read-only views of `body`. Raises ProtocolError for anything malformed."""
    used = 0

    def rebuilt(value: dict):
        nonlocal used
        if len(value) != 1:
            return value
        if "array" in value:
            name, shape = value["array"]
            dtype, size = _sized(name, *shape)
            if used + size > len(body):
                raise ProtocolError("an array is longer than its body")
            array = np.ndarray(shape, dtype, body, used)
            used += size
            return array
        if "tuple" in value and isinstance(value["tuple"], list):
            return tuple(value["tuple"])
        if "integer" in value:
            return _integer(*value["integer"])
        return value

    try:
        message = json.loads(header.decode(), object_hook=rebuilt)
    except ProtocolError:
        raise
    except (ValueError, TypeError, OverflowError, RecursionError) as error:
        raise ProtocolError(f"not a message: {type(error).__name__}") from None
    if used != len(body):
        raise ProtocolError("the body is longer than its arrays")
    return message


@lru_cache(2**10, typed=True)  # True and 1.0 are no lengths, and equal to one
def _sized(dtype: str, *shape: int) -> tuple[np.dtype, int]:
    """The dtype and the bytes of an array. Raises ProtocolError where there is no such array."""
    if dtype not in _BY_NAME or len(shape) > _DEEPEST or not all(type(n) is int and 0 <= n <= BODY for n in shape):
        raise ProtocolError("not an array")
    return _BY_NAME[dtype], prod(shape) * _BY_NAME[dtype].itemsize


def _integer(dtype: str, value: int) -> np.integer:
    if dtype not in _INTEGERS or type(value) is not int:
        raise ProtocolError("not an integer")
    return np.dtype(dtype).type(value)
