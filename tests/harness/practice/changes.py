"""What a save changed: for each operation a digest of its code and of all that it uses in the candidate's modules.

Nothing is imported or run. Where it cannot be told what is used, as with `globals()`, everything is.
"""

import ast
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from tests.harness.worker.source import decoded, said

_DYNAMIC = {"globals", "vars", "eval", "exec", "__import__", "importlib", "sys"}
_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
_ALL = ""  # in place of a name: the whole module


@dataclass(frozen=True)
class Code:
    """The candidate's modules as they are saved now.

    `digests`: operation -> digest of its code and of what it uses, whatever its layout, comments and docstrings; "" where
    it is not written or its module cannot be read. `lines`: operation -> its first line. `problems`: level -> why its
    module cannot be read, in one line that begins with the file.
    """

    digests: dict[str, str]
    lines: dict[str, int]
    problems: dict[str, str]


def fingerprints(kata: Path, names: dict[str, list[str]]) -> dict[str, str]:
    """Operation -> digest of its code and of what it uses; `names`: level -> its operations."""
    return read(kata, names).digests


def read(kata: Path, names: dict[str, list[str]]) -> Code:
    """Read the modules in the folder, of which `names` lists the operations level by level."""
    modules: dict[str, _Module | None] = {}
    problems: dict[str, str] = {}
    for file in sorted({*kata.glob("*.py"), *(kata / f"{level}.py" for level in names)}):
        try:
            modules[file.stem] = _module(file.read_bytes())
        except FileNotFoundError:
            problems[file.stem] = f"{kata.name}/{file.name}: is not there"
        except (SyntaxError, ValueError, RecursionError, MemoryError, OSError) as error:
            modules[file.stem] = None
            problems[file.stem] = said(error, str(file), f"{kata.name}/{file.name}")
    digests, lines = {}, {}
    for level, ops in names.items():
        for op in ops:
            stem, name = _place(modules, level, op)
            digests[op] = _digest(modules, kata.name, stem, name) if stem else ""
            lines[op] = modules[stem].bound[op][0].line if stem and name else 0
    return Code(digests, lines, {level: problems[level] for level in names if level in problems})


@dataclass(frozen=True)
class _Statement:
    """A statement at the top of a module: what it says, the names that it uses and the modules that it imports from."""

    line: int
    text: str
    uses: frozenset[str]
    imports: tuple[tuple[str, str], ...]  # (dotted module, name in it, or _ALL)


@dataclass(frozen=True)
class _Module:
    """`bound`: name -> the statements that bind it. `loose`: statements that bind none, and may change anything."""

    bound: dict[str, list[_Statement]]
    loose: list[_Statement]

    def statements(self) -> Iterator[_Statement]:
        yield from self.loose
        for statements in self.bound.values():
            yield from statements


@lru_cache(maxsize=64)
def _module(source: bytes) -> _Module:
    tree = ast.parse(decoded(source))
    bound: dict[str, list[_Statement]] = {}
    loose = []
    for node in tree.body:
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            continue
        statement = _statement(node)
        for name in _binds(node):
            bound.setdefault(name, []).append(statement)
        if not _only_binds(node):
            loose.append(statement)
    return _Module(bound, loose)


def _statement(node: ast.stmt) -> _Statement:
    imports: list[tuple[str, str]] = []
    uses = set()
    for inner in ast.walk(node):
        if isinstance(inner, ast.Name):
            uses.add(inner.id)
        elif isinstance(inner, ast.Import):
            imports += [(alias.name, _ALL) for alias in inner.names]
        elif isinstance(inner, ast.ImportFrom):
            imports += [("." * inner.level + (inner.module or ""), alias.name) for alias in inner.names]
        body = getattr(inner, "body", None)
        if isinstance(inner, _DEFINITIONS) and ast.get_docstring(inner, False):
            body[0].value.value = ""  # a docstring changes nothing
    return _Statement(node.lineno, ast.dump(node), frozenset(uses), tuple(imports))


def _binds(node: ast.stmt) -> set[str]:
    """The names that a statement binds, or may bind."""
    names = set()
    for inner in [node] if isinstance(node, _DEFINITIONS) else ast.walk(node):
        match inner:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                names.add(name)
            case ast.Import(names=aliases) | ast.ImportFrom(names=aliases):
                names |= {alias.asname or alias.name.partition(".")[0] for alias in aliases}
            case ast.Name(id=name, ctx=ast.Store()):
                names.add(name)
    return names


def _only_binds(node: ast.stmt) -> bool:
    """Whether a statement does nothing but bind names, so that it matters only to those who use them."""
    if isinstance(node, ast.ImportFrom):
        return all(alias.name != "*" for alias in node.names)
    if isinstance(node, ast.Assign | ast.AnnAssign):
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        return all(isinstance(inner, ast.Name | ast.Tuple | ast.expr_context) for t in targets for inner in ast.walk(t))
    return isinstance(node, (*_DEFINITIONS, ast.Import))


def _place(modules: dict[str, _Module | None], level: str, op: str) -> tuple[str, str]:
    """The module that has the operation, and its name; _ALL of a module that may define it as it runs, "" where none does."""
    if modules.get(level, ...) is None:  # it is there, and cannot be read
        return "", op
    order = sorted((s for s, module in modules.items() if module), key=lambda s: (s != level, s == "__init__", s))
    bound = next((stem for stem in order if op in modules[stem].bound), "")
    if bound:
        return bound, op
    return next((stem for stem in order if any(s.uses & _DYNAMIC for s in modules[stem].statements())), ""), _ALL


def _digest(modules: dict[str, _Module | None], package: str, level: str, op: str) -> str:
    """Of the statements that the operation reaches, however they are ordered."""
    seen: set[tuple[str, str]] = set()
    found: set[str] = set()
    todo = [(level, op)]

    def reach(stem: str, name: str) -> None:
        if (stem, name) not in seen and stem in modules:
            todo.append((stem, name))

    while todo:
        stem, name = todo.pop()
        if (stem, name) in seen:
            continue
        seen.add((stem, name))
        module = modules[stem]
        if module is None:
            found.add(f"{stem} cannot be read")
            continue
        statements = [*module.loose, *(module.statements() if name == _ALL else module.bound.get(name, ()))]
        for number, statement in enumerate(statements):
            found.add(f"{stem} {name} {number} {statement.text}")
            for used in statement.uses & module.bound.keys():
                reach(stem, used)
            if statement.uses & _DYNAMIC:
                reach(stem, _ALL)
            for source, imported in statement.imports:
                for other, attribute in _targets(modules, package, source, imported):
                    reach(other, attribute)
    return hashlib.sha256("\n".join(sorted(found)).encode()).hexdigest()[:16]


def _targets(modules: dict, package: str, source: str, name: str) -> Iterator[tuple[str, str]]:
    """What an import reaches in the candidate's folder: (module, name in it)."""
    path = source.lstrip(".").removeprefix(f"{package}.") if source != package else ""
    if path in modules:
        yield path, _ALL if name in (_ALL, "*") else name
    elif not path and name in modules:  # from . import x
        yield name, _ALL
