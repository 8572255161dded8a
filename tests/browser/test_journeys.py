"""Whole journeys through the product, as people make them."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from django.db import connection
from playwright.sync_api import expect

from accounts.models import Role, Team
from inference_kpis.discovery.models import DiscoverySource
from inference_kpis.fleet.models import Node
from inference_kpis.pull.models import PullState
from readiness.assessments.models import Answer, Assessment
from readiness.bank import load_bank
from tests.browser.conftest import Company, Visit, Visitor
from tests.factories import PASSWORD, SiteFactory, TeamFactory, UserFactory, member_of
from tests.inference_kpis.discovery.registry import refresh, serving

pytestmark = pytest.mark.browser
in_both_languages = pytest.mark.parametrize("language", ["en", "fr"])
DOWNLOAD = {"en": "Download plot as a PNG", "fr": "Télécharger en PNG"}


@in_both_languages
def test_from_the_door_to_a_rule(visit: Visit, company: Company, language: str) -> None:
    person = UserFactory(role=Role.EXECUTIVE)
    visitor = visit(language=language)
    page = visitor.open("rules/2/")
    page.locator("[name=login]").fill(person.email)
    page.locator("[name=password]").fill(PASSWORD)
    page.locator("[name=password]").press("Enter")
    expect(page).to_have_url(f"{visitor.home}/{language}/rules/2/")
    visitor.link("Overview").first.click()
    expect(page.locator(".rule-card")).to_have_count(4)
    title = load_bank().rules[3].title.in_language(language)
    page.get_by_role("link", name=title).click()
    expect(page.get_by_role("heading", level=1)).to_have_text(title)
    visitor.reads("The teams behind the figure")
    page.locator("[name=language]:visible").click()
    other = "fr" if language == "en" else "en"
    expect(page.get_by_role("heading", level=1)).to_have_text(load_bank().rules[3].title.in_language(other))


# --- Answering -------------------------------------------------------------------------------------------------------


@pytest.fixture
def team(live_server: object) -> Team:
    return TeamFactory(name="Vision")


def answer_gates(visitor: Visitor, assessment: Assessment) -> None:
    """Go on, from the first open gate practice to the last, choosing level 2."""
    gates = sum(len(rule.gates) for rule in load_bank(assessment.bank_version).rules)
    while assessment.answers.count() < gates:
        visitor.link("Go on where you stopped").click()
        if "/rules/" in visitor.page.url:
            visitor.link("To the first practice").click()
        visitor.page.locator("#id_level_2").check()
        visitor.button("Save and come back later").click()
        visitor.reads("Answer saved.")


@in_both_languages
def test_an_assessment_from_its_start_to_its_approval(visit: Visit, team: Team, language: str) -> None:
    visitor = visit(member_of(team), language)
    begin_by_keyboard(visitor)
    assessment = Assessment.objects.get()
    first = assessment.answers.get()
    assert (first.level, first.note) == (1, "Par écrit – in writing")
    page = visitor.open("assessments/")
    page.get_by_role("link", name=team.name).click()
    visitor.button("Submit for review").click()
    visitor.reads("Answer at least the gate practices of every rule before you submit.")
    answer_gates(visitor, assessment)
    visitor.button("Submit for review").click()
    visitor.reads("Submitted. A reviewer looks at it next.")
    reviewer = visit(UserFactory(role=Role.REVIEWER), language)
    reviewer.open(f"assessments/{assessment.pk}/")
    reviewer.link("Review it").click()
    reviewer.button("Approve").click()
    reviewer.reads("Approved. The overview counts it from now on.")
    reviewer.link("Overview").first.click()
    expect(reviewer.page.locator(".rule-card .level")).to_have_count(4)


def begin_by_keyboard(visitor: Visitor) -> None:
    """Start an assessment and answer its first practice, with one mistake on the way, without a mouse."""
    page, keys = visitor.open("assessments/"), visitor.page.keyboard
    visitor.tab_to(page.locator("#id_team"))
    keys.press("ArrowDown")
    visitor.tab_to(visitor.button("Start an assessment"))
    keys.press("Enter")
    visitor.tab_to(page.locator("button[value=gates]"))
    keys.press("Enter")
    visitor.tab_to(visitor.link("To the first practice"))
    keys.press("Enter")
    visitor.tab_to(visitor.button("Save and continue"))
    keys.press("Enter")
    expect(page.locator("[data-error-summary]")).to_be_focused()
    visitor.tab_to(page.locator("[data-error-summary] a"))
    keys.press("Enter")
    expect(page.locator("#id_level_0")).to_be_focused()
    keys.press("Space")
    keys.press("ArrowDown")
    visitor.tab_to(page.locator("#id_note"))
    keys.type("Par écrit – in writing")
    visitor.tab_to(visitor.button("Save and continue"))
    keys.press("Enter")
    visitor.reads("Answer saved.")
    expect(page.locator("#id_level_1")).not_to_be_checked()


@in_both_languages
def test_two_people_at_one_answer(visit: Visit, team: Team, language: str) -> None:
    one, other = member_of(team, name="Ada"), member_of(team, name="Grace")
    first, second = visit(one, language), visit(other, language, refusals=frozenset({409}))
    first.open("assessments/").locator("#id_team").select_option(str(team.pk))
    first.button("Start an assessment").click()
    expect(first.page.locator("button[value=gates]")).to_be_visible()
    assessment = Assessment.objects.get()
    for visitor in (first, second):
        visitor.open(f"assessments/{assessment.pk}/practices/UC1/")
    said = "Answer saved.", "Somebody else answered meanwhile"
    for visitor, level, note, answer in ((first, 3, "said Ada", said[0]), (second, 1, "said Grace", said[1])):
        visitor.page.locator(f"#id_level_{level}").check()
        visitor.page.locator("#id_note").fill(note)
        visitor.button("Save and come back later").click()
        visitor.reads(answer)
    expect(second.page.locator(".error-summary")).to_contain_text("said Ada")
    expect(second.page.locator("#id_note")).to_have_value("said Grace")
    expect(second.page.locator("#id_level_1")).to_be_checked()
    second.button("Keep mine").click()
    expect(second.page.locator("[data-save-state][data-state=good]")).to_be_visible()
    assert Answer.objects.values_list("level", "note").get() == (1, "said Grace")


def test_answering_without_javascript(visit: Visit, team: Team) -> None:
    visitor = visit(member_of(team), java_script_enabled=False)
    visitor.open("assessments/").locator("#id_team").select_option(label=team.name)
    visitor.button("Start an assessment").click()
    visitor.page.locator("button[value=gates]").click()
    visitor.link("To the first practice").click()
    visitor.page.locator("#id_level_2").check()
    visitor.button("Save and continue").click()
    visitor.reads("Answer saved.")
    assert Answer.objects.get().level == 2


# --- Nodes and KPIs --------------------------------------------------------------------------------------------------


def test_nodes_are_imported_without_javascript(visit: Visit, tmp_path: Path) -> None:
    SiteFactory(key="nantes")
    table = tmp_path / "nodes.csv"
    table.write_text("name;site;url;price_per_hour\nnantes-01;nantes;http://10.0.3.7:8000/metrics;2,5\n")
    visitor = visit(UserFactory(role=Role.OPERATOR), java_script_enabled=False)
    page = visitor.open("fleet/")
    visitor.link("Import nodes").click()
    page.locator("#id_table").set_input_files(table)
    visitor.button("Preview").click()
    assert not Node.objects.exists()
    visitor.button("Write these changes").click()
    visitor.link("nantes-01").click()
    assert Node.objects.get().price_per_hour == Decimal("2.5")


def read_the_list() -> None:
    refresh(DiscoverySource.objects.get(), datetime.now(UTC))
    connection.close()


def in_the_background(work: Callable[[], None]) -> None:
    """In a thread of its own, as in a worker: the browser's event loop runs in this one."""
    with ThreadPoolExecutor(1) as pool:
        pool.submit(work).result()


