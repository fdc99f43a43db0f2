"""The application that the verbs hang on, and how each one shows its examples."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

import typer
import typer.core

from sparring import __version__

ORDER = (
    "recipes models data train resume sample interpolate reconstruct invert "
    "directions edit "
    "translate repair upscale blend export studio serve evaluate report demo"
).split()


class VerbGroup(typer.core.TyperGroup):
    """The verbs in the order of a project's life."""

    def list_commands(self, ctx: Any) -> list[str]:
        """Names as --help shows them; verbs that ORDER does not know come last."""
        known = [name for name in ORDER if name in self.commands]
        return [*known, *sorted(self.commands.keys() - known)]


app = typer.Typer(
    cls=VerbGroup,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"sparring {__version__}")
        raise typer.Exit


@app.callback()
def _sparring(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show it.")
    ] = False,
) -> None:
    """Adversarial generative models: train, watch, sample, score and keep them."""


def verb(
    group: typer.Typer, *examples: str, name: str | None = None
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Make a function a verb of the group; its examples follow its docstring in --help."""

    def register(function: Callable[..., Any]) -> Callable[..., Any]:
        group.command(name, help=with_examples(function.__doc__ or "", examples))(function)
        return function

    return register


def with_examples(text: str, examples: tuple[str, ...]) -> str:
    """Help text with a block of examples below it, one a line."""
    lines = "\n".join(f"  [cyan]{example}[/cyan]" for example in examples)
    return f"{text.strip()}\n\n[bold]Examples[/bold]\n\n\b\n{lines}"
