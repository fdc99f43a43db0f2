"""`sparring train RECIPE`, `resume`, `recipes`: each recipe function is a verb of its own."""

from __future__ import annotations

import inspect
import os
import re
import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
import typer.core
from rich.console import Console
from rich.table import Table

from sparring.cli import completion, reading
from sparring.cli.app import app, verb, with_examples
from sparring.cli.flags import decoded, own_flags, summary
from sparring.cli.values import names_of, settings_of
from sparring.core.errors import shown, unknown
from sparring.core.recipe import Recipe
from sparring.recipes import choices, flags_of, recipe_functions, recipe_named

if TYPE_CHECKING:
    from sparring.artifact.model import Model

RUN, SHAPE, WATCH = "The run", "Crossing: any loss, penalty, network", "While it trains"


class RecipeGroup(typer.core.TyperGroup):
    """The recipes as verbs: underscores are dashes, and a wrong name is met with the nearest."""

    def get_command(self, ctx: Any, name: str) -> Any:
        """The recipe's command.

        Raises:
            InputError: no such recipe.
        """
        found = super().get_command(ctx, name.replace("_", "-"))
        if found is None and not ctx.resilient_parsing:
            raise unknown("recipe", name, self.commands)
        return found


train = typer.Typer(
    cls=RecipeGroup,
    no_args_is_help=True,
    help=with_examples(
        "Train a recipe on data; each recipe has its own flags beside the common ones.",
        (
            "sparring train r3 --data digits --minutes 2",
            "sparring train dcgan --data photos/ --size 64 --run runs/photos --steps 20000",
            "sparring train gan --data digits --loss relativistic --penalty r1,r2 --gamma 0.5",
            "sparring train wgan-gp --help",
        ),
    ),
)
app.add_typer(train, name="train")


@dataclass(frozen=True, kw_only=True)
class Common:
    """The flags of every recipe, as Typer reads them and as they were given."""

    data: Annotated[
        str,
        typer.Option(
            help="A pack (digits, fashion), toy (ring8), folder, file, or Hugging Face name.",
            rich_help_panel=RUN,
            autocompletion=completion.data,
        ),
    ]
    run: Annotated[
        Path | None,
        typer.Option(
            help="The folder to make; runs/RECIPE-DATA if not given.", rich_help_panel=RUN
        ),
    ] = None
    steps: Annotated[int | None, typer.Option(help="Train so long.", rich_help_panel=RUN)] = None
    minutes: Annotated[
        float | None, typer.Option(help="Or train for so many minutes.", rich_help_panel=RUN)
    ] = None
    batch: Annotated[int | None, typer.Option(help="Real samples a turn.", rich_help_panel=RUN)] = (
        None
    )
    from_: Annotated[
        Path | None,
        typer.Option(
            "--from",
            help="A run, checkpoint or model whose weights to start from.",
            rich_help_panel=RUN,
        ),
    ] = None
    trust: Annotated[
        list[str] | None,
        typer.Option(help="A package that reads data of a kind of its own.", rich_help_panel=RUN),
    ] = None
    seed: Annotated[int, typer.Option(help="All randomness follows.", rich_help_panel=RUN)] = 0
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace a run.", rich_help_panel=RUN)
    ] = False
    reading: Mapping[str, Any]
    """The flags of `reading.FLAGS`."""
    loss: Annotated[
        str | None,
        typer.Option(
            help="Such as hinge or wasserstein.",
            rich_help_panel=SHAPE,
            autocompletion=completion.losses,
        ),
    ] = None
    penalty: Annotated[
        str | None,
        typer.Option(
            help="Exactly these, with commas: r1, r2, gradient-penalty, dragan, lecam, "
            "finite-r1, finite-r2, clip, spectral-norm, none.",
            rich_help_panel=SHAPE,
            autocompletion=completion.penalties,
        ),
    ] = None
    gamma: Annotated[
        float | None, typer.Option(help="The penalties' weight.", rich_help_panel=SHAPE)
    ] = None
    every: Annotated[
        int | None,
        typer.Option(help="Penalties are due every so manieth step.", rich_help_panel=SHAPE),
    ] = None
    network: Annotated[
        str | None,
        typer.Option(help="dense, dcgan, convolutional or residual.", rich_help_panel=SHAPE),
    ] = None
    augment: Annotated[
        str | None,
        typer.Option(
            help="POLICY/STRENGTH: default/adaptive, translate,cutout/0.3, default/0..0.3, none.",
            rich_help_panel=SHAPE,
        ),
    ] = None
    conditional: Annotated[
        bool, typer.Option("--conditional", help="Tell the label.", rich_help_panel=SHAPE)
    ] = False
    set_: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="KEY=VALUE",
            help="Any setting, such as generator.width=32; may be repeated.",
            rich_help_panel=SHAPE,
        ),
    ] = None
    log_every: Annotated[
        str | None, typer.Option(help="Steps, or minutes: 50, 1min.", rich_help_panel=WATCH)
    ] = None
    sample_every: Annotated[
        str | None,
        typer.Option(help="As above; about ten in the run by default.", rich_help_panel=WATCH),
    ] = None
    checkpoint_every: Annotated[
        str | None,
        typer.Option(help="As above; every few minutes by default.", rich_help_panel=WATCH),
    ] = None
    score_every: Annotated[
        str, typer.Option(help="As above; 0 is never.", rich_help_panel=WATCH)
    ] = "0"
    keep: Annotated[
        int, typer.Option(min=1, help="Checkpoints, beside the best.", rich_help_panel=WATCH)
    ] = 2
    track: Annotated[
        str | None,
        typer.Option(help="tensorboard, wandb or trackio.", rich_help_panel=WATCH),
    ] = None
    quiet: Annotated[
        bool, typer.Option("--quiet", help="No progress bar.", rich_help_panel=WATCH)
    ] = False


