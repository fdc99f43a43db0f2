"""The whole API, asked for all that its own schema allows, and for much that it does not."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import psutil
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image
from small_models import Serve, encoded, hole, png

from sparring.artifact.model import Model

EXAMPLES = int(os.environ.get("SPARRING_FUZZ", "60"))
MEMORY = 300 << 20
"""Bytes that all requests together may leave behind: caches of allocators and of kernels."""
NAMES = ("digits", "rings", "holes", "large", "ways", "gaps")
ODD_NAMES = ("none", "..", "%2e%2e%2fdigits", "%00", "a b", "digits%2f..", "ready:digits", "é")
FILES = (
    png(),
    png(20, "RGBA", 1),
    png(16, "L", 2),
    png()[:90],
    hole(),
    b"",
    b"words",
    encoded(Image.new("P", (16, 16))),
    encoded(Image.new("1", (1, 3000))),
    encoded(Image.new("CMYK", (16, 16)), "JPEG"),
    encoded(Image.new("I;16", (16, 16))),
    encoded(Image.new("F", (16, 16)), "TIFF"),
    b"RIFF\x24\x00\x00\x00WAVEfmt \x10\x00\x00\x00\x01\x00\x01\x00\x40\x1f\x00\x00",
)
PATHS = ("/etc/passwd", "../../x.png", "C:\\x", "file:///etc/passwd", "x\x00y", "")
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=6,
)
ACCEPT = ("*/*", "image/*", "text/html", "application/json;q=x", ";;,q", "image/png;q=0", "")


def valid(schema: Mapping[str, Any], parts: Mapping[str, Any]) -> st.SearchStrategy[Any]:
    """Values that a schema allows."""
    if "$ref" in schema:
        return valid(parts[schema["$ref"].rpartition("/")[2]], parts)
    if "anyOf" in schema:
        return st.one_of([valid(one, parts) for one in schema["anyOf"]])
    kind = schema["type"]
    if kind == "string":
        binary = "contentMediaType" in schema or schema.get("format") == "binary"
        return st.sampled_from(FILES) if binary else st.text(max_size=6) | st.sampled_from(PATHS)
    if kind == "array":
        return st.lists(valid(schema["items"], parts), max_size=4)
    if kind == "object":
        fields = {name: valid(one, parts) for name, one in schema["properties"].items()}
        needed = {name: fields.pop(name) for name in schema.get("required", ())}
        return st.fixed_dictionaries(needed, optional=fields)
    return plain(kind, schema)


def plain(kind: str, schema: Mapping[str, Any]) -> st.SearchStrategy[Any]:
    low = schema.get("minimum", schema.get("exclusiveMinimum", -(2**70)))
    high = schema.get("maximum", schema.get("exclusiveMaximum", 2**70))
    if kind == "integer":
        return st.integers(int(low), min(int(low) + 70, int(high))) | st.integers(
            int(low), int(high)
        )
    if kind == "number":
        return st.floats(low, high)
    return st.booleans() if kind == "boolean" else st.none()


def bodies(schema: Mapping[str, Any], parts: Mapping[str, Any]) -> st.SearchStrategy[Any]:
    """What the schema allows, the same with something wrong in it, and anything."""
    good = valid(schema, parts)
    if "$ref" in schema:
        schema = parts[schema["$ref"].rpartition("/")[2]]
    names = st.sampled_from([*schema.get("properties", ()), "path", "recipe"])
    spoilt = st.builds(lambda body, name, value: {**(body or {}), name: value}, good, names, JSON)
    return st.one_of(good, good, spoilt)


def sent(kind: str, body: Any) -> dict[str, Any]:
    """How a body goes over the wire."""
    if kind == "application/json":
        return {"json": body} if jsonable(body) else {"content": repr(body).encode()}
    files = {n: (f"../{n}.png", v) for n, v in body.items() if isinstance(v, bytes)}
    data = {n: str(v) for n, v in body.items() if not isinstance(v, bytes) and v is not None}
    return {"files": files or {"none": b""}, "data": data}


def jsonable(body: Any) -> bool:
    import json

    try:
        json.dumps(body, allow_nan=False).encode()
    except (ValueError, UnicodeEncodeError):
        return False
    return True


@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
def test_no_request_breaks_anything(
    serve: Serve, models: Mapping[str, Model], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    client = serve(window=0, count=32, megabytes=1)
    schema = client.get("/openapi.json").json()
    parts = schema["components"]["schemas"]
    asks = [(path, way) for path, ways in schema["paths"].items() for way in ways]

    @settings(
        max_examples=EXAMPLES, deadline=None, derandomize=True, database=None,
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(st.data())
    def ask(data: st.DataObject) -> None:
        path, way = data.draw(st.sampled_from(asks), "what")
        operation = schema["paths"][path][way]
        name = data.draw(st.sampled_from(NAMES) | st.sampled_from(ODD_NAMES), "name")
        declared = operation["responses"]
        media = sorted(declared["200"]["content"])
        accept = data.draw(st.sampled_from([*media, *ACCEPT]), "accept")
        words: dict[str, Any] = {}
        if "requestBody" in operation:
            ((kind, form),) = operation["requestBody"]["content"].items()
            words = sent(kind, data.draw(bodies(form["schema"], parts), "body"))
        place = path.replace("{name}", name)
        answer = client.request(way, place, headers={"Accept": accept}, **words)
        assert str(answer.status_code) in declared or answer.status_code in (404, 405), answer.text
        assert answer.status_code < 500, answer.text
        kind = answer.headers["content-type"].partition(";")[0]
        if answer.status_code == 200:
            assert kind in media
        else:
            error = answer.json()["error"]
            assert error and "Traceback" not in error and str(tmp_path) not in error

    ask()  # once, for what is set up but once
    before = psutil.Process().memory_info().rss
    ask()
    assert psutil.Process().memory_info().rss - before < MEMORY
    assert not list((tmp_path / "here").iterdir())
    (own,) = (place for place in tmp_path.iterdir() if place.name != "here")
    assert own.name.startswith("sparring-serve-") and not list(own.iterdir())
