"""The stub of an operation: which earlier source has it, and how it is put into a module's source as it is now.

A kit has the sources of its stubs in tests/stubs/. Elsewhere git has them, in the newest commit that still does.
"""

import ast
import io
import os
import re
import subprocess
import time
import tokenize
from collections.abc import Iterator, Sequence
from pathlib import Path

_MOST_COMMITS = 200
_GIT_SECONDS = 15.0
_CANNOT_PARSE = (SyntaxError, ValueError, RecursionError, MemoryError)
_Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


class RefusedReset(Exception):
    """Why nothing can be put back, in one line."""


def stub_of_module(project: Path, level: str, ops: Sequence[str]) -> str | None:
    """The newest source in which all operations of the module are stubs; None where none is known."""
    for source in _sources(project, level):
        found = definitions(source)
        if found is not None and all(op in found and _is_stub(found[op]) for op in ops):
            return source
    return None


def stub_of_operation(project: Path, level: str, op: str) -> str | None:
    """The operation's text in the newest source in which it is a stub; None where none is known."""
    for source in _sources(project, level):
        node = (definitions(source) or {}).get(op)
        if node is not None and _is_stub(node):
            return "".join(_lines(source)[node.lineno - 1 : node.end_lineno]).rstrip("\r\n") + "\n"
    return None


def is_stub(source: str, op: str) -> bool:
    """Whether the operation is there and does nothing but raise NotImplementedError."""
    node = (definitions(source) or {}).get(op)
    return node is not None and _is_stub(node)


def definitions(source: str) -> dict[str, _Definition] | None:
    """Name -> its last definition at the top of the module; None where the source cannot be parsed."""
    try:
        return {node.name: node for node in ast.parse(source).body if isinstance(node, _Definition)}
    except _CANNOT_PARSE:
        return None


def bare(source: str, op: str) -> str | None:
    """The operation's own signature and docstring, and a stub's body; None where it cannot be read from the source."""
    node = (definitions(source) or {}).get(op)
    if node is None or isinstance(node, ast.ClassDef):
        return None
    lines = _lines(source)[node.lineno - 1 : node.end_lineno]
    row, column = _end_of_signature(lines)
    text = "".join(lines[: row - 1]) + lines[row - 1][:column] + "\n"
    if ast.get_docstring(node) is not None:
        docstring = node.body[0]
        text += f"    {ast.get_source_segment(source, docstring)}\n"
    return _in_newlines(text, "\n") + f'    # TODO\n    raise NotImplementedError("{op}")\n'


def put(source: str, op: str, stub: str, order: Sequence[str]) -> str:
    """The source with the stub in the operation's place; where it has none, in the order of the operations.

    Everything else stays, also decorators and line endings. Raises RefusedReset.
    """
    lines, found = _lines(source), definitions(source)
    region = (
        _region(lines, found[op]) if found and op in found else _broken_region(lines, op) if found is None else None
    )
    if found is not None:
        _refuse_other_bindings(source, op, region)
    newline = newline_of(source)
    written = _lines(_in_newlines(stub, newline))
    if region:
        return "".join([*lines[: region[0]], *written, *lines[region[1] :]])
    if found is None:
        raise RefusedReset("it cannot be found there")
    if lines and not lines[-1].endswith(("\n", "\r")):
        lines[-1] += newline
    blank = [newline, newline]
    at = list(order).index(op)
    before = [name for name in order[:at] if name in found]
    after = [name for name in order[at + 1 :] if name in found]
    if before:
        end = _region(lines, found[before[-1]])[1]
        return "".join([*lines[:end], *blank, *written, *lines[end:]])
    if after:
        start = min(n.lineno for n in (found[after[0]], *found[after[0]].decorator_list)) - 1
        return "".join([*lines[:start], *written, *blank, *lines[start:]])
    return "".join([*lines, *(blank if lines else []), *written])


def newline_of(source: str) -> str:
    """How the source ends its lines; the majority, where it is mixed."""
    return "\r\n" if source.count("\r\n") * 2 > source.count("\n") else "\n"


def in_newlines_of(text: str, source: str) -> str:
    """The text with line endings like those of the source."""
    return _in_newlines(text, newline_of(source))