def test_a_list_is_previewed_and_followed_without_javascript(visit: Visit) -> None:
    visitor = visit(UserFactory(role=Role.OPERATOR), java_script_enabled=False)
    with serving() as registry:
        registry.lists_nodes(2)
        page = visitor.open("fleet/discovery/")
        visitor.link("Add a source").click()
        page.locator("#id_name").fill("Registry")
        page.locator("#id_url").fill(registry.url)
        page.locator("#id_may_create_sites").check()
        visitor.button("Save").click()
        in_the_background(read_the_list)
        visitor.link("Reload").click()
        expect(page.get_by_text("Add 2 · change 0")).to_be_visible()
        visitor.button("Switch on").click()
        in_the_background(read_the_list)
    visitor.open("fleet/")
    visitor.link("10.0.1.2:8000").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("10.0.1.2:8000")


@in_both_languages
def test_an_operator_registers_a_node(visit: Visit, live_server: object, language: str) -> None:
    site = SiteFactory(name="Nantes")
    visitor = visit(UserFactory(role=Role.OPERATOR), language)
    page = visitor.open("fleet/")
    visitor.link("Register a node").first.click()
    page.locator("#id_name").fill("nantes-01")
    page.locator("#id_site").select_option(str(site.pk))
    page.locator("#id_url").fill("http://10.0.3.7:8000/metrics")
    visitor.button("Save").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("nantes-01")
    visitor.link("Fleet").first.click()
    row = page.get_by_role("row").filter(has_text="nantes-01")
    expect(row.locator("[data-state=waiting]")).to_have_text(visitor.word("Waiting"))
    assert PullState.objects.get().node.name == "nantes-01"


