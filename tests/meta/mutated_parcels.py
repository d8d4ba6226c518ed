"""Submissions spoilt at random, each from a number: zips, tars, notebooks, modules and folders.

An ordinary one is changed a few times, in its bytes, or in a field of a header whose checksum is mended afterwards. None
is run or graded here: `python -m tests.meta.soak --parcels 10000` has them read as a run does, and `test_intake.py` some.
"""

import gzip
import json
import os
import random
import re
import tempfile
import traceback
import zipfile
from collections.abc import Callable
from pathlib import Path

from tests.harness.submissions.leftovers import remove
from tests.harness.submissions.packages import package
from tests.harness.submissions.parcel import UnusableSubmission
from tests.harness.worker.printable import printable
from tests.meta.attacks import crafted
from tests.meta.attacks.crafted import entry, pax, record

LEVELS = {"first": ["affine", "relu"]}
_CODE = (
    b"import numpy as np\n\n\ndef affine(x):\n    return x, None\n\n\nrelu = affine\n" + b"# words of all kinds\n" * 40
)
_EXTREMES = [
    0,
    1,
    7,
    2**7,
    2**8 - 1,
    2**15,
    2**16 - 1,
    2**20,
    2**31 - 1,
    2**31,
    2**32 - 1,
    2**40,
    2**60,
    2**63,
    2**64 - 1,
    -1,
]
_KINDS = [b"0", b"\0", b"1", b"2", b"3", b"5", b"6", b"7", b"x", b"X", b"g", b"L", b"K", b"S", b"D", b"M", b"V", b"?"]
_KEYS = [b"path", b"size", b"linkpath", b"hdrcharset", b"GNU.sparse.map", b"GNU.sparse.major", b"GNU.sparse.name"]
_NAMES = [
    "a.py",
    "n.ipynb",
    "k\\n.ipynb",
    "v/pyvenv.cfg",
    "kata/affine.py",
    "../a.py",
    "/a.py",
    "C:a.py",
    "a\\b.py",
    "a\0.py",
    "\u202ea.py",
    "a/" * 40 + "b.py",
]
_NAMES += [
    "a.py/",
    "./a.py",
    "conftest.py",
    ".a.py",
    "a\n.py",
    "x" * 300 + ".py",
    "\U00010400" * 90 + ".py",
    "data.bin",
    "",
]


_MAGICS = ["%time ", "x = !ls\\\n", "%%time\n%%capture\n", "%%file ../a.py\n", "%%file -a a\\b.py\n", "x?\n"]


def mutated(number: int, folder: Path) -> Path:
    """Write the parcel of this number into the folder; its path."""
    dice = random.Random(number)
    kind = dice.choice([_zip, _zip, _tar, _tar, _notebook, _notebook, _module, _folder])
    return kind(dice, folder)


def said(number: int) -> str:
    """What a run says of the parcel of this number, without its names and numbers."""
    temporary = tempfile.TemporaryDirectory(prefix="spoilt-")
    try:
        path = mutated(number, Path(temporary.name))
        package(str(path), lambda: LEVELS).close()
        return "graded"
    except UnusableSubmission as unusable:
        line = str(unusable).replace(printable(str(path), 500), "PATH", 1)
        return _without_names(line) if line.isprintable() and line.startswith("--impl=PATH: ") else f"ALARM {line!r}"
    except Exception:
        return f"ALARM {number}: {traceback.format_exc()}"
    finally:
        remove(temporary.name)


def is_alarm(line: str) -> bool:
    """Whether what was said shows trouble of the grader: an exception that gets out, or a process that dies."""
    return line.startswith("ALARM") or "the process that read" in line or "no answer" in line


def _without_names(line: str) -> str:
    line = re.sub(
        r"(?<=PATH: )\S*(?= (has more|cannot|is not a reg|unpacks))|(?<=: )\S*/\S*|(?<=for file ).*", "NAME", line
    )
    return re.sub(r"\d+", "N", line)[:100]


