"""How the studio looks: the system's own fonts and colours, nothing from elsewhere."""

from __future__ import annotations

from typing import Any

FONT = ("system-ui", "-apple-system", "Segoe UI", "Roboto", "sans-serif")
MONO = ("ui-monospace", "Menlo", "Consolas", "monospace")
CSS = """
.gradio-container { max-width: 1240px !important; width: 100% !important;
  margin: 0 auto !important; padding: 12px 16px !important; }
.gradio-container > main, .gradio-container > main > .wrap { width: 100%; max-width: none; }
footer { display: none !important; }
#title { display: flex; align-items: baseline; gap: .8rem; flex-wrap: wrap; }
#title h1 { font-size: 1.35rem; margin: 0; }
#title span { color: var(--body-text-color-subdued); font-size: .9rem; }
.tabs, .tabitem { width: 100%; }
.pixels img { image-rendering: pixelated; object-fit: contain; width: 100%; height: 100%; }
.plain textarea { font-family: var(--font-mono); font-size: .78rem; }
.crisp img { image-rendering: pixelated; }
.pixels .grid-wrap { max-height: none !important; overflow-x: hidden !important; }
.pixels .grid-container {
  grid-template-columns: repeat(auto-fill, minmax(76px, 1fr)) !important; }
.note p { color: var(--body-text-color-subdued); font-size: .9rem; margin: .2rem 0; }
:focus-visible { outline: 3px solid var(--color-accent) !important; outline-offset: 2px; }
"""


def theme() -> Any:
    """Gradio's theme with the system's fonts."""
    import gradio as gr

    return gr.themes.Base(
        primary_hue="blue",
        neutral_hue="slate",
        radius_size="md",
        spacing_size="md",
        font=list(FONT),
        font_mono=list(MONO),
    ).set(
        button_primary_background_fill="*primary_600",
        button_primary_background_fill_hover="*primary_700",
        button_primary_text_color="white",
        block_border_width="1px",
        block_label_text_weight="600",
    )
