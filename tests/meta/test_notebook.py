"""`check` in a notebook and at a prompt: the same verdict, as a display or as text, of a function that is defined there."""

import re
import subprocess
import sys
import threading
import time
from functools import partial

import nbformat
import numpy as np
import pytest
from nbclient import NotebookClient

from tests.harness import check
from tests.harness.submissions.deadline import deadline
from tests.harness.worker.refusal import OutOfTime
from tests.meta import HANGS
from tests.meta.runs import PROJECT
from tests.meta.test_page import HOSTILE, _Page

WRONG = """
def affine(x, w, b):
    print("called with", x.shape)
    return x @ w + b, lambda gy: (gy @ w.T, x.T @ gy, gy.mean(axis=0, keepdims=True))
check(affine)
"""
CELLS = {
    "import": "import numpy as np\nfrom tests.harness import check\nimport sys\nsys.modules.keys() & {'torch', 'hypothesis'}",
    "wrong": WRONG,
    "right": WRONG.replace("gy.mean(", "gy.sum("),
    "stub": "def relu(x):\n    raise NotImplementedError('relu')\ncheck(relu)",
    "closure": "slope = 2\ndef relu(x):\n    return np.maximum(x, 0), lambda gy: slope * gy * (x > 0)\ncheck(relu)",
    "global": "slope = 1\ncheck(relu).passed",
    "loop": "from tests.harness.submissions import limits\nlimits.CALL_SECONDS = 0.5\n"
    "def sigmoid(x):\n    while True:\n        pass\ncheck(sigmoid)",
    "unknown": "def afine(x):\n    pass\ncheck(afine)",
}


def relu(x):
    return np.maximum(x, 0), lambda gy: gy * (x > 0)


def half(x):
    def grad(gy):
        raise NotImplementedError

    return np.maximum(x, 0), grad


class Slow:
    """An operation in a class, which never ends."""

    def __call__(self, x):
        while True:
            time.sleep(0.01)


@pytest.fixture(scope="module")
def outputs(tmp_path_factory):
    """Cell -> its output, of a notebook that a real kernel executed in the project's folder; nothing of the user's is read."""
    folder = tmp_path_factory.mktemp("jupyter")
    with pytest.MonkeyPatch.context() as patch:
        for name in ("CONFIG_DIR", "DATA_DIR", "RUNTIME_DIR", "PATH"):
            patch.setenv(f"JUPYTER_{name}", str(folder))
        for name in ("IPYTHONDIR", "HOME"):
            patch.setenv(name, str(folder))
        spec = {"argv": [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]}
        (folder / "kernels/kata").mkdir(parents=True)
        (folder / "kernels/kata/kernel.json").write_text(
            str(spec | {"display_name": "kata", "language": "python"}).replace("'", '"')
        )
        notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in CELLS.values()])
        client = NotebookClient(
            notebook,
            kernel_name="kata",
            timeout=int(HANGS),
            allow_errors=True,
            resources={"metadata": {"path": str(PROJECT)}},
        )
        client.execute()
    return {name: cell.outputs for name, cell in zip(CELLS, notebook.cells, strict=True)}


def test_a_notebook_imports_neither_torch_nor_hypothesis(outputs):
    """Importing `check` costs nothing; the first verdict pays for torch."""
    (output,) = outputs["import"]
    assert output["data"]["text/plain"] == "set()"


def test_a_wrong_function_is_displayed(outputs):
    """The display has the statuses, the diagnosis, the hint, the example, what it printed, and three heat maps."""
    (output,) = outputs["wrong"]
    text, seen = output["data"]["text/html"], _Page(output["data"]["text/html"])
    assert seen.unbalanced == []
    assert "gb is N times too small: mean instead of sum?" in seen.text_of("p")
    assert "a sum is not divided by N" in seen.text
    assert [a["aria-label"].split(",")[0] for a in seen.every("svg")] == [
        "Heat map of yours",
        "Heat map of torch",
        "Heat map of difference",
    ]
    assert re.findall(r'<b class="(\w+)">\w+</b></span>', text) == ["pass", "fail", "skip", "skip"]
    assert "3/10 points" in seen.text
    assert "called with (2, 1)\n" in seen.text_of("pre")
    assert "gb is N times too small" in output["data"]["text/plain"]
    assert "\x1b" not in output["data"]["text/plain"]


def test_the_next_cell_may_define_it_again(outputs):
    """A function that is mended in a later cell is graded anew, and so is one that uses the notebook's variables."""
    assert re.findall(r'<b class="(\w+)">\w+</b></span>', outputs["right"][0]["data"]["text/html"]) == ["pass"] * 4
    assert "gx is twice what it should be" in outputs["closure"][0]["data"]["text/plain"]
    assert outputs["global"][0]["data"]["text/plain"] == "True"


def test_a_stub_is_one_line(outputs):
    """What is not written is TODO, in one line, and nothing else."""
    assert outputs["stub"][0]["data"]["text/plain"] == "relu: TODO (the operation is not written yet)"
    assert "<svg" not in outputs["stub"][0]["data"]["text/html"]


def test_an_endless_loop_ends_in_a_notebook(outputs):
    """A kernel runs inside IPython, which is no debugger at work: the time runs out all the same."""
    assert "TIMEOUT" in outputs["loop"][0]["data"]["text/plain"]


