"""The gate: who may come in, how many, how much they may bring, and how long they may stay."""

from __future__ import annotations

import asyncio
import hmac
import time

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sparring.serving.counters import Counters
from sparring.serving.limits import Limits, Refused

FREE = ("/health",)
"""Paths for which no token is asked: whoever starts servers must see that they live."""
AGAIN = {"Retry-After": "1"}
HEADERS = {401: {"WWW-Authenticate": "Bearer"}, 429: AGAIN, 503: AGAIN}


def refusal(status: int, sentence: str) -> JSONResponse:
    """One sentence as an answer."""
    return JSONResponse({"error": sentence}, status, HEADERS.get(status))


class Gate:
    """An ASGI application around another: token, queue, bytes, seconds, and counting them."""

    def __init__(self, app: ASGIApp, limits: Limits, token: str, counters: Counters) -> None:
        self.app, self.limits, self.counters = app, limits, counters
        self._token = f"Bearer {token}".encode() if token else b""
        self._open = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through, or answer why not."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        began, code = time.perf_counter(), 0

        async def sending(message: Message) -> None:
            nonlocal code
            code = code or message.get("status", 0)
            await send(message)

        try:
            self._check(scope)
            await self._timed(scope, receive, sending)
        except Refused as error:
            if not code:
                await refusal(error.status, str(error))(scope, receive, sending)
        finally:
            model, verb = _named(scope)
            self.counters.answered(model, verb, code or 500, time.perf_counter() - began)

    def _check(self, scope: Scope) -> None:
        """The request may be read.

        Raises:
            Refused: it brings no token, or too much, or comes in a crowd.
        """
        headers = Headers(scope=scope)
        known = headers.get("authorization", "").encode()
        if (
            scope["path"] not in FREE
            and self._token
            and not hmac.compare_digest(known, self._token)
        ):
            raise Refused(401, "this server wants its token: Authorization: Bearer TOKEN.")
        length = headers.get("content-length", "0")
        if length.isdecimal() and int(length) > self.limits.bytes:
            raise self._too_much()
        if _works(scope) and self._open >= self.limits.queue:
            raise Refused(429, f"{self._open} requests wait already; come again in a second.")

    async def _timed(self, scope: Scope, receive: Receive, send: Send) -> None:
        counted = _works(scope)
        self._open += counted
        self.counters.open.set(self._open)
        try:
            async with asyncio.timeout(self.limits.seconds):
                await self.app(scope, self._measured(receive), send)
        except TimeoutError as error:
            raise Refused(
                504, f"this took longer than the {self.limits.seconds:g} s that a request has."
            ) from error
        finally:
            self._open -= counted
            self.counters.open.set(self._open)

    def _measured(self, receive: Receive) -> Receive:
        """The body, which may say nothing of its length, up to the limit."""
        read = 0

        async def measured() -> Message:
            nonlocal read
            message = await receive()
            read += len(message.get("body", b""))
            if read > self.limits.bytes:
                raise HTTPException(413, str(self._too_much()))
            return message

        return measured

    def _too_much(self) -> Refused:
        return Refused(413, f"a request may bring up to {self.limits.megabytes:g} MB.")


def _works(scope: Scope) -> bool:
    return bool(scope["method"] == "POST")


def _named(scope: Scope) -> tuple[str, str]:
    """The model and the verb that the router found, for the counters; few of either."""
    return scope.get("sparring", ("", ""))  # type: ignore[no-any-return]
