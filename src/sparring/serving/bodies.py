"""What requests and answers look like: the API's schema."""

from __future__ import annotations

from typing import Annotated

from fastapi import File, Form, UploadFile
from pydantic import BaseModel, ConfigDict, Field

Seed = Annotated[int, Field(ge=0, lt=2**63, description="Sample i depends on it and i alone.")]
Word = Annotated[str, Field(max_length=256)]
Label = Annotated[
    int | Word | None, Field(description="A label's name or number; all in turn if none.")
]
Number = Annotated[float, Field(ge=-1e6, le=1e6, allow_inf_nan=False)]
Vector = Annotated[list[Number], Field(max_length=65_536)]
Tokens = Annotated[list[Annotated[int, Field(ge=-1, lt=2**31)]], Field(max_length=65_536)]


class SampleBody(BaseModel):
    """What samples are asked for; the words of `Model.sample`."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"count": 2, "seed": 7, "label": "3"}, {"count": 1}]},
    )

    count: Annotated[int, Field(ge=1, lt=2**31)] = 1
    seed: Seed = 0
    start: Annotated[int, Field(ge=0, lt=2**31, description="The first sample's i.")] = 0
    label: Label = None
    vector: Annotated[Vector | None, Field(description="The condition's numbers.")] = None
    tokens: Annotated[Tokens | None, Field(description="The condition's words.")] = None
    text: Annotated[
        str | None, Field(max_length=10_000, description="A sentence, instead of tokens.")
    ] = None
    truncation: Annotated[
        float | None, Field(gt=0.0, le=100.0, description="Safer and less varied samples.")
    ] = None


class TranslateForm(BaseModel):
    """A file and how it is worked on; the words of `Model.translate`."""

    model_config = ConfigDict(extra="forbid")

    source: Annotated[UploadFile, File(description="A picture or a sound; its name is not read.")]
    mask: Annotated[
        UploadFile | None, File(description="A picture of the source's size, bright where missing.")
    ] = None
    region: Annotated[
        Word | None,
        Form(
            description="What is missing, in words: left,top,right,bottom in pixels, white, or of "
            "a sound seconds from and to.",
            examples=["20,30,80,60", "0.5-0.8"],
        ),
    ] = None
    seed: Annotated[Seed, Form(examples=[7])] = 0
    label: Annotated[Word | None, Form(description="A label's name or number.")] = None


class ReversibleForm(TranslateForm):
    """The same, either way."""

    reverse: Annotated[bool, Form(description="The other way, where the model knows both.")] = False


class ModelEntry(BaseModel):
    """One model that is served."""

    name: str
    recipe: str
    data: str
    licence: str
    abilities: list[str]
    """What can be posted to it; "mask" where it needs one, "reverse" where it knows both ways."""
    shape: list[int]
    """One encoded sample."""
    labels: list[str]
    scale: int
    """How many times larger a result is than what it is made from."""
    answers: list[str]
    """Media types of one result."""


class ModelList(BaseModel):
    """All models that are served."""

    models: list[ModelEntry]


class Health(BaseModel):
    """The server lives and its models are loaded."""

    status: Annotated[str, Field(examples=["ready"])]
    models: int


class Problem(BaseModel):
    """What is wrong, in one sentence."""

    error: Annotated[str, Field(examples=["there is no model 'digit': did you mean 'digits'?"])]
