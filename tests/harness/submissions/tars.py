"""What a tar is made of: header by header, gzipped or not.

Standard library only. Nothing it says of a size is believed: memory is taken as content arrives.
"""

import re
import zlib
from collections.abc import Iterator
from typing import NamedTuple

from tests.harness.submissions import parcel
from tests.harness.submissions.parcel import SHOWN, UnusableSubmission
from tests.harness.worker.printable import printable

_LARGEST_UNPACKED = 100 * 2**20  # of a .tar.gz, which has to be read from its beginning
_CHUNK = 2**14
_GZIP = b"\x1f\x8b"
_BLOCK = 512  # a tar is made of these
_LARGEST_HEADER = 2**20  # a long name, or what else is said of an entry: macOS adds some 1000 bytes
_MOST_HEADERS = 4 * parcel.MOST_ENTRIES  # an entry, its long name, its long target, and what else is said of it
_MOST_RECORDS = 10 * parcel.MOST_ENTRIES  # in all of what else is said


class Entry(NamedTuple):
    """`kind`: file, folder or other. `size`: of what follows its header."""

    name: str
    kind: bytes
    size: int


class Unpacked:
    """What gzip's members unpack to, or what is not packed. It refuses to become far larger than what it is packed in."""

    def __init__(self, data: bytes):
        self._packed, self._at = memoryview(data), 0
        self._left = min(_LARGEST_UNPACKED, max(2**20, parcel.STEEPEST * len(data)))
        self._member, self._members = zlib.decompressobj(31), 1
        self._ready, self._used = b"", 0
        self.told = 0  # bytes that were read
        if not data.startswith(_GZIP):
            if len(data) < _BLOCK:
                raise ValueError("it does not begin like one")
            self._ready, self._member = data, None

    def read(self, size: int) -> bytes:
        """The next bytes, fewer only at the end."""
        parts = []
        while size:
            if self._used == len(self._ready):
                self._ready, self._used = self._more(), 0
                if not self._ready:
                    break
            parts.append(self._ready[self._used : self._used + size])
            self._used += len(parts[-1])
            self.told += len(parts[-1])
            size -= len(parts[-1])
        return b"".join(parts)

    def exactly(self, size: int) -> bytes:
        """The next bytes, all of them. Raises EOFError."""
        data = self.read(size)
        if len(data) < size:
            raise EOFError("it is cut short")
        return data

    def skip_to(self, place: int) -> None:
        """Pass over the bytes up to there. Raises EOFError."""
        while self.told < place:
            self.exactly(min(place - self.told, _CHUNK))

    def _more(self) -> bytes:
        """What comes next, however much; nothing at the end."""
        while self._member:
            if self._member.eof and not self._next_member():
                return b""
            chunk = self._packed[self._at : self._at + _CHUNK]
            data = self._member.decompress(chunk, 4 * _CHUNK)
            self._at += len(chunk) - len(self._member.unconsumed_tail) - len(self._member.unused_data)
            if not data and not chunk and not self._member.eof:
                raise EOFError("it is cut short")
            self._left -= len(data)
            if self._left < 0:
                raise UnusableSubmission("unpacks to far more than it should: a bomb?")
            if data:
                return data
        return b""

    def _next_member(self) -> bool:
        while self._packed[self._at : self._at + 1] == b"\0":  # padding
            self._at += 1
        self._member, self._members = zlib.decompressobj(31), self._members + 1
        if self._members > parcel.MOST_ENTRIES:
            raise UnusableSubmission(f"has more than {parcel.MOST_ENTRIES} parts")
        return self._at < len(self._packed)


def entries(data: bytes) -> Iterator[tuple[Entry, Unpacked]]:
    """Entry by entry, and the bytes that its content is the next of."""
    stream = Unpacked(data)
    for number, entry in enumerate(_entries(stream), 1):
        if number > parcel.MOST_ENTRIES:
            raise UnusableSubmission(f"has more than {parcel.MOST_ENTRIES} entries")
        ends = stream.told + _padded(entry.size)
        yield entry, stream
        stream.skip_to(ends)


_LENGTH = re.compile(rb"(\d{1,7}) ")
_FOLLOWED = {b"0": b"file", b"\0": b"file", b"7": b"file"}
_ALONE = {b"5": b"folder", b"1": b"other", b"2": b"other", b"3": b"other", b"4": b"other", b"6": b"other"}


