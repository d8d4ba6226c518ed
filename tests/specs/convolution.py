"""Level 6: convolution and pooling. N batch, C channels in and O out, L positions or H x W pixels, a kernel of K or of J x K.

All dimensions are drawn from 1 to 4 and now and then one up to 40, equal and unequal, stride 1 to 3. So kernels are smaller and
larger than the image; padding goes from the least with which the kernel fits to two more. Windows overlap, touch, and leave gaps between
them and at the end; a row of windows or a channel alone occurs, and none hides what several show.

The rows take windows in steps, so that a diagnosis can change one; tests/meta/test_oracles.py holds them to torch's functions.
"""

from collections import deque

import numpy as np

from tests.harness.rows.kinds import among, choice
from tests.harness.rows.late import torch
from tests.harness.rows.spec import Op

STRIDE = choice(1, 2, 3)
LARGE_SIDE = 11  # of an image: from here on its windows are large, too
ROUNDS = 30  # in which windows share out anew; one is exact where none overlap
SUMS = 32  # machine epsilons that a sum may be off, of the sum of its terms' magnitudes
SMALLEST = 2**1074  # of them are 1
ANY = 2**2200  # more than any sum of floats, in the smallest ones


def windows(x, sizes, stride, padding=None):
    """The windows over the last axes of x, along further axes behind them: (N, C, H, W) -> (N, C, H', W', J, K).

    No loop: the diagnosis takes the calls of a loop for one, and people forget something in one direction.
    """
    x = x if padding is None else torch.nn.functional.pad(x, [padding] * 2 * len(sizes))
    first = x.unfold(2, sizes[0], stride)
    return first.unfold(3, sizes[1], stride) if len(sizes) > 1 else first


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


