"""Every page: on a phone, for assistive technology in both colour schemes, and on paper."""

import json
import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import chain
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from accounts.models import Team, User
from inference_kpis.alerts.models import Alert, AlertRule, Channel, Silence
from inference_kpis.annotations.models import Annotation
from inference_kpis.dashboards.node_rows import NODES_PER_PAGE
from inference_kpis.discovery.models import DiscoverySource
from inference_kpis.fleet.models import ServedModel
from inference_kpis.probes.baselines import enter_baseline
from inference_kpis.probes.models import Probe
from inference_kpis.probes.results import Answer, Run
from inference_kpis.probes.running import store_runs
from inference_kpis.probes.schedule import claim_due
from inference_kpis.push.models import WaitingNode
from inference_kpis.query_sources.models import QuerySource
from inference_kpis.readings.store import as_ms
from readiness.actions.models import Action
from readiness.assessments.answering import save_answer, start_assessment
from readiness.assessments.models import Assessment, Binding, Evidence
from readiness.assessments.replies import Reply
from readiness.assessments.succession import start_next
from readiness.assessments.upgrading import move_to_newest
from readiness.bank import current_version, versions
from readiness.contradictions.models import Contradiction
from readiness.perceptions.models import BlindRound
from readiness.perceptions.spread import Circle
from readiness.success.models import SuccessMetric
from readiness.teamwork.models import Assignment, Comment, Mail
from tests.browser.conftest import Company, Visit, Visitor
from tests.factories import CustomKpiFactory, NodeFactory, SiteFactory, TeamFactory, machine_key
from tests.inference_kpis.mappings.makers import a_mapping
from tests.readiness.perceptions.rounds import answered, closed, open_blind, reply
from tests.test_access import ROWS

pytestmark = pytest.mark.browser
in_both_languages = pytest.mark.parametrize("language", ["en", "fr"])

