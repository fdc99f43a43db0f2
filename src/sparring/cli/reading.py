"""The flags that say how data are read, alike for every verb that reads them.

The options of a kind of data are flags by being declared there; those of all data stand here.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Annotated, Any

import typer

from sparring.cli.values import range_of
from sparring.data.kinds import Option, kinds

PANEL = "How the data are read"


def _flag(kind: Any, words: str, *name: str, default: Any = None, **told: Any) -> Any:
    """A parameter's annotation and its default."""
    return Annotated[kind, typer.Option(*name, help=words, rich_help_panel=PANEL, **told)], default


GENERAL = {
    "pairs": _flag(
        str | None,
        "How a folder holds A and B: stems, unpaired, side-by-side, none; and reverse, for B to A.",
    ),
    "data_kind": _flag(
        str | None,
        "What an array holds, such as pictures or points, where it does not say so.",
    ),
    "range": _flag(str | None, "What an array's numbers may be.", metavar="LOW..HIGH"),
    "skip_broken": _flag(bool, "Leave out what cannot be read.", "--skip-broken", default=False),
    "dedupe": _flag(bool, "Leave out what repeats an item.", "--dedupe", default=False),
    "streaming": _flag(bool, "Read a hub's data in order.", "--streaming", default=False),
}


def _offered() -> dict[str, list[tuple[str, Option]]]:
    """Options by name, each with the kinds that have it."""
    found: dict[str, list[tuple[str, Option]]] = {}
    for kind in kinds():
        for option in kind.options:
            found.setdefault(option.name, []).append((kind.name, option))
    return found


def _declared(offers: list[tuple[str, Option]]) -> Any:
    """One flag for the options of a name; kinds with words of their own are named in its help."""
    plain = offers[0][1].flag
    kind = plain if isinstance(plain, type) else str
    words = {option.words: name for name, option in reversed(offers)}
    told = list(reversed(words.items()))
    said = told[0][0] + "".join(f"; of {name} {word}" for word, name in told[1:])
    return _flag(kind | None, f"{said}.")


OFFERED = _offered()
FLAGS = {
    name: inspect.Parameter(
        name, inspect.Parameter.KEYWORD_ONLY, annotation=annotation, default=default
    )
    for name, (annotation, default) in {
        **{name: _declared(offers) for name, offers in OFFERED.items()},
        **GENERAL,
    }.items()
}
"""Name -> the flag, as Typer reads it off a signature."""


def reads(function: Callable[..., Any]) -> Callable[..., Any]:
    """Give a verb these flags in the place of its `**given`."""
    own = [
        parameter
        for parameter in inspect.signature(function, eval_str=True).parameters.values()
        if parameter.kind is not inspect.Parameter.VAR_KEYWORD
    ]
    signature = [*own, *FLAGS.values()]
    function.__signature__ = inspect.Signature(signature)  # type: ignore[attr-defined]
    function.__annotations__ = {p.name: p.annotation for p in signature}
    return function


def options_of(given: Mapping[str, Any]) -> dict[str, Any]:
    """Options of `load` that the flags of a verb ask for; `--kind` is left to recipes.

    Raises:
        InputError: a size or a range that is none.
    """
    asked = {name: given[name] for name in FLAGS if given.get(name)}
    for name in asked.keys() & OFFERED.keys():
        if isinstance(asked[name], str):
            asked[name] = OFFERED[name][0][1].flag(asked[name])
    if "range" in asked:
        asked["range"] = range_of(asked["range"])
    if "data_kind" in asked:
        asked["kind"] = asked.pop("data_kind")
    return asked
