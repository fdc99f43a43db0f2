"""The flags that say how data are read, alike for every verb that reads them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import typer

from sparring.cli.values import range_of, size_of

PANEL = "How the data are read"

Size = Annotated[
    str | None,
    typer.Option(help="N or HxW: pictures are fitted to it.", rich_help_panel=PANEL),
]
Fit = Annotated[
    str | None,
    typer.Option(
        help="crop about the centre (if not given), pad (whole, on white) or stretch.",
        rich_help_panel=PANEL,
    ),
]
Channels = Annotated[
    int | None,
    typer.Option(help="1 grey, 3 colour, 4 with opacity.", rich_help_panel=PANEL),
]
Pairs = Annotated[
    str | None,
    typer.Option(
        help="How a folder holds A and B: stems, unpaired, side-by-side, none; and reverse, "
        "for B to A.",
        rich_help_panel=PANEL,
    ),
]
Kind = Annotated[
    str | None,
    typer.Option(
        help="What an array holds, such as pictures or points, where it does not say so.",
        rich_help_panel=PANEL,
    ),
]
Range = Annotated[
    str | None,
    typer.Option(
        metavar="LOW..HIGH", help="What an array's numbers may be.", rich_help_panel=PANEL
    ),
]
SkipBroken = Annotated[
    bool,
    typer.Option("--skip-broken", help="Leave out what cannot be read.", rich_help_panel=PANEL),
]
Dedupe = Annotated[
    bool,
    typer.Option("--dedupe", help="Leave out what repeats an item.", rich_help_panel=PANEL),
]
Streaming = Annotated[
    bool,
    typer.Option("--streaming", help="Read a hub's data in order.", rich_help_panel=PANEL),
]
NAMES = {
    **{name: name for name in ("size", "fit", "channels", "pairs", "range")},
    **{name: name for name in ("skip_broken", "dedupe", "streaming")},
    "data_kind": "kind",
}
"""Flag -> option of `load`; `--kind` is left to recipes."""


def options_of(given: Mapping[str, Any]) -> dict[str, Any]:
    """Options of `load` that the flags of a verb ask for.

    Raises:
        InputError: a size or a range that is none.
    """
    options = {option: given[flag] for flag, option in NAMES.items() if given.get(flag)}
    if "size" in options:
        options["size"] = size_of(options["size"])
    if "range" in options:
        options["range"] = range_of(options["range"])
    return options
