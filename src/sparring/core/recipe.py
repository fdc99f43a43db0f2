"""Recipe: the frozen value that describes a run, apart from its data, length and seed."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sparring.core.errors import InputError, unknown
from sparring.core.part import Part, public_names
from sparring.core.ranges import Amount, Batch, Below, Images, Latent, Rate, check_call
from sparring.core.schedule import SPANS, span_within

SCHEDULED = ("ema", "betas")
"""Fields that may hold a number as well as a schedule."""


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """Everything that makes one training differ from another, made of parts."""

    name: str
    game: Part
    """Built with loss=, terms=, augment= where it takes them."""
    networks: Mapping[str, Part]
    """Network name -> part, built with a Spec; those that no player moves stay as they are."""
    optimizers: Mapping[str, Part]
    """Player name -> part, built with the player's parameters."""
    turns: tuple[str, ...] = ("discriminator", "generator")
    """The players of one step, in order; a name may come several times."""
    warmup: Amount = 0.0
    """Span at the beginning in which a step has other turns: a share of the run up to 1, else
    images."""
    warmup_turns: tuple[str, ...] = ()
    """The players of a step in that span; the last of `turns` alone if none are named."""
    warmup_game: Part | None = None
    """The game of that span, such as one of likelihood, with the same networks; else `game`."""
    loss: Part | None = None
    """Builds the AdversarialLoss."""
    terms: tuple[Part, ...] = ()
    """Each builds a Term."""
    augment: Part | None = None
    """Builds the differentiable augmentation of all that the discriminator sees."""
    seen_as: str = ""
    """The address of a domain that its networks see the samples in, which takes the arguments of
    the data's own and stores alike; the data's own where it is empty."""
    task: Part = dataclasses.field(default_factory=lambda: Part("sparring.tasks.generate:Generate"))
    latent: Latent = 100
    """Numbers in one latent vector."""
    batch: Batch = 64
    """Real samples in one turn, over all processes."""
    steps: Images = 5000
    """Length of a run where neither --steps nor --minutes says otherwise."""
    learning_rates: Mapping[str, Rate | Part] = dataclasses.field(default_factory=dict)
    """Player name -> learning rate, by images seen; the optimiser's own where absent."""
    betas: Below | Part | None = None
    """Adam's second beta by images seen, for all players; the optimisers' own if None."""
    ema: Amount | Part = 0.0
    """Half-life of the averaged generator in images; 0 keeps the last weights."""
    gradients: Mapping[str, Part] = dataclasses.field(default_factory=dict)
    """Player name -> part that builds its Gradients; backward through its costs where absent."""
    clip: Mapping[str, Amount] = dataclasses.field(default_factory=dict)
    """Player name -> limit: after its step all its weights are clipped to [-limit, limit]."""
    precision: str = "auto"
    """"bf16", "fp32", or "auto": bf16 where the hardware multiplies it faster."""

    def __post_init__(self) -> None:
        check_call(type(self), vars(self))
        if not self.turns:
            raise InputError(f"the recipe {self.name!r} has no turns.")
        for player in (*self.turns, *self.warmup_turns, *self.learning_rates, *self.clip):
            if player not in self.optimizers:
                raise unknown("player", player, self.optimizers)
        names = [term.name for term in self.terms]
        for name in names:
            if names.count(name) > 1:
                raise InputError(f"the recipe {self.name!r} has {name} twice; once will do.")

    def replace(self, **changes: Any) -> Recipe:
        """The recipe with these fields changed."""
        return dataclasses.replace(self, **changes)

    def override(self, settings: Mapping[str, Any]) -> Recipe:
        """The recipe with dotted settings changed, such as {"generator.width": 32}.

        A first word names a field, a network, a player's optimiser ("optimizer.generator.lr")
        or a term ("r1.weight"). A whole part ("loss") is changed by the name of another one
        from the same module.

        Raises:
            InputError: a name that is not there, or a value of the wrong kind.
        """
        recipe = self
        for path, value in settings.items():
            recipe = recipe._set(path.split("."), value)
        return recipe

    def _set(self, path: list[str], value: Any) -> Recipe:
        head, rest = path[0], path[1:]
        if head in self.networks:
            return self.replace(networks=_changed(self.networks, head, rest, value))
        if head == "optimizer":
            if not rest:
                players = ", ".join(self.optimizers)
                raise InputError(f"say whose optimizer, as in optimizer.PLAYER.lr ({players}).")
            if rest[1:] == ["lr"] and rest[0] in self.learning_rates:
                rate = f"learning_rate.{rest[0]}"
                raise InputError(
                    f"the {rest[0]}'s learning rate follows a schedule: set {rate} to a number, or "
                    f"{rate}.start and {rate}.end."
                )
            return self.replace(optimizers=_changed(self.optimizers, rest[0], rest[1:], value))
        if head == "clip" and len(rest) == 1:
            return self.replace(clip={**self.clip, rest[0]: _number(head, value)})
        if head == "learning_rate" and rest:
            return self.replace(learning_rates=self._rates(rest, value))
        terms = {term.name: term for term in self.terms}
        if head in terms:
            return self.replace(terms=tuple(_changed(terms, head, rest, value).values()))
        return self._set_field(head, rest, value)

    def _rates(self, path: list[str], value: Any) -> dict[str, float | Part]:
        """Learning rates with a player's replaced by a number, or its schedule changed."""
        player, inner = path[0], path[1:]
        current = self.learning_rates.get(player)
        if not inner:
            return {**self.learning_rates, player: _number("learning_rate", value)}
        if not isinstance(current, Part):
            raise InputError(f"the {player}'s learning rate is no schedule; set it to a number.")
        return {**self.learning_rates, player: _change(current, inner, value)}

    def _set_field(self, head: str, rest: list[str], value: Any) -> Recipe:
        fields = {field.name for field in dataclasses.fields(self)} - {"name"}
        if head not in fields:
            terms = {term.name for term in self.terms}
            raise unknown("setting", head, fields | set(self.networks) | terms | {"optimizer"})
        current = getattr(self, head)
        if head in SCHEDULED and not rest and not isinstance(value, str | Part):
            return self.replace(**{head: _number(head, value)})
        if isinstance(current, Part):
            return self.replace(**{head: _change(current, rest, value)})
        if rest or isinstance(current, Mapping | tuple) or current is None:
            raise InputError(f"the setting {'.'.join([head, *rest])!r} cannot be set this way.")
        return self.replace(**{head: _like(head, current, value)})

    @property
    def images_a_step(self) -> int:
        """Real samples that one step counts: those of the first player's turns."""
        return self.batch * self.turns.count(self.turns[0])

    @property
    def opening(self) -> Recipe:
        """The recipe as it is played in its warm-up."""
        turns = self.warmup_turns or self.turns[-1:]
        return self.replace(turns=turns, game=self.warmup_game or self.game)

    def lasting(self, images: int) -> Recipe:
        """The recipe for a run of so many images, put in the place of all shares of its length."""
        fields = {f.name: _lasting(getattr(self, f.name), images) for f in dataclasses.fields(self)}
        return Recipe(**{**fields, "warmup": span_within(self.warmup, images)})

    @property
    def follows_length(self) -> bool:
        """Whether anything in it depends on the run's length."""
        return self.lasting(2) != self

    def packages(self) -> set[str]:
        """The packages that its parts live in: whom it takes to trust it."""
        return {part.package for part in _parts(vars(self))}

    def to_json(self) -> dict[str, Any]:
        """The recipe in JSON's own types."""
        return {
            field.name: _to_json(getattr(self, field.name)) for field in dataclasses.fields(self)
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any], trusted: Iterable[str] = ()) -> Recipe:
        """Read a recipe back.

        Raises:
            InputError: a field that this version does not know, or an untrusted call.
        """
        known = {field.name for field in dataclasses.fields(cls)}
        for name in data:
            if name not in known:
                raise unknown("field of the recipe file", name, known)
        return cls(**{name: _from_json(value, trusted) for name, value in data.items()})


