"""Every curl command of docs/serving.md is asked of a server, and answered as the page says."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from small_models import Serve, hole, pictures, png, untrained
from starlette.testclient import TestClient

from sparring.artifact.model import Model

PAGE = Path(__file__).parents[2] / "docs" / "serving.md"
COMMANDS = [line for line in PAGE.read_text().splitlines() if line.startswith("curl ")]
FILES = {"@seven.png": png(28, "L"), "@mask.png": hole(28)}


@pytest.fixture(scope="module")
def of_the_page() -> Mapping[str, Model]:
    return {
        "digits": untrained("cgan", pictures(1, 28), classes=10),
        "holes": untrained("inpaint", pictures(1, 28)),
    }


def curled(client: TestClient, command: str) -> Any:
    """What `curl` would be answered."""
    words = shlex.split(command)[1:]
    place, headers, fields, files, body = "", {}, {}, {}, None
    while words:
        match words.pop(0):
            case "-s":
                continue
            case "-o":
                words.pop(0)
            case "-H":
                name, _, value = words.pop(0).partition(": ")
                headers[name] = value
            case "-d":
                body = words.pop(0)
            case "-F":
                name, _, value = words.pop(0).partition("=")
                (files if value in FILES else fields)[name] = FILES.get(value, value)
            case word:
                place = word.partition("/")[2]
    if files or body is not None:
        return client.post(f"/{place}", content=body, data=fields, files=files, headers=headers)
    return client.get(f"/{place}", headers=headers)


@pytest.mark.parametrize("command", COMMANDS)
def test_commands(serve: Serve, of_the_page: Mapping[str, Model], command: str) -> None:
    token = "0123456789abcdef0123" if "Bearer" in command else ""
    answer = curled(serve(token, of_the_page), command)
    assert answer.status_code == 200, answer.text
    endings = {"image/png": ".png", "application/x-npy": ".npy", "application/json": ".json"}
    if "-o " in command:
        assert command.endswith(endings[answer.headers["content-type"]])


def test_there_are_some() -> None:
    assert len(COMMANDS) == 7


def test_sentences(serve: Serve, of_the_page: Mapping[str, Model]) -> None:
    client = serve(only=of_the_page)
    asked = (
        client.post("/v1/models/digits/sample", json={"count": 2, "label": "11"}),
        client.post("/v1/models/digits/sample", json={"count": 1000}),
        client.post("/v1/models/holes/repair", files={"source": png(28, "L")}),
    )
    for answer in asked:
        assert answer.text in PAGE.read_text(), answer.text
