"""How long the grader waits: what is computed and slept counts, what a busy machine takes does not."""

import os

import pytest

from tests.harness.submissions import patience
from tests.harness.submissions.patience import Patience, Spent, WorkerStuck
from tests.harness.submissions.usage import Usage, family, own_usage, usage

COMPUTING, ASLEEP = 5.0, 10.0


class Machine:
    """A clock, and what worker and grader have used; `passes` moves all of them."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch):
        self.clock = 0.0
        self.worker: Usage | None = Usage(3.0, 1.0)
        self.grader: Usage | None = Usage(7.0, 2.0)
        monkeypatch.setattr(patience.time, "monotonic", lambda: self.clock)
        monkeypatch.setattr(patience, "own_usage", lambda: self.grader)
        self.patience = Patience(lambda: self.worker, COMPUTING, ASLEEP)

    def passes(self, seconds: float, *, worker: tuple = (0, 0), grader: tuple = (0, 0), arrived: bool = False) -> None:
        """Look as often as the grader does. `worker`, `grader`: the shares of the time that they compute, and are queued."""

        def used(before: Usage | None, shares: tuple) -> Usage | None:
            return before and Usage(
                before.computing + patience.LOOK * shares[0], before.queued + patience.LOOK * shares[1]
            )

        for _ in range(round(seconds / patience.LOOK)):
            self.clock += patience.LOOK
            self.worker, self.grader = used(self.worker, worker), used(self.grader, grader)
            self.patience.look(arrived)


@pytest.fixture
def machine(monkeypatch) -> Machine:
    return Machine(monkeypatch)


STOPPED = {
    "it computes": ({"worker": (1, 0)}, 6, r"after 5 s \(an endless loop\?\)"),
    "it computes, among nine others": ({"worker": (0.1, 0.9)}, 52, r"after 5 s \(an endless loop\?\)"),
    "it is asleep": ({}, 11, "after 10 s asleep or waiting"),
    "it is asleep most of the time": ({"worker": (0.1, 0)}, 13, "after 10 s asleep or waiting"),
    "it says a little now and then": ({"arrived": True}, 11, "after 10 s asleep or waiting"),
    "it gets no processor at all": ({"worker": (0, 1)}, 101, "after 100 s by the clock"),
}


@pytest.mark.parametrize("what", STOPPED)
def test_what_takes_too_long_is_stopped(what, machine):
    """Not before it has used what it may, soon after, and the line says what of."""
    share, seconds, line = STOPPED[what]
    machine.passes(0.9 * seconds * COMPUTING / 6, **share)
    with pytest.raises(WorkerStuck, match=line):
        machine.passes(seconds, **share)


LEFT_ALONE = {
    "it waits for a processor": {"worker": (0.01, 0.99)},
    "it waits for the grader, which waits for a processor": {"grader": (0.01, 0.99)},
    "it waits for the grader, which is busy": {"grader": (1, 0)},
}


@pytest.mark.parametrize("what", LEFT_ALONE)
def test_a_busy_machine_is_nobody_s_fault(what, machine):
    """Seconds in which others had the processors are not counted."""
    machine.passes(90, **LEFT_ALONE[what])
    spent = machine.patience.end()
    assert spent.computing < 1
    assert spent.asleep < 1


def test_a_grader_that_was_stopped_blames_nobody(machine):
    """An hour in which the grader itself was stopped counts as a moment."""
    machine.passes(1)
    machine.clock += 3600
    machine.patience.look(False)
    assert machine.patience.end().asleep < 2


@pytest.mark.parametrize("unknown", ["worker", "grader"])
def test_where_nothing_is_known_the_clock_counts(unknown, machine):
    """Without usage there is a limit by the clock, four times as far away, and the account says the same."""
    setattr(machine, unknown, None)
    machine.passes(20)
    assert machine.patience.spent == Spent(19.75)
    with pytest.raises(WorkerStuck, match="after 20 s by the clock"):
        machine.passes(1)


def test_an_answer_that_comes_at_once_is_not_looked_at(machine):
    """What is there at the first look is on no account, and nothing is asked of the system."""
    machine.patience.look(True)
    assert not machine.patience.begun
    assert machine.patience.end() == Spent()


def test_the_system_tells_of_this_process():
    """The numbers are there for what lives, and None for what does not."""
    before = own_usage()
    sum(range(10**6))
    assert own_usage().computing > before.computing
    assert usage([os.getpid()]).computing > 0
    assert usage([]) is None
    assert usage([2**30]) is None
    assert os.getpid() in family(os.getppid())
    assert family(2**30) == []
