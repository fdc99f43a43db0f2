"""What a condition says as numbers: sentences read word by word, beside labels and vectors."""

from __future__ import annotations

import dataclasses
import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from sparring.core.types import Condition, Spec
from sparring.networks.conditioning import describe, embedding, known, present, without_map
from sparring.networks.layers import draw, gain

DILATIONS = (1, 2, 4)
"""How far the words lie apart that each layer looks at: seven to both sides in all."""
SLOPE = 0.2


class Description(nn.Module):
    """All that a condition tells, as (N, size): the sentence, and labels and vectors added to it.

    Where nothing is told it is zeros.

    Raises:
        InputError: the condition has a map.
    """

    def __init__(self, spec: Spec, size: int) -> None:
        super().__init__()
        without_map(spec)
        self.size = size
        self.beside = dataclasses.replace(spec, tokens=())
        self.embed = embedding(self.beside, size) if known(self.beside) else None
        self.sentence = Sentence(spec.tokens[0], size) if spec.tokens else None

    def forward(self, condition: Condition, like: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """What is told (N, size), the words (N, T, size), and which of these there are (N, T).

        Without tokens there is one word, which is all that is told. `like` is of N samples.
        """
        told = like.new_zeros(len(like), self.size)
        if self.embed is not None:
            told = self.embed(describe(self.beside, condition))
        if self.sentence is None:
            return told, told[:, None], told.new_ones(len(told), 1)
        said, words, there = self.sentence(present(condition.tokens, "tokens"))
        return told + said, words, there


class Sentence(nn.Module):
    """Tokens to one row of numbers and one for each word: an embedding, then convolutions.

    Convolutions over words tell red hair and a blue shirt from blue hair and a red shirt, which
    have the same words.
    """

    def __init__(self, vocabulary: int, size: int) -> None:
        super().__init__()
        self.words = nn.Parameter(torch.empty(vocabulary, size))
        layers = [nn.Conv1d(size, size, 3, padding=apart, dilation=apart) for apart in DILATIONS]
        self.layers = nn.ModuleList(layers)
        self.last = nn.Linear(size, size)
        draw(self.words, 1.0)
        for layer in layers:
            draw(layer.weight, gain(SLOPE) / math.sqrt(3 * size))
            nn.init.zeros_(layer.bias)  # type: ignore[arg-type]
        # Leaky ReLUs leave a mean that all words share and that a sum piles up.
        draw(self.last.weight, 0.25 / math.sqrt(size))
        nn.init.zeros_(self.last.bias)

    def forward(self, tokens: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """The sentence (N, size), its words (N, T, size), and which there are (N, T) in [0, 1].

        Tokens are (N, T) int64, or between sentences the shares of each word (N, T, vocabulary).
        """
        words, there = self._embedded(tokens)
        hidden, seen = words.transpose(1, 2), there[:, None]
        for layer in self.layers:
            # The scale keeps the variance of a sum of two; what is no word stays 0.
            hidden = (hidden + F.leaky_relu(layer(hidden), SLOPE)) * seen * math.sqrt(0.5)
        # Divided by the root: as large for a sentence of many words as for one of a few.
        whole = hidden.sum(2) / there.sum(1, keepdim=True).clamp_min(1.0).sqrt()
        return self.last(whole), hidden.transpose(1, 2), there

    def _embedded(self, tokens: Tensor) -> tuple[Tensor, Tensor]:
        if tokens.is_floating_point():
            return tokens @ self.words, tokens.sum(2).clamp(0.0, 1.0)
        there = (tokens >= 0).float()
        return F.embedding(tokens.clamp_min(0), self.words) * there[:, :, None], there
