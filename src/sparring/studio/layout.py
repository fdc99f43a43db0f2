"""All pages on one: a tab each."""

from __future__ import annotations

import gradio as gr

from sparring.studio.pages import compare, look, models, paint, sample, train, translate
from sparring.studio.shelf import Shelf
from sparring.studio.showing import told

HEAD = """
<div id="title"><h1>sparring studio</h1><span>{}</span></div>
"""


def laid_out(shelf: Shelf) -> gr.Blocks:
    """The whole page."""
    with gr.Blocks(title="sparring studio", analytics_enabled=False) as page:
        gr.HTML(HEAD.format(shelf.place))
        with gr.Tabs() as tabs:
            with gr.Tab(models.TITLE, id="models") as tab:
                cards = models.build(shelf, tab)
            choosers = {}
            for name, room in (("sample", sample), ("paint", paint), ("translate", translate)):
                with gr.Tab(room.TITLE, id=name) as tab:
                    choosers[name] = room.build(shelf, tab)
            for name, other in (("train", train), ("look", look), ("compare", compare)):
                with gr.Tab(other.TITLE, id=name) as tab:
                    other.build(shelf, tab)

        def opened(event: gr.EventData) -> list[object]:
            chosen = [event.model if name == event.page else gr.skip() for name in choosers]
            return [gr.Tabs(selected=event.page), *chosen]

        cards.click(told(opened), None, [tabs, *choosers.values()], show_progress="hidden")
    return page
