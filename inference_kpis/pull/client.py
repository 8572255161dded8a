"""The one door to other machines: many at once, each within its own limits, so that a slow or hostile one costs only itself.

Expositions are fetched, notifications posted and probes sent through the same guard.
"""

import asyncio
import base64
import socket
import ssl
import time
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias
from urllib.parse import SplitResult, urljoin

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult

from inference_kpis.protocols.negotiation import ACCEPT
from inference_kpis.pull.guard import check_address, parse_url, port_of, same_origin
from inference_kpis.pull.problems import PullFailed
from inference_kpis.pull.tls import SYSTEM_TLS, Tls, certificate_problem, context_of

MAX_BODY_BYTES = 8 * 1024 * 1024
# For those who exchange more than a body.
Session: TypeAlias = aiohttp.ClientSession
Response: TypeAlias = aiohttp.ClientResponse
# What an exchange with a server may end in; `problem_of` says what to call it.
FAILURES = (PullFailed, aiohttp.ClientError, OSError, ValueError)
READ_CHUNK_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class Target:
    """One node to pull; `node_id` is 0 for one that is tried before it is saved."""

    node_id: int
    lease: int
    url: str
    timeout_seconds: float
    authorization: str = field(default="", repr=False)
    tls: Tls = SYSTEM_TLS
    max_body_bytes: int = MAX_BODY_BYTES
    # Instead of what a pull sends, for what else is fetched.
    headers: Mapping[str, str] = field(default_factory=dict)
    # Posted, and then never to where a redirect points, where there is one.
    form: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Fetched:
    """What one pull brought: a body, or the code of a problem. Time is that of the start of the request.

    `status` is 0 where no answer came.
    """

    target: Target
    started_ms: int
    duration_ms: int
    body: bytes = b""
    content_type: str = ""
    problem: str = ""
    status: int = 0


@dataclass(frozen=True)
class Limits:
    """Where a pull may go."""

    networks: tuple[str, ...]
    demo_endpoints: frozenset[str]


