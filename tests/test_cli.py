"""The command line: what each verb does, and how it says so."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from sparring import __version__
from sparring.artifact.manifest import Manifest
from sparring.artifact.model import Model
from sparring.cli import call, values
from sparring.cli.app import ORDER
from sparring.cli.flags import described
from sparring.cli.training import default_run, next_steps
from sparring.core.errors import InputError
from sparring.core.part import Part
from sparring.core.types import Spec
from sparring.domains.image.options import size_of
from sparring.recipes import choices, flags_of, recipe_functions, recipe_named
from test_choices import does

PARTS = {"r3": ("generator", "discriminator"), "vae": ("encoder", "decoder")}
Cli = Callable[..., tuple[int, str, str]]


def opened(path: Path) -> Image.Image:
    with Image.open(path) as picture:
        return picture.copy()


def run_module(*arguments: str, **options: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "sparring", *arguments]
    return subprocess.run(command, capture_output=True, text=True, **options)  # type: ignore[call-overload]


def test_help_is_quick_and_imports_nothing_heavy() -> None:
    times = []
    for _ in range(2):  # the first may have to compile
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        done = run_module("--help")
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        times.append(used)
    assert done.returncode == 0
    assert min(times) < 0.5  # of processor time, which a busy machine does not lengthen
    command = [sys.executable, "-X", "importtime", "-m", "sparring", "--help"]
    imported = subprocess.run(command, capture_output=True, text=True).stderr
    names = {line.rpartition("|")[2].strip().partition(".")[0] for line in imported.splitlines()}
    assert not names & {"torch", "numpy", "PIL", "matplotlib", "accelerate", "datasets"}


def test_help_shows_every_verb_in_order(sparring: Cli) -> None:
    code, out, _ = sparring("--help")
    assert code == 0
    places = [out.index(f"│ {name} ") for name in ORDER]
    assert places == sorted(places)


@pytest.mark.parametrize(
    "verb", [*ORDER, "train gan", "data list", "data get", "data check"], ids=str
)
def test_every_verb_has_examples(verb: str, sparring: Cli) -> None:
    code, out, _ = sparring(*verb.split(), "--help")
    assert code == 0
    assert verb == "data" or "Examples" in out
    assert f"sparring {verb}".split(" gan")[0] in out


@pytest.mark.parametrize("name", recipe_functions())
def test_every_recipe_is_a_verb_with_its_own_flags(
    name: str, sparring: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    code, out, _ = sparring("train", name, "--help")
    assert code == 0
    for flag in (*described(recipe_functions()[name]), "data", "set", "penalty", "log-every"):
        if flag == "rank":  # read from the data
            assert "--rank" not in out
        elif flag not in ("penalty",):
            assert f"--{flag.replace('_', '-')}" in out


def test_every_argument_of_a_recipe_is_described() -> None:
    for name, function in recipe_functions().items():
        assert set(described(function)) == set(flags_of(function)), name


def test_version_and_recipes(sparring: Cli) -> None:
    assert sparring("--version") == (0, f"sparring {__version__}\n", "")
    code, out, _ = sparring("recipes")
    assert code == 0
    assert all(name in out for name in recipe_functions())


def test_flags_reach_the_recipe(tiny_npz: str, tmp_path: Path, sparring: Cli) -> None:
    run = tmp_path / "run"
    flags = "--widths 6,5 --discriminator-widths 4 --latent 3 --batch 4 --seed 7 --steps 1 --quiet"
    crossing = "--loss hinge --penalty r1,finite-r2,clip --gamma 0.3 --every 2 --conditional"
    settings = "--set optimizer.generator.lr=0.01 --set precision=fp32 --keep 1 --log-every 3"
    words = [*flags.split(), *crossing.split(), *settings.split()]
    assert sparring("train", "gan", "--data", tiny_npz, "--run", run, *words)[0] == 0
    manifest = Manifest.read(run)
    recipe = manifest.recipe
    assert recipe.networks["generator"].arguments["widths"] == (6, 5)
    assert recipe.networks["discriminator"].arguments["widths"] == (4,)
    assert (recipe.latent, recipe.batch, manifest.seed, recipe.clip) == (
        *(3, 4, 7),
        {"discriminator": 0.01},
    )
    assert recipe.loss is not None and recipe.loss.name == "hinge"
    assert [(t.name, *t.arguments.values()) for t in recipe.terms] == [
        ("r1", 0.3, 2),
        ("finite_r2", 0.3, 2),
    ]
    assert recipe.optimizers["generator"].arguments["lr"] == 0.01
    assert (recipe.precision, manifest.spec.classes) == ("fp32", 2)
    assert manifest.sitting["intervals"]["keep"] == 1
    assert manifest.sitting["steps"] == 1


@pytest.mark.parametrize("network", [name for name in choices.network_names() if does(name)])
@pytest.mark.parametrize("name", ["r3", "vae"])
def test_a_recipe_with_its_own_network_takes_them_all(
    name: str, network: str, tiny_npz: str, tmp_path: Path, sparring: Cli
) -> None:
    words = ("--run", tmp_path / "run", "--steps", 1, "--batch", 4, "--latent", 3, "--quiet")
    widths = {"dense": "[8]", "dcgan": "[8,4]"}.get(network)
    small = [f"--set={part}.widths={widths}" for part in PARTS[name] if widths]
    small += [f"--set={part}.width=16" for part in PARTS[name] if not widths]
    code, _, err = sparring("train", name, "--data", tiny_npz, *words, "--network", network, *small)
    assert (code, err) == (0, "")
    networks = Manifest.read(tmp_path / "run").recipe.networks
    assert {part.call.partition(":")[0] for part in networks.values()} == {
        f"sparring.networks.{network}"
    }


def test_own_weight_reaches_the_chosen_penalty(
    tiny_npz: str, tmp_path: Path, sparring: Cli
) -> None:
    words = "--network dense --batch 4 --penalty dragan --gamma 3 --steps 1 --quiet".split()
    assert sparring("train", "r3", "--data", tiny_npz, "--run", tmp_path / "run", *words)[0] == 0
    (term,) = Manifest.read(tmp_path / "run").recipe.terms
    assert (term.name, term.arguments["weight"], term.arguments["every"]) == ("dragan", 3.0, 8)


def test_train_says_what_to_do_next(
    tiny_npz: str, tiny_flags: tuple[str, ...], tmp_path: Path, sparring: Cli
) -> None:
    words = ("--run", tmp_path / "run", "--steps", "2", *tiny_flags)
    code, out, err = sparring("train", "gan", "--data", tiny_npz, *words)
    assert (code, err) == (0, "")
    assert "2 steps done" in out
    assert f"sparring sample {tmp_path / 'run'} --out samples.png" in out
    command = Manifest.read(tmp_path / "run").sitting["command"]
    assert command.startswith(f"sparring train gan --data {tiny_npz} --run {tmp_path / 'run'}")


@pytest.mark.parametrize(
    ("recipe", "says"),
    [
        ("gan", "sample {run} --out samples.png"),
        ("pix2pix", "translate {run} source.png"),
        ("superres", "upscale {run} source.png"),
        ("inpaint", "repair {run} source.png"),
        ("restore", "repair {run} source.png"),
        ("blend", "blend {run} photo.png cutout.png"),
    ],
)
def test_what_is_told_at_the_end_is_a_verb_of_that_model(recipe: str, says: str) -> None:
    pictures = Part("sparring.domains.image.domain:Image", shape=(3, 16, 16))
    made = recipe_named(recipe)
    spec = Spec((3, 16, 16), made.latent, map=made.task.build().map_shape((3, 16, 16), (3, 16, 16)))
    manifest = Manifest(
        recipe=made, domain=pictures, source_domain=pictures, spec=spec, data={}, seed=0
    )
    first, *others = next_steps(Model(manifest, {}), Path("runs/it"))
    assert first == says.format(run="runs/it")
    assert others == ["evaluate runs/it", "report runs/it"]


def test_resume_goes_on(tiny_run: Path, sparring: Cli) -> None:
    code, out, _ = sparring("resume", tiny_run, "--steps", "8", "--quiet")
    assert code == 0
    assert "8 steps done" in out


def test_a_run_is_named_after_recipe_and_data() -> None:
    assert default_run("gan", "photos/") == Path("runs/gan-photos")
    assert default_run("gan", "hf:owner/my data") == Path("runs/gan-my-data")


def test_sample_to_a_grid_an_array_and_a_folder(
    tiny_run: Path, tmp_path: Path, sparring: Cli
) -> None:
    for out in ("grid.png", "x.npy", "folder"):
        assert sparring("sample", tiny_run, "-n", 5, "--seed", 3, "--out", tmp_path / out)[0] == 0
    array = np.load(tmp_path / "x.npy")
    assert (array.dtype, array.shape) == (np.float32, (5, 1, 8, 8))
    assert np.abs(array).max() <= 1.0
    assert opened(tmp_path / "grid.png").width > 8
    names = sorted(path.name for path in (tmp_path / "folder").iterdir())
    assert names == [f"{index:04d}.png" for index in range(5)]
    third = np.asarray(opened(tmp_path / "folder" / "0003.png"), dtype=np.float32)
    np.testing.assert_allclose(third / 127.5 - 1.0, array[3, 0], atol=1 / 127.5)


def test_interpolate_to_a_strip_and_a_gif(tiny_run: Path, tmp_path: Path, sparring: Cli) -> None:
    code, out, _ = sparring("interpolate", tiny_run, "--out", tmp_path / "walk.gif", "--stops", 3)
    assert code == 0
    assert "17 steps" in out
    with Image.open(tmp_path / "walk.gif") as walk:
        assert walk.n_frames == 2 * 17 - 2
    assert sparring("interpolate", tiny_run, "--out", tmp_path / "strip.png")[0] == 0
    strip = opened(tmp_path / "strip.png")
    assert strip.width > strip.height


def test_reconstruct_shows_pairs(tiny_npz: str, tmp_path: Path, sparring: Cli) -> None:
    run, out = tmp_path / "vae", tmp_path / "pairs.npy"
    words = "--network dense --latent 2 --batch 8 --steps 2 --quiet".split()
    assert sparring("train", "vae", "--data", tiny_npz, "--run", run, *words)[0] == 0
    assert sparring("reconstruct", run, "-n", 6, "--out", out)[0] == 0
    assert np.load(out).shape == (6, 1, 8, 8)
    assert sparring("reconstruct", run, "-n", 6, "--out", tmp_path / "pairs.png")[0] == 0
    assert opened(tmp_path / "pairs.png").width > 8 * 8


def test_evaluate_keeps_the_scores_with_the_model(tiny_run: Path, sparring: Cli) -> None:
    code, out, _ = sparring("evaluate", tiny_run, "-n", 60, "--json")
    assert code == 0
    told = json.loads(out)
    assert told["n_fake"] == 60
    assert told["split"] == "held-out"
    assert told["floor"]["scores"]["frechet"]["value"] < told["scores"]["frechet"]["value"]
    assert json.loads((tiny_run / "model" / "scores.json").read_text()) == told
    assert "| frechet |" in (tiny_run / "model" / "README.md").read_text()


def test_samples_in_a_file_score_as_the_run_does(
    tiny_run: Path, tiny_npz: str, tmp_path: Path, sparring: Cli
) -> None:
    path = tmp_path / "x.npy"
    assert sparring("sample", tiny_run, "-n", 60, "--seed", 2, "--out", path)[0] == 0
    flags = ("--seed", 2, "--json", "--extractor", "pixels")
    of_run = json.loads(sparring("evaluate", tiny_run, "-n", 60, *flags)[1])
    of_file = json.loads(sparring("evaluate", path, "--data", tiny_npz, *flags)[1])
    assert of_file["scores"]["frechet"] == of_run["scores"]["frechet"]


def test_evaluate_prints_a_table_with_the_floor(
    tiny_run: Path, sparring: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "150")
    code, out, _ = sparring("evaluate", tiny_run, "-n", 40, "--split", "train")
    assert code == 0
    assert "floor" in out.splitlines()[0]
    assert "40 samples against" in out
    assert "train items, seed 0, extractor pixels" in out


def test_data_list_and_check(tiny_npz: str, sparring: Cli) -> None:
    code, out, _ = sparring("data", "list")
    assert code == 0
    assert "digits" in out and "fashion" in out
    code, out, _ = sparring("data", "check", tiny_npz)
    assert code == 0
    assert "ready to train on" in out
    assert sparring("data", "check", tiny_npz, "--batch", 4000)[0] == 2


def test_demo_ends_with_pictures_scores_and_a_report(
    tiny_npz: str, tmp_path: Path, sparring: Cli
) -> None:
    run = tmp_path / "demo"
    words = ("--recipe", "gan", "--minutes", 0.01, "--run", run, "--quiet")
    code, out, _ = sparring("demo", "--data", tiny_npz, *words)
    assert code == 0
    assert (run / "samples.png").exists()
    assert str(run / "samples.png") in out
    assert str(run / "report.html") in out
    assert "<h2>Scores</h2>" in (run / "report.html").read_text()


def test_evaluate_reads_data_as_its_flags_say(
    tiny_run: Path, tmp_path: Path, sparring: Cli
) -> None:
    photos = tmp_path / "photos"
    photos.mkdir()
    for index in range(300):
        pixels = np.full((9 + index % 3, 12, 3), index % 256, np.uint8)
        Image.fromarray(pixels).save(photos / f"{index}.png")
    (photos / "broken.png").write_bytes(b"no picture")
    few = ("-n", 20, "--extractor", "pixels", "--data", photos)
    code, _, err = sparring("evaluate", tiny_run, *few)
    assert code == 2 and "broken.png" in err
    assert sparring("evaluate", tiny_run, *few, "--skip-broken", "--fit", "pad")[0] == 0
    np.save(tmp_path / "x.npy", np.zeros((20, 1, 8, 8), np.float32))
    flags = ("--skip-broken", "--size", 8, "--channels", 1)
    assert sparring("evaluate", tmp_path / "x.npy", *few, *flags)[0] == 0


def test_no_name_reaches_the_terminal_as_an_order(
    tiny_npz: str, tiny_flags: tuple[str, ...], tmp_path: Path, sparring: Cli
) -> None:
    run, photos = tmp_path / "run\x1b[31m", tmp_path / "photos\x1b[2J"
    photos.mkdir()
    for name in ("a\x1b[5m.png", "b\x1b]0;x\x07.png"):
        Image.new("L", (8, 8)).save(photos / name)
    (photos / "broken\x1b[1m.png").write_bytes(b"no picture")
    few = ("-n", 40, "--extractor", "pixels")
    for code, *words in (
        (0, "train", "gan", "--data", tiny_npz, "--run", run, "--steps", 1, *tiny_flags),
        (0, "resume", run, "--steps", 2, "--quiet"),
        (0, "sample", run, "--out", tmp_path / "o\x1b[31m.png"),
        (0, "interpolate", run, "--out", tmp_path / "w\x1b[31m.png"),
        (0, "evaluate", run, *few),
        (0, "report", run),
        (2, "evaluate", run, "--data", photos, *few),
        (2, "data", "check", photos),
        (2, "translate", run, photos),
    ):
        found, out, err = sparring(*words)
        assert (found, "\x1b" in out + err, "\x07" in out + err) == (code, False, False), words


def test_ctrl_c_is_one_line(tiny_run: Path, sparring: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("sparring.artifact.model.Model.load", interrupt)
    code, _, err = sparring("sample", tiny_run)
    assert code == 130
    assert err.strip() == "sparring: interrupted."


def test_a_closed_pipe_is_quiet() -> None:
    command = f"{sys.executable} -m sparring recipes | true"
    done = subprocess.run(command, shell=True, capture_output=True, text=True)
    assert done.stderr == ""


def test_shell_completion_knows_the_recipes() -> None:
    environment = {
        **os.environ,
        "_SPARRING_COMPLETE": "complete_bash",
        "COMP_WORDS": "sparring train wg",
        "COMP_CWORD": "2",
    }
    done = run_module(env=environment)
    assert done.stdout.split() == ["wgan", "wgan-gp"]


def test_no_verb_shows_the_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert call([]) == 2
    said = capsys.readouterr()
    assert "Commands" in said.out
    assert said.err == ""


def test_sizes_settings_and_numbers() -> None:
    assert size_of("64") == (64, 64)
    assert size_of("64x48") == (64, 48)
    assert values.settings_of(["a.b=1", "judge-x=[1, 2]", "c=word", "d=true"]) == {
        "a.b": 1,
        "judge_x": [1, 2],
        "c": "word",
        "d": True,
    }
    assert values.numbers_of("--widths", "256, 512") == (256, 512)
    assert values.numbers_of("--widths", "") == ()
    assert values.names_of("r1, r2") == ["r1", "r2"]
    with pytest.raises(InputError, match="--widths takes numbers"):
        values.numbers_of("--widths", "wide")
