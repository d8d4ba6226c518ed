"""The modules in the bytes of a zip or a tar: what is stored, deflated or gzipped, and no other way of packing.
What a tar is made of is read by tars.py.

Standard library only. Nothing an archive says of a size is believed: memory is taken as content arrives.
"""

import io
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterable, Iterator

from tests.harness.submissions import parcel, tars
from tests.harness.submissions.parcel import SHOWN, UnusableSubmission
from tests.harness.worker.printable import printable

Modules = Iterator[tuple[str, bytes]]


def in_zip(data: bytes, notes: list[str]) -> Modules:
    """Names and contents, as they come. Raises UnusableSubmission, and whatever zipfile makes of a damaged archive."""
    # Counted before the directory is read, which takes a while for a million entries.
    if data.count(b"PK\x01\x02") > parcel.MOST_ENTRIES:
        raise UnusableSubmission(f"has more than {parcel.MOST_ENTRIES} entries")
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        entries = [(parcel.inside(_zipped_name(entry)), entry) for entry in archive.infolist()]
        environments = _environments(name for name, _ in entries)
        for name, entry in entries:
            is_folder = entry.orig_filename.endswith(("/", "\\"))
            kind = stat.S_IFMT(entry.external_attr >> 16)
            is_plain = kind in (0, stat.S_IFREG, stat.S_IFDIR)
            if is_folder or not _is_taken(name, is_plain, environments, notes):
                continue
            shown = printable(name, SHOWN)
            if entry.flag_bits & 1:
                raise UnusableSubmission(f"is encrypted: {shown}; zip it again without a password")
            if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
                raise UnusableSubmission(f"has {shown} compressed in an unusual way; zip it again with deflate")
            parcel.refuse_large(name, entry.file_size, entry.compress_size)
            with archive.open(entry) as stream:
                content = stream.read(parcel.largest(name) + 1)
            parcel.refuse_large(name, len(content), entry.compress_size)
            yield name, content


def in_tar(data: bytes, notes: list[str]) -> Modules:
    """Names and contents, as they come. Raises UnusableSubmission, ValueError, EOFError and zlib.error."""
    environments = _environments(parcel.inside(entry.name) for entry, _ in tars.entries(data))
    for entry, stream in tars.entries(data):
        name = parcel.inside(entry.name)
        is_plain = entry.kind in (b"file", b"folder")
        if entry.kind != b"folder" and _is_taken(name, is_plain, environments, notes):
            parcel.refuse_large(name, entry.size, entry.size)
            yield name, stream.exactly(entry.size)


def _is_taken(name: str, is_plain: bool, environments: set[str], notes: list[str]) -> bool:
    if parcel.is_taken(name, is_plain=is_plain):
        return not parcel.is_installed(name, environments)
    notes += filter(None, [parcel.overlooked(name)])
    return False


def _environments(names: Iterable[str]) -> set[str]:
    """The folders that are virtual environments."""
    return {name.rpartition("/")[0] for name in names if name.rpartition("/")[2] == parcel.ENVIRONMENT}


_UNICODE_PATH = 0x7075
"""Info-ZIP's field with a name in UTF-8."""


def _zipped_name(entry: zipfile.ZipInfo) -> str:
    """The name as the entry has it: in UTF-8, where it can be, for many programs write that and do not say so."""
    if entry.flag_bits & 0x800:
        return entry.orig_filename
    raw = entry.orig_filename.encode("cp437")
    for kind, field in _fields(entry.extra):
        # What follows is the name only if it was not changed since.
        if kind == _UNICODE_PATH and field[:1] == b"\1" and field[1:5] == zlib.crc32(raw).to_bytes(4, "little"):
            raw = field[5:]
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return entry.orig_filename


def _fields(extra: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    while at + 4 <= len(extra):
        kind, size = struct.unpack_from("<HH", extra, at)
        yield kind, extra[at + 4 : at + 4 + size]
        at += 4 + size
