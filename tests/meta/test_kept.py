"""What torch has said is kept from run to run: bit for bit, by this code alone, and at no cost but time where it cannot be."""

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest

from tests import test_ops
from tests.harness.display.result import result_of
from tests.harness.examples.examples import Example
from tests.harness.judgement import files, kept
from tests.harness.judgement.examiner import Examiner
from tests.harness.judgement.kept import Kept
from tests.harness.judgement.properties import written_in
from tests.harness.judgement.trial import Trial
from tests.harness.practice import store
from tests.harness.rows.catalogue import by_name
from tests.harness.rows.memory import Known, Memory, Page
from tests.harness.rows.names import names_by_level
from tests.harness.submissions.here import Here
from tests.harness.submissions.submissions import resolve
from tests.meta import HANGS
from tests.meta.late import diagnose
from tests.meta.share import share
from tests.meta.test_mutants import RIGHT, WRONG
from tests.mutants import Alternative, Mutant

PROJECT = Path(__file__).parents[2]
ROWS = list(enumerate((*WRONG, *RIGHT)))
EXPLAINED = 12  # of so many rows, one with its smallest example and its diagnosis, which are asked of torch anew
OP = "relu"  # which has kinks, and so a second answer
RAN = "import sys, pytest; pytest.main(sys.argv[1:]); print({'torch', 'hypothesis'} & set(sys.modules) or 'neither')"


@pytest.fixture
def folder(tmp_path, monkeypatch) -> Path:
    """Where the answers are kept; nothing is, yet."""
    monkeypatch.setenv("KATA_DATA", str(tmp_path))
    return tmp_path / "answers"


def graded(memory: Memory, op: str = OP, seed: int = 0) -> Page:
    """The operation's page, once the solution has been graded with this memory, and what was learned is kept."""
    examiner = Examiner(resolve("solutions", PROJECT, names_by_level), seed, memory=memory)
    for prop in written_in(test_ops):
        assert examiner.verdict(prop, by_name()[op]).status == "pass"
    page = memory.page(op, seed)
    learned = page.learned
    memory.keep()
    page.learned = learned
    return page


def reported(row: Mutant | Alternative, memory: Memory, *, explained: bool) -> str:
    """The report on an implementation, but for the seconds that it took. `explained`: with what explains a failure."""
    np.random.seed(0)
    how = {"explain": diagnose if explained else None, "shrink": explained}
    examiner = Examiner(Here(row.name, row.lookup), 0, memory=memory, **how)
    verdicts = [examiner.verdict(prop, by_name()[row.op]) for prop in written_in(test_ops)]
    return json.dumps([asdict(replace(result_of(v, row.name, "", 0), seconds=0)) for v in verdicts], default=str)


def bits(page: Page) -> dict:
    """All answers, to the bit."""
    return {
        question: [(a.shape, a.dtype.str, a.tobytes()) for a in arrays] for question, arrays in page.answers.items()
    }


@pytest.mark.parametrize("op", ["affine", "relu", "reduce_max", "layer_norm", "tensor_sum"])
def test_what_is_read_is_what_was_said(op, folder):
    """A second run reads the very bits that a first one computed, and learns nothing."""
    first, again = graded(Kept(by_name), op), graded(Kept(by_name), op)
    assert bits(first) == bits(again) == bits(graded(Memory(), op))
    assert first.learned > 100
    assert again.learned == 0


@pytest.mark.parametrize(
    ("number", "row"),
    [pytest.param(number, row, id=f"{row.op}: {row.name}") for number, row in share(ROWS, 250)],
)
def test_no_report_depends_on_what_is_kept(number, row):
    """A mutant, and an alternative, gets the same report to the byte with nothing kept and with all of it; some of them explained."""
    explained = number % EXPLAINED == 0
    without = reported(row, Memory(), explained=explained)
    memory = Kept(by_name)
    assert reported(row, memory, explained=explained) == without
    if memory.page(row.op, 0).learned:  # so far, not all was kept
        memory.keep()
        memory = Kept(by_name)
        assert reported(row, memory, explained=explained) == without
        assert not memory.page(row.op, 0).learned


@pytest.mark.parametrize(
    "spoil",
    [
        lambda content: content[:-8] + b"\0" * 7 + b"\1",
        lambda content: content[:100],
        lambda content: b"",
        lambda content: b"\x80\x04]." * 400,
        lambda content: content + b"more",
        lambda content: bytes([content[0] ^ 1]) + content[1:],
    ],
    ids=["another number", "cut off", "empty", "foreign", "longer", "another digest"],
)
def test_a_file_that_was_changed_is_as_good_as_none(spoil, folder):
    """Whatever was done to a file, its answers are computed anew, and it is written again."""
    right = bits(graded(Kept(by_name)))
    (file,) = folder.iterdir()
    content = file.read_bytes()
    file.write_bytes(spoil(content))
    again = graded(Kept(by_name))
    assert again.learned > 100
    assert bits(again) == right
    assert file.read_bytes() == content


def test_the_file_of_another_operation_or_seed_is_refused(folder):
    """A file that is only called so is not believed."""
    graded(Kept(by_name))
    (file,) = folder.iterdir()
    file.rename(folder / file.name.replace(f"{OP}-0-", f"{OP}-1-"))
    assert graded(Kept(by_name), seed=1).learned > 100