OWN = inspect.signature(Common, eval_str=True).parameters
COMMON = {**{name: p for name, p in OWN.items() if name != "reading"}, **reading.FLAGS}
CROSSING = ("loss", "penalty", "gamma", "every", "network", "augment", "conditional")
"""Common flags that give way to a recipe's own of the same name."""
LENGTHS = ("batch", "steps")
"""Common flags that a recipe function may want to know as well."""
EXAMPLES = {
    "paired": "emoji:google-twitter",
    "unpaired": "terrain:summer-winter",
    "mending": "landscapes",
    "sound": "drums",
    "timbre": "notes:piano-violin",
    "photo2emoji": "things",
}
"""Recipe, or room of recipes -> data that they can be tried on; digits for all others."""
CONTEXT = inspect.Parameter("context", inspect.Parameter.KEYWORD_ONLY, annotation=typer.Context)
"""Where Typer hands over what the command line was called with."""


def _add(name: str, function: Callable[..., Recipe]) -> None:
    """Make the recipe a verb, with a signature of its own flags and the common ones."""
    own = own_flags(function, [n for n in (*COMMON, "rank") if n not in CROSSING])
    mine = {parameter.name for parameter in own}
    shared = [p for n, p in COMMON.items() if n not in mine]

    def command(context: typer.Context, **given: Any) -> None:
        flags = decoded(function, {n: given.pop(n) for n in mine})
        asked = {n: given.pop(n) for n in reading.FLAGS if n in given}
        _train(name, flags, Common(**given, reading=asked), context.find_root().obj)

    # Typer reads flags off a signature, so one is made for it.
    signature = [CONTEXT, *own, *shared]
    command.__signature__ = inspect.Signature(signature)  # type: ignore[attr-defined]
    command.__annotations__ = {p.name: p.annotation for p in signature}
    room = EXAMPLES.get(function.__module__.rpartition(".")[2], "digits")
    data = EXAMPLES.get(name, room)
    examples = (f"sparring train {name} --data {data} --minutes 2",)
    train.command(name, help=with_examples(summary(function), examples))(command)


def _train(name: str, own: dict[str, Any], common: Common, words: Sequence[str] | None) -> None:
    """Train the recipe with its own flags and the common ones, and tell what to do next."""
    from sparring.training.budget import Intervals
    from sparring.verbs.run import train as train_run

    run = common.run or default_run(name, common.data)
    model = train_run(
        recipe_maker(name, own, common),
        common.data,
        run,
        steps=common.steps,
        minutes=common.minutes,
        batch=common.batch,
        seed=common.seed,
        settings=settings_of(common.set_ or ()),
        intervals=Intervals(
            log=common.log_every,
            sample=common.sample_every,
            checkpoint=common.checkpoint_every,
            score=common.score_every,
            keep=common.keep,
        ),
        overwrite=common.overwrite,
        track=names_of(common.track),
        quiet=common.quiet,
        trusted=common.trust or (),
        initial=common.from_,
        command=shlex.join(["sparring", *words]) if words else None,
        **reading.options_of(common.reading),
    )
    tell_next(run, model)


