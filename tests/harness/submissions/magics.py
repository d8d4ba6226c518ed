"""What IPython adds to Python, found in the text of a cell and taken out of it, line for line, as IPython itself finds it.

It knows no notebook, and reads text only: strings, brackets and continued lines are seen as a tokenizer sees them, in one
pass, whichever Python runs it. Code that a magic runs (`%time f = 3`, a cell below `%%time`) stays; what else is for
IPython is told. Source: IPython.core.inputtransformer2. Of automagic, which IPython has without a %, only what can be no
Python that somebody means: `pip install numpy`, `ls -l`, `matplotlib inline`.
"""

import re
import textwrap
from collections.abc import Iterator, Sequence
from typing import NamedTuple

_TIMED = r"(?:-[tcqo]*(?:[nrpv]\s*\S+|[tcqo])(?=\s|$)\s*)*"
_PROFILED = r"(?:-[rq]*(?:[DlsT]\s*\S+|[rq])(?=\s|$)\s*)*"
_MEASURED = r"(?:-[coI]*(?:[rti]\s*\S+|[coI])(?=\s|$)\s*)*"
_RUNS_CELL = {
    "time": r"(?:--no-raise-error(?:\s+|$))?",
    "timeit": _TIMED,
    "prun": _PROFILED,
    "memit": _MEASURED,
    "debug": r"(?:(?:-b|--breakpoint)\s+\S+\s*)?",
} | dict.fromkeys(("capture", "ipytest", "pyinstrument", "scalene", "snakeviz", "viztracer", "heat", "wandb"), r".*")
"""Cell magic -> its options. It runs the cell in the notebook, and before it what follows the options on its own line."""
_RUNS_LINE = {name: re.compile(_RUNS_CELL[name]) for name in ("time", "prun", "memit")}
"""The same of line magics. What %timeit runs leaves no name behind, so it is not among them."""
_WRITES = ("writefile", "file")


class Written(NamedTuple):
    """Where a `command` has a cell's code written to: a `path` as the cell has it, `appended` or anew."""

    command: str
    path: str
    appended: bool


class Plain(NamedTuple):
    """A cell without what IPython adds. `code` has the cell's lines; it is None where nothing of it is Python.

    `left_out`: lines of the cell, and what stood there. `written`: the file that the code goes to, if it is not run.
    """

    code: str | None
    left_out: Sequence[tuple[int, str]] = ()
    written: Written | None = None


def plain(cell: str) -> Plain:
    """The cell as Python."""
    lines = _without_prompts(re.sub(r"\r\n?", "\n", cell).split("\n"))
    for at, line in enumerate(lines):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        if not line.startswith("%%") or line.rstrip().endswith("?"):
            break
        name, arguments = [*line[2:].split(None, 1), "", ""][:2]
        if name in _WRITES and (written := _written(line)):
            return Plain("\n".join([*[""] * (at + 1), *lines[at + 1 :]]), written=written)
        if name not in _RUNS_CELL:
            return Plain(None, [(at + 1, line)])
        lines[at] = arguments[re.match(_RUNS_CELL[name], arguments).end() :].strip()
        if lines[at]:
            break
    return _without_commands("\n".join(lines))


_DOCTEST = re.compile(r"[ \t]*(?:>>>|\.\.\.)(?: |$)")
_PROMPT = re.compile(r"(?:In \[\d+\]: |[ \t]*\.{3,}: ?)")


def _without_prompts(lines: list[str]) -> list[str]:
    """Without the indentation that all lines share, and the prompts of a pasted session."""
    first = next((line for line in lines if line.strip()), "")
    if first[:1] in (" ", "\t"):
        lines = textwrap.dedent("\n".join(lines)).split("\n")
    for start, prompt in ((r"[ \t]*>>>", _DOCTEST), (r"In \[\d+\]: ", _PROMPT)):
        if re.match(start, first):
            return [prompt.sub("", line, count=1) for line in lines]
    return lines


def _written(command: str) -> Written | None:
    _, *words = re.findall(r'"[^"]*"|\'[^\']*\'|\S+', command)
    paths = [word.strip("\"'") for word in words if word not in ("-a", "--append")]
    # What a variable in a path stands for is known to IPython only.
    return Written(command, paths[0], len(words) > 1) if len(paths) == 1 and not re.search(r"[${}]", paths[0]) else None


class _Edit(NamedTuple):
    """Between two places stands `text` instead; None: the whole statement is left out."""

    start: int
    end: int
    text: str | None