# Pages by the names of their URLs, each with what it may be asked for: `{…}` is one of the objects of `objects_of`.
PAGES: dict[str, list[str]] = {
    "readiness:overview": [""],
    "readiness:rule_detail": ["rules/1/", "rules/9/"],
    "readiness:assessment_list": ["assessments/"],
    "readiness:assessment_next": ["assessments/next/{vision}/"],
    "readiness:assessment_upgrade": ["assessments/{behind}/upgrade/"],
    "readiness:assessment_upgrade_undo": ["assessments/{moved}/upgrade/undo/"],
    "readiness:assessment_detail": [
        f"assessments/{state}/" for state in ("{open}", "{submitted}", "{approved}", "{carried}", "{moved}")
    ],
    "readiness:assessment_practice": [
        "assessments/{carried}/practices/INF3/",
        *("assessments/{open}/practices/UC1/", "assessments/{open}/practices/UC3/"),
        *("assessments/{submitted}/practices/UC1/", "assessments/{approved}/practices/INF3/"),
    ],
    "readiness:assessment_import": ["assessments/{open}/import/", "assessments/{submitted}/import/"],
    "readiness:assessment_rule_intro": ["assessments/{open}/rules/1/"],
    "readiness:assessment_rule": ["assessments/{open}/rules/1/practices/", "assessments/{approved}/rules/2/practices/"],
    "readiness:assessment_result": ["assessments/{open}/result/", "assessments/{approved}/result/"],
    "readiness:assessment_review": [f"assessments/{{submitted}}/review/{query}" for query in ("", "?show=set_aside")],
    "readiness:evidence_revise": ["evidence/{evidence}/revise/"],
    "readiness:evidence_queue": ["evidence/"],
    "readiness:evidence_calendar": ["evidence/calendar/"],
    "readiness:binding_list": ["bindings/"],
    "readiness:binding_add": ["bindings/new/{team}/INF3/", "bindings/new/{team}/ME5/"],
    "readiness:binding_detail": ["bindings/{binding}/"],
    "readiness:binding_edit": ["bindings/{binding}/edit/"],
    "readiness:contradiction_list": ["contradictions/", "contradictions/?closed=1"],
    "readiness:contradiction_detail": ["contradictions/{contradiction}/"],
    "readiness:trend_company": ["trends/"],
    "readiness:trend_detail": ["trends/{trend_team}/"],
    "readiness:comparison": ["comparison/", "comparison/?on=2000-01-01"],
    "readiness:my_work": ["work/", "work/?kind=mention"],
    "readiness:work_preference": ["work/preference/"],
    "readiness:outbox": ["work/outbox/"],
    "readiness:assignment_add": ["assessments/{open}/assign/?practice=UC1"],
    "readiness:assignment_detail": ["assignments/{assignment}/"],
    "readiness:blind_list": ["blind/"],
    "readiness:blind_open": ["assessments/{open}/blind/"],
    "readiness:blind_detail": ["blind/{blind}/", "blind/{blind_closed}/"],
    "readiness:blind_answer": ["blind/{blind}/answer/", "blind/{blind_named}/answer/"],
    "readiness:blind_result": ["blind/{blind_closed}/result/", "blind/{blind_named}/result/"],
    "readiness:comment_add": ["assessments/{open}/practices/UC1/comment/?parent={comment}"],
    "readiness:comment_edit": ["comments/{comment}/edit/"],
    "readiness:assessment_gaps": [
        *("assessments/{open}/rules/1/gaps/", "assessments/{approved}/rules/4/gaps/?level=4&ticked=1"),
    ],
    "readiness:action_board": ["plan/", "plan/?team=x&status=overdue"],
    "readiness:action_list": ["plan/list/", "plan/list/?status=dropped"],
    "readiness:action_timeline": ["plan/timeline/"],
    "readiness:action_budget": ["plan/budget/"],
    "readiness:action_add": ["plan/actions/new/"],
    "readiness:action_detail": ["plan/actions/{action}/"],
    "readiness:action_edit": ["plan/actions/{action}/edit/"],
    "readiness:calendar_link": ["plan/calendar/"],
    "readiness:success_metric_list": ["success-metrics/"],
    "readiness:success_metric_add": ["success-metrics/new/"],
    "readiness:success_metric_detail": ["success-metrics/{metric}/"],
    "readiness:success_metric_edit": ["success-metrics/{metric}/edit/"],
    "accounts:token_list": ["account/tokens/"],
    "kpis:fleet": [
        *("fleet/", "fleet/?q=nowhere", "fleet/?page=2", "fleet/?sort=-request_rate"),
        *("fleet/?view=grid", "fleet/?view=grid&state=waiting"),
    ],
    "kpis:site_list": ["fleet/sites/"],
    "kpis:storage": ["fleet/storage/"],
    "kpis:egress_baseline_list": ["fleet/egress-baselines/"],
    "kpis:egress_baseline_add": ["fleet/egress-baselines/new/"],
    "kpis:site_add": ["fleet/sites/new/"],
    "kpis:site_detail": ["fleet/sites/{site}/?window=24h", "fleet/sites/{retired}/"],
    "kpis:site_edit": ["fleet/sites/{site}/edit/"],
    "kpis:model_list": ["fleet/models/"],
    "kpis:model_detail": ["fleet/models/detail/?name={model}", "fleet/models/detail/?name={model}&split=engine"],
    "kpis:node_add": ["fleet/nodes/new/"],
    "kpis:node_detail": ["fleet/nodes/{up}/", "fleet/nodes/{down}/"],
    "kpis:node_edit": ["fleet/nodes/{up}/edit/"],
    "kpis:node_mapping": ["fleet/nodes/{up}/mapping/"],
    "kpis:waiting_list": ["fleet/waiting/", "fleet/waiting/?ignored=1"],
    "kpis:mapping_list": ["fleet/mappings/"],
    "kpis:mapping_add": ["fleet/mappings/new/", "fleet/mappings/new/?node={up}"],
    "kpis:mapping_import": ["fleet/mappings/import/"],
    "kpis:mapping_detail": ["fleet/mappings/{mapping}/"],
    "kpis:mapping_edit": ["fleet/mappings/{mapping}/edit/?node={up}"],
    "kpis:discovery_list": ["fleet/discovery/"],
    "kpis:discovery_add": ["fleet/discovery/new/"],
    "kpis:discovery_detail": ["fleet/discovery/{source}/"],
    "kpis:discovery_edit": ["fleet/discovery/{source}/edit/"],
    "kpis:query_source_list": ["fleet/query-sources/"],
    "kpis:query_source_add": ["fleet/query-sources/new/"],
    "kpis:query_source_detail": ["fleet/query-sources/{query_source}/"],
    "kpis:query_source_edit": ["fleet/query-sources/{query_source}/edit/"],
    "kpis:probe_list": ["fleet/probes/"],
    "kpis:probe_add": ["fleet/probes/new/"],
    "kpis:probe_detail": ["fleet/probes/{probe}/", "fleet/probes/{alone}/"],
    "kpis:probe_edit": ["fleet/probes/{probe}/edit/"],
    "kpis:probe_baseline": ["fleet/probes/{probe}/baseline/"],
    "kpis:node_import": ["fleet/nodes/import/"],
    "kpis:kpi_list": ["kpis/"],
    "kpis:custom_kpi_list": ["kpis/custom/"],
    "kpis:custom_kpi_add": ["kpis/custom/new/"],
    "kpis:custom_kpi_edit": ["kpis/custom/{custom_kpi}/edit/"],
    "kpis:kpi_detail": ["kpis/e2e_latency_p95/", "kpis/availability/?split=tier&window=24h", "kpis/{custom_kpi}/"],
    "kpis:annotation_list": ["annotations/", "annotations/?kind=note"],
    "kpis:annotation_add": ["annotations/new/"],
    "kpis:annotation_edit": ["annotations/{annotation}/edit/"],
    "kpis:kpi_explore": [
        "kpis/explore/",
        "kpis/explore/?kpi=e2e_latency_p95&kpi=availability&split=none&compare=day",
        "kpis/explore/?split=node&top=4&site=nowhere",
    ],
    "kpis:wall_screen": ["wall/", "wall/?kpi=availability&rotate=15", "wall/?site=nowhere"],
    "kpis:screen_list": ["screens/"],
    "kpis:alert_list": ["alerts/"],
    "kpis:alert_detail": ["alerts/{alert}/"],
    "kpis:alert_rule_list": ["alerts/rules/"],
    "kpis:alert_rule_add": [f"alerts/rules/new/{kind}/" for kind in AlertRule.Kind.values],
    "kpis:alert_rule_detail": ["alerts/rules/{rule}/"],
    "kpis:alert_rule_edit": ["alerts/rules/{rule}/edit/"],
    "kpis:silence_list": ["alerts/silences/"],
    "kpis:silence_add": ["alerts/silences/new/"],
    "kpis:maintenance_add": ["alerts/silences/plan/"],
    "kpis:channel_list": ["alerts/channels/"],
    "kpis:channel_add": ["alerts/channels/new/"],
    "kpis:channel_detail": ["alerts/channels/{channel}/"],
    "kpis:channel_edit": ["alerts/channels/{channel}/edit/"],
    "account": ["account/password/change/", "account/password/reset/", "account/logout/"],
}
NO_PAGES = (
    "kpis:kpi_csv",
    "kpis:node_csv",
    "kpis:node_export",
    "kpis:mapping_export",
    "readiness:assessment_history_csv",
    "readiness:assessment_export",
    "readiness:assessment_template",
    "readiness:evidence_file",
    "readiness:evidence_calendar_",
    "readiness:trend_company_csv",
    "readiness:trend_csv",
    "readiness:comparison_csv",
    "readiness:my_work_count",
    "readiness:blind_result_csv",
    "readiness:action_csv",
    "readiness:action_ics",
    "readiness:action_feed",
    "kpis:probe_csv",
    "kpis:storage_csv",
    "kpis:annotation_csv",
    "kpis:kpi_explore_csv",
    "kpis:fleet_csv",
    "kpis:site_csv",
    "kpis:model_csv",
    "api_",
    "admin:",
)  # downloads, and what others draw
EXPLORED = """() => [...document.querySelectorAll("[data-explore-now] .chart-plotly")].every(
    (stage) => stage.querySelector(".main-svg"))"""
