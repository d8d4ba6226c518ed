"""Change one expression of a solution at a time, by the rules of rules.py, and say which changes no test sees.

    python -m tests.meta.insertions [--level L] [--op O] [--rule WORDS] [--every N] [--jobs 2]

A change that makes no difference beyond rounding, on examples of a wide range, is none. Of those that survive the public and
the hidden run, `unseen` means that the judge refuses one of these examples, so that others should be drawn; `accepted`, that
it refuses none: the answer is another right one, or the judge forgives it.
"""

import argparse
import time
import zlib
from collections import Counter
from dataclasses import dataclass
from functools import cache

from tests.harness.planting.rewriting import Mutant, mutants
from tests.harness.worker.refusal import RefusedOperation
from tests.meta.flat import flat
from tests.meta.rules import RULES
from tests.meta.suspects import caught_in_hidden, caught_in_public, progress, tried
from tests.meta.test_mutants import OPERATIONS
from tests.meta.wide_examples import is_equal, told_wrong
from tests.specs import LEVELS

FATES = ("equal", "public", "hidden", "accepted", "unseen")
"""What becomes of a change: it is none; a run catches it; the judge refuses no example of it; or nobody saw it."""
SURVIVING = FATES[3:]


@dataclass(frozen=True)
class Found:
    """What became of one change of one operation. `why`: what is said of it, where somebody refuses it.

    `line`: the operation and the changed statement, which stays the same when lines move.
    """

    name: str
    line: str
    rule: str
    fate: str
    why: str = ""


def changes() -> list[tuple[str, int, str]]:
    """Level, number and operation of each change."""
    return [
        (level, number, op) for level in LEVELS for number, mutant in enumerate(_mutants(level)) for op in mutant.ops
    ]


def line_of(change: tuple[str, int, str]) -> str:
    """The operation and the changed statement."""
    level, number, op = change
    return f"{op}: {_mutants(level)[number].line}"


def tried_out(change: tuple[str, int, str]) -> Found:
    """Try one change: first whether it is any, then the public run, then the hidden one."""
    level, number, op = change
    mutant = _mutants(level)[number]
    return Found(mutant.named(op), line_of(change), mutant.rule.name, *_fate(mutant, op))


def chosen(level: str = "", op: str = "", rule: str = "", every: int = 1) -> list[tuple[str, int, str]]:
    """The changes of a level, an operation, and the rules with these words in their names; of them, one in so many.

    Which ones does not hang on what else there is, so that a change of one solution leaves those of the others alone.
    """

    def is_chosen(mutant: Mutant, name: str) -> bool:
        what = f"{name} {mutant.rule.name} {mutant.place.text} {mutant.new}"
        return rule in mutant.rule.name and zlib.crc32(what.encode()) % every == 0

    asked = [change for change in changes() if level in ("", change[0]) and op in ("", change[2])]
    return [(at, number, name) for at, number, name in asked if is_chosen(_mutants(at)[number], name)]


def main() -> None:
    """Try the changes, and print what became of them."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--level", default="", choices=LEVELS)
    parser.add_argument("--op", default="")
    parser.add_argument("--rule", default="", help="words of a rule's name")
    parser.add_argument("--every", type=int, default=1, help="try one in so many")
    parser.add_argument("--jobs", type=int, default=1)
    options = parser.parse_args()
    rows = chosen(options.level, options.op, options.rule, options.every)
    started, counts = time.perf_counter(), Counter()
    for done, found in enumerate(tried(tried_out, rows, options.jobs), 1):
        counts[found.rule, found.fate] += 1
        if found.fate in SURVIVING:
            print(f"{found.fate}: {found.name}; {found.line.partition(': ')[2]}; {found.why}", flush=True)
        if done % 50 == 0 or done == len(rows):
            progress(done, len(rows), sum(n for (_, fate), n in counts.items() if fate in SURVIVING), "survive")
    print(*(f"{fate:>9}" for fate in FATES), "rule")
    for rule in RULES:
        print(*(f"{counts[rule.name, fate]:9}" for fate in FATES), rule.name)
    print(*(f"{sum(counts[rule.name, fate] for rule in RULES):9}" for fate in FATES), "all")
    print(f"{len(rows)} changes in {time.perf_counter() - started:.0f} s")


def _fate(mutant: Mutant, op: str) -> tuple[str, str]:
    """What becomes of it, and why."""
    try:
        function = flat(OPERATIONS[op], mutant.function(op))
    except Exception as error:
        return "public", repr(error)
    try:
        if is_equal(op, function):
            return "equal", ""
        for fate, run in (("public", caught_in_public), ("hidden", caught_in_hidden)):
            if why := run(op, function):
                return fate, why
        why = told_wrong(op, function)
    except RefusedOperation as refused:
        return "public", refused.line
    return "unseen" if why else "accepted", why


@cache
def _mutants(level: str) -> list[Mutant]:
    return list(mutants(level, RULES))


if __name__ == "__main__":
    main()
