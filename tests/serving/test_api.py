"""The API: what can be asked for, in which form it comes, and what is refused."""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from small_models import Serve, encoded, hole, png

from sparring.artifact.model import Model

NPY = {"Accept": "application/x-npy"}


def array(answer: Any) -> np.ndarray:
    assert answer.status_code == 200, answer.text
    return np.load(io.BytesIO(answer.content))


def test_models_are_listed(serve: Serve) -> None:
    found = {entry["name"]: entry for entry in serve().get("/v1/models").json()["models"]}
    assert found["digits"]["abilities"] == ["sample"]
    assert found["digits"]["labels"] == [str(k) for k in range(10)]
    assert found["digits"]["answers"] == ["image/png", "application/json", "application/x-npy"]
    assert found["holes"]["abilities"] == ["translate", "repair", "mask"]
    assert found["large"]["abilities"] == ["translate", "upscale"] and found["large"]["scale"] == 2
    assert "reverse" in found["ways"]["abilities"]
    assert found["gaps"]["answers"][0] == "audio/wav" and found["rings"]["answers"][0] == "text/csv"


def test_samples_are_those_of_the_model(serve: Serve, models: Mapping[str, Model]) -> None:
    body = {"count": 3, "seed": 7, "label": "3", "start": 5, "truncation": 1.5}
    got = array(serve().post("/v1/models/digits/sample", json=body, headers=NPY))
    want = models["digits"].sample(3, seed=7, label=3, start=5, truncation=1.5)
    assert got.dtype == np.float32 and got.shape == (3, 1, 16, 16)
    torch.testing.assert_close(torch.from_numpy(got), want, rtol=0, atol=1e-5)


def test_forms_of_samples(serve: Serve, models: Mapping[str, Model]) -> None:
    client, place = serve(), "/v1/models/digits/sample"
    one = client.post(place, json={"seed": 1})
    assert one.headers["content-type"] == "image/png"
    with Image.open(io.BytesIO(one.content)) as picture:
        assert picture.size == (16, 16)
    several = client.post(place, json={"count": 4}, headers={"Accept": "image/*"})
    with Image.open(io.BytesIO(several.content)) as grid:
        assert grid.size == (2 * 48 + 2, 2 * 48 + 2)
    told = client.post(place, json={"count": 2, "seed": 1}, headers={"Accept": "application/json"})
    first = base64.b64decode(told.json()["samples"][0])
    assert told.json()["media"] == "image/png" and len(told.json()["samples"]) == 2
    assert first == one.content
    rows = client.post("/v1/models/rings/sample", json={"count": 3}, headers=NPY)
    text = client.post("/v1/models/rings/sample", json={"count": 3})
    assert text.headers["content-type"].startswith("text/csv")
    read = np.loadtxt(io.BytesIO(text.content), delimiter=",")
    np.testing.assert_allclose(read, array(rows), rtol=1e-6)
    listed = client.post(
        "/v1/models/rings/sample", json={"count": 3}, headers={"Accept": "application/json"}
    )
    np.testing.assert_allclose(listed.json()["samples"], read, rtol=1e-6)


def test_accept_is_obeyed(serve: Serve) -> None:
    client, place = serve(), "/v1/models/digits/sample"
    for accept, media in (
        ("*/*", "image/png"),
        ("application/json;q=0.5, application/x-npy", "application/x-npy"),
        ("audio/wav, application/json;q=0.1", "application/json"),
        ("image/png;q=0, application/*", "application/json"),
    ):
        answer = client.post(place, json={}, headers={"Accept": accept})
        assert answer.headers["content-type"] == media, accept
    refused = client.post(place, json={}, headers={"Accept": "audio/wav"})
    assert refused.status_code == 406 and "image/png" in refused.json()["error"]


def test_a_hole_is_filled_and_the_rest_kept(serve: Serve, models: Mapping[str, Model]) -> None:
    client, place, source = serve(), "/v1/models/holes/repair", png()
    files = {"source": ("../../etc/passwd", source), "mask": ("/tmp/x.png", hole())}
    by_mask = client.post(place, files=files, data={"seed": "3"})
    assert by_mask.status_code == 200 and by_mask.headers["content-type"] == "image/png"
    region = client.post(place, files={"source": source}, data={"region": "4,4,9,9", "seed": "3"})
    assert region.content == by_mask.content
    made, before = (np.asarray(Image.open(io.BytesIO(b))) for b in (by_mask.content, source))
    missing = np.asarray(Image.open(io.BytesIO(hole()))) > 0
    assert (made[~missing] == before[~missing]).all() and (made[missing] != before[missing]).any()
    exact = array(client.post(place, files=files, data={"seed": "3"}, headers=NPY))
    stored = torch.from_numpy(before.copy()).permute(2, 0, 1)[None]
    mask = torch.from_numpy(missing.astype(np.float32))[None, None]
    want = models["holes"].repair(stored, mask, seed=3)
    torch.testing.assert_close(torch.from_numpy(exact), want, rtol=0, atol=1e-5)


