"""The executive page: the state in one sentence, four rules, what measurements say, targets, and the fleet."""

from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext

from accounts.models import Role, Team, User
from inference_kpis.fleet.health import count_health, count_sites
from inference_kpis.fleet.models import Node
from inference_kpis.readings import store
from readiness.assessments.models import Assessment, RuleTarget
from readiness.bank import load_bank
from readiness.contradictions.following import check_bindings
from readiness.overview.summary import MOST_METRICS
from tests.factories import NodeFactory, SiteFactory, TeamFactory, UserFactory, signed_in
from tests.pages import queries, words
from tests.readiness.assessments.writing import answer, approved
from tests.readiness.measurements import FAIR, FAST, MINUTE, bind, serve
from tests.readiness.success.promises import promise

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("first_bank")]
LIVE = {"HX-Request": "true"}


@pytest.fixture
def browser() -> Client:
    return signed_in(UserFactory(role=Role.EXECUTIVE, name="Eva Executive"))


def page(browser: Client) -> str:
    return words(browser.get(reverse("readiness:overview")))


def minutes_ago(minutes: int) -> datetime:
    """The start of a whole minute in the past."""
    return datetime.now(UTC).replace(second=0, microsecond=0) - minutes * MINUTE


def test_it_works(browser: Client, team: Team, owner: User) -> None:
    approved(team, 3)
    promise(team, owner, name="Fast enough", kpi="e2e_latency_p95", target_value=700)
    node = NodeFactory(site=SiteFactory(name="Lyon"))
    serve(node, minutes_ago(10), FAST)
    Node.objects.update(state="up", severity=Node.SEVERITY["up"])
    count_sites([node.site_id], datetime.now(UTC))
    text = page(browser)
    assert "4 of 4 rules ready, none off track 1 of 1 success metrics meets its target. Data as of " in text
    for rule in load_bank("2026.1").rules:
        assert f"Rule {rule.number} Ready {rule.title.en} 75.0 / 100 declared 75.0 Level 3, target 3 1 team" in text
    assert "Fast enough End-to-end latency, p95 ≤\u00a0500\u00a0ms" in text
    assert "Fleet: 1 of 1 nodes up Lyon" in text


# --- The one sentence ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("levels", "sentence"),
    [
        ({}, "4 of 4 rules ready, none off track"),
        ({"UC1": 2}, "3 of 4 rules ready, none off track"),
        ({"UC1": 2, "INF1": 2, "SP1": 2, "ME1": 2}, "0 of 4 rules ready, none off track"),
        ({"UC1": 1}, "3 of 4 rules ready; 1 off track"),
        ({"UC1": 1, "INF1": 2, "SP1": 0}, "1 of 4 rules ready; 2 off track"),
        ({"UC1": 0, "INF1": 0, "SP1": 0, "ME1": 0}, "0 of 4 rules ready; 4 off track"),
    ],
)
def test_the_state_is_one_sentence(browser: Client, team: Team, levels: dict[str, int], sentence: str) -> None:
    approved(team, 3, **levels)
    assert f"<h1>{sentence}</h1>" in browser.get(reverse("readiness:overview")).content.decode()


def test_the_sentence_follows_the_targets(browser: Client, team: Team) -> None:
    approved(team, 3)
    RuleTarget.objects.create(rule=1, level=4)
    assert "3 of 4 rules ready, none off track" in page(browser)


def test_the_lowest_team_decides(browser: Client, team: Team) -> None:
    approved(team, 3)
    approved(TeamFactory(), 3, UC1=1)
    text = page(browser)
    assert "3 of 4 rules ready; 1 off track" in text
    assert "Level 1, target 3 2 teams" in text


# --- Nothing there yet ---------------------------------------------------------------------------------------------


def test_an_empty_company_is_told_what_to_do(browser: Client) -> None:
    response = browser.get(reverse("readiness:overview"))
    text = words(response)
    assert "No rule assessed yet" in text
    assert text.count("Not assessed") == 4
    assert text.count("No approved assessment yet. Start one") == 4
    assert "No target yet. Add a success metric" in text
    assert "No node is registered yet. To the fleet" in text
    assert "success metrics meet" not in text
    assert "Declared against measured" not in text


def test_an_assessment_in_progress_says_nothing_yet(browser: Client, assessment: Assessment, owner: User) -> None:
    answer(assessment, "UC1", 4, owner)
    assert "No rule assessed yet" in page(browser)


def test_a_site_without_nodes_is_an_empty_fleet(browser: Client) -> None:
    SiteFactory()
    count_health(datetime.now(UTC))
    assert "No node is registered yet." in page(browser)


def test_figures_of_work_that_stands_still_are_marked_old(browser: Client) -> None:
    NodeFactory()
    count_health(datetime.now(UTC) - timedelta(minutes=2))
    assert "The background work stands still; these figures are old." in page(browser)
    count_health(datetime.now(UTC))
    assert "stands still" not in page(browser)


# --- Declared against measured -------------------------------------------------------------------------------------


