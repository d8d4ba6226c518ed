"""Rules that change one expression of a solution's source, and the places where they apply. What comes of it is judged elsewhere.

    for mutant in mutants("activations"): function = mutant.function("tanh")

A rule is a name, and a function that gives what may stand in an expression's place, as text. A mutant is one such change at
one place, with a name for people: `relu: line 40: np.abs inserted around gy * (x > 0)`.
"""

import ast
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).parents[3] / "solutions"


@dataclass(frozen=True, eq=False)
class Place:
    """An expression: where in the tree it hangs, in which function, class or constant of the module, and which names that can see."""

    node: ast.expr
    statement: ast.stmt
    parent: ast.AST
    field: str
    index: int | None
    within: str
    names: tuple[str, ...]

    @property
    def text(self) -> str:
        return ast.unparse(self.node)

    def put(self, node: ast.expr) -> None:
        """Let this stand there."""
        if self.index is None:
            setattr(self.parent, self.field, node)
        else:
            getattr(self.parent, self.field)[self.index] = node


@dataclass(frozen=True)
class Rule:
    """`changes(place)`: what may stand there instead, as text. `said`: of the change, with `{old}` and `{new}`."""

    name: str
    changes: Callable[[Place], Iterable[str]]
    said: str = "{new} for {old}"


@dataclass(frozen=True, eq=False)
class Mutant:
    """A module with one change. `ops`: the operations that it can matter to."""

    level: str
    place: Place
    rule: Rule
    new: str
    ops: tuple[str, ...]

    def named(self, op: str) -> str:
        """`relu: line 40: np.abs inserted around gx`: the line of the solutions' file."""
        said = self.rule.said.format(old=self.place.text, new=self.new)
        return f"{op}: line {self.place.node.lineno}: {said}"

    @property
    def line(self) -> str:
        """The changed statement."""
        with self._put():
            return ast.unparse(self.place.statement)

    def function(self, op: str) -> Callable:
        """The operation of the changed module. Raises what the module raises."""
        with self._put():
            code = compile(_source(self.level).tree, f"{self.level}.py", "exec")
        module: dict = {"__name__": f"mutated.{self.level}", "__package__": FOLDER.name}
        exec(code, module)
        return module[op]

    @contextmanager
    def _put(self) -> Iterator[None]:
        new = ast.parse(self.new, mode="eval").body
        for node in ast.walk(new):
            ast.copy_location(node, self.place.node)
        self.place.put(new)
        try:
            yield
        finally:
            self.place.put(self.place.node)


def mutants(level: str, rules: Iterable[Rule]) -> Iterator[Mutant]:
    """Every rule at every place of a level's solutions, in the order of the source."""
    source = _source(level)
    for place in source.places:
        for rule in rules:
            for new in rule.changes(place):
                if new != place.text:
                    yield Mutant(level, place, rule, new, source.readers[place.within])


def places(level: str) -> tuple[Place, ...]:
    """The expressions of a level's solutions that a rule can change."""
    return _source(level).places


@dataclass(frozen=True, eq=False)
class _Source:
    """A level's solutions without docstrings. `readers`: function or constant -> the operations that use it."""

    tree: ast.Module
    places: tuple[Place, ...]
    readers: dict[str, tuple[str, ...]]


@cache
def _source(level: str) -> _Source:
    tree = ast.parse((FOLDER / f"{level}.py").read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.ClassDef | ast.Module) and ast.get_docstring(node) is not None:
            node.body[0].value = ast.Constant(
                "", lineno=1, col_offset=0
            )  # still the first thing, before `from __future__`
    parts = {_name(p): p for p in tree.body if isinstance(p, ast.FunctionDef | ast.ClassDef | ast.Assign)}
    uses = {
        name: {n.id for n in ast.walk(part) if isinstance(n, ast.Name)} & parts.keys() for name, part in parts.items()
    }
    # An operation that uses another one is not asked about it: the other is asked itself.
    readers = {name: tuple(op for op in parts if op[0] != "_" and _reaches(op, name, uses)) for name in parts}
    places = [place for name, part in parts.items() for place in _places(part, name, _names(part))]
    return _Source(tree, tuple(places), readers)


def _name(part: ast.FunctionDef | ast.ClassDef | ast.Assign) -> str:
    return part.targets[0].id if isinstance(part, ast.Assign) else part.name


def _reaches(op: str, name: str, uses: dict[str, set[str]]) -> bool:
    """Whether it is that, or uses it, or uses something private that does."""
    private = (used for used in uses[op] if used[0] == "_" and used != op)
    return op == name or any(_reaches(used, name, uses) for used in private)


def _names(part: ast.AST) -> tuple[str, ...]:
    """The variables of a function, but for what stands inside a function of its own."""
    found: list[str] = []
    pending: list[ast.AST] = [part]
    while pending:
        for child in ast.iter_child_nodes(pending.pop(0)):
            if isinstance(child, ast.arg):
                found.append(child.arg)
            elif isinstance(child, ast.Name) and isinstance(child.ctx, ast.Store):
                found.append(child.id)
            if not isinstance(child, ast.FunctionDef):
                pending.append(child)
    return tuple(dict.fromkeys(found))


_SKIPPED = ("annotation", "returns", "func", "ctx", "decorator_list")


def _places(parent: ast.AST, within: str, names: tuple[str, ...], statement: ast.stmt | None = None) -> Iterator[Place]:
    for field, value in ast.iter_fields(parent):
        if isinstance(parent, ast.Call) and field == "func" and isinstance(value, ast.Attribute):
            yield from _places(value, within, names, statement)  # of x.sum(), x
        if field in _SKIPPED:
            continue
        for index, node in enumerate(value) if isinstance(value, list) else [(None, value)]:
            if isinstance(node, ast.FunctionDef):
                yield from _places(node, within, tuple(dict.fromkeys((*_names(node), *names))))
            elif isinstance(node, ast.AST):
                inside = node if isinstance(node, ast.stmt) else statement or parent
                if _is_value(node):
                    yield Place(node, inside, parent, field, index, within, names)
                yield from _places(node, within, names, inside)


def _is_value(node: ast.AST) -> bool:
    if isinstance(node, ast.Constant):
        return isinstance(node.value, int | float)
    if isinstance(node, ast.Name):
        return isinstance(node.ctx, ast.Load) and node.id not in ("np", "math", "grad")
    return isinstance(
        node, ast.BinOp | ast.UnaryOp | ast.Call | ast.Compare | ast.Attribute | ast.Subscript | ast.IfExp
    ) and not (isinstance(getattr(node, "ctx", None), ast.Store))