class GuardedResolver(AbstractResolver):
    """Resolves a name once and lets through only allowed addresses; the connection is made to exactly those."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        try:
            found = await asyncio.get_running_loop().getaddrinfo(host, port, family=family, type=socket.SOCK_STREAM)
        except OSError:
            raise PullFailed("unresolvable") from None
        results: list[ResolveResult] = []
        for found_family, _, protocol, _, address in found:
            # One refused address refuses the name: otherwise a retry could pick it.
            check(str(address[0]), port, self.limits)
            results.append(
                ResolveResult(
                    hostname=host,
                    host=str(address[0]),
                    port=port,
                    family=found_family,
                    proto=protocol,
                    flags=socket.AI_NUMERICHOST,
                )
            )
        return results

    async def close(self) -> None:
        """Nothing is kept open."""


def check(address: str, port: int, limits: Limits) -> None:
    check_address(address, port, networks=limits.networks, demo_endpoints=limits.demo_endpoints)


def authorization(kind: str, credential: str) -> str:
    """The value of the Authorization header for a bearer token or `user:password`; '' for none."""
    if kind == "bearer":
        return f"Bearer {credential}"
    return f"Basic {base64.b64encode(credential.encode()).decode()}" if kind == "basic" else ""


def fetch_all(targets: Iterable[Target], limits: Limits) -> list[Fetched]:
    """Pull every target concurrently; never raises for what a node does."""
    return asyncio.run(_fetch_all(list(targets), limits))


async def _fetch_all(targets: list[Target], limits: Limits) -> list[Fetched]:
    async with guarded_session(limits) as session:
        return list(await asyncio.gather(*(_fetch(session, target, limits) for target in targets)))


def guarded_session(limits: Limits) -> aiohttp.ClientSession:
    """A session that connects to allowed addresses only, and remembers nothing."""
    connector = aiohttp.TCPConnector(
        resolver=GuardedResolver(limits),
        socket_factory=lambda info: _guarded_socket(info, limits),
        limit=0,
        use_dns_cache=False,
        force_close=True,
    )
    return aiohttp.ClientSession(
        connector=connector,
        auto_decompress=False,
        trust_env=False,
        cookie_jar=aiohttp.DummyCookieJar(),
        timeout=aiohttp.ClientTimeout(total=None),
        max_line_size=8190,
        max_field_size=8190,
    )


def _guarded_socket(info: aiohttp.AddrInfoType, limits: Limits) -> socket.socket:
    """A socket to this very address, judged once more where the connection is made, literal addresses included."""
    family, kind, protocol, _, address = info
    check(str(address[0]), int(address[1]), limits)
    return socket.socket(family, kind, protocol)


async def _fetch(session: aiohttp.ClientSession, target: Target, limits: Limits) -> Fetched:
    started_ms, clock = time.time_ns() // 1_000_000, time.monotonic()

    def failed(problem: str, status: int = 0) -> Fetched:
        return Fetched(target, started_ms, took(), problem=problem, status=status)

    def took() -> int:
        return round((time.monotonic() - clock) * 1000)

    try:
        # One deadline over connecting, redirect and the last byte: a body that drips is bounded too.
        async with asyncio.timeout(target.timeout_seconds):
            body, content_type = await _get(session, target, limits)
    except PullFailed as refused:
        return failed(refused.code, refused.status)
    except FAILURES as error:
        return failed(problem_of(error, is_tls=target.url.startswith("https:")))
    return Fetched(target, started_ms, took(), body, content_type, status=200)


def problem_of(error: Exception, *, is_tls: bool) -> str:
    """What to call an exchange that broke. A time-out is an OSError."""
    if isinstance(error, PullFailed):
        return error.code
    if isinstance(error, TimeoutError):
        return "timed_out"
    refused = error.__cause__ or getattr(error, "os_error", None)
    if isinstance(refused, PullFailed):
        return refused.code
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        return certificate_problem(error.certificate_error)
    # A server that refuses our certificate may say so only after the handshake.
    if isinstance(error, ssl.SSLError | aiohttp.ClientConnectorSSLError) or isinstance(refused, ssl.SSLError):
        return "tls_refused"
    was_connected = isinstance(error, aiohttp.ClientOSError) and not isinstance(error, aiohttp.ClientConnectorError)
    if is_tls and was_connected:
        return "tls_refused"
    if isinstance(error, aiohttp.ClientResponseError):
        return "bad_http"
    if isinstance(error, aiohttp.ClientPayloadError):
        return "cut_short"
    is_gone = was_connected or isinstance(error, aiohttp.ServerDisconnectedError)
    return "hung_up" if is_gone else "connection_failed"


async def _get(session: aiohttp.ClientSession, target: Target, limits: Limits) -> tuple[bytes, str]:
    """The body and its content type, after at most one redirect within the same origin."""
    url = target.url
    for may_redirect in (True, False):
        parts = checked(url, limits)
        headers = {
            "Accept": ACCEPT,
            "Accept-Encoding": "gzip",
            "X-Prometheus-Scrape-Timeout-Seconds": f"{target.timeout_seconds:g}",
            **target.headers,
        }
        if target.authorization:
            headers["Authorization"] = target.authorization
        context = context_of(target.tls)
        method, form = ("POST", dict(target.form)) if target.form else ("GET", None)
        async with session.request(
            method, url, data=form, headers=headers, allow_redirects=False, ssl=context
        ) as response:
            if response.status in {301, 302, 303, 307, 308}:
                url = urljoin(url, response.headers.get("Location", ""))
                if target.form or not may_redirect or not stays(parts, url):
                    raise PullFailed("redirected", response.status)
                continue
            if response.status in {401, 403}:
                raise PullFailed("not_allowed", response.status)
            if response.status != 200:
                raise PullFailed("status", response.status)
            return await _read(response, target.max_body_bytes), response.headers.get("Content-Type", "")
    raise PullFailed("redirected")


def checked(url: str, limits: Limits) -> SplitResult:
    """The parts of a URL that may be asked."""
    parts = parse_url(url)
    if _is_literal(parts.hostname or ""):
        check(parts.hostname or "", port_of(parts), limits)
    return parts


def stays(parts: SplitResult, url: str) -> bool:
    """Whether a redirect leads to a usable URL of the same origin."""
    try:
        return same_origin(parts, parse_url(url))
    except PullFailed:
        return False


def _is_literal(host: str) -> bool:
    """aiohttp asks no resolver for these; those that are no address but would become one are judged here."""
    return ":" in host or host.replace(".", "").isdigit()


async def _read(response: aiohttp.ClientResponse, most_bytes: int) -> bytes:
    """The body, decompressed within the limit: a bomb is refused before it is unpacked."""
    encoding = response.headers.get("Content-Encoding", "identity").strip().lower()
    if encoding not in {"identity", "", "gzip"}:
        raise PullFailed("bad_encoding", response.status)
    inflate: Any = zlib.decompressobj(16 + zlib.MAX_WBITS) if encoding == "gzip" else None
    body = bytearray()
    async for chunk in response.content.iter_chunked(READ_CHUNK_BYTES):
        try:
            body += inflate.decompress(chunk, most_bytes + 1 - len(body)) if inflate else chunk
        except zlib.error:
            raise PullFailed("bad_encoding", response.status) from None
        if len(body) > most_bytes or (inflate and inflate.unconsumed_tail):
            raise PullFailed("too_large", response.status)
    if inflate and not inflate.eof:
        raise PullFailed("bad_encoding", response.status)
    is_framed = inflate or response.content_length is not None or "Transfer-Encoding" in response.headers
    if body and not is_framed and not body.endswith(b"\n"):
        # Without a length, a broken connection looks like the end, and half a number like a number.
        raise PullFailed("cut_short", response.status)
    return bytes(body)


# --- Posting ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Posting:
    """One body to post. The URL may be a secret."""

    url: str = field(repr=False)
    body: bytes
    timeout_seconds: float
    headers: tuple[tuple[str, str], ...] = ()


def post_all(postings: Iterable[Posting], limits: Limits) -> list[str]:
    """Post all of them concurrently: for each the code of its problem, '' where the answer was one of success."""
    return asyncio.run(_post_all(list(postings), limits))


async def _post_all(postings: list[Posting], limits: Limits) -> list[str]:
    async with guarded_session(limits) as session:
        return list(await asyncio.gather(*(_post(session, posting, limits) for posting in postings)))


async def _post(session: aiohttp.ClientSession, posting: Posting, limits: Limits) -> str:
    """No redirect is followed and nothing of the answer is read but its status."""
    try:
        async with asyncio.timeout(posting.timeout_seconds):
            checked(posting.url, limits)
            async with session.post(
                posting.url, data=posting.body, headers=dict(posting.headers), allow_redirects=False
            ) as response:
                if 300 <= response.status < 400:
                    return "redirected"
                if response.status in {401, 403}:
                    return "not_allowed"
                return "" if response.ok else "status"
    except FAILURES as error:
        return problem_of(error, is_tls=posting.url.startswith("https:"))
