"""What operators do: write rules and channels, acknowledge, silence. Each leaves a line in the audit trail."""

import secrets
from collections.abc import Sequence
from datetime import datetime

from django.db import transaction
from django.db.models import F

from accounts.audit import record
from accounts.models import User
from inference_kpis.alerts.evaluation import bump_version
from inference_kpis.alerts.models import Alert, AlertEvent, AlertRule, Channel, Notification, Silence
from inference_kpis.alerts.outbox import enqueue_test
from inference_kpis.alerts.states import Phase
from inference_kpis.exceptions import StillInUse

SECRET_BYTES = 32


def save_rule(rule: AlertRule, *, changed: Sequence[str], by: User) -> AlertRule:
    """Write a new or changed rule. What fires goes on under the new thresholds, until it is good by them."""
    with transaction.atomic():
        verb = "alert_rule.change" if rule.pk else "alert_rule.add"
        rule.save()
        record(verb, rule.name, actor=by, fields=list(changed))
        bump_version()
    return rule


def switch_rule(rule: AlertRule, *, by: User) -> None:
    """Turn a rule off or on again. What fires under a rule that is off is closed by the next evaluation."""
    with transaction.atomic():
        rule = AlertRule.objects.select_for_update().get(pk=rule.pk)
        rule.is_on = not rule.is_on
        rule.save(update_fields=["is_on"])
        record("alert_rule.switch_on" if rule.is_on else "alert_rule.switch_off", rule.name, actor=by)
        bump_version()


def retire_rule(rule: AlertRule, *, by: User, now: datetime) -> None:
    """Take a rule away. Its history stays."""
    with transaction.atomic():
        if AlertRule.objects.filter(pk=rule.pk, retired_at=None).update(retired_at=now):
            record("alert_rule.retire", rule.name, actor=by)
            bump_version()


def acknowledge(alert: Alert, *, note: str, by: User, now: datetime) -> bool:
    """Say that somebody looks after an alert that fires; False when it does not fire any more.

    The row's version stays: an acknowledgement must not keep an evaluation that runs now from moving the alert.
    """
    with transaction.atomic():
        row = Alert.objects.select_for_update().filter(pk=alert.pk, phase=Phase.FIRING)
        if not row.update(acknowledged_at=now, acknowledged_by=by, acknowledgement=note):
            return False
        AlertEvent.objects.create(alert=alert, at=now, kind=AlertEvent.Kind.ACKNOWLEDGED, note=note, actor=by)
        record("alert.acknowledge", alert, actor=by, note=note)
        bump_version()
    return True


def add_silence(silence: Silence, *, by: User) -> Silence:
    """Silence a part of the fleet, now or, as a maintenance window, later."""
    with transaction.atomic():
        silence.created_by = by
        silence.save()
        record(f"alert.{silence.kind}", silence.area_label, actor=by, until=silence.ends_at.isoformat())
        bump_version()
    return silence


def end_silence(silence: Silence, *, by: User, now: datetime) -> None:
    """End a silence now; one that has not begun never does."""
    with transaction.atomic():
        row = Silence.objects.select_for_update().filter(pk=silence.pk, ends_at__gt=now)
        begun = row.filter(starts_at__lte=now).update(ends_at=now)
        if begun or row.update(ends_at=F("starts_at")):
            record("alert.silence_end", silence.area_label, actor=by)
            bump_version()


# --- Channels --------------------------------------------------------------------------------------------------------


def save_channel(
    channel: Channel, *, url: str | None, host: str, changed: Sequence[str], by: User
) -> tuple[Channel, str]:
    """Write a channel; None keeps its address. The second is the new secret of a web hook, to be shown once."""
    with transaction.atomic():
        needs_secret = channel.kind == Channel.Kind.WEBHOOK and not channel.secret_sealed
        secret = secrets.token_urlsafe(SECRET_BYTES) if needs_secret else ""
        channel.seal(
            url=url if channel.is_posted else "",
            host=host,
            secret=secret or (None if channel.kind == Channel.Kind.WEBHOOK else ""),
        )
        verb = "channel.change" if channel.pk else "channel.add"
        channel.save()
        record(verb, channel.name, actor=by, fields=list(changed))
    return channel, secret


def renew_secret(channel: Channel, *, by: User) -> str:
    """A new secret to sign with; the old one is forgotten."""
    secret = secrets.token_urlsafe(SECRET_BYTES)
    with transaction.atomic():
        channel.seal(url=None, host="", secret=secret)
        channel.save(update_fields=["secret_sealed"])
        record("channel.renew_secret", channel.name, actor=by)
    return secret


def test_channel(channel: Channel, *, by: User, now: datetime) -> Notification:
    """Send a message that says nothing but that the channel works."""
    with transaction.atomic():
        notification = enqueue_test(channel, now)
        record("channel.test", channel.name, actor=by)
    return notification


def retire_channel(channel: Channel, *, by: User, now: datetime) -> None:
    """Take a channel away and forget its secrets; refused with `StillInUse` while a rule tells it anything."""
    with transaction.atomic():
        channel = Channel.objects.select_for_update().get(pk=channel.pk)
        if channel.rules.in_use().exists():
            raise StillInUse
        channel.retired_at = now
        channel.url_sealed = channel.secret_sealed = None
        channel.save(update_fields=["retired_at", "url_sealed", "secret_sealed"])
        record("channel.retire", channel.name, actor=by)
