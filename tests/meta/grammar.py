"""Reads the formulas of a derivation: text to tree. formulas.lark is the grammar, and says what can be written.

Here is what the grammar cannot say: which names are indices, and what is said of a text that it does not allow.
"""

import re
from dataclasses import fields, is_dataclass
from functools import cache
from pathlib import Path

from lark import Lark, Token, Transformer, UnexpectedInput, v_args

from tests.meta.formulas import (
    Bracket,
    Call,
    Cases,
    Compare,
    Entry,
    Fold,
    FormulaError,
    InWords,
    Letter,
    Logic,
    Minus,
    Name,
    Number,
    Plus,
    Power,
    Product,
    Statement,
    walk,
)

GRAMMAR = Path(__file__).with_name("formulas.lark").read_text(encoding="utf-8")


def statement(text: str) -> Statement:
    """Read `left = formula = formula ...`. Raises FormulaError."""
    try:
        left, *chain = _parsed(text.rstrip())
    except UnexpectedInput as problem:
        raise _unreadable(text.rstrip(), problem) from None
    indices = left.indices if isinstance(left, Entry) else ()
    names = [node.name for index in indices for node in walk(index) if isinstance(node, Name)]
    letters = {name: Letter(name) for name in names if re.fullmatch("[a-z]", name)}
    left, *members = (_with_letters(tree, letters) for tree in (left, *chain[1::2]))
    starts = [re.compile(r"\s*").match(text, equal.end_pos).end() for equal in chain[::2]]
    return Statement(text, left, tuple(members), tuple(starts))


@v_args(inline=True)
class _Trees(Transformer):
    """One method a rule: its node, of what is inside. An index is a Name as yet."""

    cases, bracket, minus, power = Cases, Bracket, Minus, Power

    def statement(self, *chain: object) -> tuple:
        return chain

    def conjunction(self, *parts: object) -> Logic:
        return Logic("and", parts)

    def disjunction(self, *parts: object) -> Logic:
        return Logic("or", parts)

    def negated(self, part: object) -> Logic:
        return Logic("not", (part,))

    def comparison(self, *chain: object) -> Compare:
        return Compare(chain[::2], tuple(map(str, chain[1::2])))

    def sum(self, *terms: object) -> Plus:
        return Plus(terms)

    def product(self, *factors: object) -> object:
        return Product(factors) if len(factors) > 1 else factors[0]

    def dividend(self, *factors: object) -> tuple:
        return factors

    def quotient(self, dividend: tuple, *divisors: object) -> Product:
        return Product(dividend, divisors)

    def fold(self, word: Token, body: object) -> Fold:
        function, _, letters = word.partition("_")
        return Fold(function, tuple(map(Letter, dict.fromkeys(letters))), body)

    def number(self, digits: Token) -> Number:
        return Number(int(digits) if digits.isdigit() else float(digits))

    def name(self, name: Token) -> Name:
        return Name(str(name))

    def entry(self, array: Token, before: tuple, after: tuple | None = None) -> Entry:
        return Entry(str(array), before + (after or ()), None if after is None else len(before))

    def indices(self, *indices: object) -> tuple:
        return indices

    def call(self, function: Token, *arguments: object) -> Call:
        return Call(str(function), arguments)

    def unknown(self, name: Token) -> None:
        """Raises at once, so that nothing is said of what comes behind it, which may be prose."""
        words = InWords if re.fullmatch("[A-Z]", name) else FormulaError
        raise words(f"{name}(...) is no function of the language; a product has a space: {name} (...)")


_PARSER = Lark(GRAMMAR, parser="lalr", lexer="basic", start="statement", transformer=_Trees())
_parsed = cache(_PARSER.parse)  # a test of a docstring changes one line of it, and reads them all
_OPENS = {"NUMBER", "NAME", "ARRAY", "FUNCTION", "FOLD", "CALLED", "LPAR", "LSQB"}  # a factor begins with it
_CLOSES = ("COMMA", "RPAR", "RSQB", "ELSEWHERE")
_BAR_BEFORE = re.compile(r"\|[^\[\]]*$")


def _with_letters(tree: object, letters: dict[str, Letter]) -> object:
    """The tree with a Letter for each name that is one, on the left of the statement or of the fold around it."""
    match tree:
        case Name(name):
            return letters.get(name, tree)
        case Fold(function, own, body):
            own = {letter.name: Letter(letter.name) for letter in own}
            return Fold(function, tuple(own.values()), _with_letters(body, letters | own))
        case tuple():
            return tuple(_with_letters(part, letters) for part in tree)
        case _ if is_dataclass(tree):
            return type(tree)(*(_with_letters(getattr(tree, field.name), letters) for field in fields(tree)))
    return tree


def _unreadable(text: str, problem: UnexpectedInput) -> FormulaError:
    """What was expected where the text stops to be a formula, and what is there."""
    found = problem.token.type if hasattr(problem, "token") else ""
    due, rest = problem.interactive_parser.accepts(), text[problem.pos_in_stream :]
    if found in ("AND", "OR") and due & {"AND", "OR"}:
        return FormulaError("'and' and 'or' in one bracket could mean two things: write two brackets")
    if found == "VBAR" and _BAR_BEFORE.search(text.removesuffix(rest)):
        return FormulaError(f"expected one bar only, but there is {rest!r}")
    if found == "$END":
        return FormulaError(f"ends where {_expected(due, found)} is expected")
    return FormulaError(f"expected {_expected(due, found)}, but there is {rest!r}")


def _expected(due: set[str], found: str) -> str:
    """The tokens that the grammar allows, as a reader thinks of them; `found` is what is there instead."""
    divisible = "SLASH" in due  # a factor or a divisor is complete
    if "NUMBER" in due and not divisible:
        return "a number, a name, ( or ["
    if divisible and "NUMBER" not in due and found in _OPENS | {"STAR"}:
        return "the end of the term: a / b c could mean (a / b) c or a / (b c), so write which"
    if "$END" in due:
        return "the end of the formula"
    if "NAME" in due and not divisible:
        return "a name"
    closing = [token for token in _CLOSES if token in due] or sorted(due)
    return " or ".join(repr(_PARSER.get_terminal(token).pattern.value) for token in closing)
