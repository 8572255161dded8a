"""The pages of channels: where people are told, what was sent, and whether it arrives."""

from datetime import UTC, datetime

from django.conf import settings
from django.contrib import messages
from django.db.models import Count
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.access import SignedInRequest, has_role, signed_in
from accounts.models import Role
from inference_kpis import access
from inference_kpis.alerts import operating
from inference_kpis.alerts.delivery import problem_sentence
from inference_kpis.alerts.forms import ChannelForm
from inference_kpis.alerts.models import Channel
from inference_kpis.exceptions import StillInUse

MOST_NOTIFICATIONS = 50


@signed_in
@require_safe
def channel_list(request: SignedInRequest) -> HttpResponse:
    context = {"channels": Channel.objects.in_use(), "can_write": access.can_write_alerts(request.user)}
    return render(request, "inference_kpis/alerts/channel_list.html", context)


@signed_in
@require_safe
def channel_detail(request: SignedInRequest, pk: int) -> HttpResponse:
    channel = access.get_channel(pk)
    notifications = channel.notifications.select_related("site").annotate(told=Count("events"))[:MOST_NOTIFICATIONS]
    context = {
        "channel": channel,
        "rules": channel.rules.in_use(),
        "rows": [(each, problem_sentence(each.problem)) for each in notifications],
        "can_write": access.can_write_alerts(request.user),
    }
    return render(request, "inference_kpis/alerts/channel_detail.html", context)


@has_role(Role.OPERATOR)
@require_http_methods(["GET", "HEAD", "POST"])
def channel_add(request: SignedInRequest) -> HttpResponse:
    return _edit(request, Channel(language=request.LANGUAGE_CODE))


@has_role(Role.OPERATOR)
@require_http_methods(["GET", "HEAD", "POST"])
def channel_edit(request: SignedInRequest, pk: int) -> HttpResponse:
    return _edit(request, access.get_writable_channel_for(request.user, pk))


def _edit(request: SignedInRequest, channel: Channel) -> HttpResponse:
    form = ChannelForm(request.POST or None, instance=channel)
    if request.method == "POST" and form.is_valid():
        saved, secret = operating.save_channel(
            form.save(commit=False),
            url=form.url_to_store,
            host=form.host,
            changed=[name for name in form.changed_data if name != "url"],
            by=request.user,
        )
        messages.success(request, _("Channel %(name)s saved.") % {"name": saved.name})
        return _secret_once(request, saved, secret) if secret else redirect(saved)
    context = {"form": form, "channel": channel, "nothing_may_be_told": not settings.NOTIFY_NETWORKS}
    return render(request, "inference_kpis/alerts/channel_edit.html", context)


def _secret_once(request: SignedInRequest, channel: Channel, secret: str) -> HttpResponse:
    """The only page that ever shows a secret; nobody keeps a copy of it."""
    context = {"channel": channel, "secret": secret}
    response = render(request, "inference_kpis/alerts/channel_secret.html", context)
    response["Cache-Control"] = "no-store"
    return response


@has_role(Role.OPERATOR)
@require_POST
def channel_secret(request: SignedInRequest, pk: int) -> HttpResponse:
    channel = access.get_writable_channel_for(request.user, pk)
    if channel.kind != Channel.Kind.WEBHOOK:
        return redirect(channel)
    return _secret_once(request, channel, operating.renew_secret(channel, by=request.user))


@has_role(Role.OPERATOR)
@require_POST
def channel_test(request: SignedInRequest, pk: int) -> HttpResponse:
    channel = access.get_writable_channel_for(request.user, pk)
    operating.test_channel(channel, by=request.user, now=datetime.now(UTC))
    messages.info(request, _("A test is on its way; what becomes of it is in the list of messages."))
    return redirect(channel)


@has_role(Role.OPERATOR)
@require_POST
def channel_retire(request: SignedInRequest, pk: int) -> HttpResponse:
    channel = access.get_writable_channel_for(request.user, pk)
    try:
        operating.retire_channel(channel, by=request.user, now=datetime.now(UTC))
    except StillInUse as error:
        messages.error(request, error.message)
        return redirect(channel)
    messages.success(request, _("Channel %(name)s is retired; its secrets are forgotten.") % {"name": channel.name})
    return redirect("kpis:channel_list")