def pool_sizes(x):
    """From 1 to the image's shorter side; where that is large, the windows are, too: two thirds of it at least."""
    side = min(x.shape[2:])
    return range(1 if side < LARGE_SIDE else 2 * side // 3, side + 1)


def shares(yours, gy, x, size, stride):
    """A right gradient next to yours: each window's gy shared out among its own maxima.

    What a window with one maximum sends is fixed. The rest of yours must come from tied windows, whose maxima may be each
    other's: that is a flow. If there is one that is as near to yours as sums are exact, yours is right. Else each window by turns
    shares out what is nearest to the rest of yours.
    """
    windows = np.lib.stride_tricks.sliding_window_view(x, (size, size), axis=(2, 3))[:, :, ::stride, ::stride]
    numbers = np.lib.stride_tricks.sliding_window_view(np.arange(x.size).reshape(x.shape), (size, size), axis=(2, 3))
    numbers = numbers[:, :, ::stride, ::stride].reshape(gy.size, -1)
    tied = (windows == windows.max((4, 5), keepdims=True)).reshape(gy.size, -1)
    right, reach = np.zeros(x.size), np.zeros(x.size)
    maxima = {window: numbers[window][tied[window]].tolist() for window in range(gy.size)}
    for window, entries in maxima.items():
        reach[entries] += abs(gy.flat[window])
        if len(entries) == 1:
            right[entries] += gy.flat[window]
    several = {window: entries for window, entries in maxima.items() if len(entries) > 1}
    shared = sorted({entry for entries in several.values() for entry in entries})
    rest, slack = (yours.ravel() - right)[shared], SUMS * np.finfo(x.dtype).eps * reach[shared]
    demands = dict(zip(shared, zip((rest - slack).tolist(), (rest + slack).tolist(), strict=True), strict=True))
    is_right, sent = flow({window: (gy.flat[window], entries) for window, entries in several.items()}, demands)
    for window, entries in several.items():
        right[entries] += sent[window]
    if is_right:
        right[shared] = yours.flat[shared]
        return right.reshape(x.shape)
    for window, entries in list(several.items()) * ROUNDS:
        others = right[entries] - sent[window]
        sent[window] = nearest_split(yours.flat[entries] - others, gy.flat[window])
        right[entries] = others + sent[window]
    return right.reshape(x.shape)


def nearest_split(wanted, whole):
    """The nearest numbers to those wanted that have the sign of the whole, and are all of it together."""
    if whole < 0:
        return -nearest_split(-wanted, -whole)
    falling = np.sort(wanted)[::-1]
    above = (np.cumsum(falling) - whole) / np.arange(1, len(wanted) + 1)
    return np.maximum(wanted - above[np.flatnonzero(falling >= above)[-1]], 0)


def flow(windows, demands):
    """Whether the windows can send out all their gy, each with its sign, so that every entry gets what it demands; and what they send.

    `windows`: number -> gy, entries; `demands`: entry -> the least and the most. By augmenting paths, the shortest first, as
    Edmonds and Karp do, in whole numbers: beside a gy of 1e6, sums of floats lose one of 1e-12. What an entry may have and
    need not flows through "spare".
    """
    room, source, sink, left = {}, "source", "sink", 0

    def pipe(a, b, most):
        room.setdefault(a, {})[b] = most
        room.setdefault(b, {}).setdefault(a, 0)

    for window, (gy, entries) in windows.items():
        node, whole = ("window", window), as_whole(gy)
        pipe(*((source, node) if gy > 0 else (node, sink)), abs(whole))
        for entry in entries:
            pipe(*((node, entry) if gy > 0 else (entry, node)), ANY)
        left += whole
    for entry, (least, most) in demands.items():
        low, high = as_whole(least), as_whole(most)
        pipe(*((entry, sink) if low > 0 else (source, entry)), abs(low))
        pipe(entry, "spare", high - low)
        left -= low
    pipe("spare", sink, max(0, left))
    while path := shortest(room, source, sink):
        most = min(room[a][b] for a, b in path)
        for a, b in path:
            room[a][b] -= most
            room[b][a] += most
    sent = {window: _scaled(room, window, gy, entries) for window, (gy, entries) in windows.items()}
    return left >= 0 and not any(room.get(source, {}).values()), sent


def as_whole(number):
    """A float as a whole number of the smallest floats, which is exact."""
    numerator, denominator = float(number).as_integer_ratio()
    return numerator * (SMALLEST // denominator)


def shortest(room, source, sink):
    """The shortest way from the source to the sink along which there is room, in steps; nothing where there is none."""
    came, left = {source: source}, deque([source])
    while left and sink not in came:
        at = left.popleft()
        for to, most in room.get(at, {}).items():
            if most > 0 and to not in came:
                came[to] = at
                left.append(to)
    steps, at = [], sink
    while at in came and at != source:
        steps.append((came[at], at))
        at = came[at]
    return steps


def _scaled(room, window, gy, entries):
    """What flowed between a window and its entries, scaled so that it is all of gy; equal shares where nothing did."""
    node = ("window", window)
    flowed = [room[entry][node] if gy > 0 else room[node][entry] for entry in entries]
    total = sum(flowed)
    weights = np.array([part / total for part in flowed] if total else [1 / len(entries)] * len(entries))
    return gy * weights


# fmt: off
OPS = [
    Op("conv1d", x="N C L", w="O C K", b="O", stride=STRIDE, padding=among(lambda x, w: padding_for(x, w)), par=20,
       torch=lambda x, w, b, stride, padding: torch.einsum("nclk,ock->nol", windows(x, w.shape[2:], stride, padding), w) + b[:, None]),
    Op("conv2d", x="N C H W", w="O C J K", b="O", stride=STRIDE, padding=among(lambda x, w: padding_for(x, w)), par=25,
       torch=lambda x, w, b, stride, padding: torch.einsum("ncpqjk,ocjk->nopq", windows(x, w.shape[2:], stride, padding), w) + b[:, None, None]),
    Op("depthwise_conv2d", x="N C H W", w="C J K", b="C", stride=STRIDE, padding=among(lambda x, w: padding_for(x, w)), par=15,
       torch=lambda x, w, b, stride, padding: torch.einsum("ncpqjk,cjk->ncpq", windows(x, w.shape[1:], stride, padding), w) + b[:, None, None]),
    Op("conv_transpose2d", x="N C H W", w="C O J K", b="O", stride=STRIDE, padding=among(padding_of_transposed), par=20, torch=transposed),
    Op("max_pool2d", x="N C H W", size=among(pool_sizes), stride=STRIDE, par=20, ties=shares,
       torch=lambda x, size, stride: windows(x, (size, size), stride).flatten(-2).max(-1).values),
    Op("avg_pool2d", x="N C H W", size=among(pool_sizes), stride=STRIDE, par=10,
       torch=lambda x, size, stride: windows(x, (size, size), stride).mean((-2, -1))),
]
