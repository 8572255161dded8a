"""The question bank over the API."""

import pytest

from accounts.models import User
from readiness.bank import load_bank, versions
from tests.readiness.api.asking import Script

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("version", versions())
def test_it_works(owner: User, version: str) -> None:
    body, bank = Script(owner).get(f"bank/{version}").json(), load_bank(version)
    told = [practice for rule in body["rules"] for practice in rule["practices"]]
    assert [each["key"] for each in told] == [each.key for each in bank.practices]
    for each, practice in zip(told, bank.practices, strict=True):
        assert each["question"] == {"en": practice.question.en, "fr": practice.question.fr}
        assert [level["fr"] for level in each["levels"]] == [level.fr for level in practice.levels]
        assert len(each["actions"]) == len(practice.actions)


def test_versions_are_listed(owner: User) -> None:
    listed = Script(owner).get("bank").json()["versions"]
    assert [each["version"] for each in listed] == versions()
    assert [each["is_current"] for each in listed].count(True) == 1


@pytest.mark.parametrize("version", ["2020.1", "..", "x"])
def test_there_is_no_such_version(owner: User, version: str) -> None:
    assert Script(owner).get(f"bank/{version}").status_code == 404


def test_who_holds_it_already_gets_nothing_new(owner: User) -> None:
    script = Script(owner)
    tag = script.get("bank/2026.1")["ETag"]
    again = script.client.get("/api/v1/bank/2026.1", headers={**script.headers, "If-None-Match": tag})
    assert again.status_code == 304
