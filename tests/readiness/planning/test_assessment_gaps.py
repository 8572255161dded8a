"""From a gap to a plan: why not, the cheapest way, what doing it would change, and planning it."""

import re

import pytest
from django.urls import reverse

from accounts.models import Team, User
from readiness.actions.models import Action
from readiness.assessments import answering, review
from readiness.assessments.models import Answer, Assessment
from readiness.assessments.replies import Reply
from readiness.assessments.results import result_of
from readiness.planning.gaps import gaps_of
from readiness.scoring import Proof
from tests.factories import signed_in
from tests.pages import queries, words
from tests.readiness.actions.plans import NOW, in_days, plan, whole

pytestmark = pytest.mark.django_db
LEVEL_BEHIND = {"UC3": 2, "UC4": 2, "UC5": 2}


@pytest.fixture
def behind(team: Team) -> Assessment:
    """Everything at 3 but three practices of the first rule, which hold it at 2; open to be answered again."""
    return whole(team, 3, state="open", **LEVEL_BEHIND)


def page_of(assessment: Assessment, number: int = 1, name: str = "assessment_gaps") -> str:
    return reverse(f"readiness:{name}", args=[assessment.pk, number])


def test_it_works(owner: User, behind: Assessment) -> None:
    text = words(signed_in(owner).get(page_of(behind)))
    assert "Why not level 3" in text
    assert "The cheapest way to level 3" in text
    cheapest = gaps_of(behind, result_of(behind, NOW).rules[0].rule, NOW)
    assert cheapest is not None
    for each in cheapest.on_cheapest_way:
        assert each.title in text
    assert cheapest.what_if.after.level == 3
    assert re.search(r"Level of the rule 2 3 ", text)


def test_a_higher_level_can_be_asked_for(owner: User, behind: Assessment) -> None:
    text = words(signed_in(owner).get(page_of(behind) + "?level=4"))
    assert "Why not level 4" in text


@pytest.mark.parametrize("level", ["9", "x", "1"])
def test_a_level_that_is_none_shows_the_next(owner: User, behind: Assessment, level: str) -> None:
    assert "Why not level 3" in words(signed_in(owner).get(page_of(behind), {"level": level}))


def test_proofs_are_free(team: Team, owner: User) -> None:
    assessment = whole(team, 3, state="open", proved=False)
    text = words(signed_in(owner).get(page_of(assessment)))
    assert "costs nothing: it proves what is there" in text
    assert "0 working days, 0 to 0" in text


def test_at_the_top_there_is_nothing_to_plan(team: Team, owner: User) -> None:
    assessment = whole(team, 4, state="open")
    assert "There is no level to open here" in words(signed_in(owner).get(page_of(assessment, 3)))


def test_what_is_ticked_stands_in_the_address(owner: User, behind: Assessment) -> None:
    browser = signed_in(owner)
    answer = browser.post(page_of(behind), {"level": "3", "ticked": "1", "tick": ["UC3.3", "UC4.3"]})
    assert answer.status_code == 302
    assert answer["Location"].endswith("?level=3&ticked=1&tick=UC3.3&tick=UC4.3")
    page = browser.get(answer["Location"]).content.decode()
    assert set(re.findall(r'value="([\w.]+)" checked', page)) == {"UC3.3", "UC4.3"}
    assert not Action.objects.exists()


def test_a_fragment_follows_each_tick(owner: User, behind: Assessment) -> None:
    answer = signed_in(owner).post(page_of(behind), {"level": "3", "ticked": "1"}, headers={"HX-Request": "true"})
    assert "Nothing is ticked" in words(answer)
    assert "Why not" not in words(answer)
    assert "HX-Request" in answer["Vary"]


