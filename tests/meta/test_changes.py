"""What a save changed is told from the code alone: an operation's own, and that of all it uses."""

from pathlib import Path

import pytest

from tests.harness.practice.changes import read

NAMES = {"first": ["f", "g"], "second": ["h"]}
FIRST = '''"""A module."""

import numpy as np
from numpy import *

SCALE = 2.0
TABLE = {}


def _half(x):
    """Half of x."""
    return x / 2


def f(x):
    """f"""
    return _half(x) * SCALE


def g(x):
    return np.abs(x)
'''
SECOND = "from .first import g as again\nimport own\n\ndef h(x):\n    return again(x) + own.add(x)\n"
OWN = "def add(x):\n    return more(x)\n\ndef more(x):\n    return 1\n\ndef other(x):\n    return 2\n"


@pytest.fixture
def kata(tmp_path: Path) -> Path:
    folder = tmp_path / "kata"
    folder.mkdir()
    (folder / "first.py").write_text(FIRST)
    (folder / "second.py").write_text(SECOND)
    (folder / "own.py").write_text(OWN)
    return folder


def changed(kata: Path, file: str, before: str, after: str) -> set[str]:
    """The operations whose digests change when that text of a file does."""
    path = kata / file
    source = path.read_text()
    assert before in source
    old = read(kata, NAMES)
    path.write_text(source.replace(before, after))
    new = read(kata, NAMES)
    return {op for op, digest in new.digests.items() if digest != old.digests[op]}


@pytest.mark.parametrize(
    ("file", "before", "after", "ops"),
    [
        ("first.py", "np.abs(x)", "np.abs(-x)", {"g", "h"}),  # h imports g under another name
        ("first.py", "return _half(x) * SCALE", "return _half(x) / SCALE", {"f"}),
        ("first.py", "x / 2", "0.5 * x", {"f"}),  # a helper
        ("first.py", "SCALE = 2.0", "SCALE = 3.0", {"f"}),  # a constant
        ("first.py", "import numpy as np", "import numpy.ma as np", {"g", "h"}),
        ("first.py", "TABLE = {}", "TABLE = {}\nTABLE['x'] = 1", {"f", "g", "h"}),  # may change anything
        ("first.py", "TABLE = {}", "TABLE = {}\nif SCALE:\n    SCALE = 4.0", {"f", "g", "h"}),
        ("first.py", "def g(x):", "@staticmethod\ndef g(x):", {"g", "h"}),
        ("first.py", "return np.abs(x)", "return globals()['_half'](x)", {"g", "h"}),
        ("own.py", "return 1", "return 3", {"h"}),
        ("second.py", "again(x) + ", "again(x) - ", {"h"}),
        ("first.py", "TABLE = {}", "TABLE = {1: 1}", set()),
        ("first.py", "SCALE = 2.0", "SCALE = 2.0  # so it is\n\n\n", set()),  # layout and comments
        ("first.py", '"""Half of x."""', '"""The half of x."""', set()),
        ("first.py", '"""A module."""', '"""One."""', set()),
        ("own.py", "return 2", "return 4", {"h"}),  # `import own`: all of it
    ],
)
def test_an_operation_changes_with_what_it_uses(kata, file, before, after, ops):
    """A digest changes exactly where the operation's code does, or something that it reaches, in whatever module."""
    assert changed(kata, file, before, after) == ops


def test_what_cannot_be_told_counts_as_used(kata):
    """After `globals()` an operation depends on all of its module."""
    changed(kata, "first.py", "return np.abs(x)", "return globals()['_half'](x)")
    assert changed(kata, "first.py", "x / 2", "0.5 * x") == {"f", "g", "h"}


def test_an_operation_that_is_defined_under_a_condition_is_seen(kata):
    """A definition within an if or a try is one."""
    changed(
        kata,
        "second.py",
        "def h(x):\n    return again(x) + own.add(x)\n",
        "if True:\n    def h(x):\n        return 1\n",
    )
    assert read(kata, NAMES).digests["h"]
    assert changed(kata, "second.py", "return 1", "return 2") == {"h"}


def test_a_module_that_cannot_be_read_is_a_line(kata):
    """A syntax error, a stray byte or a missing file is told in one line, and its operations have no digest."""
    (kata / "first.py").write_text("def f(x):\n    return (x\n\ndef g(x): pass\n")
    code = read(kata, NAMES)
    assert code.problems == {"first": "kata/first.py, line 2: SyntaxError: '(' was never closed"}
    assert (code.digests["f"], code.digests["g"]) == ("", "")
    assert code.digests["h"]  # its own module can be read
    (kata / "first.py").write_bytes(b"x = '\xff'\n")
    assert read(kata, NAMES).problems == {
        "first": "kata/first.py, line 1: is not UTF-8 text (byte 0xff); save it as UTF-8"
    }
    (kata / "first.py").write_bytes(b"x = 1\0\n")
    assert "NUL bytes" in read(kata, NAMES).problems["first"]
    (kata / "first.py").unlink()
    assert read(kata, NAMES).problems == {"first": "kata/first.py: is not there"}


def test_an_operation_has_its_line(kata):
    """The line of an operation is where it begins now."""
    assert read(kata, NAMES).lines == {"f": 15, "g": 20, "h": 4}
    (kata / "first.py").write_text("x = 1\n")
    assert read(kata, NAMES).lines == {"f": 0, "g": 0, "h": 4}