def measure_two_windows(team: Team, speed: int) -> None:
    """Let a node of the team's site serve for five minutes, and measure the two windows in them."""
    node, end = NodeFactory(), minutes_ago(0)
    bind(team, node.site)
    serve(node, end - 5 * MINUTE, speed, minutes=5)
    for now in (end - MINUTE, end):
        check_bindings(now)


def test_a_contradiction_is_told_with_both_levels(browser: Client, team: Team) -> None:
    done = approved(team, 3)
    measure_two_windows(team, FAIR)
    response = browser.get(reverse("readiness:overview"))
    sentence = "Contradicted Support declares level 3 for “Latency objective met”; its nodes show level 2."
    assert sentence in words(response)
    assert reverse("readiness:assessment_result", args=[done.pk]) in response.content.decode()
    assert "3 of 4 rules ready, none off track" in words(response)


def test_what_is_confirmed_is_counted(browser: Client, team: Team) -> None:
    approved(team, 3)
    measure_two_windows(team, FAST)
    text = page(browser)
    assert "1 declared level is confirmed by what nodes measure." in text
    assert "Contradicted" not in text


def test_only_approved_answers_are_contradicted(browser: Client, assessment: Assessment, owner: User) -> None:
    answer(assessment, "INF3", 3, owner)
    measure_two_windows(assessment.team, FAIR)
    assert "Contradicted" not in page(browser)


# --- Targets -------------------------------------------------------------------------------------------------------


def test_every_metric_is_counted_and_the_first_are_shown(browser: Client, team: Team, owner: User) -> None:
    for number in range(MOST_METRICS + 3):
        promise(team, owner, name=f"Metric {number:02}", kpi="e2e_latency_p95", target_value=700)
    serve(NodeFactory(), minutes_ago(10), FAST)
    text = page(browser)
    total = MOST_METRICS + 3
    assert f"{total} of {total} success metrics meet their target." in text
    assert text.count("Met ") == MOST_METRICS
    assert "Metric 00" in text
    assert f"Metric {total - 1}" not in text


def test_an_unknown_metric_is_not_met(browser: Client, team: Team, owner: User) -> None:
    promise(team, owner)
    assert "0 of 1 success metrics meet their target." in page(browser)


# --- Live ----------------------------------------------------------------------------------------------------------


def test_the_page_knows_its_version_and_how_to_ask_again(browser: Client) -> None:
    serve(NodeFactory(state="up", severity=3), minutes_ago(10), FAST)
    count_health(minutes_ago(10))
    content = browser.get(reverse("readiness:overview")).content.decode()
    assert f'data-live-version="{store.version()}"' in content
    assert 'data-live-url="/en/"' in content
    assert 'data-live-at="' in content


def test_a_poll_brings_the_live_part_only(browser: Client) -> None:
    response = browser.get(reverse("readiness:overview"), headers=LIVE)
    content = response.content.decode().strip()
    assert content.startswith('<div id="overview"')
    assert "<html" not in content
    assert "HX-Request" in response["Vary"]


def test_a_poll_with_the_version_last_seen_is_empty(browser: Client) -> None:
    serve(NodeFactory(), minutes_ago(10), FAST)
    seen = {"v": store.version()}
    response = browser.get(reverse("readiness:overview"), seen, headers=LIVE)
    assert (response.status_code, response.content) == (204, b"")
    serve(NodeFactory(), minutes_ago(10), FAST)
    assert browser.get(reverse("readiness:overview"), seen, headers=LIVE).status_code == 200


def test_a_reader_gets_the_page_whatever_the_version(browser: Client) -> None:
    assert browser.get(reverse("readiness:overview"), {"v": store.version()}).status_code == 200


# --- Cost and language ---------------------------------------------------------------------------------------------


def test_a_large_company_costs_as_many_queries_as_a_small_one(browser: Client) -> None:
    def grow() -> None:
        team, node = TeamFactory(), NodeFactory()
        done = approved(team, backed=False)
        promise(team, done.started_by, scope="site", site=node.site)
        bind(team, node.site)
        serve(node, minutes_ago(2), FAST, minutes=1)

    grow()
    count_health(datetime.now(UTC))
    with_one = queries(browser, reverse("readiness:overview"))
    for _ in range(19):
        grow()
    count_health(datetime.now(UTC))
    assert queries(browser, reverse("readiness:overview")) == with_one


def test_it_is_written_in_french(browser: Client, team: Team, owner: User) -> None:
    approved(team, 3, INF2=2)
    promise(team, owner)
    response = browser.get("/fr/")
    text = words(response)
    assert '<html lang="fr">' in response.content.decode()
    for rule in load_bank("2026.1").rules:
        assert rule.title.fr in text
    assert "70,0 / 100" in text
    assert "≥\u00a099,5\u00a0%" in text


def test_the_sentence_is_written_in_french(browser: Client) -> None:
    response = browser.get("/fr/")
    with translation.override("fr"):
        assert f"<h1>{gettext('No rule assessed yet')}</h1>" in response.content.decode()


def test_other_methods_are_refused(browser: Client) -> None:
    assert browser.post(reverse("readiness:overview")).status_code == 405


def test_nobody_sees_nothing(client: Client) -> None:
    response = client.get(reverse("readiness:overview"))
    assert response["Location"].startswith(reverse("account_login"))
