"""What is in the bytes of a notebook: a module of its code cells, modules that cells write, and what is left out of both.

A module's content is Python text, cell by cell, each below a line that names it; within a cell lines keep their places.
Cells are taken as nbformat 3 and 4 have them, and as programs that are less strict write them. Nothing is parsed as Python.
"""

import json
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from tests.harness.submissions import magics, parcel
from tests.harness.submissions.parcel import SHOWN, UnusableSubmission
from tests.harness.worker.printable import printable

_MOST_TOLD = 10  # notes of one notebook
_KERNELS = {"ir": "R", "xr": "R", "julia": "Julia", "octave": "Octave", "matlab": "MATLAB", "bash": "Bash"}
"""A kernel's name, up to a dash -> its language, where a notebook does not say it."""


class Notebook(NamedTuple):
    """`modules`: name -> content. `notes`: lines about what is left out."""

    modules: dict[str, bytes]
    notes: list[str]


def read(name: str, content: bytes) -> Notebook:
    """The notebook of this name and content. Raises UnusableSubmission, with a line that is read after the name."""
    folder, _, file = name.rpartition("/")
    file = printable(file, parcel.LONGEST_PART)
    book = _book(file, content)
    if not _is_python(language := _language(book)):
        raise UnusableSubmission(f"is a notebook in {printable(language, SHOWN)}; only Python is graded")
    cells = list(_cells(book))
    if not any(cell.source.strip() for cell in cells):
        raise UnusableSubmission("is a notebook without code; was it saved before it was handed in?")
    if sum(len(cell.source) for cell in cells) > parcel.LARGEST_MODULE:
        raise UnusableSubmission(f"has more than {parcel.LARGEST_MODULE} bytes of code")
    modules: dict[str, list[str]] = {name: []}
    notes: list[str] = []
    for number, cell in enumerate(cells, 1):
        place = f"{file}, cell {number}"
        plain, why = _plain(cell)
        target = name
        if plain.written:
            target = _beside(folder, plain.written.path)
            why = why or ("" if target else _for_ipython(plain.written.command))
        if why:
            notes.append(f"{place}{why}")
            continue
        if plain.written and not plain.written.appended:
            modules.pop(target, None)
        # No other line may look like the one that names a cell.
        code = plain.code.replace("# %% cell ", "#  %% cell ")
        modules.setdefault(target, []).append(f"# %% cell {number} of {file}\n{code}\n")
        notes += [f"{place}, line {line}{_for_ipython(text)}" for line, text in plain.left_out]
    if len(notes) > _MOST_TOLD:
        more = len(notes) - _MOST_TOLD
        notes[_MOST_TOLD:] = [
            f"{file}: {more} more {'line or cell is' if more == 1 else 'lines and cells are'} left out"
        ]
    contents = {target: "".join(texts).encode() for target, texts in modules.items()}
    if any(len(text) > parcel.LARGEST_MODULE for text in contents.values()):
        raise UnusableSubmission(f"has more than {parcel.LARGEST_MODULE} bytes of code")
    return Notebook(contents, notes)


class _Cell(NamedTuple):
    """A cell of code, in what language."""

    source: str
    language: str


def _book(file: str, content: bytes) -> dict[str, Any]:
    if not content.strip():
        raise UnusableSubmission("is an empty file; save the notebook, and hand that in")
    if re.match(rb"\s*[\w#\"'@%!]", content):
        stem = file.rpartition(".")[0]
        raise UnusableSubmission(
            f"is not a notebook that can be read (no JSON); if it is Python, rename it to {stem}.py"
        )
    if b"\n<<<<<<< " in content and b"\n>>>>>>> " in content:
        raise UnusableSubmission(
            "has the marks of a merge that is not finished (<<<<<<<); finish it, and save the notebook"
        )
    try:
        book = json.loads(content)
    except json.JSONDecodeError as error:
        cut = not error.doc[error.pos :].strip() or error.msg.startswith("Unterminated")
        raise _Unreadable("it is cut short" if cut else f"it is damaged in line {error.lineno}") from None
    except UnicodeDecodeError:
        raise _Unreadable("it is no text") from None
    except RecursionError:
        raise _Unreadable("it is nested too deeply") from None
    except ValueError:  # a number of thousands of digits
        raise _Unreadable("a number in it is too long") from None
    if not isinstance(book, dict) or not {"cells", "worksheets"}.intersection(book):
        raise _Unreadable("it has no cells")
    return book


class _Unreadable(UnusableSubmission):
    def __init__(self, why: str):
        super().__init__(f"is not a notebook that can be read ({why}); save it again in Jupyter, and hand that in")


def _cells(book: dict[str, Any]) -> Iterator[_Cell]:
    """The cells of code. Raises UnusableSubmission where cells are none."""
    try:
        sheets = [book, *(book.get("worksheets") or ())]
        for cell in (cell for sheet in sheets for cell in sheet.get("cells") or ()):
            if cell.get("cell_type") != "code":
                continue
            source = cell.get("source", cell.get("input")) or ""
            own = _mapping(_mapping(cell.get("metadata")).get("vscode")).get("languageId") or cell.get("language")
            yield _Cell(source if isinstance(source, str) else _joined(source), str(own or "python"))
    except (AttributeError, KeyError, TypeError):
        raise _Unreadable("its cells are something else") from None


def _joined(lines: list[str]) -> str:
    # Some programs write the lines without their ends.
    ended = any(line.endswith("\n") for line in lines[:-1])
    return ("" if ended else "\n").join(lines)


def _language(book: dict[str, Any]) -> str:
    """What the notebook says it is in; Python, if it does not say."""
    metadata = _mapping(book.get("metadata"))
    kernel, info = _mapping(metadata.get("kernelspec")), _mapping(metadata.get("language_info"))
    said = [str(name) for name in (info.get("name"), kernel.get("language")) if name]
    if said:
        return next(filter(_is_python, said), said[0])
    return _KERNELS.get(str(kernel.get("name")).partition("-")[0], "python")


def _is_python(language: str) -> bool:
    return language.lower().removeprefix("i").startswith("py")


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _plain(cell: _Cell) -> tuple[magics.Plain, str]:
    """The cell's Python, and why it is left out, if it is."""
    if not _is_python(cell.language):
        return magics.Plain(None), f": left out, it is not Python but {printable(cell.language, SHOWN)}"
    plain = magics.plain(cell.source)
    if plain.code is None:
        return plain, _for_ipython(plain.left_out[0][1])
    try:
        plain.code.encode()
    except UnicodeEncodeError as error:
        line = plain.code.count("\n", 0, error.start) + 1
        return plain, f", line {line}: has half a character (a lone surrogate); the cell is left out"
    return plain, ""


def _for_ipython(text: str) -> str:
    return f": left out, it is for IPython: {printable(text, SHOWN)}"


def _beside(folder: str, path: str) -> str:
    """The name of the module that a cell writes to this path: in the notebook's folder; none for what is no module."""
    parts = [part for part in path.replace("\\", "/").split("/") if part not in ("", ".", "..", "~")]
    file = parts[-1] if parts else ""
    # Where an absolute path lies says nothing: a whole disk may be called `env`.
    inside = file if re.match(r"[/\\~]|\w:", path) else "/".join(parts)
    try:
        is_module = file.lower().endswith(".py") and parcel.is_module(inside)
    except UnusableSubmission:
        is_module = False
    return f"{folder}/{file}".removeprefix("/") if is_module else ""
