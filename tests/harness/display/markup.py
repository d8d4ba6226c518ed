"""HTML from templates/. All that comes from a submission is text or numbers and is escaped there: autoescape is on, and
`visible` shows what would hide or reorder text. jinja2 is imported when a page is asked for, and not before.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

_TEMPLATES = Path(__file__).parent / "templates"


def refuse_without_jinja2() -> None:
    """Raise UsageError if no page could be made at the end of the run."""
    try:
        import jinja2  # noqa: F401
    except ImportError:
        raise pytest.UsageError("--report=FILE.html needs jinja2: pip install jinja2") from None


@cache
def template(name: str):
    """A template of templates/, which escapes whatever it is given."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES, encoding="utf-8"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=visible,
    )
    return environment.get_template(name)


def as_it_is(name: str):
    """The text of a file of templates/, which is ours, and not escaped."""
    from markupsafe import Markup

    return Markup((_TEMPLATES / name).read_text(encoding="utf-8"))


def visible(value: object) -> object:
    """Text with its control characters, direction marks and other invisible characters spelled out."""
    if not isinstance(value, str) or value.isprintable() or hasattr(value, "__html__"):
        return value
    return "".join(c if c.isprintable() or c in "\n\t" else c.encode("unicode_escape").decode() for c in value)
