"""Target levels in the administration site: only what makes sense is taken."""

import pytest
from django.urls import reverse

from accounts.models import Role
from readiness.assessments.models import RuleTarget
from tests.factories import UserFactory, signed_in

pytestmark = pytest.mark.django_db
ADD = "admin:readiness_ruletarget_add"


@pytest.mark.parametrize(("level", "is_good"), [("0", False), ("1", True), ("4", True), ("5", False)])
def test_a_target_level_is_one_to_four(level: str, is_good: bool) -> None:
    signed_in(UserFactory(role=Role.ADMINISTRATOR)).post(reverse(ADD), {"rule": "2", "level": level})
    assert RuleTarget.objects.exists() is is_good


def test_others_are_refused() -> None:
    answer = signed_in(UserFactory(role=Role.OPERATOR)).post(reverse(ADD), {"rule": "2", "level": "3"})
    assert answer.status_code in {302, 403}
    assert not RuleTarget.objects.exists()
