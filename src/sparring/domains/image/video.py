"""Videos through a model, frame by frame, with the sound they came with (PyAV)."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from sparring.core.errors import InputError
from sparring.core.storage import whole_file
from sparring.data.content import Progress

SUFFIXES = (".mp4", ".mov", ".m4v", ".mkv", ".avi", ".webm")
CODECS = {".webm": "libvpx-vp9", ".avi": "mpeg4"}
"""Where it is not H.264."""

Make = Callable[[Tensor], Tensor]
"""Stored frames (N, C, H, W) to stored ones."""


def is_video(path: Path) -> bool:
    """Whether the name is that of a video."""
    return path.suffix.lower() in SUFFIXES


def translate_video(
    source: Path,
    out: Path,
    make: Make,
    channels: int,
    most: Callable[[tuple[int, int]], int],
    progress: Progress | None = None,
) -> int:
    """Write what is made of a video's frames, at the same times; the number of frames is returned.

    Frames are turned the way the video says; `most` says how many of an extent are made at once.

    Raises:
        InputError: PyAV is not installed, the video cannot be read, or the place not written.
    """
    if importlib.util.find_spec("av") is None:
        raise InputError("videos need PyAV; install it: pip install 'sparring[video]'.")
    import av

    try:
        with av.open(str(source)) as container, whole_file(out) as draft:
            if not container.streams.video:
                raise InputError(f"{source} holds no video.")
            with av.open(str(draft), "w") as target:
                return _Writer(container, target, channels, most, out.suffix.lower()).run(
                    make, progress
                )
    except av.FFmpegError as error:
        raise InputError(f"{source} cannot be translated as a video: {error.strerror}.") from error


class _Writer:
    """Frames from one container to another; sound is passed on as it is."""

    def __init__(
        self,
        source: Any,
        target: Any,
        channels: int,
        most: Callable[[tuple[int, int]], int],
        suffix: str,
    ) -> None:
        self.source, self.target, self.most, self.suffix = source, target, most, suffix
        self.shown = source.streams.video[0]
        self.shown.thread_type = "AUTO"
        self.form = "gray" if channels == 1 else "rgb24"
        self.sound = {
            stream.index: target.add_stream_from_template(stream) for stream in source.streams.audio
        }
        self.stream: Any = None
        self.early: list[Any] = []

    def run(self, make: Make, progress: Progress | None) -> int:
        count = 0
        for frames in self._batches():
            made = make(torch.stack([torch.from_numpy(self._pixels(frame)) for frame in frames]))
            for frame, row in zip(frames, made, strict=True):
                self._write(row.permute(1, 2, 0).numpy(), frame)
            count += len(frames)
            if progress is not None:
                progress("frames", count, max(count, self.shown.frames))
        if self.stream is not None:
            self.target.mux(self.stream.encode())
        return count

    def _batches(self) -> Iterator[list[Any]]:
        waiting: list[Any] = []
        for frame in self._frames():
            waiting.append(frame)
            if len(waiting) >= self.most((frame.height, frame.width)):
                yield waiting
                waiting = []
        if waiting:
            yield waiting

    def _frames(self) -> Iterator[Any]:
        for packet in self.source.demux():
            if packet.stream is self.shown:
                yield from packet.decode()
            elif packet.stream.index in self.sound and packet.dts is not None:
                packet.stream = self.sound[packet.stream.index]
                self._pass_on(packet)

    def _pass_on(self, packet: Any) -> None:
        """Sound that comes before the first frame waits: by then all streams must be open."""
        if self.stream is None:
            self.early.append(packet)
        else:
            self.target.mux(packet)

    def _pixels(self, frame: Any) -> np.ndarray:
        """(C, H, W), upright."""
        pixels = frame.to_ndarray(format=self.form)
        pixels = np.rot90(pixels, getattr(frame, "rotation", 0) // 90)
        pixels = pixels[..., None] if pixels.ndim == 2 else pixels
        return np.ascontiguousarray(pixels.transpose(2, 0, 1))

    def _write(self, pixels: np.ndarray, frame: Any) -> None:
        import av

        if self.stream is None:
            self.stream = self._opened(*pixels.shape[:2])
            for packet in self.early:
                self.target.mux(packet)
        drawn = pixels[..., 0] if self.form == "gray" else pixels
        shown = av.VideoFrame.from_ndarray(np.ascontiguousarray(drawn), format=self.form)
        shown.pts, shown.time_base = frame.pts, frame.time_base
        self.target.mux(self.stream.encode(shown))

    def _opened(self, height: int, width: int) -> Any:
        stream = self.target.add_stream(
            CODECS.get(self.suffix, "libx264"), rate=self.shown.average_rate or 25
        )
        stream.width, stream.height = width, height
        # Colours at half the extent need even sides.
        stream.pix_fmt = "yuv444p" if height % 2 or width % 2 else "yuv420p"
        stream.codec_context.time_base = self.shown.time_base
        return stream
