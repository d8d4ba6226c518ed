"""Archives made by hand, header by header, as no program writes them: what `parcels` and `mutated_parcels` are made of."""

import gzip
import io
import struct
import tarfile
import zipfile

SIZE = slice(124, 136)
"""Where a tar's header has the size."""
CENTRAL, LOCAL, END, END64 = b"PK\x01\x02", b"PK\x03\x04", b"PK\x05\x06", b"PK\x06\x06"
ZIP_FIELDS = {
    CENTRAL: {"flags": (8, "H"), "method": (10, "H"), "crc": (16, "I"), "packed": (20, "I"), "size": (24, "I")}
    | {"name": (28, "H"), "extra": (30, "H"), "comment": (32, "H"), "mode": (38, "I"), "offset": (42, "I")},
    LOCAL: {"flags": (6, "H"), "method": (8, "H"), "packed": (18, "I"), "size": (22, "I"), "name": (26, "H")}
    | {"extra": (28, "H")},
    END: {"disk": (4, "H"), "here": (8, "H"), "count": (10, "H"), "size": (12, "I"), "offset": (16, "I")}
    | {"comment": (20, "H")},
    END64: {"length": (4, "Q"), "here": (24, "Q"), "count": (32, "Q"), "size": (40, "Q"), "offset": (48, "Q")},
}
"""Of a zip's records: field -> where it is, and its format."""


def tarred(*blocks: bytes, level: int = 1) -> bytes:
    """A .tar.gz of these blocks and its end."""
    return gzip.compress(b"".join(blocks) + bytes(1024), level)


def entry(name: str, content: bytes = b"", kind: bytes = b"0", size: int | bytes | None = None) -> bytes:
    """An entry of a tar. A `size` of bytes stands in its field as it is."""
    info = tarfile.TarInfo(name)
    info.type, info.size = kind, len(content) if size is None or isinstance(size, bytes) else 0
    header = bytearray(info.tobuf(tarfile.GNU_FORMAT))
    if isinstance(size, bytes):
        header[SIZE] = size.ljust(12, b"\0")
    elif size is not None:
        header[SIZE] = binary(size)
    return mended(header) + padded(content)


def binary(number: int) -> bytes:
    """A number as tar has those that octal digits cannot say."""
    return (number & (2**95 - 1) | 2**95).to_bytes(12, "big") if number >= 0 else (2**96 + number).to_bytes(12, "big")


def mended(header: bytearray) -> bytes:
    """A tar's header with the checksum that it should have."""
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    return bytes(header)


def padded(content: bytes) -> bytes:
    """The content up to the end of a block."""
    return content + bytes(-len(content) % 512)


def pax(content: bytes, kind: bytes = b"x") -> bytes:
    """A header that says something of the next entry, or `g`, of all."""
    return entry("pax", content, kind)


def record(key: bytes, value: bytes) -> bytes:
    """A record of such a header, with its right length."""
    length = len(key) + len(value) + 3
    while len(str(length)) + len(key) + len(value) + 3 != length:
        length = len(str(length)) + len(key) + len(value) + 3
    return b"%d %s=%s\n" % (length, key, value)


def zipped(entries: dict[str, bytes], kind: int = zipfile.ZIP_DEFLATED) -> bytes:
    """An ordinary zip."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", kind) as archive:
        for name, content in entries.items():
            archive.writestr(zipfile.ZipInfo(name), content, kind)
    return stream.getvalue()


def with_field(data: bytes, record: bytes, field: str, value: int, at: int = -1) -> bytes:
    """A zip with another value in a field of a record, of the last one or the one at `at`."""
    offset, code = ZIP_FIELDS[record][field]
    start = (data.rindex(record) if at < 0 else at) + offset
    content = struct.pack(f"<{code}", value & (256 ** struct.calcsize(f"<{code}") - 1))
    return data[:start] + content + data[start + len(content) :]


def as_zip64(data: bytes, **values: int) -> bytes:
    """A zip whose end is told in 64 bits: `count`, `size` and `offset` of its directory, right if they are not given."""
    end = data.rindex(END)
    count, size, offset = struct.unpack_from("<HII", data, end + 10)
    told = {"count": count, "size": size, "offset": offset} | {k: v % 2**64 for k, v in values.items()}
    long = struct.pack(
        "<4sQHHIIQQQQ", END64, 44, 45, 45, 0, 0, told["count"], told["count"], told["size"], told["offset"]
    )
    where = struct.pack("<4sIQI", b"PK\x06\x07", 0, end, 1)
    short = struct.pack("<4sHHHHIIH", END, 0, 0, 2**16 - 1, 2**16 - 1, 2**32 - 1, 2**32 - 1, 0)
    return data[:end] + long + where + short
