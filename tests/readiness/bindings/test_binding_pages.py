"""The pages of bindings: what is bound, one with its windows, its form and its preview, and who may write it."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.urls import reverse

from accounts.models import AuditEvent, Role, Team, User
from readiness.assessments.models import Binding
from readiness.contradictions.following import check_bindings
from readiness.contradictions.models import Contradiction
from tests.factories import NodeFactory, SiteFactory, UserFactory, member_of, signed_in
from tests.pages import queries, words
from tests.readiness.assessments.writing import approved
from tests.readiness.measurements import FAIR, FAST, MINUTE, WINDOW, bind, serve

pytestmark = pytest.mark.django_db
FORM = {
    "figure": "kpi:e2e_latency_p95",
    "share_percent": "100",
    "comparator": "le",
    "level_1": "2000",
    "level_3": "500.5",
    "window_seconds": "3600",
    "minimum_samples": "100",
    "coverage_percent": "80",
}


def add_url(team: Team, practice: str = "INF3") -> str:
    return reverse("readiness:binding_add", args=[team.pk, practice])


def post(person: User, url: str, **values: Any) -> str:
    return words(signed_in(person).post(url, {**FORM, **values}, follow=True))


def test_it_works(team: Team, reviewer: User) -> None:
    site = SiteFactory(name="Lyon")
    listed = words(signed_in(reviewer).get(reverse("readiness:binding_list"), {"team": team.pk}))
    assert "What measures Support" in listed
    assert "Bind as suggested" in listed
    form = signed_in(reviewer).get(add_url(team)).content.decode()
    assert 'value="kpi:e2e_latency_p95" selected' in form
    text = post(reviewer, add_url(team), sites=[site.pk])
    assert "Binding saved. Windows that end from now on are judged by it." in text
    binding = Binding.objects.get()
    assert (binding.team, binding.practice, binding.source, binding.kpi) == (team, "INF3", "kpi", "e2e_latency_p95")
    assert (binding.thresholds, binding.site_share) == ({"1": "2000", "3": "500.5"}, 1)
    assert (binding.minimum_coverage, list(binding.sites.all())) == (Decimal("0.8"), [site])
    assert AuditEvent.objects.get(verb="binding.add").details["team"] == "Support"


def test_decimal_commas_are_understood_in_french(team: Team, reviewer: User) -> None:
    signed_in(reviewer).post(f"/fr/bindings/new/{team.pk}/INF3/", {**FORM, "level_3": "500,5"})
    assert Binding.objects.get().thresholds["3"] == "500.5"


def test_a_preview_saves_nothing(team: Team, reviewer: User) -> None:
    node, end = NodeFactory(site=SiteFactory(name="Lyon")), datetime.now(UTC).replace(second=0, microsecond=0)
    serve(node, end - timedelta(minutes=90), FAST, minutes=80)
    text = post(reviewer, add_url(team), preview="1", minimum_samples="1")
    assert "It would measure level 4" in text
    assert "Lyon: " in text
    assert not Binding.objects.exists()


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"level_1": "", "level_3": ""}, "Write a threshold for one level at least"),
        ({"level_1": "100"}, "stricter with each higher level"),
        ({"figure": "kpi:nothing"}, "is not one of the available choices"),
        ({"share_percent": "0"}, "greater than or equal to 1"),
    ],
)
def test_what_is_wrong_is_said(team: Team, reviewer: User, values: dict[str, str], says: str) -> None:
    assert says in post(reviewer, add_url(team), **values)
    assert not Binding.objects.exists()


def test_the_same_figure_twice_is_refused(team: Team, reviewer: User) -> None:
    bind(team)
    assert "Another binding of this practice looks at the same figure." in post(reviewer, add_url(team))
    assert Binding.objects.count() == 1


def test_a_workspace_can_measure(team: Team, reviewer: User) -> None:
    approved(team, 3)
    post(
        reviewer,
        add_url(team, "ME5"),
        figure="workspace:live_success_metrics",
        comparator="ge",
        level_1="50",
        level_3="80",
    )
    binding = Binding.objects.get()
    assert (binding.source, binding.kpi) == ("workspace", "live_success_metrics")
    assert "Live success metrics" in words(signed_in(reviewer).get(binding.get_absolute_url()))


# --- A change starts anew --------------------------------------------------------------------------------------------


@pytest.fixture
def contradicted(team: Team, first_bank: None) -> Binding:
    """A binding by which an answer is contradicted just now."""
    approved(team, 3)
    node, end = NodeFactory(), datetime.now(UTC).replace(second=0, microsecond=0)
    binding = bind(team, node.site)
    serve(node, end - WINDOW - MINUTE, FAIR, minutes=5)
    check_bindings(end - MINUTE)
    check_bindings(end)
    assert Contradiction.objects.open().count() == 1
    return binding


def test_a_change_needs_a_reason_and_ends_the_contradiction(contradicted: Binding, reviewer: User) -> None:
    edit = reverse("readiness:binding_edit", args=[contradicted.pk])
    assert "Say why the binding is what is wrong." in post(reviewer, edit)
    assert Contradiction.objects.open().exists()
    assert "Binding saved." in post(reviewer, edit, reason="It measured the wrong site.")
    closed = Contradiction.objects.get()
    assert (closed.state, closed.ending) == ("closed", "binding_changed")
    assert closed.events.filter(text="It measured the wrong site.").exists()
    check_bindings(datetime.now(UTC))
    assert not Contradiction.objects.open().exists()
    assert "by earlier rules" in words(signed_in(reviewer).get(contradicted.get_absolute_url()))


def test_removing_needs_a_reason_too(contradicted: Binding, reviewer: User) -> None:
    address = reverse("readiness:binding_remove", args=[contradicted.pk])
    assert "Say why the binding is what is wrong." in post(reviewer, address)
    assert "Binding removed." in post(reviewer, address, reason="Nobody uses it.")
    assert not Binding.objects.exists()
    assert Contradiction.objects.get().ending == "binding_changed"


# --- Who may -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", [Role.REVIEWER, Role.OPERATOR])
def test_nobody_binds_their_own_team(team: Team, role: Role) -> None:
    own = member_of(team, role)
    assert signed_in(own).post(add_url(team), FORM).status_code == 404
    text = words(signed_in(own).get(reverse("readiness:binding_list"), {"team": team.pk}))
    assert "Reviewers and operators of other teams decide what measures this one." in text
    assert not Binding.objects.exists()


@pytest.mark.parametrize("role", [Role.CONTRIBUTOR, Role.EXECUTIVE])
def test_others_only_read(team: Team, role: Role) -> None:
    binding = bind(team)
    person = member_of(team, role)
    assert signed_in(person).get(binding.get_absolute_url()).status_code == 200
    for name in ("binding_edit", "binding_remove"):
        assert signed_in(person).post(reverse(f"readiness:{name}", args=[binding.pk]), FORM).status_code == 404
    stranger = UserFactory(role=Role.CONTRIBUTOR)
    assert signed_in(stranger).get(binding.get_absolute_url()).status_code == 404


def test_twenty_bindings_cost_as_many_queries_as_one(team: Team, reviewer: User) -> None:
    approved(team, 3)
    bind(team)
    url = f"{reverse('readiness:binding_list')}?team={team.pk}"
    few = queries(signed_in(reviewer), url)
    for kpi in ("e2e_latency_p50", "e2e_latency_p99", "request_rate", "success_ratio"):
        bind(team, kpi=kpi)
    assert queries(signed_in(reviewer), url) == few <= 15