def _zip(dice: random.Random, folder: Path) -> Path:
    packed = dice.choice([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_DEFLATED, zipfile.ZIP_LZMA])
    names = dice.sample(_NAMES[:-1], dice.randrange(3))
    own = {"kata/first.py": _CODE} if dice.random() < 0.7 else {"kata/n.ipynb": _book(dice)}
    data = crafted.zipped(own | {name: _CODE for name in names}, packed)
    if dice.random() < 0.3:
        data = crafted.as_zip64(data, **{dice.choice(["count", "size", "offset"]): _extreme(dice)})
    for _ in range(dice.randrange(4)):
        data = dice.choice([_with_another_field, _with_another_field, _spoilt])(dice, data)
    return _written(folder / "s.zip", data)


def _with_another_field(dice: random.Random, data: bytes) -> bytes:
    kind = dice.choice([kind for kind in crafted.ZIP_FIELDS if kind in data] or [b""])
    field = dice.choice(list(crafted.ZIP_FIELDS.get(kind, [""])))
    places = [at for at in range(len(data) - 60) if data.startswith(kind, at)] if kind else []
    return crafted.with_field(data, kind, field, _extreme(dice), dice.choice(places)) if places else data


def _tar(dice: random.Random, folder: Path) -> Path:
    blocks = [_tar_entry(dice) for _ in range(dice.randrange(6))]
    blocks.insert(dice.randrange(len(blocks) + 1), entry("kata/first.py", _CODE))
    data = b"".join(blocks) + bytes(1024)
    for _ in range(dice.randrange(3)):
        data = dice.choice([_with_another_header, _with_another_header, _spoilt])(dice, data)
    for _ in range(1 if dice.random() < 0.9 else dice.randrange(4)):
        data = gzip.compress(data, 1, mtime=0)
    for _ in range(dice.randrange(3) if dice.random() < 0.3 else 0):
        data = _spoilt(dice, data)
    return _written(folder / "s.tar.gz", data)


def _tar_entry(dice: random.Random) -> bytes:
    name, kind = dice.choice(_NAMES), dice.choice(_KINDS)
    if dice.random() < 0.5:
        content = b"".join(_pax_record(dice) for _ in range(dice.randrange(5)))
        return pax(_spoilt(dice, content) if dice.random() < 0.3 else content, dice.choice([b"x", b"x", b"g"]))
    size = dice.choice(
        [None, None, _extreme(dice), dice.randbytes(12), b"777777777777", b" 17 ", b"-17", b"0o17", b"1_0"]
    )
    content = _CODE if dice.random() < 0.7 else dice.choice(_NAMES).encode() * dice.choice([1, 99, 9999])
    return entry("a" if dice.random() < 0.5 else name[:90].replace("\0", "?") or "b", content, kind, size)


def _pax_record(dice: random.Random) -> bytes:
    value = dice.choice([str(_extreme(dice)), dice.choice(_NAMES), "9" * 5000, "1,2" * 500, "", "1e9"]).encode()
    made = record(dice.choice(_KEYS), value)
    return made if dice.random() < 0.8 else str(_extreme(dice)).encode() + made[made.index(b" ") :]