def test_answers_of_other_code_or_another_machine_are_not_read(folder, monkeypatch):
    """What was kept by other code, other libraries or another kind of processor is left alone."""
    graded(Kept(by_name))
    for what, other in (("_version", lambda name: "0"), ("_processor", lambda: "abacus"), ("MADE_BY", ("specs",))):
        with monkeypatch.context() as patch:
            patch.setattr(kept, what, other)
            kept._key.cache_clear()
            assert graded(Kept(by_name)).learned > 100, what
        kept._key.cache_clear()
    assert graded(Kept(by_name)).learned == 0


def test_without_a_folder_that_can_be_written_it_costs_only_time(folder, tmp_path):
    """Where a file stands in the folder's place, everything is graded as ever."""
    folder.write_text("no folder")
    assert graded(Kept(by_name)).learned > 100
    assert folder.read_text() == "no folder"


def test_a_disk_that_is_full_leaves_nothing_half_written(folder, monkeypatch):
    """Where a write breaks off, there is no file, and no rest of one."""

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    assert graded(Kept(by_name)).learned > 100
    assert list(folder.iterdir()) == []


def test_two_at_once_are_both_right(folder):
    """Two runs that learn the same at the same time leave files that a third one can use."""
    chosen = ("--impl=solutions", "-k", "relu")
    with ThreadPoolExecutor(2) as both:
        assert list(both.map(lambda _: run(*chosen), range(2))) == ["{'torch'}"] * 2
    assert run(*chosen) == "neither"
    assert graded(Kept(by_name)).learned == 0


def test_there_is_never_too_much(folder, monkeypatch):
    """What was read least lately is deleted where all together is too much."""
    graded(Kept(by_name))
    (first,) = folder.iterdir()
    os.utime(first, (1, 1))
    monkeypatch.setattr(files, "MOST", 1.5 * first.stat().st_size)
    graded(Kept(by_name), seed=1)
    assert [file.name.split("-")[1] for file in folder.iterdir()] == ["1"]


def test_a_page_is_bounded():
    """What no longer fits is computed each time, and is the same."""
    page = Page(room=16)
    made = [page.once((n,), lambda n=n: (np.full(2, n),)) for n in (1, 2, 1, 2)]
    assert [a[0].tolist() for a in made] == [[1, 1], [2, 2], [1, 1], [2, 2]]
    assert made[0] is made[2]
    assert made[1] is not made[3]


def test_a_trial_with_another_example_has_another_answer():
    """What is known of an example is not taken for the answer to the one that is put in its place."""
    op, page = by_name()[OP], Page()
    ones, twos = (Example((np.full(2, n),), np.ones(2)) for n in (1.0, 2.0))
    trial = Trial(op, (ones,), None).remembered(Known(page, "forward", 0))
    assert trial.truth.y.tolist() == [1, 1]
    assert replace(trial, examples=(twos,)).truth.y.tolist() == [2, 2]
    assert Trial(op, (twos,), None).remembered(Known(page, "forward", 0)).truth.y.tolist() == [1, 1], "it is named so"


def test_forgetting_deletes_it_and_says_so(folder):
    """`pytest --forget` names the folder, and nothing is left in it."""
    graded(Kept(by_name))
    assert f"torch's answers are deleted from {folder}" in store.forget()
    assert not folder.exists()
    assert "torch" not in store.forget()


def run(*arguments: str) -> str:
    """Which of torch and hypothesis a run of pytest has imported."""
    command = [sys.executable, "-c", RAN, "-n0", "-p", "no:cacheprovider", *arguments]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, timeout=HANGS)
    return done.stdout.splitlines()[-1]


@pytest.mark.parametrize(
    "arguments",
    [
        ("--help",),
        ("--history",),
        ("--forget",),
        ("--hint=affine",),
        ("--impl=kata", "--collect-only"),
        ("--impl=solutions", "--collect-only", "-q"),
        ("--impl=kata", "--hidden", "--collect-only"),
        ("--collect-only", "-q", "-n0"),
        ("--impl=kata",),
        ("--reset=affine",),
        ("--due",),
        ("--note", "affine", "a note"),
    ],
    ids=" ".join,
)
def test_what_needs_no_oracle_imports_none(arguments, folder):
    """With nothing kept, what grades nothing imports neither torch nor hypothesis; nor does a run in which all is TODO."""
    assert run(*arguments) == "neither"
    assert not folder.exists()


def test_a_second_run_needs_no_torch(folder):
    """The first run of solved operations imports torch and not hypothesis; the second neither."""
    chosen = ("--impl=solutions", "-k", "affine or transformer_block")
    assert run(*chosen) == "{'torch'}"
    assert run(*chosen) == "neither"


def test_a_hidden_run_reads_and_writes_nothing(folder):
    """With --hidden, and for a path, torch is asked, and nothing is kept."""
    run("--impl=solutions", "-k", "relu and forward")
    before = {file.name: file.stat().st_mtime_ns for file in folder.iterdir()}
    assert "torch" in run("--impl=solutions", "--hidden", "--seed=0", "-k", "relu and forward")
    assert "torch" in run("--impl=./solutions", "--sandbox=process", "-k", "relu and forward")
    assert {file.name: file.stat().st_mtime_ns for file in folder.iterdir()} == before