OPENED = """() => { for (const each of document.querySelectorAll("details")) each.open = true; }"""


def test_no_page_is_missing() -> None:
    pages = {name for name, row in ROWS.items() if row.method == "get" and not name.startswith(NO_PAGES)}
    assert pages == PAGES.keys() - {"account"}


@pytest.fixture
def paths(company: Company) -> list[str]:
    """The paths of all pages of a company in which there is one of everything."""
    author, now = company.person("ada"), datetime.now(UTC)
    NodeFactory.create_batch(NODES_PER_PAGE, site=company.nodes[0].site)
    company.roll_up()
    for binding in Binding.objects.all():
        for end in (now - timedelta(minutes=1), now):
            binding.checks.create(
                window_start=end - timedelta(minutes=2), window_end=end, measured_level=1, samples=50, coverage=1
            )
    submitted = Assessment.objects.create(
        team=TeamFactory(), bank_version=current_version(), started_by=author, state="submitted", submitted_by=author
    )
    for practice, values in (("UC1", {"level": 3}), ("UC4", {"is_not_applicable": True, "not_applicable_reason": "x"})):
        submitted.answers.create(practice=practice, answered_by=author, answered_at=now, **values)
    submitted.answers.filter(is_not_applicable=True).update(not_applicable_until=now + timedelta(days=90))
    submitted.remarks.create(practice="UC1", text="Say who.", written_by=author, written_at=now)
    key, _ = machine_key(company.nodes[0].site)
    for name in ("lyon-09", company.nodes[-1].name):
        WaitingNode.objects.create(key=key, name=name, first_at=now, last_at=now)
    binding = Binding.objects.earliest("pk")
    contradicted = Contradiction.objects.create(
        binding=binding,
        team=binding.team,
        assessment=binding.team.assessments.earliest("pk"),
        practice="INF3",
        figure=binding.kpi,
        declared=3,
        measured=2,
        owner=author,
        due_on=now.date(),
        opened_at=now,
    )
    channel = Channel.objects.create(name="Operators")
    rule = AlertRule.objects.create(name="Down", kind="state", bad_state="down", channel=channel)
    Silence.objects.create(starts_at=now, ends_at=now + timedelta(hours=1), reason="Work")
    listed = [
        {"targets": ["10.0.9.1:8000"], "labels": {"site": company.nodes[0].site.key, "instance": "n" * 120}},
        {"targets": ["x" * 300, "10.0.9.2:8000"], "labels": {"site": "nowhere"}},
    ]
    source = DiscoverySource.objects.create(
        name="Registry", url="http://10.0.0.2/sd", answer=json.dumps(listed).encode(), answered_at=now
    )
    source.report("timed_out", now)
    source.save()
    query_source = QuerySource.objects.create(
        name="Prometheus", url="http://10.0.0.2:9090", selector='{job="vllm"}', refused=[["n" * 120, "no_site"]]
    )
    query_source.report("timed_out", now)
    query_source.save()
    query_source.queried.create(
        node=NodeFactory(source="push", url="", name="x" * 120), name="x" * 120, heard_at=now, problem="in_future"
    )
    assignment, comment = teamwork_of(author)
    blind, blind_named, blind_closed = blind_rounds_of(author)
    probe, alone = probes_of(company)
    Annotation.objects.create(kind="incident", title="n" * 120, starts_at=now - timedelta(minutes=3), text="t" * 300)
    waiting, waited_for = Action.objects.order_by("pk")[:2]
    waiting.blocked_by.add(waited_for)
    objects = {
        "assignment": assignment.pk,
        "comment": comment.pk,
        "blind": blind.pk,
        "blind_named": blind_named.pk,
        "blind_closed": blind_closed.pk,
        "probe": probe.pk,
        "alone": alone.pk,
        "annotation": Annotation.objects.create(title="Release", starts_at=now - timedelta(minutes=5)).pk,
        "alert": Alert.objects.create(rule=rule, phase="firing", since=now, changed_at=now).pk,
        "rule": rule.pk,
        "channel": channel.pk,
        "team": binding.team_id,
        "binding": binding.pk,
        "evidence": Evidence.objects.earliest("pk").pk,
        "contradiction": contradicted.pk,
        "open": Assessment.objects.get(state="open").pk,
        "vision": Team.objects.get(name="Vision").pk,
        "carried": start_next(team=Team.objects.get(name="Support"), by=author, now=now).pk,
        "behind": _on_the_first_bank(author, now).pk,
        "moved": _moved(author, now).pk,
        "submitted": submitted.pk,
        "approved": Assessment.objects.filter(state="approved").earliest("pk").pk,
        "action": Action.objects.filter(blocked_by__isnull=False).earliest("pk").pk,
        "metric": SuccessMetric.objects.earliest("pk").pk,
        "trend_team": Assessment.objects.filter(state="approved").earliest("pk").team_id,
        "up": company.up[0].uuid,
        "down": company.down.uuid,
        "source": source.pk,
        "mapping": a_mapping("Server of our own").pk,
        "query_source": query_source.pk,
        "custom_kpi": CustomKpiFactory().key,
        "site": company.up[0].site.key,
        "retired": SiteFactory(retired_at=now).key,
        "model": ServedModel.objects.exclude(name="").earliest("pk").name,
    }
    return [path.format(**objects) for paths in PAGES.values() for path in paths]


