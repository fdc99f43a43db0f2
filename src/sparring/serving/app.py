"""The API: its routes, and what becomes of errors."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Depends, FastAPI, Request
from fastapi import Form as FormBody
from fastapi.exceptions import RequestValidationError
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.responses import Response, StreamingResponse

from sparring import __version__
from sparring.artifact.model import Model
from sparring.core.errors import InputError, unknown
from sparring.serving.answers import Answer, chosen, forms_of_samples, forms_of_translation
from sparring.serving.batching import Batcher, Work
from sparring.serving.bodies import (
    Health,
    ModelEntry,
    ModelList,
    Problem,
    ReversibleForm,
    SampleBody,
    TranslateForm,
)
from sparring.serving.counters import Counters
from sparring.serving.gate import Gate, refusal
from sparring.serving.limits import Limits, Refused
from sparring.serving.work import Sampling, Translating, files_of, region_of

VERBS = ("sample", "translate", "repair", "upscale")
CHUNK = 1 << 16
HERE = ("localhost", "127.0.0.1", "::1", "[::1]")
"""Names that this machine has for itself; without a token no other is answered to, so that no web
page can point a name of its own here and read what a browser fetches (DNS rebinding)."""
REFUSALS: dict[int | str, dict[str, Any]] = {
    code: {"model": Problem, "description": words}
    for code, words in {
        400: "The body is no form, or the name of the host is another one.",
        401: "No token, or another one.",
        404: "No such model, or it cannot do this.",
        406: "No such media type.",
        413: "Too many bytes or pixels.",
        422: "Bad input: a label, a file that cannot be read, an empty mask.",
        429: "Too many requests wait.",
        503: "Memory ran out.",
        504: "It took too long.",
    }.items()
}
MADE: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "What was made, as Accept asks.",
        "content": {
            "image/png": {"schema": {"type": "string", "format": "binary"}},
            "audio/wav": {"schema": {"type": "string", "format": "binary"}},
            "text/csv": {"schema": {"type": "string"}},
            "application/x-npy": {"schema": {"type": "string", "format": "binary"}},
            "application/json": {
                "schema": {"type": "object"},
                "example": {"media": "image/png", "samples": ["iVBORw0KGgo..."]},
            },
        },
    }
}


@dataclass(frozen=True)
class Served:
    """What the routes work with."""

    models: Mapping[str, Model]
    limits: Limits
    counters: Counters
    batchers: Mapping[str, Batcher]
    """One for each model, so that a large picture holds up requests of its own model alone."""
    folder: Path
    """The server's own, gone when it stops; nothing is written anywhere else."""


def application(models: Mapping[str, Model], limits: Limits, token: str = "") -> FastAPI:
    """The ASGI application that serves these models by name."""
    counters = Counters()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        batchers = {name: Batcher(limits.window / 1000, counters.passed) for name in models}
        with tempfile.TemporaryDirectory(prefix="sparring-serve-") as folder:
            app.state.served = Served(models, limits, counters, batchers, Path(folder))
            try:
                yield
            finally:
                for batcher in batchers.values():
                    await asyncio.to_thread(batcher.close)

    # No pages of documentation: they would fetch their scripts from elsewhere.
    app = FastAPI(
        title="sparring", version=__version__, lifespan=lifespan, docs_url=None, redoc_url=None
    )
    app.include_router(routes)
    app.add_exception_handler(InputError, _refuse)
    app.add_exception_handler(RequestValidationError, _refuse_schema)
    app.add_exception_handler(HTTPException, _refuse_route)
    app.add_exception_handler(Exception, _refuse_fault)
    app.add_middleware(Gate, limits=limits, token=token, counters=counters)
    if not token:
        app.add_middleware(TrustedHostMiddleware, allowed_hosts=HERE, www_redirect=False)
    return app


async def served(request: Request) -> Served:
    """What the application serves."""
    found: Served = request.app.state.served
    return found


Here = Annotated[Served, Depends(served)]
routes = APIRouter()