def recipe_maker(name: str, own: dict[str, Any], common: Common) -> Callable[[int], Recipe]:
    """What makes the recipe that the flags describe, from the rank of the data.

    Raises:
        InputError: flags that no data can mend; they are met before the data are read.
    """
    # A recipe's own choice of network is made here as well, so that every network will do.
    network = own.pop("network", common.network)
    known = flags_of(recipe_functions()[name])
    lengths = {n: getattr(common, n) for n in LENGTHS if n in known}
    flags = own | {n: value for n, value in lengths.items() if value is not None}

    def make(rank: int) -> Recipe:
        recipe = recipe_named(name, flags, rank)
        recipe = choices.with_loss(recipe, common.loss) if common.loss else recipe
        recipe = choices.with_network(recipe, network) if network else recipe
        recipe = _penalised(recipe, own, common)
        recipe = choices.with_augment(recipe, common.augment) if common.augment else recipe
        return choices.with_labels(recipe) if common.conditional else recipe

    recipe_named(name, flags)
    return make


def _penalised(recipe: Recipe, own: Mapping[str, Any], common: Common) -> Recipe:
    """The recipe with the penalties that were asked for.

    Its own weight and interval outlive a change of penalty, where it has flags for them.
    """
    penalties = names_of(common.penalty)
    told: dict[str, Any] = {"gamma": common.gamma, "every": common.every}
    if penalties:
        kept = choices.penalty_settings(recipe)
        told |= {n: own[n] if own[n] is not None else kept.get(n) for n in told if n in own}
    if not penalties and told == {"gamma": None, "every": None}:
        return recipe
    return choices.with_penalty(recipe, penalties, told["gamma"], told["every"])


def default_run(recipe: str, data: str) -> Path:
    """runs/RECIPE-DATA."""
    word = re.sub(r"\W+", "-", data.rstrip("/").rpartition("/")[2]).strip("-")
    return Path("runs") / f"{recipe}-{word or 'data'}"


def tell_next(run: Path, model: Model) -> None:
    """Say where the run lies and which verbs go on from it; only the main process speaks."""
    if os.environ.get("RANK", "0") != "0":
        return
    from sparring.training import checkpoint

    done = checkpoint.steps(run)
    print(shown(f"{run}: {done[-1] if done else 0} steps done."))
    for line in next_steps(model, run):
        print(shown(f"  sparring {line}"))


def next_steps(model: Model, run: Path) -> list[str]:
    """The verbs that go on from a run, as they work for its model."""
    from sparring.verbs.usage import usage

    place = shlex.quote(str(run))
    first = usage(model.manifest, place)
    trust = "".join(f" --trust {package}" for package in model.manifest.trusted())
    return [f"{line}{trust}" for line in (first, f"evaluate {place}", f"report {place}")]


for _name, _function in recipe_functions().items():
    _add(_name, _function)


@verb(app, "sparring resume runs/photos", "sparring resume runs/photos --steps 40000")
def resume(
    run: Annotated[Path, typer.Argument(help="The run's folder.", show_default=False)],
    data: Annotated[
        str | None,
        typer.Option(
            help="Where the same data lie now, if they have moved.",
            autocompletion=completion.data,
        ),
    ] = None,
    steps: Annotated[
        int | None, typer.Option(help="A new end, counted from the run's start.")
    ] = None,
    minutes: Annotated[
        float | None, typer.Option(help="A new budget, counted from the run's start.")
    ] = None,
    stretch: Annotated[
        bool,
        typer.Option("--stretch", help="Draw schedules out over the new length, too."),
    ] = False,
    trust: Annotated[
        list[str] | None, typer.Option(help="A package that the run's recipe may call.")
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress bar.")] = False,
) -> None:
    """Go on with a run from its last whole checkpoint, exactly as if it had never stopped."""
    from sparring.verbs.run import resume as resume_run

    model = resume_run(
        run,
        data=data,
        steps=steps,
        minutes=minutes,
        stretch=stretch,
        quiet=quiet,
        trusted=trust or (),
    )
    tell_next(run, model)


@verb(app, "sparring recipes", "sparring train dcgan --help")
def recipes() -> None:
    """List the recipes."""
    table = Table("recipe", "what it is", box=None, header_style="bold", pad_edge=False)
    for name, function in recipe_functions().items():
        table.add_row(name, summary(function))
    Console().print(table)
