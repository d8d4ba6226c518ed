"""Level 6: convolution and pooling. N batch, C channels in and O out, L positions or H x W pixels, a kernel of K or of J x K.

All dimensions are drawn from 1 to 4 and now and then one up to 40, equal and unequal, stride 1 to 3. So kernels are smaller and
larger than the image; padding goes from the least with which the kernel fits to two more. Windows overlap, touch, and leave gaps between
them and at the end; a row of windows or a channel alone occurs, and none hides what several show.

The rows take windows in steps, so that a diagnosis can change one; tests/meta/test_oracles.py holds them to torch's functions.
"""

from tests.harness.rows.kinds import among, choice
from tests.harness.rows.late import torch
from tests.harness.rows.spec import Op

STRIDE = choice(1, 2, 3)


def windows(x, sizes, stride, padding=0):
    """The windows over the last axes of x, along further axes behind them: (N, C, H, W) -> (N, C, H', W', J, K)."""
    x = torch.nn.functional.pad(x, [padding] * 2 * len(sizes))
    for axis, size in enumerate(sizes):
        x = x.unfold(axis + 2, size, stride)
    return x


def padding_for(x, w):
    """How much padding there may be: as little as makes the last axes of the kernel fit into the image, and up to two more."""
    sides = w.ndim - 2 if x.ndim == w.ndim else w.ndim - 1  # a depthwise kernel has one axis for its channel
    least = max(max(0, -(-(k - n) // 2)) for n, k in zip(x.shape[-sides:], w.shape[-sides:], strict=True))
    return range(least, least + 3)


def transposed(x, w, b, stride, padding):
    """F.conv_transpose2d: the kernel, times each pixel, is put where the pixel's window lies."""
    (height, width), (rows, columns) = x.shape[2:], w.shape[2:]
    stamps = torch.einsum("nchv,cojk->nojkhv", x, w).reshape(len(x), -1, height * width)
    sides = (stride * (height - 1) + rows - 2 * padding, stride * (width - 1) + columns - 2 * padding)
    return torch.nn.functional.fold(stamps, sides, (rows, columns), stride=stride, padding=padding) + b[:, None, None]


def padding_of_transposed(x, w, stride):
    """How much padding there may be where it cuts off: up to 2, as long as a pixel is left."""
    least = min(stride * (n - 1) + k for n, k in zip(x.shape[2:], w.shape[2:], strict=True))
    return range(min(2, (least - 1) // 2) + 1)


# fmt: off
OPS = [
    Op("conv1d", x="N C L", w="O C K", b="O", stride=STRIDE, padding=among(lambda x, w: padding_for(x, w)), par=20,
       torch=lambda x, w, b, stride, padding: torch.einsum("nclk,ock->nol", windows(x, w.shape[2:], stride, padding), w) + b[:, None]),
    Op("conv2d", x="N C H W", w="O C J K", b="O", stride=STRIDE, padding=among(lambda x, w: padding_for(x, w)), par=25,
       torch=lambda x, w, b, stride, padding: torch.einsum("ncpqjk,ocjk->nopq", windows(x, w.shape[2:], stride, padding), w) + b[:, None, None]),
    Op("depthwise_conv2d", x="N C H W", w="C J K", b="C", stride=STRIDE, padding=among(lambda x, w: padding_for(x, w)), par=15,
       torch=lambda x, w, b, stride, padding: torch.einsum("ncpqjk,cjk->ncpq", windows(x, w.shape[1:], stride, padding), w) + b[:, None, None]),
    Op("conv_transpose2d", x="N C H W", w="C O J K", b="O", stride=STRIDE, padding=among(padding_of_transposed), par=20, torch=transposed),
]
