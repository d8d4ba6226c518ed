"""That an operation cannot be judged any further: it is not written, or cannot be loaded, or took too long.

On both sides: NumPy and the standard library only.
"""

from .observation import Observation

ENDLESS = "no answer after {:.3g} s (an endless loop?)"


class OutOfTime(BaseException):
    """The time is up for what runs here; says after how many seconds of what.

    Not an Exception, so that `except Exception` in the candidate's code does not keep it.
    """


class RefusedOperation(BaseException):
    """An operation that cannot be judged any further: `status` is todo, error or timeout, `line` says why.

    Not an Exception: it is about the operation, not about one example, so nothing is to be tried again or shrunk.
    """

    def __init__(self, status: str, line: str):
        super().__init__(line)
        self.status, self.line = status, line


def unless_todo(seen: Observation) -> Observation:
    """The observation of what is written. Raises RefusedOperation where it says that it is not."""
    if seen.crash and seen.crash.kind == "NotImplementedError":
        raise RefusedOperation("todo", f"{'grad' if seen.answers else 'the operation'} is not written yet")
    return seen
