"""Names in the order of a dictionary."""

import pytest

from accounts.alphabet import NameChoiceField, alphabetical
from accounts.models import Team
from tests.factories import TeamFactory


def test_accents_and_case_do_not_move_a_name() -> None:
    names = ["zèbre", "Œuvre", "Lyon", "Évry", "école", "Ecole", "abc", "Oslo", "ça"]
    assert sorted(names, key=alphabetical) == ["abc", "ça", "Ecole", "école", "Évry", "Lyon", "Œuvre", "Oslo", "zèbre"]


@pytest.mark.django_db
@pytest.mark.parametrize(("required", "first"), [(True, "---------"), (False, "---------")])
def test_choices_stand_in_that_order_below_the_empty_one(required: bool, first: str) -> None:
    for name in ("Zoo", "Équipe", "achats"):
        TeamFactory(name=name)
    field = NameChoiceField(queryset=Team.objects.all(), required=required)
    assert [str(label) for _, label in field.choices] == [first, "achats", "Équipe", "Zoo"]


@pytest.mark.django_db
def test_a_choice_without_an_empty_one_loses_none() -> None:
    for name in ("Zoo", "Équipe"):
        TeamFactory(name=name)
    field = NameChoiceField(queryset=Team.objects.all(), empty_label=None)
    assert [str(label) for _, label in field.choices] == ["Équipe", "Zoo"]