def _without_commands(cell: str) -> Plain:
    text = cell + "\n"
    kept, left_out = [], []
    at, line = 0, 1
    for edit in _edits(text):
        line += text.count("\n", at, edit.start)
        kept.append(text[at : edit.start])
        replaced, code = text[edit.start : edit.end], edit.text
        if code is None:
            left_out.append((line, replaced.partition("\n")[0].strip()))
            indent = _INDENT.match(replaced)[0]
            # A block keeps a body. Outside, an import from __future__ may follow, before which nothing may stand.
            code = f"{indent}pass" if indent else ""
        kept.append(code + "\n" * replaced.count("\n"))
        line += replaced.count("\n")
        at = edit.end
    return Plain("".join([*kept, text[at:]])[:-1], left_out)


_TOKEN = re.compile(
    r"""(?P<quote>\"{3}|'{3}|["'])
    |   \#[^\n]*
    |   \\\n
    |   (?P<end>\n)
    |   (?P<opened>[(\[{])
    |   (?P<closed>[)\]}])
    |   [-+*/%@&|^<>!:=]=
    |   =[ \t]*(?P<command>!|%[ \t]*(?=[^\W\d]))
    |   (?P<asked>\?+)(?=[ \t]*(?:\#[^\n]*)?\n)""",
    re.VERBOSE,
)
_STRING = {  # one that is not closed ends with its line, or with the cell
    "'": re.compile(r"(?:[^\\\n']|\\[\s\S])*+'?"),
    '"': re.compile(r'(?:[^\\\n"]|\\[\s\S])*+"?'),
    "'''": re.compile(r"(?:[^\\']|\\[\s\S]|'(?!''))*+(?:''')?"),
    '"""': re.compile(r'(?:[^\\"]|\\[\s\S]|"(?!""))*+(?:""")?'),
}
_INDENT = re.compile(r"[ \t\f]*")
_COMMANDS = ("%", "!", "?", ",", ";", "/")
_AUTOMAGIC = re.compile(
    r"""(?:(?:pip|pip3|conda|mamba|uv)[ \t]+(?:install|uninstall|list|show|freeze|pip|add)\b
    |   matplotlib[ \t]+(?:inline|notebook|widget|agg|ipympl)\b
    |   (?:load_ext|reload_ext)[ \t]+\w | autoreload[ \t]+\d | pylab[ \t]+\w
    |   (?:cd|ls|ll|cat|mkdir|rm|cp|mv|man|less|more)[ \t]+(?!(?:in|is|and|or|if|not|for)\b)(?:[\w./~"']|-\w)
    |   (?:ls|ll|pwd|cd|who|whos|clear|cls)[ \t]*(?:\#|$)
    )""",
    re.VERBOSE | re.MULTILINE,
)
_LINE = re.compile(r"(?:\\\n|[^\n])*")
"""A command with the lines that backslashes join to it."""
_MAGIC = re.compile(r"%+[ \t]*(\w*)[ \t]*")


def _edits(text: str) -> Iterator[_Edit]:
    """Statement by statement, what is to be replaced. The text ends with a line end."""
    at = ends = 0
    while at < len(text):
        start, at = at, _INDENT.match(text, at).end()
        edits: list[_Edit] = []
        while text.startswith(_COMMANDS, at) or _AUTOMAGIC.match(text, at):
            ends = ends if at < ends else _LINE.match(text, at).end()
            at = _replace_command(edits, text, start, at, ends)
        depth = 0
        while token := _TOKEN.search(text, at):
            at = token.end()
            if token["quote"]:
                at = _STRING[token["quote"]].match(text, at).end()
            elif token["opened"]:
                depth += 1
            elif token["closed"]:
                depth = max(0, depth - 1)
            elif depth:
                continue
            elif token["command"]:
                at = token.start("command")
                ends = ends if at < ends else _LINE.match(text, at).end()
                at = _replace_command(edits, text, start, at, ends)
            elif token["asked"]:
                edits = [_Edit(start, at, None)]
            elif token["end"]:
                break
        else:
            at = len(text)
        yield from edits


def _replace_command(edits: list[_Edit], text: str, start: int, at: int, end: int) -> int:
    """Add to the edits of a statement, begun at `start`, that of a command from `at` to `end`; where to read on."""
    magic = _MAGIC.match(text, at, end)
    code = end
    if magic and magic[1] in _RUNS_LINE:
        code = _RUNS_LINE[magic[1]].match(text, magic.end(), end).end()
    if code < end:
        edits.append(_Edit(at, code, ""))
    elif magic and magic[1] in _RUNS_LINE and not text[start:at].strip():
        edits[:] = [_Edit(at, end, "pass" if start < at else "")]
    else:
        edits[:] = [_Edit(start, end, None)]
    return code
