"""What a file is by its first bytes, and what to do with one that is not what its name says. It opens nothing.

Of what is not listed here nothing is known: whoever reads it finds out.
"""

from typing import NamedTuple

from tests.harness.submissions.parcel import KINDS, SHOWN, UnusableSubmission
from tests.harness.worker.printable import printable

HEAD = 2**16
"""As many of its first bytes are looked at."""


class Format(NamedTuple):
    """`begins`: what files of it begin with. `endings`: of names under which it is read. `remedy`: what to do with others."""

    what: str
    begins: tuple[bytes, ...]
    endings: tuple[str, ...] = ()
    remedy: str = ""


_PACK = "unpack it, and pack what is in it as .zip"
_TEXT = "save it as plain text under a name that ends in .py"
TAR = Format("a tar archive", (), (".tar", ".tar.gz", ".tgz"), "rename it to {stem}.tar")
NOTEBOOK = Format("a notebook", (), (".ipynb",), "rename it to {stem}.ipynb")
PAGE = Format("a saved web page", (b"<!doctype", b"<html", b"<?xml", b"<head"), remedy="download the file itself")
OFFICE = Format("an office document", (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",), remedy=_TEXT)
_FORMATS = (
    Format("a zip archive", (b"PK\x03\x04", b"PK\x05\x06"), (".zip",), "rename it to {stem}.zip"),
    Format("a RAR archive", (b"Rar!\x1a\x07",), remedy=_PACK),
    Format("a 7z archive", (b"7z\xbc\xaf\x27\x1c",), remedy=_PACK),
    Format("packed with bzip2", tuple(b"BZh%d1AY&SY" % level for level in range(1, 10)), remedy=_PACK),
    Format("packed with xz", (b"\xfd7zXZ\0",), remedy=_PACK),
    Format("packed with zstd", (b"\x28\xb5\x2f\xfd",), remedy=_PACK),
    Format(
        "packed with gzip",
        (b"\x1f\x8b",),
        (".tar.gz", ".tgz", ".tar"),
        "unpack it, or rename a tar archive to {stem}.tar.gz",
    ),
    Format("a PDF", (b"%PDF-",), remedy=_TEXT),
    Format("an RTF document", (b"{\\rtf",), remedy=_TEXT),
    Format("a picture", (b"\x89PNG\r\n", b"\xff\xd8\xff", b"GIF87a", b"GIF89a"), remedy="hand in the code as text"),
    OFFICE,
)


def refuse_disguised(name: str, head: bytes) -> None:
    """Raises UnusableSubmission for a file of another format than its name says, or of none that can be read."""
    stem, ending = _parted(name)
    found = _found(head)
    if found and ending not in found.endings:
        remedy = found.remedy.format(stem=printable(stem, SHOWN))
        raise UnusableSubmission(f"is {found.what}{_under(ending)}; {remedy}")
    if not ending:
        python = (
            f"; if it is Python, rename it to {printable(stem, SHOWN)}.py" if head.strip() and _is_text(head) else ""
        )
        raise UnusableSubmission(f"is none of these: {KINDS}{python}")


_READ = {".py": "not Python text", ".ipynb": "not a notebook", ".zip": "not a zip archive"} | dict.fromkeys(
    (".tar.gz", ".tgz", ".tar"), "not a tar archive"
)
"""Ending of a name -> what is said of a file that is something else."""


def _parted(name: str) -> tuple[str, str]:
    """The name without its ending, and its ending if such files are read; else nothing in its place."""
    ending = next((ending for ending in _READ if name.lower().endswith(ending)), "")
    stem = name[: len(name) - len(ending)] if ending else name.rpartition(".")[0]
    while not ending and stem.lower().endswith((".py", ".ipynb", ".tar")):  # `x.py.txt`
        stem = stem.rpartition(".")[0]
    return stem or name, ending


def _under(ending: str) -> str:
    return f", {_READ[ending]}" if ending else ""


def _found(head: bytes) -> Format | None:
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if text[:1] == b"<" and text[:9].lower().startswith(PAGE.begins):
        return PAGE
    if text[:1] == b"{" and any(key in text for key in (b'"cell_type"', b'"cells"', b'"worksheets"', b'"nbformat"')):
        return NOTEBOOK
    if head[257:262] == b"ustar":
        return TAR
    if head.startswith(b"PK\x03\x04") and b"[Content_Types].xml" in head[:2048]:
        return OFFICE
    return next((format_ for format_ in _FORMATS if head.startswith(format_.begins)), None)


def _is_text(head: bytes) -> bool:
    return b"\0" not in head and b"\xff" not in head
