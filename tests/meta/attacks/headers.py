"""Archives with headers that no program writes: sizes, names and ways of packing made to harm whoever unpacks them."""

import gzip
import os
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

from tests.meta.attacks import crafted
from tests.meta.attacks.crafted import entry, pax, record, tarred
from tests.meta.attacks.parcels import MODULE, Parcel, text


def _gzipped(content: bytes, name: str = "s.tgz") -> Callable[[Path], Path]:
    return lambda folder: text(gzip.compress(content), name)(folder)


def _crafted_tar(*blocks: bytes, level: int = 1) -> Callable[[Path], Path]:
    """A tar of these blocks, and the module after them."""
    return text(tarred(*blocks, entry("kata/feedforward.py", MODULE.encode()), level=level), "s.tar.gz")


def _crafted_zip(change: Callable[[bytes], bytes], kind: int = zipfile.ZIP_DEFLATED) -> Callable[[Path], Path]:
    """A zip of the module that was changed."""
    return text(change(crafted.zipped({"kata/feedforward.py": MODULE.encode()}, kind)), "s.zip")


def _overlapping(folder: Path) -> Path:
    """A zip whose directory names one module a thousand times, where there is only one."""
    data = crafted.zipped({"kata/activations.py": b"x = 1\n" * 10**4})
    first, end = data.index(crafted.CENTRAL), data.index(crafted.END)
    directory = data[first:end] * 1000
    data = data[:first] + directory + struct.pack("<4sHHHHIIH", crafted.END, 0, 0, 1000, 1000, len(directory), first, 0)
    return text(data, "s.zip")(folder)


def _changed(data: bytes, record: bytes, field: str, value: int) -> bytes:
    return crafted.with_field(data, record, field, value)


def _in_both(data: bytes, field: str, value: int) -> bytes:
    """Changed where the module is, and in the directory."""
    return _changed(_changed(data, crafted.LOCAL, field, value), crafted.CENTRAL, field, value)


