"""The small language in which a solution states its derivation: text to tree.

    J_x[n,i | m,a] = [n = m] y[n,i] ([i = a] - y[n,a])

The grammar, loosest first; juxtaposition multiplies:

    statement  = left "=" member ("=" member)*
    member     = sum ("where" condition "," member "elsewhere")?
    condition  = "not"? comparison (("and" | "or") "not"? comparison)*
    comparison = sum (("=" | "!=" | "<" | "<=" | ">" | ">=") sum)*
    sum        = "-"? term (("+" | "-") term)*
    term       = power ("/"? power)*       nothing but "/" may follow a divisor: a / b c could mean two things
    power      = atom ("^" "-"? atom)?
    atom       = number | name | name[sum, ... | sum, ...] | function(sum, ...) | (sum) | [condition] | sum_ij term
"""

import re

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
)

FUNCTIONS = ("exp", "log", "tanh", "cosh", "sinh", "sqrt", "abs", "sign", "cos", "sin", "floor", "max", "min", "size")
FOLDS = ("sum", "max", "min", "prod")
_COMPARISONS = ("=", "!=", "<", "<=", ">", ">=")
_WORDS = ("and", "or", "not", "where", "elsewhere")
_TOKEN = re.compile(r"\s*(?:(\d+(?:\.\d+)?(?:e[+-]?\d+)?)|([A-Za-z_]\w*)|(<=|>=|!=|[-+*/^()\[\]|,=<>])|(\S))")


def statement(text: str) -> Statement:
    """Read `left = formula = formula ...`. Raises FormulaError."""
    reader = _Reader(text)
    left, members, starts = reader.left(), [], []
    reader.expect("=")
    while True:
        starts.append(reader.place)
        members.append(reader.member())
        if not reader.accept("="):
            reader.end()
            return Statement(text, left, tuple(members), tuple(starts))


