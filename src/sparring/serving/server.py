"""The server: its address, its models, and how it stops."""

from __future__ import annotations

import errno
import gc
import ipaddress
import signal
import socket
from collections.abc import Iterable, Sequence
from pathlib import Path

import uvicorn

from sparring.artifact.model import Model
from sparring.core.errors import InputError
from sparring.serving.app import application
from sparring.serving.limits import Limits

INSIDE = ("model", "best")
"""Folders of a run that hold a model; it is called as the run is."""
LEAST_TOKEN = 16


def serve(
    runs: Sequence[str],
    host: str,
    port: int,
    token: str,
    limits: Limits,
    device: str = "cpu",
    trusted: Iterable[str] = (),
) -> None:
    """Serve the models of these runs until SIGTERM or Ctrl-C; what was accepted is answered first.

    Raises:
        InputError: an address that cannot be had, one of other machines without a token, two
            models of one name, or a run that cannot be loaded.
    """
    check_token(host, token)
    names = names_of(runs)
    with listening(host, port) as place:
        models = {name: Model.load(run, device, trusted) for name, run in names.items()}
        # What is loaded stays: looking through it again and again for garbage holds requests up.
        gc.freeze()
        config = uvicorn.Config(
            application(models, limits, token), log_level="warning", access_log=False,
            server_header=False, timeout_graceful_shutdown=int(limits.seconds) + 1,
        )  # fmt: skip
        address = f"[{host}]" if ":" in host else host
        port = place.getsockname()[1]
        print(f"serving {', '.join(names)} on http://{address}:{port}; Ctrl-C stops it", flush=True)
        _run(uvicorn.Server(config), place)
    print("stopped; every accepted request was answered", flush=True)


def _run(server: uvicorn.Server, place: socket.socket) -> None:
    """Run until told to stop. Uvicorn raises the signal again after it, for whom it may concern."""
    former = {sig: signal.signal(sig, _heard) for sig in (signal.SIGINT, signal.SIGTERM)}
    try:
        server.run(sockets=[place])
    finally:
        for sig, handler in former.items():
            signal.signal(sig, handler)


def _heard(number: int, frame: object) -> None:
    """Nothing more to do: the server has stopped."""


def names_of(runs: Sequence[str]) -> dict[str, str]:
    """Name -> run, each called as its folder is, or as the ready model is.

    Raises:
        InputError: two of one name.
    """
    names: dict[str, str] = {}
    for run in runs:
        folder = Path(run.removeprefix("ready:")).resolve()
        name = folder.parent.name if folder.name in INSIDE else folder.name
        if name in names:
            raise InputError(
                f"{names[name]} and {run} would both be called {name!r}; rename one folder."
            )
        names[name] = run
    return names


def check_token(host: str, token: str) -> None:
    """An address that other machines reach has a token, and a token is no short word.

    Raises:
        InputError: otherwise.
    """
    if token and (len(token) < LEAST_TOKEN or not token.isascii() or not token.isprintable()):
        raise InputError(f"a token is at least {LEAST_TOKEN} plain characters; make a longer one.")
    if not token and not _is_loopback(host):
        raise InputError(
            f"other machines may reach {host}, so they need a token: set SPARRING_TOKEN or give "
            "--token; or stay on this machine with --host 127.0.0.1."
        )


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def listening(host: str, port: int) -> socket.socket:
    """A socket that this address has from now on; port 0 is any that is free.

    Raises:
        InputError: it cannot be had.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # Named by its protocol, or asyncio would leave Nagle's algorithm on: 40 ms an answer.
    place = socket.socket(family, proto=socket.IPPROTO_TCP)
    place.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        place.bind((host, port))
        place.listen(2048)
    except (OSError, OverflowError) as error:
        place.close()
        if getattr(error, "errno", None) == errno.EADDRINUSE:
            why = "is in use; choose another with --port, or 0 for any that is free"
        else:
            why = f"cannot be had: {getattr(error, 'strerror', None) or error}"
        raise InputError(f"port {port} of {host} {why}.") from error
    return place