def test_what_if_is_what_happens(team: Team, owner: User, reviewer: User, behind: Assessment) -> None:
    """The ticked steps are done for real: answered, proved, and scored by the result page's own door."""
    rule = result_of(behind, NOW).rules[0].rule
    found = gaps_of(behind, rule, NOW)
    assert found is not None
    for each in found.ticked:
        answer = Answer.objects.get(assessment=behind, practice=each.practice.key)
        if each.step.proof is None:
            reply = Reply(each.step.opens)
            answering.save_answer(
                assessment=behind, practice=answer.practice, reply=reply, seen_version=answer.version, by=owner, now=NOW
            )
        else:
            piece = answering.add_evidence(answer=answer, title="Proof", url="", dated_on=in_days(0), by=owner)
            if each.step.proof is Proof.REVIEW:
                review.review_evidence(evidence=piece, by=reviewer, now=NOW)
    done = result_of(behind, NOW)
    assert done.rules[0].score == found.what_if.after
    assert done.overall == found.what_if.overall_after


def test_the_cheapest_way_is_planned_once(team: Team, owner: User, colleague: User, behind: Assessment) -> None:
    url = page_of(behind, name="assessment_gaps_plan")
    asked = {"level": "3", "ticked": "1", "plan": "cheapest", "owner": colleague.pk, "due_on": str(in_days(30))}
    answer = signed_in(owner).post(url, asked, follow=True)
    planned = Action.objects.all()
    assert planned
    assert all((action.owner, action.due_on, action.team) == (colleague, in_days(30), team) for action in planned)
    assert f"{len(planned)} action" in words(answer)
    before = planned.count()
    assert "All of this is planned already." in words(signed_in(colleague).post(url, asked, follow=True))
    assert Action.objects.count() == before


def test_only_the_ticked_steps_are_planned(owner: User, behind: Assessment) -> None:
    url = page_of(behind, name="assessment_gaps_plan")
    signed_in(owner).post(url, {"level": "3", "ticked": "1", "tick": ["UC4.3", "nonsense"], "plan": "ticked"})
    assert [action.recommendation for action in Action.objects.all()] == ["UC4.3"]


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"due_on": str(in_days(-1))}, "Choose a date from today on."),
        ({"due_on": "soon"}, "Enter a valid date."),
        ({"owner": "0"}, "Select a valid choice."),
        ({"tick": []}, "Tick at least one step to plan it."),
    ],
)
def test_wrong_terms_change_nothing(owner: User, behind: Assessment, wrong: dict[str, object], said: str) -> None:
    asked = {"level": "3", "ticked": "1", "tick": ["UC4.3"], "plan": "ticked", **wrong}
    answer = signed_in(owner).post(page_of(behind, name="assessment_gaps_plan"), asked, follow=True)
    assert said in words(answer)
    assert not Action.objects.exists()


def test_what_is_planned_says_so(team: Team, owner: User, behind: Assessment) -> None:
    plan(team, owner, "UC3.3", due_in=20)
    assert "planned: To do" in words(signed_in(owner).get(page_of(behind)))


def test_a_level_on_condition_is_shown(team: Team, owner: User, behind: Assessment) -> None:
    plan(team, owner, "UC3.3", "UC4.3", "UC5.3", due_in=20)
    assert "conditional level 3 until" in words(signed_in(owner).get(page_of(behind)))


def test_who_does_not_answer_only_reads(reviewer: User, behind: Assessment) -> None:
    assert "Plan these steps" not in words(signed_in(reviewer).get(page_of(behind)))
    url = page_of(behind, name="assessment_gaps_plan")
    assert signed_in(reviewer).post(url, {"plan": "cheapest"}).status_code == 404
    assert not Action.objects.exists()


def test_strangers_see_nothing(stranger: User, behind: Assessment) -> None:
    assert signed_in(stranger).get(page_of(behind)).status_code == 404


def test_it_asks_few_queries(team: Team, owner: User, behind: Assessment) -> None:
    browser = signed_in(owner)
    before = queries(browser, page_of(behind))
    plan(team, owner, "UC3.3", "UC4.3", "UC5.3")
    assert queries(browser, page_of(behind)) == before <= 15
