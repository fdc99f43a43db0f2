"""Joint work: what takes long is done in several processes that keep meeting until all are done."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future, wait
from typing import TypeVar

import torch

from sparring.core.errors import InputError
from sparring.training.engine import Engine

T = TypeVar("T")
BEAT = 1.0
"""Seconds between two meetings: far fewer than processes wait for each other."""


def joint(engine: Engine, work: Callable[[], T]) -> T:
    """What this process's work gives, once that of all processes is done.

    However long it takes, none waits in vain: while a thread works, all keep meeting, so a process
    that dies is noticed as in a step.

    Raises:
        InputError: the work failed in another process; its sentence.
        Exception: whatever it raises here.
    """
    if engine.world == 1:
        return work()
    mine = _begun(engine, work)
    while any(engine.most(not _over(mine))):
        pass
    failure = mine.exception()
    said = engine.words("" if failure is None else str(failure) or type(failure).__name__)
    if failure is not None:
        raise failure
    if any(said):
        raise InputError(next(words for words in said if words))
    return mine.result()


def told(engine: Engine, work: Callable[[], str], teller: int) -> str:
    """What the work gives in one process, the teller; the others wait for it, and hear it.

    Processes may have different tellers.

    Raises:
        InputError: it failed in any of them.
    """
    mine = joint(engine, work if engine.rank == teller else str)
    return engine.words(mine)[teller]


def _begun(engine: Engine, work: Callable[[], T]) -> Future[T]:
    """The work, in a thread that holds no process back from its end."""
    done: Future[T] = Future()

    def run() -> None:
        if engine.device.type == "cuda":
            torch.cuda.set_device(engine.device)  # each thread has its own
        try:
            done.set_result(work())
        except BaseException as error:  # told to all, and raised where they meet
            done.set_exception(error)

    threading.Thread(target=run, daemon=True).start()
    return done


def _over(mine: Future[T]) -> bool:
    return bool(wait([mine], BEAT).done)