@in_both_languages
def test_a_target_is_written_as_people_write_numbers(visit: Visit, team: Team, language: str) -> None:
    visitor = visit(member_of(team), language)
    page = visitor.open("success-metrics/new/")
    page.locator("#id_name").fill("p95")
    page.locator("#id_team").select_option(label=team.name)
    page.locator("#id_kpi").select_option("availability")
    page.locator("#id_target_value").fill("99,95" if language == "fr" else "99.95")
    page.locator("#id_target_on").fill("2027-06-30")
    visitor.button("Save").click()
    visitor.reads("Success metric saved.")
    expect(page.locator(".facts")).to_contain_text("99,95" if language == "fr" else "99.95")
    page.locator("a[href$='/edit/']").click()
    visitor.button("Save").click()
    visitor.reads("Success metric saved.")
    assert team.success_metrics.get().target_value == 99.95


@in_both_languages
def test_a_chart_is_explored(visit: Visit, company: Company, language: str) -> None:
    visitor = visit(company.person("claire"), language)
    page = visitor.open(f"fleet/nodes/{company.up[0].uuid}/")
    chart = page.locator("#request_rate")
    drawing, interactive = chart.locator(".chart-svg"), chart.locator(".chart-plotly .main-svg").first
    explore = chart.locator("[data-explore]")
    expect(drawing).to_be_visible()
    assert page.locator("script[src*=plotly]").count() == 0
    explore.click()
    expect(interactive).to_be_visible()
    expect(drawing).to_be_hidden()
    expect(chart.locator(f"[data-title='{DOWNLOAD[language]}']")).to_be_visible()
    assert "cloud" not in chart.locator(".modebar").inner_html().lower()
    explore.click()
    expect(drawing).to_be_visible()


