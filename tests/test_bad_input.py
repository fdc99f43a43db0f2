"""Bad input of every kind: one clear sentence, exit code 2, no traceback, nothing lost."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from safetensors.torch import load_file, save_file

from sparring.artifact.manifest import SCHEMA

Cli = Callable[..., tuple[int, str, str]]
Refused = Callable[..., str]


@pytest.fixture
def refused(sparring: Cli, tmp_path: Path) -> Refused:
    """Calls the command line, which must refuse in one sentence and write nothing."""

    def call(*arguments: object, says: str) -> str:
        before = snapshot(tmp_path)
        code, out, err = sparring(*arguments)
        assert code == 2, (out, err)
        assert out == ""
        assert "Traceback" not in err
        lines = err.strip().splitlines()
        assert len(lines) == 1, err
        assert lines[0].startswith("sparring: ")
        assert re.search(says, lines[0]), lines[0]
        assert snapshot(tmp_path) == before
        return lines[0]

    return call


@pytest.fixture
def train(refused: Refused, tmp_path: Path, tiny_flags: tuple[str, ...]) -> Refused:
    """`sparring train gan` on data that must be refused."""

    def call(data: object, *flags: object, says: str) -> str:
        words = ("--data", data, "--run", tmp_path / "new", "--steps", 2, *tiny_flags)
        return refused("train", "gan", *words, *flags, says=says)

    return call


def snapshot(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes() if path.is_file() else b""
        for path in sorted(folder.rglob("*"))
    }


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Forty readable pictures of one size."""
    folder = tmp_path / "photos"
    folder.mkdir()
    random = np.random.default_rng(0)
    for index in range(40):
        pixels = random.integers(0, 255, (8, 8), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / f"{index:02d}.png")
    return folder


# The data.


def test_missing_folder(train: Refused, tmp_path: Path) -> None:
    train(tmp_path / "nowhere", says="no file or folder .*nowhere")


def test_unknown_name(train: Refused) -> None:
    train("digit", says="unknown data set 'digit': did you mean 'digits'")


