"""A small project that keeps all conventions, and one breach of each: what is changed in it, and all that is then said."""

SPECS = """
from tests.harness.rows.spec import Op

OPS = [
    Op("twice", x="...", par=4, torch=lambda x: 2 * x),
    Op("times", x="...", y="...", par=4, output="z", torch=lambda x, y: x * y),
]
"""
STUBS = '''
def twice(x: NDArray) -> tuple[NDArray, Callable]:
    """y = 2 x, shape (...) -> (...). grad(gy) -> gx."""
    # TODO
    raise NotImplementedError("twice")


def times(x: NDArray, y: NDArray) -> tuple[NDArray, Callable]:
    """z = x y elementwise. grad(gz) -> gx, gy."""
    # TODO
    raise NotImplementedError("times")
'''
SOLUTIONS = '''
def twice(x: NDArray) -> tuple[NDArray, Callable]:
    """y = 2 x.

        J_x[i | a] = 2 [i = a]
        gx[a] = 2 gy[a]        (1)

    Hints:
    1. What is the slope?
    2. It is the same everywhere.
    3. gx[a] = 2 gy[a].
    """
    return 2 * x, lambda gy: 2 * gy  # (1)


def times(x: NDArray, y: NDArray) -> tuple[NDArray, Callable]:
    """z = x y.

    The chain rule gives each.       (1)

    Hints:
    1. What is the slope?
    2. It is the other.
    3. As in (1).
    """
    return _product(x, y), lambda gz: (gz * y, gz * x)


def _product(x, y):
    return x * y
'''
MUTANTS = """
from tests.mutants import Alternative, Mutant

WRONG = [
    *(Mutant("twice", f"times {n}", "forward", abs, "said") for n in range(20)),
    *(Mutant("times", f"plus {n}", "forward", abs, "said") for n in range(20)),
]
RIGHT = [
    *(Alternative("twice", f"sum {n}", abs) for n in range(7)),
    *(Alternative("times", f"sum {n}", abs) for n in range(8)),
]
SLOW = [Alternative("twice", "one by one", abs, slow=True)]
"""
README = """
| level | operations |
|---|---|
| products | `twice`, `times` |
| more | `thrice`, `add` |

And so on.
"""
PRACTICE = """
products: 0 of 2 hold
tests: 0 of 3 hold
"""
WORKER = "import json\nimport numpy.linalg\nfrom numpy.typing import NDArray\n"
LEVEL = {"tests/specs": SPECS, "kata": STUBS, "solutions": SOLUTIONS, "tests/mutants": MUTANTS}
FILES = {
    **{f"{folder}/products.py": text for folder, text in LEVEL.items()},
    **{f"{folder}/more.py": text.replace("twice", "thrice").replace("times", "add") for folder, text in LEVEL.items()},
    "README.md": README,
    "kata/README.md": PRACTICE,
    **{f"tests/harness/worker/{stem}.py": WORKER for stem in ("observe", "loading", "wire")},
    "tests/harness/worker/worker.py": WORKER + "from worker import observe\n",
    "tests/harness/diagnosis/border.py": '"""As in twice."""\n\nKEY = "what is to add"\n',
    "tests/test_all.py": 'def test_one():\n    """One is\n    one.\n\n    And so on\n    """\n',
}
_RIGHT = MUTANTS[MUTANTS.index("    *(Alt") : MUTANTS.index("]\nSLOW")]
_STUB = STUBS[STUBS.index("def times") :]
_SOLUTION = SOLUTIONS[SOLUTIONS.index("def times") : SOLUTIONS.index("def _product")]
# fmt: off
BREACHES = [
    # convention, file (both: stub and solution), what stands in it, what stands there instead, all that is said; None: the file itself
    ("levels", "kata/more.py", None, None, ["kata/more.py is missing, but LEVELS of tests/specs/__init__.py has more; add the module"]),
    ("levels", "kata/less.py", None, "", ["kata/less.py is no level; put 'less' into LEVELS of tests/specs/__init__.py, or delete it"]),
    ("names", "kata/products.py", _STUB, "", ["kata/products.py: times is missing after twice; give it the signature of solutions/products.py"]),
    ("names", "solutions/products.py", _SOLUTION, "", ["solutions/products.py: times is missing after twice; give it the signature of kata/products.py"]),
    ("names", "kata/products.py", "def times", "def product", [
        "kata/products.py: times is missing after twice; give it the signature of solutions/products.py",
        "kata/products.py: product has no row in tests/specs/products.py; add one, or begin its name with an underscore"]),
    ("names", "kata/products.py", STUBS, _STUB, ["kata/products.py: twice is missing at the top; give it the signature of solutions/products.py"]),
    ("names", "kata/products.py", STUBS, STUBS + _STUB, ["kata/products.py: times is defined 2 times; leave one"]),
    ("names", "kata/products.py", STUBS, _STUB + STUBS.removesuffix(_STUB), ["kata/products.py: times stands where twice should; keep the order of tests/specs/products.py"]),
    ("names", "tests/specs/products.py", '    Op("times"', '    Op("third", x="N", par=4, torch=abs), Op("times"', [
        "kata/products.py: third is missing after twice; give it the inputs of its row: third(x)",
        "solutions/products.py: third is missing after twice; give it the inputs of its row: third(x)",
        "tests/mutants/products.py, WRONG: third has no row after twice; add Mutant('third', name, caught_by, function, diagnosis)",
        "tests/mutants/products.py, RIGHT: third has no row after twice; add Alternative('third', name, function)",
        "README.md, table of the levels: write this line: | products | `twice`, `third`, `times` |",
        "kata/README.md, line 2: 'products: 0 of 2 hold' was recorded with other operations; record it again, or write 'products: 0 of 3 hold'"]),
    ("signatures", "kata/products.py", "times(x: NDArray,", "times(x: object,", [
        "kata/products.py, line 8: times(x: object, y: NDArray) -> tuple[NDArray, Callable] is (x: NDArray, y: NDArray) -> "
        "tuple[NDArray, Callable] in solutions/; give both the same signature"]),
    ("signatures", "tests/specs/products.py", 'x="...", y="..."', 'y="...", x="..."', [
        "kata/products.py, line 8: times takes (x, y), but its row has (y, x); name the same, in one order",
        "solutions/products.py, line 16: times takes (x, y), but its row has (y, x); name the same, in one order",
        "kata/products.py, line 8: times does not tell what grad returns; end its docstring with 'grad(gz) -> gy, gx.'"]),
    ("signatures", "both", "times(x: NDArray,", "times(x,", [
        "kata/products.py, line 8: times has no type for x; annotate it, an array with NDArray",
        "solutions/products.py, line 16: times has no type for x; annotate it, an array with NDArray"]),
    ("signatures", "both", "times(x: NDArray, y: NDArray) -> tuple[NDArray, Callable]", "times(x: NDArray, y: NDArray)", [
        "kata/products.py, line 8: times does not say what it returns; write -> tuple[NDArray, Callable]",
        "solutions/products.py, line 16: times does not say what it returns; write -> tuple[NDArray, Callable]"]),
    ("stubs", "tests/specs/products.py", 'output="z"', 'output="p"', [
        "kata/products.py, line 8: times does not tell what grad returns; end its docstring with 'grad(gp) -> gx, gy.'"]),
    ("letters", "tests/specs/products.py", 'x="...", par', 'x="N", par', [
        "kata/products.py, line 2: twice has no N; call that dimension in tests/specs/ as the docstring does, or give it words=",
        "kata/products.py, line 2: twice has no shape (N,), as its row says of x; give both the same letters"]),
    ("letters", "tests/specs/products.py", 'x="...", par=4, torch', 'x="N", par=4, words={"N": "K"}, torch', [
        "kata/products.py, line 2: twice has no K; call that dimension in tests/specs/ as the docstring does, or give it words=",
        "kata/products.py, line 2: twice has no shape (K,), as its row says of x; give both the same letters"]),
    ("stubs", "kata/products.py", "elementwise", "everywhere", ["kata/products.py, line 8: times does not tell shapes; begin its docstring with the maths, 'shape (N, K) -> (N, M)'"]),
    ("stubs", "kata/products.py", "-> gx, gy.", "-> gx.", ["kata/products.py, line 8: times does not tell what grad returns; end its docstring with 'grad(gz) -> gx, gy.'"]),
    ("stubs", "kata/products.py", '    # TODO\n    raise NotImplementedError("times")', '    raise NotImplementedError("times")', ["kata/products.py, line 8: times has no '# TODO'; put it below the docstring"]),
    ("stubs", "kata/products.py", 'Error("times")', "Error", ['kata/products.py, line 8: times is no stub; below the docstring write only: raise NotImplementedError("times")']),
    ("stubs", "kata/products.py", '    raise NotImplementedError("times")', '    z = x * y\n    raise NotImplementedError("times")', ['kata/products.py, line 8: times is no stub; below the docstring write only: raise NotImplementedError("times")']),
    ("stubs", "kata/products.py", '    """z = x y elementwise. grad(gz) -> gx, gy."""\n', "", [
        "kata/products.py, line 8: times does not tell shapes; begin its docstring with the maths, 'shape (N, K) -> (N, M)'",
        "kata/products.py, line 8: times does not tell what grad returns; end its docstring with 'grad(gz) -> gx, gy.'"]),
    ("derivations", "solutions/products.py", "The chain rule", "Some rule", ["solutions/products.py, line 16: times is not derived; state each Jacobian in its docstring: J_x[i | a] = [i = a] ..."]),
    ("derivations", "solutions/products.py", "gz * x)", "gz * x)  # (2)", ["solutions/products.py, line 16: times cites (2); give that number to the step of the docstring, at the end of its line"]),
    ("hints_lead_up", "solutions/products.py", "    3. As in (1).\n", "", [
        "solutions/products.py, line 16: times has 2 hints; end its docstring with 'Hints:', below it 1. to 3.: a question, a nudge, the key line of the derivation"]),
    ("hints_lead_up", "solutions/products.py", "1. What is the slope?\n    2. It is the other.", "1. Take the slope.\n    2. It is the other.", ["solutions/products.py, line 16: times, hint 1 is no question; end it with a question mark"]),
    ("hints_lead_up", "solutions/products.py", "It is the other.", "np.other.", ["solutions/products.py, line 16: times, hint 2 has code of the answer; say it in words"]),
    ("hints_lead_up", "solutions/products.py", "As in (1)", "As above", ["solutions/products.py, line 16: times, hint 3 has no key line; write the formula of a gradient, gx[a] = ..., or name a step: (1)"]),
    ("hints_lead_up", "solutions/products.py", "As in (1)", "As in (3)", ["solutions/products.py, line 16: times, hint 3 speaks of (3), which is nowhere in the derivation; name what is there"]),
    ("hints_lead_up", "solutions/products.py", "As in (1)", "gw[a] = gz", ["solutions/products.py, line 16: times, hint 3 speaks of gw, which is nowhere in the derivation; name what is there"]),
    ("mutants_are_told_apart", "tests/mutants/products.py", "f\"sum {n}\", abs) for n in range(8)", "'sum', abs) for n in range(8)", [
        "tests/mutants/products.py, RIGHT: 8 rows of times are called 'sum'; give each a name of its own"]),
    ("mutants", "tests/mutants/products.py", "range(8)", "range(7)", ["tests/mutants/products.py, RIGHT has 14 rows, a level has at least 15; add 1 more"]),
    ("mutants", "tests/mutants/products.py", "n in range(20)),\n]", "n in range(20)),\n    Mutant(\"twice\", \"no\", \"forward\", abs, \"said\"),\n]", [
        "tests/mutants/products.py, WRONG: the rows of twice stand in 2 places; put them together"]),
    ("mutants_are_told_apart", "tests/mutants/products.py", "SLOW = [", "SLOW = [Alternative(\"third\", \"one by one\", abs, slow=True), ", ["tests/mutants/products.py, SLOW: third has no row in tests/specs/products.py; add one, or delete what is here"]),
    ("mutants", "tests/mutants/products.py", _RIGHT, "".join(reversed(_RIGHT.splitlines(True))), [
        "tests/mutants/products.py, RIGHT: times stands where twice should; keep the order of tests/specs/products.py"]),
    ("mutants_are_told_apart", "tests/mutants/products.py", ", slow=True", "", ["tests/mutants/products.py, SLOW: twice, 'one by one' needs slow=True, or belongs into RIGHT"]),
    *(("diagnoses", "tests/mutants/products.py", "abs, \"said\") for n in range(20)),\n]", f"abs, \"{words}\" if n > 14 else \"said\") for n in range(20)),\n]", [
        "tests/mutants/: 5 of 80 rows in WRONG name no cause and no fact, and at most a twentieth may do so; give one to some of these: "
        + "; ".join(f"times, 'plus {n}' (products.py)" for n in range(15, 20))])
        for words in ("", "(all entries are wrong)", "y is -1e-12, but should be 0", "said | y is 2, but should be 4")),
    ("readme", "README.md", "`twice`, `times`", "`times`, `twice`", ["README.md, table of the levels: write this line: | products | `twice`, `times` |"]),
    ("readme", "README.md", "| more | `thrice`, `add` |", "| most | `thrice`, `add` |", [
        "README.md, table of the levels: write this line: | more | `thrice`, `add` |",
        "README.md, table of the levels: most is none; delete this line: | most | `thrice`, `add` |"]),
    ("readme", "README.md", "| level |", "| levels |", ["README.md has no table of the levels; begin it with these two lines: '| level | operations |' and '|---|---|'"]),
    ("readme", "README.md", "| products | `twice`, `times` |\n| more | `thrice`, `add` |", "| more | `thrice`, `add` |\n| products | `twice`, `times` |", [
        "README.md, table of the levels: put the lines in the order of LEVELS: products, more"]),
    ("recorded_screens", "kata/README.md", "products: 0 of 2", "products: 1 of 3", ["kata/README.md, line 2: 'products: 1 of 3 hold' was recorded with other operations; record it again, or write 'products: 1 of 2 hold'"]),
    ("names_no_operation", "tests/harness/diagnosis/border.py", "what is to add", "what twice is", ["tests/harness/diagnosis/border.py, line 3: twice is an operation, and the machinery names none; take it from the rows, or call this otherwise"]),
    ("names_no_operation", "tests/harness/diagnosis/border.py", '"what is to add"', '"add"', ["tests/harness/diagnosis/border.py, line 3: add is an operation, and the machinery names none; take it from the rows, or call this otherwise"]),
    ("names_no_operation", "tests/harness/diagnosis/border.py", "KEY", "times", ["tests/harness/diagnosis/border.py, line 3: times is an operation, and the machinery names none; take it from the rows, or call this otherwise"]),
    ("needs_numpy_alone", "tests/harness/worker/wire.py", "import json", "import torch.nn", ["tests/harness/worker/wire.py, line 1: torch.nn is imported, beside the candidate's code; there, import only NumPy, the standard library, and what lies in that folder, as in `from .wire import`"]),
    ("needs_numpy_alone", "tests/harness/worker/wire.py", "import json", "from . import observe", ["tests/harness/worker/wire.py, line 1: . is imported, beside the candidate's code; there, import only NumPy, the standard library, and what lies in that folder, as in `from .wire import`"]),
    ("tests_say_what_they_prove", "tests/test_all.py", "one.\n", "one\n", ["tests/test_all.py, line 1: test_one does not say what it proves; give it a docstring of one sentence"]),
    ("tests_say_what_they_prove", "tests/test_all.py", FILES["tests/test_all.py"], "class TestIt:\n    def test_two(self):\n        pass\n", ["tests/test_all.py, line 2: test_two does not say what it proves; give it a docstring of one sentence"]),
]
# fmt: on
