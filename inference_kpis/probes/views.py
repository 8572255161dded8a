"""The pages of probes: all of them, one, and writing them."""

from datetime import UTC, datetime, timedelta

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.text import slugify
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.access import SignedInRequest, has_role, signed_in
from accounts.models import Role
from inference_kpis import access
from inference_kpis.dashboards.charts import kpi_chart
from inference_kpis.dashboards.csv_files import lines_csv
from inference_kpis.dashboards.live import live, unchanged
from inference_kpis.dashboards.node_form import nothing_may_be_pulled
from inference_kpis.dashboards.series import DEFAULT_WINDOW, WINDOWS, window_of
from inference_kpis.fleet.models import Node
from inference_kpis.probes.baselines import NothingToFreeze, enter_baseline, freeze_baseline
from inference_kpis.probes.editing import pause_probe, remove_probe, run_now, save_probe
from inference_kpis.probes.forms import ProbeBaselineForm, ProbeForm
from inference_kpis.probes.models import Probe, ProbeBaseline
from inference_kpis.probes.standing import LATENCY, REDUCTIONS, Standing, past_run, past_runs, standing
from inference_kpis.probes.trial import try_probe
from inference_kpis.readings import store
from inference_kpis.readings.queries import group_readings, kpi_of

PROBES_PER_PAGE = 50
BASELINES_SHOWN = 20


@signed_in
@require_safe
def probe_list(request: SignedInRequest) -> HttpResponse:
    version = store.version()
    if unchanged(request, version):
        return HttpResponse(status=204)
    now = datetime.now(UTC)
    probes = Probe.objects.select_related("node__site")
    page = Paginator(probes, PROBES_PER_PAGE).get_page(request.GET.get("page"))
    key, window = window_of(DEFAULT_WINDOW, now)
    readings = group_readings(window)
    context: dict[str, object] = {
        "page": page,
        "rows": [(probe, next(iter(past_runs(probe)), None), probe.is_overdue(now)) for probe in page.object_list],
        "reductions": [(kpi, kpi_of(kpi, readings)) for kpi, _q in REDUCTIONS],
        "window_label": WINDOWS[key][1],
        "version": version,
        "can_write": access.can_write_fleet(request.user),
    }
    return live(request, "inference_kpis/probes/probe_list.html", context)


@signed_in
@require_safe
def probe_detail(request: SignedInRequest, pk: int) -> HttpResponse:
    version = store.version()
    if unchanged(request, version):
        return HttpResponse(status=204)
    probe = access.get_probe(pk)
    now = datetime.now(UTC)
    key, window = window_of(request.GET.get("window", ""), now)
    stands = standing(probe, window, edge_label=_("edge"), central_label=_("central"))
    context = {
        "probe": probe,
        "standing": stands,
        "chart": kpi_chart(LATENCY, stands.lines, window),
        "kpi": LATENCY,
        "finding": _finding(stands),
        "runs": past_runs(probe),
        "is_overdue": probe.is_overdue(now),
        "window": window,
        "window_key": key,
        "windows": WINDOWS,
        "version": version,
        "can_write": access.can_write_fleet(request.user),
    }
    return live(request, "inference_kpis/probes/probe_detail.html", context)


def _finding(stands: Standing) -> str:
    """What the chart shows, as far as the interval of the median's reduction decides it."""
    quantity = stands.reductions[0][1]
    if quantity.low is not None and quantity.low > 0:
        return _("The edge answers sooner: median of each step")
    if quantity.high is not None and quantity.high < 0:
        return _("The edge answers later: median of each step")
    return str(LATENCY.label)


@signed_in
@require_safe
def probe_csv(request: SignedInRequest, pk: int) -> HttpResponse:
    """The figures of the probe's chart, as the files of the other charts have them."""
    probe = access.get_probe(pk)
    key, window = window_of(request.GET.get("window", ""), datetime.now(UTC))
    stands = standing(probe, window, edge_label="edge", central_label="central")
    return lines_csv(LATENCY, "end", stands.lines, f"{slugify(probe.name)}-{LATENCY.key}-{key}")


# --- Writing ---------------------------------------------------------------------------------------------------------


