"""The page itself: sections of HTML, one style sheet, nothing from elsewhere."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape

STYLE = """
:root { color-scheme: light dark; --ink: #1c2430; --soft: #5d6a7a; --page: #f6f7f9;
  --card: #ffffff; --rule: #dfe4ea; --good: #1f8a5b; --bad: #c2571a; }
@media (prefers-color-scheme: dark) { :root { --ink: #e4e8ee; --soft: #98a4b3; --page: #12161c;
  --card: #1a2029; --rule: #303845; --good: #4fc48d; --bad: #f0965a; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--ink);
  font: 16px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; }
main { max-width: 1080px; margin: 0 auto; padding: 1.5rem 1rem 4rem; }
h1 { font-size: 1.7rem; line-height: 1.2; margin: .5rem 0 .2rem; overflow-wrap: anywhere; }
h2 { font-size: 1.15rem; margin: 2.4rem 0 .7rem; }
h3 { font-size: .95rem; margin: 0; }
p { margin: .4rem 0; } .soft, figcaption { color: var(--soft); font-size: .88rem; }
.facts { display: grid; grid-template-columns: repeat(auto-fit, minmax(150px, 1fr)); gap: .7rem;
  margin: 1.2rem 0; }
.fact, .card { background: var(--card); border: 1px solid var(--rule); border-radius: 10px;
  padding: .7rem .9rem; min-width: 0; }
.fact b { display: block; font-size: 1.15rem; line-height: 1.3; overflow-wrap: break-word;
  hyphens: manual; }
.fact span { color: var(--soft); font-size: .82rem; }
.notes { list-style: none; padding: 0; margin: 0; }
.notes li { padding: .35rem 0 .35rem 1.7rem; position: relative; }
.notes li::before { position: absolute; left: .2rem; font-weight: 700; }
.notes .good::before { content: "\\2713"; color: var(--good); }
.notes .bad::before { content: "!"; left: .45rem; color: var(--bad); }
.notes .open::before { content: "\\2013"; left: .4rem; color: var(--soft); }
.charts { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 320px), 1fr));
  gap: .8rem; }
.charts svg { display: block; width: 100%; height: auto; }
.strip { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 300px), 1fr));
  gap: .8rem; }
figure { margin: 0; } figure img { display: block; width: 100%; height: auto; border-radius: 6px;
  background: #fff; }
.large img, .medium img { image-rendering: pixelated; }
.large { max-width: 720px; } .medium { max-width: 520px; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { text-align: left; padding: .35rem .8rem .35rem 0; border-bottom: 1px solid var(--rule);
  vertical-align: top; } th { font-weight: 600; } td { white-space: nowrap; }
td:last-child { white-space: normal; min-width: 15rem; }
pre { background: var(--card); border: 1px solid var(--rule); border-radius: 10px; overflow-x: auto;
  padding: .8rem .9rem; font: .82rem/1.5 ui-monospace, Menlo, monospace;
  margin: .6rem 0; }
summary { cursor: pointer; font-weight: 600; margin: .6rem 0; }
"""


def page(title: str, parts: Iterable[str]) -> str:
    """A whole HTML document of its parts."""
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<main>\n"
        + "\n".join(part for part in parts if part)
        + "\n</main>\n</body>\n</html>\n"
    )


def section(title: str, *parts: str) -> str:
    """A heading and what stands below it; nothing where there is nothing below."""
    body = "\n".join(part for part in parts if part)
    return f"<section>\n<h2>{escape(title)}</h2>\n{body}\n</section>" if body else ""


def facts(values: Mapping[str, str]) -> str:
    """Headline numbers, each with its name below."""
    cards = (
        f'<div class="fact"><b>{escape(value)}</b><span>{escape(name)}</span></div>'
        for name, value in values.items()
    )
    return f'<div class="facts">{"".join(cards)}</div>'


def notes(items: Iterable[tuple[bool | None, str]]) -> str:
    """Observations, marked as good or not, or with a dash where nothing can be said yet."""
    marks = {True: "good", False: "bad", None: "open"}
    lines = (f'<li class="{marks[good]}">{escape(text)}</li>' for good, text in items)
    return f'<ul class="notes">{"".join(lines)}</ul>'


def figure(shown: str, caption: str, kind: str = "") -> str:
    """What a domain embeds, HTML, with its caption."""
    return f'<figure class="{kind}">{shown}<figcaption>{escape(caption)}</figcaption></figure>'


def strip(figures: Sequence[str]) -> str:
    """Figures side by side."""
    return f'<div class="strip">{"".join(figures)}</div>' if figures else ""


def chart(title: str, svg: str, note: str = "") -> str:
    """A small chart on a card."""
    said = f'<p class="soft">{escape(note)}</p>' if note else ""
    return f'<div class="card"><h3>{escape(title)}</h3>{svg}{said}</div>'


def charts(cards: Sequence[str]) -> str:
    """Charts in as many columns as fit."""
    return f'<div class="charts">{"".join(cards)}</div>' if cards else ""


def table(head: Sequence[str], rows: Iterable[Sequence[str]], caption: str = "") -> str:
    """A table; wide ones scroll by themselves."""
    top = "".join(f"<th>{escape(cell)}</th>" for cell in head)
    body = "".join(
        "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows
    )
    said = paragraph(caption) if caption else ""
    return f'<div class="scroll"><table><tr>{top}</tr>{body}</table></div>{said}'


def code(text: str) -> str:
    """Text as it is, in a box."""
    return f"<pre>{escape(text)}</pre>"


def folded(title: str, body: str) -> str:
    """What only some readers want, behind a click."""
    return f"<details><summary>{escape(title)}</summary>{body}</details>"


def paragraph(text: str) -> str:
    """A sentence or two, in the softer colour."""
    return f'<p class="soft">{escape(text)}</p>'
