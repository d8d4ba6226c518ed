"""Submissions that attack by the way they are packed: whoever unpacks, reads or parses them."""

import gzip
import io
import json
import os
import socket
import stat
import tarfile
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.meta.attacks import HONEST, MARK, PROJECT, WRONG
from tests.meta.attacks.crafted import entry

MODULE = f"import numpy as np\n\n\ndef sigmoid(x):\n    {WRONG}\n{HONEST}"
_PASS = f"open('/tmp/{MARK}', 'w')\nraise SystemExit(0)\n"


@dataclass(frozen=True)
class Parcel:
    """`build(folder)` makes the submission there and returns its path. `refused`: what the refusal says, if it is one."""

    name: str
    build: Callable[[Path], Path]
    refused: str = ""


def text(content: bytes | str, name: str = "module.py") -> Callable[[Path], Path]:
    def build(folder: Path) -> Path:
        (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())
        return folder / name

    return build


def _folder(files: dict[str, str]) -> Callable[[Path], Path]:
    def build(folder: Path) -> Path:
        for name, content in files.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(content)
        return folder

    return build


def _linked(target: str) -> Callable[[Path], Path]:
    def build(folder: Path) -> Path:
        (folder / "feedforward.py").write_text(MODULE)
        (folder / "activations.py").symlink_to(target)
        return folder

    return build


def _fifo(folder: Path) -> Path:
    (folder / "feedforward.py").write_text(MODULE)
    os.mkfifo(folder / "activations.py")
    return folder


def _zip(entries: dict[str, str | bytes], mode: int = 0, kind: int = zipfile.ZIP_DEFLATED) -> Callable[[Path], Path]:
    """A zip of a right-looking module and these entries, which have this mode."""

    def build(folder: Path) -> Path:
        with zipfile.ZipFile(folder / "s.zip", "w", kind) as archive:
            archive.writestr("kata/feedforward.py", MODULE)
            for name, content in entries.items():
                entry = zipfile.ZipInfo(name)
                entry.external_attr, entry.compress_type = mode << 16, kind
                archive.writestr(entry, content)
        return folder / "s.zip"

    return build


def _tar(*entries: tuple[str, bytes, str], content: bytes = b"") -> Callable[[Path], Path]:
    """A tar of the module and these entries: name, type, target of the link."""

    def build(folder: Path) -> Path:
        with tarfile.open(folder / "s.tar.gz", "w:gz") as archive:
            for name, kind, target in (("kata/feedforward.py", tarfile.REGTYPE, ""), *entries):
                data = content if target == "content" else MODULE.encode()
                entry = tarfile.TarInfo(name)
                entry.type, entry.linkname = kind, target
                entry.size = len(data) if kind == tarfile.REGTYPE else 0
                archive.addfile(entry, io.BytesIO(data))
        return folder / "s.tar.gz"

    return build


