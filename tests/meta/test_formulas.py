"""The checker of derivations can fail: wrong formulas are caught where they are wrong, and unreadable ones are named."""

import logging
import re
from inspect import cleandoc

import numpy as np
import pytest
from lark import Lark

from tests.harness.rows.catalogue import operations
from tests.meta.derivations import complaints
from tests.meta.evaluation import Evaluation
from tests.meta.formulas import FormulaError, InWords, Letter, walk
from tests.meta.grammar import GRAMMAR, statement
from tests.meta.ranges import World

OPERATIONS = {op.name: op for ops in operations().values() for op in ops}
AFFINE = """y[i,j] = sum_k x[i,k] w[k,j] + b[0,j], shapes (N, K), (K, M), (1, M) -> (N, M).

    J_x[i,j | a,b] = [i = a] w[b,j]
                   = sum_k [i = a] [k = b] w[k,j]          (a remark)
    J_w[i,j | a,b] = [j = b] x[i,a]                                          (1)
    J_b[i,j | 0,b] = [j = b]
    gw[a,b] = sum_ij gy[i,j] J_w[i,j | a,b] = sum_i x[i,a] gy[i,b]
"""
SIGMOID = """y = 1 / (1 + e) where x >= 0, e / (1 + e) where x < 0: prose.

    e[i] = exp(-abs(x[i]))
    y[i] = 1 / (1 + e[i]) where x[i] >= 0, e[i] / (1 + e[i]) elsewhere
    gx = gy e / (1 + e)^2: prose, as any line without indices on the left may be
    J_x[i | a] = [i = a] e[i] / (1 + e[i])^2
"""
SOFTMAX = """y[n,i] = exp(x[n,i]) / sum_k exp(x[n,k]), shape (..., K): n is a whole index tuple.

    J_x[n,i | m,a] = [n = m] y[n,i] ([i = a] - y[n,a])
"""
REDUCE_MEAN = """y = the mean over some axes.

    gx[p] = gy[R(p)] / count, R(p) being p without the axes that are gone: words

    For x (M, N), axis = 0, keepdims = False:

        J_x[j | p,q] = [j = q] / M

    For x (M, N, K), axis = (0, -1), keepdims = True:

        J_x[i,j,k | p,q,r] = [j = q] / (M K)
"""
LOGSUMEXP = """y[n] = log(sum_k exp(x[n,k])).

    J_x[n | m,a] = [n = m] exp(x[n,a] - y[n])
    gx[m,a] = gy[m] exp(x[m,a] - y[m])
"""
MEAN_SQUARE_ERROR = """l = mean of (x - y)^2.

    l = sum_i (x[i] - y[i])^2 / size(x)
    J_x[ | a] = 2 (x[a] - y[a]) / size(x)
    gx = gl 2 (x - y) / size(x)
"""
RELU = """y = max(x, 0), with a slope of 1/4 at 0.

    J_x[i | a] = [i = a] ([x[i] > 0] + [x[i] = 0] / 4)
    gx[a] = gy[a] where x[a] > 0, 0 elsewhere
"""
REDUCE_MAX = """y = the maximum over some axes, the gradient shared equally among those that are it.

    For x (M, N), axis = 0, keepdims = False:

        c[j] = sum_k [x[k,j] = y[j]]
        J_x[j | p,q] = [j = q] [x[p,q] = y[j]] / c[j]
"""
TAKE = """y[i,j] = x[indices[i],j].

    For x (V, D), indices (N,):

        J_x[i,j | p,q] = [indices[i] = p] [j = q]
"""
CONCATENATE = """One after the other.

    For a (M, K), b (N, K), axis = 0:

        y[i,j] = [i < M] a[i,j] + [i >= M] b[i - M,j]
        J_a[i,j | p,q] = [i = p] [j = q]
        J_b[i,j | p,q] = [i = M + p] [j = q]
"""
_ALL = {"affine": AFFINE, "sigmoid": SIGMOID, "softmax": SOFTMAX, "logsumexp": LOGSUMEXP}
_ALL |= {"relu": RELU, "reduce_max": REDUCE_MAX}
_ALL |= {"mean_square_error": MEAN_SQUARE_ERROR, "reduce_mean": REDUCE_MEAN, "take": TAKE, "concatenate": CONCATENATE}
RIGHT = {op: f"{docstring}\nProse at the margin.\n" for op, docstring in _ALL.items()}
# fmt: off
WRONG = [
    ("affine", "= [i = a] w[b,j]", "= w[b,j]", 2, "at J_x[0,0 | 1,0] this is"),
    ("affine", "= [i = a] w[b,j]", "= [i = a] w[j,b]", 2, "at J_x[0,0 | 0,1] this is"),
    ("affine", "= [i = a] w[b,j]", "= [i = b] w[a,j]", 2, "at J_x[0,0 | 0,1] this is 0, but should be"),
    ("affine", "= [i = a] w[b,j]", "= [i = a] 2 w[b,j]", 2, "J_x[i,j | a,b] = [i = a] 2 w[b,j]: at J_x[0,0 | 0,0] this is"),
    ("affine", "[k = b] w[k,j]", "w[k,j]", 3, "J_x[i,j | a,b] = sum_k [i = a] w[k,j]: at"),
    ("affine", "[j = b] x[i,a]", "[j = b] x[i,a] 1.000001", 4, "this is"),
    ("affine", "J_b[i,j | 0,b] = [j = b]", "J_b[i,j | 0,b] = [j != b]", 5, "at J_b[0,0 | 0,0] this is 0, but should be 1"),
    ("affine", "sum_i x[i,a] gy[i,b]", "sum_i x[i,a] gy[i,b] / N", 6, "gw[a,b] = sum_i x[i,a] gy[i,b] / N: at gw[0,0] this is"),
    ("affine", "J_w[i,j | a,b] = [j", "J_v[i,j | a,b] = [j", 4, "affine has no differentiable input v"),
    ("affine", "J_w[i,j | a,b] = [j", "dw[i,j | a,b] = [j", 0, "no line states J_w[... | ...]"),
    ("affine", "J_w[i,j | a,b] = [j", "J_w[i,j,a,b] = [j", 4, "has a bar"),
    ("affine", "J_w[i,j | a,b] = [j", "J_w[i,j | 0,b] = [j", 4, "a is not known"),
    ("affine", "J_w[i,j | a,b] = [j = b] x[i,a]", "J_w[i,j | 0,b] = [j = b] x[i,0]", 4, "nothing is said of J_w at index 0,0,1,0"),
    ("affine", "J_w[i,j | a,b] = [j = b]", "J_w[i,j | a,b] = the factor", 4, "the is not known"),
    ("affine", "J_w[i,j | a,b] = [j = b] x[i,a]", "J_w[i,j | a,b]: x[i,a] where j = b", 4, "cannot be read"),
    ("affine", "x[i,a]     ", "x[i + 9,a]", 4, "outside of an array"),
    ("affine", "x[i,a]     ", "x[i]  ", 4, "x has other dimensions than x[i]: "),
    ("affine", "sum_k [i = a] [k = b] w[k,j]", "sum_k [i = a] [k = b] w[k,j] x[k,0]", 3, "k runs over axes of different sizes"),
    ("affine", "sum_k [i = a] [k = b] w[k,j]", "sum_k [i = a] w[b,j]", 3, "nothing says how far k runs"),
    ("affine", "w[b,j]\n", "w[b,j] + 0 w\n", 2, "w has 2 dimensions, and stands without indices"),
    ("sigmoid", "exp(-abs(x[i]))", "exp(-2 abs(x[i]))", 3, "y[i] = 1 / (1 + e[i]) where x[i] >= 0, e[i] / (1 + e[i]) elsewhere: at y[0]"),
    ("sigmoid", "exp(-abs(x[i]))", "exp(-2 abs(x[i]))", 5, "at J_x[0 | 0] this is"),
    ("sigmoid", "exp(-abs(x[i]))", "exp(-abs(x[i])), of course", 5, "the definition of e cannot be read: expected the end"),
    ("sigmoid", "exp(-abs(x[i]))", "exp(-abs(x[i])) = exp(x[i])", 5, "the members of the chain that defines e differ"),
    ("sigmoid", "exp(-abs(x[i]))", "e[i]", 5, "e is defined through itself"),
    ("sigmoid", "e[i] = exp", "e[0] = exp", 5, "the definition of e needs different letters"),
    ("sigmoid", "[i = a] e[i]", "[i < a] e[i]", 5, "this is 0, but should be"),
    ("sigmoid", "(1 + e[i])^2\n", "(1 + e[i])^2 = [i = a] slope(x[i])\n", 5, "slope(...) is no function of the language"),
    ("logsumexp", "= gy[m] exp", "= gy[m] softmax(x[m,a]) + exp", 3, "softmax(...) is no function of the language"),
    ("softmax", "[n = m] y", "y", 2, "at J_x[0,0 | 1,0] this is"),
    ("softmax", "[n = m] y", "[n <= m] y", 2, "at J_x[0,0 | 1,0] this is"),
    ("softmax", "[i = a] - y[n,a]", "[i = a]", 2, "at J_x[0,0 | 0,0] this is"),
    ("logsumexp", "gy[m] exp", "exp", 3, "at gx[0,0] this is"),
    ("mean_square_error", "l = sum_i (x[i] - y[i])^2 / size(x)", "l = sum_i (x[i] - y[i])^2", 2, "at l this is"),
    ("mean_square_error", "(x[a] - y[a]) / size(x)", "(x[a] - y[a])", 3, "at J_x[ | 0] this is"),
    ("relu", "/ 4", "5 / 4", 2, "this is 1.25, but should be 1"),
    ("relu", "gy[a] where x[a] > 0, 0 elsewhere", "gy[a] ([x[a] > 0] - [x[a] = 0])", 3, "should be 0"),
    ("reduce_max", "[j = q] [x", "[x", 5, "this is 1, but should be 0"),
    ("reduce_max", " / c[j]", "", 5, "this is 1, but should be 0.5"),
    ("reduce_mean", "[j = q] / M\n", "[j = q] / N\n", 6, "at J_x[0 | 0,0] this is"),
    ("reduce_mean", "[j = q] / (M K)", "[j = q] / M", 10, "at J_x[0,0,0 | 0,0,0] this is"),
    ("reduce_mean", "axis = 0,", "axis = 3,", 4, "torch refuses this case: "),
    ("reduce_mean", "axis = 0,", "axes = 0,", 4, "reduce_mean has no input axes"),
    ("reduce_mean", "axis = 0,", "axis = first,", 4, "'first' is no value that this language has"),
    ("reduce_mean", "axis = 0,", "axis 0,", 4, "'axis 0' is neither NAME (M, N) nor NAME = VALUE"),
    ("reduce_mean", "[j = q] / M\n", "J_x[R(j) | p,q] / M\n", 6, "R(...) is no function of the language"),
    ("take", "= [indices[i]", "= [i", 4, "this is"),
    ("take", "= [indices[i]", "= [indices[i] + 1 / 2", 4, "this is 0, but should be 1"),
    ("concatenate", "M + p", "N + p", 6, "this is"),
    ("concatenate", "b[i - M,j]", "b[i,j]", 4, "y[i,j] = [i < M] a[i,j] + [i >= M] b[i,j]: at"),
]
# fmt: on
UNREADABLE = [
    ("y[i] = x[i] + ", "ends where a number, a name, ( or [ is expected"),
    ("y[i] = (x[i]", "ends where ')' is expected"),
    ("y[i] = x[i]; z", "expected the end of the formula, but there is '; z'"),
    ("y[i] = x[i] / 2 z[i]", "a / b c could mean (a / b) c or a / (b c), so write which, but there is 'z[i]'"),
    ("y[i] = [i = a and i < 2 or i = 3]", "'and' and 'or' in one bracket could mean two things"),
    ("y[i] = x[i | a | b]", "expected one bar only, but there is '| b]'"),
    ("y[i] = x[i | a || b]", "expected one bar only, but there is '|| b]'"),
    ("y[i] = [i | a]", "expected ']', but there is '| a]'"),
    ("y[i] = x[i", "ends where ',' or ']' is expected"),
    ("y[i] = x[i = a]", "expected ',' or ']', but there is '= a]'"),
    ("y[i] = x[i,]", "expected a number, a name, ( or [, but there is ']'"),
    ("y[i] = max(x[i], 0", "ends where ',' or ')' is expected"),
    ("y[i] = (x[i], 0)", "expected ')', but there is ', 0)'"),
    ("y[i] = (i = a) x[a]", "expected ')', but there is '= a) x[a]'"),
    ("y[i] = [i = a", "ends where ']' is expected"),
    ("y[i] = [not not i = a]", "expected a number, a name, ( or [, but there is 'not i = a]'"),
    ("y[i] = [i < a or i = 2 and a = 3]", "'and' and 'or' in one bracket could mean two things"),
    ("y[i] = x[i] where i < 2", "ends where ',' is expected"),
    ("y[i] = x[i] where i < 2, 0", "ends where 'elsewhere' is expected"),
    ("y[i] = x[i] elsewhere", "expected the end of the formula, but there is 'elsewhere'"),
    ("y[i] = x[i] - -2", "expected a number, a name, ( or [, but there is '-2'"),
    ("y[i] = x[i]^2^3", "expected the end of the formula, but there is '^3'"),
    ("y[i] = 2^sum_k x[k]", "expected a number, a name, ( or [, but there is 'sum_k x[k]'"),
    ("y[i] = x[i] / 2 * z[i]", "so write which, but there is '* z[i]'"),
    ("y[i] = x[i] / sum_k z[k] 2", "so write which, but there is '2'"),
    ("y[i] = ; z", "expected a number, a name, ( or [, but there is '; z'"),
    ("y[i] = exp x[i]", "expected '(', but there is 'x[i]'"),
    ("y[i] x[i]", "expected '=', but there is 'x[i]'"),
    ("y(i) = x[i]", "expected '=', but there is '(i) = x[i]'"),
    ("y[i]", "ends where '=' is expected"),
    ("", "ends where a name is expected"),
    ("[i = a] = 1", "expected a name, but there is '[i = a] = 1'"),
    ("y[i] = A(i)", "A(...) is no function of the language"),
    ("y[i] = slope(x[i])", "slope(...) is no function of the language; a product has a space: slope (...)"),
    ("y[i] = A(i), whatever; that is", "A(...) is no function of the language"),
]
VALUES = [
    ("1 - 2 - 3", -4),
    ("2 3 / 4 / 2", 0.75),
    ("-2^2 + 2^-1", -3.5),
    ("2 * 3 (1 + 1)", 12),
    ("2 * sum_k v[k] / 2", 10),
    ("24 / max_k v[k] / 2", 3),
    ("10 / sum_j sum_k (v[j] v[k]) + 1", 1.1),
    ("android + order where android = 1 and order = 2, 0 elsewhere", 3),
    ("1.5e1 + pi - pi", 15),
    ("sum_k v[k] + 1", 11),
    ("sum_k v[k] 2 + sum_k v[k]", 30),
    ("1 / sum_k v[k]", 0.1),
    ("sum_k v[k] / sum_k v[k]", 1),
    ("sum_jk [j < k] v[j] v[k]", 35),
    ("sum_k [v[k] > 1 and not v[k] = 3]", 2),
    ("sum_k [1 < v[k] <= 3]", 2),
    ("max_k v[k] - min_k v[k] + prod_k v[k]", 27),
    ("max(1, 2, 3) + min(4, 5) + floor(7 / 2)", 10),
    ("sum_k v[k] [k + 1 < 4] v[k + 1]", 20),  # a bracket of 0 also stops what is outside of the array
    ("sum_k v[size(v) - 1 - k] k v[k]", 30),
    ("exp(log(2)) + sqrt(9) + abs(-1) + sign(-3) + tanh(0) + cos(0) + sin(0)", 6),
    ("flag + [flag]", 2),
    ("1 where flag, 2 elsewhere", 1),
    ("1 where v[0] > 1, 2 where v[0] = 0, 3 elsewhere elsewhere", 3),
]


