"""A contradiction as it stands open."""

from datetime import UTC, datetime, timedelta

import pytest

from accounts.models import Team
from readiness.contradictions.models import Contradiction, ContradictionEvent
from tests.readiness.assessments.writing import approved
from tests.readiness.measurements import bind


@pytest.fixture
def contradiction(team: Team, first_bank: None) -> Contradiction:
    assessment = approved(team, 3)
    now = datetime.now(UTC)
    found = Contradiction.objects.create(
        binding=bind(team),
        team=team,
        assessment=assessment,
        practice="INF3",
        figure="e2e_latency_p95",
        declared=3,
        measured=2,
        windows=[
            {"start": (now - length).isoformat(), "end": now.isoformat(), "level": 2, "value": 975.0, "samples": 120}
            for length in (timedelta(minutes=5), timedelta(minutes=4))
        ],
        owner=assessment.started_by,
        due_on=(now + timedelta(days=14)).date(),
        opened_at=now,
    )
    ContradictionEvent.objects.create(contradiction=found, kind="opened", at=now)
    return found
