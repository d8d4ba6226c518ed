"""Messages between the grader and a worker: data, never objects. No pickle, nothing that runs on arrival.

A frame is `KATA`, the header's length (4 bytes, big endian), the body's length (8 bytes), the header (JSON in UTF-8), and
the body: the raw bytes of the arrays, one after another. In the header an array is `{"array": [dtype, shape]}`, a tuple is
`{"tuple": [...]}`, a NumPy integer `{"integer": [dtype, value]}`; all else is plain JSON. Lengths are checked before anything is allocated.

Runs on both sides: NumPy and the standard library only.
"""

import json
import struct
from math import prod

import numpy as np

HEADER = 2**20  # bytes at most
BODY = 256 * 2**20
PREFIX = struct.Struct("!4sIQ")
MAGIC = b"KATA"
_DTYPES = frozenset(np.dtype(t).str for t in ("f2", "f4", "f8", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "?"))
_INTEGERS = frozenset(np.dtype(t).str for t in ("i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8"))
_NESTED = (dict, list)  # what json makes, and may hold something to be rebuilt
_DEEPEST = 32  # dimensions of an array


class ProtocolError(Exception):
    """What arrived is not a message; says why."""


def pack(message) -> bytes:
    """The frame of a message made of dicts, lists, tuples, arrays and JSON's values. Raises ProtocolError beyond the caps."""
    arrays: list[bytes] = []
    header = json.dumps(_plain(message, arrays), separators=(",", ":")).encode()
    body = sum(map(len, arrays))
    if len(header) > HEADER or body > BODY:
        raise ProtocolError(f"a message of {len(header)} + {body} bytes is over {HEADER} + {BODY}")
    return b"".join((PREFIX.pack(MAGIC, len(header), body), header, *arrays))


def lengths(prefix: bytes) -> tuple[int, int]:
    """Header and body length that a frame's first bytes announce. Raises ProtocolError beyond the caps."""
    magic, header, body = PREFIX.unpack(prefix)
    if magic != MAGIC or header > HEADER or body > BODY:
        raise ProtocolError("not a frame")
    return header, body


def unpack(header: bytes, body: bytes):
    """The message of a frame. Arrays are read-only views of `body`. Raises ProtocolError for anything malformed."""
    view, used = memoryview(body), 0

    def rebuild(value):
        nonlocal used
        if isinstance(value, list):
            return [rebuild(v) if type(v) in _NESTED else v for v in value]
        if not isinstance(value, dict):
            return value
        if value.keys() == {"tuple"} and isinstance(value["tuple"], list):
            return tuple([rebuild(v) for v in value["tuple"]])
        if value.keys() == {"integer"}:
            return _integer(*value["integer"])
        if value.keys() != {"array"}:
            return {k: rebuild(v) if type(v) in _NESTED else v for k, v in value.items()}
        dtype, shape = value["array"]
        if dtype not in _DTYPES or len(shape) > _DEEPEST or not all(type(n) is int and 0 <= n <= BODY for n in shape):
            raise ProtocolError("not an array")
        size = prod(shape) * np.dtype(dtype).itemsize
        if used + size > len(view):
            raise ProtocolError("an array is longer than its body")
        array = np.frombuffer(view[used : used + size], dtype).reshape(shape)
        used += size
        return array

    try:
        message = rebuild(json.loads(header))
    except ProtocolError:
        raise
    except (ValueError, TypeError, OverflowError, RecursionError) as error:
        raise ProtocolError(f"not a message: {type(error).__name__}") from None
    if used != len(view):
        raise ProtocolError("the body is longer than its arrays")
    return message


def _integer(dtype: str, value: int) -> np.integer:
    if dtype not in _INTEGERS or type(value) is not int:
        raise ProtocolError("not an integer")
    return np.dtype(dtype).type(value)


def _plain(value, arrays: list[bytes]):
    if isinstance(value, np.ndarray):
        if value.dtype.str not in _DTYPES:
            raise ProtocolError(f"an array of dtype {value.dtype} cannot be sent")
        arrays.append(value.tobytes())
        return {"array": [value.dtype.str, list(value.shape)]}
    if isinstance(value, np.integer):
        return {"integer": [value.dtype.str, int(value)]}
    if isinstance(value, tuple):
        return {"tuple": [_plain(v, arrays) for v in value]}
    if isinstance(value, list):
        return [_plain(v, arrays) for v in value]
    if isinstance(value, dict):
        return {k: _plain(v, arrays) for k, v in value.items()}
    return value
