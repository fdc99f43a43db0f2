"""The list of models that a page works with, looked up anew whenever its tab is opened."""

from __future__ import annotations

from typing import Any

import gradio as gr

from sparring.studio.shelf import Shelf


def chooser(shelf: Shelf, tab: gr.Tab, *abilities: str, label: str = "Model") -> gr.Dropdown:
    """A drop-down of the models with any of these abilities."""
    names = shelf.names(*abilities)
    box = gr.Dropdown(names, value=names[0] if names else None, label=label, filterable=False)

    def again(chosen: str | None) -> Any:
        now = shelf.names(*abilities)
        kept = chosen if chosen in now else (now[0] if now else None)
        return gr.Dropdown(choices=now, value=kept)

    tab.select(again, box, box, show_progress="hidden")
    return box
