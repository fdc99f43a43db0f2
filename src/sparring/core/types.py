"""The dictionary: the values that data, networks, losses, games and the loop hand to each other.

Nothing here imports torch at run time, so recipes and `--help` stay quick.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, Protocol

from sparring.core.domain import Domain, Files, Masker, Opened
from sparring.core.ranges import Count, Extent, Latent

if TYPE_CHECKING:
    import torch
    from torch import Tensor, nn

    from sparring.metrics.judging import Baseline, Judging, Score

Items = Mapping[str, "Tensor"]
"""Items, batch first: "sample" (N, ...) and, where the data has them, "label" (N,) int64, -1 where
it is unknown, "vector" (N, F) float32, "tokens" (N, T) int64, -1 after the last one, and "source"
(N, ...), what the sample is to be made from."""


class Block(NamedTuple):
    """Numbers of a sample that belong together, side by side along its first axis."""

    size: int
    head: str
    """"tanh" for [-1, 1], "linear" for unbounded, "softmax" for shares that add up to 1."""


@dataclass(frozen=True)
class Spec:
    """What networks are built from; they know nothing else of the data."""

    shape: tuple[Extent, ...]
    """One sample, channels first: (C, H, W) for pictures, (F,) for points."""
    latent: Latent
    """Numbers in one latent vector."""
    classes: Count = 0
    """Number of labels a condition may hold; 0 where it holds none."""
    vector: Latent = 0
    """Length of the condition's vector; 0 where it holds none."""
    map: tuple[Extent, ...] = ()
    """The condition's map, channels first: (C, *space); empty where it holds none."""
    head: str = "tanh"
    """Range of a sample: "tanh" for [-1, 1], "linear" for unbounded, "opacity" for [-1, 1] where
    the last channel says how much is seen of the others, which lie on white."""
    tokens: tuple[int, ...] = ()
    """The condition's tokens: (vocabulary, most of them in a row); empty where it holds none."""
    blocks: tuple[Block, ...] = ()
    """What a sample is made of, where its numbers are not all of one head."""

    def turned(self) -> Spec:
        """The same for networks that make or judge sources: sample and map change places."""
        return replace(self, shape=self.map, map=self.shape, head="tanh", blocks=())

    @property
    def conditions(self) -> frozenset[str]:
        """The fields that a condition has."""
        sizes = {name: getattr(self, name) for name in ("vector", "map", "tokens")}
        return frozenset(name for name, size in {"label": self.classes, **sizes}.items() if size)

    @property
    def map_channels(self) -> int:
        """Channels of the condition's map; 0 where it holds none."""
        return self.map[0] if self.map else 0


class Condition(NamedTuple):
    """What the generator is told and the discriminator knows; every field is optional."""

    label: Tensor | None = None
    """(N,) int64, -1 where it is unknown; between labels their shares, (N, classes) float32."""
    vector: Tensor | None = None
    """(N, F) float32: attributes, an embedding."""
    map: Tensor | None = None
    """(N, C, *space) float32: a picture, a one-hot layout, a mask."""
    tokens: Tensor | None = None
    """(N, T) int64: a text, from 0; -1 after its last token."""

    def apply(self, change: Callable[[Tensor], Tensor]) -> Condition:
        """The condition with `change` applied to every field that is present."""
        return Condition(*(None if value is None else change(value) for value in self))

    def rows(self, rows: slice) -> Condition:
        """The condition of these samples only."""
        return self.apply(lambda value: value[rows])

    def to(self, device: torch.device | str) -> Condition:
        """The condition on `device`."""
        return self.apply(lambda value: value.to(device))


class Batch(NamedTuple):
    """Encoded samples with what is known of them."""

    real: Tensor
    condition: Condition
    """What the generator is told."""
    own: Condition | None = None
    """What is true of the real samples, where the generator is told another thing."""
    wanted: Condition | None = None
    """What shall be true of the fakes, where the generator is told less: only what shall change."""

    def apply(self, change: Callable[[Tensor], Tensor]) -> Batch:
        """The batch with `change` applied to the samples and to all conditions."""
        own, wanted = (None if one is None else one.apply(change) for one in self[2:])
        return Batch(change(self.real), self.condition.apply(change), own, wanted)

    def rows(self, rows: slice) -> Batch:
        """These samples only."""
        return self.apply(lambda value: value[rows])


class Verdict(NamedTuple):
    """A discriminator's answer for N samples."""

    logits: Tensor
    """(N, K): K = 1 for a whole-sample verdict, more for patches or encoders."""
    features: tuple[Tensor, ...] = ()
    """Inner activations, for feature matching; empty where the network keeps none."""
    classes: Tensor | None = None
    """(N, classes) logits of an auxiliary classifier, where there is one."""
    seen: tuple[Tensor, ...] = ()
    """What it made of samples before any weight; if anything, R1 and R2 measure slopes there."""
    rows: slice = slice(None)
    """Which rows of `seen` are these samples."""


