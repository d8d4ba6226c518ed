"""Archives and folders as other systems and programs make them, and files that are not what their names say."""

import bz2
import gzip
import io
import json
import lzma
import struct
import tarfile
import zlib
from pathlib import Path

import pytest

from tests.harness.submissions import intake, parcel
from tests.harness.submissions.parcel import UnusableSubmission
from tests.meta.attacks import crafted
from tests.meta.attacks.crafted import entry, tarred

A, B = b"a = 1\n", b"b = 2\n"
BOOK = json.dumps({"nbformat": 4, "cells": [{"cell_type": "code", "source": "%%file a.py\na = 2"}, {"cell_type": "code", "source": "a = 3"}]}).encode()  # fmt: skip
IN_CELLS = b"# %% cell 2 of n.ipynb\na = 3\n"
WRITTEN = b"# %% cell 1 of n.ipynb\n\na = 2\n"
DEEP = (
    "/".join(
        ["Users", "anna", "Documents", "uni", "2026", "ml", "week 3", "home work", "Abgabe", "kata-main", "src", "kata"]
    )
    + "/a.py"
)
LISTS = {  # files as they are packed -> modules, and notes
    "Windows": ({"k\\": b"", "k\\a.py": A, "k\\m/b.py": B}, {"k/a.py": A, "k/m/b.py": B}, []),
    "dots": ({"./k/./a.py": A, "k//b.py": B, "k/../c.py": B}, {"k/a.py": A, "k/b.py": B, "c.py": B}, []),
    "deep": ({DEEP: A}, {DEEP: A}, []),
    "names": (
        {"Prüfung \u2013 🚀👩‍💻 final\u00a0(2)/2nd try.py": A, "名前/Ä#%;~$.py": B, "\uff0f\uff0e\uff0e\uff0fa.py": B},
        {"Prüfung \u2013 🚀👩‍💻 final\u00a0(2)/2nd try.py": A, "名前/Ä#%;~$.py": B, "\uff0f\uff0e\uff0e\uff0fa.py": B},
        [],
    ),
    "endings": ({"A.PY": A, "N.ipynb.txt": BOOK, "b.py.txt": B, "c.txt": B, "CONFTEST.py": B}, {"A.PY": A}, ["N.ipynb.txt: not read, for its ending; rename it to N.ipynb", "b.py.txt: not read, for its ending; rename it to b.py"]),
    "a notebook": ({"k/n.ipynb": BOOK, "k/.ipynb_checkpoints/n-checkpoint.ipynb": BOOK}, {"k/n.ipynb": IN_CELLS, "k/a.py": WRITTEN}, []),
    "a notebook and what it wrote": ({"a.py": A, "n.ipynb": BOOK}, {"a.py": A, "n.ipynb": IN_CELLS}, ["a.py: is there, and a notebook writes it too; the file counts"]),
    "a notebook that cannot be read": ({"a.py": A, "n.ipynb": b"{"}, {"a.py": A}, ["n.ipynb: is not a notebook that can be read (it is cut short); save it again in Jupyter, and hand that in"]),
    "a web page among modules": ({"a.py": A, "b.py": b"\n<!DOCTYPE html>"}, {"a.py": A}, ["b.py: is a saved web page, not Python text; download the file itself"]),
    "an archive beside modules": ({"a.py": A, "k/b.zip": B}, {"a.py": A}, ["k/b.zip: not read, it is an archive in what was handed in; unpack it there"]),
    "an environment": ({"env2/pyvenv.cfg": b"", "env2/lib/python3.12/x/a.py": B, "env2/Scripts/b.py": B, "env2/mine.py": A, "lib/a.py": A}, {"env2/mine.py": A, "lib/a.py": A}, []),
}  # fmt: skip


def zipped(files: dict[str, bytes]) -> bytes:
    return crafted.zipped(files)


def packed(files: dict[str, bytes], mode: str = "w:gz") -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode=mode) as archive:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size, info.type = len(content), tarfile.DIRTYPE if name.endswith("\\") else tarfile.REGTYPE
            archive.addfile(info, io.BytesIO(content))
    return stream.getvalue()


@pytest.mark.parametrize("kind", ["zip", "tar.gz", "tgz", "tar"])
@pytest.mark.parametrize("what", LISTS)
def test_archives_of_other_systems_are_read(what, kind, tmp_path):
    """Names as Windows, macOS and people write them are read; modules and notebooks are all there, and what is not is told."""
    files, modules, notes = LISTS[what]
    path = tmp_path / f"s.{kind}"
    path.write_bytes(zipped(files) if kind == "zip" else packed(files, "w" if kind == "tar" else "w:gz"))
    seen = intake.modules(path)
    assert (seen.modules, sorted(seen.notes)) == (modules, notes)


