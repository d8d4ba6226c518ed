"""The formulas of a solution's docstring, and what is wrong with them beside torch.

A docstring has cases: all that stands before its first `For ...:` line, on examples that are drawn from the row; and
what follows each such line, on examples of the stated shapes. A line whose left side is known already (y, a gradient, a
Jacobian) is a claim and is compared with what torch says; any other is a definition.
"""

import ast
import inspect
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import cache, partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tests.harness.rows.oracle import Truth
from tests.harness.rows.shapes import parsed
from tests.harness.rows.sources import Random
from tests.harness.rows.spec import Operation
from tests.meta.evaluation import Evaluation
from tests.meta.formulas import Entry, FormulaError, InWords, Statement
from tests.meta.grammar import statement
from tests.meta.ranges import World
from tests.meta.settings import Tied, drawn, stated

_STARTS = re.compile(r"(?P<name>[A-Za-z_]\w*)(?P<indices>\[[^=\]]*\])?\s*=(?!=)")
_SPECIAL = re.compile(r"For (?P<stated>\w+ (\(|= ).*):$")
_REMARK = re.compile(r"\s{2,}\S.*$|\s\(\d+\)$")
_EXAMPLES, _TIED = 2, 4  # of a case: without ties; with them, where the row says what is right there


@dataclass(frozen=True)
class Line:
    """A formula with its continuations: the text of each, and which of the docstring's lines it is."""

    parts: tuple[tuple[int, str], ...]

    @property
    def number(self) -> int:
        return self.parts[0][0]

    @property
    def text(self) -> str:
        return " ".join(text for _, text in self.parts)

    def number_at(self, place: int) -> int:
        """The line on which a character of the text stands."""
        for number, text in self.parts:
            if place <= len(text):
                return number
            place -= len(text) + 1
        return number

    @property
    def name(self) -> str:
        """What it defines, or makes a claim of."""
        return re.match(r"\w*", self.text)[0]

    @property
    def indexed(self) -> bool:
        """Whether it has indices on the left; a line that has none may be prose."""
        found = _STARTS.match(self.text)
        return self.name.startswith("J_") or bool(found and found["indices"])


@dataclass
class Case:
    """The lines of one case that could be read, and the others with the reason. `special` is what its `For` line says."""

    special: str = ""
    number: int = 0
    read: dict[Line, Statement] = field(default_factory=dict)
    unread: dict[Line, FormulaError] = field(default_factory=dict)


def cases(docstring: str) -> list[Case]:
    """The cases of a docstring, the general one first."""
    found = [Case()]
    for line in _lines(docstring):
        if special := _SPECIAL.match(line.text):
            found.append(Case(special["stated"], line.number))
            continue
        try:
            found[-1].read[line] = statement(line.text)
        except FormulaError as problem:
            found[-1].unread[line] = problem
    return found


def complaints(op: Operation, docstring: str) -> list[tuple[int, str]]:
    """All that is wrong with a derivation: the docstring's line, and what was seen there and should be."""
    general, *special = cases(docstring)
    wrong: dict[int, str] = {}
    for case in (general, *special):
        for line, what in _in_case(op, docstring, case, general):
            wrong.setdefault(line, what)
    stated_of = {line.name for case in (general, *special) for line in (*case.read, *case.unread)}
    missing = [(0, f"no line states J_{v}[... | ...]") for v in op.variables if f"J_{v}" not in stated_of]
    return missing + sorted(wrong.items())


def where(function: Callable) -> tuple[str, int]:
    """The file of a function, as folder/name, and the line on which its docstring starts."""
    file = Path(inspect.getsourcefile(function))
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.FunctionDef) and node.name == function.__name__:
            return f"{file.parent.name}/{file.name}", node.body[0].lineno
    raise LookupError(f"{file} does not define {function.__name__}")


def _in_case(op: Operation, docstring: str, case: Case, general: Case) -> Iterator[tuple[int, str]]:
    for number in range(_EXAMPLES + (_TIED if op.also or op.ties else 0)):
        try:
            known, world = _world(op, case.special, number)
        except FormulaError as problem:
            yield case.number, f"{case.special}: {problem}"
            return
        output = _output(op, docstring)
        called = {output: known["y"], f"g{output}": known["gy"]} if output else {}
        yield from _in_world(op, replace(world, known=world.known | called), case, general)


