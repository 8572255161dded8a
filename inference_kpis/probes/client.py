"""Timed requests through the guard of every pull: allowed networks, the checked address, one redirect, bounded answers."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from ssl import SSLContext
from urllib.parse import urljoin

from inference_kpis.probes.results import Answer, Run
from inference_kpis.probes.streams import ChatStream
from inference_kpis.pull.client import (
    FAILURES,
    Limits,
    Response,
    Session,
    checked,
    guarded_session,
    problem_of,
    stays,
)
from inference_kpis.pull.problems import PullFailed
from inference_kpis.pull.tls import SYSTEM_TLS, Tls, context_of

MOST_BYTES = 1024 * 1024
# A redirect of these would turn a question into a look.
KEEPS_METHOD = {307, 308}


@dataclass(frozen=True, slots=True)
class Ask:
    """One timed request; with a `body` it is a chat request whose answer is a stream, without one a plain GET."""

    url: str
    timeout_seconds: float
    body: bytes = b""
    authorization: str = field(default="", repr=False)
    tls: Tls = SYSTEM_TLS


def run_all(asked: Sequence[tuple[Ask, Ask | None]], limits: Limits) -> list[Run]:
    """Run these probes concurrently, each the edge first and then its central counterpart: they share no wire at a time.

    Never raises for what a server does.
    """
    return asyncio.run(_run_all(asked, limits))


async def _run_all(asked: Sequence[tuple[Ask, Ask | None]], limits: Limits) -> list[Run]:
    return list(await asyncio.gather(*(_run(edge, central, limits) for edge, central in asked)))


async def _run(edge: Ask, central: Ask | None, limits: Limits) -> Run:
    started_ms = time.time_ns() // 1_000_000
    answered = await answer_of(edge, limits)
    return Run(started_ms, answered, await answer_of(central, limits) if central else None)


@dataclass(slots=True)
class _Watch:
    """What was seen so far, in seconds since before connecting."""

    began: float
    status: int = 0
    first_byte_seconds: float | None = None
    first_token_seconds: float | None = None

    def seconds(self) -> float:
        return time.perf_counter() - self.began

    def answer(self, problem: str = "", total_seconds: float | None = None) -> Answer:
        return Answer(problem, self.status, self.first_byte_seconds, self.first_token_seconds, total_seconds)


async def answer_of(ask: Ask, limits: Limits) -> Answer:
    """How one server answers. Every connection is new, as that of a user who comes back after a while is."""
    # Made before the clock starts: what a connection needs of ours is no time of the server's.
    context = context_of(ask.tls)
    async with guarded_session(limits) as session:
        watch = _Watch(time.perf_counter())
        try:
            async with asyncio.timeout(ask.timeout_seconds):
                await _exchange(session, ask, context, limits, watch)
        except PullFailed as refused:
            return watch.answer(refused.code)
        except FAILURES as error:
            return watch.answer(problem_of(error, is_tls=ask.url.startswith("https:")))
        return watch.answer(total_seconds=watch.seconds())


async def _exchange(session: Session, ask: Ask, context: SSLContext, limits: Limits, watch: _Watch) -> None:
    """Ask, follow at most one redirect within the same origin, and read the answer to its end."""
    headers = {"Accept-Encoding": "identity", "Accept": "text/event-stream" if ask.body else "*/*"}
    if ask.body:
        headers["Content-Type"] = "application/json"
    if ask.authorization:
        headers["Authorization"] = ask.authorization
    url, method = ask.url, "POST" if ask.body else "GET"
    for may_redirect in (True, False):
        parts = checked(url, limits)
        async with session.request(
            method, url, headers=headers, data=ask.body or None, allow_redirects=False, ssl=context
        ) as response:
            watch.status = response.status
            if 300 <= response.status < 400:
                url = urljoin(url, response.headers.get("Location", ""))
                keeps = response.status in KEEPS_METHOD or not ask.body
                if not may_redirect or not keeps or not stays(parts, url):
                    raise PullFailed("redirected")
                continue
            watch.first_byte_seconds = watch.seconds()
            if response.status in {401, 403}:
                raise PullFailed("not_allowed")
            if not 200 <= response.status < 300:
                raise PullFailed("status")
            await (_read_stream if ask.body else _read)(response, watch)
            return


async def _read(response: Response, watch: _Watch) -> None:
    size = 0
    async for chunk in response.content.iter_any():
        size += len(chunk)
        if size > MOST_BYTES:
            raise PullFailed("too_large")


async def _read_stream(response: Response, watch: _Watch) -> None:
    if response.content_type != "text/event-stream":
        raise PullFailed("not_a_stream")
    if response.headers.get("Content-Encoding", "identity") not in {"identity", ""}:
        raise PullFailed("bad_encoding")
    stream, size = ChatStream(), 0
    async for chunk in response.content.iter_any():
        size += len(chunk)
        if size > MOST_BYTES:
            raise PullFailed("too_large")
        stream.feed(chunk)
        if stream.tokens and watch.first_token_seconds is None:
            watch.first_token_seconds = watch.seconds()
        if stream.is_done:
            break
    stream.end()
