"""Read a module's bytes as Python text, in its cells where it comes from a notebook; see what is defined where, and say what is wrong.

Nothing is run. Runs beside the candidate's code, in this process or in a worker: the standard library only.
"""

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from .printable import printable
from .refusal import OutOfTime, RefusedOperation

MARK = re.compile(r"# %% cell (\d{1,9}) of (.{1,300})")
"""The line before each cell of what was a notebook, in the first line of such a module too."""
STOPS = 'stops the interpreter at import; put the call under if __name__ == "__main__":, or remove it'
_SAVE = "save it as UTF-8"
_MARKS = {
    b"\xff\xfe\0\0": "UTF-32",
    b"\0\0\xfe\xff": "UTF-32",
    b"\xff\xfe": "UTF-16",
    b"\xfe\xff": "UTF-16",
}
"""How a text begins that says which encoding it has; the longer ones first."""


class Unreadable(ValueError):
    """Bytes that are no Python text; `line`: where, if that is one place."""

    def __init__(self, why: str, line: int = 0):
        super().__init__(why)
        self.line = line


def decoded(data: bytes) -> str:
    """The text, with line ends as Python has them: UTF-8, or what its coding line says. Raises Unreadable."""
    for mark, name in _MARKS.items():
        if data.startswith(mark):
            raise Unreadable(f"is {name} text, not UTF-8; {_SAVE}")
    if b"\0" in data:
        raise Unreadable(f"has NUL bytes, so it is no text (UTF-16 without its mark?); {_SAVE}")
    encoding = _encoding(data)
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        line = 1 + data.count(b"\n", 0, error.start)
        known = "UTF-8" if encoding.startswith("utf-8") else encoding
        raise Unreadable(f"is not {known} text (byte 0x{data[error.start]:02x}); {_SAVE}", line) from None
    except (LookupError, ValueError):  # a codec that is none for texts, or does not know such bytes
        raise Unreadable(f"says that it is {encoding}, which cannot be read; {_SAVE}", 1) from None
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _encoding(data: bytes) -> str:
    try:
        return tokenize.detect_encoding(io.BytesIO(data).readline)[0]
    except SyntaxError as error:
        said = re.match(r"unknown encoding: (.{1,40})", error.msg or "")
        if said:
            raise Unreadable(f"says that it is {said[1]}, which Python does not know; {_SAVE}", 1) from None
        return "utf-8-sig"  # its first lines are no UTF-8; decoding it tells where


@dataclass(frozen=True)
class Part:
    """What is compiled at once: a module, or a cell. `file`: what it is called in messages, and where its lines are."""

    file: str
    text: str
    is_cell: bool = False


def parts_of(text: str, file: str) -> list[Part]:
    """The cells of what was a notebook; of any other module, all of it under the name `file`."""
    if not MARK.fullmatch(text.partition("\n")[0]):
        return [Part(file, text)]
    found: list[tuple[str, list[str]]] = []
    for line in text.split("\n"):
        mark = MARK.fullmatch(line)
        if mark:
            found.append((f"{mark[2]}, cell {mark[1]}", []))
        else:
            found[-1][1].append(line)
    return [Part(name, "\n".join(lines) + "\n", is_cell=True) for name, lines in found]


class HasBody(Protocol):
    """A module, or what can be read of a cell."""

    body: list[ast.stmt]


def defined(tree: HasBody) -> Iterator[tuple[str, int]]:
    """The names that statements at the top define by `def`, `class` or `=`, one by one, and in which line; not what gets another name."""
    for node in tree.body:
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                yield name, node.lineno
            case ast.Assign(value=value) | ast.AnnAssign(value=value) if not isinstance(
                value, ast.Name | ast.Attribute
            ):
                for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
                    for inner in ast.walk(target):
                        if isinstance(inner, ast.Name) and isinstance(inner.ctx, ast.Store):
                            yield inner.id, node.lineno


def defined_inside(tree: HasBody) -> Iterator[tuple[str, int, str]]:
    """The functions that stand inside something at the top: name, line and what that is, in words; not what takes only `self`."""
    for outer in tree.body:
        methods = {id(node) for node in outer.body} if isinstance(outer, ast.ClassDef) else set()
        for node in ast.walk(outer):
            if isinstance(node, ast.FunctionDef) and node is not outer:
                given = node.args.posonlyargs + node.args.args
                if id(node) not in methods or node.decorator_list or len(given) > 1:
                    yield node.name, node.lineno, _outside(outer)


def _outside(node: ast.stmt) -> str:
    if isinstance(node, ast.ClassDef):
        return f"inside class {node.name}"
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        return f"inside {node.name}"
    if isinstance(node, ast.If):
        return f"under if {ast.unparse(node.test)[:40]}"
    return f"inside a {type(node).__name__.lower()}"


def imported_if_there(tree: HasBody) -> set[str]:
    """The packages that are imported only where it may fail: in a `try` that has an answer to an ImportError."""
    answered, others = set(), set()

    def look(node: ast.AST, guarded: bool) -> None:
        found = answered if guarded else others
        if isinstance(node, ast.Import):
            found.update(alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            found.add((node.module or "").partition(".")[0])
        if isinstance(node, ast.Try):
            inside = guarded or any(map(_answers_import_error, node.handlers))
            for part in node.body:
                look(part, inside)
            for part in (*node.handlers, *node.orelse, *node.finalbody):
                look(part, guarded)
        else:
            for child in ast.iter_child_nodes(node):
                look(child, guarded)

    for statement in tree.body:
        look(statement, False)
    return answered - others


def _answers_import_error(handler: ast.ExceptHandler) -> bool:
    kinds = (
        {node.id for node in ast.walk(handler.type) if isinstance(node, ast.Name)} if handler.type else {"Exception"}
    )
    return bool(kinds & {"ImportError", "ModuleNotFoundError", "Exception", "BaseException"})


def said(error: BaseException, file: str, shown: str) -> str:
    """In one line that begins with the file: what went wrong when it was read or imported, and where.

    `file`: its name in tracebacks; `shown`: in messages.
    """
    kind = type(error).__name__
    if isinstance(error, SyntaxError):
        return f"{shown}, line {error.lineno}: {kind}: {printable(error.msg or '', 200)}"
    if isinstance(error, Unreadable):
        return f"{shown}, line {error.line}: {error}" if error.line else f"{shown}: {error}"
    if isinstance(error, RefusedOperation):
        return error.line
    trace, line = error.__traceback__, 0
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == file:
            line = trace.tb_lineno
        trace = trace.tb_next
    place = f"{shown}, line {line}" if line else shown
    if isinstance(error, OutOfTime):
        return unfinished(place, error)
    try:
        path = getattr(error, "path", None)  # that of an ImportError says where this machine has the file
        message = printable(str(error).removesuffix(f" ({path})"), 200)
    except BaseException:  # a __str__ of the candidate's
        message = ""
    if isinstance(error, SystemExit):
        return f"{place}: {STOPS}"
    return f"{place}: {kind}: {message}" if message else f"{place}: {kind}"


def unfinished(place: str, why: BaseException) -> str:
    """Of an import that was stopped, in one line: where, and after how long."""
    return f"{place}: still importing {str(why).removeprefix('no answer ')}"
