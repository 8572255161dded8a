"""The one door from tables to scores: the same numbers wherever they are shown, at the same cost for any company."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import Role, Team, User
from readiness.assessments.models import Answer, Assessment, Evidence, RuleTarget, Snapshot
from readiness.assessments.results import company_result, result_of
from readiness.bank import load_bank
from readiness.scoring import EvidenceClass, RuleStatus, rounded
from tests.factories import SiteFactory, TeamFactory, UserFactory, signed_in
from tests.pages import words
from tests.readiness.assessments.writing import NOW, answer, approved, attach, set_aside
from tests.readiness.measurements import bind

pytestmark = pytest.mark.django_db
RULES = load_bank("2026.1").rules


@pytest.fixture
def executive() -> User:
    return UserFactory(role=Role.EXECUTIVE)


def test_it_works(team: Team) -> None:
    result = result_of(approved(team, 3, UC3=2, ME4=4, SP3=0), NOW)
    assert [(rule.score.level, rounded(rule.score.index or 0)) for rule in result.rules] == [
        (2, Decimal("68.8")),
        (3, Decimal("75.0")),
        (0, Decimal("56.3")),
        (3, Decimal("81.3")),
    ]
    assert result.overall.level == 0
    assert result.overall.index == (Fraction(1100, 16) + 75 + Fraction(900, 16) + Fraction(1300, 16)) / 4


def test_nothing_answered_is_zero_and_not_unknown(assessment: Assessment) -> None:
    result = result_of(assessment, NOW)
    assert (result.overall.level, result.overall.index, result.overall.declared_index) == (0, 0, 0)


def test_without_evidence_declared_and_verified_part(team: Team) -> None:
    overall = result_of(approved(team, 4, backed=False), NOW).overall
    assert (overall.level, overall.index, overall.declared_index) == (2, 50, 100)


def test_page_snapshot_and_overview_show_the_same_numbers(team: Team, executive: User) -> None:
    done = approved(team, 3, UC2=2, INF2=4, SP3=1)
    browser, frozen = signed_in(executive), Snapshot.objects.get().scores
    overview = words(browser.get(reverse("readiness:overview")))
    result = words(browser.get(reverse("readiness:assessment_result", args=[done.pk])))
    assert f"Overall level {frozen['overall']['level']}, index {frozen['overall']['index']} of 100." in result
    for rule in RULES:
        scores = frozen["rules"][rule.key]
        figures = f"{scores['index']} / 100 declared {scores['declared_index']}"
        assert f"{rule.title.en} {figures} Level {scores['level']}, target 3 1 team" in overview
        assert f"{rule.title.en} Level {scores['level']} of 4 {figures}" in result
        detail = words(browser.get(reverse("readiness:rule_detail", args=[rule.number])))
        assert f"Support {scores['level']} {scores['index']} {scores['declared_index']}" in detail


def test_eight_teams_cost_as_many_queries_as_one(executive: User) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            company_result(NOW)
        return len(captured)

    bind(approved(TeamFactory()).team, SiteFactory())
    with_one = queries()
    for team in TeamFactory.create_batch(7):
        approved(team)
        bind(team, SiteFactory())
    assert queries() == with_one <= 8


# --- The company ---------------------------------------------------------------------------------------------------


def test_the_company_has_the_lowest_level_and_the_mean_index(team: Team) -> None:
    approved(team, 4)
    approved(TeamFactory(name="Vision"), 2)
    company = company_result(NOW)
    for _, rule, verdict, target in company.rules:
        assert rule is not None
        assert (rule.level, verdict.status, target) == (2, RuleStatus.AT_RISK, 3)
        assert [each.team for each in rule.teams] == ["Vision", "Support"]
    use_cases = company.rules[0][1]
    assert use_cases is not None
    assert (use_cases.index, use_cases.declared_index) == (75, 75)


def test_without_anything_approved_no_rule_is_assessed(assessment: Assessment) -> None:
    company = company_result(NOW)
    assert [verdict.status for _, _, verdict, _ in company.rules] == [RuleStatus.NOT_ASSESSED] * 4
    assert (company.overall.level, company.overall.index, company.results) == (None, None, ())


def test_the_latest_approved_assessment_counts(team: Team) -> None:
    first, second = approved(team, 1), approved(team, 3)
    Assessment.objects.filter(pk=first.pk).update(approved_at=NOW - timedelta(days=1))
    assert [result.assessment for result in company_result(NOW).results] == [second]


def test_an_assessment_in_progress_does_not_count(team: Team, assessment: Assessment, owner: User) -> None:
    answer(assessment, "UC1", 4, owner)
    assert company_result(NOW).results == ()


@pytest.mark.parametrize(
    ("target", "status"),
    [(1, RuleStatus.READY), (2, RuleStatus.READY), (3, RuleStatus.AT_RISK), (4, RuleStatus.OFF_TRACK)],
)
def test_a_rule_is_judged_by_its_own_target(team: Team, target: int, status: RuleStatus) -> None:
    approved(team, 2)
    RuleTarget.objects.create(rule=2, level=target)
    verdicts = [(verdict.status, level) for _, _, verdict, level in company_result(NOW).rules]
    assert verdicts == [(RuleStatus.AT_RISK, 3), (status, target), *[(RuleStatus.AT_RISK, 3)] * 2]


# --- What ages -----------------------------------------------------------------------------------------------------


def practice(assessment: Assessment, key: str, now: datetime) -> tuple[int, EvidenceClass]:
    """The verified level and the class of evidence of a practice as of a moment."""
    scores = {each.practice.key: each for rule in result_of(assessment, now).rules for each in rule.score.practices}
    return scores[key].verified, scores[key].evidence


def test_evidence_ages_by_the_company_s_calendar(assessment: Assessment, owner: User, reviewer: User) -> None:
    """Valid for 180 days; in summer a day begins in Paris two hours before it does in UTC."""
    piece = attach(answer(assessment, "UC1", 4, owner), owner, reviewed_by=reviewer)
    last_evening = datetime(2026, 7, 1, 21, 30, tzinfo=UTC)
    Evidence.objects.filter(pk=piece.pk).update(dated_on=date(2026, 7, 1) - timedelta(days=180))
    assert practice(assessment, "UC1", last_evening) == (4, EvidenceClass.REVIEWED)
    assert practice(assessment, "UC1", last_evening + timedelta(hours=1)) == (3, EvidenceClass.ATTACHED)
    assert practice(assessment, "UC1", last_evening + timedelta(days=180)) == (3, EvidenceClass.ATTACHED)
    assert practice(assessment, "UC1", last_evening + timedelta(days=181)) == (2, EvidenceClass.NONE)


def test_the_best_piece_counts(assessment: Assessment, owner: User, reviewer: User) -> None:
    written = answer(assessment, "UC1", 4, owner)
    attach(written, owner, days_old=1)
    attach(written, owner, days_old=200, reviewed_by=reviewer)
    attach(written, owner, days_old=900, reviewed_by=reviewer)
    assert practice(assessment, "UC1", NOW) == (3, EvidenceClass.ATTACHED)


def test_what_is_set_aside_comes_back_after_its_last_day(assessment: Assessment, owner: User, reviewer: User) -> None:
    set_aside(assessment, "UC3", owner)
    Answer.objects.update(not_applicable_approved_by=reviewer)
    share = [result_of(assessment, NOW + timedelta(days=days)).rules[0].score for days in (0, 92)]
    assert [rule.not_applicable_share for rule in share] == [Fraction(1, 4), 0]


def test_a_rule_about_to_fall_is_at_risk(team: Team) -> None:
    approved(team, 3)
    Evidence.objects.update(dated_on=(NOW - timedelta(days=175)).date())
    assert company_result(NOW).rules[0][2].status is RuleStatus.READY
    Evidence.objects.update(dated_on=(NOW - timedelta(days=355)).date())
    assert company_result(NOW).rules[0][2].status is RuleStatus.AT_RISK
