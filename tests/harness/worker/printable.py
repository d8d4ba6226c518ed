"""What a stranger wrote, made safe to show. On both sides: the standard library only."""


def printable(text: str, most: int = 1000) -> str:
    """A stranger's text, safe to show: one line of at most so many characters.

    What ends lines, controls a terminal, hides or reorders text is spelled out, as in `\\x1b`.
    """
    line = " ".join(text[: 2 * most].split())
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in line)[:most]