def _entries(stream: Unpacked) -> Iterator[Entry]:
    """The entries of a tar; an entry's content must be passed over before the next one."""
    said: dict[str, bytes] = {}  # of the entry that follows, by a header of its own
    records = 0
    for number in range(_MOST_HEADERS):
        header = stream.read(_BLOCK)
        if not header.strip(b"\0"):
            if not number and not header:
                raise EOFError("it is empty")
            return
        if len(header) < _BLOCK:
            raise EOFError("it is cut short")
        _refuse_damaged(header)
        size, kind = _number(header[124:136]), header[156:157]
        if kind in (b"x", b"X", b"g"):
            pairs = list(_records(_said(stream, size)))
            records += len(pairs)
            if records > _MOST_RECORDS:
                raise UnusableSubmission(f"has more than {_MOST_RECORDS} pax records")
            if kind != b"g":
                said |= pairs
            elif any(key in ("path", "size") or key.startswith("GNU.sparse.") for key, _ in pairs):
                raise UnusableSubmission("has a pax header that gives all its entries one name or size")
        elif kind in (b"L", b"K"):
            name = _said(stream, size).partition(b"\0")[0]
            said |= {"path": name} if kind == b"L" else {}
        else:
            yield _entry(stream, header, size, kind, said)
            said = {}
    raise UnusableSubmission(f"has more than {parcel.MOST_ENTRIES} entries")


def _entry(stream: Unpacked, header: bytes, size: int, kind: bytes, said: dict[str, bytes]) -> Entry:
    name = header[:100].partition(b"\0")[0]
    prefix = header[345:500].partition(b"\0")[0]
    if prefix and header[257:263] == b"ustar\0":
        name = prefix + b"/" + name
    if kind == b"\0" and name.endswith(b"/"):
        kind = b"5"
    is_sparse = kind == b"S" or any(key.startswith("GNU.sparse.") for key in said)
    name = said.get("GNU.sparse.name") or said.get("path") or name
    if said.get("size"):
        size = _decimal(said["size"])
    if kind == b"S":
        more = header[482]
        while more:
            more = stream.exactly(_BLOCK)[504]
    if kind in _ALONE:
        return Entry(_text(name), _ALONE[kind], 0)
    shown = _text(name)
    if is_sparse and parcel.is_module(parcel.inside(shown)):
        raise UnusableSubmission(f"has a sparse file: {printable(shown, SHOWN)}; pack it again without --sparse")
    return Entry(shown, _FOLLOWED.get(kind, b"other"), size)


def _refuse_damaged(header: bytes) -> None:
    rest = header[:148] + b" " * 8 + header[156:]
    surplus = sum(rest) - _number(header[148:156])
    # Some old ones count bytes above 127 as negative.
    if surplus and surplus != 256 * sum(byte > 127 for byte in rest):
        raise ValueError("a header is damaged")


def _number(field: bytes) -> int:
    """A number as tar has it: octal digits, or binary after a byte that says so."""
    if field[0] == 0x80:
        return int.from_bytes(field[1:], "big")
    digits = field.partition(b"\0")[0].strip()
    if not re.fullmatch(rb"[0-7]*", digits):
        raise ValueError("a header has a number that is none")
    return int(digits or b"0", 8)


def _decimal(digits: bytes) -> int:
    if not re.fullmatch(rb"\d{1,20}", digits):
        raise ValueError("a pax header has a number that is none")
    return int(digits)


def _said(stream: Unpacked, size: int) -> bytes:
    """The content of a header that speaks of the next entry."""
    if size > _LARGEST_HEADER:
        raise UnusableSubmission(f"has a header of {size} bytes; more than {_LARGEST_HEADER} is no name")
    return stream.exactly(_padded(size))[:size]


def _records(header: bytes) -> Iterator[tuple[str, bytes]]:
    """The records of a pax header, each `LENGTH KEY=VALUE` and a line end."""
    at = 0
    while at < len(header) and header[at]:
        length = _LENGTH.match(header, at)
        end = at + int(length[1]) if length else 0
        if not length or not length.end() < end <= len(header) or header[end - 1] != ord("\n"):
            raise ValueError("a pax header is damaged")
        key, equals, value = header[length.end() : end - 1].partition(b"=")
        if not equals:
            raise ValueError("a pax header is damaged")
        yield _text(key), value
        at = end


def _padded(size: int) -> int:
    return -(-size // _BLOCK) * _BLOCK


def _text(name: bytes) -> str:
    return name.decode(errors="surrogateescape")
