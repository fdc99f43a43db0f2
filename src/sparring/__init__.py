"""sparring: adversarial generative models, for real use.

    model = sparring.train("r3", "photos/", "runs/photos", size=64, minutes=60)
    samples = model.sample(16, seed=0)              # (16, 3, 64, 64) in [-1, 1]
    model.show(samples)                             # draws itself in a notebook
    sparring.evaluate("runs/photos")                # scores with intervals and a floor
    sparring.resume("runs/photos", minutes=120)     # goes on exactly where it stopped
    sparring.Model.load("runs/photos")              # safetensors and JSON, no code

Recipes: sparring.recipe_functions(). Data: sparring.load_data. In the shell: sparring --help.
Names load when first used, so `import sparring` stays quick.
"""

from __future__ import annotations

import importlib
import os
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sparring.artifact.model import Model as Model
    from sparring.core.errors import InputError as InputError
    from sparring.core.part import Part as Part
    from sparring.core.recipe import Recipe as Recipe
    from sparring.data import Dataset as Dataset
    from sparring.data import load as load_data
    from sparring.exporting.export import export as export
    from sparring.recipes import recipe_functions as recipe_functions
    from sparring.recipes import recipe_named as recipe_named
    from sparring.training.budget import Intervals as Intervals
    from sparring.verbs.evaluate import evaluate as evaluate
    from sparring.verbs.report import report as report
    from sparring.verbs.run import resume as resume
    from sparring.verbs.run import train as train
    from sparring.verbs.translate import blend as blend
    from sparring.verbs.translate import translate as translate

__version__ = "0.1.0"

# Threads that wait by spinning slow a busy machine several times over. Read once, when PyTorch
# loads OpenMP, so it must be said before; measured in the README.
if "OMP_WAIT_POLICY" not in os.environ:
    os.environ.setdefault("GOMP_SPINCOUNT", "20000")

_HOMES = {
    "Dataset": "sparring.data:Dataset",
    "InputError": "sparring.core.errors:InputError",
    "Intervals": "sparring.training.budget:Intervals",
    "Model": "sparring.artifact.model:Model",
    "Part": "sparring.core.part:Part",
    "Recipe": "sparring.core.recipe:Recipe",
    "blend": "sparring.verbs.translate:blend",
    "evaluate": "sparring.verbs.evaluate:evaluate",
    "export": "sparring.exporting.export:export",
    "load_data": "sparring.data:load",
    "recipe_functions": "sparring.recipes:recipe_functions",
    "recipe_named": "sparring.recipes:recipe_named",
    "report": "sparring.verbs.report:report",
    "resume": "sparring.verbs.run:resume",
    "train": "sparring.verbs.run:train",
    "translate": "sparring.verbs.translate:translate",
}
"""Public name -> where it lives (PEP 562)."""

__all__ = [
    "Dataset",
    "InputError",
    "Intervals",
    "Model",
    "Part",
    "Recipe",
    "blend",
    "evaluate",
    "export",
    "load_data",
    "recipe_functions",
    "recipe_named",
    "report",
    "resume",
    "train",
    "translate",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'sparring' has no attribute {name!r}")
    module, _, attribute = _HOMES[name].partition(":")
    return getattr(importlib.import_module(module), attribute)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