@routes.get("/health")
async def health(here: Here) -> Health:
    """The server lives; asked for without a token."""
    return Health(status="ready", models=len(here.models))


@routes.get("/metrics", response_class=Response, responses={200: {"content": {"text/plain": {}}}})
async def metrics(here: Here) -> Response:
    """Figures for Prometheus."""
    return Response(here.counters.text(), media_type="text/plain; version=0.0.4; charset=utf-8")


@routes.get("/v1/models", responses={401: REFUSALS[401]})
async def models(here: Here) -> ModelList:
    """The models that are served, and what each can do."""
    return ModelList(models=[_entry(name, model) for name, model in here.models.items()])


async def named(name: str, request: Request, here: Here) -> tuple[str, Model]:
    """The model of this name, which can do what the path ends in.

    Raises:
        Refused: there is none, or it cannot.
    """
    verb = request.url.path.rpartition("/")[2]
    if name not in here.models:
        raise Refused(404, str(unknown("model", name, here.models)))
    request.scope["sparring"] = (name, verb)
    model = here.models[name]
    if verb not in model.task.abilities:
        able = ", ".join(_verbs_of(model))
        raise Refused(404, f"the model {name!r} cannot {verb}; it can {able or 'nothing here'}.")
    return name, model


Named = Annotated[tuple[str, Model], Depends(named)]
MODEL = "/v1/models/{name}"


@routes.post(f"{MODEL}/sample", response_class=Response, responses={**REFUSALS, **MADE})
async def sample(
    known: Named, here: Here, request: Request, body: SampleBody | None = None
) -> Response:
    """Samples from nothing; the same seed gives the same bits, whoever else asks."""
    name, model = known
    asked = body or SampleBody()
    here.limits.check_count(asked.count)
    here.limits.check_extent("the answer", model.manifest.spec.shape[1:], asked.count)
    forms = forms_of_samples(model.domain, asked.count)
    media, form = chosen(request.headers.get("accept", ""), forms)
    work = Sampling(
        model=model, name=name, batch=here.limits.batch, form=form, folder=here.folder,
        count=asked.count, seed=asked.seed, start=asked.start, truncation=asked.truncation,
        told={
            "label": asked.label, "vector": asked.vector,
            "tokens": asked.tokens, "text": asked.text,
        },
    )  # fmt: skip
    return await _made(here.batchers[known[0]], work, media)


Sent = Annotated[TranslateForm, FormBody(media_type="multipart/form-data")]
SentEitherWay = Annotated[ReversibleForm, FormBody(media_type="multipart/form-data")]


@routes.post(f"{MODEL}/translate", response_class=Response, responses={**REFUSALS, **MADE})
async def translate(known: Named, here: Here, request: Request, form: SentEitherWay) -> Response:
    """What the model makes of a file."""
    return await _translated(known, here, request, form, form.reverse)


@routes.post(f"{MODEL}/repair", response_class=Response, responses={**REFUSALS, **MADE})
async def repair(known: Named, here: Here, request: Request, form: Sent) -> Response:
    """A file made whole: what a mask or a region marks, or all of it."""
    return await _translated(known, here, request, form)


@routes.post(f"{MODEL}/upscale", response_class=Response, responses={**REFUSALS, **MADE})
async def upscale(known: Named, here: Here, request: Request, form: Sent) -> Response:
    """A picture made larger, as many times as the model was trained to."""
    return await _translated(known, here, request, form)


async def _translated(
    known: tuple[str, Model],
    here: Served,
    request: Request,
    form: TranslateForm,
    reverse: bool = False,
) -> Response:
    with tempfile.TemporaryDirectory(dir=here.folder) as folder:
        source = await asyncio.to_thread(_kept, form.source, Path(folder) / "source")
        mask = Path(folder) / "mask"
        if form.mask is not None:
            await asyncio.to_thread(_kept, form.mask, mask)
        accept = request.headers.get("accept", "")
        work, media = await asyncio.to_thread(
            _work, known, here, form, source, mask, reverse, accept
        )
        return await _made(here.batchers[known[0]], work, media)