def _on_the_first_bank(by: User, now: datetime) -> Assessment:
    assessment = start_assessment(team=TeamFactory(), by=by, now=now)
    assessment.bank_version = versions()[0]
    assessment.save()
    return assessment


def _moved(by: User, now: datetime) -> Assessment:
    """An assessment that moved to the newest bank, with an answer to what that one added."""
    assessment = _on_the_first_bank(by, now)
    move_to_newest(assessment=assessment, seen_version=current_version(), by=by, now=now)
    assessment.refresh_from_db()
    save_answer(assessment=assessment, practice="UC4", reply=Reply(2), seen_version=0, by=by, now=now)
    return assessment


def teamwork_of(author: User) -> tuple[Assignment, Comment]:
    """Something overdue that is asked of this person, their comment, and one that names them; an e-mail that failed."""
    now, assessment = datetime.now(UTC), Assessment.objects.get(state="open")
    here: dict[str, Any] = {"assessment": assessment, "practice": "UC1"}
    asked: dict[str, Any] = {"person": author, "asked_by": author, "asked_at": now, "note": "n" * 300}
    assignment = Assignment.objects.create(**here, **asked, due_on=now.date() - timedelta(days=2))
    comment = Comment.objects.create(**here, text="x" * 300, written_by=author, written_at=now)
    naming = Comment.objects.create(**here, parent=comment, text="Look", written_by=author, written_at=now)
    naming.mentions.create(user=author)
    Comment.objects.create(**here, text="Old", written_by=author, written_at=now, resolved_by=author, resolved_at=now)
    Mail.objects.create(
        recipient=author, day=now.date(), language="fr", subject="s" * 60, text="t" * 300, created_at=now, due_at=now
    )
    return assignment, comment


