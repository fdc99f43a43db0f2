"""`sparring evaluate | report | demo`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sparring.cli import reading
from sparring.cli.app import app, verb
from sparring.cli.bar import progress_bar
from sparring.cli.models import Device
from sparring.core.device import speaks
from sparring.core.errors import shown

if TYPE_CHECKING:
    from sparring.metrics.scores import Scores

SHORT = {"conditional": True}
"""The demo's flags of r3: told the label, it needs fewer images."""


@verb(
    app,
    "sparring evaluate runs/digits",
    "sparring evaluate runs/digits -n 10000 --json",
    "sparring evaluate samples.npy --data fashion",
    "sparring evaluate runs/emoji --against runs/emoji-l1",
)
@reading.reads
def evaluate(
    what: Annotated[
        Path,
        typer.Argument(help="A run, a model, a folder of samples, or a .npy.", show_default=False),
    ],
    data: Annotated[
        str | None, typer.Option(help="What to compare with; the run's own data if not given.")
    ] = None,
    extractor: Annotated[
        str,
        typer.Option(
            help="auto, one of the data's kind (of pictures digits, fashion, efficientnet, "
            "inception, pixels), or module:function."
        ),
    ] = "auto",
    count: Annotated[int | None, typer.Option("-n", "--count", help="Samples to score.")] = None,
    seed: Annotated[int, typer.Option(help="Of samples and intervals.")] = 0,
    split: Annotated[str, typer.Option(help="held_out or train.")] = "held_out",
    against: Annotated[
        list[Path] | None,
        typer.Option(help="Another run to judge beside it, where samples come from sources."),
    ] = None,
    device: Device = "auto",
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
    trust: Annotated[
        list[str] | None, typer.Option(help="A package that the run's recipe may call.")
    ] = None,
    **given: Any,
) -> None:
    """Score samples against data they have not seen, with intervals and the floor beside them."""
    from sparring.verbs.evaluate import evaluate as score

    options = reading.options_of(given)
    with progress_bar() as progress:
        found = score(
            what,
            data,
            extractor=extractor,
            count=count,
            seed=seed,
            split=split,
            against=against or (),
            device=device,
            trusted=trust or (),
            progress=progress,
            **options,
        )
    if speaks():
        print(json.dumps(found.to_json(), indent=2)) if as_json else show(found)


@verb(app, "sparring report runs/digits", "sparring report runs/photos --data photos/")
def report(
    run: Annotated[Path, typer.Argument(help="The run's folder.", show_default=False)],
    data: Annotated[
        str | None, typer.Option(help="Where the data are now, if they have moved.")
    ] = None,
    trust: Annotated[
        list[str] | None, typer.Option(help="A package that the run's recipe may call.")
    ] = None,
) -> None:
    """Write report.html, one page with everything: curves, samples, neighbours, scores, recipe."""
    from sparring.verbs.report import report as write_report

    print(shown(f"the report is {write_report(run, data=data, trusted=trust or ())}"))


@verb(app, "sparring demo", "sparring demo --minutes 5 --run runs/long-demo")
def demo(
    minutes: Annotated[float, typer.Option(help="How long to train.")] = 1.75,
    run: Annotated[Path, typer.Option(help="The run's folder; one there is replaced.")] = Path(
        "runs/demo"
    ),
    data: Annotated[str, typer.Option(help="What to learn.")] = "digits",
    recipe: Annotated[str, typer.Option(help="How to learn it.")] = "r3",
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress bar.")] = False,
) -> None:
    """Train the best recipe on real handwritten digits, score it, and show where things lie."""
    from sparring.recipes import recipe_named
    from sparring.verbs.evaluate import evaluate as score
    from sparring.verbs.report import report as write_report
    from sparring.verbs.run import train

    model = train(
        recipe_named(recipe, SHORT if recipe == "r3" else {}),
        data,
        run,
        minutes=minutes,
        overwrite=True,
        quiet=quiet,
    )
    grid = run / "samples.png"
    model.domain.preview(model.sample(64, seed=0), grid)
    show(score(run))
    page = write_report(run)
    print(shown(f"the samples are in   {grid.resolve()}"))
    print(shown(f"the report is        {page.resolve()}"))


def show(found: Scores) -> None:
    """Print the scores as a table, with how they were made below it."""
    from rich.console import Console
    from rich.table import Table

    from sparring.metrics.scores import HEADER
    from sparring.verbs.kept import told

    console = Console()
    for header, rows in ((HEADER, found.table()), found.comparison()):
        if rows:
            table = Table(*header, box=None, header_style="bold", pad_edge=False)
            for row in rows:
                table.add_row(*row)
            console.print(table)
    console.print(told(found), style="dim", highlight=False)
