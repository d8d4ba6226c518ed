"""Code in this process is stopped for what it computes and how long it sleeps, and never for what others do.

But for the last two tests no time passes here: the readings are made up, and the looks come when a test wants them.
"""

import signal
import sys
from collections.abc import Callable
from functools import partial

import numpy as np
import pytest

from tests.harness.submissions import deadline as module
from tests.harness.submissions import limits, patience
from tests.harness.submissions.deadline import deadline
from tests.harness.submissions.here import Here
from tests.harness.submissions.usage import Usage
from tests.harness.worker.counting import Cost
from tests.harness.worker.observation import Call
from tests.harness.worker.refusal import OutOfTime, RefusedOperation

COMPUTING, ASLEEP = 5.0, 10.0


class Machine:
    """A clock and what this thread has used; the system's own ticks come too late to matter."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch):
        self.clock, self.used = 0.0, Usage(3.0, 1.0)
        monkeypatch.setattr(patience.time, "monotonic", lambda: self.clock)
        monkeypatch.setattr(module, "own_usage", lambda: self.used)
        monkeypatch.setattr(module, "LOOK", 1000.0)

    look = staticmethod(partial(signal.raise_signal, signal.SIGALRM))

    def passes(self, seconds: float, *, computing: float = 0.0, queued: float = 0.0) -> None:
        """Look as often as in so many seconds, of which the thread computes and is queued these shares."""
        for _ in range(round(seconds / patience.LOOK)):
            self.clock += patience.LOOK
            self.used = Usage(
                self.used.computing + patience.LOOK * computing, self.used.queued + patience.LOOK * queued
            )
            self.look()


def stopped(body: Callable[[], None]) -> str:
    """Run it under the deadline; why it was stopped, or nothing."""
    try:
        with deadline(COMPUTING, ASLEEP):
            body()
    except OutOfTime as expired:
        return str(expired)
    return ""


@pytest.fixture
def machine(monkeypatch) -> Machine:
    return Machine(monkeypatch)


STOPPED = {
    "it computes": ({"computing": 1}, 6, "no answer after 5 s (an endless loop?)"),
    "it computes, among nineteen others": (
        {"computing": 0.05, "queued": 0.95},
        101,
        "no answer after 5 s (an endless loop?)",
    ),
    "it is asleep": ({}, 11, "no answer after 10 s asleep or waiting"),
    "it is asleep most of the time": ({"computing": 0.1}, 13, "no answer after 10 s asleep or waiting"),
    "it gets no processor at all": ({"queued": 1}, 101, "no answer after 100 s by the clock"),
}


@pytest.mark.parametrize("what", STOPPED)
def test_what_takes_too_long_is_stopped(what, machine):
    """Not before it has used what it may, soon after, and the exception says what of."""
    share, seconds, why = STOPPED[what]
    assert stopped(lambda: machine.passes(0.75 * seconds, **share)) == ""
    assert stopped(lambda: machine.passes(1.25 * seconds, **share)) == why


@pytest.mark.parametrize("queued", [0.95, 1.0])
def test_a_busy_machine_is_nobody_s_fault(queued, machine):
    """A minute and a half in which others have the processors is no reason to be stopped."""
    assert stopped(lambda: machine.passes(90, queued=queued, computing=1 - queued)) == ""
    assert machine.clock == 90


def test_an_answer_that_comes_before_the_first_look_costs_no_look(machine, monkeypatch):
    """Nothing is asked of the system for a call that is quick."""
    monkeypatch.setattr(module, "own_usage", None)
    assert stopped(lambda: None) == ""


def test_a_debugger_may_take_its_time(machine):
    """While a debugger is at work nothing counts, and what it interrupted may use all its time again."""
    space = {"__name__": "pdb", "machine": machine}
    exec("def interaction():\n    machine.passes(3600)\n", space)

    def stepped_through(after: float) -> None:
        machine.passes(4, computing=1)
        space["interaction"]()
        machine.passes(after, computing=1)

    assert stopped(lambda: stepped_through(4)) == ""
    assert "endless" in stopped(lambda: stepped_through(6))


def test_who_swallows_the_exception_gets_it_again(machine):
    """At every look from then on, and once more at the end."""
    swallowed = []

    def swallows() -> None:
        machine.passes(5, computing=1)
        for _ in range(3):
            try:
                machine.passes(2 * patience.LOOK, computing=1)
            except OutOfTime as expired:
                swallowed.append(expired)

    assert "endless" in stopped(swallows)
    assert len(swallowed) == 3


def test_it_is_never_raised_in_our_own_code(machine):
    """The harness is not left half done: the exception waits for code that is not its own."""
    space: dict = {"look": machine.look, "done": []}
    exec(compile("def ours():\n    look()\n    done.append(1)\n", module.__file__, "exec"), space)

    def calls_ours() -> None:
        machine.passes(5, computing=1)
        machine.clock, machine.used = machine.clock + 1, Usage(machine.used.computing + 1, machine.used.queued)
        space["ours"]()
        machine.look()
        space["done"].append(2)

    assert "endless" in stopped(calls_ours)
    assert space["done"] == [1]


def test_the_signals_are_whose_they_were():
    """Whoever has a handler of SIGALRM or SIGPROF has it again, also after an exception."""
    before = [signal.getsignal(number) for number in (signal.SIGALRM, signal.SIGPROF)]
    for undisturbed in (False, True):
        with pytest.raises(KeyError), deadline(COMPUTING, ASLEEP, undisturbed=undisturbed):
            raise KeyError
    assert [signal.getsignal(number) for number in (signal.SIGALRM, signal.SIGPROF)] == before


def counted(function: Callable) -> Cost:
    return Here("counted", {"sigmoid": function}.get).counting("sigmoid", [(np.ones(1),)], [], (Call(),), 10**7)()[1]


def test_no_look_is_counted(monkeypatch):
    """Opcodes are the same however often somebody looks meanwhile, which is Python too."""

    def sigmoid(x):
        for _ in range(20000):
            pass
        return x, len

    monkeypatch.setattr(module, "LOOK", 0.001)
    costs = {counted(sigmoid) for _ in range(3)}
    assert len({cost.steps for cost in costs}) == 1
    assert {cost.foul for cost in costs} == {""}


def test_an_endless_loop_that_is_counted_ends(monkeypatch):
    """Where nobody looks, a timer of what is computed stops it, and counting is over."""

    def sigmoid(x):
        while True:
            pass

    monkeypatch.setattr(limits, "CALL_SECONDS", 0.2)
    with pytest.raises(RefusedOperation, match=r"after 0\.2 s \(an endless loop"):
        counted(sigmoid)
    assert sys.gettrace() is None