class _Reader:
    """Recursive descent over the tokens of one statement."""

    def __init__(self, text: str):
        self._text = text.rstrip()
        self._tokens = [(m.lastindex, m[m.lastindex], m.start(m.lastindex)) for m in _TOKEN.finditer(self._text)]
        self._at = 0
        self._letters: dict[str, Letter] = {}

    @property
    def place(self) -> int:
        """Where in the text the next token starts."""
        return self._tokens[self._at][2] if self._at < len(self._tokens) else len(self._text)

    def left(self) -> Name | Entry:
        kind, name = self._peek()
        if kind != 2:
            raise self._unreadable("a name")
        self._at += 1
        if not self._follows("["):
            return Name(name)
        for letter in re.findall(r"\b[a-z]\b(?!\[)", self._text[: self._text.find("]")].partition("[")[2]):
            self._letters.setdefault(letter, Letter(letter))
        return self._entry(name)

    def member(self) -> object:
        value = self.sum()
        if not self.accept("where"):
            return value
        condition = self._condition()
        self.expect(",")
        other = self.member()
        self.expect("elsewhere")
        return Cases(value, condition, other)

    def sum(self) -> object:
        negative = self.accept("-")
        terms = [Minus(self._term()) if negative else self._term()]
        while sign := self.accept("+", "-"):
            terms.append(Minus(self._term()) if sign == "-" else self._term())
        return Plus(tuple(terms)) if len(terms) > 1 else terms[0]

    def accept(self, *tokens: str) -> str | None:
        kind, token = self._peek()
        if kind == 4 or token not in tokens:
            return None
        self._at += 1
        return token

    def expect(self, token: str) -> None:
        if not self.accept(token):
            raise self._unreadable(f"{token!r}")

    def end(self) -> None:
        if self._at < len(self._tokens):
            raise self._unreadable("the end of the formula")

    def _term(self) -> object:
        factors, divisors = [self._power()], []
        while True:
            if self.accept("/"):
                divisors.append(self._power(divisor=True))
            elif self.accept("*") or self._starts_atom():
                if divisors:
                    raise self._unreadable(
                        "the end of the term: a / b c could mean (a / b) c or a / (b c), so write which"
                    )
                factors.append(self._power())
            else:
                return Product(tuple(factors), tuple(divisors)) if len(factors) > 1 or divisors else factors[0]

    def _power(self, divisor: bool = False) -> object:
        base = self._atom(divisor)
        if not self.accept("^"):
            return base
        negative = self.accept("-")
        exponent = self._atom()
        return Power(base, Minus(exponent) if negative else exponent)

    def _atom(self, divisor: bool = False) -> object:
        kind, token = self._peek()
        if kind == 1:
            self._at += 1
            return Number(int(token) if token.isdigit() else float(token))
        if self.accept("("):
            inner = self.sum()
            self.expect(")")
            return inner
        if self.accept("["):
            inner = self._condition()
            self.expect("]")
            return Bracket(inner)
        if kind != 2 or token in _WORDS:
            raise self._unreadable("a number, a name, ( or [")
        self._at += 1
        function, _, letters = token.partition("_")
        if function in FOLDS and re.fullmatch("[a-z]+", letters):
            return self._fold(function, letters, divisor)
        if self._follows("["):
            return self._entry(token)
        if token in FUNCTIONS:
            self.expect("(")
            arguments = [self.sum()]
            while self.accept(","):
                arguments.append(self.sum())
            self.expect(")")
            return Call(token, tuple(arguments))
        if token not in self._letters and self._follows("("):
            words = InWords if re.fullmatch("[A-Z]", token) else FormulaError
            raise words(f"{token}(...) is no function of the language")
        return self._letters.get(token) or Name(token)

    def _fold(self, function: str, letters: str, divisor: bool) -> Fold:
        """What is folded reaches to the end of the term; in a divisor, where that could mean two things, over one power."""
        outer = self._letters
        own = {letter: Letter(letter) for letter in letters}
        self._letters = outer | own
        body = self._power() if divisor else self._term()
        self._letters = outer
        return Fold(function, tuple(own.values()), body)

    def _entry(self, name: str) -> Entry:
        self.expect("[")
        indices, bar = [], None
        while not self.accept("]"):
            if self.accept("|"):
                if bar is not None:
                    raise self._unreadable("one bar only")
                bar = len(indices)
            elif indices and bar != len(indices):
                self.expect(",")
                indices.append(self.sum())
            else:
                indices.append(self.sum())
        return Entry(name, tuple(indices), bar)

    def _condition(self) -> object:
        parts, words = [self._negation()], []
        while word := self.accept("and", "or"):
            words.append(word)
            parts.append(self._negation())
        if len(set(words)) > 1:
            raise FormulaError("'and' and 'or' in one bracket could mean two things: write two brackets")
        return Logic(words[0], tuple(parts)) if words else parts[0]

    def _negation(self) -> object:
        if self.accept("not"):
            return Logic("not", (self._comparison(),))
        return self._comparison()

    def _comparison(self) -> object:
        parts, signs = [self.sum()], []
        while sign := self.accept(*_COMPARISONS):
            signs.append(sign)
            parts.append(self.sum())
        return Compare(tuple(parts), tuple(signs)) if signs else parts[0]

    def _peek(self) -> tuple[int, str]:
        return self._tokens[self._at][:2] if self._at < len(self._tokens) else (4, "")

    def _starts_atom(self) -> bool:
        kind, token = self._peek()
        return (kind in (1, 2) and token not in _WORDS) or token in ("(", "[")

    def _follows(self, bracket: str) -> bool:
        """Whether the bracket stands at once behind the last token: x[i] is an entry, y [i = a] a product."""
        if self._peek()[1] != bracket:
            return False
        _, token, start = self._tokens[self._at - 1]
        return self._tokens[self._at][2] == start + len(token)

    def _unreadable(self, expected: str) -> FormulaError:
        rest = self._text[self._tokens[self._at][2] :] if self._at < len(self._tokens) else ""
        return FormulaError(
            f"expected {expected}, but there is {rest!r}" if rest else f"ends where {expected} is expected"
        )
