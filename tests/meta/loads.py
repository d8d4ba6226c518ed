"""Submissions of every kind as files, and their reports on a quiet machine and on a busy one: nothing but `seconds` may differ.

A submission has a few operations: rows of tests/mutants/ of one table and level, solutions, or an attack. How it is called
stands in soak.py.
"""

import contextlib
import difflib
import json
import random
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from itertools import zip_longest
from pathlib import Path

from tests.meta.attacks import PROJECT, flooding, hurrying, leaving, lying, misshaping, prying
from tests.meta.test_mutants import TABLES

OPERATIONS = 3  # of a submission of rows
_BUSY = "while True: pass"
_ROWS = '''"""Rows of tests/mutants/, without tests/."""
from collections import namedtuple

Mutant = namedtuple("Mutant", "op name caught_by function diagnosis", defaults=[""])
Alternative = namedtuple("Alternative", "op name function slow", defaults=[False])
Stateful = namedtuple("Stateful", "make")


def operation(table, name):
    """The function of the row of this name."""
    (function,) = (row.function for row in table if f"{row.op}: {row.name}" == name)
    return function.make() if isinstance(function, Stateful) else function
'''


def compare(loads: int, most: int) -> int:
    """Grade `most` submissions alone and beside so many endless loops; 1 where the reports differ, and how."""
    with tempfile.TemporaryDirectory() as folder:
        paths = written(Path(folder), most)
        print(f"{len(paths)} submissions", file=sys.stderr)
        quiet = report(Path(folder), paths)
        print("graded alone", file=sys.stderr)
        with _busy(loads):
            loaded = report(Path(folder), paths)
        print(f"graded beside {loads} loops", file=sys.stderr)
    differences = list(difflib.unified_diff(quiet, loaded, "alone", "loaded", lineterm=""))
    print(f"{len(paths)} submissions, {len(differences)} lines differ", *differences, sep="\n")
    return int(bool(differences))


def written(folder: Path, most: int) -> list[Path]:
    """Write submissions, the kinds in turn; where each is."""
    kinds: dict[str, list[dict[str, str]]] = {"wrong": [], "right": [], "slow": [], "solutions": []}
    for level in TABLES:
        for kind, number in (("wrong", 0), ("wrong", 1), ("right", 0), ("slow", 0), ("solutions", 0)):
            kinds[kind].append(_solutions(level) if kind == "solutions" else _rows(level, kind, number))
    rooms = (flooding, hurrying, misshaping, lying, leaving, prying)
    attacks = zip_longest(*(random.Random(room.__name__).sample(room.ATTACKS, len(room.ATTACKS)) for room in rooms))
    kinds["attack"] = [{"module.py": attack.source} for turn in attacks for attack in turn if attack]
    paths = []
    for turn in zip_longest(*kinds.values()):
        for kind, files in zip(kinds, turn, strict=True):
            if files and len(paths) < most:
                paths.append(folder / f"{len(paths):02}-{kind}")
                for name, source in files.items():
                    (paths[-1] / name).parent.mkdir(parents=True, exist_ok=True)
                    (paths[-1] / name).write_text(source)
    return paths


def _rows(level: str, kind: str, number: int) -> dict[str, str]:
    """Operations of a level, each a row of that kind."""
    table, chance = TABLES[level], random.Random(f"{level} {kind} {number}")
    name = "WRONG" if kind == "wrong" else "RIGHT"
    rows = {"wrong": table.WRONG}.get(kind, [r for r in table.RIGHT if r.slow == (kind == "slow")])
    chosen = {row.op: f"{row.op}: {row.name}" for row in chance.sample(rows, len(rows))}
    return rows(level, {op: (name, chosen[op]) for op in sorted(chosen)[number:][:OPERATIONS]})


def rows(level: str, chosen: dict[str, tuple[str, str]]) -> dict[str, str]:
    """A submission of rows: operation -> the table, and the row as `operation: name`."""
    lines = [f"{op} = operation({table}, {row!r})" for op, (table, row) in chosen.items()]
    source = Path(TABLES[level].__file__).read_text()
    return {
        "rows/kinds.py": _ROWS,
        "rows/level.py": source.replace("from tests.mutants import", "from rows.kinds import"),
        f"{level}.py": "\n".join(
            ["from rows.kinds import operation", "from rows.level import RIGHT, WRONG", "", *lines, ""]
        ),
    }


def _solutions(level: str) -> dict[str, str]:
    """The solutions of a level's first operations."""
    ops = list(dict.fromkeys(row.op for row in TABLES[level].RIGHT))[:OPERATIONS]
    source = (PROJECT / "solutions" / f"{level}.py").read_text()
    return {"rows/level.py": source, f"{level}.py": f"from rows.level import {', '.join(ops)}\n"}


def report(folder: Path, paths: list[Path]) -> list[str]:
    """The lines of the JSON report on these submissions, but for `seconds`."""
    file = folder / "report.json"
    file.unlink(missing_ok=True)
    command = [sys.executable, "-m", "pytest", "--hidden", "--seed=7", "--fresh", "-p", "no:cacheprovider", "-q"]
    done = subprocess.run(
        [*command, f"--report={file}", *(f"--impl={path}" for path in paths)],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
    )
    if not file.exists():
        raise SystemExit(done.stdout + done.stderr)
    graded = json.loads(file.read_text())
    for submission in graded["submissions"]:
        del submission["seconds"]
    return json.dumps(graded, indent=1).splitlines()


@contextlib.contextmanager
def _busy(loads: int) -> Iterator[None]:
    """So many processes meanwhile that do nothing but compute."""
    loops = [subprocess.Popen([sys.executable, "-c", _BUSY]) for _ in range(loads)]
    try:
        yield
    finally:
        for loop in loops:
            loop.kill()
            loop.wait()
