"""The program that scores the harness: it goes on where it was stopped, a hole and a stale row are named, and what never ends ends."""

import os

import pytest

from tests.harness.planting.rewriting import Rule, mutants
from tests.meta import fates, ledger, mutation
from tests.meta.fates import Found, chosen
from tests.meta.ledger import Ledger
from tests.meta.suspects import caught_by_pure
from tests.specs import LEVELS

RELU = ["--op=relu", "--rule=sign", "--jobs=1"]


@pytest.fixture(autouse=True)
def own_folder(monkeypatch, tmp_path):
    """What is found is kept for one test only, and the table is empty."""
    monkeypatch.setenv("KATA_DATA", str(tmp_path))
    monkeypatch.setattr(mutation, "REVIEWED", {})


@pytest.fixture
def asked(monkeypatch) -> list:
    """The changes that a run tries, none of them for real: all are caught, and the third breaks it off, once."""
    tried = []

    def stand_in(changes, jobs):
        for change in changes:
            tried.append(change)
            if len(tried) == 3:
                raise KeyboardInterrupt
            yield change, _found(change)

    monkeypatch.setattr(mutation, "tried", stand_in)
    return tried


def _found(change, fate="public"):
    mutant = change.mutant
    return Found(change.key, change.op, mutant.named(change.op), change.line, mutant.rule.name, fate)


def test_a_run_that_was_broken_off_goes_on(asked, capsys):
    """What was found before is not tried again, but for what was being tried; with --fresh all is."""
    every = chosen(op="relu", rule="sign")
    assert mutation.main(RELU) == 130
    assert mutation.main(RELU) == 0
    assert asked == [*every[:3], *every[2:]]
    assert capsys.readouterr().out.splitlines()[1].split() == ["feedforward", *map(str, [6, 6, 0, 0, 0, 0, 0])]
    asked.clear()
    assert mutation.main(RELU) == 0
    assert not asked
    assert mutation.main([*RELU, "--fresh"]) == 130
    assert asked == every[:3]


def test_a_line_that_was_cut_short_is_tried_again():
    """Half a line is not read, and what comes after it is a line of its own."""
    first, second, third = map(_found, chosen(op="relu", rule="sign")[:3])
    kept = Ledger("feedforward")
    kept.add(first)
    with kept.file.open("a") as stream:
        stream.write('{"key": "relu 1')
    kept.add(third)
    assert kept.read() == {first.key: first, third.key: third}
    kept.add(second)
    assert len(kept.read()) == 3


def test_what_decides_is_another_file(monkeypatch, tmp_path):
    """A solution that was changed is tried anew, and the results of other levels stay."""
    monkeypatch.setattr(ledger, "PROJECT", tmp_path)
    monkeypatch.setattr(ledger, "TESTS", tmp_path / "tests")
    monkeypatch.setattr(ledger, "DECIDING", ())
    files = [tmp_path / folder / f"{level}.py" for folder in ("solutions", "tests/specs") for level in ("one", "other")]
    for file in files:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("x = 1")
    decided_by = ledger._decided_by.__wrapped__
    before = decided_by("one"), decided_by("other")
    files[0].write_text("x = 2")
    assert decided_by("one") != before[0]
    assert decided_by("other") == before[1]


def test_what_is_caught_no_longer_is_a_survivor(monkeypatch, capsys):
    """A hole in the public and the hidden run is told with its line and what the judge says, and the status is 1."""
    monkeypatch.setattr(fates, "caught_in_public", lambda *_, **how: "")
    monkeypatch.setattr(fates, "caught_in_hidden", lambda *_, **how: "")
    monkeypatch.setattr(fates, "caught_by_fast", lambda *_, **how: "")
    monkeypatch.setattr("tests.meta.wide_examples.JUDGED", 20)
    monkeypatch.setattr("tests.meta.wide_examples.MANY", 20)
    assert mutation.main(RELU) == 1
    lines = capsys.readouterr().out.splitlines()
    assert any(line.startswith("unseen: relu: line ") and "-gy" in line and "but should be" in line for line in lines)


def test_what_is_reviewed_does_not_survive_and_a_stale_row_is_named(monkeypatch, capsys):
    """A row excuses its change; one whose change is caught is named, and so is one of which there is no change; the status is 1."""
    first, second, *_ = chosen(op="relu")
    found = {first: _found(first, "accepted"), second: _found(second)}
    monkeypatch.setattr(mutation, "REVIEWED", {first.line: "right"})
    assert mutation.told(found, whole=True) == 0
    monkeypatch.setattr(
        mutation, "REVIEWED", {first.line: "right", second.line: "is caught", "relu: y": "is not there"}
    )
    assert mutation.told(found, whole=False) == 0
    assert mutation.told(found, whole=True) == 1
    said = capsys.readouterr().out
    assert f"stale: {second.line!r}" in said
    assert "stale: 'relu: y'" in said
    assert f"stale: {first.line!r}" not in said


def test_a_process_that_dies_ends_the_run(monkeypatch):
    """It is said, and nobody waits for what it had to find."""
    monkeypatch.setattr(mutation, "tried_out", lambda change: os._exit(9))
    with pytest.raises(RuntimeError, match="a process died"):
        list(mutation.tried(chosen(op="relu", rule="sign"), 2))


@pytest.mark.parametrize("level", LEVELS)
def test_a_changed_source_is_the_solution_but_for_the_change(level):
    """A module in which an expression was put into parentheses is as pure as it was: nothing else is lost."""
    same = Rule("parentheses", lambda place: [f"({place.text})"])
    mutant = next(m for m in mutants(level, [same]) if m.ops)
    op = mutant.ops[0]
    assert caught_by_pure(op, mutant.function(op), handed_in=True) == ""


def test_methods_of_a_class_are_changed():
    """The class of tensors is an operation; its methods and the functions beside it are changed in its name."""
    within = {change.mutant.place.within for change in chosen(level="autodiff", rule="sign")}
    assert {"Tensor", "_unbroadcast", "_in_order"} <= within
    assert all(change.op == "Tensor" for change in chosen(level="autodiff", rule="sign"))
