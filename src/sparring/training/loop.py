"""The loop: steps until the budget is spent, and what happens at intervals."""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from sparring.artifact.manifest import Manifest
from sparring.artifact.model import Model
from sparring.artifact.tiling import at_once
from sparring.core.errors import InputError, shown
from sparring.training import checkpoint, log
from sparring.training.budget import Budget, Intervals, Pace, due, length
from sparring.training.engine import Engine
from sparring.training.guard import Diverged, next_rate_scale
from sparring.training.live import Window
from sparring.training.progress import Bar
from sparring.training.state import State
from sparring.training.step import Draw, Stepper, penalty_share

PREVIEWED, SHEET = 64, 1 << 24
"""Samples in a preview, and their pixels."""
Score = Callable[[Model], float]
"""A quick score of the averaged model; lower is better."""
Show = Callable[[Model, Path], None]
"""Draws what the averaged model makes of held-out items."""


TRIAL = (2, 8)
"""Steps tried for the speed of a later phase: not counted, and counted."""


@dataclass
class Loop:
    """One sitting of a run, new or resumed."""

    manifest: Manifest
    run: Path
    engine: Engine
    draw: Draw
    budget: Budget
    intervals: Intervals = field(default_factory=Intervals)
    score: Score | None = None
    show: Show | None = None
    quiet: bool = False
    stretch: bool = False
    """Whether to estimate the run's length anew."""

    def __post_init__(self) -> None:
        scheduled = self.manifest.scheduled()
        self.state = State(scheduled, self.engine)
        self.stepper = Stepper(scheduled, self.state, self.engine, self.draw)
        self.every = self.intervals.within(self.budget)
        self.model = Model(self.manifest, self.state.averaged)
        self.tally = log.Tally()
        self.window = Window(self.run)
        self._stop = False
        """A signal was heard by this process; `_stopped`, by any."""
        self._stopped = False
        self._saved_step = -1

    def resume(self) -> None:
        """Go back to the last whole checkpoint, with a word on any that had to be passed over."""
        for words in checkpoint.load_last(self.run, self.state):
            if self.engine.main:
                print(shown(f"passed over: {words}"), file=sys.stderr)
        self._saved_step = self.state.progress.step
        if any(self.engine.most(self.engine.told(self._saved_step) != self._saved_step)):
            raise InputError(
                f"the processes see different checkpoints in {self.run}; put the run where all of "
                "their machines see it."
            )
        if self.engine.main:
            log.cut(self.run / "log.jsonl", self._saved_step)
        self.engine.wait()

    def fit(self) -> bool:
        """Train until the budget is spent; False if a signal ended it early.

        Raises:
            InputError: the disk is full, or training diverged beyond repair.
        """
        self._began = time.perf_counter() - self.state.progress.seconds
        self._pace = self._new_pace()
        self._images_logged, self._logged_at = self.state.progress.images, time.perf_counter()
        if self._saved_step < 0:
            self._checkpoint()
        bar = Bar(self.budget, shown=self.engine.main and not self.quiet)
        with bar, closing(self.window), self._signals():
            while not self._finished():
                self._step()
                bar.show(self.state.progress)
        self._checkpoint()
        return not self._stopped

    def _step(self) -> None:
        self._before = self.state.progress.seconds
        try:
            self.tally.add(self.stepper.step())
            self._tick()
            self._estimate()
        except Diverged:
            self._roll_back()
            return
        if self._due(self.every.log):
            self._log()
        if self._due(self.every.score):
            self._score()
        if self._due(self.every.sample):
            self._sample()
        if self._due(self.every.checkpoint):
            self._checkpoint()
        if self.engine.main:
            self.window.show(self.state)

    def _tick(self) -> None:
        """Read the clock and the stop flag: the same in all processes, so that all decide alike."""
        seconds = time.perf_counter() - self._began
        self.state.progress.seconds, stop = self.engine.most(seconds, self._stop)
        self._stopped = bool(stop)

    def _due(self, every: int | str | None) -> bool:
        progress = self.state.progress
        return due(every, progress.step, self._before, progress.seconds)

    def _finished(self) -> bool:
        progress, budget = self.state.progress, self.budget
        if budget.steps is not None and progress.step >= budget.steps:
            return True
        late = budget.minutes is not None and progress.seconds >= 60.0 * budget.minutes
        return late or self._stopped

    def _new_pace(self) -> Pace | None:
        """What measures the run's length, where schedules wait for it."""
        known = self.manifest.sitting.get("images") and not self.stretch
        if known or self.budget.minutes is None or not self.manifest.recipe.follows_length:
            return None
        return Pace(self.budget.minutes, self.state.progress.seconds)

    def _estimate(self) -> None:
        """Once the pace is known, give schedules the length that the minutes will hold.

        A checkpoint is made first: no resumed run passes this point twice, with two lengths.
        """
        progress = self.state.progress
        alone = self._pace and self._pace.speed(progress.images, progress.seconds)
        if not alone or self.budget.minutes is None:
            return
        self._checkpoint()
        warm = self.stepper.opens(progress.images)
        together = alone if warm else self._trial()
        left = max(60.0 * self.budget.minutes - self.state.progress.seconds, 0.0)
        warmup = 0.0 if warm else self.manifest.recipe.warmup
        images = length(left, self.state.progress.images, alone, together, warmup)
        a_step = self.manifest.recipe.images_a_step
        self._last(max(round(images / a_step), self.state.progress.step + 1) * a_step)

    def _trial(self) -> float:
        """Images a second with the discriminator, on steps that are taken back."""
        progress, first = self.state.progress, 0.0
        for step in range(sum(TRIAL)):
            first = progress.seconds if step == TRIAL[0] else first
            self.stepper.step(everyone=True)
            self._tick()
        speed = TRIAL[1] * self.manifest.recipe.images_a_step / max(progress.seconds - first, 1e-9)
        checkpoint.load_last(self.run, self.state)
        self._tick()
        return speed

    def _last(self, images: int) -> None:
        """Draw the schedules over so many images, from here on and wherever the run goes on."""
        self._pace, self.stretch = None, False
        sitting = {**self.manifest.sitting, "images": images}
        self.manifest = replace(self.manifest, sitting=sitting)
        if self.engine.main:
            self.manifest.write(self.run)
        scheduled = self.manifest.scheduled()
        self.state.play(scheduled.recipe)
        self.stepper = Stepper(scheduled, self.state, self.engine, self.draw)

    def _log(self) -> None:
        progress, now = self.state.progress, time.perf_counter()
        means = self.tally.means()
        shares = {f"penalty_share/{p}": penalty_share(means, p) for p in self.state.game.players}
        speed = (progress.images - self._images_logged) / (now - self._logged_at)
        self._images_logged, self._logged_at = progress.images, now
        values = {**means, **shares, **self.stepper.settings(), "images_per_second": speed}
        counts = {"skipped": progress.skipped, "rollbacks": progress.rollbacks}
        self._write({"images": progress.images, "seconds": progress.seconds, **counts, **values})

    def _write(self, values: dict[str, Any]) -> None:
        if self.engine.main:
            step = self.state.progress.step
            log.append(self.run / "log.jsonl", {"step": step, **values})
            self.engine.track(values, step)

    def _score(self) -> None:
        """Score the average; the best model so far is kept whole in best/.

        All processes take the first one's number: what follows must not hang on a rounding.
        """
        if self.score is None:
            return
        self.engine.share_buffers(self.state.averaged.values())
        value, progress = self.engine.told(self.score(self.model)), self.state.progress
        self._write({"score": value})
        if progress.best is None or value < progress.best:
            progress.best, progress.best_step = value, progress.step
            if self.engine.main:
                checkpoint.write_run_model(self.run / "best", self.manifest, self.state)
            self._checkpoint()

    def _sample(self) -> None:
        self.engine.share_buffers(self.state.averaged.values())
        if not self.engine.last:
            return
        step = self.state.progress.step
        path = self.run / "samples" / f"step-{step:08d}.png"
        try:
            path.parent.mkdir(exist_ok=True)
            self._draw(path)
        except Exception as error:  # whatever drawing runs into, hours of training go on
            path.unlink(missing_ok=True)
            said = f"no preview at step {step}: {error or type(error).__name__}"
            print(shown(f"warning: {said}"), file=sys.stderr)
            log.append(self.run / "log.jsonl", {"step": step, "warning": said})

    def _draw(self, path: Path) -> None:
        if self.show is not None:
            self.show(self.model, path)
        else:
            count = at_once(PREVIEWED, SHEET, self.manifest.spec.shape)
            self.model.domain.preview(self.model.sample(count, seed=self.manifest.seed), path)

    def _checkpoint(self) -> None:
        if self.state.progress.step == self._saved_step:
            return
        if self.engine.main:
            checkpoint.save(self.run, self.manifest, self.state, self.every.keep)
        self._saved_step = self.state.progress.step
        self.engine.wait()

    def _roll_back(self) -> None:
        """Back to the last checkpoint, at half the learning rate."""
        failed = self.state.progress
        scale = next_rate_scale(failed.rollbacks, failed.rate_scale)
        checkpoint.load_last(self.run, self.state)
        progress = self.state.progress
        progress.rollbacks, progress.rate_scale = failed.rollbacks + 1, scale
        progress.skipped, progress.seconds = failed.skipped, failed.seconds
        self.tally, self._pace = log.Tally(), self._new_pace()
        if self.engine.main:
            log.cut(self.run / "log.jsonl", progress.step)
        self._write({"skipped": progress.skipped, "rollbacks": progress.rollbacks})

    @contextmanager
    def _signals(self) -> Iterator[None]:
        """SIGTERM and Ctrl-C raise a flag that is read between steps; twice stops at once."""

        def stop(number: int, frame: object) -> None:
            if self._stop:
                raise KeyboardInterrupt
            self._stop = True

        try:
            former = {s: signal.signal(s, stop) for s in (signal.SIGTERM, signal.SIGINT)}
        except ValueError:  # not in the main thread: whoever runs us handles signals
            yield
            return
        try:
            yield
        finally:
            for number, handler in former.items():
                signal.signal(number, handler)
