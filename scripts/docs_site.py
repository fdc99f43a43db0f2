"""Hooks of `make docs`: the repository's own pages beside those of docs/, and players of sounds.

Links in the repository are made for reading its files; here they are turned for the site, whose
root is docs/ and whose home is the README. What a page links to comes along.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
ELSEWHERE = {"README.md": "index.md", "docs/notebook.ipynb": "notebook.md"}
"""Where pages lie that the site has by another name."""
LINK = re.compile(r"(?<=\]\()([^)\s#]+)(?=[)#])")
SOUND = re.compile(r'<a href="([^"]+\.(?:flac|ogg|wav))">(.*?)</a>,?')
FOREIGN = re.compile(
    r"<(?:script|link|img|audio|source|iframe)\b[^>]*(?:src|href)=\"?(?:https?:)?//"
)
PLAYER = (
    '<span class="sound"><span>{text}</span>'
    '<audio controls preload="none" src="{address}"></audio></span>'
)


def site_path(path: str) -> str:
    """Where a file of the repository lies on the site."""
    return ELSEWHERE.get(path) or path.removeprefix("docs/")


def in_repository(uri: str) -> str:
    """Where a file of the site lies in the repository."""
    back = {there: here for here, there in ELSEWHERE.items()}
    inside = f"docs/{uri}"
    return back.get(uri) or (inside if (ROOT / inside).is_file() else uri)


def linked(path: str, target: str) -> str | None:
    """The file of the repository that a link on the page `path` leads to, if it leads to one."""
    found = os.path.normpath(Path(path).parent / target)
    return found if (ROOT / found).is_file() else None


def turned(markdown: str, path: str) -> str:
    """The page `path` with its links as the site has them."""

    def turn(match: re.Match[str]) -> str:
        found = linked(path, match[1])
        folder = os.path.dirname(site_path(path))
        return os.path.relpath(site_path(found), folder or ".") if found else match[1]

    return LINK.sub(turn, markdown)


def with_players(html: str) -> str:
    """The page with a player for each link to a sound."""
    return SOUND.sub(lambda found: PLAYER.format(address=found[1], text=found[2]), html)


def of_notebook(text: str) -> str:
    """A notebook as Markdown: its cells, and what each of them showed."""
    parts = []
    for cell in json.loads(text)["cells"]:
        source = "".join(cell["source"])
        parts.append(source if cell["cell_type"] == "markdown" else f"```python\n{source}\n```")
        for data in (output["data"] for output in cell.get("outputs", [])):
            picture = f'<img alt="" src="data:image/png;base64,{data.get("image/png")}">'
            parts.append("".join(data.get("text/html", [picture])))
    return "\n\n".join(parts)


def foreign(html: str) -> str | None:
    """The first thing that a page would load from elsewhere."""
    found = FOREIGN.search(html)
    return found[0] if found else None


def reached(pages: list[str]) -> Iterator[str]:
    """Files outside docs/ that are among these pages, or that one leads to from there."""
    seen, waiting = set(pages), list(pages)
    while waiting:
        path = waiting.pop()
        if not path.startswith("docs/"):
            yield path
        targets = LINK.findall((ROOT / path).read_text()) if path.endswith(".md") else []
        new = {found for target in targets if (found := linked(path, target))} - seen
        seen |= new
        waiting += new


def listed(nav: Any) -> Iterator[str]:
    """Every page of a navigation."""
    if isinstance(nav, str):
        yield nav
    else:
        for entry in nav.values() if isinstance(nav, dict) else nav:
            yield from listed(entry)


def on_files(files: Any, config: Any) -> Any:
    """Add the pages of the navigation that lie outside docs/, and whatever pages link to."""
    from mkdocs.structure.files import File

    for path in reached([in_repository(uri) for uri in listed(config.nav)]):
        uri = site_path(path)
        files.append(File.generated(config, uri, abs_src_path=str(ROOT / path)))
    notebook = next(path for path in ELSEWHERE if path.endswith(".ipynb"))
    content = of_notebook((ROOT / notebook).read_text())
    files.append(File.generated(config, site_path(notebook), content=content))
    return files


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """Turn links; the home page has no neighbours to list beside it."""
    if page.file.src_uri == ELSEWHERE["README.md"]:
        page.meta["hide"] = ["navigation"]
    return turned(markdown, in_repository(page.file.src_uri))


def on_page_content(html: str, **_: Any) -> str:
    """Play sounds."""
    return with_players(html)


def on_post_page(output: str, page: Any, **_: Any) -> str:
    """Whoever reads the site is seen by nobody else: no page loads anything from elsewhere."""
    from mkdocs.exceptions import PluginError

    found = foreign(output)
    if found:
        raise PluginError(f"{page.file.src_uri} loads something from elsewhere: {found}")
    return output