def test_pictures_are_enlarged_with_their_opacity(serve: Serve) -> None:
    clear = Image.new("RGBA", (20, 12), (200, 10, 10, 80))
    answer = serve().post("/v1/models/large/upscale", files={"source": encoded(clear)})
    with Image.open(io.BytesIO(answer.content)) as made:
        assert made.size == (40, 24) and made.mode == "RGBA"
        assert np.asarray(made)[..., 3].mean() == 80


def test_both_ways(serve: Serve) -> None:
    client, files = serve(), {"source": png()}
    there = client.post("/v1/models/ways/translate", files=files)
    back = client.post("/v1/models/ways/translate", files=files, data={"reverse": "true"})
    assert there.status_code == back.status_code == 200 and there.content != back.content
    one_way = client.post("/v1/models/large/translate", files=files, data={"reverse": "true"})
    assert one_way.status_code == 422 and "one way only" in one_way.json()["error"]


def test_sounds_keep_their_length(serve: Serve) -> None:
    soundfile = pytest.importorskip("soundfile")
    file = io.BytesIO()
    wave = np.random.default_rng(0).normal(0, 0.1, 5000)
    soundfile.write(file, wave, 8000, format="WAV", subtype="PCM_16")
    client, place = serve(), "/v1/models/gaps/repair"
    answer = client.post(place, files={"source": file.getvalue()}, data={"region": "0.2-0.3"})
    assert answer.status_code == 200 and answer.headers["content-type"] == "audio/wav", answer.text
    made, rate = soundfile.read(io.BytesIO(answer.content))
    assert rate == 8000 and len(made) == 5000
    assert np.abs(made[2400:] - wave[2400:]).max() < 1e-4
    words = client.post(place, files={"source": file.getvalue()}, data={"region": "1,2,3,4"})
    assert words.status_code == 422 and "0.5-0.8" in words.json()["error"]


@pytest.mark.parametrize(
    ("path", "body", "code", "words"),
    [
        ("digit/sample", {}, 404, "did you mean 'digits'"),
        ("digits/translate", {}, 404, "cannot translate; it can sample"),
        ("holes/sample", {}, 404, "it can translate, repair"),
        ("digits/sample", {"count": 65}, 422, "up to 64"),
        ("digits/sample", {"count": 0}, 422, "count: "),
        ("digits/sample", {"seed": -1}, 422, "seed: "),
        ("digits/sample", {"label": "10"}, 422, "unknown label '10'"),
        ("digits/sample", {"vector": [1.0]}, 422, "vector of 0 numbers"),
        ("digits/sample", {"truncation": 0}, 422, "truncation: "),
        ("digits/sample", {"path": "/etc/passwd"}, 422, "path: "),
        ("rings/sample", {"label": 1}, 422, "takes no label"),
        ("digits/../digits/sample", {}, 200, ""),
        ("%2e%2e%2fdigits/sample", {}, 404, "Not Found"),
        ("digits/blend", {}, 404, "Not Found"),
    ],
)
def test_refusals(serve: Serve, path: str, body: Any, code: int, words: str) -> None:
    answer = serve().post(f"/v1/models/{path}", json=body)
    assert answer.status_code == code, answer.text
    if code != 200:
        assert words in answer.json()["error"] and "Traceback" not in answer.text


def test_schema_has_examples_and_every_refusal(serve: Serve) -> None:
    schema = serve().get("/openapi.json").json()
    assert schema["components"]["schemas"]["SampleBody"]["examples"][0] == {
        "count": 2,
        "seed": 7,
        "label": "3",
    }
    for verb in ("sample", "translate", "repair", "upscale"):
        post = schema["paths"][f"/v1/models/{{name}}/{verb}"]["post"]
        assert {"200", "401", "404", "406", "413", "422", "429", "504"} <= set(post["responses"])
        assert "audio/wav" in post["responses"]["200"]["content"]
    sent = schema["paths"]["/v1/models/{name}/repair"]["post"]["requestBody"]["content"]
    assert list(sent) == ["multipart/form-data"]


def test_figures_for_prometheus(serve: Serve) -> None:
    client = serve(batch=4)
    client.post("/v1/models/digits/sample", json={"count": 3})
    client.post("/v1/models/digits/sample", json={"count": 99})
    text = client.get("/metrics").text
    assert 'sparring_requests_total{code="200",model="digits",verb="sample"} 1.0' in text
    assert 'sparring_requests_total{code="422",model="digits",verb="sample"} 1.0' in text
    assert "sparring_padding_rows_total 1.0" in text and "sparring_pass_rows_sum 3.0" in text
    assert "process_resident_memory_bytes" in text
