"""A binding's window, kept as evidence."""

from datetime import UTC, datetime, timedelta

import pytest
from django.urls import reverse

from accounts.models import Team, User
from readiness.assessments.models import Assessment, Binding, Evidence
from tests.factories import TeamFactory, signed_in
from tests.pages import words
from tests.readiness.measurements import bind

pytestmark = pytest.mark.django_db


def keep(person: User, assessment: Assessment, binding: Binding) -> str:
    address = reverse("readiness:evidence_measured", args=[assessment.pk, binding.pk])
    return words(signed_in(person).post(address, follow=True))


def test_it_works(assessment: Assessment, owner: User, team: Team) -> None:
    binding, end = bind(team), datetime.now(UTC) - timedelta(minutes=1)
    binding.checks.create(
        window_start=end - timedelta(minutes=4), window_end=end, measured_level=3, value=412.0, samples=900, coverage=1
    )
    assert "Kept as evidence." in keep(owner, assessment, binding)
    keep(owner, assessment, binding)
    piece = Evidence.objects.get()
    assert (piece.kind, piece.added_by, piece.answer.practice) == ("measurement", owner, "INF3")
    assert "412 ms, level 3, 900 samples" in piece.title


def test_nothing_measured_is_said(assessment: Assessment, owner: User, team: Team) -> None:
    assert "This binding has no fresh window that decides." in keep(owner, assessment, bind(team))
    assert not Evidence.objects.exists()


def test_the_binding_of_another_team_is_not_found(assessment: Assessment, owner: User) -> None:
    address = reverse("readiness:evidence_measured", args=[assessment.pk, bind(TeamFactory()).pk])
    assert signed_in(owner).post(address).status_code == 404