def _sources(project: Path, level: str) -> Iterator[str]:
    """Sources of the module that may have its stubs, the newest first."""
    kept = project / "tests" / "stubs" / f"{level}.py"
    if kept.is_file():
        yield kept.read_bytes().decode("utf-8")
        return
    ends = time.monotonic() + _GIT_SECONDS
    path = f"./kata/{level}.py"
    commits = _git(project, ends, "log", f"--max-count={_MOST_COMMITS}", "--format=%H", "--", path) or b""
    for commit in commits.decode("ascii", "replace").split():
        content = _git(project, ends, "show", f"{commit}:{path}")
        if content is None:
            continue  # a commit that removed the file, or one that a shallow clone does not have
        try:
            yield content.decode("utf-8")
        except UnicodeDecodeError:
            continue


def _git(project: Path, ends: float, *arguments: str) -> bytes | None:
    """What git says of the repository that the project is in; None where it fails, is missing or takes too long."""
    elsewhere = {"GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY"}  # set inside a hook
    environment = {name: value for name, value in os.environ.items() if name not in elsewhere}
    environment |= {"GIT_TERMINAL_PROMPT": "0", "GIT_NO_LAZY_FETCH": "1", "GIT_OPTIONAL_LOCKS": "0"}
    try:
        run = subprocess.run(
            ["git", "-C", str(project), *arguments],
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=max(0.0, ends - time.monotonic()),
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return run.stdout


def _is_stub(node: _Definition) -> bool:
    body = node.body[1:] if ast.get_docstring(node, clean=False) is not None else node.body
    if isinstance(node, ast.ClassDef):
        methods = [m for m in body if isinstance(m, _Definition) and m.name not in ("__init__", "__repr__")]
        return bool(methods) and all(map(_is_stub, methods))
    return len(body) == 1 and isinstance(body[0], ast.Raise) and "NotImplementedError" in ast.unparse(body[0])


def _region(lines: list[str], node: _Definition) -> tuple[int, int]:
    """The lines of a definition without its decorators, and with the comments that its body ends with."""
    start, end = node.lineno - 1, node.end_lineno
    for number in range(end, len(lines)):
        if re.match(r"[ \t]+#", lines[number]):
            end = number + 1
        elif lines[number].strip():
            break
    return start, end


def _broken_region(lines: list[str], op: str) -> tuple[int, int] | None:
    """The lines of a definition in a source that cannot be parsed: up to what must be something else, as the text looks."""
    starts = [n for n, line in enumerate(lines) if re.match(rf"(async\s+)?(def|class)\s+{re.escape(op)}\b", line)]
    if not starts:
        return None
    start = end = starts[-1]
    for number in range(start + 1, len(lines)):
        line, above = lines[number], lines[number - 1]
        if re.match(r"(@|def\b|class\b|async\b|import\b|from\b)", line):
            break
        if not above.strip() and re.match(r"[^\s)\]}]", line):
            break
        if line.strip():
            end = number
    return start, end + 1


def _refuse_other_bindings(source: str, op: str, region: tuple[int, int] | None) -> None:
    """Raise RefusedReset where a statement after the definition gives the name to something else."""
    for node in ast.parse(source).body:
        if (region and node.lineno <= region[1]) or isinstance(node, _Definition):
            continue
        for inner in ast.walk(node):
            match inner:
                case ast.Name(id=name, ctx=ast.Store()) | ast.FunctionDef(name=name) | ast.alias(asname=str(name)):
                    pass
                case ast.alias(name=name):
                    pass
                case _:
                    continue
            if name == op:
                raise RefusedReset(f"line {node.lineno} gives the name to something other than a def")


def _end_of_signature(lines: list[str]) -> tuple[int, int]:
    """Row and column after the colon that ends the signature of the definition in these lines."""
    depth = 0
    for token in tokenize.generate_tokens(io.StringIO("".join(lines)).readline):
        if token.type == tokenize.OP:
            depth += (token.string in "([{") - (token.string in ")]}")
            if token.string == ":" and not depth:
                return token.end
    raise AssertionError("a definition has a colon")


def _lines(source: str) -> list[str]:
    """The lines with their ends, as Python counts them."""
    return re.findall(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+\Z", source)


def _in_newlines(text: str, newline: str) -> str:
    return re.sub(r"\r\n|\r|\n", newline, text)