@pytest.mark.parametrize("what", [what for what in LISTS if what != "dots"])
def test_folders_are_read_alike(what, tmp_path):
    """A folder is read as an archive of it is, also one where a program left `k\\\\a.py` as a file's name."""
    files, modules, notes = LISTS[what]
    for name, content in files.items():
        if not name.endswith("\\"):
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_bytes(content)
    seen = intake.modules(tmp_path)
    assert (seen.modules, sorted(seen.notes)) == (modules, notes)


@pytest.mark.parametrize("pack", [zipped, lambda files: packed(files)])
@pytest.mark.parametrize(
    ("name", "says"),
    [
        *((name, "has an entry that points outside: ") for name in ("..\\a.py", "C:\\a.py", "c:a.py", "\\\\host\\a.py", "/a.py", "a/..\\..\\b.py", "../a.txt")),
        *((name, "has a module with an odd name: .*rename it") for name in ("a\u202e.py", "a\x1b/b.py", "\x85.py", "\u2066.ipynb", "a\u200f.py", "a\ufeff.py")),
        ("d/" * 60 + "a.py", "has a module with an odd name: .* folders deep; hand in the folder that has the answers"),
        ("d" * 300 + "/a.py", r"has a module with an odd name: d+ \(300 characters; shorten it"),
        ("a.py.zip", r"has nothing that can be graded; a\.py\.zip: not read, it is an archive"),
    ],
)  # fmt: skip
def test_a_name_that_is_odd_or_outside_is_said_to_be_that(name, says, pack, tmp_path):
    """What lies elsewhere, or has a name that shows something else, is refused, and the line names it and what is odd."""
    path = tmp_path / ("s.zip" if pack is zipped else "s.tgz")
    path.write_bytes(pack({name: A}))
    with pytest.raises(UnusableSubmission, match=f"^{says}") as refusal:
        intake.modules(path)
    assert str(refusal.value).isprintable()


def zip_of(raw: bytes, extra: bytes = b"", flags: int = 0) -> bytes:
    """A zip whose only entry has a name of these bytes."""
    local = struct.pack("<4sHHHHHIIIHH", crafted.LOCAL, 20, flags, 0, 0, 33, zlib.crc32(A), len(A), len(A), len(raw), 0)
    start = local + raw + A
    central = struct.pack("<4sHHHHHHIIIHHHHHII", crafted.CENTRAL, 20, 20, flags, 0, 0, 33, zlib.crc32(A), len(A), len(A), len(raw), len(extra), 0, 0, 0, 0, 0)  # fmt: skip
    central += raw + extra
    return start + central + struct.pack("<4sHHHHIIH", crafted.END, 0, 0, 1, 1, len(central), len(start), 0)


def unicode_path(name: bytes, of: bytes) -> bytes:
    return struct.pack("<HHBI", 0x7075, 5 + len(name), 1, zlib.crc32(of)) + name


@pytest.mark.parametrize(
    ("archive", "name"),
    [
        (zip_of("Prüfung/é.py".encode()), "Prüfung/é.py"),
        (zip_of("Prüfung/é.py".encode(), flags=0x800), "Prüfung/é.py"),
        (zip_of("Prüfung/é.py".encode("cp437")), "Prüfung/é.py"),
        (zip_of(b"?.py", unicode_path("名.py".encode(), b"?.py")), "名.py"),
        (zip_of(b"a.py", unicode_path("名.py".encode(), b"renamed.py")), "a.py"),
    ],
)
def test_names_of_a_zip_are_in_utf_8_or_as_old_ones_are(archive, name, tmp_path):
    """A name is taken from Info-ZIP's field if that is its, as UTF-8 whether or not the zip says so, else as cp437."""
    (tmp_path / "s.zip").write_bytes(archive)
    assert intake.modules(tmp_path / "s.zip").modules == {name: A}


def test_of_a_name_that_is_there_twice_the_last_counts(tmp_path):
    """As with a program that unpacks, the later entry replaces the earlier one, in whatever way it is written; it is told."""
    (tmp_path / "s.tgz").write_bytes(packed({"k/a.py": A, "k\\a.py": B}))
    seen = intake.modules(tmp_path / "s.tgz")
    assert seen.modules == {"k/a.py": B}
    assert seen.notes == ["k/a.py: is there more than once; the last one counts"]


def test_notes_are_as_many_as_can_be_read(tmp_path):
    """Of very many notes the first are told, and how many there are more."""
    for number in range(60):
        (tmp_path / f"{number:02}.zip").write_bytes(b"")
    (tmp_path / "a.py").write_bytes(A)
    notes = intake.modules(tmp_path).notes
    assert len(notes) == parcel.MOST_NOTES
    assert notes[-2:] == [
        "48.zip: not read, it is an archive in what was handed in; unpack it there",
        "11 more such lines",
    ]


