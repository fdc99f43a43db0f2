"""A folder with a model and one static page that runs it in the browser, with no server."""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from sparring.core.errors import InputError
from sparring.core.extras import check_installed
from sparring.core.storage import whole_folder
from sparring.exporting.export import PACKAGES, Exported, checked, loaded

if TYPE_CHECKING:
    from sparring.artifact.model import Model

RUNTIME = "onnxruntime-web@1.20.1"
"""The package of npm that the page is tested with."""
SCRIPT = "ort.wasm.min.js"
LOADER, WASM = "ort-wasm-simd-threaded.mjs", "ort-wasm-simd-threaded.wasm"
PAGE = Path(__file__).parent / "page"


def export_page(
    model: Model | str | Path,
    out: str | Path = "web",
    *,
    runtime: str | Path | None = None,
    fp16: bool = False,
    reverse: bool = False,
    overwrite: bool = False,
    trusted: Iterable[str] = (),
) -> Exported:
    """Write a folder whose index.html samples or translates in the browser, offline.

    Args:
        model: As in `export`, like all that is not named here.
        out: The folder.
        runtime: A folder that holds onnxruntime-web, such as node_modules/onnxruntime-web; where
            none is given, npm fetches it, which takes a network this once.
        fp16: As in `export`.
        reverse: As in `export`.
        overwrite: Replace what is there.
        trusted: As in `export`.

    Raises:
        InputError: as `export`, or there is no onnxruntime-web to be had.
    """
    out = Path(out)
    if out.exists() and not overwrite:
        raise InputError(f"{out} is there already; give --overwrite, or another --out.")
    check_installed("export", "onnx", *PACKAGES)
    with tempfile.TemporaryDirectory() as spare:
        files = found_runtime(Path(runtime) if runtime else _fetched(Path(spare)))
        content, facts, differences = checked(loaded(model, trusted), fp16, reverse)
        with whole_folder(out) as folder:
            for page in PAGE.iterdir():
                shutil.copyfile(page, folder / page.name)
            shutil.copyfile(files[SCRIPT], folder / "ort.js")
            runs = {"script": _text(files[LOADER]), "wasm": _text(files[WASM])}
            (folder / "runtime.js").write_text(f"window.RUNTIME = {json.dumps(runs)};\n")
            (folder / "model.onnx").write_bytes(content)
            (folder / "model.js").write_text(f'window.MODEL = "{_text(folder / "model.onnx")}";\n')
            (folder / "facts.js").write_text(f"window.FACTS = {json.dumps(facts, indent=1)};\n")
    return Exported(out / "model.onnx", facts, tuple(differences))


def found_runtime(place: Path) -> dict[str, Path]:
    """onnxruntime-web's three files in a folder, or in its dist/.

    Raises:
        InputError: one is missing.
    """
    for folder in (place, place / "dist", place / "package" / "dist"):
        files = {name: folder / name for name in (SCRIPT, LOADER, WASM)}
        if all(path.is_file() for path in files.values()):
            return files
    raise InputError(
        f"{place} does not hold onnxruntime-web ({SCRIPT}, {LOADER} and {WASM}); make it with: "
        f"npm install {RUNTIME}, and give --runtime node_modules/onnxruntime-web."
    )


def _fetched(spare: Path) -> Path:
    """onnxruntime-web, unpacked, from npm.

    Raises:
        InputError: there is no npm, or it does not answer.
    """
    npm = shutil.which("npm")
    if npm is None:
        raise InputError(
            "a page needs onnxruntime-web and there is no npm to fetch it with; install Node.js, "
            "or give --runtime FOLDER with it."
        )
    done = subprocess.run(
        [npm, "pack", "--silent", RUNTIME], cwd=spare, capture_output=True, text=True, check=False
    )
    packed = list(spare.glob("*.tgz"))
    if done.returncode or not packed:
        said = (done.stderr.strip().splitlines() or ["no answer"])[-1]
        raise InputError(f"npm could not fetch {RUNTIME} ({said}); give --runtime FOLDER with it.")
    shutil.unpack_archive(packed[0], spare, "gztar", filter="data")
    return spare


def _text(path: Path) -> str:
    return base64.b64encode(path.read_bytes()).decode("ascii")