@pytest.mark.parametrize(("op", "docstring"), RIGHT.items(), ids=RIGHT)
def test_a_right_derivation_has_no_complaint(op, docstring):
    """The derivations that the rows below spoil are accepted as they stand."""
    assert complaints(OPERATIONS[op], docstring) == []


@pytest.mark.parametrize(("op", "right", "wrong", "line", "said"), WRONG)
def test_a_wrong_formula_is_caught_on_its_line(op, right, wrong, line, said):
    """One change to a right derivation is complained of, on the line that is wrong, and by name."""
    assert RIGHT[op].count(right) == 1
    found = dict(complaints(OPERATIONS[op], RIGHT[op].replace(right, wrong)))
    assert said in found.get(line, ""), found


def test_what_stands_after_the_hints_is_no_formula():
    """Hints are words; what looks like a formula there is not looked at."""
    assert complaints(OPERATIONS["softmax"], cleandoc(SOFTMAX) + "\n\nHints:\n1. What?\n   J_x[n,i | m,a] = 7\n") == []


@pytest.mark.parametrize(("text", "said"), UNREADABLE)
def test_an_unreadable_formula_says_where_it_stops(text, said):
    """What cannot be read is named, with what was expected."""
    with pytest.raises(FormulaError, match=re.escape(said)):
        statement(text)


