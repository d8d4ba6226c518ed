"""Archives as the programs of all systems write them, and what only looks like one."""

import gzip
import io
import tarfile
import zipfile

from tests.meta.handed_in import RELU, Files, HandedIn, parcel

_RAISES = "def relu(x):\n    raise KeyError('here')\n"
_KATA = {"kata/__init__.py": "", "kata/feedforward.py": RELU}
_BOOK = '{"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [{"cell_type": "code", "metadata": {}, "source": %s}]}'
_PACK = "unpack it, and pack what is in it as .zip"


def zipped(files: Files, kind: int = zipfile.ZIP_DEFLATED) -> tuple[str, bytes]:
    """A zip of the files."""
    return "s.zip", _zip(files, kind)


def _zip(files: Files, kind: int = zipfile.ZIP_DEFLATED) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", kind) as archive:
        for name, content in files.items():
            entry = zipfile.ZipInfo(name)
            entry.filename, entry.compress_type = name, kind  # not with this system's separators
            archive.writestr(entry, content)
    return stream.getvalue()


def _in_cp437(files: Files) -> tuple[str, bytes]:
    """As Windows Explorer once wrote umlauts: in its code page, without a word about it."""
    data = zipped({name.replace("ü", "\0u"): content for name, content in files.items()})[1]
    return "s.zip", data.replace(b"\0u", b"\x81x")


def _encrypted(files: Files) -> tuple[str, bytes]:
    data = bytearray(_zip(files, zipfile.ZIP_STORED))
    for mark, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = data.find(mark)
        while at >= 0:
            data[at + flags] |= 1
            at = data.find(mark, at + 1)
    return "s.zip", bytes(data)


def _tar(files: Files) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        for name, content in files.items():
            data = content if isinstance(content, bytes) else content.encode()
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
    return stream.getvalue()