PARCELS = [
    Parcel("a gzip bomb", text(tarred(entry("data", bytes(3 * 10**7))), "s.tgz"), "bomb"),
    Parcel("a tar that is none", _gzipped(os.urandom(4096)), "not a tar"),
    # A header of a negative size sends a reader that can seek backwards in a circle.
    Parcel("a tar that runs in a circle", _crafted_tar(entry("data", size=-1024)), "number that is none"),
    Parcel("a tar of 2^60 bytes", _crafted_tar(entry("data", size=2**60)), "cut short"),
    Parcel("a module of 2^60 bytes in a tar", _crafted_tar(entry("kata/a.py", size=2**60)), "cut short"),
    Parcel("a folder of 2^60 bytes in a tar", _crafted_tar(entry("kata", kind=b"5", size=2**60))),
    Parcel("a tar's size in words", _crafted_tar(entry("data", size=b"one hundred")), "number that is none"),
    Parcel("a pax header of digits", _crafted_tar(pax(b"1" * 10**5)), "pax header is damaged"),
    Parcel("a pax record longer than its header", _crafted_tar(pax(b"999999 a=b\n")), "pax header is damaged"),
    Parcel("a pax record of no length", _crafted_tar(pax(b"0 a=b\n")), "pax header is damaged"),
    Parcel("a pax size of 2^60", _crafted_tar(pax(record(b"size", b"%d" % 2**60)), entry("data")), "cut short"),
    Parcel("a pax size below 0", _crafted_tar(pax(record(b"size", b"-1024")), entry("data")), "number that is none"),
    Parcel(
        "a pax size of digits", _crafted_tar(pax(record(b"size", b"9" * 9999)), entry("data")), "number that is none"
    ),
    Parcel("pax records without end", _crafted_tar(*[pax(record(b"a", b"") * 5000)] * 50, level=0), "pax records"),
    Parcel("a pax header of 2^40 bytes", _crafted_tar(entry("pax", kind=b"x", size=2**40)), "is no name"),
    Parcel("pax headers in a row", _crafted_tar(*[pax(record(b"a", b"%d" % n)) for n in range(900)])),
    Parcel("a pax size of all entries", _crafted_tar(pax(record(b"size", b"0"), b"g")), "all its entries"),
    Parcel("a pax path with NUL", _crafted_tar(pax(record(b"path", b"a\0.py")), entry("a.py")), "odd name"),
    Parcel("a pax path of bytes", _crafted_tar(pax(record(b"path", b"\xff\xfe.py")), entry("a.py")), "odd name"),
    Parcel("a pax path out", _crafted_tar(pax(record(b"path", b"../a.py")), entry("a.py")), "points outside"),
    Parcel("a long name of 64 KB", _crafted_tar(entry("L", b"a/" * 2**15, b"L"), entry("a.py")), "odd name"),
    Parcel("a long name of 2^40 bytes", _crafted_tar(entry("L", kind=b"L", size=2**40)), "is no name"),
    Parcel(
        "long names in a row", _crafted_tar(*[entry("L", os.urandom(99), b"L") for _ in range(10**3)] * 85), "entries"
    ),
    Parcel("a sparse module", _crafted_tar(entry("a.py", kind=b"S")), "sparse"),
    Parcel("a sparse map without end", _crafted_tar(entry("a", size=0, kind=b"S")[:482], b"\1" * 10**6), "damaged"),
    Parcel(
        "a sparse map in pax", _crafted_tar(pax(record(b"GNU.sparse.map", b"0,1," * 10**5)), entry("a.py")), "sparse"
    ),
    Parcel(
        "a sparse name in pax",
        _crafted_tar(pax(record(b"GNU.sparse.major", b"1") + record(b"GNU.sparse.name", b"a.py")), entry("a")),
        "sparse",
    ),
    Parcel("a gzip cut short", text(tarred(entry("a.py", os.urandom(9999)))[:5000], "s.tgz"), "cut short"),
    Parcel("an empty gzip", _gzipped(b""), "is empty"),
    Parcel("a gzip with rubbish after it", text(tarred(entry("a.py", MODULE.encode())) + b"rubbish", "s.tgz")),
    Parcel("a gzip in a gzip", _gzipped(tarred(entry("a.py"))), "cut short|damaged"),
    Parcel("a zip in a gzip", _gzipped(crafted.zipped({"a.py": MODULE.encode()})), "cut short|damaged|number"),
    Parcel("a zip packed with LZMA", _crafted_zip(bytes, zipfile.ZIP_LZMA), "unusual way"),
    Parcel("a zip packed with bzip2", _crafted_zip(bytes, zipfile.ZIP_BZIP2), "unusual way"),
    Parcel("LZMA rubbish", _crafted_zip(lambda z: _in_both(z, "method", zipfile.ZIP_LZMA)), "unusual way"),
    Parcel("a zip packed in an unknown way", _crafted_zip(lambda z: _in_both(z, "method", 99)), "unusual way"),
    Parcel("a zip that was not packed", _crafted_zip(lambda z: _in_both(z, "method", 0)), "not a zip archive"),
    Parcel("a zip64 offset of 2^64 - 1", _crafted_zip(lambda z: crafted.as_zip64(z, offset=2**64 - 1)), "not a zip"),
    Parcel("a zip64 directory of 2^64 - 1", _crafted_zip(lambda z: crafted.as_zip64(z, size=2**64 - 1)), "not a zip"),
    Parcel("a zip64 of 2^63 entries", _crafted_zip(lambda z: crafted.as_zip64(z, count=2**63))),
    Parcel("a zip's offset beyond it", _crafted_zip(lambda z: _changed(z, crafted.END, "offset", 2**31)), "not a zip"),
    Parcel(
        "a module beyond the zip", _crafted_zip(lambda z: _changed(z, crafted.CENTRAL, "offset", 2**31)), "not a zip"
    ),
    Parcel(
        "a zip's size of 4 GB", _crafted_zip(lambda z: _changed(z, crafted.CENTRAL, "size", 2**32 - 1)), "more than"
    ),
    Parcel("a zip's packed size of 4 GB", _crafted_zip(lambda z: _changed(z, crafted.CENTRAL, "packed", -1))),
    Parcel("a zip's name beyond it", _crafted_zip(lambda z: _changed(z, crafted.CENTRAL, "name", -1))),
    Parcel(
        "a zip whose end is in its comment", _crafted_zip(lambda z: z[:-2] + b"\x16\0" + b"PK\5\6" + bytes(18)), "none"
    ),
    Parcel("one module a thousand times", _overlapping, "larger than|[Oo]verlap|not a zip"),
]
