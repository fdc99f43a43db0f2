"""Speech: prompts of a telephone exchange and names of things, spoken by one voice each."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePath

from sparring.data import fetch
from sparring.data.content import Progress
from sparring.data.drawn import Files, chosen
from sparring.domains.sound.packs.collection import (
    RATE,
    Collection,
    Recording,
    decoded,
    levelled,
    trimmed,
)

VIEWS = {
    "allison": "English prompts, one woman; telephone quality (up to 4 kHz)",
    "june": "French prompts, one woman; telephone quality (up to 4 kHz)",
    "french": "names of things in French",
    "spanish": "names of things in Spanish",
    "russian": "names of things in Russian",
}
_PROMPTS = {"allison": "en_US_f_Allison", "june": "fr_CA_f_June"}
_WORDS = {"french": "fr", "spanish": "es", "russian": "ru"}
_SOUNDS, _STAMPS = "usr/share/asterisk/sounds", "usr/share/tuxpaint/stamps"
HELD_OUT = 0.1
MARGIN = RATE // 50
"""Samples (20 ms) that are kept around speech."""


def draw(files: Files, progress: Progress) -> Iterator[tuple[str, list[Recording]]]:
    """Each voice; a prompt or a thing is held out in all languages or in none."""
    for voice, folder in _PROMPTS.items():
        yield voice, _spoken(voice, _prompts(files, f"{_SOUNDS}/{folder}"), files, progress)
    for voice, language in _WORDS.items():
        yield voice, _spoken(voice, _words(files, language), files, progress)


def _prompts(files: Files, folder: str) -> dict[str, tuple[str, str]]:
    """Path -> what it is called in every language, and its text: the prompt's name in words."""
    found = {}
    for path in sorted(files):
        if path.startswith(f"{folder}/") and path.endswith(".wav"):
            name = path.removeprefix(f"{folder}/").removesuffix(".wav")
            if not name.startswith("silence/"):
                found[path] = name, PurePath(name).name.replace("-", " ")
    return found


def _words(files: Files, language: str) -> dict[str, tuple[str, str]]:
    """Path -> the name of the thing, and its text in that language, empty where there is none."""
    found, ending = {}, f"_desc_{language}.ogg"
    for path in sorted(files):
        if path.endswith(ending):
            thing = path.removesuffix(ending)
            found[path] = PurePath(thing).name, _translated(files.get(f"{thing}.txt"), language)
    return found


def _translated(text: bytes | None, language: str) -> str:
    """The line of this language in a stamp's description."""
    lines = (text or b"").decode("utf-8", "replace").splitlines()
    start = f"{language}.utf8="
    return next((line.removeprefix(start).strip() for line in lines if line.startswith(start)), "")


def _spoken(
    voice: str, known: dict[str, tuple[str, str]], files: Files, progress: Progress
) -> list[Recording]:
    out = chosen([name for name, _ in known.values()], HELD_OUT)
    found = []
    for place, (path, (name, text)) in enumerate(known.items()):
        progress(f"reading {voice}", place, len(known))
        wave = trimmed(decoded(files[path]), 0.01, MARGIN)
        if len(wave) > 2 * MARGIN:
            found.append(Recording(levelled(wave), name, bool(out[place]), text=text))
    return found


PACK = Collection(
    name="speech",
    about="speech at 16 kHz of five voices, as pieces of about a second; words held out",
    licence="CC-BY-SA-3.0 (Asterisk: Allison Smith, June Wallack), GPL-2 (Tux Paint)",
    count=7112,
    packages=(
        fetch.Package(
            client="apt",
            name="asterisk-core-sounds-en-wav",
            megabytes=18.3,
            members=(f"{_SOUNDS}/*.wav",),
            archives=("2be3ea287d83299d143815fa804f11179a75b7affd4a758b98b55f5afc18a35d",),
            contents=("4ae8dc211b56cda4f67cd35180c8485a9cbfc348bc84c3b4ea73e55ce545ab97",),
        ),
        fetch.Package(
            client="apt",
            name="asterisk-core-sounds-fr-wav",
            megabytes=18.5,
            members=(f"{_SOUNDS}/*.wav",),
            archives=("8d4e1bc32ed5ba7fbda40841ca1825ed20cc6232724a473c90f8bb0e53e6073e",),
            contents=("e3e4547f9f02da60fb321bda964486379234aafb5906965f53f80d4096194d6f",),
        ),
        fetch.Package(
            client="apt",
            name="tuxpaint-stamps-default",
            megabytes=160.9,
            members=(
                f"{_STAMPS}/*.txt",
                *(f"{_STAMPS}/*_desc_{language}.ogg" for language in _WORDS.values()),
            ),
            archives=("6db6c1bfc870a47f1499d6203b083522eacb57c5f9c87d468f2e92eb6d9d5f34",),
            contents=("7e2318a8445ae75a2eaed0b5a2f9aa2724660b2c9f7f0e22845d0ac61dbae15d",),
        ),
    ),
    views=VIEWS,
    draw=draw,
    cut=True,
)
