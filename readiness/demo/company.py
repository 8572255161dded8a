"""The demo company: three teams, their assessments, targets and bindings. It invents no measurement and no history."""

from collections.abc import Mapping
from datetime import UTC, datetime, time, timedelta

from accounts.models import Team, User
from inference_kpis.fleet.models import Site, Tier
from readiness.assessments import answering, review
from readiness.assessments.answering import Reply
from readiness.assessments.models import Assessment, Binding
from readiness.bank import Practice, current_version, load_bank, versions
from readiness.success.models import SuccessMetric

WINDOW_SECONDS = 120
# In ms. The fast site of the demo stays far below the last of these, its slow node far above all but the first.
THRESHOLDS = {"1": 5000, "2": 1000, "3": 700, "4": 700}
EVIDENCE_AGE = timedelta(days=20)
# So old by now that some evidence of the older assessment has expired, some soon does, and the rest stands.
OLDER_EVIDENCE_AGE = timedelta(days=65)
LAST_TIME = timedelta(days=100)

# Levels that a team declares by rule: of gate practices, and of the others in turn.
DECLARED: dict[str, dict[str, tuple[int, tuple[int, ...]]]] = {
    "Support": {
        "use_cases": (3, (3, 3, 3, 3, 4)),
        "infrastructure": (3, (3, 3, 4)),
        "sponsorship": (3, (3, 3, 3, 2)),
        "metrics": (2, (2, 3, 2)),
    },
    "Vision": {
        "use_cases": (3, (3, 4, 3)),
        "infrastructure": (3, (3, 3)),
        "sponsorship": (3, (3, 3, 3, 3, 2)),
        "metrics": (2, (2, 2, 1)),
    },
}


def load_company(people: Mapping[str, User], sites: Mapping[str, Site], now: datetime) -> None:
    """Fill the demo teams, once: what is there is left as people have changed it."""
    marc, ines, sam = (people[f"{name}@demo.example"] for name in ("marc", "ines", "sam"))
    support, vision, mobile = (Team.objects.get(name=name) for name in ("Support", "Vision", "Mobile"))
    if not support.assessments.exists():
        _approved_assessment(support, marc, sam, now - LAST_TIME, levels_below=1)
        _approved_assessment(support, marc, sam, now)
    if not vision.assessments.exists():
        # On the first version of the bank: its next assessment shows what a newer one asks.
        _approved_assessment(vision, ines, sam, now - LAST_TIME, version=versions()[0])
    if not mobile.assessments.exists():
        _open_assessment(mobile, marc, now)
    _bind(support, "INF3", [sites["lyon"]])
    _bind(vision, "INF3", [sites["frankfurt"]])
    if not SuccessMetric.objects.filter(is_demo=True).exists():
        _targets(support, vision, marc, ines, sites, now)


def _approved_assessment(
    team: Team, author: User, reviewer: User, at: datetime, *, levels_below: int = 0, version: str | None = None
) -> None:
    """Answered, submitted and approved at a moment, every level so much below `DECLARED`."""
    assessment = answering.start_assessment(team=team, by=author, now=at)
    Assessment.objects.filter(pk=assessment.pk).update(is_demo=True, bank_version=version or current_version())
    assessment.refresh_from_db()
    for rule in load_bank(assessment.bank_version).rules:
        gate_level, others = DECLARED[team.name][rule.key]
        position = 0
        for practice in rule.practices:
            level = gate_level if practice.gate else others[position % len(others)]
            position += not practice.gate
            _answer(assessment, practice, level - levels_below, author, reviewer, at)
    review.submit_assessment(assessment=assessment, by=author, now=at)
    review.approve_assessment(assessment=assessment, by=reviewer, now=at)


def _answer(assessment: Assessment, practice: Practice, level: int, author: User, reviewer: User, at: datetime) -> None:
    answer = answering.save_answer(
        assessment=assessment, practice=practice.key, reply=Reply(level), seen_version=0, by=author, now=at
    )
    if level > 2:
        age = EVIDENCE_AGE if practice.gate else OLDER_EVIDENCE_AGE
        evidence = answering.add_evidence(
            answer=answer, title=f"Demo · {practice.key}", url="", dated_on=(at - age).date(), by=author
        )
        review.review_evidence(evidence=evidence, by=reviewer, now=at)


def _open_assessment(team: Team, author: User, now: datetime) -> None:
    assessment = answering.start_assessment(team=team, by=author, now=now)
    Assessment.objects.filter(pk=assessment.pk).update(is_demo=True)
    for gate in load_bank(assessment.bank_version).rules[0].gates:
        answering.save_answer(
            assessment=assessment, practice=gate.key, reply=Reply(2), seen_version=0, by=author, now=now
        )


def _bind(team: Team, practice: str, sites: list[Site]) -> None:
    binding, is_new = Binding.objects.get_or_create(
        team=team,
        practice=practice,
        kpi="e2e_latency_p95",
        defaults={
            "comparator": Binding.Comparator.AT_MOST,
            "thresholds": THRESHOLDS,
            "window_seconds": WINDOW_SECONDS,
            "minimum_samples": 2,
            "minimum_coverage": "0.2",
            "is_demo": True,
        },
    )
    if is_new:
        binding.sites.set(sites)


def _targets(support: Team, vision: Team, marc: User, ines: User, sites: Mapping[str, Site], now: datetime) -> None:
    target_on = datetime.combine(now.date() + timedelta(days=90), time.min, UTC).date()
    fleet, tier, site = SuccessMetric.Scope.FLEET, SuccessMetric.Scope.TIER, SuccessMetric.Scope.SITE
    lyon, frankfurt = {"scope": site, "site": sites["lyon"]}, {"scope": site, "site": sites["frankfurt"]}
    rows = (
        ("Lyon · p95", support, marc, "e2e_latency_p95", lyon, 500.0),
        ("Frankfurt · p95", vision, ines, "e2e_latency_p95", frankfurt, 500.0),
        ("Lyon · TTFT", support, marc, "time_to_first_token_p95", lyon, 750.0),
        ("Edge · 99 %", support, marc, "success_ratio", {"scope": tier, "tier": Tier.EDGE}, 99.0),
        ("Edge > 50 %", support, marc, "edge_served_share", {"scope": fleet}, 50.0),
        ("Pulls · 99 %", vision, ines, "availability", {"scope": fleet}, 99.0),
    )
    SuccessMetric.objects.bulk_create(
        SuccessMetric(
            name=name, team=team, owner=owner, kpi=kpi, target_value=target, target_on=target_on, is_demo=True, **scope
        )
        for name, team, owner, kpi, scope, target in rows
    )
