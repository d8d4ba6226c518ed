"""What the four places of an operation owe each other: row, stub, solution and mutants; and what the pages say of them.

A convention takes a project and yields complaints of one line: the file, what is wrong there, what to do. What the
machinery owes is in machinery.py.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterator
from importlib import import_module
from itertools import groupby

import pytest

from tests.harness.practice.hints import KINDS, hints
from tests.meta.project import Project, here
from tests.mutants import Mutant

FOLDERS = ("tests/specs", "kata", "solutions", "tests/mutants")  # in the order in which an operation is added
LEAST = {"WRONG": 40, "RIGHT": 15}  # rows of a level
_NEW = {"WRONG": "Mutant({!r}, name, caught_by, function, diagnosis)", "RIGHT": "Alternative({!r}, name, function)"}
_OTHER = {"kata": "solutions", "solutions": "kata"}
_LISTED = "| level | operations |\n|---|---|\n"  # the head of the README's table
_SCREENS = "kata/README.md"
_SYMPTOM = re.compile(r"\(all entries are wrong\)|is -?\d\S*, but should be -?\d\S*$")


def implementation(package: str, level: str, name: str) -> Callable:
    """An operation of kata/ or solutions/. A test that asks for one that is not there fails with what to do."""
    found = getattr(import_module(f"{package}.{level}"), name, None)
    if found is None:
        pytest.fail(_missing(here(), package, level, name), pytrace=False)
    return found


def levels(project: Project) -> Iterator[str]:
    """The four folders have one module a level, and no others."""
    for folder in FOLDERS:
        there = {file.stem for file in (project.folder / folder).glob("*.py")} - {"__init__"}
        for level in [level for level in project.rows if level not in there]:
            yield f"{folder}/{level}.py is missing, but LEVELS of tests/specs/__init__.py has {level}; add the module"
        for level in sorted(there - project.rows.keys()):
            yield f"{folder}/{level}.py is no level; put {level!r} into LEVELS of tests/specs/__init__.py, or delete it"


def names(project: Project) -> Iterator[str]:
    """A module of kata/ or solutions/ defines the operations of its level, in the order of their rows, and no others."""
    for package in ("kata", "solutions"):
        for level in project.rows:
            file, specs, due = f"{package}/{level}.py", f"tests/specs/{level}.py", project.names(level)
            if not project.text(file):
                continue  # said by `levels`
            defined = Counter(one.name for one in project.public(file))
            yield from (_missing(project, package, level, name) for name in due if name not in defined)
            for name in defined:
                if name not in due:
                    yield f"{file}: {name} has no row in {specs}; add one, or begin its name with an underscore"
                elif defined[name] > 1:
                    yield f"{file}: {name} is defined {defined[name]} times; leave one"
            yield from _in_order(file, list(defined), due, specs)


def signatures(project: Project) -> Iterator[str]:
    """Stub and solution have one signature, annotated throughout, with the inputs of the row in their order."""
    solutions = {op.name: one for op, one in project.defined("solutions")}
    for package in ("kata", "solutions"):
        for op, one in project.defined(package):
            taken, inputs = ", ".join(p.arg for p in one.parameters), ", ".join(op.parameters)
            if taken != inputs and not op.adapter:
                yield f"{one.place} takes ({taken}), but its row has ({inputs}); name the same, in one order"
            if untyped := [p.arg for p in one.parameters if p.annotation is None and p.arg != "self"]:
                yield f"{one.place} has no type for {', '.join(untyped)}; annotate it, an array with NDArray"
            if one.call.returns is None:
                yield f"{one.place} does not say what it returns; write -> tuple[NDArray, Callable]"
    for op, stub in project.defined("kata"):
        solution = solutions.get(op.name, stub)
        if stub.signature != solution.signature:
            yield f"{stub.place}{stub.signature} is {solution.signature} in solutions/; give both the same signature"


def stubs(project: Project) -> Iterator[str]:
    """A stub says its shapes and what it or grad returns, has a TODO, and only raises NotImplementedError with its name."""
    for op, stub in project.defined("kata"):
        due = ", ".join(f"g{variable}" for variable in op.differentiated)
        if not re.search(r"(?i)\bshapes?\b|\belementwise\b", stub.docstring):
            yield f"{stub.place} does not tell shapes; begin its docstring with the maths, 'shape (N, K) -> (N, M)'"
        if op.values and not re.search(r"Returns .*\.$", stub.docstring):
            yield f"{stub.place} does not tell what it returns; end its docstring with 'Returns the new w, v.'"
        is_function = not op.values and not op.adapter
        if is_function and not re.search(rf"grad\({op.upstream}\) -> {due}\.", stub.docstring):
            yield f"{stub.place} does not tell what grad returns; end its docstring with 'grad({op.upstream}) -> {due}.'"
        if "# TODO" not in stub.code:
            yield f"{stub.place} has no '# TODO'; put it below the docstring"
        if stub.statements != [f"raise NotImplementedError({op.name!r})"]:
            yield f'{stub.place} is no stub; below the docstring write only: raise NotImplementedError("{op.name}")'


def letters(project: Project) -> Iterator[str]:
    """What can be said of a dimension is the stub's own letter, at the same place in the same shape."""
    for op, stub in project.defined("kata"):
        said = {word for letter in op.letters for word in re.findall(r"\b[A-Z]\b", op.said(letter))}
        for letter in sorted(word for word in said if not re.search(rf"\b{word}\b", stub.docstring)):
            yield f"{stub.place} has no {letter}; call that dimension in tests/specs/ as the docstring does, or give it words="
        for variable in op.shapes:
            shape = op.said_shape(variable)
            if re.search("[A-Z]", shape) and shape not in stub.docstring:
                yield f"{stub.place} has no shape {shape}, as its row says of {variable}; give both the same letters"