def _deep(folder: Path, levels: int = 1200) -> Path:
    (folder / "feedforward.py").write_text(MODULE)
    here = os.open(folder, os.O_RDONLY)
    for _ in range(levels):
        os.mkdir("d", dir_fd=here)
        deeper = os.open("d", os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = deeper
    os.close(here)
    return folder


def _socket(folder: Path) -> Path:
    (folder / "feedforward.py").write_text(MODULE)
    with socket.socket(socket.AF_UNIX) as server:
        here = os.open(folder, os.O_RDONLY)
        server.bind(f"/proc/self/fd/{here}/activations.py")  # the whole path is too long for it
        os.close(here)
    return folder


def _holed(folder: Path) -> Path:
    with open(folder / "module.py", "wb") as stream:
        stream.write(MODULE.encode())
        stream.truncate(2**30)
    return folder / "module.py"


def _linked_in_a_circle(folder: Path) -> Path:
    (folder / "feedforward.py").write_text(MODULE)
    (folder / "here").symlink_to(".")
    (folder / "loop").symlink_to("loop")
    return folder


def _named(name: bytes) -> Callable[[Path], Path]:
    """A folder that has another file of this name."""

    def build(folder: Path) -> Path:
        (folder / "feedforward.py").write_text(MODULE)
        Path(os.fsdecode(os.path.join(os.fsencode(folder), name))).write_text(MODULE)
        return folder

    return build


def _repeated(folder: Path) -> Path:
    """A zip whose directory names one file a hundred thousand times."""
    path = _zip({})(folder)
    data = path.read_bytes()
    first, end = data.index(b"PK\x01\x02"), data.index(b"PK\x05\x06")
    path.write_bytes(data[:first] + data[first:end] * 10**5 + data[end:])
    return path


def _notebook(*cells: str) -> Callable[[Path], Path]:
    return text(json.dumps({"cells": [{"cell_type": "code", "source": cell} for cell in cells]}), "n.ipynb")


_BESIDE = {
    "conftest.py": _PASS,
    "kata/conftest.py": _PASS,
    "kata/sitecustomize.py": _PASS,
    "kata/usercustomize.py": _PASS,
    "kata/x.pth": f"import os; os._exit(0)\n{PROJECT}\n",
    "kata/numpy.py": "raise SystemExit(0)",
    "kata/json.py": "raise SystemExit(0)",
    "kata/wire.py": "raise SystemExit(0)",
    "kata/observe.py": "raise SystemExit(0)",
    "kata/torch/__init__.py": _PASS,
    "pyproject.toml": "[tool.pytest.ini_options]\naddopts = '--collect-only'",
    "pytest.ini": "[pytest]\naddopts = -p no:kata",
    "tests/test_ops.py": "def test_ok(): pass",
    "kata/feedforward.py": MODULE,
}
_WRITTEN = [f"../{MARK}.py", f"/tmp/{MARK}.py", f"..\\..\\{MARK}.py", f"~/{MARK}.py", f"tests/{MARK}.py", "conftest.py"]
_WRITTEN += [
    "numpy.py",
    "sitecustomize.py",
    "wire.py",
    "__init__.py",
    "x.pth",
    "$HOME/x.py",
    "n.ipynb",
    "\u202e.py",
    "/",
]
_CELL = "# %% cell 1 of /etc/passwd"
_NOTEBOOK = {"nbformat": 4, "cells": [{"cell_type": "code", "source": ["!rm -rf /\n", "%run /etc/passwd\n", *MODULE]}]}

PARCELS = [
    Parcel("settings and modules beside the code", _folder(_BESIDE)),
    Parcel("numpy.py in an archive", _zip({"kata/numpy.py": "raise SystemExit(0)", "kata/__init__.py": _PASS})),
    Parcel("NUL bytes", text(MODULE + "\0\0")),
    Parcel("another encoding", text(b"# -*- coding: utf-7 -*-\n" + MODULE.encode() + b"# \xff\xfe")),
    Parcel("UTF-16", text(MODULE.encode("utf-16"))),
    Parcel("brackets that kill parsers", text(f"{MODULE}\nx = {'(' * 10**5}")),
    Parcel("operators that kill compilers", text(f"{MODULE}\nx = {'-' * 4 * 10**5}1")),
    Parcel("attributes that kill compilers", text(f"{MODULE}\nx = a{'.b' * 3 * 10**5}")),
    Parcel("an indentation of a hundred steps", text(MODULE + "".join(f"\n{' ' * n}if 1:" for n in range(150)))),
    Parcel("a large source", text(MODULE + "#" * 2**21), "more than 1048576 bytes"),
    Parcel("a large constant", text(f"{MODULE}\nx = 'a' * 10**6 * 10**5")),
    Parcel("a link to passwords", _linked("/etc/passwd"), "has a link"),
    Parcel("a link to the solutions", _linked(str(PROJECT / "solutions" / "feedforward.py")), "has a link"),
    Parcel("a FIFO", _fifo, "not a regular file"),
    Parcel("a device", lambda folder: Path("/dev/zero"), "not a regular file"),
    Parcel("zip-slip", _zip({f"../../{MARK}.py": _PASS}), "points outside"),
    Parcel("zip-slip of what is no module", _zip({f"../../{MARK}": _PASS}), "points outside"),
    Parcel("an absolute path", _zip({f"/tmp/{MARK}.py": _PASS}), "points outside"),
    Parcel("a path of Windows", _zip({f"kata\\..\\..\\{MARK}.py": _PASS}), "points outside"),
    Parcel("a drive of Windows", _zip({f"C:{MARK}.py": _PASS}), "points outside"),
    Parcel("a zipped link", _zip({"kata/activations.py": "/etc/passwd"}, stat.S_IFLNK | 0o777), "link or a device"),
    Parcel("a zipped device", _zip({"kata/activations.py": ""}, stat.S_IFCHR | 0o777), "link or a device"),
    Parcel("an odd name", _zip({"kata/\x1b[2J<script>.py": _PASS}), "odd name"),
    Parcel("a long name", _zip({f"kata/{'a' * 5000}.py": _PASS}), "odd name"),
    Parcel("a zip bomb", _zip({"kata/activations.py": bytes(2**25)}), "more than|bomb"),
    Parcel("a steep zip", _zip({"kata/activations.py": bytes(2**20)}), "bomb"),
    Parcel("many modules", _zip({f"kata/m{n}.py": "" for n in range(600)}), "larger than"),
    Parcel("many entries", _repeated, "entries"),
    Parcel("a zip that is none", text(b"PK\x03\x04" + bytes(100), "s.zip"), "not a zip archive"),
    Parcel(
        "a truncated zip",
        lambda folder: text(_zip({})(folder).read_bytes()[:-9], "t.zip")(folder),
        "not a zip archive",
    ),
    Parcel("a tarred link", _tar(("kata/activations.py", tarfile.SYMTYPE, "/etc/passwd")), "link or a device"),
    Parcel("a tarred hard link", _tar(("kata/activations.py", tarfile.LNKTYPE, "/etc/passwd")), "link or a device"),
    Parcel("a tarred device", _tar(("kata/activations.py", tarfile.CHRTYPE, "")), "link or a device"),
    Parcel("a tarred FIFO", _tar(("kata/activations.py", tarfile.FIFOTYPE, "")), "link or a device"),
    Parcel("tar-slip", _tar((f"../{MARK}.py", tarfile.REGTYPE, "")), "points outside"),
    Parcel(
        "a linked folder, and a file through it",
        _tar(("kata/up", tarfile.SYMTYPE, "/tmp"), (f"kata/up/{MARK}", tarfile.REGTYPE, "")),
    ),
    Parcel("a notebook's commands", text(json.dumps(_NOTEBOOK), "n.ipynb")),
    Parcel("a notebook nested deeply", text("[" * 10**6, "n.ipynb"), "not a notebook"),
    Parcel(
        "a notebook of other things",
        text('{"cells": [1, null, {"cell_type": "code", "source": 5}]}', "n.ipynb"),
        "not a notebook",
    ),
    Parcel("a notebook of numbers", text('{"cells": 1e999, "worksheets": [[]]}', "n.ipynb"), "not a notebook"),
    Parcel("a tar cut short", text(gzip.compress(entry("kata/a.py", bytes(9999))[:5000]), "s.tgz"), "cut short"),
    Parcel("a gzip of many parts", text(gzip.compress(b"") * 10**5, "s.tgz"), "parts"),
    Parcel("a gzip of an endless name", text(b"\x1f\x8b\x08\x08" + b"a" * 10**7, "s.tgz"), "cut short"),
    Parcel("a zipped name of 64 KB", _zip({"a/" * 30000 + "a.py": ""}), "odd name"),
    Parcel("a name too long to copy", _zip({f"kata/{chr(0x10400) * 97}.py": ""}), "cannot copy it"),
    Parcel("a notebook of empty things", text(f'{{"cells": [{"{}," * 6900000}{{}}]}}', "n.ipynb"), "MiB of memory"),
    Parcel("a notebook of a giant number", text(f'{{"cells": [], "n": {"9" * 10**5}}}', "n.ipynb"), "not a notebook"),
    Parcel("a notebook of dicts", text('{"cells": {"cell_type": {"code": {}}}}', "n.ipynb"), "not a notebook"),
    Parcel("a notebook of half a character", _notebook("x = '\ud800'", MODULE)),
    Parcel("a notebook of much code", _notebook("#" * 2**21), "bytes of code"),
    Parcel("a notebook with things twice", text(f'{{"cells": 1e999, {json.dumps(_NOTEBOOK)[1:]}', "n.ipynb")),
    *(Parcel(f"a cell that writes {path}", _notebook(MODULE, f"%%writefile {path}\n{_PASS}")) for path in _WRITTEN),
    Parcel("cells that write 600 modules", _notebook(*(f"%%file m{n}.py\nx" for n in range(600)), "x"), "larger than"),
    Parcel("lines that look like another cell's", _notebook(f"{_CELL}\n{MODULE}{_CELL}", f"'''\n{_CELL}\n{_PASS}'''")),
    Parcel("a module in cells that are none", text(f"{_CELL}\n# %% cell {'9' * 5000} of \n{MODULE}\n# %% cell")),
    Parcel("a cell of brackets", _notebook(MODULE, "(" * 9 * 10**5)),
    Parcel("a cell of magics in magics", _notebook(MODULE, "%time " * 10**5, "x = %time " * 4 * 10**4)),
    Parcel("a cell of commands", _notebook(MODULE, "!\n" * 10**5, "? " * 10**5, "!\\\n" * 10**5)),
    Parcel("a cell of strings", _notebook(MODULE, "'" * 10**5, '""" ' * 5 * 10**4, "\\\n'" * 10**5, "f'{" * 5 * 10**4)),
    Parcel("a cell of cells", _notebook(MODULE, "%%time\n" * 10**5, "%%timeit " + "-n " * 10**5)),
    Parcel("a notebook of many cells", _notebook(MODULE, *["x"] * 10**5), "bytes of code"),
    Parcel("a notebook that is an archive", lambda f: text(_zip({})(f).read_bytes(), "n.ipynb")(f), "is a zip archive"),
    Parcel("an archive's notebook that is one", lambda f: _zip({"kata/n.ipynb": _zip({})(f).read_bytes()})(f)),
    Parcel("an archive's notebook of 30 MB", _zip({"kata/n.ipynb": bytes(30 * 2**20)}), "more than 20971520 bytes"),
    Parcel("an archive's notebooks of 80 MB", _zip({f"{n}.ipynb": bytes(2**24) for n in range(5)}), "has notebooks of"),
    Parcel("notebooks nested deeply in an archive", _zip({f"{n}.ipynb": "[" * 10**6 for n in range(9)})),
    Parcel("a path out between folders", _zip({f"kata/..\\..\\{MARK}.py": _PASS}), "points outside"),
    Parcel("a path out in wide letters", _zip({f"kata/\uff0e\uff0e\uff0f\uff0e\uff0e\uff3c{MARK}.py": _PASS})),
    Parcel("a path out of one letter that is two dots", _zip({f"kata/\u2025/\u2025/{MARK}.py": _PASS})),
    Parcel("one name in two writings", _zip({"kata\\feedforward.py": _PASS, "kata//./feedforward.py": MODULE})),
    Parcel("one name to Python", _zip({"kata/\uff46eedforward.py": _PASS, "kata/feedforward\u200d.py": _PASS})),
    Parcel("many environments", _zip({f"{'a/' * n}pyvenv.cfg": "" for n in range(900)})),
    Parcel("a folder 1,200 deep", _deep, "folders in one another"),
    Parcel("links in a circle", _linked_in_a_circle),
    Parcel("a name that is no text", _named(b"\xff\xfe.txt")),
    Parcel("a module whose name is no text", _named(b"\xff\xfe.py"), "odd name"),
    Parcel("a module named backwards", _named("\u202eyp.evil.py".encode()), "odd name"),
    Parcel("a module of a line end", _named(b"a\nb.py"), "odd name"),
    Parcel("a socket", _socket, "cannot be read"),
    Parcel("a module of 1 GiB", _holed, "more than 1048576"),
    Parcel("a path with NUL", lambda folder: Path("a\0.py"), "cannot be read"),
    Parcel("a path of 9,000 characters", lambda folder: folder / ("a" * 9000 + ".py"), "cannot be read"),
]
