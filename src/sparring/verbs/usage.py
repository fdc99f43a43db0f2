"""Usage: the command that a trained model is first of all used with, as it works for that one."""

from __future__ import annotations

import shlex

from sparring.artifact.manifest import Manifest
from sparring.domains.image.stack import Stack


def usage(manifest: Manifest, place: str) -> str:
    """The verb and its arguments for a model at this place, quoted for the shell."""
    task, domain = manifest.recipe.task.build(), manifest.domain.build()
    if "sample" in task.abilities:
        ending = domain.suffixes[0] if domain.many else ".png"
        return f"sample {place} --out samples{ending}"
    if "blend" in task.abilities:
        return f"blend {place} photo.png cutout.png"
    verb = next((word for word in ("repair", "upscale") if word in task.abilities), "translate")
    entry = manifest.source_domain.build() if manifest.source_domain else domain
    asked = ""
    if "alter" in task.abilities:
        asked = f" --to {shlex.quote(next(iter(manifest.attributes.values()))[-1])}"
    others = entry.names[1:] if isinstance(entry, Stack) else ()
    beside = "".join(f" --with {name}.png" for name in others)
    return f"{verb} {place} source{entry.suffixes[0]}{beside}{asked}"
