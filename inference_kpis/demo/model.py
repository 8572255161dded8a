"""A model that is small and real: a recurrent network with fixed weights that writes one character at a time.

Its words are nonsense, its work is not: every token costs `width`² multiplications, so a larger model is slower for the
reason that larger models are.
"""

import math
import random
from array import array
from collections.abc import Iterator
from operator import mul

ALPHABET = "abcdefghijklmnopqrstuvwxyz ,.'"
LONGEST_OUTPUT = 64


class TooLong(Exception):
    """More tokens were asked for than the model can give."""


class Model:
    def __init__(self, width: int, seed: int = 7) -> None:
        numbers = random.Random(seed)
        scale = 1.2 / math.sqrt(width)
        self.recurrent = [array("d", (numbers.gauss(0, scale) for _ in range(width))) for _ in range(width)]
        self.inputs = {char: [numbers.gauss(0, 1) for _ in range(width)] for char in ALPHABET}
        self.outputs = [[numbers.gauss(0, 1) for _ in range(width)] for _ in ALPHABET]
        self.width = width

    def generate(self, prompt: str, tokens: int, choice: random.Random) -> Iterator[str]:
        """Yield `tokens` characters after reading the prompt. Raises `TooLong`."""
        if tokens > LONGEST_OUTPUT:
            raise TooLong
        state = [0.0] * self.width
        for char in prompt:
            state = self._step(state, char)
        for _ in range(tokens):
            scores = [math.exp(min(sum(map(mul, row, state)), 30.0)) for row in self.outputs]
            char = choice.choices(ALPHABET, scores)[0]
            yield char
            state = self._step(state, char)

    def _step(self, state: list[float], char: str) -> list[float]:
        added = self.inputs[char if char in self.inputs else " "]
        return [math.tanh(sum(map(mul, row, state)) + bias) for row, bias in zip(self.recurrent, added, strict=True)]
