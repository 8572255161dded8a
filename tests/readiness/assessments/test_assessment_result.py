"""The result of an assessment: declared, verified and measured side by side, the gaps, and how it is computed."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from django.urls import reverse

from accounts.models import Team, User
from readiness.assessments.models import Answer, Assessment, Binding, BindingCheck
from readiness.bank import load_bank
from tests.factories import SiteFactory, signed_in
from tests.pages import queries, words
from tests.readiness.assessments.writing import answer, answer_all, approved, attach, days_ago, set_aside
from tests.readiness.measurements import bind

pytestmark = pytest.mark.django_db


def url(assessment: Assessment) -> str:
    return reverse("readiness:assessment_result", args=[assessment.pk])


def page(assessment: Assessment, person: User) -> str:
    """What somebody reads, without the days until which evidence counts in full."""
    text = words(signed_in(person).get(url(assessment)))
    return re.sub(r" · in full until \d+ \w+ \d{4}", "", text)


def test_it_says_until_when_evidence_counts_in_full(team: Team, owner: User) -> None:
    done = approved(team, 3)
    days = load_bank("2026.1").practice("UC1").validity_days
    end = f"{days_ago(20 - days):%-d %B %Y}"
    assert f"reviewed E2 · in full until {end}" in words(signed_in(owner).get(url(done)))


def measured(binding: Binding, level: int | None, ago: timedelta = timedelta(), **values: float) -> None:
    """One window of a binding, with a level that it measured."""
    end = datetime.now(UTC) - ago
    BindingCheck.objects.create(
        binding=binding,
        window_start=end - timedelta(seconds=binding.window_seconds),
        window_end=end,
        measured_level=level,
        **{"value": 812.4, "samples": 240, "coverage": 1, **values},
    )


def test_it_works(team: Team, owner: User) -> None:
    text = page(approved(team, 3, INF2=2), owner)
    assert "Result of Support Approved Overall level 3, index 73.8 of 100." in text
    assert "Rule 1: Choose use cases carefully Level 3 of 4 75.0 / 100 declared 75.0" in text
    assert "Rule 2: Choose the right infrastructure Level 3 of 4 70.0 / 100 declared 70.0" in text
    assert "Problem before technology gate 3 reviewed E2 — 3" in text
    assert "The GPU is one option 2 reviewed E2 — 2" in text


def test_the_gaps_to_the_next_level_are_named(assessment: Assessment, owner: User) -> None:
    answer_all(assessment, 2, owner, UC1=0, UC3=0)
    text = page(assessment, owner)
    assert "Why not level 1 The gate practice “Problem before technology” is verified at level 0" in text
    assert "and has to be at 1." in text
    assert "50% of the weight holds this level; 80% has to." in text
    answer(assessment, "UC1", 2, owner)
    answer(assessment, "UC3", 1, owner)
    answer(assessment, "UC2", 2, owner)
    assert "Why not level 2 75% of the weight holds this level; 80% has to." in page(assessment, owner)


def test_a_practice_below_the_floor_is_named(team: Team, owner: User) -> None:
    text = page(approved(team, 3, INF2=1), owner)
    assert "Why not level 3 “The GPU is one option” is verified at level 1; nothing may be below 2." in text


def test_at_the_top_there_is_no_gap(team: Team, owner: User) -> None:
    text = page(approved(team, 4), owner)
    use_cases = text[text.index("Rule 1:") : text.index("Rule 2:")]
    assert "Level 4 of 4" in use_cases
    assert "Why not" not in use_cases


def test_every_figure_opens_to_how_it_was_computed(assessment: Assessment, owner: User) -> None:
    text = page(assessment, owner)
    assert text.count("How it is computed Verified is the declared level, capped by evidence") == 4


def test_the_numbers_put_in_are_shown_beside_the_formula(team: Team, owner: User) -> None:
    text = page(approved(team, 3, INF2=2), owner)
    assert "Question bank 2026.1 Weight that applies 5 of 5 Index 100 × 14 ÷ (4 × 5) = 70.0" in text
    assert "Weight with reviewed evidence (E2) 100.0\u00a0%" in text


def test_it_says_why_less_is_verified_than_declared(assessment: Assessment, owner: User, reviewer: User) -> None:
    answer(assessment, "UC1", 3, owner)
    attach(answer(assessment, "INF1", 4, owner), owner, reviewed_by=reviewer)
    text = page(assessment, owner)
    assert "Problem before technology gate declared 3, counts 2: no evidence that still counts 3 none E0 — 2" in text
    assert "Workload profile first gate declared 4, counts 3: only a measurement proves it 4 reviewed E2 — 3" in text


def test_what_is_unanswered_has_a_dash(assessment: Assessment, owner: User) -> None:
    assert "Problem before technology gate — none E0 — 0" in page(assessment, owner)


# --- What is not applicable ----------------------------------------------------------------------------------------


def test_what_is_approved_as_not_applicable_is_left_out(assessment: Assessment, owner: User, reviewer: User) -> None:
    answer_all(assessment, 2, owner, UC3=0)
    Answer.objects.filter(practice="UC3").delete()
    set_aside(assessment, "UC3", owner)
    assert "Rule 1: Choose use cases carefully Level 0 of 4 37.5 / 100" in page(assessment, owner)
    Answer.objects.update(not_applicable_approved_by=reviewer)
    text = page(assessment, owner)
    assert "Rule 1: Choose use cases carefully Level 2 of 4 50.0 / 100" in text
    assert "Data that is there and good not applicable" in text


# --- What was measured ---------------------------------------------------------------------------------------------


@pytest.fixture
def binding(assessment: Assessment, owner: User, reviewer: User) -> Binding:
    """Level 3 declared with reviewed evidence, and one binding without any window yet."""
    attach(answer(assessment, "INF3", 3, owner), owner, reviewed_by=reviewer)
    return bind(assessment.team, SiteFactory())


def test_a_binding_without_a_window_is_unmeasured(binding: Binding, assessment: Assessment, owner: User) -> None:
    text = page(assessment, owner)
    assert "Latency objective met gate 3 reviewed E2 Unmeasured 3" in text
    assert "What was measured" in text
    assert "No window measured yet." in text


def test_a_confirmed_level_is_shown_with_its_figures(binding: Binding, assessment: Assessment, owner: User) -> None:
    measured(binding, 4)
    text = page(assessment, owner)
    assert "Latency objective met gate 3 measured E3 Confirmed 4 3" in text
    assert "End-to-end latency, p95 over windows of 4\u00a0min, decided from 100 samples and 80% coverage on." in text
    for threshold in ("2,000", "1,000", "500"):
        assert f"≤ {threshold}\u00a0ms" in text
    assert "Level 4 · 812\u00a0ms · 240 samples · 100%" in text


def test_a_contradiction_is_shown_with_both_windows(binding: Binding, assessment: Assessment, owner: User) -> None:
    measured(binding, 2, timedelta(minutes=2))
    measured(binding, 1)
    text = page(assessment, owner)
    assert (
        "Latency objective met gate declared 3, counts 2: two windows in a row measured less 3 measured E3 Contradicted 2 2"
        in text
    )
    assert text.index("Level 1 · 812") < text.index("Level 2 · 812")


def test_one_doubting_window_is_shown_and_moves_nothing(binding: Binding, assessment: Assessment, owner: User) -> None:
    measured(binding, 1)
    assert "Latency objective met gate 3 reviewed E2 Unmeasured 1 3" in page(assessment, owner)


def test_an_old_measurement_is_stale(binding: Binding, assessment: Assessment, owner: User) -> None:
    measured(binding, 4, timedelta(minutes=11))
    assert "Latency objective met gate 3 reviewed E2 Stale 3" in page(assessment, owner)


def test_an_undecided_window_has_no_number(binding: Binding, assessment: Assessment, owner: User) -> None:
    measured(binding, None, value=None, samples=1, coverage=0)
    assert "undecided · no data · 1 sample · 0%" in page(assessment, owner)


def test_shares_are_not_rounded_to_what_they_are_not(binding: Binding, assessment: Assessment, owner: User) -> None:
    Binding.objects.update(kpi="success_ratio", comparator="ge", thresholds={"1": 99, "2": 99.5, "3": 99.9})
    measured(binding, 2, value=99.6)
    text = page(assessment, owner)
    assert "Success ratio over windows of" in text
    assert "≥ 99.50%" in text
    assert "Level 2 · 99.60%" in text


# --- Who, and at what cost -----------------------------------------------------------------------------------------


def test_another_teams_person_finds_nothing(assessment: Assessment, stranger: User) -> None:
    assert signed_in(stranger).get(url(assessment)).status_code == 404


def test_it_is_there_before_approval_for_the_team(assessment: Assessment, colleague: User) -> None:
    assert "Open Overall level 0, index 0.0 of 100." in page(assessment, colleague)


def test_bindings_cost_no_queries_of_their_own(binding: Binding, assessment: Assessment, owner: User) -> None:
    browser = signed_in(owner)
    with_one = queries(browser, url(assessment))
    for practice, kpi in (("INF1", "request_rate"), ("INF8", "availability"), ("ME5", "availability")):
        measured(bind(assessment.team, SiteFactory(), practice=practice, kpi=kpi), 2)
    assert queries(browser, url(assessment)) == with_one


def test_practices_and_numbers_are_written_in_french(team: Team, owner: User) -> None:
    done = approved(team, 3, INF2=1)
    text = words(signed_in(owner).get(f"/fr/assessments/{done.pk}/result/"))
    for practice in load_bank("2026.1").practices:
        assert practice.title.fr in text
    assert "65,0 / 100" in text
    assert "65.0" not in text


def test_the_cheapest_way_is_listed_with_its_price(team: Team) -> None:
    """INF3 is the one gate below level 3; its action is the bank's, with its range."""
    assessment = approved(team, 3, INF3=2)
    text = words(signed_in(assessment.started_by).get(reverse("readiness:assessment_result", args=[assessment.pk])))
    assert "The cheapest way to level 3 10 working days, 5,000 to 30,000 EUR once" in text
    assert "Move or resize the nodes of the sites that miss it opens level 3" in text
