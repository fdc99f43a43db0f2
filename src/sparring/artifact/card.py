"""The model card: what a person who finds a model must know."""

from __future__ import annotations

from sparring.artifact.manifest import Manifest


def model_card(manifest: Manifest, note: str = "") -> str:
    """A model card in Markdown, with the front matter that the Hugging Face Hub reads."""
    data = manifest.data
    lines = [
        "---",
        "library_name: sparring",
        "tags: [gan, sparring]",
        "---",
        f"# {manifest.recipe.name} on {data.get('name', 'data')}",
        "",
        f"Samples of shape {manifest.spec.shape}, trained with the recipe "
        f"`{manifest.recipe.name}` of sparring {manifest.versions.get('sparring', '')}.",
        "",
        f"- Data: {data.get('address')} (fingerprint `{data.get('fingerprint')}`)",
        f"- Licence of the data: {data.get('licence') or 'not stated'}",
        f"- Seed: {manifest.seed}",
        *_origin(manifest),
        "",
        "```python",
        "from sparring import Model",
        *_usage(manifest),
        "```",
    ]
    return "\n".join([*lines, "", note]).rstrip() + "\n"


def _origin(manifest: Manifest) -> list[str]:
    """Where its first weights came from, if it was not trained from nothing."""
    initial = manifest.sitting.get("initial")
    if not initial:
        return []
    networks = ", ".join(initial["networks"])
    return [f"- Fine-tuned from: {initial['address']} ({initial['recipe']}: {networks})"]


def _usage(manifest: Manifest) -> list[str]:
    if manifest.spec.map:
        return ["made = Model.load('.').translate(sources)  # as stored (N, ...), of any extent"]
    return ["samples = Model.load('.').sample(16, seed=0)"]
