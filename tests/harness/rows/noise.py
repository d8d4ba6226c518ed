"""Monte-Carlo arithmetic: all that torch computes with is moved a little, at random, to see how far an answer is to be trusted.

How often, and what is made of it, is in oracle.py.
"""

from dataclasses import dataclass

from tests.harness.rows.called import largest
from tests.harness.rows.imports import torch

STEP = 1e-9  # far above float64's rounding, far below anything that is not linear
_BENT = (torch.exp, torch.exp2, torch.expm1, torch.log, torch.log2, torch.log10, torch.log1p, torch.sigmoid, torch.tanh)
NATURAL = {function.__name__ for function in (*_BENT, torch.atan, torch.sin, torch.cos, torch.erf)}
"""The functions of torch that have a scale of their own, which is 1: about there they bend, or what they return is bounded."""


_FAR = 1.0  # above 0: where rounding alone goes so far, nothing is right, and exp is not to overflow
_LEAST = 1e-300  # of a sum of exponentials, whose logarithm is not to be -inf: the other way


def _logsumexp(values, x, dim, keepdim=False):
    """Its slope is exp(x - y), so what rounds in y or in the exponential is off in the slope."""
    fixed, top = x.detach(), largest(x, dim)
    total = torch.exp(torch.clamp(fixed - top, max=_FAR)).sum(dim, keepdim=True)
    y = top + torch.clamp(total, min=_LEAST).log()
    ones = torch.exp(torch.clamp(x - y, max=_FAR)).sum(dim, keepdim=True)
    y = y + (ones - ones.detach())
    return y if keepdim else y.squeeze(dim)


def _softmax(values, x, dim):
    top = largest(x, dim)
    e = torch.exp(x - top)
    shares = e / e.sum(dim, keepdim=True)
    # What is lost of a difference of two entries, each of which may move to either side; twice, for them to be about level.
    lost = torch.clamp(4 * values.level * abs(top), min=1)
    level = (lost > 1) & torch.isfinite(top)
    return torch.where(level, _LevelSoftmax.apply(x - top, lost, dim), shares) if level.any() else shares


class _LevelSoftmax(torch.autograd.Function):
    """A softmax whose entries differ by less than what rounding loses: it shares out among them, and its slope is that of these shares."""

    @staticmethod
    def forward(ctx, x, lost, dim):
        e = torch.exp(x / lost)
        shares = e / e.sum(dim, keepdim=True)
        ctx.save_for_backward(shares)
        ctx.dim = dim
        return shares

    @staticmethod
    def backward(ctx, gy):
        (shares,) = ctx.saved_tensors
        return shares * (gy - (shares * gy).sum(ctx.dim, keepdim=True)), None, None


IN_STEPS = {torch.logsumexp.__name__: _logsumexp, torch.softmax.__name__: _softmax}
"""What torch computes at once, so that no value on the way is seen, in steps of which each is moved. First comes the Move."""


@dataclass(frozen=True)
class Move:
    """By how much at most a number is moved. `natural`: absolutely, if it comes out of a function with a scale of its own.

    `level`: what differs by less than so much of itself is as good as level for a softmax. Rounding may make two scores of 1e16
    equal, whose shares are then one half, and no random move does.
    """

    relative: float = 0.0
    absolute: float = 0.0
    natural: float = 0.0
    level: float = 0.0


class Jitter(torch.overrides.TorchFunctionMode):
    """Moves the inputs, what torch computes from them, and what it keeps for the backward pass, at random."""

    def __init__(self, seed: int, inputs: Move, values: Move):
        super().__init__()
        self._inputs, self._values = inputs, values
        # Seeds come in pairs that move everything in opposite directions: what stands on a kink leaves it in one of them.
        self._at, self._sign = 997 * (seed // 2), 1 - 2 * (seed % 2)
        self._natural = False

    def __torch_function__(self, func, types, args=(), kwargs=None):
        name = getattr(func, "__name__", "")
        if name in IN_STEPS:
            with self:
                return IN_STEPS[name](self._values, *args, **(kwargs or {}))
        self._natural = name in NATURAL
        return self._moved(func(*args, **(kwargs or {})), self._values, natural=self._natural)

    def input(self, tensor):
        return self._moved(tensor, self._inputs)

    def keep(self, tensor):
        """What is kept for the backward pass, and whether it is kept by a function with a scale of its own."""
        return tensor.detach(), self._natural

    def kept(self, saved):
        tensor, natural = saved
        return self._moved(tensor, self._values, natural=natural)

    def _moved(self, value, move: Move, *, natural: bool = False):
        if not isinstance(value, torch.Tensor) or not value.is_floating_point():
            return value
        size, most = value.numel(), len(_POOL)
        # Not from the pool's start where it is too small: else all that follows would be the same in each run.
        self._at %= most - size if size < most else most
        part = _POOL[self._at : self._at + size]
        if len(part) < size:
            part = torch.cat((part, _POOL.repeat(-(-size // most))))[:size]
        self._at += size
        part = part.view(value.shape)
        moved = torch.addcmul(value, value, part, value=self._sign * move.relative) if move.relative else value
        absolute = move.absolute + natural * move.natural
        if not absolute:
            return moved
        # In the same direction: what is -1 would not move at all if the two cancelled.
        return torch.add(moved, torch.where(value < 0, -part, part), alpha=self._sign * absolute)


_generator = torch.Generator().manual_seed(1)
# Random, but never near zero: no entry is left where it was by chance. A pool, because it is asked for very often.
_POOL = (torch.randint(0, 2, (9973,), generator=_generator, dtype=torch.float64) * 2 - 1) * (
    0.5 + 0.5 * torch.rand(9973, generator=_generator, dtype=torch.float64)
)
