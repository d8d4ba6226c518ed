"""What became of changes, kept as it is found: a file for each level, a line for each change.

A file's name says what decided: another source, and it is another file. A line that a kill cut short is not read.
"""

import hashlib
import json
from dataclasses import asdict
from functools import cache
from pathlib import Path

from tests.harness.display.about import versions
from tests.harness.judgement import files
from tests.harness.rows.names import PROJECT
from tests.meta.fates import Found

TESTS = PROJECT / "tests"
DECIDING = (
    *(f"harness/{room}" for room in ("rows", "examples", "worker", "submissions", "judgement", "planting")),
    "test_ops.py",
    "hidden/test_hidden.py",
    *(f"meta/{module}.py" for module in ("rules", "fates", "wide_examples", "suspects")),
)
"""The code that changes the solutions, and says what becomes of that; with a level's row and its solution."""


def folder() -> Path:
    """Beside what torch has said: in KATA_DATA, or in the user's cache directory."""
    return files.folder().parent / "mutation"


class Ledger:
    """What became of a level's changes, by their keys."""

    def __init__(self, level: str):
        self.file = folder() / f"{level}-{_decided_by(level)}.jsonl"

    def read(self) -> dict[str, Found]:
        """All that was kept."""
        try:
            lines = self.file.read_text(encoding="utf-8").splitlines(keepends=True)
        except OSError:
            return {}
        kept = [Found(**json.loads(line)) for line in lines if line.endswith("}\n")]
        return {found.key: found for found in kept}

    def add(self, found: Found) -> None:
        """Write a line. Whatever a kill has left of the line before, this is a line of its own."""
        self.file.parent.mkdir(parents=True, exist_ok=True)
        with self.file.open("a+b") as stream:
            cut = stream.tell() and stream.seek(-1, 2) >= 0 and stream.read(1) != b"\n"
            stream.write(b"\n" * bool(cut) + json.dumps(asdict(found)).encode() + b"\n")

    def forget(self) -> None:
        """Begin anew."""
        self.file.unlink(missing_ok=True)


@cache
def _decided_by(level: str) -> str:
    made = hashlib.blake2b(repr(versions(("numpy", "torch"))).encode(), digest_size=8)
    places = [PROJECT / "solutions" / f"{level}.py", TESTS / "specs" / f"{level}.py", *(TESTS / p for p in DECIDING)]
    for place in places:
        for file in sorted(place.glob("*.py")) if place.is_dir() else [place]:
            made.update(file.relative_to(PROJECT).as_posix().encode() + b"\0" + file.read_bytes() + b"\0")
    return made.hexdigest()
