"""Make the tables of tests/mistakes/: slips that the public run catches for several seeds, with what the diagnosis says of each.

    nice python -m tests.meta.planted [--level L] [--jobs 2] [--grades]

With --grades only what the diagnosis says is added, where a table lacks it: that takes most of the time. Slips of an operation are tried kind after kind, in an order that only its name decides, until there are enough. Needs ruff,
which writes each as its author would have formatted it. How a table is proven is in hunts.py.
"""

import argparse
import ast
import difflib
import random
import subprocess
import sys
import time
import warnings
from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import replace
from itertools import zip_longest
from pathlib import Path
from types import ModuleType

from tests.harness.judgement.examiner import Examiner
from tests.harness.judgement.verdict import Verdict
from tests.harness.planting import table
from tests.harness.planting.patch import planted as with_mistakes
from tests.harness.planting.places import is_backward
from tests.harness.planting.splicing import Module, Proposal
from tests.harness.planting.table import Mistake
from tests.harness.planting.working import parts, stub_docstrings, users, working
from tests.harness.rows.names import PROJECT, names_by_level
from tests.harness.submissions.here import Here
from tests.meta.late import diagnose
from tests.meta.suspects import tried
from tests.meta.test_mutants import MEMORY, OPERATIONS, PUBLIC
from tests.specs import LEVELS

LEAST = 56  # mistakes of a level that are looked for, shared by its operations; small ones have fewer
SHARE = (4, 56)  # at least and at most so many of an operation
SEEDS = (0, 1, 2)  # a mistake is caught for each of them
LINES = 4  # of a mistake, at most
_CRASHES = 5  # one in so many of an operation's mistakes may end in an exception
_BACKWARD = ("gradient", "pure", "stable")  # what a mistake inside of grad can fail
_QUIET = ("wrong variable", "argument order", "order of operands")  # of these none: the shapes should agree


def planted_module(level: str, source: str) -> ModuleType:
    """The module that this source of a level makes, beside the solutions of the others. Raises what it raises."""
    module = ModuleType(f"planted.{level}")
    module.__package__ = "solutions"
    exec(compile(source, f"{level}.py", "exec"), vars(module))
    return module


def failure(
    op: str, module: ModuleType, seed: int, by: Collection[str] = (), *, explained: bool = False
) -> Verdict | None:
    """The verdict on the first public property that does not hold, in the order of scoring; None where all do.

    `by`: ask these properties alone.
    """
    how = {"shrink": explained, "explain": diagnose if explained else None, "memory": MEMORY}
    examiner = Examiner(Here("planted", vars(module).get), seed, **how)
    asked = [test.property for test in PUBLIC]
    asked = [replace(prop, after=()) for prop in asked if prop.name in by] or asked
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        verdicts = (examiner.verdict(prop, OPERATIONS[op]) for prop in asked)
        return next((verdict for verdict in verdicts if not verdict.holds), None)


def grade_of(verdict: Verdict) -> str:
    """One of table.GRADES: whether the diagnosis names a cause, or where it shows, or neither."""
    if verdict.status == "error" or (verdict.wrong and verdict.wrong.crash):
        return "located"
    found = verdict.diagnosis
    if found is None or not found.found:
        return "silent"
    claims = found.claims
    return "located" if claims and all(c.where and c.edit is None for c in claims) else "named"


