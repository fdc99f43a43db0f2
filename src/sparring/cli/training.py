"""`sparring train RECIPE`, `resume`, `recipes`: each recipe function is a verb of its own."""

from __future__ import annotations

import inspect
import os
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any

import typer
import typer.core
from rich.console import Console
from rich.table import Table

from sparring.cli.app import app, verb, with_examples
from sparring.cli.flags import decoded, own_flags, summary
from sparring.cli.values import names_of, settings_of, size_of
from sparring.core.errors import unknown
from sparring.core.recipe import Recipe
from sparring.recipes import choices, recipe_functions, recipe_named

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
            "sparring train gan --data ring8 --loss relativistic --penalty r1,r2 --gamma 0.5",
            "sparring train wgan-gp --help",
        ),
    ),
)
app.add_typer(train, name="train")


def _common(
    *,
    data: Annotated[
        str,
        typer.Option(
            help="A pack (digits, fashion), toy (ring8), folder, file, or Hugging Face name.",
            rich_help_panel=RUN,
        ),
    ],
    run: Annotated[
        Path | None,
        typer.Option(
            help="The folder to make; runs/RECIPE-DATA if not given.", rich_help_panel=RUN
        ),
    ] = None,
    steps: Annotated[int | None, typer.Option(help="Train so long.", rich_help_panel=RUN)] = None,
    minutes: Annotated[
        float | None, typer.Option(help="Or train for so many minutes.", rich_help_panel=RUN)
    ] = None,
    batch: Annotated[
        int | None, typer.Option(help="Real samples a turn.", rich_help_panel=RUN)
    ] = None,
    size: Annotated[
        str | None,
        typer.Option(help="N or HxW: pictures are cropped and scaled to it.", rich_help_panel=RUN),
    ] = None,
    channels: Annotated[
        int | None,
        typer.Option(help="1 grey, 3 colour, 4 with opacity.", rich_help_panel=RUN),
    ] = None,
    pairs: Annotated[
        str | None,
        typer.Option(
            help="How a folder holds A and B: stems, unpaired, side-by-side, none; and reverse, "
            "for B to A.",
            rich_help_panel=RUN,
        ),
    ] = None,
    trust: Annotated[
        list[str] | None,
        typer.Option(help="A package that reads data of a kind of its own.", rich_help_panel=RUN),
    ] = None,
    seed: Annotated[int, typer.Option(help="All randomness follows.", rich_help_panel=RUN)] = 0,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace a run.", rich_help_panel=RUN)
    ] = False,
    streaming: Annotated[
        bool, typer.Option("--streaming", help="Read a hub's data in order.", rich_help_panel=RUN)
    ] = False,
    loss: Annotated[
        str | None, typer.Option(help="Such as hinge or wasserstein.", rich_help_panel=SHAPE)
    ] = None,
    penalty: Annotated[
        str | None,
        typer.Option(
            help="Exactly these, with commas: r1, r2, gradient-penalty, dragan, lecam, "
            "finite-r1, finite-r2, clip, spectral-norm, none.",
            rich_help_panel=SHAPE,
        ),
    ] = None,
    gamma: Annotated[
        float | None, typer.Option(help="The penalties' weight.", rich_help_panel=SHAPE)
    ] = None,
    every: Annotated[
        int | None,
        typer.Option(help="Penalties are due every so manieth step.", rich_help_panel=SHAPE),
    ] = None,
    network: Annotated[
        str | None,
        typer.Option(help="dense, dcgan, convolutional or residual.", rich_help_panel=SHAPE),
    ] = None,
    augment: Annotated[
        str | None,
        typer.Option(
            help="POLICY/STRENGTH: default/adaptive, translate,cutout/0.3, default/0..0.3, none.",
            rich_help_panel=SHAPE,
        ),
    ] = None,
    conditional: Annotated[
        bool, typer.Option("--conditional", help="Tell the label.", rich_help_panel=SHAPE)
    ] = False,
    set_: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="KEY=VALUE",
            help="Any setting, such as generator.width=32; may be repeated.",
            rich_help_panel=SHAPE,
        ),
    ] = None,
    log_every: Annotated[
        str | None, typer.Option(help="Steps, or minutes: 50, 1min.", rich_help_panel=WATCH)
    ] = None,
    sample_every: Annotated[
        str | None,
        typer.Option(help="As above; about ten in the run by default.", rich_help_panel=WATCH),
    ] = None,
    checkpoint_every: Annotated[
        str | None,
        typer.Option(help="As above; every few minutes by default.", rich_help_panel=WATCH),
    ] = None,
    score_every: Annotated[
        str, typer.Option(help="As above; 0 is never.", rich_help_panel=WATCH)
    ] = "0",
    keep: Annotated[
        int, typer.Option(min=1, help="Checkpoints, beside the best.", rich_help_panel=WATCH)
    ] = 2,
    track: Annotated[
        str | None,
        typer.Option(help="tensorboard, wandb or trackio.", rich_help_panel=WATCH),
    ] = None,
    quiet: Annotated[
        bool, typer.Option("--quiet", help="No progress bar.", rich_help_panel=WATCH)
    ] = False,
) -> None:
    """The flags of every recipe; only its signature is used."""


COMMON = dict(inspect.signature(_common, eval_str=True).parameters)
CROSSING = ("loss", "penalty", "gamma", "every", "network", "augment", "conditional")
"""Common flags that give way to a recipe's own of the same name."""
LENGTHS = ("batch", "steps")
"""Common flags that a recipe function may want to know as well."""


