"""What is told at a prompt: lines that the terminal can spell, and in a notebook why something cannot be done."""

from __future__ import annotations

import sys


class OneLine(ValueError):
    """Why something cannot be done, in one line."""

    def _render_traceback_(self) -> list[str]:
        """What IPython shows of it: the inside of the kata is nobody's mistake here."""
        return [f"ValueError: {self}"]


def tell(text: str) -> None:
    """Print what may name a folder that the terminal's encoding cannot spell."""
    encoding = sys.stdout.encoding or "ascii"
    print(text.encode(encoding, "backslashreplace").decode(encoding), flush=True)
