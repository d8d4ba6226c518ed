"""The loop: one step after the other, measured now and then, until it is done or something ends it early."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import numpy as np

from tests.harness.training.operations import Broken, raised
from tests.harness.training.training import Learner, Measure, Training


@dataclass(frozen=True)
class Mark:
    """What was measured after so many steps; `loss` is the mean of the batches since the mark before, if there was one."""

    step: int
    loss: float
    measure: Measure


@dataclass
class Course:
    """One training as it goes on. `ended`: why it ended early, in a line."""

    training: Training
    learner: Learner
    marks: list[Mark] = field(default_factory=list)
    step: int = 0
    ended: str = ""
    interrupted: bool = False
    _since: list[float] = field(default_factory=list)  # losses of the batches since the last mark

    @property
    def loss(self) -> float:
        """The mean of the batches since the last mark, or up to it."""
        return float(np.mean(self._since)) if self._since else self.marks[-1].loss if self.marks else math.nan

    def run(self, show: Callable[[Course], None]) -> None:
        """Go through all steps; `show` is called after each. Ctrl-C ends it, and a second one is raised."""
        with _quietly():
            try:
                self._go(show)
            except KeyboardInterrupt:
                self.interrupted, self.ended = True, f"ended by Ctrl-C after step {self.step}"
            except Broken as broken:
                self.ended = f"broke off after step {self.step}: {broken}"
            except Exception as error:  # what an operation returned was of no use
                self.ended = f"broke off after step {self.step}: {raised(error)}"
            if self._since and not self._mark_last():
                self._since.clear()

    def ending(self) -> list[str]:
        """What the learner says at the end; nothing where its operations do not let it."""
        with _quietly():
            try:
                return self.learner.ending()
            except Exception as error:
                return [f"what it learned cannot be shown: {error if isinstance(error, Broken) else raised(error)}"]

    def _go(self, show: Callable[[Course], None]) -> None:
        guessing = self.learner.measure()
        self.marks.append(Mark(0, guessing.loss, guessing))
        show(self)
        while self.step < self.training.steps:
            loss = self.learner.step()
            self.step += 1
            if not math.isfinite(loss):
                self.ended = f"broke off at step {self.step}: the loss is {loss}"
                return
            self._since.append(loss)
            if self.step % self.training.every == 0:
                self._mark()
            show(self)

    def _mark(self) -> None:
        self.marks.append(Mark(self.step, self.loss, self.learner.measure()))
        self._since = []

    def _mark_last(self) -> bool:
        """Measure what was learned since the last mark, where that is possible."""
        try:
            self._mark()
        except Exception:
            return False
        return True


@contextmanager
def _quietly() -> Iterator[None]:
    """NumPy's warnings are for the properties to judge; here there would be one a step."""
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