def _with_another_header(dice: random.Random, data: bytes) -> bytes:
    """A random byte, or a random number, in a random block, taken for a header and mended."""
    at = 512 * dice.randrange(max(1, len(data) // 512))
    header = bytearray(data[at : at + 512].ljust(512, b"\0"))
    place = dice.choice([0, 100, 124, 156, 257, 345, 482, dice.randrange(512)])
    value = dice.choice(
        [dice.randbytes(1), crafted.binary(_extreme(dice)), dice.choice(_KINDS), b"%011o\0" % dice.getrandbits(33)]
    )
    header[place : place + len(value)] = value
    return data[:at] + crafted.mended(header[:512]) + data[at + 512 :]


def _notebook(dice: random.Random, folder: Path) -> Path:
    return _written(folder / "n.ipynb", _book(dice))


def _book(dice: random.Random) -> bytes:
    cell = {"cell_type": "code", "source": _CODE.decode().splitlines(keepends=True), "outputs": [{"text": ["1"]}]}
    book = {
        "nbformat": 4,
        "metadata": {"n": 1.5},
        "cells": [dict(cell), {"cell_type": "markdown", "source": "x"}, cell],
    }
    for magics in dice.sample(_MAGICS, dice.randrange(3)):
        book["cells"].append({"cell_type": "code", "source": magics + _CODE.decode()})
    if dice.random() < 0.2:
        book = {"nbformat": 3, "worksheets": [{"cells": book["cells"]}]}
    for _ in range(dice.randrange(4)):
        _with_another_value(dice, book)
    text = json.dumps(book)
    if dice.random() < 0.3:
        value = dice.choice(["9" * 9999, "1e999", "NaN", "[" * 10**5, '{"a":' * 5000, '"\\ud800"', "-", "\0", "\ufeff"])
        at = dice.choice([i for i, c in enumerate(text) if c in ":,[{"]) + 1
        text = text[:at] + value + text[at:]
    data = text.encode(dice.choice(["utf-8", "utf-8", "utf-8", "utf-16", "utf-32"]))
    for _ in range(dice.randrange(3) if dice.random() < 0.3 else 0):
        data = _spoilt(dice, data)
    return data


def _with_another_value(dice: random.Random, node: dict | list) -> None:
    while True:
        keys = list(node) if isinstance(node, dict) else range(len(node))
        if not keys:
            return
        key = dice.choice(keys)
        if isinstance(node[key], dict | list) and dice.random() < 0.7:
            node = node[key]
            continue
        odd = [
            None,
            True,
            10**400,
            -1,
            1e308,
            "",
            "\ud800",
            "%%x",
            [],
            {},
            [[]],
            {"a": 1},
            ["a", 1],
            "x" * 2**20,
            node[key],
        ]
        node[key] = dice.choice(odd)
        return


def _module(dice: random.Random, folder: Path) -> Path:
    data = _CODE * dice.choice([1, 1, 1, 2000])
    for _ in range(dice.randrange(4)):
        data = _spoilt(dice, data)
    name = dice.choice(
        ["s.py", "S.PY", ".py", "s (1).py", "\u202es.py", "a\nb.py", "a\udcff.py", "\U00010400" * 60 + ".py"]
    )
    return _written(folder / name, data)


def _folder(dice: random.Random, folder: Path) -> Path:
    root = here = folder / "s"
    root.mkdir()
    _written(root / "first.py", _CODE)
    for _ in range(dice.randrange(12)):
        here = here / dice.choice(["kata", "a b", "x" * 200, "\udcff", "tests", ".git", "\u202e"])
        if len(os.fsencode(here)) > 3000:
            break
        here.mkdir(exist_ok=True)
        name = here / dice.choice(["b.py", "c\udcfe.py", "d\n.py", "e.txt", "first.py"])
        made: Callable = dice.choice([_file, _file, _file, os.mkfifo, Path.mkdir, _link])
        if not os.path.lexists(name):
            made(name)
    return root


def _file(path: Path) -> None:
    _written(path, _CODE)


def _link(path: Path) -> None:
    path.symlink_to(path.name)


def _spoilt(dice: random.Random, data: bytes) -> bytes:
    """A byte or a piece of it changed, left out, doubled or moved."""
    start = dice.randrange(len(data) + 1)
    end = min(len(data), start + dice.choice([1, 1, 4, 512, dice.randrange(len(data) + 1)]))
    piece, other = data[start:end], dice.randrange(len(data) + 1)
    match dice.randrange(6):
        case 0:
            return data[:start]
        case 1:
            return data[:start] + data[end:]
        case 2:
            return data[:other] + piece + data[other:]
        case 3:
            return data[:start] + bytes(len(piece)) + data[end:]
        case 4:
            return data[:start] + dice.randbytes(len(piece)) + data[end:]
        case _:
            return data[:start] + bytes(b ^ 1 << dice.randrange(8) for b in piece[:1]) + data[start + 1 :]


def _extreme(dice: random.Random) -> int:
    return dice.choice(_EXTREMES) + dice.choice([0, 0, -1, 1])


def _written(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path
