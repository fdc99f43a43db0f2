"""`sparring data list | get | check`."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from sparring.cli import reading
from sparring.cli.app import app, verb
from sparring.cli.bar import progress_bar
from sparring.core.errors import shown

data = typer.Typer(no_args_is_help=True, help="Named data, and a check of your own.")
app.add_typer(data, name="data")


@verb(data, "sparring data list", name="list")
def list_packs() -> None:
    """List the named packs of real data, and the views that some of them have."""
    from rich.console import Console
    from rich.table import Table

    from sparring.data import packs
    from sparring.data.kinds import kinds

    table = Table("name", "items", "shape", "licence", "what it is", box=None, pad_edge=False)
    for pack in packs():
        shape = "x".join(map(str, pack.shape))
        views = f"; views: {', '.join(pack.views)}" if pack.views else ""
        about = f"{pack.about}{views}"
        table.add_row(pack.name, f"{pack.count:,}", shape, pack.licence, about)
    Console().print(table)
    print("Views: --data maps:satellite gives one, --data maps:classes-satellite pairs, A to B.")
    toys = ", ".join(name for kind in kinds() for name in kind.toys)
    print(f"Toys: {toys}. Also any folder, file or Hugging Face name.")


@verb(data, "sparring data get digits", "sparring data get maps")
def get(name: Annotated[str, typer.Argument(help="A pack's name.")]) -> None:
    """Fetch a named pack into the cache; what it is and its licence are said first."""
    from sparring.data import get as get_pack

    with progress_bar() as progress:
        path = get_pack(name, say=print, progress=progress)
    print(shown(f"{name} is at {path}"))


@verb(
    data,
    "sparring data check photos/",
    "sparring data check photos/ --size 64 --batch 32",
    "sparring data check pairs/ --pairs stems",
)
@reading.reads
def check(
    path: Annotated[str, typer.Argument(help="Whatever --data takes.")],
    batch: Annotated[int, typer.Option(help="The batch it must fill.")] = 64,
    trust: Annotated[list[str] | None, typer.Option(help="As in train.")] = None,
    **given: Any,
) -> None:
    """Count, size up and compare the items: corrupt files, duplicates, balance, leakage.

    The exit code is 2 where training would refuse them.
    """
    from sparring.data import check as check_data

    options = reading.options_of(given)
    found = check_data(path, batch=batch, trusted=trust or (), **options)
    print("\n".join(map(shown, found.lines())))
    if not found.ok:
        raise typer.Exit(2)