@pytest.mark.parametrize("text", ["y[i] = A(i) x[i]", "y[i] = [i = a] R(x[i]), R being the row; words"])
def test_a_map_of_indices_is_for_words(text):
    """A capital letter that is called like a function is left to the prose; what stands behind it does not matter."""
    with pytest.raises(InWords):
        statement(text)


def test_each_member_starts_where_it_is_written():
    """A chain knows where each of its members stands, with the brackets around it, so that a complaint can show it."""
    read = statement("y[i] =  (x[i]) = x[i] where i = 0, (x[i]) elsewhere  = [i = 0]")
    assert [read.member(number) for number in range(3)] == [
        "y[i] = (x[i])",
        "y[i] = x[i] where i = 0, (x[i]) elsewhere",
        "y[i] = [i = 0]",
    ]


def test_letters_belong_to_one_reading():
    """The same text read twice has other letters, on the left and in a sum: how far they run may differ."""
    first, second = (
        {id(node): node for tree in (one.left, *one.members) for node in walk(tree) if isinstance(node, Letter)}
        for one in (statement("y[i] = sum_k x[i,k]"), statement("y[i] = sum_k x[i,k]"))
    )
    assert [node.name for node in first.values()] == [node.name for node in second.values()] == ["i", "k"]
    assert not first.keys() & second.keys()


def test_the_grammar_has_one_reading_for_each_formula(caplog):
    """No rule competes with another for the same text: lark, which would choose by itself, has nothing to report."""
    with caplog.at_level(logging.DEBUG, logger="lark"):
        Lark(GRAMMAR, parser="lalr", lexer="basic", start="statement", debug=True)
        assert [record.message for record in caplog.records if "conflict" in record.message] == []
        Lark('statement: "a" | "a" statement "a" | "a" statement', parser="lalr", start="statement", debug=True)
        assert any("conflict" in record.message for record in caplog.records)


@pytest.mark.parametrize(("text", "value"), VALUES)
def test_a_formula_is_worth_what_a_reader_thinks(text, value):
    """Precedence, sums, conditions and functions: a value that a person would give, and no other."""
    here = World(
        {
            "v": np.array([1.0, 2.0, 3.0, 4.0]),
            "flag": True,
            "android": 1,
            "order": 2,
            "s": np.array(float(value)),
            "t": np.array(value + 1.0),
        }
    )
    assert Evaluation(here, {}, {}).complaint(statement(f"s = {text}")) is None
    assert Evaluation(here, {}, {}).complaint(statement(f"t = {text}")) is not None
