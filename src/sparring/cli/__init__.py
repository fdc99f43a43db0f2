"""The command line: thin verbs over the functions of the same names."""

from __future__ import annotations

import importlib
import os
import pkgutil
import sys
from collections.abc import Sequence

import typer

from sparring.cli.app import app
from sparring.core.errors import InputError, shown

for _module in pkgutil.iter_modules(__path__):
    importlib.import_module(f"{__name__}.{_module.name}")  # they hang their verbs on the app

USAGE_ERROR: type[Exception] = typer.BadParameter.__mro__[2]
"""Click's own error, wherever this version of Typer keeps it."""
BAD_INPUT = 2
INTERRUPTED = 130
OUT_OF_MEMORY = "memory ran out; lower --batch, --size, the number of samples or the width."


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit: 0 for success, 2 for bad input, 130 for Ctrl-C."""
    sys.exit(call(arguments))


def call(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; the exit code is returned."""
    try:
        words = list(sys.argv[1:] if arguments is None else arguments)
        code = app(args=words, prog_name="sparring", standalone_mode=False, obj=words)
        sys.stdout.flush()
    except (typer.Abort, KeyboardInterrupt):
        return _say("interrupted.", INTERRUPTED)
    except BrokenPipeError:
        # Whoever read our output has left; the interpreter's last flush must not fail either.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except (InputError, OSError) as error:
        return _say(_sentence(error), BAD_INPUT)
    except (MemoryError, RuntimeError) as error:
        if not _is_memory(error):
            raise
        return _say(OUT_OF_MEMORY, BAD_INPUT)
    except USAGE_ERROR as error:
        return _say(_usage_sentence(error), BAD_INPUT)
    # Typer turns Ctrl-C into this exit code by itself, or into Abort, by version.
    return _say("interrupted.", INTERRUPTED) if code == INTERRUPTED else int(code or 0)


def _say(sentence: str, code: int) -> int:
    if sentence:
        print(f"sparring: {shown(sentence)}", file=sys.stderr)
    return code


def _is_memory(error: Exception) -> bool:
    text = str(error).lower()
    return isinstance(error, MemoryError) or "out of memory" in text or "allocate memory" in text


def _sentence(error: Exception) -> str:
    if isinstance(error, OSError):
        place = error.filename or "a file"
        return f"cannot use {place}: {error.strerror or error}."
    return " ".join(str(error).split())


def _usage_sentence(error: Exception) -> str:
    message = str(error.format_message()).strip()  # type: ignore[attr-defined]
    if not message:  # a group called without a verb: its help was printed already
        return ""
    context = getattr(error, "ctx", None)
    path = context.command_path if context else "sparring"
    message = message.replace("(Possible options: ", "(did you mean ").rstrip(".")
    return f"{message}. See: {path} --help" if not message.endswith("?") else message


__all__ = ["app", "call", "main"]