@cache
def _world(op: Operation, special: str, number: int) -> tuple[dict[str, NDArray], World]:
    """The output and its gradient, which each docstring names as it likes; and all else that a formula may speak of.

    Jacobians and gradients are torch's.
    """
    source = Random if number < _EXAMPLES else Tied
    setting = stated(op, special, number, source) if special else drawn(op, number, source)
    truth, inputs = Truth(op, setting.inputs, setting.gy), dict(zip(op.inputs, setting.inputs, strict=True))
    y, one_hot = np.asarray(truth.y), np.eye(np.size(truth.y)).reshape(-1, *np.shape(truth.y))
    rows = [Truth(op, setting.inputs, gy) for gy in one_hot]
    known = setting.sizes | inputs
    known |= {f"g{v}": gradient for v, gradient in zip(op.variables, truth.gradients, strict=True)}
    nearest = {}
    for at, v in enumerate(op.variables):
        known[f"J_{v}"] = np.reshape([row.gradients[at] for row in rows], y.shape + np.shape(inputs[v]))
        if source is Tied:
            nearest |= {f"g{v}": partial(_nearest, [truth], at), f"J_{v}": partial(_nearest, rows, at)}
    runs = {name: [n for n, token in enumerate(parsed(shape)) if token.run] for name, shape in op.shapes.items()}
    world = World(known, {name: at[0] for name, at in runs.items() if len(at) == 1}, y.ndim, nearest)
    return {"y": y, "gy": setting.gy}, world


def _nearest(truths: list[Truth], number: int, said: NDArray) -> NDArray:
    """The right gradients that are nearest to what is said, one for each of several upstream gradients."""
    right = []
    for truth, yours in zip(truths, np.reshape(said, (len(truths), *truths[0].gradients[number].shape)), strict=True):
        ends = truth.gradients[number], truth.other_gradients[number]
        right.append(truth.nearest(yours) if truth.op.ties else np.clip(yours, np.minimum(*ends), np.maximum(*ends)))
    return np.reshape(right, np.shape(said))


def _in_world(op: Operation, here: World, case: Case, general: Case) -> Iterator[tuple[int, str]]:
    read = general.read | case.read
    definitions = {line.name: one for line, one in read.items() if line.name not in here.known}
    unread = {line.name: _unread(line, problem) for line, problem in (general.unread | case.unread).items()}
    evaluation = Evaluation(here, definitions, unread)
    for line, problem in case.unread.items():
        if (line.name.startswith("J_") or line.name in here.known) and not _is_prose(line, problem):
            yield line.number, f"{line.text}: cannot be read: {problem}"
    failed = set()
    for line, claim in case.read.items():
        if line.name.startswith("J_") and not (isinstance(claim.left, Entry) and claim.left.bar is not None):
            yield line.number, f"{line.text}: a Jacobian has a bar between the indices of y and of x: J_x[i | a]"
        elif line.name.startswith("J_") and line.name not in here.known:
            yield line.number, f"{line.text}: {op.name} has no differentiable input {line.name[2:]}"
        elif line.name in here.known and (wrong := evaluation.complaint(claim)):
            failed.add(line.name)
            if not _is_prose(line, wrong.problem):
                yield line.number_at(claim.starts[wrong.member]), f"{claim.member(wrong.member)}: {wrong.what}"
    for line in case.read:
        gaps = np.argwhere(~evaluation.covered[line.name]) if line.name in evaluation.covered.keys() - failed else ()
        if len(gaps):
            yield line.number, f"{line.text}: nothing is said of {line.name} at index {','.join(map(str, gaps[0]))}"


def _is_prose(line: Line, problem: FormulaError | None) -> bool:
    """Whether a line that makes no sense as a formula may be for people only. A Jacobian never is."""
    return not line.name.startswith("J_") and problem is not None and (not line.indexed or isinstance(problem, InWords))


def _unread(line: Line, problem: FormulaError) -> FormulaError:
    """What is said where a definition is needed that could not be read: one without indices is prose."""
    kind = FormulaError if line.indexed else InWords
    return kind(f"the definition of {line.name} cannot be read: {problem} [{line.text}]")


def _output(op: Operation, docstring: str) -> str:
    """What the docstring calls the output: the left side with which it opens; y, where it opens otherwise."""
    found = re.match(r"(\w+)(\[[^=]*\])? =", docstring.strip())
    name = found[1] if found else "y"
    return "" if name in op.inputs else name


def _lines(docstring: str) -> Iterator[Line]:
    """Special lines, and formulas with their continuations on one line, without the remarks behind them."""
    lines = inspect.cleandoc(docstring).splitlines()
    end = next((number for number, line in enumerate(lines) if line.startswith("Hints:")), len(lines))
    indent_of_start, parts = 0, []
    for number, raw in enumerate([*lines[:end], ""]):
        text, indent = raw.strip(), len(raw) - len(raw.lstrip())
        if parts and text and (text.startswith("=") or (indent > indent_of_start and not _STARTS.match(text))):
            parts.append((number, _REMARK.sub("", text)))
            continue
        if parts:
            yield Line(tuple(parts))
            parts = []
        if _SPECIAL.match(text):
            yield Line(((number, text),))
        elif text.startswith("J_") or (indent and _STARTS.match(text)):
            indent_of_start, parts = indent, [(number, _REMARK.sub("", text))]
