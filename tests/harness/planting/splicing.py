"""Slips put into the text of working code: only what a slip changes is written anew, at the place where the tree has it.

What comes of it is Python, with no more brackets than it needs. Line breaks are the formatter's matter.
"""

import ast
import copy
import re
from collections.abc import Iterator
from dataclasses import dataclass

from tests.harness.planting.constructs import CODE
from tests.harness.planting.formulas import FORMULAS
from tests.harness.planting.places import Site
from tests.harness.planting.working import parts

_GIVEN_AWAY = re.compile(
    r"--|\+ -|- -|\b1 \* |\* 1\b(?!\.)|/ 1\b(?!\.)|\*\* ?1\b|\b0 \+ |[+-] 0\b(?!\.)|range\(0,|\[0:|not not"
)
"""What nobody writes who means it: a double sign, a factor of 1, a term of 0."""


@dataclass(frozen=True, eq=False)
class Proposal:
    """A slip at a site of the function or class `part`, which nothing is known of yet."""

    part: str
    kind: str
    site: Site
    new: ast.expr | list[ast.stmt]


class Module:
    """The source of working code, and what a slip may not change in it."""

    def __init__(self, source: str):
        self.source, self.tree = source, ast.parse(source)
        self.starts = _line_starts(source)
        self.said = {name: ast.dump(part) for name, part in parts(self.tree).items()}
        self.unused = _unused(self.tree)

    def proposals(self) -> Iterator[Proposal]:
        """Every slip at every site, in the order of the source."""
        for name, part in parts(self.tree).items():
            for site in _sites(part, (), ()):
                for slip in (*FORMULAS, *CODE):
                    yield from (Proposal(name, kind, site, new) for kind, new in slip(site))

    def with_slip(self, proposal: Proposal) -> str | None:
        """The source with this slip; None where it is none, or one that nobody would take for what its author meant."""
        text = _put(self, proposal.part, proposal.site, proposal.new)
        if text is None or text == self.source:
            return None
        tree, before = ast.parse(text), parts(self.tree)[proposal.part]
        odd = _is_odd(parts(tree)[proposal.part], before) or _unused(tree) != self.unused
        return None if odd else text


def _put(module: Module, name: str, site: Site, new: ast.expr | list[ast.stmt]) -> str | None:
    """The source with this in the place of the site's node; None where it is no Python, or says something else."""
    source, node, indent = module.source, site.node, " " * site.node.col_offset
    start = module.starts[node.lineno - 1] + node.col_offset
    end = module.starts[node.end_lineno - 1] + node.end_col_offset
    if isinstance(new, list):
        text = f"\n{indent}".join(_written(statement) for statement in new)
        return _parsed(f"{source[:start]}{text}{source[end:]}")
    due = _with(site, new)
    bare = _written(new)
    for text in (bare[1:-1] if isinstance(new, ast.Tuple) else bare, bare, f"({bare})"):
        found = _parsed(f"{source[:start]}{text}{source[end:]}")
        if found is None:
            continue
        found = _without_brackets(found, start, start + len(text), due, node)
        changed = parts(ast.parse(found))
        others = {other: ast.dump(part) for other, part in changed.items() if other != name}
        same = _expression_of(site, changed.get(name)) == due
        if same and others == {other: said for other, said in module.said.items() if other != name}:
            return found
    return None


def _with(site: Site, new: ast.expr) -> str:
    """The dump of the statement, or the header of a block, in which the site stands, with the new expression."""
    return ast.dump(_replaced(_statement(site), site.node, new))


def _expression_of(site: Site, part: ast.AST | None) -> str:
    """The dump of the statement that begins on the same line, at the same column, in the changed module."""
    where = _statement(site)
    for node in ast.walk(part) if part else ():
        if isinstance(node, ast.stmt) and (node.lineno, node.col_offset) == (where.lineno, where.col_offset):
            return ast.dump(node)
    return ""


def _statement(site: Site) -> ast.stmt:
    return next(node for node in site.above if isinstance(node, ast.stmt))


def _replaced(tree: ast.AST, old: ast.AST, new: ast.AST) -> ast.AST:
    """A copy of the tree, with one node exchanged."""
    if tree is old:
        return new
    made = copy.copy(tree)
    for field, value in ast.iter_fields(tree):
        if isinstance(value, list):
            setattr(made, field, [_replaced(one, old, new) if isinstance(one, ast.AST) else one for one in value])
        elif isinstance(value, ast.AST):
            setattr(made, field, _replaced(value, old, new))
    return made


