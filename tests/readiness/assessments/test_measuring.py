"""Measurements only contradict: after two windows in a row, never upwards, and never where nothing is known."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from accounts.models import AuditEvent, User
from inference_kpis.fleet.models import Node, Site
from readiness.assessments import results
from readiness.assessments.measuring import shared_level, thresholds_of, window_end_before
from readiness.assessments.models import Assessment, Binding, BindingCheck
from readiness.contradictions import tasks
from readiness.contradictions.following import check_bindings
from readiness.scoring import BindingState, EvidenceClass, Limit, PracticeScore
from tests.factories import NodeFactory, SiteFactory, TeamFactory
from tests.inference_kpis.pulls import START
from tests.readiness.assessments.writing import answer, attach
from tests.readiness.measurements import ENDLESS, FAIR, FAST, MINUTE, SLOW, WINDOW, bind, serve

pytestmark = pytest.mark.django_db
FIRST_END = START + WINDOW


@pytest.fixture
def site() -> Site:
    return SiteFactory(name="Lyon")


@pytest.fixture
def node(site: Site) -> Node:
    return NodeFactory(site=site)


@pytest.fixture
def binding(assessment: Assessment, owner: User, reviewer: User, site: Site) -> Binding:
    """The team declares level 3 on a measurable gate practice, with reviewed evidence, and is measured on the site."""
    attach(answer(assessment, "INF3", 3, owner), owner, reviewed_by=reviewer)
    return bind(assessment.team, site)


def score(now: datetime) -> PracticeScore:
    """The practice's score as of a moment."""
    infrastructure = results.result_of(Assessment.objects.get(), now).rules[1].score
    return next(each for each in infrastructure.practices if each.practice.key == "INF3")


def measure(minutes: int = 0) -> datetime:
    """Check what is due, so many minutes after the end of the first window."""
    now = FIRST_END + minutes * MINUTE
    check_bindings(now)
    return now


def test_it_works(binding: Binding, node: Node) -> None:
    serve(node, START, FAST)
    assert check_bindings(FIRST_END) == 1
    check = BindingCheck.objects.get()
    assert (check.window_start, check.window_end) == (START, FIRST_END)
    assert (check.measured_level, check.value, check.samples, check.coverage) == (4, 500, 120, 1)
    found = score(FIRST_END)
    assert (found.state, found.measured_level) == (BindingState.CONFIRMED, 4)
    assert (found.declared, found.verified, found.evidence) == (3, 3, EvidenceClass.MEASURED)


def test_a_window_is_measured_once(binding: Binding, node: Node) -> None:
    serve(node, START, FAST)
    assert [check_bindings(FIRST_END + timedelta(seconds=ago)) for ago in (0, 15, 30, 60)] == [1, 0, 0, 1]
    assert BindingCheck.objects.count() == 2


def test_a_fresh_measurement_carries_level_4(binding: Binding, node: Node, owner: User) -> None:
    answer(Assessment.objects.get(), "INF3", 4, owner)
    assert (score(FIRST_END).verified, score(FIRST_END).limit) == (3, Limit.NOT_MEASURED)
    serve(node, START, FAST)
    assert score(measure()).verified == 4


def test_one_window_alone_moves_nothing(binding: Binding, node: Node) -> None:
    serve(node, START, FAIR)
    found = score(measure())
    assert (found.state, found.verified, found.measured_level) == (BindingState.UNMEASURED, 3, 2)


def test_two_windows_in_a_row_lower_the_level(binding: Binding, node: Node) -> None:
    serve(node, START, FAIR, minutes=5)
    measure()
    found = score(measure(1))
    assert (found.state, found.measured_level) == (BindingState.CONTRADICTED, 2)
    assert (found.declared, found.verified, found.limit) == (3, 2, Limit.CONTRADICTED)


def test_of_two_windows_the_better_one_counts(binding: Binding, node: Node) -> None:
    serve(node, START, SLOW, minutes=4)
    measure()
    serve(node, FIRST_END, FAIR, minutes=4)
    assert score(measure(4)).verified == 2


