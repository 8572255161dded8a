"""Many assessments of chance, written as rows: for tests of agreement between pages and files, and of cost."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from random import Random

from django.utils import timezone

from accounts.models import Role, User
from readiness.assessments.models import Answer, Assessment, Evidence, Snapshot, digest_of
from readiness.assessments.results import results_of
from readiness.bank import load_bank
from tests.factories import TeamFactory, UserFactory

# Half of what is asked is answered well: all levels from 0 to 4 come up for rules as well.
WAYS = ((0, 1, 2, 3, 4, None), (1, 2), (2, 3), (3, 4), (4,))


def random_assessments(
    *,
    teams: int,
    each: int,
    seed: int,
    versions: Sequence[str] = ("2026.1", "2026.2"),
    months_apart: int = 3,
    has_earlier_answers: bool = True,
) -> list[Assessment]:
    """`each` approved assessments of `teams` teams with their snapshots, the last of each taken now; rows in bulk.

    Without their answers the earlier ones are frozen as the last one of their team.
    """
    chance, now = Random(seed), datetime.now(UTC)
    by, reviewer = UserFactory(), UserFactory(role=Role.REVIEWER)
    assessments = Assessment.objects.bulk_create(
        Assessment(
            team=team,
            bank_version=chance.choice(versions),
            state=Assessment.State.APPROVED,
            started_by=by,
            approved_at=now - timedelta(days=30 * months_apart * back),
            reviewed_by=reviewer,
        )
        for team in [TeamFactory(name=f"Team {number:02}") for number in range(teams)]
        for back in reversed(range(each))
    )
    newest = {assessment.team_id: assessment for assessment in assessments}
    live = assessments if has_earlier_answers else list(newest.values())
    answers = Answer.objects.bulk_create(
        answer for assessment in live for answer in _answers(assessment, chance, by, reviewer, now)
    )
    Evidence.objects.bulk_create(
        piece for answer in answers if answer.level for piece in _evidence(answer, chance, by, reviewer)
    )
    scores = {result.assessment.pk: result.frozen() for result in results_of(live, now)}
    frozen = [(each, scores.get(each.pk) or scores[newest[each.team_id].pk]) for each in assessments]
    Snapshot.objects.bulk_create(
        Snapshot(assessment=assessment, taken_at=assessment.approved_at, scores=kept, digest=digest_of(kept))
        for assessment, kept in frozen
    )
    return assessments


def _answers(assessment: Assessment, chance: Random, by: User, reviewer: User, now: datetime) -> list[Answer]:
    way = chance.choice(WAYS)
    found = []
    for practice in load_bank(assessment.bank_version).practices:
        is_set_aside = not practice.gate and chance.random() < 0.1
        found.append(
            Answer(
                assessment=assessment,
                practice=practice.key,
                level=None if is_set_aside else chance.choice(way),
                is_not_applicable=is_set_aside,
                not_applicable_reason="No such nodes." if is_set_aside else "",
                not_applicable_until=timezone.localdate() + timedelta(days=60) if is_set_aside else None,
                not_applicable_approved_by=reviewer if is_set_aside else None,
                answered_by=by,
                answered_at=now,
            )
        )
    return found


def _evidence(answer: Answer, chance: Random, by: User, reviewer: User) -> list[Evidence]:
    if chance.random() < 0.2:
        return []
    is_reviewed = chance.random() < 0.8
    dated_on = timezone.localdate() - timedelta(days=chance.choice((10, 100, 400, 900)) if chance.random() < 0.3 else 5)
    return [
        Evidence(
            answer=answer,
            kind=Evidence.Kind.NOTE,
            title=f"Minutes of {answer.practice}",
            dated_on=dated_on,
            added_by=by,
            reviewed_by=reviewer if is_reviewed else None,
        )
    ]