class Turn(NamedTuple):
    """One player's turn: when it is, its random latent, and how to average over processes."""

    step: int
    images: int
    """Real samples seen by the run before this step."""
    latent: Tensor
    """(N, latent) standard normal, fresh for this turn."""
    mean: Callable[[Tensor], Tensor]
    """Averages a detached tensor over all processes."""


class Played(NamedTuple):
    """What a turn cost."""

    losses: dict[str, Tensor]
    """Scalars by name; the loop adds them up and calls backward."""
    stats: dict[str, Tensor]
    """Detached scalars worth a line in the log."""


Play = Callable[[Batch, Turn], Played]
"""What a player pays for a batch in a turn."""


class Gradients(Protocol):
    """How a player's gradients come about, where not by going backward through its costs."""

    def __call__(
        self, play: Play, batch: Batch, turn: Turn, parameters: Sequence[nn.Parameter]
    ) -> Played:
        """Leave gradients on the parameters; what was played is returned for the log."""


Measure = Callable[["Round"], "Tensor"]
Networks = Mapping[str, Callable[..., Any]]
Finish = Callable[["Tensor", "Condition"], "Tensor"]
"""Fakes (N, *shape) and their conditions to finished samples: a task's last touch."""


@dataclass(frozen=True)
class Term:
    """One extra cost of a player: a penalty, a reconstruction error."""

    name: str
    player: str
    measure: Measure
    """Maps the round to a scalar; an nn.Module here has its state saved with the run."""
    weight: Callable[[int], float]
    """The weight after so many images seen."""
    every: int = 1
    """Due on every so manieth step only, and then weighed that many times."""
    gradients: frozenset[str] = frozenset()
    """The discriminator inputs ("real", "fake") whose gradient `measure` reads."""
    reads_real: bool = False
    """Whether a generator's term reads the verdict on real samples."""


@dataclass
class Round:
    """All that was played in one turn of a duel, as terms see it."""

    turn: Turn
    real: Tensor
    """(N, *shape), before augmentation."""
    fake: Tensor
    """(N, *shape), before augmentation; detached in the discriminator's turn."""
    condition: Condition
    """What the discriminator is told of fakes."""
    real_verdict: Verdict | None
    """None in the generator's turn unless the loss is relativistic or a term reads it."""
    fake_verdict: Verdict
    discriminate: Callable[..., Verdict]
    """Samples, and a condition if not this round's, to the verdict on them augmented."""
    watched: tuple[str, ...] = ()
    """The inputs ("real", "fake") that carry a gradient this round."""
    own: Condition | None = None
    """What is true of the real samples, where the condition says another thing."""
    networks: Networks = field(default_factory=dict)
    """All networks of the recipe; those that no player moves, a victim or a critic, are frozen."""
    asked: Condition | None = None
    """What the generator was told."""
    _gradients: dict[str, Tensor] = field(default_factory=dict)

    def discriminate_as(self, which: str, samples: Tensor) -> Verdict:
        """The verdict on samples under the condition of the "real" or "fake" ones."""
        if which == "fake" or self.own is None:
            return self.discriminate(samples)
        return self.discriminate(samples, self.own)

    def gradient(self, which: str) -> Tensor:
        """d(verdict)/d(input) in float32, (N, *shape), itself differentiable.

        The input is the sample, or where a discriminator says what it has `seen`, all of that in
        one row, (N, numbers).

        A verdict on a sample is the mean of its K logits, so that a penalty weighs the same
        whether a discriminator judges whole pictures or patches.

        All watched inputs are differentiated in one backward pass, whichever is asked first.
        """
        if not self._gradients:
            self._gradients.update(self._differentiate())
        return self._gradients[which]

    def _differentiate(self) -> dict[str, Tensor]:
        import torch

        verdicts = {name: getattr(self, f"{name}_verdict") for name in self.watched}
        total = torch.stack([one.logits.float().mean(1).sum() for one in verdicts.values()]).sum()
        seen = {name: one.seen or (getattr(self, name),) for name, one in verdicts.items()}
        inputs = [part for parts in seen.values() for part in parts]
        found = iter(torch.autograd.grad(total, inputs, create_graph=True))
        gradients = {name: [next(found).float() for _ in parts] for name, parts in seen.items()}
        return {name: _in_a_row(parts, verdicts[name]) for name, parts in gradients.items()}


def _in_a_row(gradients: list[Tensor], verdict: Verdict) -> Tensor:
    """The rows of a verdict, of all that it saw."""
    import torch

    if not verdict.seen:
        return gradients[0]
    return torch.cat([part[verdict.rows].flatten(1) for part in gradients], dim=1)