def _work(
    known: tuple[str, Model],
    here: Served,
    form: TranslateForm,
    source: Path,
    mask: Path,
    reverse: bool,
    accept: str,
) -> tuple[Translating, str]:
    """What is to be done with these files; only their headers are read."""
    name, model = known
    entry, leaving = model.ends(reverse)
    extent = files_of(entry).extent(source)
    here.limits.check_extent("what was sent", extent)
    here.limits.check_extent("the answer", [side * model.scale for side in extent])
    if mask.exists():
        here.limits.check_extent("the mask", files_of(model.domain).extent(mask))
    words = str(mask) if mask.exists() else ""
    if form.region is not None:
        words = region_of(form.region, len(extent))
    if model.takes_mask and not words:
        raise Refused(422, f"the model {name!r} needs a mask of what is missing; send one as mask.")
    media, shape = chosen(accept, forms_of_translation(leaving, len(extent)))
    return Translating(
        model=model, name=name, batch=here.limits.batch, form=shape, folder=here.folder,
        source=source, extent=tuple(extent), mask=words, seed=form.seed, reverse=reverse,
        told={"label": form.label},
    ), media  # fmt: skip


def _kept(sent: UploadFile, place: Path) -> Path:
    """A copy of what was sent, under a name of the server's."""
    with place.open("wb") as file:
        shutil.copyfileobj(sent.file, file)
    return place


async def _made(batcher: Batcher, work: Work, media: str) -> Response:
    answer: Answer = await asyncio.wrap_future(batcher.submit(work))
    if answer.file is None:
        return Response(answer.content, media_type=media)
    length = {"Content-Length": str(answer.length)}
    return StreamingResponse(_pieces(answer), media_type=media, headers=length)


def _pieces(answer: Answer) -> Iterator[bytes]:
    assert answer.file is not None
    with answer.file:
        while piece := answer.file.read(CHUNK):
            yield piece


def _verbs_of(model: Model) -> list[str]:
    return [verb for verb in VERBS if verb in model.task.abilities]


def _entry(name: str, model: Model) -> ModelEntry:
    manifest, classes = model.manifest, model.manifest.spec.classes
    also = {"mask": model.takes_mask, "reverse": "reverse" in model.game.doors}
    if "sample" in model.task.abilities:
        answers = forms_of_samples(model.domain, 1)
    else:
        answers = forms_of_translation(model.domain, len(model.domain.shape) - 1)
    return ModelEntry(
        name=name,
        recipe=manifest.recipe.name,
        data=str(manifest.data.get("name", "")),
        licence=str(manifest.data.get("licence", "")),
        abilities=[*_verbs_of(model), *(word for word, has in also.items() if has)],
        shape=list(manifest.spec.shape),
        labels=(list(manifest.classes) or list(map(str, range(classes)))) if classes else [],
        scale=model.scale,
        answers=list(answers),
    )


async def _refuse(request: Request, error: Exception) -> Response:
    status = error.status if isinstance(error, Refused) else 422
    return refusal(status, str(error))


async def _refuse_schema(request: Request, error: Exception) -> Response:
    """The first thing that does not fit the schema, in one sentence."""
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    place = ".".join(str(part) for part in first["loc"][1:]) or "the body"
    return refusal(422, str(InputError(f"{place[:200]}: {first['msg'][:500]}.")))


async def _refuse_route(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    answer = refusal(error.status_code, str(InputError(f"{error.detail}".rstrip(".") + ".")))
    answer.headers.update(error.headers or {})
    return answer


async def _refuse_fault(request: Request, error: Exception) -> Response:
    """Whoever runs the server reads the traceback; whoever asked does not."""
    if isinstance(error, MemoryError) or "memory" in str(error).lower():
        return refusal(503, "memory ran out; ask for fewer or smaller samples.")
    return refusal(500, "the server failed at this; its log says how.")