def blind_rounds_of(author: User) -> tuple[BlindRound, BlindRound, BlindRound]:
    """One that is open and one that is closed and named, where this person answered in part; a closed anonymous one."""
    assessment = Assessment.objects.get(state="open")
    opened, named = (open_blind(assessment, author, [(author, Circle.IT)]) for _ in range(2))
    for each in (opened, named):
        reply(each, author, 2, "UC1", comment="c" * 300)
    split = [
        (circle, level) for circle, level in ((Circle.IT, 1), (Circle.BOARD, 3), (Circle.BUSINESS, 4)) for _ in "123"
    ]
    return opened, closed(named, author), answered(assessment, author, [*split, (Circle.IT, None)], is_anonymous=True)


def probes_of(company: Company) -> tuple[Probe, Probe]:
    """One that ran, well and badly, with its central counterpart, and one that is alone with a baseline."""
    values = {"interval_seconds": 5, "node": company.up[0]}
    probe, alone = (
        Probe.objects.create(name=name, model_name=name, central_url=url, **values)
        for name, url in (("Probe", "http://10.0.0.3:8000"), ("alone", ""))
    )
    leases = {claim.probe_id: claim.lease for claim in claim_due(datetime.now(UTC))}
    at_ms = as_ms(datetime.now(UTC) - timedelta(seconds=5))
    good, failed = Answer("", 200, 0.01, 0.02, 0.03), Answer("timed_out")
    store_runs([(probe, Run(at_ms, good, failed)), (alone, Run(at_ms, good))], leases)
    by, today = company.person("ada"), datetime.now(UTC).date()
    enter_baseline("alone", p50_seconds=0.08, p95_seconds=None, dated_on=today, note="Load test", by=by)
    company.roll_up()
    return probe, alone


