"""Answers save themselves: beside somebody else, while the server is away, after a sign-out, and with keys alone."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Locator, expect

from accounts.models import Team, User
from readiness.assessments.models import Answer, AnsweringPreference, Assessment
from readiness.bank import load_bank
from tests.browser.conftest import Visit, Visitor
from tests.factories import TeamFactory, member_of, signed_in
from tests.readiness.assessments.writing import answer, start

pytestmark = pytest.mark.browser
in_both_languages = pytest.mark.parametrize("language", ["en", "fr"])
# Each way to answer: the path of its page, and how the fields of UC1 begin there.
on_both_pages = pytest.mark.parametrize(
    ("path", "prefix"), [("practices/UC1/", ""), ("rules/1/practices/", "UC1-")], ids=["practice", "rule"]
)
WARNS = "() => !dispatchEvent(new Event('beforeunload', {cancelable: true}))"


@pytest.fixture
def team(live_server: object) -> Team:
    return TeamFactory(name="Vision")


@pytest.fixture
def owner(team: Team) -> User:
    return member_of(team, name="Ada")


@pytest.fixture
def assessment(team: Team, owner: User) -> Assessment:
    return start(team, owner)


def state(visitor: Visitor) -> Locator:
    """What the page says became of UC1."""
    return visitor.page.locator("[data-autosave*='/UC1/'] [data-save-state]")


def is_saved(visitor: Visitor) -> None:
    expect(state(visitor)).to_have_attribute("data-state", "good")


@on_both_pages
@pytest.mark.parametrize(
    ("choice", "standing"),
    [("mine", (1, "said Grace")), ("theirs", (3, "said Ada")), ("merged", (1, "said Ada\n\nsaid Grace"))],
)
def test_two_people_at_one_answer(
    visit: Visit, assessment: Assessment, owner: User, path: str, prefix: str, choice: str, standing: tuple[int, str]
) -> None:
    first, second = visit(owner), visit(member_of(assessment.team, name="Grace"), refusals=frozenset({409}))
    for visitor in (first, second):
        visitor.open(f"assessments/{assessment.pk}/{path}")
    for visitor, level, note in ((first, 3, "said Ada"), (second, 1, "said Grace")):
        visitor.page.locator(f"#id_{prefix}level_{level}").check()
        visitor.page.locator(f"#id_{prefix}note").fill(note)
        expect(state(visitor)).to_have_attribute("data-state", "good" if visitor is first else "bad")
    comparison = second.page.locator("[data-comparison]")
    expect(comparison).to_contain_text("said Ada")
    expect(comparison).to_contain_text("said Grace")
    assert Answer.objects.values_list("level", "note").get() == (3, "said Ada")
    comparison.locator(f"button[value={choice}]").click()
    is_saved(second)
    expect(comparison).to_have_count(0)
    expect(second.page.locator(f"#id_{prefix}note")).to_have_value(standing[1])
    assert Answer.objects.values_list("level", "note").get() == standing


@on_both_pages
def test_a_comparison_is_accessible(visit: Visit, assessment: Assessment, owner: User, path: str, prefix: str) -> None:
    # The checker brings styles of its own, which the policy would refuse.
    visitor = visit(owner, refusals=frozenset({409}), bypass_csp=True, reduced_motion="reduce")
    page = visitor.open(f"assessments/{assessment.pk}/{path}")
    answer(assessment, "UC1", 3, member_of(assessment.team))
    page.locator(f"#id_{prefix}level_1").check()
    expect(page.locator("[data-comparison]")).to_be_visible()
    page.set_viewport_size({"width": 320, "height": 640})
    assert page.evaluate("document.scrollingElement.scrollWidth") == 320
    assert Axe().run(page).response["violations"] == []


@on_both_pages
def test_two_people_at_one_answer_without_javascript(
    visit: Visit, assessment: Assessment, owner: User, path: str, prefix: str
) -> None:
    visitor = visit(member_of(assessment.team), refusals=frozenset({409}), java_script_enabled=False)
    page = visitor.open(f"assessments/{assessment.pk}/{path}")
    answer(assessment, "UC1", 3, owner)
    page.locator(f"#id_{prefix}level_1").check()
    page.locator(f"#id_{prefix}note").fill("said Grace")
    page.locator(f"form:has(#id_{prefix}level_1) .form-actions button").last.click()
    expect(page.locator("[data-comparison]")).to_contain_text("said Grace")
    page.locator("[data-comparison] button[value=merged]").click()
    expect(page.locator(f"#id_{prefix}level_1")).to_be_checked()
    assert Answer.objects.get().level == 3
    page.locator(f"form:has(#id_{prefix}level_1) .form-actions button").last.click()
    expect(page.locator(".message.success")).to_be_visible()
    assert Answer.objects.values_list("level", "note").get() == (1, "said Grace")


@in_both_languages
def test_a_server_that_is_away_loses_nothing(visit: Visit, assessment: Assessment, owner: User, language: str) -> None:
    visitor = visit(owner, language, refusals=frozenset({503}))
    page = visitor.open(f"assessments/{assessment.pk}/practices/UC1/")
    page.route("**/save/", lambda route: route.fulfill(status=503))
    page.locator("#id_level_2").check()
    page.locator("#id_note").fill("Par écrit – in writing")
    expect(state(visitor)).to_have_text(visitor.word("Not saved, retrying… What you wrote stays here."))
    visitor.button("Save and continue").click()
    expect(page.locator("#id_note")).to_have_value("Par écrit – in writing")
    assert page.evaluate(WARNS)
    assert not Answer.objects.exists()
    page.unroute("**/save/")
    is_saved(visitor)
    assert not page.evaluate(WARNS)
    assert Answer.objects.values_list("level", "note").get() == (2, "Par écrit – in writing")


def test_who_was_signed_out_signs_in_elsewhere(visit: Visit, assessment: Assessment, owner: User) -> None:
    visitor = visit(owner)
    page = visitor.open(f"assessments/{assessment.pk}/practices/UC1/")
    visitor.context.clear_cookies()
    visitor.refusals = frozenset({403})
    page.locator("#id_level_2").check()
    expect(state(visitor)).to_contain_text("you are signed out")
    cookie = signed_in(owner).cookies["sessionid"]
    visitor.context.add_cookies([{"name": cookie.key, "value": cookie.value, "url": visitor.home}])
    is_saved(visitor)
    assert Answer.objects.get().level == 2


def test_what_is_set_aside_is_saved_once_it_is_complete(visit: Visit, assessment: Assessment, owner: User) -> None:
    visitor = visit(owner, refusals=frozenset({422}))
    page = visitor.open(f"assessments/{assessment.pk}/rules/1/practices/")
    here = page.locator("[data-autosave*='/UC3/']")
    here.get_by_label("This does not apply to us").check()
    expect(here.locator("[data-save-state]")).to_contain_text("Say why this practice does not apply to you.")
    here.locator("#id_UC3-not_applicable_reason").fill("No such data.")
    here.locator("#id_UC3-not_applicable_until").fill("2099-01-01")
    expect(here.locator("[data-save-state]")).to_have_attribute("data-state", "good")
    assert Answer.objects.get().not_applicable_reason == "No such data."


@in_both_languages
def test_a_whole_rule_with_keys_alone(visit: Visit, assessment: Assessment, owner: User, language: str) -> None:
    visitor = visit(owner, language)
    page, keys = visitor.open(f"assessments/{assessment.pk}/practices/UC1/"), visitor.page.keyboard
    visitor.tab_to(page.locator("button[name=layout]"))
    keys.press("Enter")
    expect(page).to_have_url(f"{visitor.home}/{language}/assessments/{assessment.pk}/rules/1/practices/#UC1")
    assert AnsweringPreference.objects.get().layout == "rule"
    page.reload()
    visitor.tab_to(visitor.link("Skip to the question"))
    keys.press("Enter")
    keys.press("Tab")
    expect(page.locator("#id_UC1-level_0")).to_be_focused()
    keys.press("Space")
    keys.press("ArrowDown")
    keys.press("2")  # a digit is no shortcut
    is_saved(visitor)
    expect(page.locator("#id_UC1-level_1")).to_be_checked()
    keys.press("Enter")
    title = load_bank(assessment.bank_version).rules[1].title.in_language(language)
    expect(page.get_by_role("heading", level=1)).to_have_text(title)
    assert Answer.objects.get().level == 1


def test_a_version_comes_back_with_its_button(visit: Visit, assessment: Assessment, owner: User) -> None:
    for level in (1, 4):
        answer(assessment, "UC1", level, owner)
    visitor = visit(owner)
    page = visitor.open(f"assessments/{assessment.pk}/practices/UC1/")
    page.locator("#id_note").fill("Not so sure.")
    is_saved(visitor)
    page.locator("#history summary").click()
    visitor.button("Back to version 1").click()
    visitor.reads("Version 1 is the answer again.")
    expect(page.locator("#id_level_1")).to_be_checked()