def test_an_unknown_name_is_one_error(outputs):
    """A mistyped name ends the cell with one line, without the inside of the kata."""
    (output,) = outputs["unknown"]
    assert output["traceback"] == [f"ValueError: {output['evalue']}"]
    assert output["evalue"].startswith('check: there is no operation afine. Say which one it is, check(afine, op="')
    assert "It is most like affine" in output["evalue"]


@pytest.mark.parametrize(
    ("given", "op", "said"),
    [
        (3, "", "this is a value of the type int"),
        ("relu", "", "give it the function itself, not its name: check(relu)"),
        (lambda x: x, "", "has no name of its own; say which operation it is"),
        (Slow(), "", "has no name of its own; say which operation it is"),
        (half, "rellu", "there is no operation rellu. It is most like relu"),
        (partial(half), "", "there is no operation half. Say which one it is"),
    ],
    ids=["a number", "a name", "a lambda", "an instance", "another name", "a partial"],
)
def test_what_cannot_be_graded_is_one_line(given, op, said):
    """Anything but a function of an operation's name is refused with a sentence."""
    with pytest.raises(ValueError, match=re.escape(said)) as refused:
        check(given, op)
    assert refused.value.__cause__ is None
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    "given", [partial(relu), lambda x: relu(x), type("relu", (), {"__call__": lambda self, x: relu(x)})()]
)
def test_anything_that_can_be_called_is_graded(given):
    """A partial, a lambda or an instance, named with `op` where it has no name."""
    assert check(given, op="" if isinstance(given, partial) else "relu")


def test_a_verdict_tells_whether_all_held(capsys):
    """`.passed`, and the truth of the object, say whether every property held; the text says which did not."""
    good, part = check(relu, seed=5), check(half, op="relu")
    assert good.passed
    assert bool(good) is True
    assert repr(good) == "relu: forward pass, gradient pass, pure pass, stable pass, 10/10 points"
    assert not part.passed
    assert repr(part).startswith("relu: forward pass, gradient TODO, pure TODO")
    assert "grad is not written yet" in _Page(part._repr_html_()).text
    assert capsys.readouterr().out == ""


def test_the_seed_gives_the_examples():
    """The same seed gives the same counterexample; another seed gives other examples."""
    asked: list[list] = [[], [], []]

    def record(into):
        return lambda x: (into.append(np.asarray(x).tolist()), relu(x))[1]

    for seed, into in zip((1, 1, 2), asked, strict=True):
        check(record(into), op="relu", seed=seed)
    assert asked[0] == asked[1] != asked[2]


def test_it_works_in_a_thread():
    """In another thread nothing can be stopped, but everything else works."""
    verdicts = []
    thread = threading.Thread(target=lambda: verdicts.append(check(relu)))
    thread.start()
    thread.join()
    assert verdicts[0].passed


def test_an_interruption_goes_through():
    """What the stop button raises is no answer of the function's: it ends the check."""

    def interrupted(x):
        raise KeyboardInterrupt

    out = sys.stdout
    with pytest.raises(KeyboardInterrupt):
        check(interrupted, op="relu")
    assert sys.stdout is out


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_a_display_is_safe_and_keeps_to_itself(text):
    """What a function prints or raises is text in the display, and every rule of its style is about its own box."""

    def raising(x):
        print(text)
        raise RuntimeError(text)

    shown = check(raising, op="relu")._repr_html_()
    seen = _Page(shown)
    assert seen.unbalanced == []
    assert not {tag for tag, _ in seen.elements} & {"script", "img", "link", "iframe", "h1", "h2", "h3", "title"}
    assert len(re.findall("<style>", shown)) == 1
    style = re.search(r"<style>(.*?)</style>", shown, re.DOTALL)[1]
    selectors = [s for rule in re.findall(r"([^{}]+)\{[^{}]*\}", style) for s in re.split(r",(?![^(]*\))", rule)]
    assert len(selectors) > 40
    assert [s for s in selectors if not re.search(r"(^|\] |\.vscode-\S+ )\.kata-check\b", s.strip())] == []


PROMPT = """
from tests.harness import check
import sys
print("light", sorted(sys.modules.keys() & {"torch", "hypothesis", "numpy"}))
import numpy as np
def affine(x, w, b): return x @ w, lambda gy: (gy @ w.T, x.T @ gy, gy.sum(0, keepdims=True))

check(affine)
"""


def test_a_prompt_shows_text():
    """At Python's own prompt the verdict is the text screen, without colours where this is no terminal."""
    run = subprocess.run(
        [sys.executable, "-i", "-q"],
        input=PROMPT,
        cwd=PROJECT,
        capture_output=True,
        text=True,
        timeout=int(HANGS),
        check=False,
    )
    assert "light []" in run.stdout
    assert "affine: forward FAIL, gradient pass, pure skipped, stable skipped, 5/10 points" in run.stdout
    assert "The smallest example that shows it:" in run.stdout
    assert "\x1b" not in run.stdout
    assert "Traceback" not in run.stderr


def test_a_program_around_it_is_no_debugger():
    """The time runs out though a caller's frame is in a module that is called like a debugger's."""
    around: dict = {"__name__": "IPython.core"}
    exec("def call(function):\n    function()\n", around)

    def stopped():
        with deadline(0.2, 0.2):
            while True:
                time.sleep(0.01)

    with pytest.raises(OutOfTime):
        around["call"](stopped)