def _lasting(value: Any, images: int) -> Any:
    """The value with the shares in all schedules turned into images."""
    if isinstance(value, Mapping):
        return {name: _lasting(item, images) for name, item in value.items()}
    if isinstance(value, tuple):
        return tuple(_lasting(item, images) for item in value)
    if not isinstance(value, Part):
        return value
    arguments = {name: _lasting(item, images) for name, item in value.arguments.items()}
    if value.call.startswith("sparring.core.schedule:"):
        if value.accepts("images"):
            arguments.setdefault("images", 1.0)
        spans = {name: arguments[name] for name in SPANS if name in arguments}
        arguments |= {name: span_within(span, images) for name, span in spans.items()}
    return Part(value.call, **arguments)


def _parts(value: Any) -> Iterator[Part]:
    """Every part in nested mappings, tuples and parts."""
    if isinstance(value, Part):
        yield value
        value = value.arguments
    inner = value.values() if isinstance(value, Mapping) else value
    if isinstance(inner, Iterable) and not isinstance(inner, str):
        for item in inner:
            yield from _parts(item)


def _changed(parts: Mapping[str, Part], name: str, rest: list[str], value: Any) -> dict[str, Part]:
    if name not in parts:
        raise unknown("setting", name, parts)
    return {**parts, name: _change(parts[name], rest, value)}


def _change(part: Part, rest: list[str], value: Any) -> Part:
    if not rest:
        return _swap(part, value)
    if len(rest) == 1:
        return part.replace(**{rest[0]: value})
    inner = part.arguments.get(rest[0])
    if not isinstance(inner, Part):
        raise InputError(f"{'.'.join(rest)!r} of {part.name} cannot be set: it has no parts.")
    return part.replace(**{rest[0]: _change(inner, rest[1:], value)})


def _swap(part: Part, value: Any) -> Part:
    """Another part from the same module, keeping the keywords that both take."""
    if isinstance(value, Part):
        return value
    module = part.call.partition(":")[0]
    if ":" not in str(value) and value not in public_names(module):
        raise unknown(f"name in {module}", str(value), public_names(module))
    other = Part(str(value) if ":" in str(value) else f"{module}:{value}")
    return other.replace(**{n: v for n, v in part.arguments.items() if other.accepts(n)})


def _number(name: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InputError(f"{name} must be a number, not {value!r}.")
    return float(value)


def _like(name: str, current: Any, value: Any) -> Any:
    if isinstance(value, Part):
        return value
    if isinstance(current, float):
        return _number(name, value)
    if type(value) is not type(current):
        kind = type(current).__name__
        raise InputError(f"{name} must be of type {kind}, not {value!r}.")
    return value


def _to_json(value: Any) -> Any:
    if isinstance(value, Part):
        return value.to_json()
    if isinstance(value, Mapping):
        return {name: _to_json(item) for name, item in value.items()}
    return [_to_json(item) for item in value] if isinstance(value, tuple) else value


def _from_json(value: Any, trusted: Iterable[str]) -> Any:
    if isinstance(value, Mapping):
        if "call" in value:
            return Part.from_json(value, trusted)
        return {name: _from_json(item, trusted) for name, item in value.items()}
    return tuple(_from_json(v, trusted) for v in value) if isinstance(value, list) else value