def test_empty_folder(train: Refused, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    train(tmp_path / "empty", says="empty")


def test_unreadable_folder(sparring: Cli, photos: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Tests may run as root, to whom nothing is forbidden.
    def forbidden(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied", str(photos))

    with monkeypatch.context() as patched:
        patched.setattr("os.scandir", forbidden)
        code, _, err = sparring("train", "gan", "--data", photos, "--run", photos / "new")
    assert code == 2
    assert "Permission denied" in err
    assert len(err.strip().splitlines()) == 1
    assert not (photos / "new").exists()


def test_text_named_png(train: Refused, photos: Path) -> None:
    (photos / "letter.png").write_text("Dear reader")
    train(photos, says=r"1 of 41 pictures .* letter\.png")


def test_truncated_jpeg(train: Refused, photos: Path) -> None:
    whole = photos / "whole.jpg"
    Image.effect_noise((8, 8), 50).save(whole)
    whole.write_bytes(whole.read_bytes()[:-40])
    train(photos, says=r"whole\.jpg")


def test_one_huge_picture_among_small_ones(train: Refused, photos: Path) -> None:
    Image.new("1", (10_000, 10_000)).convert("L").save(photos / "huge.png")
    train(photos, says="sizes|huge")


def test_mixed_sizes(train: Refused, photos: Path) -> None:
    Image.new("L", (9, 8)).save(photos / "wide.png")
    train(photos, says="2 sizes.*--size")


def test_mixed_modes(train: Refused, photos: Path) -> None:
    Image.new("RGB", (8, 8)).save(photos / "colour.png")
    train(photos, says="mixed modes.*--(channels|size)")


def test_fewer_items_than_a_batch(train: Refused, photos: Path) -> None:
    train(photos, "--batch", 64, says="fewer than one batch of 64; lower it with --batch")


def test_labels_of_unlabelled_data(train: Refused, photos: Path) -> None:
    train(photos, "--conditional", says="needs labels and .* has none")


# Flags and names.


def test_unknown_recipe(refused: Refused) -> None:
    refused("train", "wgna", "--data", "digits", says="unknown recipe 'wgna': did you mean 'wgan'")


def test_unknown_verb(refused: Refused) -> None:
    refused("tarin", says="No such command 'tarin'.*'train'")


def test_unknown_flag(train: Refused, tiny_npz: str) -> None:
    train(tiny_npz, "--sede", 3, says="No such option.*--sede.*did you mean.*--seed")


def test_missing_flag(refused: Refused) -> None:
    refused("train", "gan", says="Missing option '--data'.*sparring train gan --help")


def test_flag_of_the_wrong_kind(train: Refused, tiny_npz: str) -> None:
    train(tiny_npz, "--seed", "many", says="--seed")


@pytest.mark.parametrize(
    ("setting", "says"),
    [
        ("generator.wdith=3", "unknown setting of Generator 'wdith': did you mean 'widths'"),
        ("genrator.width=3", "did you mean 'generator'"),
        ("latent=wide", "latent must be of type int, not 'wide'"),
        ("latent", "--set takes key=value"),
        ("loss=hingy", "did you mean 'hinge'"),
        ("precision=fp8", "precision"),
        ("clip.discriminator=-1", "clip must be .* a finite number of at least 0"),
        ("ema=-5", "ema must be a finite number of at least 0"),
        ("optimizer.generator.lr=word", "lr of adam must be a finite number from 0 to 100"),
        ("optimizer.generator.lr=Infinity", "lr of adam must be a finite number from 0 to 100"),
        ("optimizer.generator.beta1=1.5", "beta1 of adam must be a finite number from 0 to below"),
        ("optimizer.generator.beta2=-1", "beta2 of adam must be a finite number from 0 to below"),
        ("optimizer.generator.eps=NaN", "eps of adam must be"),
        ("generator.widths=[1000000000]", "widths of Generator must be .* 1 to 16384"),
        ("generator.widths=[4,0]", "widths of Generator must be"),
        ("generator.widths=true", "widths of Generator must be .*, not True"),
        ("generator.widths=null", "widths of Generator must be .*, not None"),
        ("generator.widths=[[[4]]]", "widths of Generator must be"),
        ("generator.slope=NaN", "slope of Generator must be a finite number from 0 to 1"),
        ("generator.norm=3", "norm of Generator must be a word, not 3"),
        ("discriminator.spectral_norm=1", "spectral_norm of Discriminator must be true or false"),
        ("discriminator.dropout=1.0", "dropout of Discriminator must be .* from 0 to below 1"),
        (f"latent={10**21}", "latent must be a whole number from 0 to 16384"),
        (f"batch={'9' * 5000}", "batch must be of type int"),
        ("latent=0", "latent must be at least 1"),
        ("warmup=-1", "warmup must be a finite number of at least 0"),
        ("learning_rate.generator=-1", "learning_rates must be"),
        ("ema.most=-5", "most of share|cannot be set"),
        ("learning_rate.generator=NaN", "learning_rates must be"),
        ("betas=1.5", "betas must be"),
        ("task.condition=nothing", "condition|task"),
        ("learning_rate.genrator=0.1", "did you mean 'generator'"),
    ],
)
def test_wrong_settings(train: Refused, tiny_npz: str, setting: str, says: str) -> None:
    train(tiny_npz, "--set", setting, says=says)


@pytest.mark.parametrize(
    ("flag", "value", "says"),
    [
        ("--loss", "hingy", "unknown loss 'hingy': did you mean 'hinge'"),
        ("--penalty", "r4", "unknown penalty 'r4'"),
        ("--network", "residul", "unknown network 'residul': did you mean 'residual'"),
        ("--augment", "cutuot/0.5", "'cutuot': did you mean 'cutout'"),
        ("--augment", "cutout/some", "strength 'some'"),
        ("--gamma", "2", "no penalty to weigh"),
        ("--size", "big", "--size is 64 or 64x48"),
        ("--size", "0", "--size, a picture's side, must be a whole number from 1"),
        ("--size", "1" * 21, "--size"),
        ("--size", "9" * 5000, "--size is 64 or 64x48"),
        ("--size", "20000", "--size, a picture's side, must be a whole number from 1 to 16384"),
        ("--batch", "0", "batch .*must be a whole number from 1"),
        ("--batch", "-3", "batch .*must be a whole number from 1"),
        ("--steps", "0", "steps must be a whole number of at least 1"),
        ("--steps", "1" * 30, "steps must be a whole number of at least 1"),
        ("--minutes", "-1", "minutes must be a finite number above 0"),
        ("--minutes", "inf", "minutes must be a finite number above 0"),
        ("--minutes", "nan", "minutes must be a finite number above 0"),
        ("--widths", "wide", "--widths takes numbers"),
        ("--channels", "7", "channels must be"),
        ("--augment", "default/2", r"strength '2' is no number in \[0, 1\]"),
        ("--augment", "default/0..2@100", "strength '0..2@100'"),
        ("--lr", "-1", "lr must be a finite number from 0 to 100, not -1.0"),
        ("--lr", "nan", "lr must be a finite number from 0 to 100, not nan"),
        ("--lr", "inf", "lr must be a finite number from 0 to 100, not inf"),
        ("--latent", "-3", "latent must be a whole number from 1 to 16384"),
        ("--latent", "0", "latent must be a whole number from 1 to 16384"),
        ("--widths", "1000000000", "widths must be .* from 1 to 16384"),
        ("--widths", "8,-8", "widths must be .* from 1 to 16384"),
        ("--widths", ",".join(["4"] * 65), "widths must be"),
        ("--slope", "inf", "slope must be a finite number from 0 to 1"),
        ("--penalty", "r1,r1", "r1 twice"),
        ("--every", "0", "every must be|no penalty"),
        ("--keep", "0", "'--keep'"),
        (
            "--log-every",
            "-1",
            r"the interval log is in steps \(500\) or minutes \(2min\), not '-1'",
        ),
        ("--sample-every", "now", "the interval sample is in steps"),
        ("--track", "tensorbord", "unknown tracker 'tensorbord': did you mean 'tensorboard'"),
    ],
)
def test_wrong_values(train: Refused, tiny_npz: str, flag: str, value: str, says: str) -> None:
    train(tiny_npz, flag, value, says=says)


@pytest.mark.parametrize("penalty", ["nan", "inf", "-1"])
def test_wrong_weights(
    train: Refused, refused: Refused, tmp_path: Path, tiny_npz: str, penalty: str
) -> None:
    train(tiny_npz, "--penalty", "r1", "--gamma", penalty, says="gamma")
    words = ("--data", tiny_npz, "--run", tmp_path / "new")
    refused("train", "r3", *words, "--gamma", penalty, says="gamma must be a finite number")


@pytest.mark.parametrize(
    ("recipe", "flag", "value"),
    [
        ("superres", "--warmup", "nan"),
        ("r3", "--gamma-end", "-5"),
        ("r3", "--width", "1000000000"),
        ("r3", "--every", "0"),
        ("r3", "--lr-end", "nan"),
        ("wgan", "--clip", "-1"),
        ("wgan", "--critic-turns", "0"),
        ("vae", "--beta", "inf"),
        ("pix2pix", "--l1", "-3"),
        ("superres", "--scale", "0"),
        ("superres", "--warmup", "-1"),
        ("blend", "--strength", "1.5"),
        ("cyclegan", "--pool", "-1"),
        ("cut", "--blocks", "100000"),
    ],
)
def test_arguments_of_recipes_have_ranges(
    refused: Refused, sparring: Cli, tmp_path: Path, recipe: str, flag: str, value: str
) -> None:
    name = flag.removeprefix("--").replace("-", "_")
    words = ("--data", "digits", "--run", tmp_path / "new")
    refused(
        "train", recipe, *words, flag, value, says=f"^sparring: {name} must be .* (from|of|above)"
    )


def test_ranges_are_shown_in_help(sparring: Cli) -> None:
    _, out, _ = sparring("train", "r3", "--help")
    told = " ".join(re.sub("[^\\w().]", " ", out).split())
    assert "2 for points) (1 to 16384)" in told
    assert "for points) (at least 0)" in told
    assert "Annotated" not in told


# The run's folder.


def test_run_that_exists(refused: Refused, tiny_run: Path, tiny_npz: str) -> None:
    says = "holds a run already; go on with: sparring resume .*--overwrite"
    refused("train", "gan", "--data", tiny_npz, "--run", tiny_run, says=says)


def test_folder_that_is_no_run(
    train: Refused, refused: Refused, photos: Path, tiny_npz: str
) -> None:
    words = ("--data", tiny_npz, "--run", photos)
    refused("train", "gan", *words, says="exists and is no run")
    refused("train", "gan", *words, "--overwrite", says="exists and is no run")


def test_overwrite_keeps_the_run_if_the_new_one_cannot_start(
    refused: Refused, tiny_run: Path, tiny_npz: str
) -> None:
    words = ("--run", tiny_run, "--overwrite", "--batch", 100_000)
    refused("train", "gan", "--data", tiny_npz, *words, says="fewer than one batch")


def test_half_written_run(refused: Refused, tiny_run: Path) -> None:
    shutil.rmtree(tiny_run / "checkpoint")
    shutil.rmtree(tiny_run / "model")
    refused("resume", tiny_run, says="no checkpoint to go on from")
    (tiny_run / "recipe.json").write_text('{"schema": 1, "recipe"')
    refused("resume", tiny_run, says=r"recipe\.json is damaged")
    (tiny_run / "recipe.json").unlink()
    refused("resume", tiny_run, says="no recipe.json")
    refused("sample", tiny_run, says="no recipe.json")


def test_run_stopped_before_its_model(refused: Refused, tiny_run: Path) -> None:
    shutil.rmtree(tiny_run / "model")
    refused("sample", tiny_run, says="has no model yet; finish it with: sparring resume")


def test_newer_schema(refused: Refused, tiny_run: Path) -> None:
    for path in (tiny_run / "recipe.json", tiny_run / "model" / "recipe.json"):
        told = json.loads(path.read_text()) | {"schema": SCHEMA + 1}
        path.write_text(json.dumps(told))
    for verb in ("sample", "resume", "evaluate", "report", "interpolate"):
        refused(verb, tiny_run, says=rf"schema {SCHEMA + 1}, newer .*pip install --upgrade")


def test_recipe_that_calls_elsewhere(refused: Refused, tiny_run: Path) -> None:
    path = tiny_run / "model" / "recipe.json"
    told = json.loads(path.read_text())
    told["recipe"]["game"] = {"call": "os:system", "command": "touch /tmp/sparring-was-here"}
    path.write_text(json.dumps(told))
    refused("sample", tiny_run, says="wants to call 'os:system', which is outside sparring")


def test_no_run_at_all(refused: Refused, tmp_path: Path) -> None:
    refused("sample", tmp_path / "none", says="no run or model at .*none")
    refused("resume", tmp_path / "none", says="none")
    refused("evaluate", tmp_path / "none", says="no run, model, folder or file at .*none")
    refused("report", tmp_path / "none", says="none")


def weights(run: Path) -> Path:
    return run / "model" / "generator.safetensors"


def test_truncated_weights(refused: Refused, tiny_run: Path) -> None:
    weights(tiny_run).write_bytes(weights(tiny_run).read_bytes()[:-100])
    refused("sample", tiny_run, says=r"generator\.safetensors is damaged")


def test_tampered_header(refused: Refused, tiny_run: Path) -> None:
    data = bytearray(weights(tiny_run).read_bytes())
    data[:8] = (2**40).to_bytes(8, "little")
    weights(tiny_run).write_bytes(data)
    refused("sample", tiny_run, says=r"generator\.safetensors is damaged")


def test_weights_of_another_network(refused: Refused, tiny_run: Path) -> None:
    tensors = load_file(weights(tiny_run))
    save_file({f"other.{name}": value for name, value in tensors.items()}, weights(tiny_run))
    refused("sample", tiny_run, says=r"does not fit its recipe\.json")


def test_a_pickle_in_place_of_weights(refused: Refused, tiny_run: Path, tmp_path: Path) -> None:
    import pickle

    class Harm:
        def __reduce__(self) -> tuple[object, ...]:
            return Path.touch, (tmp_path / "harm",)

    weights(tiny_run).write_bytes(pickle.dumps(Harm()))
    refused("sample", tiny_run, says=r"generator\.safetensors is damaged")
    assert not (tmp_path / "harm").exists()


def test_truncated_checkpoint(refused: Refused, tiny_run: Path) -> None:
    for state in tiny_run.glob("checkpoint/*/state.safetensors"):
        state.write_bytes(state.read_bytes()[:200])
    refused("resume", tiny_run, "--steps", 9, "--quiet", says=r"state\.safetensors is damaged")


def test_data_that_changed(refused: Refused, tiny_run: Path, tmp_path: Path) -> None:
    path = tiny_run / "recipe.json"
    told = json.loads(path.read_text())
    told["data"]["fingerprint"] = "0" * 32
    path.write_text(json.dumps(told))
    refused("resume", tiny_run, says="has changed since")


# Places and memory.


def test_no_write_permission(
    train: Refused, refused: Refused, tiny_run: Path, tiny_npz: str
) -> None:
    # Root may write anywhere, but nobody can make a folder inside a file.
    place = tiny_run / "recipe.json"
    flags = ("--steps", 1, "--quiet", "--batch", 8)
    words = ("--data", tiny_npz, "--run", place / "run", *flags)
    refused("train", "gan", *words, says="cannot write .*choose another place")
    refused("sample", tiny_run, "-n", 1, "--out", place / "x.png", says="cannot write")
    refused("sample", tiny_run, "-n", 1, "--out", place / "x.npy", says="cannot write")
    refused("sample", tiny_run, "-n", 1, "--out", place / "folder", says="cannot write")
    refused("interpolate", tiny_run, "--out", place / "x.gif", says="cannot write")


def test_unknown_endings(refused: Refused, tiny_run: Path, tmp_path: Path) -> None:
    refused("sample", tiny_run, "--out", tmp_path / "x.pgn", says="unknown ending; use .png")
    refused("sample", tiny_run, "--out", tmp_path / "x.gif", says="unknown ending; use .png")


def test_memory_that_cannot_fit(
    train: Refused, tiny_npz: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sparring.verbs.check.free_memory", lambda: 1000)
    train(tiny_npz, says="needs about .* GiB .*lower --batch")


def test_memory_that_runs_out_all_the_same(
    refused: Refused, tiny_run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: 8 TB")

    monkeypatch.setattr("sparring.artifact.model.Model.sample", fail)
    refused("sample", tiny_run, says="memory ran out; lower --batch, --size")


def test_tracker_that_is_not_installed(
    train: Refused, tiny_npz: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    train(tiny_npz, "--track", "wandb", says=r"pip install 'sparring\[wandb\]'")


def test_network_that_cannot_take_the_data(train: Refused) -> None:
    train(
        "ring8",
        "--network",
        "dcgan",
        says="cannot learn ring8: its generator .*; these recipes can: gan",
    )


# What is asked of a model.


def test_questions_that_a_model_cannot_answer(refused: Refused, tiny_run: Path) -> None:
    refused("sample", tiny_run, "--label", 3, says="takes no label")
    refused("sample", tiny_run, "--vector", "1,2", says="takes a vector|takes no vector")
    refused("sample", tiny_run, "-n", 0, says="at least 1")
    for wrong in ("0", "nan", "inf", "-1"):
        says = "truncation must be a finite number above 0"
        refused("sample", tiny_run, "--truncation", wrong, says=says)
    refused("reconstruct", tiny_run, says="no encoder")


def test_scores_that_cannot_be_had(
    refused: Refused, tiny_run: Path, tmp_path: Path, tiny_npz: str
) -> None:
    samples = tmp_path / "x.npy"
    np.save(samples, np.zeros((30, 1, 9, 9), np.float32))
    refused("evaluate", samples, says="say with --data")
    refused("evaluate", samples, "--data", tiny_npz, says="shape .1, 9, 9.")
    samples.write_text("not an array")
    refused("evaluate", samples, "--data", tiny_npz, says="cannot be read as an array")
    refused("evaluate", tiny_run, "--extractor", "pixel", says="did you mean 'pixels'")
    refused("evaluate", tiny_run, "--split", "test", says="unknown split 'test'")
    refused("evaluate", tiny_run, "--data", "ring8", says="have shape .2,. and the model's")
    refused("evaluate", tiny_run, "-n", 5, says="20")


def test_pack_that_is_not_there(refused: Refused) -> None:
    refused("data", "get", "digit", says="unknown pack 'digit': did you mean 'digits'")


# Samples by the thousand, and what else lies in samples/.


def test_samples_that_cannot_fit(refused: Refused, tiny_run: Path, tmp_path: Path) -> None:
    many = ("-n", 10**12)
    refused("sample", tiny_run, *many, "--out", tmp_path / "x.npy", says="GiB on the disk")
    refused("sample", tiny_run, *many, "--out", tmp_path / "x", says="GiB on the disk")
    refused("sample", tiny_run, *many, "--out", tmp_path / "x.png", says="GiB in memory")


def test_pieces_are_the_samples_at_once(sparring: Cli, tiny_run: Path, tmp_path: Path) -> None:
    from sparring.artifact.model import Model

    assert sparring("sample", tiny_run, "-n", 1100, "--out", tmp_path / "x.npy")[0] == 0
    assert sparring("sample", tiny_run, "-n", 1100, "--out", tmp_path / "x")[0] == 0
    whole = Model.load(tiny_run).sample(1100).numpy()
    assert np.array_equal(np.load(tmp_path / "x.npy"), whole)
    assert len(list((tmp_path / "x").iterdir())) == 1100
    assert not list(tmp_path.glob(".*"))


def test_foreign_files_among_the_samples(sparring: Cli, tiny_run: Path) -> None:
    folder = tiny_run / "samples"
    (folder / "step-00000001.png").write_text("a letter")
    (folder / "step-last.png").write_bytes((folder / "step-00000003.png").read_bytes())
    (folder / "step-00000002.png").mkdir()
    Image.new("1", (12_000, 12_000)).save(folder / "step-00000005.png")
    code, _, err = sparring("report", tiny_run)
    assert code == 0, err


@pytest.mark.parametrize("text", ["--5,3", "5", "5,3,1", "1e3,2", "9" * 5000 + ",1", ""])
def test_places_are_two_whole_numbers(text: str) -> None:
    from sparring.cli.values import place_of
    from sparring.core.errors import InputError

    assert place_of("--at", " -5, 3") == (-5, 3)
    with pytest.raises(InputError, match="--at is x,y in pixels"):
        place_of("--at", text)


@pytest.mark.parametrize("count", [-4, 0])
def test_counts_of_items_begin_at_one(tiny_run: Path, tiny_npz: str, count: int) -> None:
    from sparring.artifact.model import Model
    from sparring.core.errors import InputError
    from sparring.data import load
    from sparring.verbs.reals import reals_of

    with pytest.raises(InputError, match="at least 1"):
        reals_of(Model.load(tiny_run), load(tiny_npz), count)


def test_samples_replace_nothing_unless_asked(
    tiny_run: Path, tmp_path: Path, sparring: Cli
) -> None:
    (tmp_path / "mine.png").write_bytes(b"mine")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "0.png").write_bytes(b"mine")
    for out in (tmp_path / "mine.png", tmp_path / "full"):
        code, _, err = sparring("sample", tiny_run, "-n", 2, "--out", out)
        assert code == 2 and "--overwrite" in err and len(err.strip().splitlines()) == 1
    assert (tmp_path / "mine.png").read_bytes() == b"mine"
    assert (tmp_path / "full" / "0.png").read_bytes() == b"mine"
    mine = ("--out", tmp_path / "mine.png", "--overwrite")
    assert sparring("sample", tiny_run, "-n", 2, *mine)[0] == 0
    assert (tmp_path / "mine.png").read_bytes().startswith(b"\x89PNG")
