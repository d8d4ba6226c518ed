"""One job: a submission as names and bytes, and the terms of the season; what comes back is its verdict, as JSON's values.

Each process grades one submission at a time. What torch has said of the examples stays in it for the next one.
"""

from __future__ import annotations

import hashlib
import socket
import threading
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from functools import cache, cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from tests.harness.rows.names import PROJECT, names_by_level
from tests.harness.season.subject import Subject, explained, near_miss, or_nothing, place_of
from tests.harness.season.trouble import Trouble, unjudged
from tests.harness.season.versions import own_code
from tests.harness.submissions.intake import Parcel
from tests.harness.submissions.packages import read
from tests.harness.submissions.parcel import CannotTake, UnusableSubmission
from tests.harness.worker.printable import printable

if TYPE_CHECKING:
    from tests.harness.judgement.properties import Chained, Property
    from tests.harness.judgement.verdict import Verdict

_ALONE = threading.Lock()  # what counts steps and stops calls is one for a process


@dataclass(frozen=True)
class Terms:
    """What all submissions of a season are graded by.

    `plan`: operation and property of each verdict, in order. `times`: how many times the public number of examples.
    `code`: a digest of the grader's own, which every process must have.
    """

    seed: int
    hidden: bool
    sandbox: str
    times: int
    plan: tuple[tuple[str, str], ...]
    code: str


@dataclass(frozen=True)
class Handed:
    """What was handed in, as it was read: its modules, or why there are none."""

    name: str
    parcel: Parcel
    in_folder: bool = False
    unusable: str = ""
    trouble: str = ""

    @cached_property
    def content(self) -> str:
        """A digest of all that a verdict on it depends on."""
        made = hashlib.blake2b(digest_size=16)
        parts = [
            name.encode(errors="surrogatepass") for name in (self.unusable, str(self.in_folder), *self.parcel.notes)
        ]
        for name, source in sorted(self.parcel.modules.items()):
            parts += [name.encode(errors="surrogatepass"), source]
        for part in parts:
            made.update(b"%d " % len(part) + part)
        return made.hexdigest()


def handed_in(impl: str) -> Handed:
    """Read what `impl` names; nothing of it is run."""
    try:
        return Handed(impl, read(impl), Path(impl).is_dir())
    except CannotTake as trouble:
        return Handed(impl, Parcel({}, []), trouble=str(trouble))
    except UnusableSubmission as unusable:
        return Handed(impl, Parcel({}, []), unusable=str(unusable))


def unfit(sandbox: str, code: str) -> tuple[str, str] | None:
    """Why this process cannot grade, as the kind of trouble and a line; None where it can."""
    from tests.harness.submissions.confinement import NoSandbox
    from tests.harness.submissions.sandbox import require

    if code != own_code():
        return "code", "has another checkout of the kata, or other versions of Python and its libraries"
    try:
        require(sandbox)
    except NoSandbox as refused:
        return "sandbox", str(refused)
    return None


def grade(handed: Handed, terms: Terms) -> dict:
    """The verdict on a submission: `results`, `notes`, and where the grader had trouble `trouble`."""
    with _ALONE:
        return _graded(handed, terms)


def asked(hidden: bool) -> tuple[dict[str, Property], Chained | None]:
    """The properties by their names, and what is said of networks, as the tests of this project say it."""
    from tests import test_ops
    from tests.harness.judgement.properties import written_in

    modules = [test_ops]
    if hidden:
        from tests.hidden import test_hidden

        modules.append(test_hidden)
    chained = [test.chained for module in modules for test in vars(module).values() if hasattr(test, "chained")]
    return {p.name: p for module in modules for p in written_in(module)}, (chained[-1] if chained else None)


def _graded(handed: Handed, terms: Terms) -> dict:
    from tests.harness.judgement.examiner import Examiner
    from tests.harness.submissions.submissions import absent, received

    if found := unfit(terms.sandbox, terms.code):
        return unjudged(Trouble.of(*found, place()))
    if handed.trouble:
        return unjudged(Trouble.of("machine", handed.trouble, place()))
    subject = Subject(handed.name, None, handed.unusable)
    try:
        if not handed.unusable:
            subject.implementation = received(
                handed.name, handed.parcel, names_by_level, terms.sandbox, in_folder=handed.in_folder
            )
    except CannotTake as trouble:
        return unjudged(Trouble.of("machine", str(trouble), place()))
    except UnusableSubmission as unusable:
        subject.unusable = str(unusable)
    subject.examiner = Examiner(
        subject.implementation or absent(subject.name, subject.unusable),
        terms.seed,
        explain=explained,
        times=terms.times,
        memory=_memory(terms.seed),
        reference=_reference,
    )
    try:
        return _verdicts(subject, terms)
    finally:
        subject.close()


def _verdicts(subject: Subject, terms: Terms) -> dict:
    """As the fixtures of plugin/grading.py make them, one test after another."""
    from tests.harness.display.result import result_of
    from tests.harness.judgement.search import run_again
    from tests.harness.submissions.remote import GraderTrouble

    properties, chained = asked(terms.hidden)
    results, notes, trouble = [], {}, None
    for op, name in terms.plan:
        prop = None if op == "compose" else properties[name]
        try:
            verdict = _verdict(subject, op, prop, chained)
            if verdict.trial and prop and not prop.once:
                or_nothing(run_again, prop, verdict)
        except (GraderTrouble, OSError, UnusableSubmission) as met:
            trouble = trouble or Trouble.of("machine", printable(str(met)), place())
            break
        except Exception as error:  # a mistake of the grader's: it costs this verdict, and no other
            met = Trouble.of("mistake", printable(f"{op} {name}: {type(error).__name__}: {error}", 300), place())
            trouble = trouble or met
            continue
        results.append(asdict(result_of(verdict, subject.name, *place_of(op))))
        notes |= dict.fromkeys([*(or_nothing(subject.new_notes) or []), *near_miss(verdict)])
    return {"results": results, "notes": list(notes), "trouble": trouble and asdict(trouble)}


def _verdict(subject: Subject, op: str, prop: Property | None, chained: Chained) -> Verdict:
    from tests.harness.rows.catalogue import by_name

    if prop:
        return subject.examiner.verdict(prop, by_name()[op])
    return subject.examiner.networks(list(by_name().values()), chained.examples, chained.after)


def place() -> str:
    """Where this process runs, for whoever has to look after it."""
    return socket.gethostname()


@lru_cache(1)
def _memory(_seed: int):
    from tests.harness.rows.memory import Memory

    return Memory()


@cache
def _reference():
    from tests.harness.submissions.submissions import reference

    return reference(PROJECT, names_by_level)


def places(plan: Iterable[tuple[str, str]]) -> list[tuple[str, int, str, str]]:
    """Level, place, operation and property of each verdict that is due."""
    return [(*place_of(op), op, name) for op, name in plan]
