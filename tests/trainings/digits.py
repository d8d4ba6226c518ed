"""Handwritten digits: images of 8 x 8 pixels, which a network learns to read. scikit-learn brings them.

`mlp` gives the gradients of its parameters, and none of x. So what stands before it, conv2d and max_pool2d, learns from a
head of its own: one more conv2d, of the size of the whole picture, and cross_entropy. N images, C channels.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from tests.harness.training.operations import Operations
from tests.harness.training.parameters import Parameters, scaled
from tests.harness.training.training import Measure, Training, Unavailable

SIDE, CLASSES = 8, 10
HELD_OUT = 360  # of 1797
BATCH, STEPS, EVERY = 32, 1800, 60
RATE, STILL = 4e-3, 0.75  # of the steps, falling to 0; and the share of the images that is not shifted, either way
CHANNELS, HIDDEN, OF_MLP = 16, 256, 4  # of these, parameters
SHADES, SHOWN = " .:-=+*#%@", 4  # misread digits that are drawn


def load() -> tuple[NDArray, NDArray]:
    """Images from 0 to 1, and what they show. Raises Unavailable."""
    try:
        from sklearn.datasets import load_digits
    except ImportError as error:
        raise Unavailable(f"the digits come with scikit-learn ({error}): pip install '.[train]'") from None
    digits = load_digits()
    return digits.images / 16, digits.target


class Digits:
    """A network that learns digits with these operations."""

    def __init__(self, ops: Operations, data: tuple[NDArray, NDArray], seed: int):
        self._ops, self._rng = ops, np.random.default_rng(seed)
        images, shown = data
        order = self._rng.permutation(len(images))
        self._images, self._labels = images[order[HELD_OUT:]], shown[order[HELD_OUT:]]
        self._held_out, self._shown = images[order[:HELD_OUT]], shown[order[:HELD_OUT]]
        self._batches = self._shuffled()
        self._has_front = "conv2d" in ops
        half = SIDE // 2
        inputs = CHANNELS * half * half if self._has_front else SIDE * SIDE
        front = [
            *(scaled(self._rng, (CHANNELS, 1, 3, 3), 9), np.zeros(CHANNELS)),
            *(scaled(self._rng, (CLASSES, CHANNELS, half, half), inputs), np.zeros(CLASSES)),
        ]
        layers = [
            *(scaled(self._rng, (inputs, HIDDEN), inputs / 2), np.zeros((1, HIDDEN))),
            *(scaled(self._rng, (HIDDEN, CLASSES), HIDDEN), np.zeros((1, CLASSES))),
        ]
        self._parameters = Parameters.new([*(front if self._has_front else []), *layers])
        front = f"conv2d to {CHANNELS} channels, max_pool2d, " if self._has_front else ""
        self.about = f"{front}mlp of {inputs}-{HIDDEN}-{CLASSES}; {len(self._images)} images, {HELD_OUT} held out"

    def step(self) -> float:
        """Learn from a batch; its loss."""
        ops, at = self._ops, next(self._batches)
        images, labels = self._shifted(self._images[at]), self._labels[at]
        features, gfront = self._features(images, labels)
        loss, grad = ops.mlp(features, labels, self._layers())
        self._parameters = self._parameters.stepped(self._adam, [*gfront, *grad(np.array(1.0))])
        return float(loss)

    def measure(self) -> Measure:
        """The loss and the share of right answers, for the digits held out."""
        logits = self._logits()
        loss, _ = self._ops.cross_entropy(logits, self._shown)
        return Measure(float(loss), float(np.mean(logits.argmax(1) == self._shown)))

    def ending(self) -> list[str]:
        """How many are right, which digit is most often taken for which, and misread ones as pictures."""
        logits = self._logits()
        read = logits.argmax(1)
        wrong = np.flatnonzero(read != self._shown)
        said = f"held out: {HELD_OUT - len(wrong)} of {HELD_OUT} right, {100 - 100 * len(wrong) / HELD_OUT:.1f} %"
        if not len(wrong):
            return [f"{said}; none is misread"]
        counts = np.zeros((CLASSES, CLASSES), int)
        np.add.at(counts, (self._shown[wrong], read[wrong]), 1)
        digit, other = np.unravel_index(counts.argmax(), counts.shape)
        times, of = counts[digit, other], np.sum(self._shown == digit)
        most = f"the confusion that matters most: {digit} is read as {other}, {times} of {of} times"
        first = (self._shown[wrong] != digit) | (read[wrong] != other)
        drawn = wrong[np.argsort(first, kind="stable")][:SHOWN]
        return [said, most, "", *_pictures(self._held_out[drawn], self._shown[drawn], read[drawn])]

    def _features(self, images: NDArray, labels: NDArray | None = None) -> tuple[NDArray, list[NDArray]]:
        """What mlp sees, (N, inputs), and with labels the gradients of what stands before it."""
        ops, size = self._ops, len(images)
        if not self._has_front:
            return images.reshape(size, -1), []
        w, b, w_head, b_head = self._parameters.values[:-OF_MLP]
        channels, through_conv = ops.conv2d(images[:, None], w, b, 1, 1)
        features, through_pool = ops.max_pool2d(channels, 2, 2)
        flat = features.reshape(size, -1)
        if labels is None:
            return flat, []
        scores, through_head = ops.conv2d(features, w_head, b_head, 1, 0)
        _, through_loss = ops.cross_entropy(scores.reshape(size, CLASSES), labels)
        (gscores,) = through_loss(np.array(1.0))
        gfeatures, *ghead = through_head(gscores.reshape(scores.shape))
        (gchannels,) = through_pool(gfeatures)
        _, *gconv = through_conv(gchannels)
        return flat, [*gconv, *ghead]

    def _logits(self) -> NDArray:
        """Log-probabilities of the digits held out, (N, CLASSES): mlp tells of one image and one class what it is."""
        features, _ = self._features(self._held_out)
        layers = self._layers()
        return np.array(
            [[-float(self._ops.mlp(x, np.array([c]), layers)[0]) for c in range(CLASSES)] for x in features[:, None]]
        )

    def _layers(self) -> list[NDArray]:
        return list(self._parameters.values[-OF_MLP:])

    def _adam(self, w: NDArray, gw: NDArray, m: NDArray, v: NDArray, t: int) -> tuple[NDArray, NDArray, NDArray]:
        return self._ops.adam(w, gw, m, v, t, RATE * max(0.0, 1 - t / STEPS), 0.9, 0.999, 1e-8)

    def _shuffled(self) -> Iterator[NDArray]:
        """Batches of all images, again and again, each time in another order."""
        while True:
            order = self._rng.permutation(len(self._images))
            yield from (order[at : at + BATCH] for at in range(0, len(order) - BATCH + 1, BATCH))

    def _shifted(self, images: NDArray) -> NDArray:
        """The images, some of them a pixel up or down, left or right: so there seem to be more."""
        size, pixels = len(images), np.arange(SIDE)
        padded = np.pad(images, ((0, 0), (1, 1), (1, 1)))
        down, right = (np.where(self._rng.random(size) < STILL, 1, self._rng.integers(0, 3, size)) for _ in range(2))
        rows, columns = down[:, None] + pixels, right[:, None] + pixels
        return padded[np.arange(size)[:, None, None], rows[:, :, None], columns[:, None, :]]


def _pictures(images: NDArray, shown: NDArray, read: NDArray) -> list[str]:
    """Digits side by side, two characters a pixel, with what they are and how they were read."""
    width = 2 * SIDE
    heads = [f"{digit}, read as {other}" for digit, other in zip(shown, read, strict=True)]
    lines = ["   ".join(f"{head:<{width}}" for head in heads)]
    for row in range(SIDE):
        drawn = ("".join(2 * SHADES[round(pixel * (len(SHADES) - 1))] for pixel in image[row]) for image in images)
        lines.append("   ".join(drawn))
    return [line.rstrip() for line in lines]


TRAINING = Training(
    needs=("mlp", "cross_entropy", "adam"),
    better=("conv2d", "max_pool2d"),
    steps=STEPS,
    every=EVERY,
    counted="held out",
    goal="97 % of the digits held out",
    reached=lambda measure: measure.right >= 0.97,
    load=load,
    begin=Digits,
)
