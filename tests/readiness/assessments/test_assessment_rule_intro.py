"""Why a rule matters and what good looks like, before its first practice."""

import pytest
from django.urls import reverse

from accounts.models import Role, User
from readiness.assessments.models import AnsweringPreference, Assessment
from readiness.bank import load_bank
from tests.factories import member_of, signed_in
from tests.pages import words
from tests.readiness.assessments.writing import answer

pytestmark = pytest.mark.django_db


def url(assessment: Assessment, number: int = 1) -> str:
    return reverse("readiness:assessment_rule_intro", args=[assessment.pk, number])


def test_it_works(assessment: Assessment, owner: User) -> None:
    for rule in load_bank("2026.1").rules:
        text = words(signed_in(owner).get(url(assessment, rule.number)))
        for wording in (rule.title, rule.promise, rule.why, rule.good):
            assert wording.en in text
        assert f"{len(rule.practices)} practices · about {rule.minutes} minutes" in text


@pytest.mark.parametrize(("path", "first"), [("gates", "UC1"), ("all", "UC1")])
def test_it_leads_to_the_first_practice(assessment: Assessment, owner: User, path: str, first: str) -> None:
    AnsweringPreference.objects.create(user=owner, path=path)
    page = signed_in(owner).get(url(assessment)).content.decode()
    practice = reverse("readiness:assessment_practice", args=[assessment.pk, first])
    assert f'href="{practice}">To the first practice' in page


def test_later_it_leads_to_what_is_open(assessment: Assessment, owner: User) -> None:
    AnsweringPreference.objects.create(user=owner, path="all")
    answer(assessment, "UC1", 2, owner)
    page = signed_in(owner).get(url(assessment)).content.decode()
    following = load_bank("2026.1").rules[0].practices[1].key
    assert f'{reverse("readiness:assessment_practice", args=[assessment.pk, following])}">To the practices' in page


def test_it_can_be_reached_from_everywhere(assessment: Assessment, owner: User) -> None:
    pages = (
        assessment.get_absolute_url(),
        reverse("readiness:assessment_practice", args=[assessment.pk, "UC1"]),
        reverse("readiness:assessment_rule", args=[assessment.pk, 1]),
    )
    for page in pages:
        assert f'href="{url(assessment)}"' in signed_in(owner).get(page).content.decode()


@pytest.mark.parametrize("number", [0, 5])
def test_there_are_four_rules(assessment: Assessment, owner: User, number: int) -> None:
    assert signed_in(owner).get(url(assessment, number)).status_code == 404


def test_who_may_only_read_reads_it(assessment: Assessment, stranger: User) -> None:
    assert signed_in(member_of(assessment.team, Role.EXECUTIVE)).get(url(assessment)).status_code == 200
    assert signed_in(stranger).get(url(assessment)).status_code == 404
