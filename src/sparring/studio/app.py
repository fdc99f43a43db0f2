"""The studio's page as a whole, and how it is served: on loopback, once for a folder of runs."""

from __future__ import annotations

import os
import socket
import tempfile
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path
from typing import Any

from sparring.core.errors import InputError

HOST, FIRST_PORT, PORTS = "127.0.0.1", 7860, 100
QUIET = {
    "GRADIO_ANALYTICS_ENABLED": "False",
    "GRADIO_ANALYTICS_CACHE_FREQUENCY": "1000000000",
    "HF_HUB_DISABLE_TELEMETRY": "1",
}
"""Nothing is reported to anybody, and no statistics are made of how the page is used."""
LARGEST = "1gb"
"""Files that may be dropped on a page."""


def studio(
    place: str | Path = "runs",
    *,
    port: int | None = None,
    browser: bool = False,
    trusted: Iterable[str] = (),
) -> None:
    """Serve the studio of a run or a folder of runs until it is interrupted.

    Args:
        place: A run, a model, or a folder of such.
        port: The port on 127.0.0.1; the first free one from 7860 on if None.
        browser: Open the page in a browser.
        trusted: Packages besides sparring that the runs may call.

    Raises:
        InputError: Gradio is not installed, the port is taken, or another studio has the folder.
    """
    _check_installed()
    # Before Gradio is read: nothing is reported, and nothing is asked for from elsewhere.
    os.environ |= QUIET
    from sparring.studio.claim import claimed
    from sparring.studio.shelf import Shelf

    shelf, chosen = Shelf(Path(place), trusted), _port(port)
    with claimed(shelf.place, f"http://{HOST}:{chosen}"), tempfile.TemporaryDirectory() as files:
        os.environ["GRADIO_TEMP_DIR"] = files
        _serve(shelf, chosen, browser)


def _serve(shelf: Any, port: int, browser: bool) -> None:
    from sparring.studio.layout import laid_out
    from sparring.studio.theme import CSS, theme

    page = laid_out(shelf)
    page.queue(default_concurrency_limit=1, api_open=False)
    page.launch(
        server_name=HOST,
        server_port=port,
        share=False,
        inbrowser=browser,
        quiet=True,
        prevent_thread_lock=True,
        ssr_mode=False,
        pwa=False,
        max_file_size=LARGEST,
        footer_links=[],
        theme=theme(),
        css=CSS,
    )
    print(f"the studio is at http://{HOST}:{port} (Ctrl-C ends it)", flush=True)
    page.block_thread()


def _check_installed() -> None:
    import importlib.util

    if importlib.util.find_spec("gradio") is None:
        raise InputError("the studio needs a package: pip install 'sparring[studio]'.")


def _port(asked: int | None) -> int:
    """The port that was asked for, or the first free one.

    Raises:
        InputError: another program has it.
    """
    if asked is not None and not 1 <= asked <= 65535:
        raise InputError(f"a port is from 1 to 65535, not {asked}.")
    for port in [asked] if asked is not None else range(FIRST_PORT, FIRST_PORT + PORTS):
        with closing(socket.socket()) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((HOST, port))
                return port
            except OSError:
                continue
    if asked is None:
        raise InputError(f"no port from {FIRST_PORT} to {FIRST_PORT + PORTS - 1} is free.")
    raise InputError(f"port {asked} is taken by another program; choose another with --port.")
