"""Answers of shapes, sizes and dtypes that nobody expects, to break whoever looks at them; and names that forge a verdict."""

from tests.meta.attacks import Attack, in_call, in_grad

_FORGED = "\\nscore 100 of 100\\r\\n\\x1b[2K264 passed\\u2028\\u202e"

ATTACKS = [
    in_grad("a gradient of no rows", "return np.zeros((0, 3))", "shape (0, 3)"),
    in_call("y of no rows", "return np.zeros((0, 3)), lambda gy: np.zeros((0, 3))", "shape (0, 3)"),
    in_call("twenty-four axes", "return np.zeros((1,) * 24), lambda gy: np.zeros((1,) * 24)", "shape (1, 1"),
    in_call("eight axes", "return np.zeros((1,) * 8), lambda gy: np.zeros((1,) * 8)", "shape (1, 1"),
    in_call("sixteen axes of two", "return np.zeros((2,) * 16), lambda gy: np.zeros((2,) * 16)", "shape (2, 2"),
    in_call(
        "nothing, of a great length", "return np.zeros((2**28, 0)), lambda gy: np.zeros((0, 2**40))", "shape (268435456"
    ),
    in_call("64 MiB of a wrong shape", "return np.zeros(2**23), lambda gy: np.zeros(2**23)", "shape (8388608,)"),
    in_grad("30 MiB for each gradient", "return np.ones(30 * 2**17)", "shape (3932160,)"),
    in_grad("an explicit Jacobian of many", "return np.zeros((4,) * 4)", "shape"),
    in_grad("as much as is looked at", "return np.arange(4096.0)", "shape (4096,)"),
    in_grad("as many as are looked at", "return (np.arange(4096.0),) * 24", "a tuple of 24"),
    in_grad("one more than are looked at", "return [gy] * 25", "a list of 25"),
    Attack(
        "shapes that change from call to call",
        """
import numpy as np
calls = 0


def sigmoid(x):
    def grad(gy):
        global calls
        calls += 1
        return np.ones((calls % 3,) * (calls % 5))
    return 1 / (1 + np.exp(-x)), grad


def tensor_sum(x):
    return np.sum(x), lambda gy: gy * np.ones_like(x)
""",
        "shape",
        forward=True,
    ),
    *(
        in_grad(f"a gradient of dtype {dtype}", f"return (gy > 0).astype({dtype!r})")
        for dtype in ("?", "u1", "u8", "f2", "i4")
    ),
    *(
        in_call(f"y of dtype {dtype}", f"return (x > 0).astype({dtype!r}), lambda gy: gy", f"dtype {name}")
        for dtype, name in (("?", "bool"), ("u1", "uint8"), ("u8", "uint64"), ("f2", "float16"))
    ),
    in_grad(
        "a dtype that changes from call to call",
        "sigmoid.calls = vars(sigmoid).get('calls', 0) + 1\nreturn gy.astype(('?', 'u8', 'f4', 'f8')[sigmoid.calls % 4])",
    ),
    in_call("a type whose name forges", f"return type('{_FORGED}', (), {{}})()", "score 100 of 100"),
    in_call("an exception whose name forges", f"raise type('E{_FORGED}', (Exception,), {{}})()", "score 100 of 100"),
    in_call("a message that forges", f"raise ValueError('{_FORGED}')", "score 100 of 100"),
    in_call("a message that fills the line", "raise ValueError('.' * 66 + 'score 100 of 100')", "score 100 of 100"),
    in_call("a function whose name forges", f"grad = lambda gy: gy\ngrad.__name__ = '{_FORGED}'\nreturn grad"),
    in_call(
        "a line whose source forges",
        f"exec(compile('\\n' * 3 + 'raise ValueError(1)', '{_FORGED}', 'exec'))",
        "ValueError",
    ),
]