def derivations(project: Project) -> Iterator[str]:
    """A solution derives its gradients in its docstring, which has each step that the code cites.

    One that returns values has no gradients; it has the steps.
    """
    for op, one in project.defined("solutions"):
        if op.values and "(1)" not in one.docstring.partition("\nHints:")[0]:
            yield f"{one.place} has no steps; number its formulas: w = w - lr gw    (1)"
        if not op.values and not re.search(r"\bJ_\w|chain rule", one.docstring):
            yield f"{one.place} is not derived; state each Jacobian in its docstring: J_x[i | a] = [i = a] ..."
        cited = {step for comment in re.findall("#.*", one.code) for step in re.findall(r"\(\d+\)", comment)}
        for step in sorted(cited):
            if step not in one.docstring.partition("\nHints:")[0]:
                yield f"{one.place} cites {step}; give that number to the step of the docstring, at the end of its line"


def hints_lead_up(project: Project) -> Iterator[str]:
    """Three hints: a question and a nudge, neither with code; then the formula of a gradient, or a step that is there."""
    for _, one in project.defined("solutions"):
        found = hints(one.docstring)
        if len(found) != len(KINDS):
            yield f"{one.place} has {len(found)} hints; end its docstring with 'Hints:', below it 1. to 3.: {', '.join(KINDS)}"
            continue
        *words, key = found
        known = one.docstring.partition("\nHints:")[0] + one.code
        gradients, steps = re.findall(r"\b(g\w+)(?:\[[^]]*\])? = ", key), re.findall(r"\(\d+\)", key)
        if not words[0].endswith("?"):
            yield f"{one.place}, hint 1 is no question; end it with a question mark"
        for number, hint in enumerate(words, 1):
            if "np." in hint:
                yield f"{one.place}, hint {number} has code of the answer; say it in words"
        if not gradients and not steps:
            yield f"{one.place}, hint 3 has no key line; write the formula of a gradient, gx[a] = ..., or name a step: (1)"
        unknown = [word for word in gradients if not re.search(rf"\b{word}\b", known)]
        for word in (*unknown, *(step for step in steps if step not in known)):
            yield f"{one.place}, hint 3 speaks of {word}, which is nowhere in the derivation; name what is there"


def mutants(project: Project) -> Iterator[str]:
    """Every operation has wrong and right implementations, in the order of the rows; a level has enough of both."""
    for level, table, rows, where in _tables(project):
        if table == "SLOW":
            continue
        found, due = [op for op, _ in groupby(row.op for row in rows)], project.names(level)
        for name in [name for name in due if name not in found]:
            yield f"{where}: {name} has no row {_place(name, due)}; add {_NEW[table].format(name)}"
        for name in [name for name in due if found.count(name) > 1]:
            yield f"{where}: the rows of {name} stand in {found.count(name)} places; put them together"
        yield from _in_order(where, list(dict.fromkeys(found)), due, f"tests/specs/{level}.py")
        if len(rows) < LEAST[table]:
            yield f"{where} has {len(rows)} rows, a level has at least {LEAST[table]}; add {LEAST[table] - len(rows)} more"


