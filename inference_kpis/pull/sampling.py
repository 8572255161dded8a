"""What a node answers now, and what it answered a little before, for a person who looks through its series.

Answers are kept in the cache for a minute or so, by node and address: one that is lost costs a fetch and nothing else.
"""

import hashlib
import zlib
from dataclasses import dataclass

import structlog
from django.core.cache import cache
from redis.exceptions import RedisError

from inference_kpis.exceptions import KeyLost
from inference_kpis.fleet.models import Node
from inference_kpis.pull.client import fetch_all
from inference_kpis.pull.targets import target_of, where_pulls_may_go

logger = structlog.get_logger(__name__)

# A person waits for it, and so does a thread of the web server.
LONGEST_SECONDS = 10
# Somebody who types asks often; the node is asked this often at most, and compared over this long at most.
SHORTEST_BETWEEN_MS = 2500
LONGEST_BETWEEN_MS = 60_000


@dataclass(frozen=True, slots=True)
class Answer:
    """The body that came at one time."""

    at_ms: int
    body: bytes
    content_type: str


@dataclass(frozen=True, slots=True)
class Answers:
    """The latest answer and an earlier one, None where there is none; `problem` is the code of why nothing new came."""

    problem: str
    latest: Answer | None
    earlier: Answer | None = None


def answers_of(node: Node, now_ms: int) -> Answers:
    """Fetch from a node that is pulled, unless it was asked just now. Blocks for its time-out, ten seconds at most.

    Must not run in a transaction.
    """
    key = f"answers:{node.uuid}:{hashlib.sha256(node.url.encode()).hexdigest()[:16]}"
    kept = [each for each in _kept(key) if now_ms - each.at_ms <= LONGEST_BETWEEN_MS]
    if kept and now_ms - kept[-1].at_ms < SHORTEST_BETWEEN_MS:
        return _pair("", kept)
    timeout = node.pull_timeout_seconds
    try:
        node.pull_timeout_seconds = min(timeout, LONGEST_SECONDS)
        target = target_of(node)
    except KeyLost as error:
        return _pair(error.code, kept)
    finally:
        node.pull_timeout_seconds = timeout
    (fetched,) = fetch_all([target], where_pulls_may_go())
    if fetched.problem:
        return _pair(fetched.problem, kept)
    kept = [*kept[:1], Answer(fetched.started_ms, fetched.body, fetched.content_type)]
    _keep(key, kept)
    return _pair("", kept)


def _pair(problem: str, kept: list[Answer]) -> Answers:
    return Answers(problem, kept[-1] if kept else None, kept[0] if len(kept) > 1 else None)


def _kept(key: str) -> list[Answer]:
    try:
        found = cache.get(key) or []
    except RedisError:
        logger.warning("answers_not_kept")
        return []
    return [Answer(at_ms, zlib.decompress(body), content_type) for at_ms, body, content_type in found]


def _keep(key: str, answers: list[Answer]) -> None:
    packed = [(each.at_ms, zlib.compress(each.body, 1), each.content_type) for each in answers]
    try:
        cache.set(key, packed, LONGEST_BETWEEN_MS // 1000)
    except RedisError:
        logger.warning("answers_not_kept")