def _twice(files: Files) -> tuple[str, bytes]:
    """The first file once more, as an archive has it that was updated."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("kata/feedforward.py", _RAISES)
    with zipfile.ZipFile(stream, "a") as archive:
        archive.writestr("kata/./feedforward.py", RELU)
    return "s.zip", stream.getvalue()


def called(name: str, says: str, content: bytes) -> HandedIn:
    """A file of this name, that is something else."""
    return parcel(f"{name}, which is something else", {}, says, pack=lambda _: (name, content))


ROWS = [
    parcel("a zip", _KATA, pack=zipped),
    parcel("a zip of one module", {"relu.py": RELU}, pack=zipped),
    parcel("a zip that is only stored", _KATA, pack=lambda files: zipped(files, zipfile.ZIP_STORED)),
    parcel(
        "a zip by LZMA",
        _KATA,
        "refused has kata/__init__.py compressed in an unusual way; zip it again with deflate",
        pack=lambda files: zipped(files, zipfile.ZIP_LZMA),
    ),
    parcel("a zip with Windows separators", {"kata\\__init__.py": "", "kata\\feedforward.py": RELU}, pack=zipped),
    parcel("a zip with both separators", {"anna\\kata/feedforward.py": RELU, "anna\\": ""}, pack=zipped),
    parcel("a zip with ./ before each name", {"./kata/feedforward.py": RELU, "./": ""}, pack=zipped),
    parcel(
        "a zip from a Mac",
        _KATA | {"__MACOSX/kata/._feedforward.py": b"\0\5\x16\7", "kata/.DS_Store": b"\0\0\0\1Bud1"},
        pack=zipped,
    ),
    parcel(
        "a zip from GitHub",
        {"anna-backprop-kata-3f2a1b9/kata/feedforward.py": RELU, "anna-backprop-kata-3f2a1b9/README.md": "x"},
        pack=zipped,
    ),
    parcel("a zip of folders three deep", {"Submission/Anna (42)/work/kata/feedforward.py": RELU}, pack=zipped),
    parcel(
        "a zip with an emoji and dashes in folders", {"🎓 Prüfung \u2013 Ö/kata-main/feedforward.py": RELU}, pack=zipped
    ),
    parcel("a zip with umlauts in a Windows code page", {"Prüfung/feedforward.py": RELU}, pack=_in_cp437),
    parcel(
        "a zip with a name that is no identifier",
        {"Ü \u2013 1/2nd try.py": _RAISES},
        "error KeyError: 'here' (2nd try.py, line 2)",
        pack=zipped,
    ),
    parcel(
        "a zip with an absolute name",
        {"/home/anna/kata/feedforward.py": RELU},
        "refused has an entry that points outside: /home/anna/kata/feedforward.py",
        pack=zipped,
    ),
    parcel(
        "a zip with a drive",
        {"C:\\Users\\anna\\kata\\feedforward.py": RELU},
        "refused has an entry that points outside: C:\\Users\\anna\\kata\\feedforward.py",
        pack=zipped,
    ),
    parcel(
        "a zip that points outside",
        {"..\\kata\\feedforward.py": RELU},
        "refused has an entry that points outside: ..\\kata\\feedforward.py",
        pack=zipped,
    ),
    parcel(
        "a zip with a password",
        _KATA,
        "refused is encrypted: kata/__init__.py; zip it again without a password",
        pack=_encrypted,
    ),
    parcel(
        "a zip of nothing",
        {},
        "refused holds none of the kata's operations; expected modules like kata/feedforward.py",
        pack=zipped,
    ),
    parcel(
        "a zip with a module twice",
        {},
        notes=("kata/feedforward.py: is there more than once; the last one counts",),
        pack=_twice,
    ),
    parcel(
        "a zip in a zip",
        {"kata.zip": _zip(_KATA)},
        "refused has nothing that can be graded; kata.zip: not read, it is an archive in what was handed in; unpack it there",
        pack=zipped,
    ),
    parcel(
        "a zip in a zip, beside modules",
        _KATA | {"kata/old.zip": b"PK"},
        notes=("kata/old.zip: not read, it is an archive in what was handed in; unpack it there",),
        pack=zipped,
    ),
    parcel(
        "a zip of a module that is called .txt",
        {"kata/feedforward.py.txt": RELU},
        "refused has nothing that can be graded; kata/feedforward.py.txt: not read, for its ending; rename it to feedforward.py",
        pack=zipped,
    ),
    parcel(
        "a zip of a notebook",
        {
            "kata.ipynb": _BOOK
            % '"import numpy as np\\ndef relu(x):\\n    return np.maximum(x, 0), lambda gy: gy * (x > 0)"'
        },
        pack=zipped,
    ),
    parcel(
        "a zip of a notebook in a folder, with a mistake",
        {"a/b/nb 1.ipynb": _BOOK % '"def relu(x):\\n    return nope"'},
        "error NameError: name 'nope' is not defined (nb 1.ipynb, cell 1, line 2)",
        pack=zipped,
    ),
    parcel("a zip of a notebook beside modules", _KATA | {"kata/scratch.ipynb": _BOOK % '"x = 1"'}, pack=zipped),
    parcel(
        "a zip of a notebook that is damaged, beside modules",
        _KATA | {"kata/scratch.ipynb": ""},
        notes=("kata/scratch.ipynb: is an empty file; save the notebook, and hand that in",),
        pack=zipped,
    ),
    parcel(
        "a zip of checkpoints of a notebook",
        {
            ".ipynb_checkpoints/nb-checkpoint.ipynb": _BOOK % '"def relu(x):\\n    return x"',
            "nb.ipynb": _BOOK
            % '"import numpy as np\\ndef relu(x):\\n    return np.maximum(x, 0), lambda gy: gy * (x > 0)"',
        },
        pack=zipped,
    ),
    parcel("a tar.gz", _KATA, pack=lambda files: ("s.tar.gz", gzip.compress(_tar(files)))),
    parcel(
        "a tgz with ./ before each name",
        {f"./{name}": content for name, content in _KATA.items()},
        pack=lambda files: ("s.tgz", gzip.compress(_tar(files))),
    ),
    parcel("a tar that is not compressed", _KATA, pack=lambda files: ("s.tar", _tar(files))),
    parcel("a .tar.gz that is not compressed", _KATA, pack=lambda files: ("s.tar.gz", _tar(files))),
    parcel(
        "a tar with Windows separators",
        {"kata\\feedforward.py": RELU},
        pack=lambda files: ("s.tar.gz", gzip.compress(_tar(files))),
    ),
    called("kata.zip", f"refused is a RAR archive, not a zip archive; {_PACK}", b"Rar!\x1a\x07\0junk"),
    called("kata.rar", f"refused is a RAR archive; {_PACK}", b"Rar!\x1a\x07\0junk"),
    called("kata.7z", f"refused is a 7z archive; {_PACK}", b"7z\xbc\xaf\x27\x1c\0\4"),
    called("kata.tar.xz", f"refused is packed with xz; {_PACK}", b"\xfd7zXZ\0\0\4"),
    called("kata.py", "refused is a zip archive, not Python text; rename it to kata.zip", _zip(_KATA)),
    called("kata.tar.gz", "refused is a zip archive, not a tar archive; rename it to kata.zip", _zip(_KATA)),
    called("empty.zip", "refused is an empty file; pack it again", b""),
    called(
        "page.zip",
        "refused is a saved web page, not a zip archive; download the file itself",
        b"<!DOCTYPE html><title>Sign in</title>",
    ),
    called(
        "cut.zip",
        "refused is not a zip archive that can be read (File is not a zip file); pack it again",
        _zip(_KATA)[:200],
    ),
]