def opened(visitor: Visitor, paths: Iterable[str]) -> Iterator[tuple[str, Page]]:
    """Each page, once its charts are drawn."""
    for path in paths:
        page = visitor.open(path)
        page.wait_for_function(EXPLORED)
        yield path, page


@in_both_languages
def test_no_page_is_wider_than_a_phone(visit: Visit, company: Company, paths: list[str], language: str) -> None:
    screen = {"width": 320, "height": 640}
    visitor = visit(company.person("ada"), language, refusals=frozenset({404}), viewport=screen)
    stranger = visit(None, language, viewport=screen)
    too_wide = {}
    for path, page in chain(opened(visitor, paths), opened(stranger, [""])):
        page.evaluate(OPENED)
        width = page.evaluate("document.scrollingElement.scrollWidth")
        if width > 320:
            too_wide[path] = width
    assert too_wide == {}


@pytest.mark.parametrize(("language", "scheme"), [("en", "light"), ("fr", "dark")])
def test_every_page_is_accessible(visit: Visit, company: Company, paths: list[str], language: str, scheme: str) -> None:
    # The checker brings styles of its own, which the policy would refuse; a colour on its way to another is no colour.
    options = {"bypass_csp": True, "reduced_motion": "reduce", "color_scheme": scheme}
    visitor = visit(company.person("ada"), language, refusals=frozenset({404}), **options)
    stranger = visit(None, language, **options)
    axe, found = Axe(), []
    for path, page in chain(opened(visitor, paths), opened(stranger, [""])):
        violations = axe.run(page).response["violations"]
        found += [(path, each["id"], each["nodes"][0]["html"]) for each in violations]
    assert found == []


@in_both_languages
def test_the_overview_is_printed_on_two_pages(visit: Visit, company: Company, language: str) -> None:
    page = visit(company.person("claire"), language).open()
    paper = page.pdf(prefer_css_page_size=True)
    assert 1 <= len(re.findall(rb"/Type\s*/Page\b", paper)) <= 2
    assert re.findall(rb"/MediaBox\s*\[0 0 59\d\S* 84\d\S*\]", paper)  # A4 in points
    page.emulate_media(media="print")
    assert not page.locator("nav, .button, form").locator("visible=true").count()
