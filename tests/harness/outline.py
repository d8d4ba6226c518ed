"""The catalogue's outline, read from the text of the rows: levels, operations and par times. It imports no torch.

For what must answer at once, or in a process that grades nothing; `catalogue.py` has the rows themselves.
"""

import ast
from functools import cache
from pathlib import Path

from tests.specs import LEVELS, ONLY

_SPECS = Path(__file__).parents[1] / "specs"


@cache
def outline() -> dict[str, dict[str, int]]:
    """Level -> operation -> its par time in minutes, both in order of study."""
    rows = {level: _rows(_SPECS / f"{level}.py") for level in LEVELS}
    return {level: {op: par for op, par in ops.items() if not ONLY or op in ONLY} for level, ops in rows.items()}


@cache
def pars() -> dict[str, int]:
    """Operation -> its par time in minutes, in order of study."""
    return {op: par for ops in outline().values() for op, par in ops.items()}


def _rows(module: Path) -> dict[str, int]:
    found = {}
    for node in ast.walk(ast.parse(module.read_bytes())):
        match node:
            case ast.Call(func=ast.Name(id="Op"), args=[ast.Constant(value=str() as name), *_], keywords=keywords):
                stated = {k.arg: k.value.value for k in keywords if isinstance(k.value, ast.Constant)}
                found[name] = (node.lineno, stated.get("par", 0))
    return {name: par for name, (_, par) in sorted(found.items(), key=lambda row: row[1][0])}
