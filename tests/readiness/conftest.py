"""The same three people on every page of the declaring side, and the reviewer who comes after them."""

import pytest

from accounts.models import Role, Team, User
from readiness import bank
from readiness.assessments import answering, succession_views, upgrading
from readiness.assessments.models import Assessment
from tests.factories import TeamFactory, UserFactory, member_of
from tests.readiness.assessments.writing import start


@pytest.fixture
def first_bank(monkeypatch: pytest.MonkeyPatch) -> None:
    """New assessments use the first published version of the bank: small, and it never changes."""
    for module in (bank, answering, upgrading, succession_views):
        monkeypatch.setattr(module, "current_version", lambda directory=bank.CONTENT: bank.versions(directory)[0])


@pytest.fixture
def team() -> Team:
    return TeamFactory(name="Support")


@pytest.fixture
def owner(team: Team) -> User:
    """Starts what the team writes."""
    return member_of(team, name="Olive Owner")


@pytest.fixture
def colleague(team: Team) -> User:
    """On the same team."""
    return member_of(team, name="Colin Colleague")


@pytest.fixture
def stranger() -> User:
    """On another team: may see none of this one's answers."""
    return member_of(TeamFactory(name="Elsewhere"), name="Stan Stranger")


@pytest.fixture
def reviewer() -> User:
    return UserFactory(role=Role.REVIEWER, name="Rea Reviewer")


@pytest.fixture
def assessment(team: Team, owner: User) -> Assessment:
    """Open, and nothing answered yet."""
    return start(team, owner)
