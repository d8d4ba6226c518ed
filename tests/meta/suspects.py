"""Tries an implementation that is under suspicion as a run would, without explaining or shrinking: which property catches it?

Neither says what should come of it, nor where suspects come from: spoilers.py and fates.py do.
"""

import sys
import warnings
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from functools import cache
from multiprocessing import get_context
from pathlib import Path

from tests import test_ops
from tests.harness.judgement.examiner import Examiner
from tests.harness.rows.late import torch
from tests.harness.rows.names import names_by_level
from tests.harness.submissions.here import Here
from tests.harness.submissions.submissions import resolve
from tests.meta.flat import flat, written
from tests.meta.test_mutants import ALONE, MEMORY, OPERATIONS, PROPERTIES, PUBLIC

HIDDEN_SEED = 20250714


@cache
def solutions() -> Here:
    """The reference solutions, run here."""
    return resolve("solutions", Path(__file__).parents[2], names_by_level)


def solution(op: str) -> Callable:
    """The reference solution of an operation, of flat inputs."""
    return flat(OPERATIONS[op], solutions()._lookup(op))


def caught_in_public(op: str, function: Callable, *, first: str = "", seed: int = 0, **how: bool) -> str:
    """The property of a public run that does not hold, and why; empty where all of them do. `first`: the one to try first.

    `handed_in`: the function, or class, is called as a submission's is, and not with the row's inputs one by one.
    """
    properties = [test.property for test in PUBLIC]
    return _caught(op, function, sorted(properties, key=lambda prop: prop.name != first), seed, **how)


def caught_in_hidden(op: str, function: Callable, *, seed: int = HIDDEN_SEED, **how: bool) -> str:
    """The same of a hidden run, which has four times the examples, and `layout`; without `fast` and `compose`."""
    return _caught(op, function, PROPERTIES, seed, times=4, **how)


def caught_by_pure(op: str, function: Callable, *, seed: int = 0, **how: bool) -> str:
    """The same of `pure` alone."""
    return _caught(op, function, [test_ops.test_pure.property], seed, **how)


def caught_by_layout(op: str, function: Callable, *, seed: int = HIDDEN_SEED, times: int = 4, **how: bool) -> str:
    """The same of `layout` alone."""
    return _caught(op, function, PROPERTIES[-1:], seed, times=times, **how)


def caught_by_fast(op: str, function: Callable, *, seed: int = HIDDEN_SEED, **how: bool) -> str:
    """The same of `fast` alone, which also compares what comes of large arrays."""
    return _caught(op, function, [ALONE], seed, reference=solutions, **how)


def tried(trial: Callable, rows: Iterable, jobs: int) -> Iterator:
    """What the trial says of each row, in any order; in so many processes."""
    if jobs == 1:
        yield from map(trial, rows)
        return
    with get_context("fork").Pool(jobs, initializer=torch.set_num_threads, initargs=(1,)) as pool:
        yield from pool.imap_unordered(trial, rows)


def progress(done: int, of: int, found: int, what: str) -> None:
    """A line on the screen's error stream that stays in its place."""
    print(f"\r{done} of {of}, {found} {what}", end="" if done < of else "\n", file=sys.stderr, flush=True)


def _caught(op: str, function: Callable, properties: list, seed: int, *, handed_in: bool = False, **how: object) -> str:
    function = function if handed_in else written(OPERATIONS[op], function)
    suspect = Here("suspect", lambda name: function if name == op else None)
    how |= {"shrink": False, "memory": MEMORY}
    examiner = Examiner(suspect, seed, **how)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for prop in properties:
            # What comes before it is asked in its turn: it is caught where any of them does not hold.
            alone = replace(prop, after=())
            verdict = examiner.verdict(alone, OPERATIONS[op])
            if verdict.status == "timeout":  # once is no proof on an overloaded machine
                verdict = Examiner(suspect, seed, **how).verdict(alone, OPERATIONS[op])
            if not verdict.holds:
                return f"{prop.name}: {verdict.why}"
    return ""
