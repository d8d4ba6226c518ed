"""Numbers that differ look different wherever they are shown, and beside them is by how much."""

import numpy as np
import pytest

from tests.harness.display.failures import failures_of
from tests.harness.display.result import Result
from tests.harness.display.screen import _arrays, _cells
from tests.harness.judgement.figures import MOST, against, apart, digits

PAIRS = [
    (2.0, 1.0, "2, but should be 1"),
    (0.16807412, 0.16807411, "0.16807412, but should be 0.16807411: off by 1e-8"),
    (1.0001, 1.0, "1.0001, but should be 1: off by 0.0001"),
    (1e20, 1e20 + 1e5, "1e+20, but should be 1.000000000000001e+20: off by 1e5"),
    (np.nextafter(0.1, 1), 0.1, "0.10000000000000002, but should be 0.10000000000000001: off by 1e-17"),
    (-3.0000004, -3.0, "-3.0000004, but should be -3: off by 4e-7"),
    (np.nan, 1.0, "nan, but should be 1"),
    (np.inf, 1e308, "inf, but should be 1e+308"),
    (0.0, 1e-300, "0, but should be 1e-300"),
    (1e-9, 0.0, "1e-09, but should be 0"),
]


@pytest.mark.parametrize(("yours", "due", "said"), PAIRS)
def test_two_numbers_look_different(yours, due, said):
    """In as many digits as it takes; the difference is told where it is small against the number."""
    assert against(yours, due) == said
    assert len(set(apart(yours, due))) == 2


@pytest.mark.parametrize("off", [0.5, 1e-4, 1e-7, 1e-9, 1e-12])
@pytest.mark.parametrize("dtype", ["f8", "f4"])
def test_every_entry_that_differs_looks_different_in_the_arrays(off, dtype):
    """On the screen, in its picture and on the page: the wrong entries, whatever the others are off by rounding."""
    rng = np.random.default_rng(0)
    due = rng.normal(size=(3, 2))
    yours = (due * (1 + 2 * np.finfo(dtype).eps)).astype(dtype)
    if off < 20 * np.finfo(dtype).eps:
        return
    yours[1, 1] += off
    yours[2, 0] += 0.5
    shown = _arrays({"yours": yours, "torch": due})
    first, second = (" ".join(shown[at : at + 3]).replace("[", " ").replace("]", " ").split("=")[1] for at in (0, 3))
    pairs = list(zip(first.split("shape")[0].split(","), second.split("shape")[0].split(","), strict=True))
    most = digits(yours, due, least=3)
    cells = [_cells(a, np.zeros(a.shape, bool), most) for a in (yours, due)]
    result = Result("s", 0, "l", "op", "forward", "fail", "w", ["w"], [], 0.0, {}, yours.tolist(), due.tolist(), None)
    (page,) = failures_of([result], "a", 100)
    tables = [[text for _, row in t["slices"][0]["rows"] for text in row] for t in page["answers"]]
    for row, column in ((1, 1), (2, 0)):
        at = 2 * row + column
        assert pairs[at][0].strip() != pairs[at][1].strip()
        assert cells[0][row][column] != cells[1][row][column]
        assert tables[0][at] != tables[1][at]


def test_rounding_alone_needs_no_digits():
    """Beside an entry that is plainly wrong, the right ones are not written out to the last digit."""
    due = np.array([0.1, 0.7, 3.0])
    assert digits(np.array([0.1 * (1 + 1e-15), 0.7, 4.0]), due) == 6
    assert digits(np.array([0.1, 0.7, 4.0], "f4"), due) == 6
    assert digits(due.astype("f4").astype("f8") + np.array([0, 0, 1]), due) == 6
    assert digits(np.array([1, 2]), np.array([1.0, 2 + 1e-12])) == 13
    assert digits(due, due[:2]) == 6
    assert digits(np.array([0.1]), np.array([np.nextafter(0.1, 1)])) == MOST
