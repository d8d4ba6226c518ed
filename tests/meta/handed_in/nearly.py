"""Operations under another name than theirs: each is told, with where it is and what to call it."""

from collections.abc import Mapping

from tests.meta.handed_in import AFFINE, PATH, PRACTICE, RELU, HandedIn, module, unread

_THERE = "todo not there yet; {0} is there (feedforward.py, line {1}): call it {2}"
_TODO = "todo not there yet"
_PAIR = (
    "todo not there yet; {0} and {1} are there (feedforward.py, lines {2} and {3}), "
    "but an operation is one function, relu, that returns (y, grad)"
)
_CLASS = (
    "todo not there yet; {0} is there (feedforward.py, line {1}), "
    "but it is a class, and an operation is one function, {2}, that returns (y, grad)"
)
_FORWARD_BACKWARD = """import numpy as np


def {0}(x):
    return np.maximum(x, 0)


def {1}(gy, x):
    return gy * (x > 0)
"""
_LAYER = """import numpy as np


class {}:
    def forward(self, x):
        self.x = x
        return np.maximum(x, 0)

    def backward(self, gy):
        return gy * (self.x > 0)
"""
_LEAKY = """import numpy as np


def {}(x, slope=0.01):
    return np.where(x > 0, x, slope * x), lambda gy: gy * np.where(x > 0, 1, slope)
"""


_NAMES = {
    "relu": "ReLU",
    "sigmoid": "SIGMOID",
    "tanh": "Tanh",
    "affine": "affine_forward",
    "elu": "my_elu",
    "silu": "silu_",
    "gelu": "_gelu",
    "softplus": "softplus2",
    "softmax": "softmax_v2",
    "leaky_relu": "LeakyReLU",
    "square_error_loss": "squareErrorLoss",
    "log_softmax": "logsoftmax",
    "huber_loss": "huber_loss_fn",
    "matmul": "forward_matmul",
    "layer_norm": "LayerNorm",
    "batch_norm": "batchnorm",
    "cross_entropy": "cross_entropy_np",
    "dropout": "dropout_op",
    "divide": "new_divide",
    "add": "addForward",
    "logsumexp": "log_sum_exp",
}
"""Operation -> what it is called, all in one module."""


def _called(names: Mapping[str, str]) -> HandedIn:
    lines = [f"def {name}(x):\n    return x\n" for name in names.values()]
    says = {op: _THERE.format(name, 2 * n + 1, op) for n, (op, name) in enumerate(names.items())}
    return unread("names in another case, with something before or behind", "".join(lines), says)


def paired(forward: str, backward: str) -> HandedIn:
    """relu as two functions."""
    source = _FORWARD_BACKWARD.format(forward, backward)
    return unread(f"relu is {forward} and {backward}", source, _PAIR.format(forward, backward, 4, 8))


def built(name: str) -> HandedIn:
    """relu as a class of this name."""
    return unread(f"relu is the class {name}", _LAYER.format(name), _CLASS.format(name, 4, "relu"))


_INSIDE = "todo not there yet; relu is defined {} (feedforward.py, line {}): move it to the top of the module"
_INDENTED = RELU.partition("\n")[2].strip().replace("\n", "\n    ")


def hidden(name: str, above: str, where: str, line: int, relu: str = _INDENTED) -> HandedIn:
    """relu below this line, one step to the right."""
    return unread(
        f"relu is hidden: {name}", f"import numpy as np\n\n{above}\n    {relu}\n", _INSIDE.format(where, line)
    )


ROWS = [
    hidden("in a class", "class Ops:", "inside class Ops", 4, _INDENTED.replace("(x)", "(self, x)", 1)),
    hidden("in a class, static", "class Ops:\n    @staticmethod", "inside class Ops", 5),
    hidden("below main", "if __name__ == '__main__':", "under if __name__ == '__main__'", 4),
    hidden("in a function", "def make():", "inside make", 4),
    unread(
        "a method of a tensor is no relu",
        _LAYER.format("Tensor") + "\n    def relu(self, slope):\n        pass\n",
        _TODO,
    ),
    unread(
        "a method without an input is no relu",
        AFFINE + "\n\nclass Value:\n    def relu(self):\n        pass\n",
        {"relu": _TODO, "affine": ""},
    ),
    _called(_NAMES),
    paired("relu_forward", "relu_backward"),
    paired("relu_fwd", "relu_bwd"),
    paired("forward_relu", "backward_relu"),
    paired("reluForward", "reluBackward"),
    built("ReLU"),
    built("Relu"),
    built("ReLULayer"),
    unread("a lambda of another name", RELU + "\nReLU = relu\ndel relu\n", _THERE.format("ReLU", 4, "relu")),
    unread(
        "affine is called Affine, and relu is right",
        AFFINE.replace("def affine", "def Affine") + RELU,
        {"affine": _THERE.format("Affine", 4, "affine"), "relu": ""},
    ),
    unread("leaky_relu alone is no relu", _LEAKY.format("leaky_relu"), _TODO),
    unread(
        "a helper of another purpose is no relu",
        AFFINE + "\n\ndef clip(x):\n    return np.maximum(x, 0)\n",
        _TODO,
    ),
    unread("another operation is no relu", AFFINE, {"relu": _TODO, "affine": ""}),
    unread(
        "softmax_forward alone",
        "def softmax_forward(x):\n    return x\n",
        {
            "softmax": "todo not there yet; softmax_forward is there (feedforward.py, line 1): call it softmax",
            "log_softmax": _TODO,
        },
    ),
    module(
        "a near miss beside the operation says nothing",
        RELU + "\n\ndef ReLU(x):\n    return x\n\n\ndef relu_old(x):\n    return x\n",
        ways=(PRACTICE, PATH),
    ),
]