def made(of: tuple[str, str]) -> list[Mistake]:
    """The mistakes of one operation, of which the name and the level are given."""
    op, level = of
    module, found, crashes = Module(working(level)), [], 0
    enough = min(max(SHARE[0], -(-LEAST // len(names_by_level()[level]))), SHARE[1])
    for proposal in _in_turns(op, level, module):
        text = module.with_slip(proposal)
        text = text and _formatted(text)
        mistake = text and _read_off(op, level, module.source, text, proposal)
        if not mistake or (mistake.before, mistake.after) in {(one.before, one.after) for one in found}:
            continue
        verdict = _caught(op, level, text, _BACKWARD if is_backward(proposal.site) else ())
        if verdict is None:
            continue
        if verdict.status == "error":
            if mistake.kind in _QUIET or (crashes + 1) * _CRASHES > enough or "not defined" in verdict.why:
                continue
            crashes += 1
        found.append(replace(mistake, by=verdict.property))
        if len(found) == enough:
            break
    return sorted(found, key=lambda one: (module.source.index(one.before), one.after))


def graded(mistake: Mistake) -> Mistake:
    """The same with its grade."""
    module = planted_module(mistake.level, with_mistakes(working(mistake.level), [mistake]))
    return replace(mistake, grade=grade_of(failure(mistake.op, module, SEEDS[0], [mistake.by], explained=True)))


def main() -> None:
    """Make or grade the tables of the levels, and print how many mistakes of each grade they have."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--level", nargs="+", default=LEVELS, choices=LEVELS)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--grades", action="store_true", help="only add what the diagnosis says, where it is missing")
    options = parser.parse_args()
    for level in options.level:
        started, before = time.perf_counter(), table.mistakes(level)
        said = stub_docstrings((PROJECT / "kata" / f"{level}.py").read_text(encoding="utf-8"))
        if not options.grades:
            table.write(level, said, before)
            working.cache_clear()
        if options.grades:
            rows = [*tried(_graded_once, before, options.jobs)]
            rows.sort(key=lambda row: [replace(one, grade="") for one in before].index(replace(row, grade="")))
        else:
            known = {(row.op, row.before, row.after): row.grade for row in before}
            found = tried(made, [(op, level) for op in names_by_level()[level]], options.jobs)
            rows = [replace(r, grade=known.get((r.op, r.before, r.after), "")) for mine in found for r in mine]
        order = names_by_level()[level]
        rows.sort(key=lambda row: order.index(row.op))
        table.write(level, said, rows)
        grades = Counter(row.grade for row in rows)
        told = ", ".join(f"{grades[grade]} {grade}" for grade in table.GRADES)
        print(f"{level}: {len(rows)} mistakes, {told}; {time.perf_counter() - started:.0f} s", flush=True)


def _in_turns(op: str, level: str, module: Module) -> Iterator[Proposal]:
    """The proposals of an operation, kind after kind."""
    mine = {name for name in parts(module.tree) if name == op or users(level, name) == (op,)}
    rng, kinds = random.Random(op), {}
    for proposal in module.proposals():
        if proposal.part in mine:
            kinds.setdefault(proposal.kind, []).append(proposal)
    for proposals in kinds.values():
        rng.shuffle(proposals)
    for turn in zip_longest(*rng.sample(list(kinds.values()), len(kinds))):
        yield from (proposal for proposal in turn if proposal is not None)


def _formatted(source: str) -> str:
    ruff = [str(Path(sys.executable).with_name("ruff")), "format", "--line-length=120", "-"]
    return subprocess.run(ruff, input=source, capture_output=True, text=True, check=True).stdout


def _read_off(op: str, level: str, source: str, text: str, proposal: Proposal) -> Mistake | None:
    """The mistake by which the texts differ, where that is one place of a few lines in its function or class."""
    before, after = source.splitlines(), text.splitlines()
    blocks = [b for b in difflib.SequenceMatcher(None, before, after, autojunk=False).get_opcodes() if b[0] != "equal"]
    if len(blocks) != 1:
        return None
    _, start, end, new_start, new_end = blocks[0]
    part = parts(ast.parse(source))[proposal.part]
    first, old, new = part.lineno - 1, before[start:end], after[new_start:new_end]
    if not (first <= start < end <= part.end_lineno and 0 < len(old) <= LINES and 0 < len(new) <= LINES):
        return None
    lines = before[first : part.end_lineno]
    nth = sum(lines[at : at + len(old)] == old for at in range(start - first))
    return Mistake(op, level, proposal.part, proposal.kind, "\n".join(old), "\n".join(new), nth, "", "")


def _caught(op: str, level: str, source: str, asked: Collection[str]) -> Verdict | None:
    """The failure of what is asked at the first seed, where there is one at each."""
    try:
        module = planted_module(level, source)
    except Exception:
        return None
    first = failure(op, module, SEEDS[0], asked)
    verdicts = [first, *(failure(op, module, seed, [first.property]) for seed in SEEDS[1:] if first)]
    return first if all(v is not None and v.status in ("fail", "error") for v in verdicts) else None


def _graded_once(mistake: Mistake) -> Mistake:
    return mistake if mistake.grade else graded(mistake)


if __name__ == "__main__":
    main()