def mutants_are_told_apart(project: Project) -> Iterator[str]:
    """A row is about an operation of its level, and has a name of its own; in SLOW all are slow."""
    for level, table, rows, where in _tables(project):
        for name in sorted({row.op for row in rows} - set(project.names(level))):
            yield f"{where}: {name} has no row in tests/specs/{level}.py; add one, or delete what is here"
        for (op, name), times in Counter((row.op, row.name) for row in rows).items():
            if times > 1:
                yield f"{where}: {times} rows of {op} are called {name!r}; give each a name of its own"
        for row in [row for row in rows if table == "SLOW" and not row.slow]:
            yield f"{where}: {row.op}, {row.name!r} needs slow=True, or belongs into RIGHT"


def diagnoses(project: Project) -> Iterator[str]:
    """Of at least 95 in 100 wrong implementations a cause or a fact must be said: not only which number is wrong, or that all are."""
    wrong = [(level, row) for level, tables in project.mutants.items() for row in tables.WRONG]
    unnamed = [f"{row.op}, {row.name!r} ({level}.py)" for level, row in wrong if _names_nothing(row)]
    if len(unnamed) > len(wrong) / 20:
        seen = (
            f"{len(unnamed)} of {len(wrong)} rows in WRONG name no cause and no fact, and at most a twentieth may do so"
        )
        yield f"tests/mutants/: {seen}; give one to some of these: {'; '.join(unnamed)}"


def readme(project: Project) -> Iterator[str]:
    """The README's table of the levels lists all operations in their order."""
    due = [f"| {level} | {', '.join(f'`{name}`' for name in project.names(level))} |" for level in project.rows]
    table = project.text("README.md").partition(_LISTED)[2].partition("\n\n")[0].splitlines()
    if not table:
        head = " and ".join(map(repr, _LISTED.splitlines()))
        yield f"README.md has no table of the levels; begin it with these two lines: {head}"
        return
    yield from (f"README.md, table of the levels: write this line: {line}" for line in due if line not in table)
    for line in table:
        if line.split()[1] not in project.rows:
            yield f"README.md, table of the levels: {line.split()[1]} is none; delete this line: {line}"
    if sorted(due) == sorted(table) and due != table:
        yield f"README.md, table of the levels: put the lines in the order of LEVELS: {', '.join(project.rows)}"


def recorded_screens(project: Project) -> Iterator[str]:
    """The screens that are shown to candidates count as many operations of a level as there are."""
    for number, line in enumerate(project.text(_SCREENS).splitlines(), 1):
        found = re.match(r"(\w+): (\d+) of (\d+) hold$", line)
        if found and found[1] in project.rows and int(found[3]) != len(project.rows[found[1]]):
            due = f"{found[1]}: {found[2]} of {len(project.rows[found[1]])} hold"
            yield f"{_SCREENS}, line {number}: {line!r} was recorded with other operations; record it again, or write {due!r}"


CONVENTIONS = (
    *(levels, names, signatures, stubs, letters, derivations, hints_lead_up),
    *(mutants, mutants_are_told_apart, diagnoses, readme, recorded_screens),
)


def _tables(project: Project) -> Iterator[tuple[str, str, list, str]]:
    """Level, name and rows of each table of mutants, and what to call it."""
    for level, module in project.mutants.items():
        for table in ("WRONG", "RIGHT", "SLOW"):
            yield level, table, getattr(module, table), f"tests/mutants/{level}.py, {table}"


def _names_nothing(row: Mutant) -> bool:
    """Whether a row is content with no words, or with a symptom."""
    return any(not words or _SYMPTOM.search(words) for words in row.diagnosis.split(" | "))


def _missing(project: Project, package: str, level: str, name: str) -> str:
    other, (op,) = f"{_OTHER[package]}/{level}.py", (op for op in project.rows[level] if op.name == name)
    there = any(one.name == name for one in project.public(other))
    due = f"signature of {other}" if there else f"inputs of its row: {name}({', '.join(op.parameters)})"
    return f"{package}/{level}.py: {name} is missing {_place(name, project.names(level))}; give it the {due}"


def _place(name: str, due: list[str]) -> str:
    return f"after {due[due.index(name) - 1]}" if due.index(name) else "at the top"


def _in_order(where: str, found: list[str], due: list[str], specs: str) -> Iterator[str]:
    """The first name that stands elsewhere than it should among those that are there; each name is found once."""
    known = [name for name in found if name in due]
    for name, right in zip(known, sorted(known, key=due.index), strict=True):
        if name != right:
            yield f"{where}: {name} stands where {right} should; keep the order of {specs}"
            return