@dataclass(frozen=True)
class AdversarialLoss:
    """What both players pay, from logits of shape (N, K); each function returns a scalar."""

    discriminator: Callable[[Tensor, Tensor], Tensor]
    """(real_logits, fake_logits) -> scalar."""
    generator: Callable[[Tensor, Tensor], Tensor]
    """(real_logits, fake_logits) -> scalar; real_logits is only read where `relativistic`."""
    relativistic: bool = False
    """Whether the generator's turn needs logits of fresh real samples."""
    boundary: float | None = 0.0
    """The logit of an undecided discriminator; None where only differences mean something."""


class Augmentation(Protocol):
    """A random, differentiable change to all that the discriminator sees."""

    def __call__(self, samples: Tensor, images: int) -> Tensor:
        """Changed samples (N, *shape), after so many images."""

    def update(
        self,
        real_logits: Tensor,
        fake_logits: Tensor,
        images: int,
        mean: Callable[[Tensor], Tensor],
    ) -> None:
        """Take note of verdicts, where the strength depends on them."""

    def strength_at(self, images: int) -> float:
        """The probability of a change, for the log."""


class Task(Protocol):
    """A pure function from items to what is real and what is known, and back."""

    @property
    def conditions(self) -> frozenset[str]:
        """Which fields of a Condition it gives, such as {"label", "map"}."""

    @property
    def abilities(self) -> frozenset[str]:
        """What its models can do, in words that the command line's verbs are called by.

        They "sample" from nothing, or "translate", and then perhaps also "repair", "upscale" or
        "blend"; with "mask" they are told which part to work on, with "fewer" they can do with the
        first of what their sources are made of.
        """

    @property
    def sources(self) -> str:
        """Which "source" its items need: "none", "paired" or "unpaired" (drawn on its own)."""

    def map_shape(self, sample: tuple[int, ...], source: tuple[int, ...]) -> tuple[int, ...]:
        """The condition's map for samples and sources of these shapes; () where it has none."""

    def prepare(self, items: Items) -> Batch:
        """Encoded items to a batch; random choices come from torch's default generator."""

    def known(self, items: Items) -> Condition:
        """What is known of encoded items of which there is no sample, only a source."""

    def finish(self, fake: Tensor, condition: Condition) -> Tensor:
        """A generated sample to the finished one."""

    def measures(self, judging: Judging) -> Mapping[str, Score]:
        """Of what is measured on each sample and its true partner; none where it has none."""

    def baselines(
        self, judging: Judging, source: Domain, targets: Callable[[], Tensor]
    ) -> Mapping[str, Baseline]:
        """What can be had without learning, of sources in this domain.

        `targets()` gives encoded training samples.
        """

    def shown(self, condition: Condition) -> Tensor:
        """What of the condition is for the eye, encoded as sources are; only where it has a map."""


class Game(Protocol):
    """Who plays whom and what each player pays; it never calls backward."""

    players: ClassVar[Mapping[str, tuple[str, ...]]]
    """Player name -> the networks that move in its turn."""
    kept: ClassVar[tuple[str, ...]]
    """The networks that the trained model keeps, averaged (EMA)."""
    swapped: ClassVar[frozenset[str]]
    """Networks that make or judge sources instead of samples."""
    doors: ClassVar[frozenset[str]]
    """Which of these methods it has beside those below, all with networks in front:

    "reverse" (latent, condition), sources of samples given as the condition's map; "encode"
    (samples, condition), mean and log-variance of their latents; "reconstruct" (samples,
    condition), the samples made again from these; and, without networks, "strength" (images),
    the probability of an augmentation.
    """

    def losses(self, player: str, networks: Networks, batch: Batch, turn: Turn) -> Played:
        """What `player` pays in this turn."""

    def generate(self, networks: Networks, latent: Tensor, condition: Condition) -> Tensor:
        """Samples (N, *shape) for latents (N, latent)."""

    def state_dict(self) -> dict[str, Any]:
        """State of the game itself: augmentation strength, moving anchors."""

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> Any:
        """Take that state back."""


def door(game: Game, name: str) -> Callable[..., Any] | None:
    """The game's method of that name, where it says that it has it."""
    return getattr(game, name) if name in game.doors else None  # type: ignore[no-any-return]


class Store(Protocol):
    """Items that can be taken by index, wherever they live."""

    def __len__(self) -> int: ...

    def take(self, indices: Tensor) -> dict[str, Tensor]:
        """The items at `indices` (N,) int64."""


__all__ = [
    "AdversarialLoss",
    "Augmentation",
    "Batch",
    "Block",
    "Condition",
    "Domain",
    "Files",
    "Game",
    "Gradients",
    "Items",
    "Masker",
    "Measure",
    "Networks",
    "Opened",
    "Play",
    "Played",
    "Round",
    "Spec",
    "Store",
    "Task",
    "Term",
    "Turn",
    "Verdict",
    "door",
]