@has_role(Role.OPERATOR)
@require_http_methods(["GET", "HEAD", "POST"])
def probe_add(request: SignedInRequest) -> HttpResponse:
    return _edit(request, Probe())


@has_role(Role.OPERATOR)
@require_http_methods(["GET", "HEAD", "POST"])
def probe_edit(request: SignedInRequest, pk: int) -> HttpResponse:
    return _edit(request, access.get_writable_probe_for(request.user, pk))


def _edit(request: SignedInRequest, probe: Probe) -> HttpResponse:
    initial = {} if probe.pk else {"node": request.GET.get("node", "").replace("\0", "")[:120]}
    form = ProbeForm(request.POST or None, instance=probe, initial=initial)
    is_valid = request.method == "POST" and form.is_valid()
    trial = None
    if is_valid:
        tokens = {name: form.token_to_store(name) for name in ("credential", "central_credential")}
        now = datetime.now(UTC)
        if "try" in request.POST:
            found = try_probe(form.save(commit=False), **tokens, by=request.user, now=now)
            trial = past_run(found)
        else:
            saved = save_probe(form.save(commit=False), **tokens, changed=form.changed_names, by=request.user, now=now)
            messages.success(request, _("Probe %(name)s saved; it runs at once.") % {"name": saved.name})
            return redirect(saved)
    context = {
        "form": form,
        "probe": probe,
        "trial": trial,
        "has_typed_secrets": bool(
            trial and (form.cleaned_data["credential"] or form.cleaned_data["central_credential"])
        ),
        "has_nodes": Node.objects.in_service().exists(),
        "nothing_may_be_pulled": nothing_may_be_pulled(),
    }
    return render(request, "inference_kpis/probes/probe_edit.html", context)


@has_role(Role.OPERATOR)
@require_http_methods(["GET", "HEAD", "POST"])
def probe_baseline(request: SignedInRequest, pk: int) -> HttpResponse:
    probe = access.get_writable_probe_for(request.user, pk)
    if not probe.model_name:
        messages.error(request, _("Baselines are kept by model: give the probe the name of one first."))
        return redirect(probe)
    form = ProbeBaselineForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            _keep_baseline(request, probe, form)
        except NothingToFreeze as error:
            form.add_error("window", str(error))
        else:
            messages.success(request, _("Baseline of %(model)s kept.") % {"model": probe.model_name})
            return redirect(probe)
    baselines = ProbeBaseline.objects.filter(model_name=probe.model_name).select_related("by")[:BASELINES_SHOWN]
    context = {"form": form, "probe": probe, "baselines": baselines, "kpi": LATENCY}
    return render(request, "inference_kpis/probes/probe_baseline.html", context)


def _keep_baseline(request: SignedInRequest, probe: Probe, form: ProbeBaselineForm) -> ProbeBaseline:
    now, note = datetime.now(UTC), form.cleaned_data["note"]
    if form.cleaned_data["how"] == form.FREEZE:
        end = now.replace(second=0, microsecond=0) + timedelta(minutes=1)
        return freeze_baseline(probe.model_name, start=end - form.length, end=end, note=note, by=request.user, now=now)
    dated_on = form.cleaned_data["dated_on"]
    return enter_baseline(probe.model_name, **form.seconds, dated_on=dated_on, note=note, by=request.user)


@has_role(Role.OPERATOR)
@require_POST
def probe_run(request: SignedInRequest, pk: int) -> HttpResponse:
    probe = access.get_writable_probe_for(request.user, pk)
    run_now(probe, now=datetime.now(UTC))
    messages.success(request, _("The probe is being sent. What it finds stands here in a few seconds."))
    return redirect(probe)


@has_role(Role.OPERATOR)
@require_POST
def probe_pause(request: SignedInRequest, pk: int) -> HttpResponse:
    probe = access.get_writable_probe_for(request.user, pk)
    pause_probe(probe, by=request.user, now=datetime.now(UTC))
    return redirect(probe)


@has_role(Role.OPERATOR)
@require_POST
def probe_remove(request: SignedInRequest, pk: int) -> HttpResponse:
    probe = access.get_writable_probe_for(request.user, pk)
    remove_probe(probe, by=request.user)
    messages.success(request, _("Probe %(name)s removed; its readings are kept.") % {"name": probe.name})
    return redirect("kpis:probe_list")
