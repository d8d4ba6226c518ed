"""Hostile submissions, as data: what others tried on their graders, and what might be tried on this one.

Each attacks from `sigmoid`, which is wrong, or from its module; `tensor_sum`, beside it, is right. So `sigmoid` must earn
nothing, and `tensor_sum` at most what it is worth.
"""

from dataclasses import dataclass
from pathlib import Path

PROJECT = Path(__file__).parents[3]
MARK = "kata-attack-left-this"  # name of every file that an attack tries to leave
HONEST = """

def tensor_sum(x):
    return np.sum(x), lambda gy: gy * np.ones_like(x)
"""
WRONG = "return 0 * x, lambda gy: 0 * gy"


@dataclass(frozen=True)
class Attack:
    """One hostile module. `says`: what a sentence about it must contain. `honest`: whether tensor_sum earns its points.

    `forward`: whether sigmoid's forward pass is right.
    """

    name: str
    source: str
    says: str = ""
    honest: bool = True
    forward: bool = False


def in_call(name: str, body: str, says: str = "", *, honest: bool = True) -> Attack:
    """An attack from inside sigmoid: its body, which may return; otherwise it answers wrongly."""
    lines = [f"    {line}" for line in body.strip().splitlines()]
    source = "\n".join(["import numpy as np\n\n\ndef sigmoid(x):", *lines, f"    {WRONG}"])
    return Attack(name, source + HONEST, says, honest)


def in_grad(name: str, body: str, says: str = "") -> Attack:
    """An attack from inside a grad whose forward pass is right."""
    lines = [f"        {line}" for line in body.strip().splitlines()]
    head = "import numpy as np\n\n\ndef sigmoid(x):\n    def grad(gy):"
    return Attack(
        name,
        "\n".join([head, *lines, "        return 0 * gy", "    return 1 / (1 + np.exp(-x)), grad"]) + HONEST,
        says,
        forward=True,
    )


def at_import(name: str, body: str, says: str = "", *, honest: bool = False) -> Attack:
    """An attack at import, which usually costs the module all its operations."""
    return Attack(
        name, f"import numpy as np\n\n{body.strip()}\n\n\ndef sigmoid(x):\n    {WRONG}\n{HONEST}", says, honest
    )
