"""Sounds, as data offers them: files and folders, arrays, columns of tables."""

from __future__ import annotations

from sparring.data.kinds import Arrays, Column, Kind, Objects, Reader
from sparring.domains.sound import arrays, column, folder, levels, options, sides
from sparring.domains.sound.packs import drums, notes, speech

KIND = Kind(
    name="sounds",
    domain="sparring.domains.sound.domain:Sound",
    options=options.OPTIONS,
    readers=(
        Reader(
            "a sound (.wav, .flac, .ogg, .mp3) or a folder of such",
            folder.claims,
            sides.read,
            ("pairs",),
            folder.survey,
        ),
    ),
    arrays=Arrays(arrays.WORDS, arrays.claims, arrays.read, ragged=arrays.ragged),
    column=Column("sounds", column.claims, column.plain, column.read, column.flaws, column.decoder),
    objects=Objects(arrays.claims_decoded, arrays.read_decoded),
    finder=levels.Levels,
    packs={pack.name: pack for pack in (drums.PACK, speech.PACK, notes.PACK)},
)
