"""What a candidate gets: the stubs, the rules, two pages, the public properties and the harness; no answers. A zip, the same bytes each time.

With planted mistakes it has working code in the place of the stubs, of the same operations.
"""

from __future__ import annotations

import ast
import io
import re
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.harness.display.files import refuse_unless_writable, write_whole
from tests.harness.plugin.run import NOT_FOR_GRADING

if TYPE_CHECKING:
    from tests.harness.practice.hunts import Planted

_AS_IT_IS = (".gitignore", "LICENSE", "README.md", "conftest.py", "pyproject.toml", "kata/README.md")
_NEVER = ("hidden", "mistakes", *NOT_FOR_GRADING, "README.md")  # in tests/: for interviewers and maintainers
_DATE = (2020, 1, 1, 0, 0, 0)


def write(file: str, project: Path, chosen: dict[str, list[str]], planted: Sequence[Planted] = ()) -> list[str]:
    """Write the kit for these operations (level -> names) and return the names of its files.

    `planted`: the mistakes in it. Raises UsageError where a stub is already written: the kit would give the answer away.
    """
    contents = {name: (project / name).read_bytes() for name in _AS_IT_IS if (project / name).is_file()}
    for path in sorted((project / "tests").rglob("*")):
        parts = path.relative_to(project / "tests").parts
        if parts[:2] == ("harness", "planting"):  # it works on the solutions
            continue
        if path.is_file() and "__pycache__" not in parts and parts[0] not in (*_NEVER, "specs", "stubs"):
            contents[path.relative_to(project).as_posix()] = path.read_bytes()
    contents["kata/__init__.py"] = (project / "kata" / "__init__.py").read_bytes()
    contents["tests/specs/__init__.py"] = _levels(project / "tests/specs/__init__.py", chosen, len(planted))
    if planted:
        from tests.harness.planting.hunt import excerpts

        contents |= {f"kata/{level}.py": source for level, source in excerpts(chosen, planted).items()}
    for level, names in chosen.items():
        if not planted:
            stubs = contents[f"kata/{level}.py"] = _stubs(project / "kata" / f"{level}.py", names)
            contents[f"tests/stubs/{level}.py"] = stubs  # for --reset, which has no git there
        contents[f"tests/specs/{level}.py"] = (project / "tests/specs" / f"{level}.py").read_bytes()
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as kit:
        for name in sorted(contents):
            entry = zipfile.ZipInfo(f"kata-kit/{name}", _DATE)
            entry.external_attr = 0o100644 << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            kit.writestr(entry, contents[name])
    write_whole(Path(file), buffer.getvalue())
    return sorted(contents)


def refuse(file: str) -> None:
    """Raise UsageError where the kit could not be written."""
    refuse_unless_writable(file, (".zip",), "--kit")


def _stubs(module: Path, names: list[str]) -> bytes:
    """The module's source without the operations that are not chosen."""
    source = module.read_text(encoding="utf-8")
    lines = source.splitlines(keepends=True)
    for node in reversed(ast.parse(source).body):
        if not isinstance(node, ast.FunctionDef | ast.ClassDef):
            continue
        if node.name not in names:
            del lines[node.lineno - 1 : node.end_lineno]
        elif not any(isinstance(n, ast.Raise) and "NotImplementedError" in ast.unparse(n) for n in ast.walk(node)):
            raise pytest.UsageError(
                f"--kit: {node.name} in kata/{module.name} is already written, and the kit would give it away: take a clean checkout"
            )
    return (re.sub(r"\n{4,}", "\n\n\n", "".join(lines)).rstrip() + "\n").encode()


def _levels(module: Path, chosen: dict[str, list[str]], bugs: int) -> bytes:
    source = module.read_text(encoding="utf-8")
    levels = "LEVELS = (" + "".join(f'"{level}", ' for level in chosen).rstrip() + ")"
    only = "ONLY = (" + "".join(f'"{name}", ' for names in chosen.values() for name in names).rstrip() + ")"
    source = re.sub(r"^BUGS = 0$", f"BUGS = {bugs}", source, count=1, flags=re.MULTILINE)
    source = re.sub(r"^LEVELS = \(.*?\)$", levels, source, count=1, flags=re.MULTILINE | re.DOTALL)
    return re.sub(r"^ONLY = \(.*?\)$", only, source, count=1, flags=re.MULTILINE | re.DOTALL).encode()
