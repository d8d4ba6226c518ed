"""The text that ships with Python, `import this`, which a small language model learns character by character.

The characters' table is the embedding and, by tied_logits, the output layer too: that takes rows of a table, and multiplies
them by all rows. Here the table has the outputs of the last block above, and the characters below them. N windows, T
characters, V different ones, D features.
"""

import contextlib
import io

import numpy as np
from numpy.typing import NDArray

from tests.harness.training.operations import Operations
from tests.harness.training.parameters import Parameters, scaled
from tests.harness.training.training import Measure, Training

WINDOW, FEATURES, HEADS, BLOCKS = 48, 48, 4, 2
BATCH, STEPS, EVERY = 8, 540, 18
RATE, DECAY = 4e-3, 0.01
OF_BLOCK = 12  # parameters
LINES, LONGEST = 5, 80  # that it says, and characters of one


def load() -> str:
    """The text. Importing it prints it, once."""
    with contextlib.redirect_stdout(io.StringIO()):
        import this
    return "".join(this.d.get(character, character) for character in this.s)


class Zen:
    """A language model that learns the text with these operations."""

    def __init__(self, ops: Operations, data: str, seed: int):
        self._ops, self._rng, self._seed = ops, np.random.default_rng(seed), seed
        self._letters = sorted(set(data))
        self._text = np.array([self._letters.index(letter) for letter in data])
        rows = [
            scaled(self._rng, (len(self._letters), FEATURES), FEATURES),
            scaled(self._rng, (WINDOW, FEATURES), FEATURES),
        ]
        blocks = (array for _ in range(BLOCKS) for array in _block(self._rng))
        self._parameters = Parameters.new([*rows, *blocks])
        self.about = f"{BLOCKS} times transformer_block, {FEATURES} features; {len(data)} characters, {len(self._letters)} different"

    def step(self) -> float:
        """Learn from a few windows of the text; their loss."""
        starts = self._rng.integers(0, len(self._text) - WINDOW, BATCH)
        seen, due = self._windows(starts)
        characters, positions, *blocks = self._parameters.values
        x, through_blocks = characters[seen] + positions, []
        for at in range(0, len(blocks), OF_BLOCK):
            x, grad = self._ops.transformer_block(x, *blocks[at : at + OF_BLOCK], HEADS)
            through_blocks.append(grad)
        logits, through_logits = self._logits(x, characters)
        loss, through_loss = self._ops.cross_entropy(logits, due.ravel())

        (glogits,) = through_loss(np.array(1.0))
        gx, gcharacters = through_logits(glogits)
        gblocks: list[NDArray] = []
        for grad in reversed(through_blocks):
            gx, *gblock = grad(gx)
            gblocks = [*gblock, *gblocks]
        np.add.at(gcharacters, seen, gx)
        self._parameters = self._parameters.stepped(self._adamw, [gcharacters, gx.sum(0), *gblocks])
        return float(loss)

    def measure(self) -> Measure:
        """The loss and the share of characters that are guessed, for the whole text in windows."""
        seen, due = self._windows(np.arange(0, len(self._text) - WINDOW, WINDOW))
        logits = self._forward(seen)
        loss, _ = self._ops.cross_entropy(logits, due.ravel())
        return Measure(float(loss), float(np.mean(logits.argmax(1) == due.ravel())))

    def ending(self) -> list[str]:
        """A few lines that it says; each begins as one of the text does."""
        rng = np.random.default_rng([self._seed, 1])
        beginnings = sorted({line.split()[0] for line in self._spelled(self._text).splitlines()[2:] if line})
        begun = rng.choice(beginnings, LINES, replace=False)
        return ["it says:", "", *(f"  {self._said(str(word), rng)}" for word in begun)]

    def _said(self, line: str, rng: np.random.Generator) -> str:
        """A line that goes on from its beginning, one character after another."""
        said = [self._letters.index(letter) for letter in f"\n{line}"]
        while len(said) <= LONGEST:
            logits = self._forward(np.array([said[-WINDOW:]]))[-1]
            chances = np.exp(logits - logits.max())
            said.append(int(rng.choice(len(chances), p=chances / chances.sum())))
            if self._letters[said[-1]] == "\n":
                break
        return self._spelled(said).strip()

    def _forward(self, seen: NDArray) -> NDArray:
        """The logits of what comes next, (N * T, V)."""
        characters, positions, *blocks = self._parameters.values
        x = characters[seen] + positions[: seen.shape[1]]
        for at in range(0, len(blocks), OF_BLOCK):
            x, _ = self._ops.transformer_block(x, *blocks[at : at + OF_BLOCK], HEADS)
        return self._logits(x, characters)[0]

    def _logits(self, x: NDArray, characters: NDArray):
        """x times the characters, (N * T, V), and what leads a gradient back to both."""
        outputs = x.reshape(-1, FEATURES)
        size = len(outputs)
        products, grad = self._ops.tied_logits(np.concatenate([outputs, characters]), np.arange(size))

        def through(glogits: NDArray) -> tuple[NDArray, NDArray]:
            (gtable,) = grad(np.concatenate([np.zeros((size, size)), glogits], axis=1))
            return gtable[:size].reshape(x.shape), gtable[size:].copy()

        return products[:, size:], through

    def _adamw(self, w: NDArray, gw: NDArray, m: NDArray, v: NDArray, t: int) -> tuple[NDArray, NDArray, NDArray]:
        return self._ops.adamw(w, gw, m, v, t, RATE * (1 - 0.9 * t / STEPS), 0.9, 0.99, 1e-8, DECAY)

    def _windows(self, starts: NDArray) -> tuple[NDArray, NDArray]:
        """Characters from these places on, (N, T), and those that come after each of them."""
        at = starts[:, None] + np.arange(WINDOW)
        return self._text[at], self._text[at + 1]

    def _spelled(self, numbers) -> str:
        return "".join(self._letters[number] for number in numbers)


def _block(rng: np.random.Generator) -> list[NDArray]:
    """The parameters of a transformer_block, in the order of its arguments."""
    d, h = FEATURES, 4 * FEATURES
    projections = [scaled(rng, (d, d), d) for _ in range(3)] + [scaled(rng, (d, d), 4 * d)]
    layers = [scaled(rng, (d, h), d), np.zeros((1, h)), scaled(rng, (h, d), 4 * h), np.zeros((1, d))]
    return [np.ones(d), np.zeros(d), *projections, np.ones(d), np.zeros(d), *layers]


TRAINING = Training(
    needs=("transformer_block", "tied_logits", "cross_entropy", "adamw"),
    better=(),
    steps=STEPS,
    every=EVERY,
    counted="guessed",
    goal="a loss below 0.5",
    reached=lambda measure: measure.loss < 0.5,
    load=load,
    begin=Zen,
)