def test_a_window_that_holds_the_level_ends_the_contradiction(binding: Binding, node: Node) -> None:
    serve(node, START, FAIR, minutes=5)
    measure()
    assert score(measure(1)).verified == 2
    serve(node, FIRST_END + MINUTE, FAST)
    found = score(measure(5))
    assert (found.state, found.verified) == (BindingState.CONFIRMED, 3)


def test_measuring_never_raises_above_what_was_declared(binding: Binding, node: Node, owner: User) -> None:
    answer(Assessment.objects.get(), "INF3", 1, owner)
    serve(node, START, FAST)
    found = score(measure())
    assert (found.state, found.verified, found.measured_level) == (BindingState.CONFIRMED, 1, 4)


def test_an_answer_that_is_not_approved_leaves_no_line(binding: Binding, node: Node) -> None:
    serve(node, START, FAIR, minutes=5)
    measure()
    measure(1)
    assert not AuditEvent.objects.filter(verb="answer.contradicted").exists()


# --- What is not known ---------------------------------------------------------------------------------------------


def test_without_readings_it_is_unmeasured(binding: Binding, node: Node) -> None:
    measure()
    found = score(measure(1))
    check = BindingCheck.objects.first()
    assert check is not None
    assert (check.measured_level, check.value, check.samples, check.coverage) == (None, None, 0, 0)
    assert (found.state, found.verified, found.evidence) == (BindingState.UNMEASURED, 3, EvidenceClass.REVIEWED)


def test_without_a_node_it_is_unmeasured(binding: Binding) -> None:
    assert score(measure()).state is BindingState.UNMEASURED


def test_too_few_samples_say_nothing(binding: Binding, node: Node) -> None:
    serve(node, START, SLOW, minutes=5, requests=24)
    measure()
    found = score(measure(1))
    assert (found.state, found.verified) == (BindingState.UNMEASURED, 3)


def test_too_little_coverage_says_nothing(binding: Binding, node: Node, site: Site) -> None:
    NodeFactory(site=site)
    serve(node, START, SLOW, minutes=5, requests=100)
    measure()
    found = score(measure(1))
    assert {check.coverage for check in BindingCheck.objects.all()} == {Decimal("0.5")}
    assert (found.state, found.verified) == (BindingState.UNMEASURED, 3)


def test_nodes_that_cannot_give_the_kpi_are_not_missed(binding: Binding, node: Node, site: Site) -> None:
    NodeFactory(site=site, engine="triton")
    NodeFactory(site=site, retired_at=START)
    serve(node, START, FAST)
    measure()
    assert BindingCheck.objects.get().coverage == 1


def test_a_bound_that_cannot_decide_says_nothing(binding: Binding, node: Node) -> None:
    """Above the last bucket: two seconds at least, and nobody knows whether three."""
    Binding.objects.update(thresholds={"1": 3000, "2": 1000})
    serve(node, START, ENDLESS, minutes=5)
    measure()
    found = score(measure(1))
    assert BindingCheck.objects.values_list("measured_level", flat=True)[0] is None
    assert (found.state, found.verified) == (BindingState.UNMEASURED, 3)


def test_a_bound_that_can_decide_does(binding: Binding, node: Node) -> None:
    serve(node, START, ENDLESS, minutes=5)
    Binding.objects.update(thresholds={"1": 1900})
    measure()
    assert score(measure(1)).verified == 0


def test_telemetry_past_its_validity_is_stale(binding: Binding, node: Node) -> None:
    """A window of four minutes counts for ten; after that, evidence alone carries the answer."""
    serve(node, START, FAIR, minutes=5)
    measure()
    last_end = measure(1)
    last_moment = last_end + timedelta(minutes=10)
    assert score(last_moment).state is BindingState.CONTRADICTED
    found = score(last_moment + timedelta(seconds=1))
    assert (found.state, found.measured_level, found.verified) == (BindingState.STALE, None, 3)


# --- Several sites, several teams ----------------------------------------------------------------------------------


@pytest.mark.parametrize(("share", "level"), [("1", 2), ("0.8", 2), ("0.5", 4)])
def test_a_share_of_the_sites_has_to_hold_it(binding: Binding, node: Node, site: Site, share: str, level: int) -> None:
    other = NodeFactory()
    binding.sites.add(other.site)
    Binding.objects.update(site_share=share)
    serve(node, START, FAST)
    serve(other, START, FAIR)
    measure()
    assert BindingCheck.objects.get().measured_level == level


