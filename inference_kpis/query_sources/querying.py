"""One question to a source's server, through the guarded client: the body of the answer, or why there is none."""

from collections.abc import Callable
from datetime import datetime

from inference_kpis.exceptions import KeyLost
from inference_kpis.pull.client import Target, authorization, fetch_all
from inference_kpis.pull.targets import where_pulls_may_go
from inference_kpis.query_sources.answers import Answer
from inference_kpis.query_sources.models import QuerySource
from inference_kpis.query_sources.problems import STATUSES, AnswerRefused

PATH = "/api/v1/query"


def ask(source: QuerySource, query: str, at: datetime, read: Callable[[bytes], Answer]) -> Answer:
    """Evaluate a query at a moment, in milliseconds exactly, and read what came. Raises `AnswerRefused`.

    Blocks for as long as the source's time-out; must not run in a transaction.
    """
    try:
        opens = authorization(source.credential_kind, source.credential())
    except KeyLost as error:
        raise AnswerRefused(error.code) from error
    target = Target(
        source.pk or 0,
        source.lease,
        source.url.rstrip("/") + PATH,
        source.timeout_seconds,
        opens,
        headers={"Accept": "application/json", **({"X-Scope-OrgID": source.tenant} if source.tenant else {})},
        form={"query": query, "time": f"{at.timestamp():.3f}", "timeout": f"{source.timeout_seconds}s"},
    )
    [fetched] = fetch_all([target], where_pulls_may_go())
    if fetched.problem:
        raise AnswerRefused(STATUSES.get(fetched.status, fetched.problem))
    return read(fetched.body)