def _add(name: str, function: Callable[..., Recipe]) -> None:
    """Make the recipe a verb, with a signature of its own flags and the common ones."""
    fixed = {n: p for n, p in COMMON.items() if n not in CROSSING} | {"rank": None}
    own = own_flags(function, fixed)
    mine = {parameter.name for parameter in own}
    shared = [p for n, p in COMMON.items() if n not in mine]

    def command(**given: Any) -> None:
        _train(name, function, mine, given)

    # Typer reads flags off a signature, so one is made for it.
    command.__signature__ = inspect.Signature([*own, *shared])  # type: ignore[attr-defined]
    command.__annotations__ = {p.name: p.annotation for p in (*own, *shared)}
    examples = (f"sparring train {name} --data digits --minutes 2",)
    train.command(name, help=with_examples(summary(function), examples))(command)


def _train(
    name: str, function: Callable[..., Recipe], mine: set[str], given: Mapping[str, Any]
) -> None:
    # A recipe's own choice of network is made here as well, so that every network will do.
    own = decoded(function, {n: given[n] for n in mine if n != "network"})
    lengths = {n: given[n] for n in LENGTHS if given[n] is not None}
    known = inspect.signature(function).parameters
    flags = {**own, **{n: v for n, v in lengths.items() if n in known}}
    recipe_named(name, flags)  # what no data can mend is met before they are read
    weighs = ("gamma", "every") if given["penalty"] else ()
    common = {n: None if n in mine and n not in weighs else given.get(n) for n in COMMON}
    if "network" in mine and given["network"] != known["network"].default:
        common["network"] = given["network"]

    def make(rank: int) -> Recipe:
        recipe = recipe_named(name, flags, rank)
        # A recipe's own weight outlives a change of penalty, where it has flags for it.
        kept = {
            n: v for n, v in choices.penalty_settings(recipe).items() if n in weighs and n in mine
        }
        return crossed(recipe, {**common, **{n: v for n, v in kept.items() if common[n] is None}})

    fit(make, given, default_run(name, given["data"]))


def crossed(recipe: Recipe, flags: Mapping[str, Any]) -> Recipe:
    """The recipe with what the crossing flags choose.

    Raises:
        InputError: an unknown name, or a choice that the recipe cannot have.
    """
    if flags["loss"]:
        recipe = choices.with_loss(recipe, flags["loss"])
    if flags["network"]:
        recipe = choices.with_network(recipe, flags["network"])
    penalties, weight, every = names_of(flags["penalty"]), flags["gamma"], flags["every"]
    if penalties or weight is not None or every is not None:
        recipe = choices.with_penalty(recipe, penalties, weight, every)
    if flags["augment"]:
        recipe = choices.with_augment(recipe, flags["augment"])
    return choices.with_labels(recipe) if flags["conditional"] else recipe


def default_run(recipe: str, data: str) -> Path:
    """runs/RECIPE-DATA."""
    word = re.sub(r"\W+", "-", data.rstrip("/").rpartition("/")[2]).strip("-")
    return Path("runs") / f"{recipe}-{word or 'data'}"


def fit(make: Callable[[int], Recipe], given: Mapping[str, Any], default: Path) -> None:
    """Train what `make` makes of the rank of the data, and tell what to do next."""
    size = size_of(given["size"]) if given["size"] else None
    settings, run = settings_of(given["set_"] or ()), given["run"] or default
    from sparring.training.budget import Intervals
    from sparring.verbs.run import train as train_run

    every = {n: given[f"{n}_every"] for n in ("log", "sample", "checkpoint", "score")}
    train_run(
        make,
        given["data"],
        run,
        steps=given["steps"],
        minutes=given["minutes"],
        batch=given["batch"],
        size=size,
        channels=given["channels"],
        pairs=given["pairs"],
        seed=given["seed"],
        settings=settings,
        intervals=Intervals(**every, keep=given["keep"]),
        streaming=given["streaming"],
        overwrite=given["overwrite"],
        track=names_of(given["track"]),
        quiet=given["quiet"],
        trusted=given["trust"] or (),
    )
    tell_next(run)


def tell_next(run: Path) -> None:
    """Say where the run lies and which verbs go on from it; only the main process speaks."""
    if os.environ.get("RANK", "0") != "0":
        return
    from sparring.training import checkpoint

    done = checkpoint.steps(run)
    print(f"{run}: {done[-1] if done else 0} steps done.")
    for line in (f"sample {run} --out grid.png", f"evaluate {run}", f"report {run}"):
        print(f"  sparring {line}")


for _name, _function in recipe_functions().items():
    _add(_name, _function)


@verb(app, "sparring resume runs/photos", "sparring resume runs/photos --steps 40000")
def resume(
    run: Annotated[Path, typer.Argument(help="The run's folder.", show_default=False)],
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

    resume_run(run, steps=steps, minutes=minutes, stretch=stretch, quiet=quiet, trusted=trust or ())
    tell_next(run)


@verb(app, "sparring recipes", "sparring train dcgan --help")
def recipes() -> None:
    """List the recipes."""
    table = Table("recipe", "what it is", box=None, header_style="bold", pad_edge=False)
    for name, function in recipe_functions().items():
        table.add_row(name, summary(function))
    Console().print(table)
