"""What the page of a node says about its pulls: what was dropped or went wrong, since when and how often."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db.models import F
from django.utils.functional import Promise
from django.utils.timezone import localdate

from inference_kpis.fleet.models import Node, Site
from inference_kpis.pull.certificates import days_left
from inference_kpis.pull.history import Trouble, troubles
from inference_kpis.pull.models import PullState, PullTls
from inference_kpis.pull.problems import sentence
from inference_kpis.readings.store import as_ms

# A certificate is asked for again this long before it expires.
WARN_DAYS = 30
# After so many intervals and this, a node that is claimed and not pulled has nobody to pull it.
LATE_INTERVALS = 3
LATE = timedelta(minutes=1)


@dataclass(frozen=True)
class CertificateNote:
    """A node's client certificate: whose name it has and how long it goes on."""

    name: str
    expires_on: date
    is_expired: bool
    expires_soon: bool


@dataclass(frozen=True)
class PullHealth:
    """`state` is None for a node that was never scheduled."""

    state: PullState | None
    dropped: list[str | Promise]
    troubles: list[tuple[str | Promise, Trouble]]
    certificate: CertificateNote | None
    has_own_authorities: bool


def pull_health(node: Node, now: datetime) -> PullHealth:
    """Two queries."""
    state = PullState.objects.filter(node=node).first()
    tls = PullTls.objects.filter(node=node).first()
    return PullHealth(
        state,
        [sentence(code) for code in state.problems] if state else [],
        [(sentence(each.code), each) for each in troubles(state.history, as_ms(now))] if state else [],
        _certificate(tls, now) if tls else None,
        bool(tls and tls.authorities),
    )


def is_left_alone(site: Site, now: datetime) -> bool:
    """Whether no node of the site was pulled for so long that no worker seems to stand in its region; two queries."""
    pulled = PullState.objects.filter(
        node__site=site, node__source=Node.Source.PULL, node__retired_at=None, next_pull_at__gt=now - LATE
    ).exclude(node__state=Node.State.PAUSED)
    patience = F("node__pull_interval_seconds") * LATE_INTERVALS * timedelta(seconds=1) + LATE
    lately = pulled.filter(pulled_at__gt=now - patience)
    return pulled.filter(node__registered_at__lt=now - patience).exists() and not lately.exists()


def _certificate(tls: PullTls, now: datetime) -> CertificateNote | None:
    if tls.client_expires_at is None:
        return None
    left = days_left(tls.client_expires_at, now)
    return CertificateNote(tls.client_name, localdate(tls.client_expires_at), left < 0, 0 <= left < WARN_DAYS)
