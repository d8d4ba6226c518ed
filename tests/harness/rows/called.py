"""What a row may say of what it computes on the way, to whoever watches its calls: names, and what is not to be moved.

By its names a diagnosis says `r * n` where the stub does, and no formula a line long.
"""


def called(value, words: str, part: str = ""):
    """The tensor itself. Whoever records the row's expression calls it by these words, which are the stub's.

    `part`: what to call it among the parts of what was cut.
    """
    from tests.harness.rows.imports import torch

    if torch.overrides.has_torch_function((value,)):  # also where a mode watches
        return torch.overrides.handle_torch_function(called, (value,), value, words, part)
    return value


def largest(x, dim: int = -1):
    """The largest along an axis, to be subtracted from x: constant, and not moved by itself, or exp would overflow (noise.py)."""
    from tests.harness.rows.imports import torch

    with torch._C.DisableTorchFunction():
        return x.detach().amax(dim, keepdim=True)
