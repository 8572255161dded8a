"""Every URL asked as every role and as nobody. A URL without a row here fails the test."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, resolve, reverse

from accounts.models import PersonalToken, Role, Team, User
from inference_kpis.alerts.models import Alert, AlertRule, Channel, Silence
from inference_kpis.annotations.models import Annotation
from inference_kpis.dashboards.models import SavedView, ScreenLink
from inference_kpis.discovery.models import DiscoverySource
from inference_kpis.fleet.models import Node, ServedModel
from inference_kpis.probes.models import Probe
from inference_kpis.push.models import WaitingNode
from inference_kpis.query_sources.models import QuerySource
from readiness.actions.recommendations import recommendation_of
from readiness.actions.writing import plan_actions
from readiness.assessments import answering
from readiness.assessments.answering import Reply
from readiness.assessments.models import Answer, Assessment, Binding, Evidence, Remark, Snapshot, digest_of
from readiness.assessments.results import result_of
from readiness.blobs.models import Blob
from readiness.contradictions.models import Contradiction
from readiness.perceptions.models import BlindAnswer, BlindInvitation, BlindRound
from readiness.planning.calendar_links import make_link
from readiness.success.models import SuccessMetric
from readiness.teamwork.models import Assignment, Comment
from tests.factories import CustomKpiFactory, NodeFactory, TeamFactory, UserFactory, machine_key, member_of
from tests.inference_kpis.mappings.makers import a_mapping
from tests.readiness.measurements import bind

pytestmark = pytest.mark.django_db
NOW = datetime.now(UTC)
NOBODY = "nobody"
MODEL = "meta-llama/Llama-3.1-8B"
# The people who ask: by role, on the team that owns the objects or on another one.
OUTSIDERS = ("executive", "contributor", "reviewer", "operator", "administrator")
ASKERS = (NOBODY, *(f"other {role}" for role in OUTSIDERS), "team contributor", "team operator", "team executive")
EVERYBODY = frozenset(ASKERS) - {NOBODY}
SEES_ALL = frozenset({"other executive", "other reviewer", "other administrator"})
ON_TEAM = frozenset({"team contributor", "team operator", "team executive"})
ANSWERS = frozenset({"team contributor", "team operator", "other administrator"})
BINDS = frozenset({"other reviewer", "other operator", "other administrator"})
SEES_BINDINGS = SEES_ALL | ON_TEAM | BINDS
REVIEWS = frozenset({"other reviewer", "other administrator"})
OWNS_ANNOTATIONS = frozenset({"team operator", "other administrator"})
WRITES_FLEET = frozenset({"other operator", "team operator", "other administrator"})
# Asked blind: one of the team, and one of another, who sees nothing else of the assessment.
ASKED_BLIND = frozenset({"team contributor", "other contributor"})
# Asked to answer a practice, and the author of a comment.
HOLDS = frozenset({"team contributor"})
ADMINISTERS = frozenset({"other administrator"})


@dataclass
class World:
    """One of everything, owned by one team, and one person of each kind."""

    team: Team = field(default_factory=TeamFactory)
    people: dict[str, User] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for role in OUTSIDERS:
            self.people[f"other {role}"] = UserFactory(role=role)
        for role in ("contributor", "operator", "executive"):
            self.people[f"team {role}"] = member_of(self.team, Role(role))
        author = self.people["team contributor"]
        self.assessment: Assessment = answering.start_assessment(team=self.team, by=author, now=NOW)
        self.answer: Answer = answering.save_answer(
            assessment=self.assessment, practice="UC1", reply=Reply(2), seen_version=0, by=author, now=NOW
        )
        self.evidence: Evidence = answering.add_evidence(
            answer=self.answer, title="secret-marker", url="", dated_on=date(2026, 1, 1), by=author
        )
        self.remark = Remark.objects.create(
            assessment=self.assessment, practice="UC1", text="Say who.", written_by=author, written_at=NOW
        )
        blob, _ = Blob.objects.get_or_create(sha256="0" * 64, content=b"%PDF-", size=5)
        self.file = Evidence.objects.create(
            answer=self.answer,
            kind="file",
            title="File",
            blob=blob,
            file_name="a.pdf",
            media_type="application/pdf",
            dated_on=NOW.date(),
            added_by=author,
        )
        self.binding: Binding = bind(self.team)
        self.contradiction = Contradiction.objects.create(
            binding=self.binding,
            team=self.team,
            assessment=self.assessment,
            practice="INF3",
            figure="e2e_latency_p95",
            declared=3,
            measured=2,
            owner=author,
            due_on=NOW.date(),
            opened_at=NOW,
        )
        self.metric = SuccessMetric.objects.create(
            name="Metric", team=self.team, kpi="availability", target_value=99, target_on=date(2027, 1, 1), owner=author
        )
        asked = {"practice": "UC1", "person": author, "asked_by": author, "asked_at": NOW, "note": "secret-marker"}
        self.assignment = Assignment.objects.create(assessment=self.assessment, **asked)
        said = {"practice": "UC1", "text": "secret-marker", "written_by": author, "written_at": NOW}
        self.comment = Comment.objects.create(assessment=self.assessment, **said)
        blind = {"assessment": self.assessment, "bank_version": self.assessment.bank_version, "practices": ["UC1"]}
        blind |= {"is_anonymous": False, "due_on": NOW.date() + timedelta(days=5), "note": "secret-marker"}
        self.blind, self.closed_blind = (
            BlindRound.objects.create(**blind, opened_by=author, opened_at=NOW, closed_at=at) for at in (None, NOW)
        )
        for each in (self.blind, self.closed_blind):
            for name in ("team contributor", "other contributor"):
                invited = BlindInvitation.objects.create(round=each, person=self.people[name], circle="it")
                BlindAnswer.objects.create(invitation=invited, practice="UC1", level=2, comment="secret-marker")
        [self.action] = plan_actions(
            team=self.team,
            bank_version=self.assessment.bank_version,
            recommendations=[recommendation_of(self.assessment.bank_version, "UC1.3.attach")],
            owner=author,
            due_on=None,
            by=author,
            now=NOW,
        )
        self.token = PersonalToken.objects.create(
            user=author, name="secret-marker", prefix=f"{author.pk:08}", expires_at=NOW + timedelta(days=30)
        )
        self.feed_secret = make_link(user=author, now=NOW)
        self.node: Node = NodeFactory()
        self.probe = Probe.objects.create(name=f"Probe of {self.team}", node=self.node, model_name="m")
        ServedModel.objects.get_or_create(name=MODEL)
        self.channel = Channel.objects.create(name=f"Channel of {self.team}")
        self.rule = AlertRule.objects.create(name="Rule", kind="state", bad_state="down", channel=self.channel)
        self.alert = Alert.objects.create(rule=self.rule, phase="firing", since=NOW, changed_at=NOW)
        self.custom_kpi = CustomKpiFactory()
        key, _ = machine_key(self.node.site, name=f"Key of {self.team}")
        self.waiting = WaitingNode.objects.create(key=key, name="unknown", first_at=NOW, last_at=NOW)
        self.silence = Silence.objects.create(starts_at=NOW, ends_at=NOW, reason="Work")
        self.mapping = a_mapping(f"Mapping of {self.team}")
        self.source = DiscoverySource.objects.create(name=f"Registry of {self.team}", url="http://10.0.0.2/sd")
        self.query_source = QuerySource.objects.create(name=f"Prometheus of {self.team}", url="http://10.0.0.2:9090")
        self.view = SavedView.objects.create(name="View", owner=author, query="kpi=availability", is_shared=True)
        self.screen = ScreenLink.objects.create(
            name="Hall", secret_hash=f"hash of {self.team}", created_by=self.people["other administrator"]
        )
        own = {"starts_at": NOW, "created_by": self.people["team operator"]}
        self.annotation = Annotation.objects.create(title="Release", **own)
        self.removed_annotation = Annotation.objects.create(title="Wrong", removed_at=NOW, **own)


@dataclass(frozen=True)
class Row:
    """Who may; the others are refused with 403 or 404, nobody is sent to sign in."""

    may: frozenset[str]
    arguments: Callable[[World], list[Any]] = lambda world: []
    method: str = "get"
    data: dict[str, Any] | Callable[[World], dict[str, Any]] = field(default_factory=dict)


def of_assessment(world: World) -> list[Any]:
    return [world.assessment.pk]


def of_snapshot(world: World) -> list[Any]:
    """An earlier assessment of the team, approved, with its scores frozen."""
    by, version = world.people["team contributor"], world.assessment.bank_version
    earlier = Assessment.objects.create(
        team=world.team, bank_version=version, state="approved", started_by=by, approved_at=NOW
    )
    scores = result_of(earlier, NOW).frozen()
    Snapshot.objects.create(assessment=earlier, taken_at=NOW, scores=scores, digest=digest_of(scores))
    return [earlier.pk]


def of_binding(world: World) -> list[Any]:
    return [world.binding.pk]


def of_contradiction(world: World) -> list[Any]:
    return [world.contradiction.pk]


def of_assignment(world: World) -> list[Any]:
    return [world.assignment.pk]


def of_comment(world: World) -> list[Any]:
    return [world.comment.pk]


def of_blind(world: World) -> list[Any]:
    return [world.blind.pk]


def of_closed_blind(world: World) -> list[Any]:
    return [world.closed_blind.pk]


def of_rule_of_assessment(world: World) -> list[Any]:
    return [world.assessment.pk, 1]


def of_action(world: World) -> list[Any]:
    return [world.action.pk]


def of_node(world: World) -> list[Any]:
    return [world.node.uuid]


def of_site(world: World) -> list[Any]:
    return [world.node.site.key]


def of_source(world: World) -> list[Any]:
    return [world.source.pk]


def of_mapping(world: World) -> list[Any]:
    return [world.mapping.pk]


def of_query_source(world: World) -> list[Any]:
    return [world.query_source.pk]


def of_probe(world: World) -> list[Any]:
    return [world.probe.pk]


def of_metric(world: World) -> list[Any]:
    return [world.metric.pk]


def of_alert(world: World) -> list[Any]:
    return [world.alert.pk]


def of_rule(world: World) -> list[Any]:
    return [world.rule.pk]


def of_channel(world: World) -> list[Any]:
    return [world.channel.pk]


def of_custom_kpi(world: World) -> list[Any]:
    return [world.custom_kpi.key]


ROWS: dict[str, Row] = {
    "readiness:overview": Row(EVERYBODY),
    "readiness:rule_detail": Row(EVERYBODY, lambda world: [1]),
    "readiness:assessment_list": Row(EVERYBODY),
    "readiness:assessment_start": Row(EVERYBODY, method="post"),
    "readiness:assessment_next": Row(ANSWERS, lambda world: [world.team.pk]),
    "readiness:assessment_confirm": Row(ANSWERS, of_assessment, "post", {"rule": "1"}),
    "readiness:assessment_upgrade": Row(ANSWERS, of_assessment),
    "readiness:assessment_upgrade_undo": Row(ANSWERS, of_assessment),
    "readiness:assessment_detail": Row(SEES_ALL | ON_TEAM, of_assessment),
    "readiness:assessment_practice": Row(SEES_ALL | ON_TEAM, lambda world: [world.assessment.pk, "UC1"]),
    "readiness:assessment_answer_save": Row(
        ANSWERS, lambda world: [world.assessment.pk, "UC1"], "post", {"level": "2", "seen_version": "1"}
    ),
    "readiness:answer_restore": Row(
        ANSWERS,
        lambda world: [world.assessment.pk, "UC1"],
        "post",
        lambda world: {"change": world.assessment.changes.get().pk, "seen_version": 1},
    ),
    "readiness:assessment_rule_intro": Row(SEES_ALL | ON_TEAM, lambda world: [world.assessment.pk, 1]),
    "readiness:assessment_rule": Row(SEES_ALL | ON_TEAM, lambda world: [world.assessment.pk, 1]),
    "readiness:assessment_preference": Row(ANSWERS, of_assessment, "post", {"path": "all"}),
    "readiness:assessment_history_csv": Row(SEES_ALL | ON_TEAM, of_assessment),
    "readiness:assessment_export": Row(SEES_ALL | ON_TEAM, lambda world: [world.assessment.pk, "xlsx"]),
    "readiness:assessment_template": Row(SEES_ALL | ON_TEAM, lambda world: [world.assessment.pk, "csv"]),
    "readiness:assessment_import": Row(ANSWERS, of_assessment),
    "readiness:assessment_submit": Row(ANSWERS, of_assessment, "post"),
    "readiness:assessment_approve": Row(REVIEWS, of_assessment, "post"),
    "readiness:assessment_remark": Row(REVIEWS, lambda world: [world.assessment.pk, "UC1"], "post", {"text": "x"}),
    "readiness:assessment_send_back": Row(REVIEWS, of_assessment, "post", {"remark": "x"}),
    "readiness:assessment_result": Row(SEES_ALL | ON_TEAM, of_assessment),
    "readiness:assessment_gaps": Row(SEES_ALL | ON_TEAM, of_rule_of_assessment),
    "readiness:assessment_gaps_plan": Row(ANSWERS, of_rule_of_assessment, "post", {"plan": "cheapest"}),
    "readiness:action_board": Row(EVERYBODY),
    "readiness:action_list": Row(EVERYBODY),
    "readiness:action_timeline": Row(EVERYBODY),
    "readiness:action_budget": Row(EVERYBODY),
    "readiness:action_csv": Row(EVERYBODY),
    "readiness:action_ics": Row(EVERYBODY),
    "readiness:action_add": Row(EVERYBODY),
    "readiness:action_detail": Row(SEES_ALL | ON_TEAM, of_action),
    "readiness:action_edit": Row(ANSWERS, of_action),
    "readiness:action_move": Row(ANSWERS, of_action, "post", {"status": "doing", "seen_version": "1"}),
    "readiness:action_undo": Row(ANSWERS, of_action, "post"),
    "readiness:calendar_link": Row(EVERYBODY),
    "readiness:calendar_link_make": Row(EVERYBODY, method="post"),
    "readiness:calendar_link_revoke": Row(EVERYBODY, method="post"),
    "readiness:action_feed": Row(EVERYBODY | {NOBODY}, lambda world: [world.feed_secret]),
    "readiness:evidence_remove": Row(ANSWERS, lambda world: [world.assessment.pk, world.evidence.pk], "post"),
    "readiness:assessment_review": Row(REVIEWS, of_assessment),
    "readiness:evidence_add": Row(ANSWERS, lambda world: [world.assessment.pk, "UC1"], "post"),
    "readiness:evidence_file": Row(SEES_ALL | ON_TEAM, lambda world: [world.file.pk]),
    "readiness:evidence_revise": Row(ANSWERS, lambda world: [world.evidence.pk]),
    "readiness:evidence_restore": Row(ANSWERS, lambda world: [world.evidence.pk], "post"),
    "readiness:evidence_measured": Row(ANSWERS, lambda world: [world.assessment.pk, world.binding.pk], "post"),
    "readiness:evidence_decide": Row(REVIEWS, lambda world: [world.evidence.pk], "post", {"accept": "1"}),
    "readiness:evidence_queue": Row(REVIEWS),
    "readiness:evidence_calendar": Row(EVERYBODY),
    "readiness:evidence_calendar_ics": Row(EVERYBODY),
    "readiness:evidence_calendar_csv": Row(EVERYBODY),
    "readiness:binding_list": Row(EVERYBODY),
    "readiness:binding_add": Row(BINDS, lambda world: [world.team.pk, "INF3"]),
    "readiness:binding_detail": Row(SEES_BINDINGS, of_binding),
    "readiness:binding_edit": Row(BINDS, of_binding),
    "readiness:binding_remove": Row(BINDS, of_binding, "post"),
    "readiness:contradiction_list": Row(EVERYBODY),
    "readiness:contradiction_detail": Row(SEES_BINDINGS, of_contradiction),
    "readiness:contradiction_acknowledge": Row(ANSWERS | REVIEWS, of_contradiction, "post"),
    "readiness:contradiction_hand_over": Row(ANSWERS | REVIEWS, of_contradiction, "post"),
    "readiness:contradiction_comment": Row(SEES_BINDINGS, of_contradiction, "post", {"text": "x"}),
    "readiness:evidence_review_many": Row(REVIEWS, of_assessment, "post"),
    "readiness:not_applicable_decide": Row(
        REVIEWS, lambda world: [world.assessment.pk, "UC1"], "post", {"is_accepted": "1"}
    ),
    "readiness:remark_withdraw": Row(REVIEWS, lambda world: [world.assessment.pk, world.remark.pk], "post"),
    "readiness:evidence_review": Row(REVIEWS, lambda world: [world.evidence.pk], "post"),
    "readiness:trend_company": Row(EVERYBODY),
    "readiness:trend_company_csv": Row(EVERYBODY),
    "readiness:trend_detail": Row(SEES_ALL | ON_TEAM, lambda world: [world.assessment.team_id]),
    "readiness:trend_csv": Row(SEES_ALL | ON_TEAM, lambda world: [world.assessment.team_id]),
    "readiness:comparison": Row(EVERYBODY),
    "readiness:comparison_csv": Row(EVERYBODY),
    "readiness:success_metric_list": Row(EVERYBODY),
    "readiness:success_metric_add": Row(EVERYBODY),
    "readiness:success_metric_detail": Row(EVERYBODY, of_metric),
    "readiness:success_metric_edit": Row(ANSWERS, of_metric),
    "readiness:success_metric_retire": Row(ANSWERS, of_metric, "post"),
    "readiness:my_work": Row(EVERYBODY),
    "readiness:my_work_count": Row(EVERYBODY),
    "readiness:work_preference": Row(EVERYBODY),
    "readiness:outbox": Row(EVERYBODY),
    "readiness:assignment_add": Row(ANSWERS, of_assessment),
    "readiness:assignment_detail": Row(SEES_ALL | ON_TEAM, of_assignment),
    "readiness:assignment_accept": Row(HOLDS, of_assignment, "post"),
    "readiness:assignment_decline": Row(HOLDS, of_assignment, "post", {"reason": "x"}),
    "readiness:assignment_hand_on": Row(HOLDS, of_assignment, "post"),
    "readiness:assignment_withdraw": Row(ANSWERS, of_assignment, "post"),
    "readiness:blind_list": Row(EVERYBODY),
    "readiness:blind_open": Row(ANSWERS, of_assessment),
    "readiness:blind_detail": Row(SEES_ALL | ON_TEAM, of_blind),
    "readiness:blind_answer": Row(ASKED_BLIND, of_blind),
    "readiness:blind_invite": Row(ANSWERS, of_blind, "post"),
    "readiness:blind_remind": Row(ANSWERS, of_blind, "post"),
    "readiness:blind_extend": Row(ANSWERS, of_blind, "post"),
    "readiness:blind_close": Row(ANSWERS, of_blind, "post"),
    "readiness:blind_result": Row(SEES_ALL | ON_TEAM | ASKED_BLIND, of_closed_blind),
    "readiness:blind_result_csv": Row(SEES_ALL | ON_TEAM | ASKED_BLIND, of_closed_blind),
    "readiness:blind_decide": Row(
        ANSWERS, lambda world: [world.closed_blind.pk, "UC1"], "post", {"level": "2", "seen_version": "1"}
    ),
    "readiness:comment_add": Row(SEES_ALL | ON_TEAM, lambda world: [world.assessment.pk, "UC1"]),
    "readiness:mention_read": Row(SEES_ALL | ON_TEAM, lambda world: [world.assessment.pk, "UC1"], "post"),
    "readiness:comment_edit": Row(HOLDS, of_comment),
    "readiness:comment_delete": Row(HOLDS, of_comment, "post"),
    "readiness:comment_resolve": Row(SEES_ALL | ON_TEAM, of_comment, "post"),
    "kpis:fleet": Row(EVERYBODY),
    "kpis:storage": Row(WRITES_FLEET),
    "kpis:storage_csv": Row(WRITES_FLEET),
    "kpis:egress_baseline_list": Row(EVERYBODY),
    "kpis:egress_baseline_add": Row(WRITES_FLEET),
    "kpis:fleet_csv": Row(EVERYBODY),
    "kpis:site_list": Row(EVERYBODY),
    "kpis:site_add": Row(WRITES_FLEET),
    "kpis:site_detail": Row(EVERYBODY, of_site),
    "kpis:site_edit": Row(WRITES_FLEET, of_site),
    "kpis:site_retire": Row(WRITES_FLEET, of_site, "post"),
    "kpis:site_restore": Row(WRITES_FLEET, of_site, "post"),
    "kpis:site_csv": Row(EVERYBODY, lambda world: [world.node.site.key, "request_rate"]),
    "kpis:model_list": Row(EVERYBODY),
    "kpis:model_detail": Row(EVERYBODY, data={"name": MODEL}),
    "kpis:model_csv": Row(EVERYBODY, lambda world: ["request_rate"], data={"name": MODEL}),
    "kpis:node_bulk": Row(WRITES_FLEET, method="post"),
    "kpis:node_undo": Row(WRITES_FLEET, method="post"),
    "kpis:node_add": Row(WRITES_FLEET),
    "kpis:node_detail": Row(EVERYBODY, of_node),
    "kpis:node_edit": Row(WRITES_FLEET, of_node),
    "kpis:node_pause": Row(WRITES_FLEET, of_node, "post"),
    "kpis:node_retire": Row(WRITES_FLEET, of_node, "post"),
    "kpis:node_csv": Row(EVERYBODY, lambda world: [world.node.uuid, "request_rate"]),
    "kpis:node_mapping": Row(EVERYBODY, of_node),
    "kpis:mapping_list": Row(EVERYBODY),
    "kpis:mapping_add": Row(WRITES_FLEET),
    "kpis:mapping_import": Row(WRITES_FLEET),
    "kpis:mapping_detail": Row(EVERYBODY, of_mapping),
    "kpis:mapping_edit": Row(WRITES_FLEET, of_mapping),
    "kpis:mapping_copy": Row(WRITES_FLEET, of_mapping, "post"),
    "kpis:mapping_remove": Row(WRITES_FLEET, of_mapping, "post"),
    "kpis:mapping_export": Row(EVERYBODY, of_mapping),
    "kpis:discovery_list": Row(EVERYBODY),
    "kpis:discovery_add": Row(WRITES_FLEET),
    "kpis:discovery_detail": Row(EVERYBODY, of_source),
    "kpis:discovery_edit": Row(WRITES_FLEET, of_source),
    "kpis:discovery_ask": Row(WRITES_FLEET, of_source, "post"),
    "kpis:discovery_switch": Row(WRITES_FLEET, of_source, "post"),
    "kpis:discovery_forget": Row(WRITES_FLEET, of_source, "post"),
    "kpis:query_source_list": Row(EVERYBODY),
    "kpis:query_source_add": Row(WRITES_FLEET),
    "kpis:query_source_detail": Row(EVERYBODY, of_query_source),
    "kpis:query_source_edit": Row(WRITES_FLEET, of_query_source),
    "kpis:query_source_switch": Row(WRITES_FLEET, of_query_source, "post"),
    "kpis:query_source_forget": Row(WRITES_FLEET, of_query_source, "post"),
    "kpis:probe_list": Row(EVERYBODY),
    "kpis:probe_add": Row(WRITES_FLEET),
    "kpis:probe_detail": Row(EVERYBODY, of_probe),
    "kpis:probe_csv": Row(EVERYBODY, of_probe),
    "kpis:probe_edit": Row(WRITES_FLEET, of_probe),
    "kpis:probe_baseline": Row(WRITES_FLEET, of_probe),
    "kpis:probe_run": Row(WRITES_FLEET, of_probe, "post"),
    "kpis:probe_pause": Row(WRITES_FLEET, of_probe, "post"),
    "kpis:probe_remove": Row(WRITES_FLEET, of_probe, "post"),
    "kpis:node_export": Row(EVERYBODY),
    "kpis:node_import": Row(WRITES_FLEET),
    "kpis:kpi_list": Row(EVERYBODY),
    "kpis:waiting_list": Row(WRITES_FLEET),
    "kpis:waiting_register": Row(WRITES_FLEET, lambda world: [world.waiting.pk], "post"),
    "kpis:waiting_ignore": Row(WRITES_FLEET, lambda world: [world.waiting.pk], "post"),
    "kpis:custom_kpi_list": Row(EVERYBODY),
    "kpis:custom_kpi_add": Row(WRITES_FLEET),
    "kpis:custom_kpi_edit": Row(WRITES_FLEET, of_custom_kpi),
    "kpis:custom_kpi_retire": Row(WRITES_FLEET, of_custom_kpi, "post"),
    "kpis:kpi_detail": Row(EVERYBODY, lambda world: ["request_rate"]),
    "kpis:kpi_csv": Row(EVERYBODY, lambda world: ["request_rate"]),
    "kpis:kpi_explore": Row(EVERYBODY),
    "kpis:kpi_explore_csv": Row(EVERYBODY),
    "kpis:kpi_view_save": Row(EVERYBODY, method="post", data={"name": "Mine", "query": "kpi=availability"}),
    "kpis:kpi_view_forget": Row(frozenset({"team contributor"}), lambda world: [world.view.pk], "post"),
    "kpis:wall_screen": Row(EVERYBODY),
    "kpis:screen_list": Row(EVERYBODY),
    "kpis:screen_add": Row(ADMINISTERS, method="post", data={"name": "Hall", "query": "kpi=availability&window=1h"}),
    "kpis:screen_revoke": Row(ADMINISTERS, lambda world: [world.screen.pk], "post"),
    "kpis:annotation_list": Row(EVERYBODY),
    "kpis:annotation_csv": Row(EVERYBODY),
    "kpis:annotation_add": Row(WRITES_FLEET),
    "kpis:annotation_edit": Row(OWNS_ANNOTATIONS, lambda world: [world.annotation.pk]),
    "kpis:annotation_remove": Row(OWNS_ANNOTATIONS, lambda world: [world.annotation.pk], "post"),
    "kpis:annotation_restore": Row(OWNS_ANNOTATIONS, lambda world: [world.removed_annotation.pk], "post"),
    "kpis:alert_list": Row(EVERYBODY),
    "kpis:alert_detail": Row(EVERYBODY, of_alert),
    "kpis:alert_acknowledge": Row(WRITES_FLEET, of_alert, "post", {"note": "x"}),
    "kpis:alert_rule_list": Row(EVERYBODY),
    "kpis:alert_rule_add": Row(WRITES_FLEET, lambda world: ["kpi"]),
    "kpis:alert_rule_detail": Row(EVERYBODY, of_rule),
    "kpis:alert_rule_edit": Row(WRITES_FLEET, of_rule),
    "kpis:alert_rule_switch": Row(WRITES_FLEET, of_rule, "post"),
    "kpis:alert_rule_retire": Row(WRITES_FLEET, of_rule, "post"),
    "kpis:silence_list": Row(EVERYBODY),
    "kpis:silence_add": Row(WRITES_FLEET),
    "kpis:maintenance_add": Row(WRITES_FLEET),
    "kpis:silence_end": Row(WRITES_FLEET, lambda world: [world.silence.pk], "post"),
    "kpis:channel_list": Row(EVERYBODY),
    "kpis:channel_add": Row(WRITES_FLEET),
    "kpis:channel_detail": Row(EVERYBODY, of_channel),
    "kpis:channel_edit": Row(WRITES_FLEET, of_channel),
    "kpis:channel_secret": Row(WRITES_FLEET, of_channel, "post"),
    "kpis:channel_test": Row(WRITES_FLEET, of_channel, "post"),
    "kpis:channel_retire": Row(WRITES_FLEET, of_channel, "post"),
    "api_kpi_list": Row(EVERYBODY),
    "api_kpi_detail": Row(EVERYBODY, lambda world: ["request_rate"]),
    "api_node_list": Row(EVERYBODY),
    "api_node_latest": Row(EVERYBODY, data={"kpi": "request_rate"}),
    "api_node_detail": Row(EVERYBODY, of_node),
    "api_site_list": Row(EVERYBODY),
    "api_openmetrics": Row(EVERYBODY),
    "api_annotation_list": Row(EVERYBODY),
    "api_mapping_list": Row(EVERYBODY),
    "api_mapping_detail": Row(EVERYBODY, lambda world: [world.mapping.pk]),
    "accounts:token_list": Row(EVERYBODY),
    "accounts:token_add": Row(EVERYBODY, method="post", data={"name": "x", "scope": "assessments:read", "days": "30"}),
    "accounts:token_revoke": Row(frozenset({"team contributor"}), lambda world: [world.token.pk], "post"),
    "api_bank_list": Row(EVERYBODY),
    "api_bank_detail": Row(EVERYBODY, lambda world: ["2026.1"]),
    "api_team_list": Row(EVERYBODY),
    "api_assessment_list": Row(EVERYBODY),
    "api_assessment_detail": Row(SEES_ALL | ON_TEAM, of_assessment),
    "api_assessment_result": Row(SEES_ALL | ON_TEAM, of_assessment),
    "api_assessment_snapshot": Row(SEES_ALL | ON_TEAM, of_snapshot),
    "api_answer_detail": Row(SEES_ALL | ON_TEAM, lambda world: [world.assessment.pk, "UC1"]),
    "api_answer_evidence": Row(SEES_ALL | ON_TEAM, lambda world: [world.assessment.pk, "UC1"]),
    "api_company": Row(EVERYBODY),
    "api_target_list": Row(EVERYBODY),
    "admin:index": Row(ADMINISTERS),
    "admin:accounts_user_changelist": Row(ADMINISTERS),
    "admin:accounts_machinekey_add": Row(ADMINISTERS),
    "admin:accounts_auditevent_changelist": Row(ADMINISTERS),
    "admin:inference_kpis_site_add": Row(ADMINISTERS),
    "api_http_sd": Row(EVERYBODY),
    "api_schema": Row(EVERYBODY),
    "api_docs": Row(EVERYBODY),
}
# For machines, or before sign-in: tested where they live.
OPEN = {"home", "healthz", "readyz", "metrics", "set_language", "api_readings"}
OPEN |= {"api_assessment_submit", "api_assessment_send_back", "api_assessment_approve", "api_answer_remark"}
OPEN |= {"api_answer_decision", "api_evidence_detail", "api_evidence_review"}
OPEN |= {"api_remote_write", "api_otlp_metrics", "api_mapping_node", "kpis:screen"}


def named_urls(resolver: URLResolver, namespace: str = "") -> Iterator[str]:
    for pattern in resolver.url_patterns:
        if isinstance(pattern, URLResolver):
            inner = f"{namespace}{pattern.namespace}:" if pattern.namespace else namespace
            yield from named_urls(pattern, inner)
        elif isinstance(pattern, URLPattern) and pattern.name:
            yield f"{namespace}{pattern.name}"


def test_every_url_has_a_row() -> None:
    found = {name for name in named_urls(get_resolver()) if not name.startswith(("account_", "admin:"))}
    assert found == {name for name in ROWS if not name.startswith("admin:")} | OPEN


def test_no_url_hides_another() -> None:
    world = World()
    reversed_ = {name: reverse(name, args=row.arguments(world)) for name, row in ROWS.items()}
    hidden = {name: url for name, url in reversed_.items() if resolve(url).view_name != name}
    assert hidden == {}


@pytest.mark.parametrize("name", ROWS)
def test_each_role_gets_what_it_may_and_nothing_else(name: str, client: Client) -> None:
    row = ROWS[name]
    for asker in ASKERS:
        world = World()
        if asker != NOBODY:
            client.force_login(world.people[asker])
        else:
            client.logout()
        url = reverse(name, args=row.arguments(world))
        # Django's administration sends strangers to its own sign-in first, which then refuses them.
        data = row.data(world) if callable(row.data) else row.data
        response = getattr(client, row.method)(url, data, follow=name.startswith("admin:") and asker != NOBODY)
        if asker in row.may:
            assert response.status_code in {200, 302}, f"{asker}: {response.status_code}"
            assert "/account/login/" not in response.headers.get("Location", ""), asker
        elif asker == NOBODY:
            is_sent_to_sign_in = response.status_code == 302 and "/login/" in response["Location"]
            assert is_sent_to_sign_in or response.status_code in {401, 403}, f"{asker}: {response.status_code}"
        else:
            assert response.status_code in {403, 404}, f"{asker}: {response.status_code}"
            assert b"secret-marker" not in response.content


def test_an_outsider_cannot_answer(client: Client) -> None:
    world = World()
    data = {"level": "4", "seen_version": "1"}
    for asker in set(ASKERS) - ANSWERS:
        if asker == NOBODY:
            client.logout()
        else:
            client.force_login(world.people[asker])
        url = reverse("readiness:assessment_practice", args=[world.assessment.pk, "UC1"])
        assert client.post(url, data).status_code in {302, 404}
        world.answer.refresh_from_db()
        assert world.answer.level == 2


def test_nobody_reads_a_blind_round_before_it_is_closed(client: Client) -> None:
    world = World()
    for name in ("blind_result", "blind_result_csv"):
        for asker in EVERYBODY:
            client.force_login(world.people[asker])
            assert client.get(reverse(f"readiness:{name}", args=[world.blind.pk])).status_code == 404


def test_reading_changes_nothing(client: Client) -> None:
    """GET on a URL that writes is refused, so that no link and no crawler changes anything."""
    world = World()
    client.force_login(world.people["other administrator"])
    for name, row in ROWS.items():
        if row.method == "post":
            assert client.get(reverse(name, args=row.arguments(world))).status_code == 405


def test_a_person_who_may_no_longer_sign_in_is_out_at_once(client: Client) -> None:
    person = UserFactory()
    client.force_login(person)
    assert client.get(reverse("kpis:fleet")).status_code == 200
    User.objects.filter(pk=person.pk).update(is_active=False)
    assert client.get(reverse("kpis:fleet")).status_code == 302
