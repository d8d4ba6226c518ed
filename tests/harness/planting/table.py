"""The table of the mistakes that can be planted, one file a level in tests/mistakes/: read here, written by tests/meta/planted.py.

A file also has the stubs' docstrings, which kata/ has no longer where somebody has practised.
"""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path

TABLES = Path(__file__).parents[2] / "mistakes"
GRADES = ("named", "located", "silent")
"""What the diagnosis says of a mistake: its cause; where it shows; or only that something is wrong."""


@dataclass(frozen=True)
class Mistake:
    """A mistake of an operation: in the function or class `part` of its module, the lines `before` become `after`.

    `nth`: which of several places there that read so. `kind`: a name in kinds.py. `by`: the first property that does not
    hold. `grade`: one of GRADES.
    """

    op: str
    level: str
    part: str
    kind: str
    before: str
    after: str
    nth: int
    by: str
    grade: str


@cache
def mistakes(level: str) -> tuple[Mistake, ...]:
    """All that can be planted in a level's module."""
    return tuple(Mistake(level=level, **row) for row in _read(level)["mistakes"])


def docstrings(level: str) -> dict[str, str]:
    """Name -> docstring, quotes included, of the level's stubs; "" is the module."""
    return _read(level)["docstrings"]


def write(level: str, docstrings: dict[str, str], rows: Iterable[Mistake]) -> None:
    """Write a level's file: a line for each row, so that a change can be read."""
    plain = [{name: value for name, value in asdict(row).items() if name != "level"} for row in rows]
    lines = ",\n".join(f"  {json.dumps(row)}" for row in plain)
    text = f'{{\n "docstrings": {json.dumps(docstrings, indent=2)},\n "mistakes": [\n{lines}\n ]\n}}\n'
    (TABLES / f"{level}.json").write_text(text, encoding="utf-8")
    _read.cache_clear()
    mistakes.cache_clear()


@cache
def _read(level: str) -> dict:
    file = TABLES / f"{level}.json"
    return json.loads(file.read_text(encoding="utf-8")) if file.exists() else {"docstrings": {}, "mistakes": []}
