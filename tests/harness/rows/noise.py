"""Monte-Carlo arithmetic: all that torch computes with is moved a little, at random, to see how far an answer is to be trusted.

How often, and what is made of it, is in oracle.py.
"""

from dataclasses import dataclass

from tests.harness.rows.imports import torch

STEP = 1e-9  # far above float64's rounding, far below anything that is not linear


@dataclass(frozen=True)
class Move:
    """By how much at most a number is moved."""

    relative: float = 0.0
    absolute: float = 0.0


class Jitter(torch.overrides.TorchFunctionMode):
    """Moves the inputs, what torch computes from them, and what it keeps for the backward pass, at random."""

    def __init__(self, seed: int, inputs: Move, values: Move):
        super().__init__()
        self._inputs, self._values = inputs, values
        # Seeds come in pairs that move everything in opposite directions: what stands on a kink leaves it in one of them.
        self._at, self._sign = 997 * (seed // 2), 1 - 2 * (seed % 2)

    def __torch_function__(self, func, types, args=(), kwargs=None):
        return self.value(func(*args, **(kwargs or {})))

    def input(self, tensor):
        return self._moved(tensor, self._inputs)

    def value(self, tensor):
        return self._moved(tensor, self._values)

    def _moved(self, value, move: Move):
        if not isinstance(value, torch.Tensor) or not value.is_floating_point():
            return value
        size, self._at = value.numel(), self._at % max(1, len(_POOL) - value.numel())
        part = _POOL[self._at : self._at + size] if size < len(_POOL) else _POOL.repeat(-(-size // len(_POOL)))[:size]
        self._at += size
        part = part.view(value.shape) * self._sign
        moved = torch.addcmul(value, value, part, value=move.relative) if move.relative else value
        return torch.add(moved, part, alpha=move.absolute) if move.absolute else moved


_generator = torch.Generator().manual_seed(1)
# Random, but never near zero: no entry is left where it was by chance. A pool, because it is asked for very often.
_POOL = (torch.randint(0, 2, (9973,), generator=_generator, dtype=torch.float64) * 2 - 1) * (
    0.5 + 0.5 * torch.rand(9973, generator=_generator, dtype=torch.float64)
)
