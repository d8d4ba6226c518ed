"""A cell of what was a notebook, read and run as far as it goes: a statement that fails costs itself, and what needs it.

A cell holds what its author tried, or what a course gave. Where all of it can be read and run, it is like a module. Runs
beside the candidate's code: the standard library only.
"""

import ast
import itertools
import re
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from .source import Unreadable

MOST = 20  # statements of a cell that may fail
_AHEAD = 30  # lines at the margin, among which the end of a statement is looked for
_READ = 20  # times as many characters as the cell has, at most, are read to find its statements
_BEGINS = re.compile(r"(?![\s#]|(?:else|elif|except|finally)\b).")
"""How a line looks that may begin a statement."""
_ASSIGNS = re.compile(r"([\w ,]+?)=(?!=)")
_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Import, ast.ImportFrom)


class Cell(NamedTuple):
    """The statements of a cell that can be read, as of a module, and what is wrong with the others."""

    body: list[ast.stmt]
    broken: Sequence[SyntaxError] = ()


class NotGiven(Unreadable):
    """A statement of this line uses what one before it should have given."""


def read_cell(text: str, file: str) -> Cell:
    """The cell's statements. Raises what ast.parse does where none can be read."""
    try:
        return Cell(ast.parse(text, file).body)
    except SyntaxError:
        found = list(_statements(text, file))
        nodes = [node for one in found if isinstance(one, ast.Module) for node in one.body]
        if not nodes:
            raise
        return Cell(nodes, [one for one in found if isinstance(one, SyntaxError)])


def run_cell(
    cell: Cell,
    file: str,
    names: dict,
    failed: Callable[[Exception], None],
    through: tuple[type[BaseException], ...] = (),
) -> None:
    """Run the statements with these global names; what is wrong with those that fail is told, and the others go on.

    What is no Exception, or of the types in `through`, ends the cell.
    """
    futures = list(itertools.takewhile(_is_of_the_future, cell.body))
    left, lost = list(cell.body), set()
    for error in cell.broken:
        failed(error)
        meant = _ASSIGNS.match(error.text or "")
        lost |= set(re.findall(r"\w+", meant[1])) if meant else set()
        behind = next((n for n, node in enumerate(left) if node.lineno > (error.lineno or 0)), len(left))
        left = [*left[:behind], *_unharmed(left[behind:], lost, failed)]
    for _ in range(MOST):
        body = left if left[: len(futures)] == futures else [*futures, *left]
        try:
            code = compile(ast.Module(body, []), file, "exec", dont_inherit=True)
        except SyntaxError as error:  # `await` or `return` outside of a function
            at, done = _at(left, error.lineno or 0), 0
            failed(error)
        else:
            try:
                return exec(code, names)
            except through:
                raise
            except Exception as error:
                at = done = _at(left, line_at_work(error, file))
                failed(error)
                done += 1
        lost |= _given(left[at])
        left = [*left[done:at], *_unharmed(left[at + 1 :], lost, failed)]
        if not left:
            return
    failed(NotGiven("more statements of this cell fail", left[0].lineno))


def line_at_work(error: Exception, file: str) -> int:
    """The line of the cell that was at work."""
    trace = error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == file and trace.tb_frame.f_code.co_name == "<module>":
            return trace.tb_lineno
        trace = trace.tb_next
    return 0


def _unharmed(nodes: Sequence[ast.stmt], lost: set[str], failed: Callable[[Exception], None]) -> list[ast.stmt]:
    """Those that use no name that is lost: an older value of it would be another one's. What they give is lost no more."""
    found = []
    for node in nodes:
        used = {n.id for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)} & lost
        if used and not isinstance(node, _DEFINITIONS):
            failed(NotGiven(f"uses {min(used)}, which a statement above should have given", node.lineno))
            lost |= _given(node)
        else:
            found.append(node)
            lost -= _given(node)
    return found


def _is_of_the_future(node: ast.stmt) -> bool:
    """Whether it may stand before an import from __future__, or is one."""
    text = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    return text or (isinstance(node, ast.ImportFrom) and node.module == "__future__")


def _given(node: ast.stmt) -> set[str]:
    """The names that a statement gives, or would."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return {node.name}
    if isinstance(node, ast.Import | ast.ImportFrom):
        return {alias.asname or alias.name.partition(".")[0] for alias in node.names}
    return {n.id for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}


def _at(nodes: Sequence[ast.stmt], line: int) -> int:
    """The number of the last statement that begins at this line or before."""
    return max((n for n, node in enumerate(nodes) if _first(node) <= line), default=0)


def _first(node: ast.stmt) -> int:
    return min([node.lineno, *(one.lineno for one in getattr(node, "decorator_list", ()))])


def _statements(text: str, file: str) -> Iterator[ast.Module | SyntaxError]:
    """Statement by statement, by the lines at the margin; in the place of one that cannot be read, what is wrong with it."""
    lines = text.split("\n")
    starts = [n for n, line in enumerate(lines) if _BEGINS.match(line)]
    first = next((n for n, line in enumerate(lines) if line.strip() and not line.lstrip().startswith("#")), 0)
    starts = [first, *(n for n in starts if n > first), len(lines)]
    at, room = 0, _READ * len(text)
    while at < len(starts) - 1:
        wrong: SyntaxError | None = None
        for end in range(at + 1, len(starts)):
            part = "\n".join(lines[starts[at] : starts[end]])
            room -= len(part)
            try:
                yield ast.increment_lineno(ast.parse(part, file), starts[at])
                break
            except SyntaxError as error:
                error.lineno = (error.lineno or 1) + starts[at]
                wrong = wrong or error
                in_text = "unterminated triple-quoted" in (error.msg or "")
            if room < 0 or (in_text and end == len(starts) - 1):
                yield wrong
                return
            if end - at > _AHEAD and not in_text:
                end = at + 1
                yield wrong
                break
        else:
            end = at + 1
            yield wrong
        at = end