def _without_brackets(source: str, start: int, end: int, due: str, old: ast.AST) -> str:
    """The source without brackets around the span that the old expression needed and the new one does not."""
    needed = isinstance(old, ast.BinOp | ast.UnaryOp | ast.Compare | ast.IfExp)
    while needed and source[start - 1 : start] == "(" and source[end : end + 1] == ")":
        bare = f"{source[: start - 1]}{source[start:end]}{source[end + 1 :]}"
        if _parsed(bare) is None or ast.dump(ast.parse(bare)) != ast.dump(ast.parse(source)):
            break
        source, start, end = bare, start - 1, end - 1
    return source


def _written(node: ast.AST) -> str:
    text = ast.unparse(ast.fix_missing_locations(copy.deepcopy(node)))
    return re.sub(r"(\de-)0(\d)\b", r"\1\2", text)


def _parsed(text: str) -> str | None:
    """The text, where it is Python."""
    try:
        ast.parse(text)
    except (SyntaxError, ValueError):
        return None
    return text


def _sites(node: ast.AST, names: tuple[str, ...], above: tuple[ast.AST, ...]) -> Iterator[Site]:
    """The expressions and statements of a function or class, without its signature and docstring."""
    if isinstance(node, ast.FunctionDef | ast.Lambda):
        names = (*names, *_variables(node))
    for field, value in ast.iter_fields(node):
        if field in ("annotation", "returns", "args", "decorator_list") and not isinstance(node, ast.Call):
            continue
        for child in value if isinstance(value, list) else [value]:
            if not isinstance(child, ast.expr | ast.stmt | ast.keyword | ast.comprehension | ast.Slice):
                continue
            if isinstance(child, ast.Expr) and isinstance(child.value, ast.Constant):
                continue
            if isinstance(child, ast.expr | ast.stmt) and not isinstance(child, ast.FunctionDef | ast.ClassDef):
                yield Site(child, tuple(dict.fromkeys(names)), (node, *above))
            yield from _sites(child, names, (node, *above))


def _variables(function: ast.FunctionDef | ast.Lambda) -> list[str]:
    """The parameters and local variables of a function, without those of functions in it."""
    found = [argument.arg for argument in (*function.args.args, *function.args.kwonlyargs)]
    pending = list(function.body) if isinstance(function, ast.FunctionDef) else []
    while pending:
        node = pending.pop(0)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            found.append(node.id)
        if not isinstance(node, ast.FunctionDef | ast.Lambda):
            pending += ast.iter_child_nodes(node)
    return [name for name in found if name not in ("self", "grad")]


def _is_odd(part: ast.AST, before: ast.AST) -> bool:
    """Whether something stands there that nobody writes who means it, and did not before."""
    return any(len(list(find(part))) > len(list(find(before))) for find in (_twice, _given_away))


def _given_away(part: ast.AST) -> list[str]:
    return _GIVEN_AWAY.findall(ast.unparse(part))


def _twice(part: ast.AST) -> Iterator[ast.AST]:
    """What has the same on both sides, or in two arguments, or does nothing."""
    for node in ast.walk(part):
        match node:
            case ast.BinOp(left=left, op=ast.Sub() | ast.Div() | ast.MatMult(), right=right):
                same = [left, right]
            case ast.Compare(left=left, comparators=[right]):
                same = [left, right]
            case ast.Assign(targets=[left], value=right):
                same = [left, right]
            case ast.Call(args=[_, _, *_] as same) | ast.Tuple(elts=[_, _, *_] as same):
                same = [one for one in same if not isinstance(one, ast.Constant)]
            case ast.IfExp(body=left, orelse=right):
                same = [left, right]
            case _:
                continue
        texts = [ast.unparse(one) for one in same]
        if len(set(texts)) < len(texts):
            yield node


def _unused(tree: ast.Module) -> set[tuple[str, int, str]]:
    """The parameters and variables that nothing reads: function, how many functions came before it, and name."""
    found = set()
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.Lambda)]
    for number, function in enumerate(functions):
        read = {n.id for n in ast.walk(function) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)}
        name = getattr(function, "name", "")
        found |= {(name, number, variable) for variable in _variables(function) if variable not in read}
    loaded = {n.id for n in ast.walk(tree) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)}
    for node in tree.body:
        if isinstance(node, ast.Import | ast.ImportFrom) and getattr(node, "module", "") != "__future__":
            names = [alias.asname or alias.name for alias in node.names]
            found |= {("", -1, name) for name in names if name not in loaded}
    return found | {("", -2, name) for name in parts(tree) if name[0] == "_" and name not in loaded}


def _line_starts(source: str) -> list[int]:
    starts = [0]
    for line in source.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    return starts