def test_notebooks_have_a_limit_together(tmp_path, monkeypatch):
    """Pictures in many notebooks do not take the reading process's time without end."""
    for number in range(4):
        (tmp_path / f"{number}.ipynb").write_bytes(BOOK + b" " * 2**24)
    with pytest.raises(UnusableSubmission, match="has notebooks of more than 62914560 bytes; clear their outputs"):
        intake.modules(tmp_path)


ZIP, TGZ = zipped({"a.py": A}), packed({"a.py": A})
DISGUISED = {  # name, content -> what is said
    ("s.rar", b"Rar!\x1a\x07\1\0"): "is a RAR archive; unpack it, and pack what is in it as .zip",
    ("s.zip", b"Rar!\x1a\x07\0"): "is a RAR archive, not a zip archive; unpack it",
    ("s.7z", b"7z\xbc\xaf\x27\x1c\0"): "is a 7z archive; unpack it",
    ("s.tar.bz2", bz2.compress(packed({"a.py": A}, "w"))): "is packed with bzip2; unpack it",
    ("s.tar.gz", bz2.compress(A)): "is packed with bzip2, not a tar archive; unpack it",
    ("s.tar.xz", lzma.compress(A)): "is packed with xz; unpack it",
    ("s.zip", TGZ): "is packed with gzip, not a zip archive; unpack it, or rename a tar archive to s.tar.gz",
    ("a.py.gz", gzip.compress(A)): "is packed with gzip; unpack it",
    ("s.zip", packed({"a.py": A}, "w")): "is a tar archive, not a zip archive; rename it to s.tar",
    ("s.tgz", ZIP): "is a zip archive, not a tar archive; rename it to s.zip",
    ("s.tgz", b"hello"): r"is not a tar archive that can be read \(it does not begin like one\); pack it again",
    ("s.ipynb", ZIP): "is a zip archive, not a notebook; rename it to s.zip",
    ("s.py", ZIP): "is a zip archive, not Python text; rename it to s.zip",
    ("s", ZIP): "is a zip archive; rename it to s.zip",
    ("s.zip", b""): "is an empty file; pack it again",
    ("s.py", BOOK): "is a notebook, not Python text; rename it to s.ipynb",
    ("s.json", BOOK): "is a notebook; rename it to s.ipynb",
    ("s.ipynb.txt", BOOK): "is a notebook; rename it to s.ipynb",
    ("s.ipynb", b"import numpy"): r"is not a notebook that can be read \(no JSON\); if it is Python, rename it to s.py",
    ("s.py", b"\xef\xbb\xbf <html lang=en>"): "is a saved web page, not Python text; download the file itself",
    ("s.ipynb", b"<!DOCTYPE html>"): "is a saved web page, not a notebook; download",
    ("s.htm", b"<HTML>"): "is a saved web page; download",
    ("s.txt", A): "is none of these: a folder, .*; if it is Python, rename it to s.py$",
    ("s.py.txt", A): "is none of these: .*; if it is Python, rename it to s.py$",
    ("s", A): "is none of these: .*; if it is Python, rename it to s.py$",
    ("s.dat", bytes(9)): "is none of these: .* a .tar.gz archive$",
    ("s.py", b"{\\rtf1\\ansi a = 1}"): "is an RTF document, not Python text; save it as plain text under a name that ends in",
    ("s.docx", zipped({"[Content_Types].xml": b""})): "is an office document; save it as plain text",
    ("s.png", b"\x89PNG\r\n\x1a\n"): "is a picture; hand in the code as text",
    ("s.pdf", b"%PDF-1.7"): "is a PDF; save it as plain text",
    ("s.tar", tarred(entry("a.zip", ZIP))): "has nothing that can be graded; a.zip: not read, it is an archive",
}  # fmt: skip


@pytest.mark.parametrize(("name", "content"), DISGUISED, ids=lambda value: value if isinstance(value, str) else "")
def test_a_file_that_is_not_what_its_name_says_is_named_for_what_it_is(name, content, tmp_path):
    """What a file is shows in its first bytes; the line says that, and what to do with it."""
    (tmp_path / name).write_bytes(content)
    with pytest.raises(UnusableSubmission, match=f"^{DISGUISED[name, content]}"):
        intake.modules(tmp_path / name)


def test_a_large_file_of_another_kind_is_not_called_large(tmp_path: Path):
    """A file that would not be read at all is refused for what it is, and not for its size."""
    (tmp_path / "s.rar").write_bytes(b"Rar!\x1a\x07\0" + bytes(parcel.MOST_BYTES))
    with pytest.raises(UnusableSubmission, match=r"^is a RAR archive"):
        intake.modules(tmp_path / "s.rar")


def test_an_encrypted_zip_is_said_to_be_that(tmp_path):
    """Of a zip with a password the line says what to do."""
    (tmp_path / "s.zip").write_bytes(crafted.with_field(ZIP, crafted.CENTRAL, "flags", 1))
    with pytest.raises(UnusableSubmission, match=r"^is encrypted: a\.py; zip it again without a password"):
        intake.modules(tmp_path / "s.zip")