def test_a_site_that_is_not_known_leaves_it_open(binding: Binding, node: Node) -> None:
    binding.sites.add(SiteFactory())
    serve(node, START, FAST)
    measure()
    assert BindingCheck.objects.get().measured_level is None


def test_without_sites_it_looks_at_all_of_them(binding: Binding, node: Node) -> None:
    binding.sites.clear()
    serve(node, START, FAST)
    serve(NodeFactory(), START, FAIR)
    measure()
    check = BindingCheck.objects.get()
    assert (check.measured_level, check.samples) == (2, 240)


def test_other_sites_are_not_looked_at(binding: Binding, node: Node) -> None:
    serve(node, START, FAST)
    serve(NodeFactory(), START, SLOW)
    measure()
    assert BindingCheck.objects.get().samples == 120


def test_another_teams_binding_moves_nothing_here(binding: Binding, node: Node, site: Site) -> None:
    binding.delete()
    bind(TeamFactory(), site)
    serve(node, START, SLOW, minutes=5)
    measure()
    assert score(measure(1)).state is None


def test_of_two_bindings_the_worse_one_decides(binding: Binding, node: Node) -> None:
    slow = NodeFactory()
    bind(binding.team, slow.site, kpi="e2e_latency_p50")
    serve(node, START, FAST, minutes=5)
    serve(slow, START, SLOW, minutes=5)
    measure()
    found = score(measure(1))
    assert (found.state, found.verified) == (BindingState.CONTRADICTED, 1)


def test_the_background_task_checks_what_is_due(binding: Binding) -> None:
    tasks.check_bindings()
    assert BindingCheck.objects.count() == 1


# --- Calculations --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("window", "now", "end"),
    [
        (240, "10:00:00", "10:00:00"),
        (240, "10:00:59", "10:00:00"),
        (240, "10:01:00", "10:01:00"),
        (3600, "10:14:59", "10:00:00"),
        (3600, "10:15:00", "10:15:00"),
        (24 * 3600, "11:59:59", "06:00:00"),
        (2, "10:00:00.9", "10:00:00"),
    ],
)
def test_windows_end_every_quarter_of_their_length(window: int, now: str, end: str) -> None:
    def moment(text: str) -> datetime:
        return datetime.fromisoformat(f"2026-11-02T{text}").replace(tzinfo=UTC)

    assert window_end_before(Binding(window_seconds=window), moment(now)) == moment(end)


@pytest.mark.parametrize(
    ("levels", "share", "shared"),
    [
        ([], "1", None),
        ([3], "1", 3),
        ([0], "1", 0),
        ([None], "1", None),
        ([3, 2, 4], "1", 2),
        ([3, 3, 3, 3, 0], "0.8", 3),
        ([3, 3, 3, 2, 0], "0.8", 2),
        ([4, 3, 1], "0.34", 3),
        ([4, 3, 1], "0.33", 4),
        ([4, 1], "0", 4),
        # An unknown site decides nothing where the known ones suffice, or where they fail anyway.
        ([4, 4, 4, 4, None], "0.8", 4),
        ([2, 2, 2, 2, None], "0.8", 2),
        ([4, 4, 4, 2, None], "0.8", None),
        ([0, 0, None], "1", 0),
        ([4, None], "1", None),
    ],
)
def test_the_level_that_a_share_of_sites_holds(levels: list[int | None], share: str, shared: int | None) -> None:
    assert shared_level(levels, Decimal(share)) == shared


@pytest.mark.parametrize(
    ("comparator", "by_level"),
    [
        ("le", {}),
        ("le", {"0": 1}),
        ("le", {"5": 1}),
        ("le", {"1": 1, "2": 2}),
        ("ge", {"1": 2, "2": 1}),
        ("?", {"1": 1}),
    ],
)
def test_thresholds_that_make_no_ladder_are_refused(comparator: str, by_level: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=r".+"):
        thresholds_of(comparator, by_level)
