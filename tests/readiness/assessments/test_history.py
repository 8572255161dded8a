"""Every change of an answer is kept, in the transaction that makes it, for good."""

import pytest
from django.db import IntegrityError, connection, transaction

from accounts.models import User
from readiness.assessments import answering
from readiness.assessments.answering import StaleAnswer
from readiness.assessments.models import Answer, AnswerChange, Assessment
from readiness.assessments.replies import NOTHING, Reply
from tests.readiness.assessments.writing import NOW, answer, set_aside

pytestmark = pytest.mark.django_db


def test_it_works(assessment: Assessment, owner: User, colleague: User) -> None:
    first = set_aside(assessment, "UC3", owner)
    answer(assessment, "UC3", 2, colleague)
    latest, earliest = AnswerChange.objects.all()
    assert (earliest.before, earliest.after, earliest.version) == (NOTHING, first.reply, 1)
    assert (latest.before, latest.after, latest.version) == (first.reply, Reply(2), 2)
    assert (latest.changed_by, latest.changed_at, latest.practice) == (colleague, NOW, "UC3")


def test_what_changes_nothing_is_no_change(assessment: Assessment, owner: User, colleague: User) -> None:
    answer(assessment, "UC1", 2, owner)
    answer(assessment, "UC1", 2, colleague)
    assert AnswerChange.objects.count() == 1


def test_what_is_refused_is_no_change(assessment: Assessment, owner: User, colleague: User) -> None:
    answer(assessment, "UC1", 2, owner)
    with pytest.raises(StaleAnswer):
        answering.save_answer(
            assessment=assessment, practice="UC1", reply=Reply(3), seen_version=0, by=colleague, now=NOW
        )
    assert AnswerChange.objects.count() == 1


def test_a_change_that_cannot_be_kept_is_not_made(
    assessment: Assessment, owner: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(self: AnswerChange) -> None:
        raise IntegrityError

    monkeypatch.setattr(AnswerChange, "save", fail)
    with pytest.raises(IntegrityError):
        answer(assessment, "UC1", 2, owner)
    assert not Answer.objects.exists()


def test_the_database_refuses_to_change_it(assessment: Assessment, owner: User) -> None:
    answer(assessment, "UC1", 2, owner)
    with pytest.raises(IntegrityError, match="only added to"), transaction.atomic():
        AnswerChange.objects.update(to_level=4)
    assert AnswerChange.objects.get().to_level == 2


def test_the_database_refuses_to_remove_it(assessment: Assessment, owner: User) -> None:
    answer(assessment, "UC1", 2, owner)
    with pytest.raises(IntegrityError, match="only added to"):
        forget_all()
    assert AnswerChange.objects.exists()


def test_it_goes_with_its_assessment_only(assessment: Assessment, owner: User) -> None:
    answer(assessment, "UC1", 2, owner)
    assessment.delete()
    check_constraints()
    assert not AnswerChange.objects.exists()


@transaction.atomic
def forget_all() -> None:
    AnswerChange.objects.all().delete()
    check_constraints()


def check_constraints() -> None:
    """What the end of the transaction does."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")
