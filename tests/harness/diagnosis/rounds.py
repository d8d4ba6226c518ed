"""Where in the row's source a call of torch stands: a call in a loop is one call, made in rounds."""

import sys
from functools import lru_cache
from types import CodeType

_NOTHING = 0  # the room that Python keeps for itself behind an instruction


def place(until: str) -> tuple[int, ...]:
    """Where the call stands that the caller is told of: the place in each function on the way to it, the outermost first.

    `until`: the file in which the way begins.
    """
    frame, places = sys._getframe(2), []
    while frame.f_code.co_filename != until:
        places.append(_instruction(frame.f_code, frame.f_lasti))
        frame = frame.f_back
    return tuple(places[::-1])


@lru_cache(maxsize=4096)
def _instruction(code: CodeType, at: int) -> int:
    """The place of an instruction, be it told with the room behind it or without."""
    while at and code.co_code[at] == _NOTHING:
        at -= 2
    return at