def test_the_figures_of_a_kpi_in_all_their_forms(visit: Visit, company: Company) -> None:
    visitor = visit(company.person("claire"))
    page = visitor.open("kpis/request_rate/")
    page.locator("[data-explore]").click()
    expect(page.locator(".chart-plotly .main-svg").first).to_be_visible()
    visitor.page.get_by_text("Show the figures as a table").click()
    expect(page.locator("#trend table")).to_be_visible()
    with page.expect_download() as download:
        visitor.link("CSV").click()
    assert download.value.path().read_bytes().startswith(b"start_utc,site,request_rate,unit\r\n")
    with page.expect_download() as picture:
        page.locator(f"[data-title='{DOWNLOAD['en']}']").click()
    assert picture.value.path().read_bytes().startswith(b"\x89PNG")


def test_the_explorer_is_asked_by_form_and_kept_under_a_name(visit: Visit, company: Company) -> None:
    visitor = visit(company.person("claire"))
    page = visitor.open("kpis/explore/?window=15m")
    expect(page.locator(".chart-plotly .main-svg").first).to_be_visible()
    page.get_by_label(visitor.word("Lines"), exact=True).select_option("tier")
    visitor.button("Show").click()
    assert "split=tier" in page.url
    assert "window=15m" in page.url
    page.get_by_label(visitor.word("Name of this view")).fill("Tiers")
    visitor.button("Save this view").click()
    visitor.link("Tiers").click()
    assert "split=tier" in page.url


def test_a_wall_says_loudly_that_it_is_cut_off(visit: Visit, company: Company) -> None:
    visitor = visit(company.person("claire"), viewport={"width": 1920, "height": 1080})
    visitor.page.clock.install()
    page = visitor.open("wall/")
    assert page.evaluate("document.documentElement.scrollHeight") == 1080
    alarm = page.locator(".wall-alarm")
    expect(alarm).to_be_hidden()
    page.route("**/wall/**", lambda route: route.abort())
    for _ in range(4):
        with page.expect_event("requestfailed"):
            page.clock.fast_forward("02:30")
    expect(alarm).to_be_visible()
    assert page.evaluate("document.documentElement.scrollHeight") == 1080
    # What was done to the connection is no fault of the page.
    visitor.faults.clear()


def test_a_developer_reads_how_to_push(visit: Visit, live_server: object) -> None:
    visitor = visit(UserFactory(role=Role.OPERATOR))
    visitor.page.goto(f"{visitor.home}/api/docs")
    visitor.page.get_by_role("button", name="POST /api/v1/readings").first.click()
    expect(visitor.page.get_by_role("heading", name="Responses")).to_be_visible()


# --- Live ------------------------------------------------------------------------------------------------------------


def test_a_page_that_is_left_open_stays_true(visit: Visit, company: Company) -> None:
    visitor = visit(company.person("claire"))
    visitor.page.clock.install()
    page = visitor.open("kpis/request_rate/")
    before = page.locator(".figure").inner_text()
    page.locator("[data-explore]").click()
    expect(page.locator(".chart-plotly .main-svg").first).to_be_visible()
    link = page.get_by_role("link", name="by engine")
    link.focus()
    page.get_by_text("Show the figures as a table").first.evaluate("summary => summary.parentElement.open = true")
    company.serve(9000)
    company.roll_up()
    page.clock.fast_forward(7000)
    expect(page.locator(".figure")).not_to_have_text(before)
    expect(link).to_be_focused()
    expect(page.locator("#trend table")).to_be_visible()
    expect(page.locator(".chart-plotly .main-svg").first).to_be_visible()


def test_a_page_that_gets_nothing_new_says_so(visit: Visit, company: Company) -> None:
    visitor = visit(company.person("claire"))
    visitor.page.clock.install()
    page = visitor.open()
    notice = page.locator("#stale-notice")
    expect(notice).to_be_hidden()
    with page.expect_response(lambda response: "v=" in response.url) as answer:
        page.clock.fast_forward(7000)
    assert answer.value.status == 204
    page.clock.fast_forward(180_000)
    expect(notice).to_have_text("These figures are 3 min old. Nothing newer has come in.")
